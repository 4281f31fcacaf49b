"""References inside texts and JSON: how they are written, found, and made something else of.

In place of a primary key stands a mark with the key of the record: ``$ref(app.model:key)`` inside a text,
``"$num(app.model:key)"`` for a number of JSON. What looks like a mark in the row itself gets one more ``$``
in front, so that every value can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final

from contentgit.content.layout import decode_part, encode_part, integer_key
from contentgit.content.records import RecordKey, Value

_KEY: Final = r"([a-z0-9_]+\.[a-z0-9_]+:[a-z0-9._%,?~-]+)"
_FIRST: Final = r"\$(?<!\$\$)"  # of a run; what begins with one character is found fast
_MARK: Final = re.compile(rf"{_FIRST}(?:ref|num)\({_KEY}\)")
_IN_BYTES: Final = re.compile(rb"\$(?:ref|num)\(([^()]+)\)")
_NUMBER: Final = re.compile(rf"\$num\({_KEY}\)")
# Possessive, and from the beginning of a run, so that no text is read more than a few times.
_LOOKS_LIKE_ONE: Final = re.compile(rf"{_FIRST}\$*+(?=(?:ref|num)\()")
_WRITTEN: Final = re.compile(rf"{_FIRST}\$*+(ref|num)\((?:{_KEY}\))?")

_DIGITS: Final = 640
"""Digits that Python always reads as a number; no primary key has more."""

_ALIGNED: Final = 40_000
"""So many pairs of marks of two values are compared at most."""

NO_ROW: Final = "0"
"""The primary key that an apply writes inside of a text or JSON where a row is missing (``"null"``)."""

_UNKNOWN: Final = "?"
"""In front of a primary key whose row has no key: no key begins with it."""


def text_mark(key: RecordKey) -> str:
    """What stands in a text in place of the row's primary key."""
    return f"$ref({key})"


def number_mark(key: RecordKey) -> str:
    """The text that stands in JSON in place of the number that is the row's primary key."""
    return f"$num({key})"


def is_number_mark(value: Value) -> bool:
    """Whether the value is the mark of a number, and nothing else."""
    return isinstance(value, str) and bool(_NUMBER.fullmatch(value))


def unknown_row(label: str, pk: str) -> RecordKey:
    """The key in a mark for a row of the model that is not there, or has no key."""
    return RecordKey(label, f"{_UNKNOWN}{encode_part(pk)}")


def unknown_pk(key: RecordKey) -> str | None:
    """The primary key of a row that was not there, in the database where it was committed."""
    if not key.key.startswith(_UNKNOWN):
        return None
    text = key.key[1:]
    try:
        return decode_part(text)
    except ValueError:  # we have not written it; it is no primary key anyway
        return text


def keys_in(value: Value) -> Iterator[RecordKey]:
    """The keys in the marks of a value."""
    for text in _texts(value):
        for found in _MARK.findall(text):
            yield RecordKey.parse(found)


def references_in(data: bytes) -> list[bytes]:
    """The references in what may be marks in the bytes of a record, to tell which records to decode."""
    return _IN_BYTES.findall(data)


def numbers_in(data: bytes, labels: Container[str]) -> Iterator[int]:
    """The numbers of rows of these models that the bytes of a record refer to, also without a row."""
    for found in references_in(data):
        label, _, key = found.decode("utf-8", "replace").partition(":")
        number = integer_key(key.removeprefix(_UNKNOWN)) if label in labels else None
        if number is not None:
            yield number


def redirected(value: Value, name: Callable[[RecordKey], RecordKey]) -> Value:
    """The value with other keys in its marks."""

    def other(found: re.Match[str]) -> str:
        start, end = found.span(1)
        whole, at = found.group(), found.start()
        return f"{whole[: start - at]}{name(RecordKey.parse(found[1]))}{whole[end - at :]}"

    return _mapped(value, lambda text: _MARK.sub(other, text) if "$" in text else text)


