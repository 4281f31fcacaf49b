"""What constraints say of records: three truth values, and no certainty where databases differ."""

from __future__ import annotations

from typing import Any

import pytest

from contentgit.content.canonical import dump_document
from contentgit.content.conditions import (
    DEEPEST,
    LARGEST,
    Comparison,
    Condition,
    Every,
    How,
    Negated,
    Other,
    Some,
    Unknown,
    bounded,
    condition_document,
    fields_of,
    is_whole,
    parse_condition,
    words,
)
from contentgit.content.description import parse_schema, schema_document
from contentgit.content.documents import parse_document
from contentgit.content.records import JSON_NULL, CarriedFile, Record, RecordKey
from contentgit.content.schema import (
    CheckRule,
    FieldKind,
    FieldSchema,
    Function,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
    UniquePart,
    UniqueSet,
)
from contentgit.errors import FormatError
from contentgit.integrity.rules import (
    ANY,
    DOUBT,
    FALSE,
    NULL,
    TRUE,
    broken,
    doubtful,
    holds,
    names_of,
    said,
    wanted,
)
from contentgit.specs import Dataset, ModelSpec

T = FieldKind
KINDS = {
    "a": T.INTEGER,
    "b": T.INTEGER,
    "price": T.DECIMAL,
    "sale": T.DECIMAL,
    "size": T.FLOAT,
    "name": T.TEXT,
    "other": T.TEXT,
    "on": T.BOOLEAN,
    "day": T.DATE,
    "at": T.DATETIME,
    "until": T.DATETIME,
    "long": T.DURATION,
    "uid": T.UUID,
    "data": T.JSON,
    "up": T.REFERENCE,
    "what": T.GENERIC,
}
FIELDS = tuple(
    FieldSchema(name, kind, null=True, target="x.thing" if kind is T.REFERENCE else "")
    for name, kind in sorted(KINDS.items())
)
ACTIVE = Comparison("on", How.EXACT, True)
SETS = (
    UniqueSet(
        "lower", ("name",), plain=False, parts=(UniquePart("name", ((Function.LOWER, None),)),)
    ),
    UniqueSet("only_db", ("day",), plain=False),
    UniqueSet("some", ("a",), plain=False, parts=(UniquePart("a"),), condition=ACTIVE),
)
MODEL = ModelSchema("x.thing", KeyKind.INTEGER, Layout.INTEGER, FIELDS, unique=SETS)


def record(key: int = 1, **fields: Any) -> Record:
    return Record(RecordKey("x.thing", str(key)), {**dict.fromkeys(KINDS), **fields})


def compared(field: str, how: str, right: Any) -> Condition:
    return Comparison(field, How(how), right)


