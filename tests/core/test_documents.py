"""Plain JSON documents: always the same bytes, and strictly read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content.documents import UNSEEN, dump_document, has_unseen, parse_document
from contentgit.errors import FormatError, RecordError


def test_bytes() -> None:
    value = {"b": [1, 2.5, None, True], "a": {}, "é": "\u202e😀\x7f", "c": [], "d": 10**30}
    assert dump_document(value).decode() == (
        "{\n"
        '  "a": {},\n'
        '  "b": [\n    1,\n    2.5,\n    null,\n    true\n  ],\n'
        '  "c": [],\n'
        '  "d": 1000000000000000000000000000000,\n'
        '  "é": "\\u202e😀\\u007f"\n'
        "}\n"
    )


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@settings(deadline=None)
@given(json_values)
def test_a_document_and_back(value: Any) -> None:
    data = dump_document(value)
    assert parse_document(data) == value
    assert dump_document(parse_document(data)) == data
    assert UNSEEN.search(data.decode()) is None


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], object(), {(1,): 2}, {"a": b""}])
def test_what_json_has_no_form_for(value: object) -> None:
    with pytest.raises(RecordError, match=r"^this cannot be written as JSON: "):
        dump_document(value)


def test_endless_documents_are_refused() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RecordError, match=r"^this cannot be written as JSON: "):
        dump_document(value)


@pytest.mark.parametrize("depth", [257, 5_000, 100_000])
def test_deep_documents_are_refused_by_every_python_alike(depth: int) -> None:
    for start, end in ((b"[", b"]"), (b'{"a":[', b"]}")):
        with pytest.raises(FormatError, match="lists and objects are nested more than 256"):
            parse_document(start * depth + end * depth)
    parse_document(b"[" * 256 + b"]" * 256)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"a": 1,}', "not JSON: "),
        (b'{"a": {"b": 1, "b": 1}}', 'the name "b" occurs twice in one object'),
        (b"[NaN]", "NaN is not a JSON number"),
        (b"1e400", "no float can hold 1e400"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"1" * 5000, "an integer has too many digits"),
    ],
)
def test_what_is_no_document(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_document(data)
    assert caught.value.message.startswith(message)


def test_unseen_characters_are_found_in_utf8() -> None:
    characters = [chr(number) for number in range(0x110000) if not 0xD800 <= number < 0xE000]
    found = [each for each in characters if has_unseen(f"é{each}世".encode())]
    assert found == [each for each in characters if UNSEEN.match(each)]
    assert has_unseen(b"\x7f")
