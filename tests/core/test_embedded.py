"""Marks for references inside of texts and JSON."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.content import embedded
from contentgit.content.records import RecordKey

PAGE = RecordKey("cms.page", "7")
PIECES = st.sampled_from(
    ["$", "$$", "ref(", "num(", "$ref(cms.page:7)", '"$num(cms.page:7)"', '\\"', '"', "é", "x", ")"]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def nobody(key: RecordKey) -> str:
    raise AssertionError(f"{key} is in no mark")


@given(VALUES)
def test_a_value_without_references_is_read_back(value: Any) -> None:
    written = embedded.escaped(value)
    assert [*embedded.keys_in(written)] == []
    assert embedded.redirected(written, lambda key: PAGE) == written
    assert embedded.filled(written, nobody) == value


@given(TEXTS, st.sampled_from(['"', "'", ">", " ", ""]), TEXTS)
def test_a_mark_between_texts_is_found(before: str, end: str, after: str) -> None:
    before = f"{before}{end or '='}"
    written = (
        f"{embedded.escaped(before)}{embedded.text_mark(PAGE)}{end or '='}{embedded.escaped(after)}"
    )
    assert [*embedded.keys_in(written)] == [PAGE]
    assert embedded.filled(written, lambda key: "12") == f"{before}12{end or '='}{after}"
    other = embedded.redirected(written, lambda key: RecordKey("cms.page", "8"))
    assert [*embedded.keys_in(other)] == [RecordKey("cms.page", "8")]
    assert embedded.filled(other, lambda key: "12") == f"{before}12{end or '='}{after}"


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_numbers_of_json_that_is_a_text(depth: int) -> None:
    """The quotes go with the mark, however often they are quoted."""
    value: Any = {"page": embedded.number_mark(PAGE), "name": embedded.text_mark(PAGE)}
    for _ in range(depth):
        value = [json.dumps(value)]
    assert [*embedded.keys_in(value)] == [PAGE, PAGE]
    found: Any = embedded.filled(value, lambda key: "12")
    for _ in range(depth):
        found = json.loads(found[0])
    assert found == {"page": 12, "name": "12"}


def test_a_row_that_is_not_there_keeps_its_primary_key() -> None:
    for pk in ("12", "-1", "007", "A b/é?"):
        key = embedded.unknown_row("cms.page", pk)
        value = [embedded.text_mark(key), embedded.number_mark(key)]
        assert [*embedded.keys_in(value)] == [key, key]
        assert embedded.unknown_pk(key) == pk
    assert embedded.unknown_pk(PAGE) is None


@pytest.mark.parametrize("pk", ["", "%zz", "%", "9" * 5000, "%ef%bc%91"])
def test_marks_that_nobody_has_written(pk: str) -> None:
    """A pull request may have any."""
    value = [f"$num(cms.page:?{pk})", f"$ref(cms.page:?{pk})"]
    keys = [*embedded.keys_in(value)]
    assert len(keys) == 2
    found = embedded.filled(value, lambda key: embedded.unknown_pk(key) or "")
    assert all(isinstance(each, str) for each in found)
    assert all(embedded.unknown_pk(key) is not None for key in keys)


@pytest.mark.parametrize(
    "text", ["$" * 100_000, "$" + "\\" * 100_000, '\\"' * 50_000, "$ref(" * 20_000]
)
def test_odd_texts_take_no_longer_than_others(text: str) -> None:
    started = process_time()
    written = embedded.escaped([text])
    assert embedded.filled(written, nobody) == [text]
    assert [*embedded.keys_in(written)] == []
    assert process_time() - started < 5


def test_what_was_written_instead_is_put_back() -> None:
    """By its place among the marks, as far as these are left."""
    one, two, none = (
        RecordKey("cms.page", "1"),
        RecordKey("cms.page", "2"),
        RecordKey("cms.page", "?0"),
    )

    def text(*keys: RecordKey) -> str:
        return " ".join(map(embedded.text_mark, keys))

    whole, written = text(one, two, one), text(one, none, one)
    put = embedded.put_again
    assert put(written, written, whole) == whole
    assert put(f"Now {written}", written, whole) == f"Now {whole}"
    assert put(text(none, one), written, whole) == text(two, one)
    assert put(text(one, two, none, one), written, whole) == text(one, two, two, one)
    assert put(text(none, none, one), written, whole) == text(none, two, one)
    assert put("", written, whole) == ""
    many = [one, none] * 1000
    started = process_time()
    edited = text(*many[1:], *many)
    assert put(edited, text(*many), text(*[one, two] * 1000))
    assert process_time() - started < 5


def test_values_that_are_nested_too_deep() -> None:
    deep: Any = "$"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        embedded.escaped(deep)
