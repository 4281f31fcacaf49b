"""Three snapshots become one: examples for each kind of field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contentgit.content.diff import ABSENT
from contentgit.content.records import JSON_NULL, Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.merge import (
    Conflict,
    FieldConflict,
    MergedRecord,
    Place,
    Reason,
    Resolution,
    Side,
    Take,
    merge_record,
    merge_value,
    resolved,
)
from tests.core.oracle import three_way

KEY = RecordKey("pages.page", "1")
PAGE = ModelSchema(
    "pages.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", FieldKind.TEXT),
        FieldSchema("data", FieldKind.JSON, null=True),
        FieldSchema("edited", FieldKind.DATETIME, moment=True),
        FieldSchema("tags", FieldKind.REFERENCES, target="tags.tag"),
        FieldSchema("title", FieldKind.TEXT),
    ),
)
SENTENCES = [f"This is sentence number {n}, of which a text has several. " for n in range(4)]
TEXT = "".join(SENTENCES)


def page(**fields: Any) -> Record:
    return Record(KEY, {"title": "Bread", "body": TEXT, "tags": [], "data": {}, **fields})


def value(kind: FieldKind, base: Any, ours: Any, theirs: Any, **more: Any) -> Any:
    merged, conflicts = merge_value(FieldSchema("f", kind, **more), "f", base, ours, theirs)
    swapped, others = merge_value(FieldSchema("f", kind, **more), "f", base, theirs, ours)
    assert len(conflicts) == len(others)
    if conflicts:
        return "conflict"
    assert merged == swapped
    return merged


def edited(*numbers: int, by: str) -> str:
    return "".join(f"{by} wrote this. " if n in numbers else s for n, s in enumerate(SENTENCES))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("a", "a", "a", "a"),
        ("a", "b", "a", "b"),
        ("a", "a", "b", "b"),
        ("a", "b", "b", "b"),
        ("a", "b", "c", "conflict"),
        (1, True, 1, True),
        (1, 1.0, 1, 1.0),
        (None, 1, None, 1),
        (None, 1, 2, "conflict"),
        (ABSENT, 1, 2, "conflict"),
        (ABSENT, ABSENT, 2, 2),
        ("a", ABSENT, "a", ABSENT),
        ("a", ABSENT, "b", "b"),
    ],
)
def test_a_value_that_is_one_piece(base: Any, ours: Any, theirs: Any, expected: Any) -> None:
    merged = value(FieldKind.INTEGER, base, ours, theirs)
    assert merged == expected
    assert type(merged) is type(expected)


def test_sentences_edited_on_both_sides_are_both_taken_also_neighbours() -> None:
    ours, theirs = edited(1, by="Ann"), edited(2, by="Ben")
    expected = "".join([SENTENCES[0], "Ann wrote this. ", "Ben wrote this. ", SENTENCES[3]])
    assert value(FieldKind.TEXT, TEXT, ours, theirs) == expected


def test_the_same_sentence_edited_on_both_sides_is_a_conflict() -> None:
    assert value(FieldKind.TEXT, TEXT, edited(1, by="Ann"), edited(1, by="Ben")) == "conflict"


def test_the_same_edit_of_both_sides_and_another_one() -> None:
    ours, theirs = edited(1, by="Ann"), edited(1, by="Ann").replace(SENTENCES[3], "The end. ")
    assert value(FieldKind.TEXT, TEXT, ours, theirs) == theirs


def test_two_sentences_put_in_at_one_place_have_no_order() -> None:
    assert value(FieldKind.TEXT, TEXT, TEXT + "Ann. ", TEXT + "Ben. ") == "conflict"
    assert value(FieldKind.TEXT, TEXT, TEXT + "Ann. ", TEXT + "Ann. ") == TEXT + "Ann. "


def test_a_sentence_put_in_beside_one_that_was_edited_is_a_conflict() -> None:
    put_in = "".join([*SENTENCES[:2], "Ben put this in. ", *SENTENCES[2:]])
    assert value(FieldKind.TEXT, TEXT, edited(1, by="Ann"), put_in) == "conflict"
    expected = put_in.replace(SENTENCES[0], "Ann wrote this. ")
    assert value(FieldKind.TEXT, TEXT, edited(0, by="Ann"), put_in) == expected


def test_a_short_text_is_one_piece() -> None:
    assert value(FieldKind.TEXT, "One. Two.", "Uno. Two.", "One. Due.") == "conflict"


def test_sets_never_contradict_each_other() -> None:
    base = ["tags.tag:2", "tags.tag:10"]
    ours = ["tags.tag:1", "tags.tag:2"]
    theirs = ["tags.tag:2", "tags.tag:10", "tags.tag:11"]
    expected = ["tags.tag:1", "tags.tag:2", "tags.tag:11"]
    assert value(FieldKind.REFERENCES, base, ours, theirs) == expected


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("abc", "cab", "abc", "cab"),
        ("abc", "bac", "abcd", "bacd"),
        ("abc", "abcx", "yabc", "yabcx"),
        ("abc", "ac", "abcd", "acd"),
        ("abcd", "bacd", "abdc", "badc"),
        ("ab", "abx", "aby", "abxy"),
        ("abc", "cab", "cab", "cab"),
        ("abc", "a", "b", ""),
        ("abcd", "dabc", "bcda", "dbca"),
        ("abcd", "dabc", "adbc", "conflict"),
    ],
)
def test_lists_keep_the_changes_of_both_sides(
    base: str, ours: str, theirs: str, expected: str
) -> None:
    lists = [[f"tags.tag:{each}" for each in side] for side in (base, ours, theirs)]
    merged = value(FieldKind.REFERENCES, *lists, ordered=True)
    assert merged == (expected if expected == "conflict" else [f"tags.tag:{e}" for e in expected])


def test_a_list_in_conflict_loses_nobody() -> None:
    base, ours, theirs = ([f"tags.tag:{each}" for each in side] for side in ("abc", "cabx", "bcay"))
    schema = FieldSchema("f", FieldKind.REFERENCES, ordered=True)
    for prefer, start in ((None, "c"), (Side.OURS, "c"), (Side.THEIRS, "b")):
        merged, conflicts = merge_value(schema, "f", base, ours, theirs, prefer)
        if conflicts:
            assert conflicts == (FieldConflict("f", base, ours, theirs),)
            assert merged[0] == f"tags.tag:{start}"
        assert sorted(merged) == [f"tags.tag:{each}" for each in "abcxy"]


def test_what_is_no_list_of_references_is_one_piece() -> None:
    assert value(FieldKind.REFERENCES, [], ["tags.tag:1"], "tags") == "conflict"
    assert value(FieldKind.REFERENCES, [], ["tags.tag:1"], [3]) == "conflict"


def test_json_is_merged_by_key_to_any_depth() -> None:
    base = {"a": {"x": 1, "y": 1}, "b": 1, "c": 1}
    ours = {"a": {"x": 2, "y": 1}, "b": 1, "d": JSON_NULL}
    theirs = {"a": {"x": 1, "y": 2}, "b": 2, "c": 1}
    assert value(FieldKind.JSON, base, ours, theirs) == {
        "a": {"x": 2, "y": 2}, "b": 2, "d": JSON_NULL,
    }  # fmt: skip


def test_a_json_conflict_tells_its_path() -> None:
    base, ours, theirs = {"a": {"x": 1}}, {"a": {"x": 2}}, {"a": {"x": 3}}
    schema = FieldSchema("data", FieldKind.JSON)
    merged, conflicts = merge_value(schema, "data", base, ours, theirs)
    assert conflicts == (FieldConflict("data", 1, 2, 3, ("a", "x")),)
    assert merged == ours
    assert merge_value(schema, "data", base, ours, theirs, Side.THEIRS)[0] == theirs


def test_a_key_taken_out_here_and_edited_there_is_a_conflict() -> None:
    assert value(FieldKind.JSON, {"a": 1}, {}, {"a": 2}) == "conflict"
    assert value(FieldKind.JSON, {"a": 1}, {}, {"a": 1}) == {}


def test_json_lists_are_merged_by_id() -> None:
    base = [{"id": 1, "t": "a"}, {"id": "1", "t": "b"}, {"id": 3, "t": "c"}]
    ours = [{"id": 1, "t": "A"}, {"id": "1", "t": "b"}, {"id": 3, "t": "c"}, {"id": 4}]
    theirs = [{"id": 1, "t": "a", "u": 1}, {"id": 3, "t": "C"}]
    merged = [{"id": 1, "t": "A", "u": 1}, {"id": 3, "t": "C"}, {"id": 4}]
    assert value(FieldKind.JSON, base, ours, theirs) == merged
    theirs.append({"id": 5})  # in the place of 4
    assert value(FieldKind.JSON, base, ours, theirs) == "conflict"


def test_a_list_element_taken_out_here_and_edited_there_is_a_conflict() -> None:
    base = [{"id": 1}, {"id": 2}]
    assert value(FieldKind.JSON, base, [{"id": 1}], [{"id": 1}, {"id": 2, "x": 1}]) == "conflict"


def test_lists_without_ids_are_one_piece() -> None:
    assert value(FieldKind.JSON, [1, 2, 3], [0, 1, 2, 3], [1, 2, 3, 4]) == "conflict"
    assert value(FieldKind.JSON, [{"id": 1}], [{"id": True}], [{"id": 1}, {"id": 2}]) == "conflict"
    assert value(FieldKind.ARRAY, [1], [1, 2], [0, 1]) == "conflict"


def test_hstore_is_merged_by_key() -> None:
    merged = value(FieldKind.MAPPING, {"a": "1"}, {"a": "2"}, {"a": "1", "b": None})
    assert merged == {"a": "2", "b": None}


def test_of_two_moments_the_newer_one_is_taken() -> None:
    older, newer = "2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"
    moment = value(FieldKind.DATETIME, "2025-01-01T00:00:00.000000Z", older, newer, moment=True)
    assert moment == newer
    assert value(FieldKind.DATETIME, "2025-01-01T00:00:00.000000Z", older, newer) == "conflict"


def test_edits_of_different_fields_are_both_taken() -> None:
    ours, theirs = page(title="Rolls"), page(tags=["tags.tag:1"])
    merged = merge_record(page(), ours, theirs, PAGE)
    assert merged == MergedRecord(page(title="Rolls", tags=["tags.tag:1"]))


def test_a_record_deleted_on_one_side_and_left_alone_on_the_other_is_deleted() -> None:
    assert merge_record(page(), None, page(), PAGE) == MergedRecord(None)
    assert merge_record(page(), page(), None, PAGE) == MergedRecord(None)
    assert merge_record(page(), None, None, PAGE) == MergedRecord(None)


def test_a_record_deleted_here_and_edited_there_is_a_conflict() -> None:
    merged = merge_record(page(), None, page(title="Rolls"), PAGE)
    fields = (FieldConflict("title", "Bread", ABSENT, "Rolls"),)
    assert merged == MergedRecord(None, Conflict(KEY, Reason.DELETED_BY_US, fields))
    preferred = merge_record(page(), None, page(title="Rolls"), PAGE, Side.THEIRS)
    assert preferred.record == page(title="Rolls")
    other = merge_record(page(), page(title="Rolls"), None, PAGE)
    assert other.conflict == Conflict(
        KEY, Reason.DELETED_BY_THEM, (FieldConflict("title", "Bread", "Rolls", ABSENT),)
    )
    assert other.record == page(title="Rolls")


def test_a_record_deleted_here_and_only_computed_anew_there_is_deleted() -> None:
    count = FieldSchema("count", FieldKind.INTEGER, derived=True)
    schema = replace(PAGE, fields=(*PAGE.fields, count))
    base, counted = page(count=1), page(count=2)
    assert merge_record(base, None, counted, schema) == MergedRecord(None)
    assert merge_record(base, counted, None, schema) == MergedRecord(None)
    edited = page(count=2, title="Rye")
    conflict = merge_record(base, None, edited, schema).conflict
    assert conflict is not None
    assert [each.name for each in conflict.fields] == ["title"]


MONEY = replace(
    PAGE,
    fields=(FieldSchema("amount", FieldKind.DECIMAL), FieldSchema("currency", FieldKind.TEXT)),
    together=(("amount", "currency"),),
)


def money(amount: str, currency: str | None) -> Record:
    return Record(KEY, {"amount": amount} | ({"currency": currency} if currency else {}))


def test_fields_that_are_one_value_come_from_one_side() -> None:
    base = money("100", "EUR")
    for side in (money("120", "EUR"), money("100", "JPY"), money("120", "JPY")):
        assert merge_record(base, side, base, MONEY) == MergedRecord(side)
        assert merge_record(base, base, side, MONEY) == MergedRecord(side)
        assert merge_record(base, side, side, MONEY) == MergedRecord(side)


def test_fields_that_are_one_value_conflict_together() -> None:
    base, ours, theirs = money("100", "EUR"), money("120", "EUR"), money("100", "JPY")
    merged = merge_record(base, ours, theirs, MONEY)
    assert merged.record == ours
    assert merged.conflict == Conflict(
        KEY,
        Reason.EDITED,
        (
            FieldConflict("amount", "100", "120", "100"),
            FieldConflict("currency", "EUR", "EUR", "JPY"),
        ),
    )
    assert merge_record(base, ours, theirs, MONEY, Side.THEIRS).record == theirs


def test_a_part_of_a_value_that_came_with_a_migration_is_no_change_of_it() -> None:
    base, dearer = money("100", None), money("120", "EUR")
    for sides in ((dearer, money("100", "EUR")), (money("100", "EUR"), dearer)):
        assert merge_record(base, *sides, MONEY) == MergedRecord(dearer)
    assert merge_record(base, dearer, money("100", "JPY"), MONEY).conflict
    assert merge_record(base, money("120", None), money("100", "EUR"), MONEY) == MergedRecord(
        dearer
    )


def test_a_side_is_taken_as_a_whole_also_where_both_agree_in_a_part() -> None:
    base, ours, theirs = money("100", "EUR"), money("120", "JPY"), money("130", "JPY")
    merged = merge_record(base, ours, theirs, MONEY)
    assert merged.conflict
    assert [each.name for each in merged.conflict.fields] == ["amount"]
    take = Resolution(Place(KEY, "amount"), take=Take.BASE)
    assert resolved(merged, base, ours, theirs, [take], MONEY) == MergedRecord(base)
    merged = merge_record(base, money("120", "EUR"), money("100", "JPY"), MONEY)
    take = Resolution(Place(KEY, "currency"), take=Take.THEIRS)
    found = resolved(merged, base, money("120", "EUR"), money("100", "JPY"), [take], MONEY)
    assert found == MergedRecord(money("100", "JPY"))


def test_a_value_of_ones_own_goes_to_one_field_and_leaves_the_others_open() -> None:
    base, ours, theirs = money("100", "EUR"), money("120", "EUR"), money("100", "JPY")
    merged = merge_record(base, ours, theirs, MONEY)
    own = [Resolution(Place(KEY, "amount"), value="115")]
    found = resolved(merged, base, ours, theirs, own, MONEY)
    assert found.record == money("115", "EUR")
    assert found.conflict
    assert [each.name for each in found.conflict.fields] == ["currency"]
    own.append(Resolution(Place(KEY, "currency"), value="CHF"))
    assert resolved(merged, base, ours, theirs, own, MONEY) == MergedRecord(money("115", "CHF"))


def test_fields_with_rules_of_their_own_stay_out_of_groups() -> None:
    edited = FieldSchema("edited", FieldKind.DATETIME, moment=True)
    schema = replace(
        MONEY, fields=(*MONEY.fields, edited), together=(("amount", "edited"), ("currency", "x"))
    )
    assert schema.companions("amount") == ("amount",)
    assert schema.companions("x") == ("currency", "x")
    overlapping = replace(MONEY, together=(("a", "b"), ("c", "d"), ("d", "b")))
    assert overlapping.companions("c") == ("a", "b", "c", "d")


def test_a_record_added_on_both_sides_is_a_conflict_where_it_differs() -> None:
    assert merge_record(None, page(), page(), PAGE) == MergedRecord(page())
    merged = merge_record(None, page(), page(title="Rolls"), PAGE)
    assert merged.conflict == Conflict(
        KEY, Reason.ADDED, (FieldConflict("title", ABSENT, "Bread", "Rolls"),)
    )


def test_a_field_that_one_side_does_not_manage_is_no_edit() -> None:
    narrow = Record(KEY, {"title": "Bread"})
    assert merge_record(page(), narrow, None, PAGE) == MergedRecord(None)
    merged = merge_record(page(), narrow, page(body="short"), PAGE)
    assert merged == MergedRecord(Record(KEY, {"title": "Bread", "body": "short"}))


def test_snapshots_are_merged_record_by_record() -> None:
    gone, new = RecordKey("pages.page", "2"), RecordKey("pages.page", "10")
    base = {KEY: page(), gone: Record(gone, {"title": "Old"})}
    ours = {KEY: page(title="Rolls"), new: Record(new, {"title": "New"})}
    theirs = {KEY: page(title="Buns"), gone: Record(gone, {"title": "Old"})}
    merge = three_way(base, ours, theirs, {"pages.page": PAGE})
    assert merge.records == ours
    assert [(each.key, each.reason) for each in merge.conflicts] == [(KEY, Reason.EDITED)]
    preferred = three_way(base, ours, theirs, {"pages.page": PAGE}, Side.THEIRS)
    assert preferred.records == {KEY: page(title="Buns"), new: ours[new]}


# Derived fields


@pytest.mark.parametrize(
    ("kind", "base", "ours", "theirs", "expected"),
    [
        (FieldKind.INTEGER, 3, 4, 4, 5),
        (FieldKind.INTEGER, 3, 4, 2, 3),
        (FieldKind.INTEGER, 3, 4, 3, 4),
        (FieldKind.INTEGER, 3, 3, 3, 3),
        (FieldKind.INTEGER, 2**70, 2**70 + 1, 2**70 + 1, 2**70 + 2),
        (FieldKind.INTEGER, ABSENT, 4, 5, 5),
        (FieldKind.INTEGER, None, 4, 4, 4),
        (FieldKind.INTEGER, 3, None, 4, None),
        (FieldKind.INTEGER, 3, ABSENT, 4, 4),
        (FieldKind.INTEGER, 3, ABSENT, 3, ABSENT),
        (FieldKind.INTEGER, 3, ABSENT, ABSENT, ABSENT),
        (FieldKind.DECIMAL, "1.50", "2.00", "2.00", "2.50"),
        (FieldKind.DECIMAL, "0.10", "-0.20", "0.20", "-0.10"),
        (FieldKind.DECIMAL, f"1{40 * '0'}.01", "0.00", "0.02", f"-{40 * '9'}.99"),
        (FieldKind.DECIMAL, "1.50", "NaN", "2.00", "NaN"),
        (FieldKind.DECIMAL, "1E+999999999", "2.00", "3.00", "3.00"),
        (FieldKind.TEXT, "a", "b", "c", "c"),
        (FieldKind.TEXT, "a", "b", "b", "b"),
        (FieldKind.REFERENCES, [], ["a.b:1"], ["a.b:2"], ["a.b:2"]),
    ],
)
def test_derived_values_never_conflict(
    kind: FieldKind, base: Any, ours: Any, theirs: Any, expected: Any
) -> None:
    assert value(kind, base, ours, theirs, derived=True) == expected


def test_auto_now_stays_the_newer_one_where_it_is_declared_derived() -> None:
    days = [f"2026-11-{day}" for day in (20, 21, 22)]
    assert value(FieldKind.DATE, *days, moment=True, derived=True) == days[2]


def test_a_record_with_a_derived_field_that_both_sides_moved_alike() -> None:
    schema = replace(PAGE, fields=(*PAGE.fields, FieldSchema("n", FieldKind.INTEGER, derived=True)))
    merged = merge_record(page(n=3), page(n=4), page(n=4, title="Rye"), schema)
    assert merged == MergedRecord(page(n=5, title="Rye"))