def put_again(value: Value, written: Value, whole: Value) -> Value:
    """The value with the keys of ``whole`` in marks where others were ``written``, as far as these are left.

    ``written`` is ``whole`` with other keys; ``value`` is what was edited since.
    """
    own, before, wanted = (_keys_in_order(each) for each in (value, written, whole))
    start, least = 0, min(len(own), len(before))
    while start < least and own[start] == before[start]:
        start += 1
    end = 0
    while end < least - start and own[-1 - end] == before[-1 - end]:
        end += 1
    middles = (each[start : len(each) - end] for each in (own, before, wanted))
    last = wanted[len(wanted) - end :]
    left = iter([*wanted[:start], *_aligned(*middles), *last])
    return redirected(value, lambda _key: next(left))


def _aligned(
    keys: list[RecordKey], before: Sequence[RecordKey], wanted: Sequence[RecordKey]
) -> list[RecordKey]:
    """The keys, with those that are ``wanted`` in place of those that are left of the keys ``before``."""
    # Few databases lack rows.
    from difflib import SequenceMatcher

    if len(keys) == len(before):
        triples = zip(keys, before, wanted, strict=True)
        return [new if key == was else key for key, was, new in triples]
    if len(keys) * len(before) <= _ALIGNED:
        matcher = SequenceMatcher(None, before, keys, autojunk=False)
        for there, here, size in matcher.get_matching_blocks():
            keys[here : here + size] = wanted[there : there + size]
    return keys


def _keys_in_order(value: Value) -> list[RecordKey]:
    found: list[RecordKey] = []

    def note(key: RecordKey) -> RecordKey:
        found.append(key)
        return key

    redirected(value, note)
    return found


def titled(value: Value, titles: Mapping[str, str]) -> Value:
    """The value for people: marks with the title of the record, where there is one by its reference."""

    def with_title(found: re.Match[str]) -> str:
        title = titles.get(found[1])
        return f"{found[0][:-1]} {title})" if title else found[0]

    return _mapped(value, lambda text: _MARK.sub(with_title, text) if "$" in text else text)


def escaped(value: Value) -> Value:
    """The value of a row, before marks are put into it: nothing in it is taken for one."""
    return _mapped(
        value, lambda text: _LOOKS_LIKE_ONE.sub(r"$\g<0>", text) if "$" in text else text
    )


def filled(value: Value, pk: Callable[[RecordKey], str], *, is_number: bool = False) -> Value:
    """The value of the row: its marks are primary keys again, which ``pk`` gives as texts.

    ``is_number`` says that a mark that is the whole value stands for a number.
    """

    def text_of(text: str) -> Value:
        if "$" not in text:
            return text
        if (is_number or not isinstance(value, str)) and (number := _NUMBER.fullmatch(text)):
            return _number(pk(RecordKey.parse(number[1])))
        return _unmarked(text, pk)

    return _mapped(value, text_of)


def _unmarked(text: str, pk: Callable[[RecordKey], str]) -> str:
    pieces, at = [], 0
    for found in _WRITTEN.finditer(text):
        start, end = found.span()
        if text.startswith("$$", start):  # it only looks like a mark
            pieces.append(text[at:start])
            at = start + 1
        elif key := found[2]:
            if found[1] == "num":
                start, end = _with_quotes(text, at, start, end)
            pieces += (text[at:start], pk(RecordKey.parse(key)))
            at = end
    return "".join((*pieces, text[at:])) if pieces else text


def _with_quotes(text: str, at: int, start: int, end: int) -> tuple[int, int]:
    """Where the mark of a number is with its quotes, in JSON inside of a text, and with their backslashes.

    What is before ``at`` is that of another mark.
    """
    if start == at or text[start - 1] != '"':
        return start, end
    first = start - 1
    while first > at and text[first - 1] == "\\":
        first -= 1
    quote = text[first:start]
    return (first, end + len(quote)) if text.startswith(quote, end) else (start, end)


def _number(text: str) -> Value:
    digits = text.removeprefix("-")
    is_number = digits.isdecimal() and digits.isascii() and len(digits) <= _DIGITS
    return int(text) if is_number else text


def _texts(value: Value) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            if "$" in each:
                yield each
        elif isinstance(each, list):
            left += each
        elif isinstance(each, dict):
            left += each.values()


def _mapped(value: Value, text_of: Callable[[str], Value]) -> Value:
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, list):
        return [_mapped(each, text_of) for each in value]
    if isinstance(value, dict):
        return {name: _mapped(each, text_of) for name, each in value.items()}
    return value
