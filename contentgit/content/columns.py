"""Many records of one model at once; the bytes are those of :mod:`contentgit.content.canonical`.

The fast writer takes the values of a column in one call, whose lines are then cut into values: that costs a
fraction of a call for each value. What it does not write exactly is written value by value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any, Final

from contentgit.content.canonical import RecordEncoder, encode_value, written_key
from contentgit.content.documents import escaped, has_unseen
from contentgit.content.fast_json import FAILURES, LINES, SORTED, dumps
from contentgit.content.portions import batches
from contentgit.content.records import Value
from contentgit.content.text import LONG_TEXT, SHORT_TEXT, in_segments, segments
from contentgit.errors import RecordError

_FEW: Final = 4
"""So many records are written one by one: they may be large, and so one is held at a time."""

_AT_ONCE: Final = 200
"""Texts in segments that are written together; more would only take more room."""

_TEXT: Final = frozenset({str})
_SCALARS: Final = frozenset({str, int, bool, type(None)})
_NESTED: Final = frozenset({list, dict})

_NEXT: Final = re.compile(rb",\n  (?! )")
"""What is between two values of the outermost list: within strings line ends are escaped."""

_LOWEST, _HIGHEST = 1e-4, 1e16
"""Floats between these, and zeros, are written without an exponent by all."""

_MOST: Final = 100
"""Lists and objects in one value; of more it has to be looked at how deep they lie in each other."""


class RecordsEncoder(RecordEncoder):
    """Writes many records of one model that all have the same fields."""

    def encode_all(
        self, keys: Sequence[int | str | Sequence[int | str]], columns: Sequence[Sequence[Value]]
    ) -> Iterator[bytes]:
        """The bytes of the records with these ``$key``; a column has the values of a field, in their order.

        Raises:
            RecordError: a value is no content value; the message names record and field.
        """
        kinds = [{*map(type, column)} for column in columns]
        if len(keys) > _FEW and not any(map(_has_long, columns, kinds)):
            try:
                return self._joined(keys, columns, kinds)
            except RecordError:
                pass  # to write them one by one tells of which record it is
        rows = zip(*columns, strict=True) if columns else repeat((), len(keys))
        return map(self.encode, keys, rows)

    def _joined(
        self, keys: Sequence[Any], columns: Sequence[Sequence[Value]], kinds: Sequence[set[type]]
    ) -> Iterator[bytes]:
        parts: list[Iterable[bytes]] = [repeat(self._head), [*map(written_key, keys)]]
        before = self._model
        for name, index, _ in self._fields:
            parts += [repeat(before + name), _column(columns[index], kinds[index])]
            before = b""
        return map(b"".join, zip(*parts, repeat(before + self._end), strict=False))


def _has_long(column: Sequence[Value], kinds: set[type]) -> bool:
    return str in kinds and max(map(len, _texts(column, kinds))) > LONG_TEXT


def _texts(column: Sequence[Value], kinds: set[type]) -> Sequence[str]:
    return column if kinds == _TEXT else [each for each in column if type(each) is str]


def _column(values: Sequence[Value], kinds: set[type]) -> Sequence[bytes]:
    """The bytes of each value.

    Raises:
        RecordError: one is no content value.
    """
    found: Sequence[bytes] | None = None
    if kinds <= _SCALARS:
        found = _scalars(values, kinds)
    elif kinds == {list}:
        found = _lists(values)
    if found is None and kinds & _NESTED:
        found = _nested(values)
    return [*map(encode_value, values)] if found is None else found


def _scalars(values: Sequence[Value], kinds: set[type]) -> Sequence[bytes] | None:
    if max(map(len, _texts(values, kinds)), default=0) <= SHORT_TEXT:
        data = _lines(values)
        if data is None or not _has_line_end(data):
            return data.split(b",\n  ") if data is not None else None
    found: list[bytes] = []
    for some in batches(values, _AT_ONCE):
        data = _lines([_segmented(value) if type(value) is str else value for value in some])
        if data is None:
            found += map(encode_value, some)
        else:  # commas are between values and, with an empty line more, between segments
            found += data.replace(b",\n      ", b",\n\n      ").split(b",\n  ")
    return found


def _segmented(text: str) -> Any:
    return {"$text": segments(text)} if in_segments(text) else text


def _lists(values: Sequence[Sequence[Value]]) -> Sequence[bytes] | None:
    """Those of references."""
    inner = [*chain.from_iterable(values)]
    if {*map(type, inner)} <= _TEXT and max(map(len, inner), default=0) <= SHORT_TEXT:
        data = _lines(values)
        if data is not None and not _has_line_end(data):
            return _NEXT.split(data)
    return None


def _nested(values: Sequence[Value]) -> Sequence[bytes] | None:
    plain = [*map(_is_plain, values)]
    data = _lines([value for value, one in zip(values, plain, strict=True) if one], SORTED)
    if data is None:
        return None
    fast = iter(_NEXT.split(data))
    pairs = zip(values, plain, strict=True)
    return [next(fast) if one else encode_value(value) for value, one in pairs]


def _is_plain(value: Value) -> bool:
    """Whether the fast writer writes all that is in the value as a record has it."""
    waiting, nested = [value], 0
    for each in waiting:
        kind = type(each)
        if kind is str:
            if in_segments(each):
                return False
        elif kind is dict or kind is list:
            nested += 1
            if kind is dict and any(type(name) is not str or name[:1] == "$" for name in each):
                return False
            waiting += each if kind is list else each.values()
        elif kind is float:
            if each and not _LOWEST <= abs(each) < _HIGHEST:
                return False
        elif kind is not int and kind is not bool and each is not None:
            return False
        if nested > _MOST:
            return False
    return True


def _lines(values: Sequence[Any], options: int = 0) -> bytes | None:
    """The lines of the values, without those of the list around them; ``None`` if they are not exact."""
    try:
        data = dumps(values, option=LINES | options)
    except FAILURES:
        return None
    if has_unseen(data):
        data = escaped(data.decode()).encode()
    return data[4:-2]


def _has_line_end(data: bytes) -> bool:
    """Whether a text in the JSON may have a line end, so that it belongs in segments."""
    return b"\\" in data and (b"\\n" in data or b"\\r" in data)
