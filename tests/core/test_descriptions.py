"""``dataset.json`` and ``contentgit.json`` on three sides, and as migrations make them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.conditions import Comparison, Every, How, Other
from contentgit.content.description import parse_outside, schema_document
from contentgit.content.diff import ABSENT
from contentgit.content.evolution import (
    AddedField,
    Migration,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    SchemaStep,
    Standing,
)
from contentgit.content.evolved import evolved_description, evolved_outside
from contentgit.content.schema import (
    CheckRule,
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
    UniqueSet,
)
from contentgit.errors import FormatError
from contentgit.merge.descriptions import merge_descriptions, merge_formats
from contentgit.missing import Instead
from contentgit.specs import Dataset, ModelSpec

T = FieldKind

FIRST = Migration("site.0001")


def document(
    models: list[ModelSchema], *migrations: Migration, specs: list[ModelSpec] | None = None
) -> dict[str, Any]:
    """``dataset.json`` of these models, as JSON values."""
    dataset = Dataset("pages", "", tuple(specs or [ModelSpec(each.label) for each in models]))
    schema = Schema({each.label: each for each in models})
    return schema_document(dataset, schema, Standing(migrations))


def page(label: str, body: str, slug: str) -> ModelSchema:
    """A model that names two of its fields wherever it can."""
    both = (slug, body)
    span = Comparison(body, How.LT, Other(slug))
    said = Comparison(slug, How.EXACT, "slug")
    fields = (
        FieldSchema(body, T.TEXT),
        FieldSchema("parent", T.REFERENCE, target=label),
        FieldSchema("place", T.INTEGER, order_within=(body,)),
        FieldSchema(slug, T.TEXT),
    )
    return ModelSchema(
        label,
        KeyKind.TEXT,
        Layout.FLAT,
        tuple(sorted(fields, key=lambda each: each.name)),
        identity=(slug,),
        unique=(UniqueSet("once", both, condition=said),),
        checks=(CheckRule("span", both, Every((span, said))),),
        together=(both,),
    )


def spec(label: str, body: str, slug: str) -> ModelSpec:
    return ModelSpec(
        label,
        filter={f"{slug}__startswith": "slug"},
        defer_values=(body,),
        identity=(slug,),
        order={"place": (body,)},
        derived=(body,),
        together=((slug, body),),
        missing={body: "null", slug: Instead("site.page:1")},
    )


def evolved(found: dict[str, Any], *steps: SchemaStep) -> Any:
    before = deepcopy(found)
    result = evolved_description(found, [Migration("site.0002", ("site.0001",), steps)])
    assert found == before
    return result


def test_a_renamed_field_is_renamed_wherever_it_is_named() -> None:
    old, new = (
        document([page("site.page", *names)], specs=[spec("site.page", *names)])
        for names in (("body", "slug"), ("intro", "name"))
    )
    renamed = (
        RenamedField("site.page", "body", "intro"),
        RenamedField("site.page", "slug", "name"),
        RenamedField("site.other", "place", "position"),
    )
    assert evolved(old, *renamed) == new


def named(place: str, top: str) -> dict[str, Any]:
    """A document whose records are identified by the field ``place`` of a parent, also through relations."""
    models = [
        ModelSchema(
            "site.place", KeyKind.TEXT, Layout.FLAT, (FieldSchema(place, T.TEXT),), (place,)
        ),
        ModelSchema(
            "site.cafe",
            KeyKind.TEXT,
            Layout.FLAT,
            (FieldSchema("stars", T.INTEGER),),
            (place,),
            parents=("site.place",),
        ),
        ModelSchema(
            "site.bar",
            KeyKind.TEXT,
            Layout.FLAT,
            (FieldSchema("above", T.REFERENCE, target="site.cafe"),),
            (f"cafe_ptr__place_ptr__{place}", f"above__{place}"),
            parents=("site.cafe",),
        ),
        ModelSchema(
            "site.owner",
            KeyKind.INTEGER,
            Layout.INTEGER,
            (FieldSchema("slug", T.TEXT), FieldSchema("bar", T.REFERENCE, target="site.bar")),
            parents=("site.user",),
        ),
        ModelSchema(
            "site.note",
            KeyKind.INTEGER,
            Layout.INTEGER,
            (FieldSchema("owner", T.REFERENCE, target="site.owner"),),
            (f"owner__bar__{place}", "owner__slug"),
        ),
    ]
    filters: dict[str, Any] = {
        f"owner__bar__{place}__startswith": "a",
        "owner__slug": "slug",
        f"owner__{top}__gt": 1,
    }
    specs = [*(ModelSpec(each.label) for each in models[:-1]), ModelSpec("site.note", filters)]
    return document(models, specs=specs)


def test_a_renamed_field_is_renamed_where_it_is_reached_through_parents_and_relations() -> None:
    steps = RenamedField("site.place", "slug", "code"), RenamedField("site.user", "top", "best")
    assert evolved(named("slug", "top"), *steps) == named("code", "best")


def test_a_renamed_model_is_renamed_wherever_it_is_named() -> None:
    child = ModelSchema("site.news", KeyKind.INTEGER, Layout.INTEGER, (), parents=("site.page",))
    moved = ModelSchema("site.news", KeyKind.INTEGER, Layout.INTEGER, (), parents=("blog.post",))
    old = document([page("site.page", "body", "slug"), child])
    new = document([page("blog.post", "body", "slug"), moved])
    assert evolved(old, RenamedModel("site.page", "blog.post")) == new


def test_a_renamed_model_is_renamed_in_rules_of_references() -> None:
    def text(*rules: str) -> ModelSchema:
        field = FieldSchema("text", T.TEXT, embeds=True, rules=rules)
        return ModelSchema("site.note", KeyKind.INTEGER, Layout.INTEGER, (field,))

    old = document([text("a[id] site.page", "site.page", "site.page.Codec")])
    new = document([text("a[id] blog.post", "blog.post", "site.page.Codec")])
    assert evolved(old, RenamedModel("site.page", "blog.post")) == new


def test_what_is_removed_is_in_no_rule() -> None:
    found = evolved(
        document([page("site.page", "body", "slug"), page("site.old", "body", "slug")]),
        RemovedField("site.page", "body"),
        RemovedModel("site.old"),
        AddedField("site.page", "new", ""),
        OpaqueStep("RunPython"),
    )
    assert [*found["models"]] == ["site.page"]
    assert [each["model"] for each in found["specs"]] == ["site.page"]
    left = found["models"]["site.page"]
    assert [*left["fields"]] == ["parent", "place", "slug"]
    assert (left["unique"], left["checks"], left["together"]) == ({}, {}, [])


# Three sides


def plain(label: str, **kinds: FieldKind) -> ModelSchema:
    fields = tuple(FieldSchema(name, kind) for name, kind in sorted(kinds.items()))
    return ModelSchema(label, KeyKind.INTEGER, Layout.INTEGER, fields)


def models(*labels: str) -> dict[str, Any]:
    return document([plain(f"site.{label}") for label in labels])


def merged(base: Any, ours: Any, theirs: Any) -> Any:
    """The merged description, which must be the same whatever side is which."""
    value, conflicts = merge_descriptions(base, ours, theirs)
    assert conflicts == ()
    assert merge_descriptions(base, theirs, ours) == (value, ())
    return value


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("b d", "a b d", "b c d e", "a b c d e"),
        ("b d", "b x y d", "b c d", "b c x y d"),
        ("a b", "b a", "a b c", "b c a"),
        ("a b c", "a c", "a b c d", "a c d"),
        ("a b", "b a", "b a", "b a"),
        ("a", "a b", "a b c", "a b c"),
    ],
)
def test_new_models_stay_where_they_are(base: str, ours: str, theirs: str, expected: str) -> None:
    found = merged(*(models(*each.split()) for each in (base, ours, theirs)))
    assert [each["model"] for each in found["specs"]] == [f"site.{x}" for x in expected.split()]
    assert sorted(found["models"]) == sorted(f"site.{each}" for each in expected.split())


@given(*[st.lists(st.sampled_from("abcdefg"), unique=True)] * 3)
def test_no_model_is_lost_and_sides_may_be_swapped(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    sides = [models(*each) for each in (base, ours, theirs)]
    found = merged(*sides)
    labels = [each["model"] for each in found["specs"]]
    assert len({*labels}) == len(labels)
    assert {*labels} == {*found["models"]}
    assert merge_descriptions(sides[0], sides[0], sides[1])[0]["specs"] == sides[1]["specs"]


def test_histories_are_joined() -> None:
    rank = Migration("site.0002_rank", ("site.0001",), (AddedField("site.page", "rank", 0),))
    text = Migration("site.0002_text", ("site.0001",))
    page_model = [plain("site.page", title=T.TEXT)]
    base = document(page_model, FIRST)
    found = merged(base, document(page_model, FIRST, rank), document(page_model, FIRST, text))
    assert found == document(page_model, FIRST, rank, text)
    assert merged(document(page_model), base, document(page_model)) == base
    dropped = merged(document(page_model, FIRST, rank), base, document(page_model, FIRST, rank))
    assert dropped["history"] == document(page_model, FIRST, rank)["history"]


def test_what_both_sides_say_differently_is_a_conflict() -> None:
    base, ours, theirs = (
        document([plain("site.page", title=kind)]) for kind in (T.TEXT, T.INTEGER, T.FLOAT)
    )
    _, (conflict,) = merge_descriptions(base, ours, theirs)
    assert conflict.path == ("models", "site.page", "fields", "title", "kind")


def test_without_a_base_all_is_added() -> None:
    found = merged(ABSENT, models("a", "b"), models("b", "c"))
    assert [*found["models"]] == ["site.a", "site.b", "site.c"]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (b'{"format": 1}', b'{"format": 2}', b'{\n  "format": 2\n}\n'),
        (b'{"format": 1}', b'{"format": 3}', None),
        (b'{"format": 1, "more": 1}', b'{"format": 2}', None),
        (b'{"format": true}', b'{"format": 2}', None),
        (b"[]", b'{"format": 2}', None),
    ],
)
def test_the_higher_format_wins(ours: bytes, theirs: bytes, expected: bytes | None) -> None:
    assert merge_formats(ours, theirs) == merge_formats(theirs, ours) == expected


def test_what_names_rows_outside_follows_renames() -> None:
    steps = [RenamedField("auth.user", "username", "name"), RenamedModel("auth.user", "people.one")]
    migrations = [Migration("auth.0002", (), tuple(steps))]
    models = [page("site.page", "body", "slug")]
    bare = document(models)
    assert "identities" not in bare
    outside = {"auth.user": ("username",), "app.tag": ("owner__name",)}
    found = evolved_outside(bare, outside, migrations)
    assert found == {"people.one": ("name",), "app.tag": ("owner__name",)}


def test_what_names_rows_outside_is_recorded_where_it_is_not_the_primary_key() -> None:
    dataset = Dataset("pages", "", ())
    found = schema_document(dataset, Schema({}), outside={"auth.user": ("username",), "a.b": ()})
    assert found["identities"] == {"auth.user": ["username"]}
    assert parse_outside(found) == {"auth.user": ("username",)}
    with pytest.raises(FormatError):
        parse_outside({"identities": {"auth.user": "username"}})
