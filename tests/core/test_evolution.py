"""Migrations as values: what precedes what, and what a lens makes of a record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.canonical import dump_document, parse_document
from contentgit.content.diff import ABSENT
from contentgit.content.evolution import (
    AddedField,
    AddedModel,
    Conversion,
    Migration,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
    Standing,
)
from contentgit.content.evolution.documents import OTHERS, parse_standing, standing_document
from contentgit.content.lenses import Lens, Lost, Reading, first_value
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.content.unlike import renames
from contentgit.errors import FormatError

STEPS: list[SchemaStep] = [
    AddedField("site.page", "intro"),
    AddedField("site.page", "tags", []),
    AddedField("site.page", "number", None),
    RemovedField("site.page", "teaser"),
    RenamedField("site.page", "body", "text"),
    RetypedField("site.page", "count", Conversion.TEXT),
    RetypedField("site.page", "price", Conversion.PLACES, places=3),
    RetypedField("site.page", "title", Conversion.SAME, null=""),
    RetypedField("site.page", "$key", Conversion.TEXT),
    AddedModel("site.tag"),
    RemovedModel("site.tag"),
    RenamedModel("site.page", "blog.article"),
    OpaqueStep("RunPython"),
]


def field(name: str, kind: FieldKind = FieldKind.TEXT, **more: Any) -> FieldSchema:
    return FieldSchema(name, kind, **more)


def model(label: str, *fields: FieldSchema) -> ModelSchema:
    return ModelSchema(label, KeyKind.INTEGER, Layout.INTEGER, fields)


PAGE = model(
    "site.page",
    field("body"),
    field("count", FieldKind.INTEGER),
    field("live", FieldKind.BOOLEAN),
    field("parent", FieldKind.REFERENCE, target="site.page"),
    field("price", FieldKind.DECIMAL),
    field("tags", FieldKind.REFERENCES, target="site.tag"),
    field("teaser"),
)
MODELS = {"site.page": PAGE}
VALUES = {
    "body": "Text",
    "count": 7,
    "live": True,
    "parent": "site.page:1",
    "price": "1.50",
    "tags": ["site.tag:a", "site.tag:b"],
    "teaser": "Short",
}


def record(**changed: Any) -> Record:
    return Record(RecordKey("site.page", "2"), {**VALUES, **changed})


def lens(*steps: SchemaStep, fill: bool = True) -> Lens:
    return Lens(MODELS, [Migration("site.0002", (), steps)], fill=fill)


def test_a_history_is_a_document_and_back() -> None:
    standing = Standing(
        (Migration("site.0001"), Migration("site.0002", ("site.0001",), tuple(STEPS))),
        frozenset({"auth.0001", "auth.0002_b", "sites.0001"}),
    )
    document = parse_document(dump_document(standing_document(standing)))
    assert parse_standing(document) == standing
    assert document["migrations"] == {"site": ["0002"]}
    assert document[OTHERS] == {"auth": ["0001", "0002_b"], "sites": ["0001"]}
    assert parse_standing({}) == Standing()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "is not a list"),
        ([{}], "'migration' is missing"),
        ([{"migration": 7}], "7 is not text"),
        ([{"migration": "<b>"}], "not the name of a migration"),
        ([{"migration": "a.1", "steps": [{"remove_model": "a\n.b"}]}], "not the name of"),
        ([{"migration": "a.1", "after": ["a.0"]}], "before one that it needs"),
        ([{"migration": "a.1"}, {"migration": "a.1"}], "listed twice"),
        ([{"migration": "a.1", "steps": [{"rename_field": "a.b.c"}]}], "'to' is missing"),
        ([{"migration": "a.1", "steps": [{"retype_field": "a.b.c", "conversion": "x"}]}], "'x'"),
    ],
)
def test_a_damaged_history_is_refused(document: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_standing({"history": document})


@pytest.mark.parametrize(
    "document",
    [[], *({OTHERS: each} for each in ("a", ["a"], {"a": 1}, {"a": [1]}, {"../x": ["1"]}))],
)
def test_a_damaged_standing_is_refused(document: Any) -> None:
    with pytest.raises(FormatError, match="does not list its migrations"):
        parse_standing(document)


def test_apps_of_both_sides_are_known() -> None:
    here = Standing((Migration("a.1"),), frozenset({"b.1", "c.1"}))
    there = Standing((Migration("a.1"), Migration("b.1")), frozenset({"c.2", "d.1"}))
    assert here.joined(there).others == {"c.1", "c.2", "d.1"}


def test_a_step_of_a_later_format_is_opaque() -> None:
    standing = parse_standing(
        {"history": [{"migration": "a.1", "steps": [{"split_field": "a.b.c"}]}]}
    )
    (step,) = standing.history[0].steps
    assert step == OpaqueStep("a step of another format")


def history(*names: str) -> Standing:
    """``"b<a"`` is b, which needs a."""
    parts = [name.split("<") for name in names]
    return Standing(tuple(Migration(name, tuple(after)) for name, *after in parts))


def since(newer: Standing, older: Standing) -> list[str] | None:
    found = newer.since(older)
    return None if found is None else [each.name for each in found]


def test_since_is_what_the_older_one_does_not_have() -> None:
    newer = history("a.1", "b.1<a.1", "a.2<a.1", "a.3<a.2<b.1")
    assert since(newer, newer) == []
    assert since(newer, history("a.1", "a.2<a.1")) == ["b.1", "a.3"]
    assert since(newer, history("a.2")) == ["b.1", "a.3"]  # recorded for the first time at a.2
    assert since(newer, history("a.4")) is None
    assert since(newer, Standing()) is None
    assert newer.leaves == {"a.3", "b.1"}


def test_two_standings_are_joined_alike_from_both_sides() -> None:
    one = history("a.1", "a.2<a.1")
    other = history("a.1", "a.1b<a.1", "a.3<a.1b")
    joined = one.joined(other)
    assert [each.name for each in joined.history] == ["a.1", "a.1b", "a.2", "a.3"]
    assert other.joined(one) == joined
    assert one.joined(one) == one


def test_migrations_that_need_each_other_are_refused() -> None:
    with pytest.raises(FormatError, match=r"need each other: a\.2, a\.3"):
        history("a.2", "a.3<a.2").joined(history("a.3", "a.2<a.3"))


# Lenses


def test_a_rename_carries_the_value() -> None:
    read = lens(RenamedField("site.page", "body", "text")).read(record())
    assert read.record is not None
    assert read.record.fields["text"] == "Text"
    assert "body" not in read.record.fields
    assert not read.lost


def test_a_removed_value_is_listed() -> None:
    found = lens(RemovedField("site.page", "teaser"))
    read = found.read(record())
    assert read.record is not None
    assert "teaser" not in read.record.fields
    assert read.lost == (Lost("teaser", "Short", "site.0002"),)
    assert not found.read(record(teaser="")).lost


def test_an_added_field_is_filled_where_that_is_asked_for() -> None:
    step = AddedField("site.page", "intro", "New")
    filled, bare = lens(step).read(record()).record, lens(step, fill=False).read(record()).record
    assert filled is not None
    assert bare is not None
    assert filled.fields == {**VALUES, "intro": "New"}
    assert bare.fields == VALUES
    assert not lens(step, fill=False).changes("site.page")


@pytest.mark.parametrize(
    ("name", "value", "step", "expected"),
    [
        ("count", 7, RetypedField("site.page", "count", Conversion.TEXT), "7"),
        ("live", True, RetypedField("site.page", "live", Conversion.INTEGER), 1),
        ("price", "1.50", RetypedField("site.page", "price", Conversion.PLACES, 3), "1.500"),
        ("price", "1.50", RetypedField("site.page", "price", Conversion.PLACES, 1), "1.5"),
        ("body", None, RetypedField("site.page", "body", Conversion.SAME, null="-"), "-"),
        (
            "body",
            "0C9A7C0E00004000800000000000000A",
            RetypedField("site.page", "body", Conversion.UUID),
            "0c9a7c0e-0000-4000-8000-00000000000a",
        ),
    ],
)
def test_an_exact_conversion(name: str, value: Any, step: SchemaStep, expected: Any) -> None:
    read = lens(step).read(record(**{name: value}))
    assert read.record is not None
    assert read.record.fields[name] == expected
    assert type(read.record.fields[name]) is type(expected)
    assert not read.lost


@pytest.mark.parametrize(
    ("name", "value", "step"),
    [
        ("price", "1.55", RetypedField("site.page", "price", Conversion.PLACES, 1)),
        ("body", "no UUID", RetypedField("site.page", "body", Conversion.UUID)),
        ("body", "x", RetypedField("site.page", "body", Conversion.NONE)),
        ("count", "seven", RetypedField("site.page", "count", Conversion.TEXT)),
    ],
)
def test_a_value_without_an_exact_form_is_lost_and_listed(
    name: str, value: Any, step: SchemaStep
) -> None:
    read = lens(step).read(record(**{name: value}))
    assert read.record is not None
    assert name not in read.record.fields
    assert read.lost == (Lost(name, value, "site.0002", name),)


def test_what_only_a_migration_knows_is_unsaid() -> None:
    found = lens(
        AddedField("site.page", "slug"),
        AddedField("site.page", "intro", ""),
        RenamedField("site.page", "count", "number"),
        RetypedField("site.page", "number", Conversion.NONE),
        RetypedField("site.page", "body", Conversion.SAME),
    )
    assert found.unsaid == {"site.page": {"slug", "number"}}
    assert lens(RemovedModel("site.page")).unsaid == {}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([AddedField("site.page", "intro", "none")], ABSENT),
        (
            [AddedField("site.page", "intro", "none"), RenamedField("site.page", "intro", "sub")],
            "none",
        ),
        (
            [
                AddedField("site.note", "number", 7),
                RenamedModel("site.note", "site.page"),
                RenamedField("site.page", "number", "sub"),
                RetypedField("site.page", "sub", Conversion.TEXT),
            ],
            "7",
        ),
        (
            [
                AddedField("site.page", "sub", 1.5),
                RetypedField("site.page", "sub", Conversion.NONE),
            ],
            ABSENT,
        ),
        ([AddedField("site.page", "sub", "old"), RemovedField("site.page", "sub")], ABSENT),
    ],
)
def test_what_rows_got_in_a_field_that_was_renamed_since(
    steps: list[SchemaStep], expected: Any
) -> None:
    history = [Migration(f"site.m{number}", (), (step,)) for number, step in enumerate(steps)]
    assert first_value(history, "site.page", "sub") == expected


def test_renames_are_told_by_the_migration_that_did_them() -> None:
    steps: list[list[SchemaStep]] = [
        [RenamedField("site.page", "teaser", "lead"), RenamedField("site.page", "body", "text")],
        [RenamedModel("site.page", "blog.article"), AddedModel("site.tag")],
        [RenamedField("blog.article", "text", "body"), RenamedField("blog.article", "lead", "sub")],
        [RenamedModel("site.tag", "site.label")],
    ]
    history = [Migration(f"site.m{number}", (), tuple(each)) for number, each in enumerate(steps)]
    assert [*renames({"site.page": PAGE}, history)] == [
        "site.page renamed to blog.article (site.m1)",
        "site.page.teaser renamed to sub (site.m2)",
    ]


def test_a_renamed_model_takes_its_references_along() -> None:
    read = lens(RenamedModel("site.page", "blog.article")).read(record())
    assert read.record is not None
    assert str(read.record.key) == "blog.article:2"
    assert read.record.fields["parent"] == "blog.article:1"


def test_references_to_a_renamed_model_outside_are_sorted_anew() -> None:
    tags = ["site.label:x", "site.tag:a"]
    read = lens(RenamedModel("site.tag", "blog.tag")).read(record(tags=tags))
    assert read.record is not None
    assert read.record.fields["tags"] == ["blog.tag:a", "site.label:x"]


def test_the_fields_of_a_model_that_came_are_not_known() -> None:
    """A step that adds a model does not say with which fields."""
    read = lens(AddedModel("site.new"), RenamedModel("site.page", "site.leaf"))
    assert read.fields("site.new") is None
    assert read.fields("site.page") is None
    known = lens().fields("site.page")
    assert known
    assert read.fields("site.leaf") == known


def test_a_record_of_a_removed_model_is_gone_and_listed() -> None:
    read = lens(RemovedModel("site.page")).read(record())
    assert read.record is None
    assert {each.field for each in read.lost} == {*VALUES}


def test_opaque_operations_are_named() -> None:
    assert lens(OpaqueStep("RunSQL")).opaque == [("site.0002", OpaqueStep("RunSQL"))]


@pytest.mark.parametrize(
    "step",
    [
        AddedField("site.page", "teaser", "new"),
        AddedModel("site.page"),
        RenamedField("site.page", "text", "body"),
        RenamedModel("site.article", "site.page"),
    ],
)
def test_a_step_that_is_done_already_changes_nothing(step: SchemaStep) -> None:
    """Two branches made the same change, each in a migration of another name."""
    assert lens(step).read(record()) == Reading(record())
    assert not lens(step).changes("site.page")


def test_another_key_is_opaque() -> None:
    other = RetypedField("site.page", "$key", Conversion.NONE)
    assert lens(other).opaque == [("site.0002", OpaqueStep("another key of site.page"))]
    assert lens(RetypedField("site.page", "$key", Conversion.TEXT)).opaque == []
    named = {"site.page": replace(PAGE, identity=("body",))}
    steps = (
        RenamedField("site.page", "body", "slug"),
        RetypedField("site.page", "slug", Conversion.UUID),
    )
    found = Lens(named, [Migration("site.0002", (), steps)])
    assert found.opaque == [("site.0002", OpaqueStep("another key of site.page"))]


@pytest.mark.parametrize("step", [*STEPS[:1], *STEPS[9:10], *STEPS[12:]])
def test_what_leaves_records_as_they_are_is_known_without_reading(step: SchemaStep) -> None:
    found = lens(step)
    assert not found.changes("site.page")
    assert found.read(record()).record == record()


NAMES = st.sampled_from(["body", "count", "live", "price", "teaser", "x", "y"])
FIELD_STEPS: st.SearchStrategy[SchemaStep] = st.one_of(
    st.tuples(NAMES, st.sampled_from(["", "new", None])).map(
        lambda each: AddedField("site.page", *each)
    ),
    NAMES.map(lambda name: RemovedField("site.page", name)),
    st.tuples(NAMES, NAMES).map(lambda each: RenamedField("site.page", *each)),
    st.tuples(NAMES, st.sampled_from(Conversion)).map(
        lambda each: RetypedField("site.page", *each)
    ),
)


def possible(steps: list[SchemaStep]) -> list[SchemaStep]:
    """The steps that a schema allows, one after the other."""
    names, found = {*VALUES}, []
    for step in steps:
        match step:
            case AddedField(_, name) if name not in names:
                names.add(name)
            case RemovedField(_, name) if name in names:
                names.remove(name)
            case RenamedField(_, name, to) if name in names and to not in names:
                names.remove(name)
                names.add(to)
            case RetypedField(_, name) if name in names:
                pass
            case _:
                continue
        found.append(step)
    return found


def after(steps: list[SchemaStep]) -> ModelSchema:
    """The schema after the steps; kinds do not matter to a lens, but of references."""
    names = {each.name: each for each in PAGE.fields}
    for step in steps:
        match step:
            case AddedField(_, name):
                names[name] = field(name)
            case RemovedField(_, name):
                del names[name]
            case RenamedField(_, name, to):
                names[to] = field(to, names[name].kind, target=names.pop(name).target)
    return model("site.page", *names.values())


@given(st.lists(FIELD_STEPS, max_size=8), st.integers(0, 8))
def test_two_lenses_one_after_the_other_are_the_lens_of_all_steps(
    steps: list[SchemaStep], cut: int
) -> None:
    steps = possible(steps)
    whole = Lens(MODELS, [Migration("site.2", (), tuple(steps))]).read(record())
    first = Lens(MODELS, [Migration("site.2", (), tuple(steps[:cut]))]).read(record())
    between = {"site.page": after(steps[:cut])}
    assert first.record is not None
    second = Lens(between, [Migration("site.2", (), tuple(steps[cut:]))]).read(first.record)
    assert whole.record == second.record


@given(NAMES, st.text(min_size=1))
def test_a_rename_and_its_inverse_change_nothing(name: str, value: str) -> None:
    steps = possible([RenamedField("site.page", name, "z"), RenamedField("site.page", "z", name)])
    found = lens(*steps)
    assert not found.changes("site.page")
    assert found.read(record(body=value)).record == record(body=value)


def test_no_steps_change_nothing() -> None:
    assert not lens().changes("site.page")
    assert lens().read(record()).record == record()


@pytest.mark.parametrize(
    "step",
    [
        {"rename_model": "site.page", "to": "page"},
        {"rename_model": "site.page", "to": "a.b.c"},
        {"rename_model": "site.page", "to": "../.git"},
        {"rename_field": "site.page.body", "to": "a.b"},
        {"rename_field": "site.page.body", "to": "$key"},
        {"rename_field": "site.page.body", "to": "x" * 301},
        {"remove_field": "page.body"},
        {"add_model": "site.\u202epage"},
    ],
)
def test_names_that_no_project_has_are_refused(step: Any) -> None:
    with pytest.raises(FormatError, match="is not the name of a migration, a model or a field"):
        parse_standing({"history": [{"migration": "site.m1", "steps": [step]}]})


def test_a_field_whose_name_another_gets_is_lost_and_listed() -> None:
    lens = Lens(MODELS, [Migration("site.m1", (), (RenamedField("site.page", "body", "teaser"),))])
    found = lens.read(record())
    assert found.lost == (Lost("teaser", "Short", "site.m1"),)
    assert found.record
    assert found.record.fields["teaser"] == "Text"


def test_a_model_whose_label_another_gets_is_lost_and_listed() -> None:
    steps = (RenamedModel("site.tag", "site.page"),)
    models = MODELS | {"site.tag": model("site.tag", field("name"))}
    lens = Lens(models, [Migration("site.m1", (), steps)])
    assert lens.read(record()).record is None
    assert {each.migration for each in lens.read(record()).lost} == {"site.m1"}
    tag = Record(RecordKey("site.tag", "1"), {"name": "Rye"})
    assert lens.read(tag).record == Record(RecordKey("site.page", "1"), {"name": "Rye"})


def test_a_label_that_is_used_again_and_renamed_again() -> None:
    steps = (
        RenamedModel("site.page", "site.article"),
        AddedModel("site.page"),
        RenamedModel("site.page", "site.other"),
    )
    lens = Lens(MODELS, [Migration("site.m1", (), steps)])
    assert lens.key(RecordKey("site.page", "1")) == RecordKey("site.article", "1")
    assert lens.read(record(parent="site.page:2")).record.fields["parent"] == "site.article:2"  # type: ignore[union-attr]


def test_conversions_come_to_an_end() -> None:
    steps = (
        RetypedField("site.page", "price", Conversion.PLACES, 2),
        RetypedField("site.page", "price", Conversion.PLACES, 3),
    )
    few = Lens(MODELS, [Migration("site.m1", (), steps * 50)]).read(record())
    assert few.record
    assert few.record.fields["price"] == "1.500"
    many = Lens(MODELS, [Migration("site.m1", (), steps * 51)]).read(record())
    assert many.lost == (Lost("price", "1.50", "site.m1", "price"),)