@pytest.mark.parametrize(
    ("field", "how", "right", "fields", "truth"),
    [
        ("a", "lt", Other("b"), {"a": 1, "b": 2}, TRUE),
        ("a", "lt", Other("b"), {"a": 2, "b": 2}, FALSE),
        ("a", "lt", Other("b"), {"a": 2, "b": None}, NULL),
        ("a", "gte", 3, {"a": 3}, TRUE),
        ("a", "in", (1, 2), {"a": 3}, FALSE),
        ("a", "in", (1, 2), {"a": 2}, TRUE),
        ("a", "range", (1, 5), {"a": 6}, FALSE),
        ("a", "isnull", True, {"a": None}, TRUE),
        ("a", "isnull", False, {"a": None}, FALSE),
        ("data", "isnull", True, {"data": JSON_NULL}, FALSE),
        ("price", "gt", "0.001", {"price": "0.00"}, FALSE),
        ("price", "exact", Other("sale"), {"price": "1.50", "sale": "1.500"}, TRUE),
        ("price", "lt", Other("a"), {"price": "9.90", "a": 10}, TRUE),
        ("price", "lt", Other("sale"), {"price": "1" * 18, "sale": "1" * 17 + "2"}, DOUBT),
        ("price", "gt", 0, {"price": "NaN"}, ANY),
        ("size", "exact", Other("price"), {"size": 0.1, "price": "0.1"}, DOUBT),
        ("size", "lte", 0.5, {"size": 0.25}, TRUE),
        ("name", "exact", "a", {"name": "a"}, TRUE),
        ("name", "exact", "a", {"name": "b"}, FALSE),
        ("name", "exact", "a", {"name": "A "}, DOUBT),
        ("name", "exact", "a", {"name": "ä"}, DOUBT),
        ("name", "in", ("a", "b"), {"name": "c"}, FALSE),
        ("name", "lt", Other("other"), {"name": "a", "other": "b"}, DOUBT),
        ("on", "exact", True, {"on": False}, FALSE),
        ("on", "exact", 1, {"on": True}, ANY),
        ("day", "gt", "2026-01-31", {"day": "2026-02-01"}, TRUE),
        (
            "at",
            "lt",
            Other("until"),
            {"at": "2026-01-01T00:00:00.000000Z", "until": "2026-01-01T00:00:00.000001Z"},
            TRUE,
        ),
        ("at", "lt", "2026-01-01T00:00:00.000000", {"at": "2026-01-01T00:00:00.000000Z"}, ANY),
        ("long", "lt", "P10DT00H00M00.000000S", {"long": "P2DT00H00M00.000000S"}, TRUE),
        ("long", "lt", "P0DT00H00M00.000000S", {"long": "-P0DT00H00M01.000000S"}, TRUE),
        ("up", "exact", Other("$key"), {"up": "x.thing:1"}, TRUE),
        ("up", "exact", Other("$key"), {"up": "x.thing:2"}, FALSE),
        ("uid", "gt", "0", {"uid": "1"}, ANY),
        ("what", "isnull", False, {"what": {"content_type": None, "object_id": 1}}, ANY),
        ("gone", "exact", 1, {}, ANY),
    ],
)
def test_a_comparison_is_what_databases_find(
    field: str, how: str, right: Any, fields: dict[str, Any], truth: Any
) -> None:
    assert holds(compared(field, how, right), record(**fields), MODEL) == truth


def test_three_truth_values_are_joined_as_sql_joins_them() -> None:
    true, false = compared("a", "exact", 1), compared("a", "exact", 2)
    null, unknown = compared("b", "exact", 1), Unknown(("name",))
    row = record(a=1)

    def found(condition: Condition) -> Any:
        return holds(condition, row, MODEL)

    assert found(Every((true, null))) == NULL
    assert found(Every((false, null))) == FALSE
    assert found(Some((true, null))) == TRUE
    assert found(Some((false, null))) == NULL
    assert found(Negated(null)) == NULL
    assert found(Negated(false)) == TRUE
    assert found(Every((false, unknown))) == FALSE
    assert found(Some((true, unknown))) == TRUE
    assert found(Some((false, unknown))) == ANY
    assert found(Every(())) == TRUE


def rule(condition: Condition) -> ModelSchema:
    checks = (CheckRule("rule", fields_of(condition), condition),)
    return ModelSchema("x.thing", KeyKind.INTEGER, Layout.INTEGER, FIELDS, checks=checks)


def test_a_constraint_is_broken_only_where_it_is_false() -> None:
    def said(condition: Condition, **fields: Any) -> list[bool]:
        return [certain for _, certain in broken(record(**fields), rule(condition))]

    assert said(compared("a", "lt", 5), a=6) == [True]
    assert said(compared("a", "lt", 5), a=None) == []
    assert said(compared("name", "exact", "a"), name="A") == [False]
    assert said(Unknown(("a",)), a=1) == []
    assert said(Every((compared("a", "lt", 5), Unknown(("b",)))), a=6) == [True]
    assert said(Every((compared("a", "lt", 5), Unknown(("b",)))), a=4) == []


def test_what_a_functional_and_a_conditional_set_want() -> None:
    def claimed(**fields: Any) -> list[tuple[str, Any]]:
        return [(name, values) for _, name, values in wanted(record(**fields), MODEL)]

    assert claimed(name="Ä B", a=1, on=True) == [("lower", ("Ä b",)), ("some", (1,))]
    assert claimed(name=None, a=1, on=False) == []
    assert claimed(a=1, on=None) == []
    assert claimed(a=None, on=True) == []


