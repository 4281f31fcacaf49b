"""The rules of a check, each with what breaks it and with what does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.check import RULES, Checked, Finding, Level, finding
from contentgit.check.code import compare, missing_dumps
from contentgit.check.files import (
    DescribedDump,
    check_file,
    clashes,
    conflict,
    describe,
    first_difference,
    format_findings,
    lines_of,
    odd_mode,
)
from contentgit.check.shapes import in_order, misfit
from contentgit.check.standing import CodeGap
from contentgit.check.trees import Tree
from contentgit.content import canonical
from contentgit.content.canonical import blob_id, dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import (
    AddedField,
    Conversion,
    Migration,
    OpaqueStep,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
    Standing,
)
from contentgit.content.layout import record_path
from contentgit.content.records import JSON_NULL, Record, RecordKey, Value
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
    UniqueSet,
)
from contentgit.integrity.relations import circles
from contentgit.render.check import github, harmless, sarif, text_lines
from contentgit.specs import Dataset, ModelSpec
from tests.core.golden_records import RECORDS

ROOT = Path(__file__).resolve().parents[2]

PAGE = ModelSchema(
    "pages.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("author", FieldKind.REFERENCE, null=True, target="people.person"),
        FieldSchema("parent", FieldKind.REFERENCE, null=True, target="pages.page"),
        FieldSchema("slug", FieldKind.TEXT),
        FieldSchema("tags", FieldKind.REFERENCES, target="pages.tag"),
    ),
    unique=(UniqueSet("slug", ("slug",)),),
)
TAG = ModelSchema("pages.tag", KeyKind.TEXT, Layout.FLAT, (FieldSchema("n", FieldKind.INTEGER),))
MODELS = {"pages.page": PAGE, "pages.tag": TAG}
DUMP = DescribedDump("pages", MODELS)
FIELDS = {"author": None, "parent": None, "slug": "a", "tags": []}


def page(key: int = 1, **fields: Value) -> Record:
    return Record(RecordKey("pages.page", str(key)), {**FIELDS, "slug": f"s{key}", **fields})


def tag(key: str, **fields: Value) -> Record:
    return Record(RecordKey("pages.tag", key), {"n": 1, **fields})


def written(record: Record, dump: DescribedDump = DUMP) -> tuple[str, bytes]:
    model = dump.models[record.key.model]
    return record_path(record.key, model.layout), canonical.encode(record, model.key_kind)


def said(findings: Iterable[Finding]) -> list[tuple[str, str, str, str, str]]:
    return [(f.level.value, f.rule, f.path, f.field, f.message) for f in findings]


def checked(
    data: bytes, path: str = "pages.page/0/0/1.json", dump: DescribedDump = DUMP
) -> list[Any]:
    return [
        (rule, field, message)
        for _, rule, _, field, message in said(check_file(dump, path, data).findings)
    ]


def checked_tree(
    records: Iterable[Record],
    dumps: Sequence[DescribedDump] = (DUMP,),
    forbidden: Sequence[str] = (),
) -> list[Finding]:
    tree = Tree(dumps, forbidden)
    found = []
    for record in records:
        for dump in dumps[:1]:
            path, data = written(record, dump)
            found += tree.add(dump, record, path, blob_id(data), usual=True)
    return [*found, *tree.findings(), *tree.leaving()]


# One file


def test_a_file_as_contentgit_writes_it_has_no_findings() -> None:
    path, data = written(page(author="people.person:1", tags=["pages.tag:a", "pages.tag:b"]))
    found = check_file(DUMP, path, data)
    assert (found.findings, found.place, found.data) == ((), path, data)


@pytest.mark.parametrize("name", RECORDS)
def test_a_golden_record_has_no_findings_without_a_schema(name: str) -> None:
    record, kind = RECORDS[name]
    data = canonical.encode(record, kind)
    paths = [record_path(record.key, layout) for layout in (Layout.HASHED, Layout.FLAT)]
    assert check_file(DescribedDump("x"), paths[0], data).findings == ()
    assert check_file(DescribedDump("x"), paths[1], data).findings == ()


def test_what_is_no_record_is_told_apart_from_what_does_not_belong() -> None:
    assert checked(b"{}") == [
        ("not-a-record", "", "$key is missing, or not an integer, a string, or a list of these")
    ]
    assert checked(b"hello", "notes.txt") == [
        ("foreign-file", "", "contentgit writes no file here")
    ]


def test_other_bytes_of_the_same_content_are_told_with_line_and_field() -> None:
    path, data = written(page())
    found = check_file(DUMP, path, data.replace(b'"s1"', b'"\\u00731"'))
    assert [(f.rule, f.field, f.line) for f in found.findings] == [("non-canonical", "slug", 10)]
    assert found.data == data


def test_keys_in_disorder_are_put_in_order() -> None:
    path, data = written(page(tags=["pages.tag:b", "pages.tag:a", "pages.tag:b"]))
    found = check_file(DUMP, path, data)
    assert [(f.rule, f.field) for f in found.findings] == [("non-canonical", "tags")]
    assert found.data == written(page(tags=["pages.tag:a", "pages.tag:b"]))[1]
    keys, field = ["a.b:10", "a.b:9", "a.b:10", "a.a:1"], FieldSchema("f", FieldKind.REFERENCES)
    assert in_order(keys, field) == ["a.a:1", "a.b:9", "a.b:10"]
    assert in_order(keys, replace(field, ordered=True)) == ["a.b:10", "a.b:9", "a.a:1"]


def test_a_record_at_the_place_of_another() -> None:
    _, data = written(page(2))
    found = check_file(DUMP, "pages.page/0/0/1.json", data)
    assert found.place == "pages.page/0/0/2.json"
    assert said(found.findings) == [
        (
            "error", "wrong-path", "pages/pages.page/0/0/1.json", "",
            "holds pages.page:2, which belongs in pages/pages.page/0/0/2.json",
        )
    ]  # fmt: skip
    assert check_file(DUMP, "somewhere.json", data).place == "pages.page/0/0/2.json"


def test_a_key_that_is_not_of_its_model_s_kind() -> None:
    record = tag("a")
    data = canonical.encode(Record(RecordKey("pages.page", "a"), record.fields))
    rules = [rule for rule, _, _ in checked(data, "pages.page/a.json")]
    assert rules == ["unknown-field", *["missing-field"] * 4, "wrong-path", "wrong-type"]
    assert check_file(DUMP, "pages.page/a.json", data).place is None


def test_fields_that_the_schema_does_not_have_and_fields_that_the_record_does_not() -> None:
    record = page()
    fields = {**record.fields, "extra": 1}
    del fields["slug"]
    assert checked(canonical.encode(Record(record.key, fields))) == [
        ("unknown-field", "extra", "pages.page has no such field in dataset.json"),
        ("missing-field", "slug", "is not in the record: an apply leaves the column alone"),
    ]


def test_a_model_that_the_schema_does_not_have() -> None:
    data = canonical.encode(Record(RecordKey("x.y", "1"), {}))
    assert checked(data, "x.y/1.json") == [("unknown-model", "", "x.y is not a model of this dump")]


GOOD: dict[FieldKind, list[Value]] = {
    FieldKind.TEXT: ["", "a\n"],
    FieldKind.INTEGER: [0, -(2**70)],
    FieldKind.FLOAT: [1.0, float("nan")],
    FieldKind.DECIMAL: ["12.50", "-1", "1E+3", "NaN"],
    FieldKind.BOOLEAN: [True],
    FieldKind.DATE: ["2026-11-22", "0001-01-01"],
    FieldKind.TIME: ["13:05:00.000000"],
    FieldKind.DATETIME: ["2026-11-22T13:05:00.000001Z", "2026-11-22T13:05:00.000001"],
    FieldKind.DURATION: ["P1DT02H03M04.000005S", "-P1DT02H03M04.000005S"],
    FieldKind.UUID: ["0c9a32de-9a5b-4a62-8d5e-0a3bb6d2c8aa"],
    FieldKind.BINARY: ["", "AAECaGVsbG8="],
    FieldKind.JSON: [JSON_NULL, 1, {"a": []}],
    FieldKind.FILE: ["photos/bread.jpg"],
    FieldKind.REFERENCE: ["a.b:1"],
    FieldKind.REFERENCES: [[], ["a.b:1"]],
    FieldKind.GENERIC: ["c.d:x", {"content_type": None, "object_id": 1}],
    FieldKind.ARRAY: [[1, None]],
    FieldKind.MAPPING: [{"a": "b", "c": None}],
    FieldKind.RANGE: [{"empty": True}, {"bounds": "[)", "lower": 1, "upper": None}],
    FieldKind.GEOMETRY: [
        "POINT(1 2.5)",
        "SRID=4326;POINT Z EMPTY",
        "SRID=4326;LINESTRING M (1 2 3, 1e+16 -0 nan)",
        "POINT EMPTY",
    ],
    FieldKind.CUSTOM: ["", 0, {"a": None}],
    FieldKind.COLUMN: ["x", 1, 1.5, False, {"base64": "AA=="}, {"decimal": "1.5"}],
}
BAD: dict[FieldKind, list[Value]] = {
    FieldKind.TEXT: [1, ["a"]],
    FieldKind.INTEGER: ["1", 1.0, True],
    FieldKind.FLOAT: [1, "1.0", -0.0],
    FieldKind.DECIMAL: [12.5, "12,50", ""],
    FieldKind.BOOLEAN: [0, "true"],
    FieldKind.DATE: ["2026-02-30", "22.11.2026"],
    FieldKind.TIME: ["25:00:00.000000", "13:05"],
    FieldKind.DATETIME: ["2026-11-22", "2026-11-22T13:05:00+01:00"],
    FieldKind.DURATION: ["1 day", 5],
    FieldKind.UUID: ["0C9A32DE-9A5B-4A62-8D5E-0A3BB6D2C8AA", 1],
    FieldKind.BINARY: ["a", "a b="],
    FieldKind.FILE: [1],
    FieldKind.REFERENCE: ["1", 1, "c.d:1"],
    FieldKind.REFERENCES: ["a.b:1", ["c.d:1"], [1]],
    FieldKind.GENERIC: [1, {"object_id": 1}],
    FieldKind.ARRAY: ["a"],
    FieldKind.MAPPING: [{"a": 1}],
    FieldKind.RANGE: [[1, 2], {"lower": 1}],
    FieldKind.GEOMETRY: [[1.0, 2.0], "", "1 2", "SRID=0;POINT(1 2)", "point(1 2)", "POINT()"],
    FieldKind.CUSTOM: [JSON_NULL],
    FieldKind.COLUMN: [[], {}, {"decimal": 1.5}],
}


@pytest.mark.parametrize("kind", FieldKind)
def test_what_a_field_of_each_kind_holds(kind: FieldKind) -> None:
    target = "a.b" if kind in (FieldKind.REFERENCE, FieldKind.REFERENCES) else ""
    field = FieldSchema("f", kind, target=target)
    assert [value for value in GOOD[kind] if misfit(value, field)] == []
    assert [value for value in BAD.get(kind, []) if not misfit(value, field)] == []
    assert misfit(None, field) == "is null, which the field does not accept"
    assert misfit(None, FieldSchema("f", kind, null=True)) == ""


def test_a_geometry_of_a_column_with_an_srid_has_one() -> None:
    field = FieldSchema("f", FieldKind.GEOMETRY, null=True, srid=4326)
    wrong = "has no SRID; a geometry of this field is like SRID=4326;POINT(1 2.5)"
    assert misfit("POINT(1 2)", field) == misfit("POINT EMPTY", field) == wrong
    assert misfit("SRID=4326;POINT(1 2)", field) == misfit(None, field) == ""


def test_a_number_that_is_a_primary_key() -> None:
    field = FieldSchema("f", FieldKind.INTEGER, embeds=True)
    good: list[Value] = [1, "$num(a.b:1)", "$num(a.b:?1)"]
    bad: list[Value] = ["1", "$num(a.b:1) ", "$ref(a.b:1)", "$$num(a.b:1)", ["$num(a.b:1)"]]
    assert [each for each in good if misfit(each, field)] == []
    assert [each for each in bad if not misfit(each, field)] == []
    assert misfit("$num(a.b:1)", FieldSchema("f", FieldKind.INTEGER)) == "is not an integer"


def test_a_misfit_is_told_with_the_value() -> None:
    _, data = written(page(slug=12))
    assert checked(data) == [("wrong-type", "slug", "12 is not text")]


@given(st.binary(max_size=80))
def test_no_bytes_are_too_much(data: bytes) -> None:
    assert check_file(DUMP, "pages.page/0/0/1.json", data).findings
    describe("pages", data)
    list(format_findings(data))
    conflict("x", data)


def test_the_lines_of_fields() -> None:
    _, data = written(page(tags=["pages.tag:a"]))
    lines = data.decode().split("\n")
    found = lines_of(data, ["$key", "author", "tags", "nothing", ""])
    for name in ("$key", "author", "tags"):
        assert lines[found[name] - 1].startswith(f'  "{name}":')
    assert found["nothing"] == 1
    assert "" not in found
    assert lines_of(b'{"$key":1,\n"a":2,\n"b" :3, "c"', ["a", "b", "c"]) == {"a": 2, "b": 3, "c": 1}
    assert lines_of(b'{"x": "\\"a\\":",\n  "a": 2}', ["a"]) == {"a": 2}
    assert lines_of(b'{"x": 1,\n"a": {\n  "a": 2}}', ["a"]) == {"a": 3}  # as written by contentgit
    assert first_difference(data[:-1], data) == (len(lines) - 1, "tags")


# Documents and names


def document(*models: ModelSchema, **keys: Any) -> dict[str, Any]:
    specs = tuple(ModelSpec(each.label, **keys) for each in models)
    return schema_document(Dataset("pages", "", specs), Schema({m.label: m for m in models}))


@pytest.mark.parametrize("odd", [5, {"a": 1}, "tags", [5]])
def test_a_dataset_that_a_stranger_wrote(odd: Any) -> None:
    spec = {"model": "pages.page", "ignore_missing_m2m": odd, "missing": odd}
    data = document(replace(PAGE, unique=(UniqueSet("none", ()),)))
    dump, _ = describe("pages", dump_document({**data, "specs": [spec]}))
    assert dump.lenient == frozenset()
    assert [each.rule for each in checked_tree([page(1), page(2)], [dump])] == []


def test_a_dataset_that_describes_its_dump() -> None:
    dump, found = describe("pages", dump_document(document(PAGE, TAG)))
    assert (dict(dump.models), found) == (MODELS, [])
    assert (dump.filtered, dump.lenient) == (frozenset(), frozenset())
    keys: dict[str, Any] = {"filter": {"pk": 1}, "ignore_missing_m2m": ("tags",)}
    dump, _ = describe("pages", dump_document(document(PAGE, **keys)))
    assert dump.filtered == {"pages.page"}
    assert dump.lenient == {("pages.page", "tags")}
    rules = {"tags": "skip", "parent": "null", "title": "skip"}
    dump, _ = describe("pages", dump_document(document(PAGE, missing=rules)))
    assert dump.lenient == {("pages.page", "tags")}


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"[]",
        b'{"models": {}, "specs": [{"model": []}]}',
        b'{"models": {"a.b": []}, "specs": []}',
        b'{"models": {"a.b": {"fields": {"x": 1}}}, "specs": []}',
        b'{"models": {"a.b": {"fields": [], "key": "integer", "layout": "integer"}}, "specs": []}',
        b'{"models": {}, "specs": ["x"]}',
        b'{"models": {}, "specs": [{"model": {"a": [1]}}]}',
        b'{"a":' * 100_000,
        b'{"models": {}, "specs": [], "history": [{"migration": "a.1", "after": ["a.0"]}]}',
    ],
)
def test_a_dataset_that_describes_none(data: bytes | None) -> None:
    dump, found = describe("pages", data)
    assert [(f.rule, f.path) for f in found] == [("no-schema", "pages/dataset.json")]
    assert not re.search("Error|object has|indices|NoneType|subscript", found[0].message)
    assert dump.document is None


def test_a_dataset_in_the_folder_of_another_and_with_other_bytes() -> None:
    data = dump_document(document(PAGE))
    assert [f.message for f in describe("other", data)[1]] == [
        'describes the dump "pages:", which has another folder'
    ]
    assert [f.rule for f in describe("pages", data.replace(b"\n", b"\r\n"))[1]] == ["non-canonical"]


def test_formats() -> None:
    def rules(data: bytes) -> list[str]:
        return [each.rule for each in format_findings(data)]

    assert rules(b'{\n  "format": 1\n}\n') == []
    assert rules(b'{"format": 1}') == ["non-canonical"]
    assert rules(b'{\n  "format": 2\n}\n') == []
    assert rules(b'{"format": 3}') == ["newer-format"]
    for data in (b"", b"[]", b'{"format": true}', b'{"format": 0}', b'{"format": "1"}'):
        assert rules(data) == ["no-format"]


def test_conflicts_and_modes() -> None:
    label = conflict(".conflicts/1.json", b'{"label": "pages.page:1 title"}')
    assert (label.rule, label.message) == (
        "recorded-conflict",
        "pages.page:1 title is not decided yet",
    )
    assert conflict("x", b"\xff").message == "a conflict is not decided yet"
    assert odd_mode("a/b", "120000").message == (
        "is a symbolic link; contentgit writes plain files only"
    )
    assert odd_mode("a/b", "100755").hint == "git update-index --chmod=-x"


def test_names_that_are_one_where_case_or_form_do_not_count() -> None:
    assert list(clashes("", ["a", "b.json", "Readme", "x%c3"])) == []
    found = list(clashes("pages", ["é", "a", "A", "e\u0301"]))
    assert [(f.rule, f.path) for f in found] == [
        ("case-clash", "pages/e\u0301"),
        ("case-clash", "pages/A"),
    ]
    assert len(list(clashes("", ["a", "a"]))) == 1


# Trees


def test_records_that_go_together_have_no_findings() -> None:
    records = [
        page(1, parent="pages.page:2", tags=["pages.tag:a"]),
        page(2),
        tag("a"),
        page(3, slug="other", parent="pages.page:1"),
    ]
    assert checked_tree(records) == []


def test_references_that_dangle() -> None:
    records = [page(1, parent="pages.page:9", tags=["pages.tag:a"])]
    assert said(checked_tree(records)) == [
        (
            "error", "dangling-reference", "pages/pages.page/0/0/1.json", "parent",
            "refers to pages.page:9, which is not in the tree",
        ),
        (
            "error", "dangling-reference", "pages/pages.page/0/0/1.json", "tags",
            "refers to pages.tag:a, which is not in the tree",
        ),
    ]  # fmt: skip


def test_references_that_may_dangle() -> None:
    records = [page(1, parent="pages.page:9", tags=["pages.tag:a"])]
    lenient = DescribedDump(
        "pages", MODELS, frozenset(["pages.page"]), frozenset([("pages.page", "tags")])
    )
    assert [(f.level, f.field) for f in checked_tree(records, [lenient])] == [
        (Level.WARNING, "parent"),
        (Level.NOTE, "tags"),
    ]


def test_references_that_leave_the_dumps_are_counted() -> None:
    records = [page(key, author="people.person:1") for key in (1, 2)]
    assert said(checked_tree(records)) == [
        (
            "note", "leaves-dumps", "pages/dataset.json", "author",
            "2 references of pages.page author to people.person, which no dump holds",
        )
    ]  # fmt: skip


def test_a_child_without_its_parent() -> None:
    link = FieldSchema("link", FieldKind.INTEGER)
    child = ModelSchema(
        "pages.news", KeyKind.INTEGER, Layout.INTEGER, (link,), parents=("pages.page",)
    )
    dump = DescribedDump("pages", {**MODELS, "pages.news": child})
    news = Record(RecordKey("pages.news", "1"), {"link": 1})
    (found,) = checked_tree([news], [dump])
    assert (found.rule, found.message) == (
        "dangling-reference", "its parent pages.page:1 is not in the tree",
    )  # fmt: skip
    assert checked_tree([news, page(1)], [dump]) == []


def test_values_that_must_be_unique() -> None:
    assert said(checked_tree([page(1, slug="a"), page(2, slug="b"), page(3, slug="a")])) == [
        (
            "error", "duplicate-value", "pages/pages.page/0/0/3.json", "slug",
            'pages.page:1 has slug "a" too, which must be unique',
        )
    ]  # fmt: skip


def test_one_and_true_and_minus_two_are_no_duplicates() -> None:
    field = FieldSchema("v", FieldKind.JSON)
    model = ModelSchema(
        "a.b", KeyKind.INTEGER, Layout.INTEGER, (field,), unique=(UniqueSet("v", ("v",)),)
    )
    values: list[Value] = [1, True, 1.0, "1", -1, -2, [1], {"a": 1}]
    records = [Record(RecordKey("a.b", str(n)), {"v": value}) for n, value in enumerate(values)]
    assert checked_tree(records, [DescribedDump("x", {"a.b": model})]) == []


def test_a_record_in_two_dumps() -> None:
    other = DescribedDump("other", MODELS)
    tree = Tree([DUMP, other])
    path, data = written(page(1))
    assert tree.add(DUMP, page(1), path, blob_id(data), usual=True) == []
    assert tree.add(other, page(1), path, blob_id(data), usual=True) == []
    assert said(tree.findings()) == [
        (
            "note", "duplicate-key", "other/dataset.json", "",
            "1 record is in pages too, with the same content",
        )
    ]  # fmt: skip
    (differing,) = tree.add(other, page(1, slug="b"), path, blob_id(b"x"), usual=True)
    assert differing.level is Level.WARNING
    assert "pages/pages.page/0/0/1.json" in differing.message


def test_a_record_twice_in_one_dump() -> None:
    tree = Tree([DUMP])
    path, data = written(page(1))
    tree.add(DUMP, page(1), "pages.page/1.json", blob_id(data), usual=False)
    (found,) = tree.add(DUMP, page(1), path, blob_id(data), usual=True)
    assert said([found]) == [
        (
            "error", "duplicate-key", "pages/pages.page/0/0/1.json", "",
            "pages.page:1 is in pages/pages.page/1.json too",
        )
    ]  # fmt: skip


def test_circles() -> None:
    assert list(circles({1: 2, 2: 3, 3: 1, 4: 1, 5: 5}, int)) == [[1, 2, 3], [5]]
    assert list(circles({"10": "9", "9": "10"}, int)) == [["9", "10"]]
    assert list(circles({n: n + 1 for n in range(100_000)}, int)) == []
    records = [page(1, parent="pages.page:2"), page(2, parent="pages.page:1"), page(3)]
    assert said(checked_tree(records)) == [
        (
            "error", "cycle", "pages/pages.page/0/0/1.json", "parent",
            "is in a cycle: 1 -> 2 -> 1",
        )
    ]  # fmt: skip


def test_a_record_that_refers_to_itself_may_be_meant() -> None:
    assert said(checked_tree([page(7, parent="pages.page:7")])) == [
        ("warning", "cycle", "pages/pages.page/0/0/7.json", "parent", "refers to itself")
    ]


def test_a_circle_over_a_one_to_one_field_may_be_meant() -> None:
    twin = FieldSchema("twin", FieldKind.REFERENCE, null=True, target="a.b")
    model = ModelSchema(
        "a.b", KeyKind.INTEGER, Layout.INTEGER, (twin,), unique=(UniqueSet("twin", ("twin",)),)
    )
    records = [Record(RecordKey("a.b", a), {"twin": f"a.b:{b}"}) for a, b in ("12", "21")]
    assert [f.level for f in checked_tree(records, [DescribedDump("x", {"a.b": model})])] == [
        Level.WARNING
    ]


def test_a_policy() -> None:
    assert checked_tree([page(1)], forbidden=["auth.*"]) == []
    found = checked_tree([page(1), page(2)], forbidden=["auth.*", "Pages.P*"])
    assert said(found) == [
        (
            "error", "forbidden-model", "pages/pages.page/0/0/1.json", "",
            "2 records of pages.page, which the policy forbids (pages.p*)",
        )
    ]  # fmt: skip
    (found_in_schema,) = checked_tree([], forbidden=["pages.tag"])
    assert found_in_schema.path == "pages/dataset.json"


def test_records_at_the_same_place_of_an_order() -> None:
    fields = (
        FieldSchema("parent", FieldKind.REFERENCE, null=True, target="a.b"),
        FieldSchema("position", FieldKind.INTEGER, null=True, order_within=("parent",)),
    )
    dump = DescribedDump("x", {"a.b": ModelSchema("a.b", KeyKind.INTEGER, Layout.INTEGER, fields)})
    tree = Tree([dump])
    rows = [(1, None, 1), (2, "a.b:1", 1), (3, "a.b:1", 2), (4, None, None), (5, None, None)]
    rows += [(n, "a.b:1", 1) for n in range(10, 18)]
    for key, parent, position in rows:
        record = Record(RecordKey("a.b", str(key)), {"parent": parent, "position": position})
        path, data = written(record, dump)
        assert tree.add(dump, record, path, blob_id(data), usual=True) == []
    message = (
        "1 is the place of 9 records of the same parent; their order is undefined: "
        "2, 10, 11, 12, 13 and 4 more"
    )
    assert said(tree.findings()) == [
        ("warning", "order-tie", "x/a.b/0/0/2.json", "position", message)
    ]


# Beside the code


def test_a_dump_that_is_as_the_code_has_it() -> None:
    described = document(PAGE, TAG)
    assert list(compare(DescribedDump("pages", MODELS, document=described), described)) == []


def test_a_dump_that_is_not_as_the_code_has_it() -> None:
    tree, code = document(PAGE, TAG), document(PAGE, delete_missing=True)
    fields = code["models"]["pages.page"]["fields"]
    fields["new"] = fields.pop("slug")
    fields["tags"] = {"kind": "text"}
    del fields["author"]["null"]
    found = compare(DescribedDump("pages", MODELS, document=tree), code)
    assert [(f.level.value, f.rule, f.field) for f in found] == [
        ("error", "unknown-to-code", "pages.tag"),
        ("error", "unknown-to-code", "slug"),
        ("warning", "not-in-tree", "new"),
        ("warning", "differs-from-code", "author"),
        ("error", "differs-from-code", "tags"),
        ("warning", "differs-from-code", "pages.page"),
    ]
    assert [f.message for f in missing_dumps([DUMP], {"pages": {}, "shop": {}})] == [
        "the code's dataset shop has no dump in the tree"
    ]


def gap(*further: SchemaStep, lacking: Sequence[SchemaStep] = ()) -> CodeGap:
    """Tree and code with one migration each since the one that both have."""
    first, ours, theirs = (
        Migration(f"pages.m{n}", after, tuple(steps))
        for n, (after, steps) in enumerate(
            [((), ()), (("pages.m0",), lacking), (("pages.m0",), further)]
        )
    )
    recorded = Standing((first, ours) if lacking else (first,))
    return CodeGap.between(recorded, Standing((first, theirs)), ("pages.m1",) if lacking else ())


def test_what_migrations_of_the_code_explain_is_one_note() -> None:
    tree, code = document(PAGE, TAG), document(PAGE)
    fields = code["models"]["pages.page"]["fields"]
    fields["new"] = fields.pop("slug")
    fields["tags"] = {"kind": "text"}
    fields["lost"] = {"kind": "text"}
    found = gap(
        RenamedField("pages.page", "slug", "new"),
        RetypedField("pages.page", "tags", Conversion.NONE),
        RemovedModel("pages.tag"),
    )
    assert [(f.level.value, f.rule, f.message) for f in found.findings("pages")] == [
        ("note", "code-ahead", "the code has migrations that the tree does not record: pages.m2")
    ]
    dump = DescribedDump("pages", MODELS, document=tree)
    assert [f.field for f in compare(dump, code, found.explained)] == ["lost"]


def test_what_the_code_lacks_is_one_warning() -> None:
    tree, code = document(PAGE, TAG), document(PAGE)
    del code["models"]["pages.page"]["fields"]["slug"]
    found = gap(lacking=[AddedField("pages.page", "slug"), RenamedModel("pages.word", "pages.tag")])
    code["models"]["pages.word"] = tree["models"]["pages.tag"]
    assert [(f.level.value, f.rule, f.message) for f in found.findings("pages")] == [
        ("warning", "code-behind", "the code lacks migrations that the tree records: pages.m1"),
        ("note", "code-ahead", "the code has migrations that the tree does not record: pages.m2"),
    ]
    dump = DescribedDump("pages", MODELS, document=tree)
    assert list(compare(dump, code, found.explained)) == []


def test_code_that_must_run_is_named_with_the_way_on() -> None:
    (found,) = gap(OpaqueStep("RunPython(split)")).findings("pages")
    assert "contentgit upgrade" in found.hint


# How it is written

EVIL = "x\n::error::pwned\r##[group]\x1b[31m\u202e%,:"


def evil() -> Checked:
    one = finding("wrong-type", EVIL, path=EVIL, record=EVIL, field=EVIL, hint=EVIL)
    two = finding("leaves-dumps", EVIL, path=EVIL)
    return Checked(EVIL, "c" * 40, None, 1, 1, (one,), (two,), dict.fromkeys(Level, 1), 0, {})


def test_nothing_in_content_is_a_command_or_another_line() -> None:
    for line in [*map(str, text_lines(evil())), *github(evil())]:
        body = line.removeprefix("::error ").partition("::")[2] if line[:2] == "::" else line
        assert "::" not in body
        assert "##" not in line
        assert not re.search("[\x00-\x1f\u202e]", line)
    (command,) = github(evil())
    properties = command.removeprefix("::error ").partition("::")[0]
    assert [each.partition("=")[0] for each in properties.split(",")] == ["file", "line", "title"]
    assert "%25%2C%3A" in properties
    assert harmless("a::b ##[x] a.b:1") == "a:\\u003ab #\\u0023[x] a.b:1"


def test_text_groups_by_file_and_counts() -> None:
    found = (
        finding("unknown-field", "no such field", path="a/x.json", record="a.b:1", field="f"),
        finding("order-tie", "tie", path="a/y.json"),
    )
    counts = {Level.ERROR: 1, Level.WARNING: 1, Level.NOTE: 0}
    checked = Checked("HEAD", "c" * 40, "b" * 40, 1, 1200, found, (), counts, 2, {"cycle": 3}, 1)
    assert [str(line) for line in text_lines(checked)] == [
        "a/x.json",
        "  error    unknown-field  a.b:1 f: no such field",
        "a/y.json",
        "  warning  order-tie  tie",
        "3 more of cycle are not listed",
        "2 findings from before the range, not counted",
        "1 merge commit recomputed",
        "1,200 records in 1 dump at cccccccccc: 1 error, 1 warning",
    ]


def test_sarif_has_what_the_standard_requires() -> None:
    log = sarif(evil(), "1.0")
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "contentgit"
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == list(RULES)
    levels = {rule["defaultConfiguration"]["level"] for rule in driver["rules"]}
    assert levels == {"error", "warning", "note"}
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert isinstance(result["message"]["text"], str)
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1


# The page


def test_every_rule_is_in_the_page_with_its_level() -> None:
    text = (ROOT / "docs/check.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", text, re.MULTILINE)
    assert rows == [(rule.id, rule.level.value) for rule in RULES.values()]
