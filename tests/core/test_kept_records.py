"""Records that an apply keeps come back as they were, or are read from git again."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.canonical import same
from contentgit.content.records import JSON_NULL, Record, RecordKey
from contentgit.workingcopy.kept_records import KeptRecords
from tests.core.strategies import records

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