def test_what_a_database_may_take_for_equal() -> None:
    def claimed(whole: bool, **fields: Any) -> list[tuple[str, Any]]:
        found = doubtful(record(**fields), MODEL, whole=whole)
        return [(name, values) for _, name, values in found]

    assert claimed(True, name="ÄB", a=1, on=True) == [("lower", ("äb",)), ("some", (1,))]
    # All records want the same of what only the database knows.
    assert claimed(False, day="2026-01-01") == [("only_db", ())]


@pytest.mark.parametrize(
    ("functions", "values"),
    [
        ([(Function.TRIM, None), (Function.UPPER, None)], ("Ab", " aB ")),
        ([(Function.COALESCE, "")], (None, "")),
        ([(Function.LTRIM, None)], ("  a", "a")),
        ([(Function.RTRIM, None)], ("a  ", "a")),
        ([(Function.COALESCE, "None"), (Function.LOWER, None)], (None, "none")),
    ],
)
def test_values_that_functions_make_equal(functions: Any, values: Any) -> None:
    unique = UniqueSet("u", ("name",), plain=False, parts=(UniquePart("name", tuple(functions)),))
    model = ModelSchema("x.thing", KeyKind.INTEGER, Layout.INTEGER, FIELDS, unique=(unique,))
    one, other = (list(wanted(record(name=value), model)) for value in values)
    assert one == other != []


def test_of_a_file_its_name_is_compared() -> None:
    """That is what the column has."""
    loaf, other = (CarriedFile("a.jpg", digit * 64, 7) for digit in "ab")
    fields = (FieldSchema("photo", FieldKind.FILE, carried=True),)
    parts = (UniquePart("photo", ((Function.UPPER, None),)),)
    sets = (UniqueSet("plain", ("photo",)), UniqueSet("f", ("photo",), plain=False, parts=parts))
    named = Negated(compared("photo", "exact", "a.jpg"))
    model = ModelSchema(
        "x.thing", KeyKind.INTEGER, Layout.INTEGER, fields, unique=sets,
        checks=(CheckRule("rule", ("photo",), named),),
    )  # fmt: skip
    wants = [list(wanted(record(photo=each), model)) for each in (loaf, other, "a.jpg")]
    assert wants[0] == wants[1] == wants[2]
    assert [values for _, _, values in wants[0]] == [("a.jpg",), ("A.JPG",)]
    assert [certain for _, certain in broken(record(photo=loaf), model)] == [True]
    assert said(model.checks[0], record(photo=loaf)).endswith(": photo='a.jpg'")


def test_a_function_of_what_is_no_text_is_not_computed() -> None:
    parts = (UniquePart("a", ((Function.LOWER, None),)),)
    unique = UniqueSet("u", ("a",), plain=False, parts=parts)
    model = ModelSchema("x.thing", KeyKind.INTEGER, Layout.INTEGER, FIELDS, unique=(unique,))
    assert list(wanted(record(a=1), model)) == []
    assert names_of(unique) == ["lower(a)"]


# As a document


CONDITION = Some(
    (
        Every((compared("a", "lt", Other("b")), compared("name", "in", ("x", "y")))),
        Negated(compared("price", "range", ("0.5", "1"))),
        compared("on", "exact", False),
        compared("day", "isnull", True),
        Unknown(("data", "up")),
    )
)


def test_a_condition_as_a_document_and_in_words() -> None:
    document = condition_document(CONDITION)
    assert document == {
        "or": [
            {
                "and": [
                    {"field": "a", "lt": {"field": "b"}},
                    {"field": "name", "in": ["x", "y"]},
                ]
            },
            {"not": {"field": "price", "range": ["0.5", "1"]}},
            {"field": "on", "exact": False},
            {"field": "day", "isnull": True},
            {"unknown": ["data", "up"]},
        ]
    }
    assert parse_condition(parse_document(dump_document(document))) == CONDITION
    assert words(CONDITION) == (
        "(a < b and name in ('x', 'y')) or not (price between '0.5' and '1') or on = false"
        " or day is null or a rule on data, up"
    )
    assert fields_of(CONDITION) == ("a", "b", "name", "price", "on", "day", "data", "up")
    assert not is_whole(CONDITION)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "a < b",
        {"xor": []},
        {"field": 3, "lt": 1},
        {"field": "a", "lt": [1]},
        {"field": "a", "lt": {"field": 3}},
        {"field": "a", "between": 3},
        {"field": "a", "range": [1, 2, 3]},
        {"field": "a", "isnull": 1},
        {"field": "a", "lt": 1, "gt": 0},
        {"and": {}},
    ],
)
def test_what_is_not_understood_is_unknown(document: Any) -> None:
    assert isinstance(parse_condition(document), Unknown)


