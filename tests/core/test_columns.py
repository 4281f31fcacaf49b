"""Many records written at once: the bytes of each are those of the record alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content.canonical import RecordEncoder
from contentgit.content.columns import RecordsEncoder
from contentgit.content.records import JSON_NULL, Value
from contentgit.content.text import LONG_TEXT
from contentgit.errors import RecordError
from tests.core.golden_records import RECORDS
from tests.core.strategies import field_names, integers, key_values, names, texts, values

ROWS = 6  # so many that they are not written one by one

short = st.text(st.characters(codec=None, categories=None), max_size=12)
floats = st.one_of(
    st.floats(), st.floats(min_value=1e-6, max_value=1e18), st.sampled_from([1e-4, 9.999e-5, 1e16])
)
documents = st.recursive(
    st.one_of(short, floats, st.integers(-9, 9), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(names, short), inner, max_size=3)
    ),
    max_leaves=8,
)
# As columns of databases hold them: a kind for all rows, with NULL among them.
kinds = [
    texts,
    short,
    integers,
    st.one_of(short, st.none()),
    st.one_of(texts, st.none()),
    st.one_of(st.booleans(), st.none()),
    st.one_of(st.integers(-9, 9), st.none()),
    floats,
    st.lists(short, max_size=4),
    st.lists(texts, max_size=2),
    st.lists(documents, max_size=2),
    documents,
    st.dictionaries(names, documents, max_size=3),
    values,
]
columns = st.one_of([st.lists(kind, min_size=ROWS, max_size=ROWS) for kind in kinds])


def one_by_one(fields: Sequence[str], keys: Sequence[Any], found: Sequence[Any]) -> list[bytes]:
    rows = zip(*found, strict=True) if found else [()] * len(keys)
    encode = RecordEncoder("pages.page", fields).encode
    return [encode(key, row) for key, row in zip(keys, rows, strict=True)]


def at_once(fields: Sequence[str], keys: Sequence[Any], found: Sequence[Any]) -> list[bytes]:
    return list(RecordsEncoder("pages.page", fields).encode_all(keys, found))


@settings(deadline=None, max_examples=400)
@given(
    st.lists(key_values, min_size=ROWS, max_size=ROWS),
    st.dictionaries(field_names, columns, max_size=4),
)
def test_records_are_written_as_one_by_one(keys: list[Any], found: dict[str, list[Value]]) -> None:
    fields, written = list(found), list(found.values())
    assert outcome(at_once, fields, keys, written) == outcome(one_by_one, fields, keys, written)


def outcome(write: Callable[..., list[bytes]], *arguments: Any) -> list[bytes] | str:
    """What is written, or why nothing is."""
    try:
        return write(*arguments)
    except RecordError as error:
        return error.message


def test_golden_values_are_written_as_one_by_one() -> None:
    """A column for each golden value, and one with all of them."""
    every = [*chain.from_iterable(record.fields.values() for record, _ in RECORDS.values())]
    for column in ([value] * ROWS for value in every):
        assert at_once(["f"], range(ROWS), [column]) == one_by_one(["f"], range(ROWS), [column])
    keys = range(len(every))
    assert at_once(["f"], keys, [every]) == one_by_one(["f"], keys, [every])


@pytest.mark.parametrize("count", [0, 1, 4, 5, 1000])
@pytest.mark.parametrize(
    "value", ["One. Two. " * 20, "a", ["a", "b"], {"b": [1], "a": {}}, 7, None]
)
def test_any_number_of_records(count: int, value: Value) -> None:
    keys, column = [*range(count)], [value] * count
    assert at_once(["f"], keys, [column]) == one_by_one(["f"], keys, [column])
    assert at_once([], keys, []) == one_by_one([], keys, [])


@pytest.mark.parametrize(
    "value",
    [
        "x" * (LONG_TEXT + 1),
        "first\nsecond",
        "first\rsecond",
        "back\\nslash",
        "\u200b, \x7f and \u202e",
        '",\n  "',
        2**64,
        float("nan"),
        1e16,
        1e-5,
        JSON_NULL,
        [["a", ["b"]], []],
        ["a,\n  b"],
        {"$text": ["a"]},
        {"a": {"$b": 1}},
        {"a": float("inf")},
        {"a": 2**70},
        [[[[[["deep"] * 3] * 3] * 3] * 3] * 3],
        "é",
        "\ud83d",
        ["\ud83d"],
        {"\ud83d": 1},
        {"é": "\u2028"},
    ],
)
def test_one_value_of_another_kind_changes_no_other(value: Value) -> None:
    for usual in ("a", None, 1, ["a"], {"a": 1}):
        column = [usual, usual, value, usual, value, usual]
        assert at_once(["f"], range(6), [column]) == one_by_one(["f"], range(6), [column])


def test_what_has_no_form_is_refused_by_record_and_field() -> None:
    good = [1, 2, 3, 4, 5]
    bad = ["a", "b", object(), "d", object()]
    with pytest.raises(RecordError, match=r"^pages\.page:13: field 'bad': a value of type object"):
        at_once(["good", "bad"], [11, 12, 13, 14, 15], [good, bad])
