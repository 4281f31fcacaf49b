"""Records that an apply keeps come back as they were, or are read from git again."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.canonical import same
from contentgit.content.records import JSON_NULL, Record, RecordKey, Value
from contentgit.workingcopy.kept_records import KeptRecords
from tests.core.strategies import records, values

KEY = RecordKey("pages.page", "1")


@given(st.lists(records))
def test_what_is_kept_is_the_record(found: list[Record]) -> None:
    kept = KeptRecords()
    for number, record in enumerate(found):
        kept.add(str(number), record)
    for number, record in enumerate(found):
        if "JSON_NULL" not in repr(record):
            again = kept[str(number)]
            assert (again.key, list(again.fields)) == (record.key, list(record.fields))
            assert same(again.fields, record.fields)


LIKE: list[Value] = [
    0, False, 0.0, -0.0, 1, True, 1.0, "1", None, "", [], {}, [1], [True], {"a": 1}, {"a": True},
    {"b": [1, {"c": 1, "a": 2}]}, {"b": [1, {"a": 2, "c": 1}]}, "é", "e\u0301", "\ud83d",
]  # fmt: skip


@given(st.one_of(st.sampled_from(LIKE), values), st.one_of(st.sampled_from(LIKE), values))
def test_a_row_is_like_a_record_if_it_is_the_same(there: Value, here: Value) -> None:
    kept = KeptRecords()
    kept.add("blob", Record(KEY, {"a": "x", "b": there}))
    for value in (there, here):
        found = [*kept.alike({KEY: "blob"}, ["b", "a"], [(KEY, [value, "x"])])]
        assert not found or same(there, value)
        if value is there and "JSON_NULL" not in repr(there):
            assert found == [KEY]


def test_the_order_of_names_in_an_object_makes_no_difference() -> None:
    kept = KeptRecords()
    kept.add("blob", Record(KEY, {"a": [{"b": 1, "c": {"d": 2, "e": 3}}]}))
    row = [[{"c": {"e": 3, "d": 2}, "b": 1}]]
    assert [*kept.alike({KEY: "blob"}, ["a"], [(KEY, row)])] == [KEY]


def test_what_cannot_be_kept_is_not() -> None:
    kept = KeptRecords()
    kept.add("null", Record(KEY, {"data": {"a": [JSON_NULL]}}))
    kept.add("large", Record(KEY, {"text": "x" * 300_000}))
    kept.add("plain", Record(KEY, {"text": "x"}))
    assert [name in kept for name in ("null", "large", "plain")] == [False, False, True]


def test_there_is_room_for_so_many_bytes() -> None:
    kept = KeptRecords(room=1000)
    for number in range(10):
        kept.add(str(number), Record(KEY, {"text": "x" * 300}))
    assert [str(number) in kept for number in range(10)] == [True] * 4 + [False] * 6
    assert kept["3"].fields == {"text": "x" * 300}


def test_a_full_disk_ends_it() -> None:
    kept = KeptRecords()
    with files_of_at_most(1000):
        for number in range(10):
            kept.add(str(number), Record(KEY, {"text": "x" * 300}))
    assert [str(number) in kept for number in range(10)] == [True] * 3 + [False] * 7
    assert kept["2"].fields == {"text": "x" * 300}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
