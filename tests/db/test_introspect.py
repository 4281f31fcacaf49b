"""Models as schema and tables."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.db import connections, models
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from contentgit.content.conditions import Comparison, How
from contentgit.content.description import parse_schema, schema_document
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    Function,
    KeyKind,
    Layout,
    ModelSchema,
    OnDelete,
    UniquePart,
    UniqueSet,
)
from contentgit.db.identity import Identities
from contentgit.db.introspect import missing_tables, schema, table
from contentgit.db.introspect.binding import bound_field
from contentgit.db.introspect.declared import contributed
from contentgit.db.tables import Table
from contentgit.errors import RecordError
from contentgit.specs import ModelSpec
from tests.fieldzoo.models import (
    Article,
    Child,
    Club,
    CodedProxy,
    CompositeKey,
    Custom,
    Draft,
    Everything,
    GrandChild,
    LongArticle,
    Moments,
    NumberTag,
    Order,
    Parent,
    Placed,
    Pointing,
    Section,
    SharedKey,
    SharedTwice,
    Tagged,
    TextKey,
    TextTag,
    Unmanaged,
    UuidKey,
)
from tests.fieldzoo.reading import dataset, reader, spec
from tests.zoo.models import Banner, Chapter, Generated, Pair, Parcel, Slot

ALONE = Apps()
"""Models of tests that are no models of the project."""


def bound(model: type[Model], **options: Any) -> Table:
    found = reader(spec(model, **options)).tables
    return found[model._meta.label_lower]


def kinds(found: Table) -> dict[str, FieldKind]:
    return {each.name: each.kind for each in found.schema.fields}


def test_a_model_as_values(db: str) -> None:
    assert bound(Article).schema == ModelSchema(
        label="fieldzoo.article",
        key_kind=KeyKind.INTEGER,
        layout=Layout.INTEGER,
        fields=(
            FieldSchema("number", FieldKind.INTEGER, null=True),
            FieldSchema(
                "section",
                FieldKind.REFERENCE,
                target="fieldzoo.section",
                on_delete=OnDelete.CASCADE,
            ),
            FieldSchema("sections", FieldKind.REFERENCES, target="fieldzoo.section"),
            FieldSchema("slug", FieldKind.TEXT),
        ),
        unique=(
            UniqueSet(
                "fieldzoo_article_lower",
                ("slug",),
                plain=False,
                parts=(UniquePart("slug", ((Function.LOWER, None),)),),
            ),
            UniqueSet(
                "fieldzoo_article_some",
                ("number",),
                plain=False,
                parts=(UniquePart("number"),),
                condition=Comparison("slug", How.EXACT, "a"),
            ),
            UniqueSet("fieldzoo_article_unique", ("section", "slug")),
        ),
        verbose_name="article",
    )


def test_binding_makes_no_query(db: str) -> None:
    every = list(apps.get_app_config("fieldzoo").get_models())
    with CaptureQueriesContext(connections[db]) as made:
        found = reader(*every).tables
    assert not made.captured_queries
    assert "fieldzoo.codedproxy" not in found
    assert "fieldzoo.unmanaged" not in found
    assert list(found)[:2] == ["fieldzoo.everything", "fieldzoo.custom"]


def test_kinds(db: str) -> None:
    assert kinds(bound(Everything)) == {
        **dict.fromkeys(["big", "integer", "positive", "positive_big"], FieldKind.INTEGER),
        **dict.fromkeys(["positive_small", "small"], FieldKind.INTEGER),
        **dict.fromkeys(["char", "email", "file_path", "ip", "slug"], FieldKind.TEXT),
        **dict.fromkeys(["text", "url"], FieldKind.TEXT),
        "binary": FieldKind.BINARY,
        "boolean": FieldKind.BOOLEAN,
        "date": FieldKind.DATE,
        "datetime": FieldKind.DATETIME,
        "decimal": FieldKind.DECIMAL,
        "duration": FieldKind.DURATION,
        "file": FieldKind.FILE,
        "float": FieldKind.FLOAT,
        "json": FieldKind.JSON,
        "time": FieldKind.TIME,
        "uuid": FieldKind.UUID,
    }


def test_custom_fields_as_what_they_are_built_on(db: str) -> None:
    assert kinds(bound(Custom)) == {
        "money": FieldKind.INTEGER,
        "raw": FieldKind.COLUMN,
        "raw_bytes": FieldKind.COLUMN,
        "upper": FieldKind.TEXT,
        "words": FieldKind.TEXT,
    }


@pytest.mark.parametrize(
    ("model", "kind", "layout", "columns"),
    [
        (Everything, KeyKind.INTEGER, Layout.INTEGER, ["id"]),
        (TextKey, KeyKind.TEXT, Layout.HASHED, ["code"]),
        (UuidKey, KeyKind.TEXT, Layout.HASHED, ["id"]),
        (SharedTwice, KeyKind.TEXT, Layout.HASHED, ["shared_id"]),
        (CompositeKey, KeyKind.COMPOSITE, Layout.HASHED, ["text_key_id", "number"]),
        (GrandChild, KeyKind.INTEGER, Layout.INTEGER, ["child_ptr_id"]),
    ],
)
def test_keys(
    db: str, model: type[Model], kind: KeyKind, layout: Layout, columns: list[str]
) -> None:
    found = bound(model)
    assert (found.schema.key_kind, found.schema.layout) == (kind, layout)
    assert [each.name for each in found.key_columns] == columns
    assert not found.schema.local_key


ID = "0c9a7a52-6d2f-4f6c-9d3c-0123456789ab"


def test_key_text_and_back(db: str) -> None:
    found = bound(CompositeKey)
    assert found.encode_key("a,b", 7) == "a%2cb,7"
    assert found.decode_key("a%2cb,7") == ("a,b", 7)


@pytest.mark.parametrize(
    "model", [Everything, TextKey, UuidKey, SharedTwice, CompositeKey, GrandChild]
)
def test_keys_are_decoded_together_as_alone(db: str, model: type[Model]) -> None:
    found = bound(model)
    for texts in (
        ["1", "42", "-1"],
        ["a,7"],
        ["1", "042"],
        ["9" * 30],
        ["x"],
        [str(ID)],
        ["", "%"],
        [],
    ):
        try:
            wanted: object = [found.decode_key(text) for text in texts]
        except RecordError as error:
            wanted = error.message
        try:
            there: object = found.decode_keys(texts)
        except RecordError as error:
            there = error.message
        assert there == wanted, texts


def test_layout_of_local_keys(db: str) -> None:
    assert bound(Section, identity="natural").schema.layout is Layout.FLAT
    assert bound(Section, identity="natural", hashed=True).schema.layout is Layout.HASHED
    assert bound(Section, identity="natural").schema.identity == ("slug",)


def test_multi_table_children_have_only_their_own_columns(db: str) -> None:
    assert kinds(bound(Child)) == {"text": FieldKind.TEXT}
    assert bound(Child).schema.parents == ("fieldzoo.parent",)
    assert kinds(bound(Parent)) == {"title": FieldKind.TEXT, "links": FieldKind.REFERENCES}
    found = bound(GrandChild)
    assert kinds(found) == {"note": FieldKind.TEXT, "otherparent_ptr": FieldKind.REFERENCE}
    assert found.schema.parents == ("fieldzoo.child", "fieldzoo.otherparent")
    assert found.schema.by_name["otherparent_ptr"].target == "fieldzoo.otherparent"
    assert bound(SharedKey).schema.parents == ("fieldzoo.uuidkey",)


def test_a_child_with_an_identity_of_its_own_refers_to_its_parent(db: str) -> None:
    found = bound(LongArticle, identity=("text",))
    assert kinds(found) == {"article_ptr": FieldKind.REFERENCE, "text": FieldKind.TEXT}
    assert found.schema.identity == ("text",)


def test_references(db: str) -> None:
    found = {each.name: (each.target, each.on_delete) for each in bound(Pointing).schema.fields}
    assert found == {
        "child": ("fieldzoo.child", OnDelete.SET_DEFAULT),
        "coded": ("fieldzoo.coded", OnDelete.SET_NULL),
        "content_type": ("contenttypes.contenttype", OnDelete.CASCADE),
        "dangling": ("fieldzoo.coded", OnDelete.DO_NOTHING),
        "dangling_code": ("fieldzoo.coded", OnDelete.DO_NOTHING),
        "proxy": ("fieldzoo.coded", OnDelete.SET),
        "shared": ("fieldzoo.sharedtwice", OnDelete.RESTRICT),
        "uuid_key": ("fieldzoo.uuidkey", OnDelete.PROTECT),
    }
    assert bound(Pointing).field["coded"].columns[0].name == "coded"


def test_generic_foreign_keys_stand_for_their_columns(db: str) -> None:
    number, text = bound(NumberTag), bound(TextTag)
    assert kinds(number) == {"item": FieldKind.GENERIC}
    assert [each.name for each in number.columns] == ["content_type_id", "object_id"]
    assert number.schema.unique == (UniqueSet("content_type_object_id", ("item",)),)
    assert kinds(text) == {"item": FieldKind.GENERIC, "weight": FieldKind.INTEGER}
    assert text.schema.unique == (
        UniqueSet("fieldzoo_texttag_half", ("item", "weight"), plain=False),
    )


def test_generic_foreign_keys_without_half_of_their_columns(db: str) -> None:
    assert kinds(bound(TextTag, exclude=("item",))) == {"weight": FieldKind.INTEGER}
    assert kinds(bound(TextTag, exclude=("key",))) == {
        "kind": FieldKind.REFERENCE,
        "weight": FieldKind.INTEGER,
    }


def test_reverse_generic_relations_are_no_fields(db: str) -> None:
    assert kinds(bound(Tagged)) == {"name": FieldKind.TEXT}


def test_many_to_many_through_models_of_their_own(db: str) -> None:
    found = bound(Club)
    assert kinds(found) == {"name": FieldKind.TEXT}
    assert found.problems == (
        "many-to-many 'members' is rows of fieldzoo.membership, which is in no spec",
    )
    both = reader(Club, apps.get_model("fieldzoo.membership")).tables
    assert both["fieldzoo.club"].problems == ()


def test_many_to_many_columns(db: str) -> None:
    friends = bound(UuidKey).relation["friends"]
    assert (friends.source.name, friends.target.name) == ("from_uuidkey_id", "to_uuidkey_id")
    assert friends.table == "fieldzoo_uuidkey_friends"


def test_order_with_respect_to_is_content(db: str) -> None:
    assert kinds(bound(Placed)) == {"_order": FieldKind.INTEGER, "everything": FieldKind.REFERENCE}


def test_order_with_respect_to_needs_no_declaration(db: str) -> None:
    assert bound(Placed).schema.by_name["_order"].order_within == ("everything",)
    assert bound(Placed).field["_order"].schema.order_within == ("everything",)
    assert bound(Chapter).schema.by_name["_order"].order_within == ("node",)
    without = bound(Placed, exclude=("everything",)).schema
    assert without.by_name["_order"].order_within is None


def test_declared_orders_and_derived_fields(db: str) -> None:
    found = bound(Article, order={"number": ("section",)}, derived=("slug", "sections"))
    by_name = found.schema.by_name
    assert by_name["number"].order_within == ("section",)
    assert by_name["section"].order_within is None
    assert [each.name for each in found.schema.fields if each.derived] == ["sections", "slug"]
    assert found.field["slug"].schema.derived
    assert found.relation["sections"].schema.derived
    whole = bound(Article, order={"number": ()}).schema
    assert whole.by_name["number"].order_within == ()


def test_fields_that_are_one_value(db: str) -> None:
    groups = (("counted", "choice"), ("choice", "needed"), ("added", "day"))
    found = bound(Moments, together=groups, exclude=("added",)).schema
    assert found.together == (("choice", "counted", "needed"),)
    assert found.companions("needed") == ("choice", "counted", "needed")
    assert bound(Moments).schema.together == ()


def test_fields_that_another_brings_along_are_one_value_with_it(db: str) -> None:
    assert bound(Parcel).schema.together == (("weight", "weight_unit"),)
    wider = bound(Parcel, together=(("weight", "sender"),)).schema
    assert wider.together == (("sender", "weight", "weight_unit"),)
    assert bound(Parcel, exclude=("weight_unit",)).schema.together == ()
    derived = bound(Parcel, derived=("weight_unit",)).schema
    assert derived.companions("weight") == ("weight",)


def test_an_image_is_one_value_with_its_size() -> None:
    class Picture(models.Model):
        file = models.ImageField(width_field="wide", height_field="high")
        wide = models.IntegerField()
        high = models.IntegerField()
        other = models.ImageField()

        class Meta:
            app_label = "odd"
            apps = ALONE

    assert [*contributed(Picture)] == [("file", "wide", "high")]


def test_a_field_that_cannot_be_asked_what_it_adds_is_one_by_itself() -> None:
    class Broken(models.TextField):  # type: ignore[type-arg]
        def contribute_to_class(self, cls: type[models.Model], name: str, *args: Any) -> None:
            if cls._meta.abstract:
                raise RuntimeError("this is a real model's field")
            super().contribute_to_class(cls, name, *args)

    class Note(models.Model):
        text = Broken()

        class Meta:
            app_label = "odd"
            apps = ALONE

    assert [*contributed(Note)] == []


def test_excluded_fields_get_what_the_model_gives_them(db: str) -> None:
    found = bound(Moments, exclude=("added", "choice", "counted", "day"))
    assert kinds(found) == {"changed": FieldKind.DATETIME, "needed": FieldKind.INTEGER}
    assert found.schema.by_name["changed"].moment
    filled = {column.name: make() for column, make in found.fill}
    assert filled.keys() == {"added", "choice", "day"}
    assert filled["choice"] == "a"
    assert filled["added"] is not None
    assert found.problems == ()


def test_excluded_fields_without_default(db: str) -> None:
    assert bound(Moments, exclude=("needed",)).problems == (
        "field 'needed' is left out and has no default: no row can be created",
    )


def test_choices(db: str) -> None:
    assert bound(Moments).schema.by_name["choice"].choices == ("a", "b")


def test_choices_that_a_function_gives_are_not_asked_for(db: str) -> None:
    def ask() -> list[tuple[str, str]]:
        raise RuntimeError("asks a database")

    field = models.CharField(max_length=1, choices=ask)
    field.set_attributes_from_name("choice")
    found = bound_field(field, Identities(db, {}))
    assert found is not None
    assert found.schema == FieldSchema("choice", FieldKind.TEXT)


def test_models_outside_any_dump(db: str) -> None:
    identities = Identities(db, {})
    assert table("fieldzoo.club", identities, db).label == "fieldzoo.club"
    assert table(CodedProxy, identities, db).label == "fieldzoo.coded"
    assert table(Unmanaged, identities, db).name == "fieldzoo_unmanaged"


def test_missing_tables(db: str) -> None:
    identities = Identities(db, {})
    wanted = {
        "a": table(Unmanaged, identities, db),
        "b": table(Order, identities, db),
        "c": table(Draft, identities, db),
    }
    assert missing_tables(wanted, db) == ["fieldzoo_unmanaged"]


# dataset.json


def test_the_description_gives_the_schema_back(db: str) -> None:
    every = list(apps.get_app_config("fieldzoo").get_models())
    found = reader(*every)
    described = schema_document(dataset(*every), schema(found.tables))
    parsed = parse_schema(described)
    assert parsed == schema(found.tables)
    assert list(parsed.models) == list(found.tables)


def test_the_description_does_not_depend_on_the_language(db: str) -> None:
    from django.contrib.auth.models import Permission

    def described() -> Any:
        found = reader(Permission)
        return schema_document(found.dataset, schema(found.tables))

    with translation.override("de"):
        german = described()
    assert german == described()
    assert german["models"]["auth.permission"]["identity"] == [
        "codename",
        "content_type__app_label",
        "content_type__model",
    ]


def test_the_description_tells_orders_and_derived_fields_where_there_are_some(db: str) -> None:
    plain = schema_document(dataset(Article), schema(reader(Article).tables))
    declared = spec(Article, order={"number": ()}, derived=("slug",))
    found = schema_document(dataset(declared), schema(reader(declared).tables))
    model = found["models"]["fieldzoo.article"]
    assert model["fields"]["number"]["order_within"] == []
    assert model["fields"]["slug"]["derived"] is True
    assert parse_schema(found) == schema(reader(declared).tables)
    assert (found["specs"][0]["order"], found["specs"][0]["derived"]) == ({"number": []}, ["slug"])
    del model["fields"]["number"]["order_within"], model["fields"]["slug"]["derived"]
    del found["specs"][0]["order"], found["specs"][0]["derived"]
    assert found == plain


def test_the_description_tells_fields_that_are_one_value_where_there_are_some(db: str) -> None:
    plain = schema_document(dataset(Moments), schema(reader(Moments).tables))
    declared = spec(Moments, together=(("counted", "choice"),))
    found = schema_document(dataset(declared), schema(reader(declared).tables))
    assert found["models"]["fieldzoo.moments"].pop("together") == [["choice", "counted"]]
    assert found["specs"][0].pop("together") == [["choice", "counted"]]
    assert found == plain
    found = schema_document(dataset(declared), schema(reader(declared).tables))
    assert parse_schema(found) == schema(reader(declared).tables)


def test_specs_as_recorded(db: str) -> None:
    found = dataset(
        ModelSpec(
            "fieldzoo.article",
            filter={
                "slug__in": ("b", "a"),
                "number__in": {2, 1},
                "section__in": Section.objects.all(),
            },
            delete_missing=True,
            identity="natural",
        )
    )
    (described,) = schema_document(found, schema({}))["specs"]
    assert described == {
        "defer_values": [],
        "delete_missing": True,
        "exclude": [],
        "filter": {
            "number__in": [1, 2],
            "section__in": "<django.db.models.query.QuerySet>",
            "slug__in": ["b", "a"],
        },
        "hashed": False,
        "identity": "natural",
        "ignore_missing_m2m": [],
        "model": "fieldzoo.article",
        "save_as_new": False,
    }


def test_what_is_unique_by_way_of_a_generated_column(db: str) -> None:
    folded, area = bound(Generated).schema.unique
    assert folded.parts == (UniquePart("name", ((Function.LOWER, None),)),)
    assert area == UniqueSet("zoo_generated_area", ("width", "height"), plain=False)


def test_what_is_unique_together_with_half_of_the_key(db: str) -> None:
    assert bound(Pair).schema.unique == (UniqueSet("zoo_pair_rank", ("$key", "rank"), plain=False),)


def test_what_the_database_cannot_watch_over(db: str) -> None:
    features = connections[db].features
    names = {
        "zoo_slot_high": features.supports_partial_indexes,
        "zoo_slot_name": features.supports_expression_indexes,
        "zoo_slot_unique": True,
    }
    found = bound(Slot)
    assert {each.name for each in found.schema.unique} == set(names)
    assert {each.name for each in found.enforced.unique} == {n for n in names if names[n]}


def test_what_a_key_refers_to(db: str) -> None:
    assert bound(Banner).schema.parents == ("zoo.country",)
    assert bound(Banner).schema.key_targets == ("zoo.country",)
    assert bound(Pair).schema.parents == ()
    assert bound(Pair).schema.key_targets == ("zoo.node", "zoo.node")


def test_the_length_of_a_column_is_known_where_the_database_sees_to_it(db: str) -> None:
    slot = table(apps.get_model("zoo.leaf"), Identities("default", {}), "default").schema.by_name
    texts = [name for name, each in slot.items() if each.kind is FieldKind.TEXT]
    assert texts
    for name in texts:
        length = apps.get_model("zoo.leaf")._meta.get_field(name).max_length
        expected = None if connections["default"].vendor == "sqlite" else length
        assert slot[name].length == expected
