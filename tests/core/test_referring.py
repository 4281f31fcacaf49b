"""What values of fields refer to, and the same values with other keys there."""

from __future__ import annotations

from typing import Any

import pytest

from contentgit.content.evolution import Migration, NamedByUuid, RenamedModel
from contentgit.content.lenses import Lens
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import redirected, targets
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.content.uuids import uuid_of
from contentgit.plan.order import model_groups

PAGE = "cms.page"
LINK = FieldSchema("link", FieldKind.REFERENCE, target=PAGE)
ANY = FieldSchema("any", FieldKind.GENERIC)
LIST = FieldSchema("list", FieldKind.REFERENCES, target=PAGE)
ORDERED = FieldSchema("ordered", FieldKind.REFERENCES, target=PAGE, ordered=True)
TEXT = FieldSchema("text", FieldKind.TEXT, embeds=True)
DATA = FieldSchema("data", FieldKind.JSON, embeds=True)
PLAIN = FieldSchema("plain", FieldKind.TEXT)


@pytest.mark.parametrize(
    ("value", "field", "found", "other"),
    [
        ("cms.page:1", LINK, [1], "cms.page:9"),
        (None, LINK, [], None),
        ("cms.page:1", ANY, [1], "cms.page:9"),
        ({"content_type": "a", "object_id": 1}, ANY, [], {"content_type": "a", "object_id": 1}),
        (["cms.page:1", "cms.page:2"], LIST, [1, 2], ["cms.page:2", "cms.page:9"]),
        (["cms.page:1", "cms.page:2"], ORDERED, [1, 2], ["cms.page:9", "cms.page:2"]),
        (["cms.page:1", 5], LIST, [1], ["cms.page:9", 5]),
        ("a $ref(cms.page:1) b", TEXT, [1], "a $ref(cms.page:9) b"),
        ("a $ref(cms.page:?1) b", TEXT, [], "a $ref(cms.page:?1) b"),
        ("a $$ref(cms.page:1) b", TEXT, [], "a $$ref(cms.page:1) b"),
        ({"a": ["$num(cms.page:1)"]}, DATA, [1], {"a": ["$num(cms.page:9)"]}),
        ("a $ref(cms.page:1) b", PLAIN, [], "a $ref(cms.page:1) b"),
    ],
)
def test_each_kind_of_reference(
    value: Any, field: FieldSchema, found: list[int], other: Any
) -> None:
    one, nine = RecordKey(PAGE, "1"), RecordKey(PAGE, "9")
    assert [*targets(value, field)] == [RecordKey(PAGE, str(number)) for number in found]
    assert redirected(value, field, lambda key: nine if key == one else key) == other


@pytest.mark.parametrize("step", [NamedByUuid(PAGE), RenamedModel(PAGE, "cms.article")])
def test_references_inside_follow_their_model_through_migrations(step: Any) -> None:
    model = ModelSchema(PAGE, KeyKind.INTEGER, Layout.INTEGER, (DATA, PLAIN, TEXT))
    lens = Lens({PAGE: model}, [Migration("cms.0002", (), (step,))])
    label = PAGE if isinstance(step, NamedByUuid) else "cms.article"
    new = RecordKey(label, uuid_of("1") if isinstance(step, NamedByUuid) else "1")
    assert lens.changes(PAGE)
    values = {
        "data": ["$num(cms.page:1)", f"$num({PAGE}:?5)"],
        "plain": "$ref(cms.page:1)",
        "text": "$ref(cms.page:1)",
    }
    read = lens.read(Record(RecordKey(PAGE, "1"), values)).record
    assert read is not None
    assert read.key == new
    assert read.fields == {
        "data": [f"$num({new})", f"$num({label}:?5)"],  # no row: nothing that could get a name
        "plain": "$ref(cms.page:1)",
        "text": f"$ref({new})",
    }


def test_what_refers_inside_is_made_after_what_has_a_key_of_its_own() -> None:
    """In the order of their labels, an article would be written twice: its page has no number yet."""
    article = ModelSchema("blog.article", KeyKind.TEXT, Layout.FLAT, (TEXT,), identity=("$uuid",))
    page = ModelSchema(PAGE, KeyKind.TEXT, Layout.FLAT, (PLAIN,), identity=("$uuid",))
    groups = model_groups({"blog.article": article, PAGE: page})
    assert groups.index((PAGE,)) < groups.index(("blog.article",))
