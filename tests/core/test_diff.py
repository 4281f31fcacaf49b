"""The algebra of changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content.diff import ABSENT, Change, Delta, FieldChange, deltas
from contentgit.content.records import Record, RecordKey, Value
from tests.core.oracle import between, inverted, patch

KEY = RecordKey("pages.page", "1")


def record(**fields: Value) -> Record:
    return Record(KEY, fields)


small_values = st.sampled_from([None, 0, False, 0.0, -0.0, 1, True, "a", float("nan"), [1], [True]])
small_fields = st.dictionaries(st.sampled_from("abc"), small_values)
small_keys = st.builds(RecordKey, st.just("a.b"), st.sampled_from(["1", "2", "10", "x", "-1"]))


@st.composite
def snapshots(draw: st.DrawFn) -> dict[RecordKey, Record]:
    contents: Mapping[RecordKey, dict[str, Value]] = draw(st.dictionaries(small_keys, small_fields))
    return {key: Record(key, fields) for key, fields in contents.items()}


def identical(a: Mapping[RecordKey, Record], b: Mapping[RecordKey, Record]) -> bool:
    """Equality that tells 1 from True and knows NaN, without :func:`same`."""
    return sorted(map(repr, a.items())) == sorted(map(repr, b.items()))


def normal(snapshot: Mapping[RecordKey, Record]) -> dict[RecordKey, Record]:
    return {key: Record(key, dict(sorted(each.fields.items()))) for key, each in snapshot.items()}


@settings(deadline=None)
@given(snapshots())
def test_nothing_lies_between_a_snapshot_and_itself(a: dict[RecordKey, Record]) -> None:
    assert list(between(a, a)) == []
    assert list(between(a, normal(a))) == []


@settings(deadline=None)
@given(snapshots(), snapshots())
def test_what_lies_between_leads_from_one_to_the_other(
    a: dict[RecordKey, Record], b: dict[RecordKey, Record]
) -> None:
    changes = list(between(a, b))
    there = patch(a, changes)
    assert identical(normal(there), normal(b))
    assert identical(normal(patch(there, [inverted(change) for change in changes])), normal(a))
    assert [change.key for change in changes] == sorted(change.key for change in changes)


@settings(deadline=None)
@given(snapshots(), snapshots())
def test_the_way_back_is_the_inverted_way(
    a: dict[RecordKey, Record], b: dict[RecordKey, Record]
) -> None:
    there = [repr(inverted(change).fields) for change in between(a, b)]
    back = [repr(change.fields) for change in between(b, a)]
    assert there == back


def test_an_update_names_what_differs_and_both_manage() -> None:
    change = Change(KEY, record(b=1, a=1, only=1, c=None), record(b=True, a=1, new=2, c=""))
    assert change.kind == "update"
    assert change.fields == (FieldChange("b", 1, True), FieldChange("c", None, ""))
    assert inverted(change).fields == (FieldChange("b", True, 1), FieldChange("c", "", None))


def test_a_created_record_has_all_its_fields() -> None:
    change = Change(KEY, None, record(b=None, a=1))
    assert change.kind == "create"
    assert change.fields == (FieldChange("a", ABSENT, 1), FieldChange("b", ABSENT, None))
    assert inverted(change).kind == "delete"
    assert inverted(change).fields == (FieldChange("a", 1, ABSENT), FieldChange("b", None, ABSENT))


def test_of_whole_records_a_field_of_one_side_alone_is_a_change() -> None:
    before, after = record(a=1, b="", c="x"), record(a=1, d=False, e=None)
    found = Change(KEY, before, after, whole=True).fields
    assert found == (FieldChange("c", "x", ABSENT), FieldChange("d", ABSENT, False))
    assert Change(KEY, before, after).fields == ()


def test_a_value_that_a_commit_cannot_say_is_a_change() -> None:
    before, after = record(a=1, c="x"), record(a=1, b=2, d=3, e="")
    found = Change(KEY, before, after, unsaid=frozenset("bce")).fields
    assert found == (FieldChange("b", ABSENT, 2),)


def test_other_managed_fields_are_a_change_without_changed_fields() -> None:
    a, b = {KEY: record(a=1)}, {KEY: record(a=1, b=2)}
    (change,) = between(a, b)
    assert change.kind == "update"
    assert change.fields == ()
    assert patch(a, [change]) == b


def test_a_change_has_a_side() -> None:
    with pytest.raises(ValueError, match=r"^pages\.page:1: a change has a before or an after$"):
        Change(KEY, None, None)


def test_changes_come_by_key() -> None:
    keys = [RecordKey("a.b", key) for key in ("x", "10", "9", "-1")] + [RecordKey("a.a", "z")]
    changes = between({}, {key: Record(key, {}) for key in keys})
    assert [str(change.key) for change in changes] == [
        "a.a:z",
        "a.b:-1",
        "a.b:9",
        "a.b:10",
        "a.b:x",
    ]


def test_ids_are_compared_as_a_stream() -> None:
    commit = {"same": "1", "changed": "2", "gone": "3"}
    rows = iter([("new", KEY, "5"), ("same", KEY, "1"), ("changed", KEY, "6")])
    found = deltas(rows, commit)
    assert next(found) == Delta(KEY, "new", "5", "")
    assert list(found) == [Delta(KEY, "changed", "6", "2")]
    assert commit == {"gone": "3"}


def test_a_delta_has_a_row_where_the_database_has_the_record() -> None:
    assert Delta(KEY, "path", "1", "").row == KEY
    assert Delta(KEY, "path", "", "1").row is None
