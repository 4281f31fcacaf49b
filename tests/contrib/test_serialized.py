"""References in rows that Django's serializers have written, and in columns beside a content type."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contentgit.content import embedded
from contentgit.content.layout import decode_part, encode_part
from contentgit.content.records import RecordKey
from contentgit.contrib.auditlog import Changes
from contentgit.contrib.auditlog import specs as auditlog_specs
from contentgit.contrib.content_types import ObjectId
from contentgit.contrib.reversion import specs as reversion_specs
from contentgit.contrib.serialized import Serialized
from contentgit.references import Json, JsonText
from contentgit.specs import parse_specs

KINDS = {31: "bakery,product", 32: "gone,model"}


class Marks:
    """Every primary key is that of a row; content types have the names that they have."""

    def text(self, model: str, pk: str) -> str:
        return pk if "$" in pk else embedded.text_mark(RecordKey(model, encode_part(pk)))

    def number(self, model: str, pk: int) -> int | str:
        kind = KINDS.get(pk, f"?{pk}") if model == "contenttypes.contenttype" else str(pk)
        return embedded.number_mark(RecordKey(model, kind))


def pk(key: RecordKey) -> str:
    kinds = {name: str(number) for number, name in KINDS.items()}
    return kinds.get(key.key) or decode_part(key.key)


def number(model: str, pk: object) -> str:
    return embedded.number_mark(RecordKey(model, str(pk)))


COPIES = Serialized(
    {
        "bakery.note": {"text": {"a[data-id]": "bakery.product"}},
        "workshop.trail": {"tag": "bakery.tag", "text": "bakery.tag"},
        "workshop.card": {"data": {"*.card": "workshop.card"}},
    }
)
LINK = '<a data-id="6">"6"</a>'
NAMED = '<a data-id="$ref(bakery.product:6)">"6"</a>'
KIND, PRODUCT = number("contenttypes.contenttype", "bakery,product"), number("bakery.product", 6)
ROWS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "bakery.note",
        {"content_type": 31, "object_id": 6, "text": LINK},
        {"content_type": KIND, "object_id": PRODUCT, "text": NAMED},
    ),
    (
        "bakery.note",
        {"content_type": 32, "object_id": 6, "text": "6"},
        {
            "content_type": number("contenttypes.contenttype", "gone,model"),
            "object_id": 6,
            "text": "6",
        },
    ),
    (
        "workshop.trail",
        {"tag": 6, "text": "6", "about": 6},
        {
            "tag": number("bakery.tag", 6),
            "text": "$ref(bakery.tag:6)",
            "about": number("bakery.category", 6),
        },
    ),
    (
        "workshop.card",
        {"title": "6", "on": 6, "data": [{"card": 6, "number": 6}], "gone": 6},
        {
            "title": "6",
            "on": number("workshop.card", 6),
            "data": [{"card": number("workshop.card", 6), "number": 6}],
            "gone": 6,
        },
    ),
    (
        "workshop.term",
        {"above": None, "kin": [6, "6", ["natural"]]},
        {
            "above": None,
            "kin": [number("workshop.term", 6), "$ref(workshop.term:6)", ["natural"]],
        },
    ),
    ("workshop.term", {"above": ["natural", 6], "kin": 6}, {"above": ["natural", 6]}),
    ("workshop.jar", {"label": "6"}, {"label": "6"}),  # holds a code, and no primary key
]


@pytest.mark.parametrize(("label", "fields", "expected"), ROWS)
def test_a_row_that_was_serialized(
    label: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    """As JSON and in a text, alone and in a list, with every other byte kept."""
    row = {"model": label, "pk": 6, "fields": fields}
    named = {"model": label, "pk": number(label, 6), "fields": fields | expected}
    if fields.get("kin") == 6:
        named["fields"] = fields | {"kin": number(label, 6)}
    for value, wanted in ((row, named), ([row, row], [named, named])):
        assert COPIES.named(value, Marks()) == wanted
        for indent in (None, 1):
            text = json.dumps(value, indent=indent)
            found = COPIES.named(text, Marks())
            assert json.loads(found) == wanted
            assert embedded.filled(found, pk) == text


@pytest.mark.parametrize(
    "value",
    [
        *(None, 6, "6", "<xml/>", "[", [], [6], {}, {"model": 6, "pk": 6}),
        *({"model": each, "pk": 6, "fields": {"on": 6}} for each in ("gone.model", "card", "")),
        {"model": "workshop.card", "fields": [6]},
    ],
)
def test_what_is_no_row_is_left_alone(value: Any) -> None:
    assert COPIES.named(value, Marks()) == value
    assert COPIES.named(json.dumps(value), Marks()) == json.dumps(value)


@pytest.mark.parametrize(
    ("value", "content_type", "expected"),
    [
        (6, 31, PRODUCT),
        ("6", 31, "$ref(bakery.product:6)"),
        (6, 32, 6),
        (6, 33, 6),
        (6, None, 6),
    ],
)
def test_a_primary_key_beside_its_content_type(
    value: Any, content_type: Any, expected: Any
) -> None:
    assert ObjectId().beside == ("content_type",)
    assert ObjectId("kind").beside == ("kind",)
    assert ObjectId().named(value, Marks(), content_type) == expected


def test_what_changed_in_a_row() -> None:
    before = {"category": ["6", "None"], "name": ["6", "7"], "category_id": "6"}
    after = {**before, "category": ["$ref(bakery.category:6)", "$ref(bakery.category:%4eone)"]}
    assert Changes().named(before, Marks(), 31) == after
    assert Changes().named(before, Marks(), 32) == before
    assert Changes().named(before, Marks()) == before


def test_specs() -> None:
    content: list[dict[str, Any]] = [
        {"model": "Bakery.Note", "references": {"text": {"a[data-id]": "bakery.product"}}},
        {"model": "bakery.product"},
    ]
    for made, last in ((reversion_specs, False), (auditlog_specs, True)):
        found, mistakes = parse_specs([*content, *made(content, {"delete_missing": True})], "here")
        assert mistakes == []
        own = [spec for _, spec in found[2:]]
        assert {spec.identity for spec in own} == {"uuid"}
        assert {spec.write_last for spec in own} == {last}
        copies = next(each for each in own[-1].references.values() if isinstance(each, Serialized))
        row = {"model": "bakery.note", "fields": {"text": LINK}}
        assert copies.named(row, Marks()) == {**row, "fields": {"text": NAMED}}


def test_that_rows_are_told_by_both_kinds_of_json() -> None:
    """The classes that a spec has beside this one take it for places of their own."""
    row = {"model": "workshop.card", "pk": 6, "fields": {}}
    named = {**row, "pk": number("workshop.card", 6)}
    assert Json({"*": Serialized()}).named([row], Marks()) == [named]
    text = JsonText({"a": Serialized()}).named(json.dumps({"a": json.dumps(row)}), Marks())
    assert json.loads(json.loads(text)["a"]) == named