def test_a_condition_is_bounded() -> None:
    deep: Any = {"field": "a", "lt": 1}
    for _ in range(DEEPEST + 5):
        deep = {"not": deep}
    assert holds(parse_condition(deep), record(a=5), MODEL) == ANY
    wide = compared("a", "in", tuple(range(LARGEST)))
    assert bounded(wide) == parse_condition(condition_document(wide)) == Unknown(("a",))


def model_document(**model: Any) -> Any:
    dataset = Dataset("d", "", specs=(ModelSpec("x.thing"),))
    document = schema_document(dataset, Schema({"x.thing": MODEL}))
    document["models"]["x.thing"] |= model
    return document


def test_a_schema_with_constraints_as_a_document() -> None:
    checks = (CheckRule("rule", fields_of(CONDITION), CONDITION),)
    coalesced = UniqueSet(
        "z", ("name",), plain=False, parts=(UniquePart("name", ((Function.COALESCE, ""),)),)
    )
    model = ModelSchema(
        "x.thing",
        KeyKind.INTEGER,
        Layout.INTEGER,
        (*FIELDS, FieldSchema("where", FieldKind.GEOMETRY, srid=3857)),
        unique=(*SETS, coalesced),
        checks=checks,
    )
    dataset = Dataset("d", "", specs=(ModelSpec("x.thing"),))
    document = schema_document(dataset, Schema({"x.thing": model}))
    assert document["models"]["x.thing"]["unique"] == {
        "lower": {
            "fields": ["name"],
            "plain": False,
            "parts": [{"field": "name", "functions": ["lower"]}],
        },
        "only_db": {"fields": ["day"], "plain": False},
        "some": {
            "fields": ["a"],
            "plain": False,
            "parts": [{"field": "a"}],
            "condition": {"field": "on", "exact": True},
        },
        "z": {
            "fields": ["name"],
            "plain": False,
            "parts": [{"field": "name", "functions": [{"coalesce": ""}]}],
        },
    }
    assert parse_schema(parse_document(dump_document(document))).models["x.thing"] == model


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"verbose_name": 7}, "7 is not text"),
        ({"together": "name"}, "'name' is not a list"),
        ({"together": [[7]]}, "7 is not text"),
        ({"parent_constrained": "yes"}, "'yes' is not true or false"),
    ],
)
def test_a_document_with_another_type_in_a_place_is_refused(
    wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(FormatError, match=f"does not describe a dump: .*{said}"):
        parse_schema(model_document(**wrong))


def test_a_document_without_constraints_is_read_as_before() -> None:
    document = model_document()
    assert "checks" not in document["models"]["x.thing"]
    assert parse_schema(document).models["x.thing"].checks == ()


def test_a_document_of_a_later_format_leaves_the_rest_to_the_database() -> None:
    unique = {
        "new": {"fields": ["a"], "plain": False, "parts": [{"field": "a", "functions": ["md5"]}]},
        "newer": {"fields": ["a"], "plain": False, "parts": [{"field": "a", "collation": "C"}]},
    }
    checks = {
        "rule": {"fields": ["a"], "condition": {"field": "a", "glob": "*"}},
        "r": {"fields": []},
    }
    found = parse_schema(model_document(unique=unique, checks=checks)).models["x.thing"]
    assert [each.parts for each in found.unique] == [(), ()]
    assert [each.condition for each in found.checks] == [Unknown(), Unknown(("a",))]
