"""A record to its bytes and back, as described in ``docs/format.md``.

The bytes are a function of the record alone. Only this module and :mod:`contentgit.content.columns`, which
writes many records at once, know the form of a value in a file.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from operator import itemgetter
from typing import Any, Final, TypeAlias

from contentgit.content.documents import UNSEEN, dump_document, parse_document, quoted
from contentgit.content.fast_json import FAILURES, LAST_LINE_END, LINES, dumps, loads
from contentgit.content.layout import HIGHEST_KEY, integer_key, key_text, key_value
from contentgit.content.long_values import are_lines_of, without_long
from contentgit.content.records import JSON_NULL, CarriedFile, Record, RecordKey, Value
from contentgit.content.schema import KeyKind
from contentgit.content.text import LONG_TEXT, SHORT_TEXT, in_segments, parts, segments
from contentgit.content.values import (
    DEPTH_LIMIT,
    LARGEST,
    SMALLEST,
    base,
    check_depth,
    content_value,
    decimal,
    file_document,
    json_value,
    same,
    written_name,
)
from contentgit.errors import FormatError, RecordError

__all__ = [
    "DEPTH_LIMIT",
    "FORMAT_VERSION",
    "RecordEncoder",
    "blob_id",
    "decode",
    "decode_with_kind",
    "dump_document",
    "encode",
    "encode_value",
    "is_canonical",
    "json_value",
    "key_kind",
    "parse_document",
    "same",
    "segments",
]

FORMAT_VERSION: Final = 2

_PADS = tuple(b"\n" + b"  " * level for level in range(DEPTH_LIMIT + 4))

# Side by side in one JSON string these two would be read as one character.
_SURROGATES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
_FIRST: Final = "%"
"""No field's name comes before: with ``$`` begin our own."""

_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


_Write: TypeAlias = Callable[[bytes], object]


class RecordEncoder:
    """Writes records of one model that all have the same fields; prepared once, for speed.

    Raises:
        RecordError: a name is not valid for a field, or occurs twice.
    """

    _head: Final = b'{\n  "$key": '
    _end: Final = b"\n}\n"

    def __init__(self, model: str, names: Sequence[str]) -> None:
        for name in names:
            if not isinstance(name, str) or name <= "$" or name[0] == "$":
                raise RecordError(f"{model}: {name!r} cannot be the name of a field")
        if len(set(names)) != len(names):
            raise RecordError(f"{model}: a field occurs twice")
        self._label = model
        self._model = b',\n\n  "$model": ' + _quoted(model)
        self._fields = tuple(
            (b",\n\n  " + _quoted(names[index]) + b": ", index, names[index])
            for index in sorted(range(len(names)), key=names.__getitem__)
        )

    def encode(self, key_value: int | str | Sequence[int | str], values: Sequence[Value]) -> bytes:
        """The bytes of the record with this ``$key`` and these values, in the order of the names.

        Raises:
            RecordError: a value is no content value; the message names record and field.
        """
        field = (b"", 0, "$key")
        try:
            out = BytesIO()  # unlike a bytearray it gives its bytes without a copy
            write = out.write
            write(self._head)
            write(written_key(key_value))
            write(self._model)
            for field in self._fields:
                write(field[0])
                _write(values[field[1]], 1, write)
        except RecordError as error:
            place = f"{self._label}:{key_text(key_value)}"
            raise RecordError(f"{place}: field {field[2]!r}: {error.message}") from None
        write(self._end)
        return out.getvalue()


_encoder = lru_cache(maxsize=256)(RecordEncoder)


def encode(record: Record, key_kind: KeyKind | None = None) -> bytes:
    """The bytes of a record.

    ``key_kind`` says how the key is written. Without it, that is read off the key text: an integer
    where it is one, a list where it has several parts, else a string.

    Raises:
        RecordError: a value is no content value, or the key is not of this kind.
    """
    key = record.key
    if key_kind is None:
        text = KeyKind.TEXT if integer_key(key.key) is None else KeyKind.INTEGER
        key_kind = KeyKind.COMPOSITE if "," in key.key else text
    try:
        value = key_value(key.key, key_kind)
    except ValueError as error:
        raise RecordError(f"{key}: {error}") from None
    return _encoder(key.model, tuple(record.fields)).encode(value, tuple(record.fields.values()))


def encode_value(value: Value) -> bytes:
    """The bytes of a value in a record.

    Raises:
        RecordError: it is no content value.
    """
    out = BytesIO()
    _write(value, 1, out.write)
    return out.getvalue()


def written_key(value: int | str | Sequence[int | str]) -> bytes:
    """The bytes of a ``$key``."""
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, str):
        return _quoted(value)
    pad = _PADS[2]
    return b"[" + pad + (b"," + pad).join([written_key(part) for part in value]) + _PADS[1] + b"]"


def _write(value: Value, level: int, write: _Write) -> None:
    """Appends a content value on a line indented by ``level`` steps.

    Whatever its length, each result of orjson that is kept holds some kilobytes: they are written at once.
    """
    kind = type(value)
    if kind is str:
        if len(value) <= SHORT_TEXT and value.isascii() and value.isprintable():
            write(dumps(value))  # the usual case, decided fast
        elif in_segments(value):
            _write_text(value, level, write)
        elif _plain(value):
            write(dumps(value))
        elif _SURROGATES.search(value):
            _write_text(value, level, write)
        else:
            write(_quoted(value))
    elif kind is int:
        if SMALLEST <= value <= LARGEST:
            write(b"%d" % value)
        else:
            _write_form("$int", b'"%s"' % decimal(value).encode(), level, write)
    elif value is None:
        write(b"null")
    elif kind is bool:
        write(b"true" if value else b"false")
    elif kind is list or kind is tuple:
        _write_list(value, level, write)
    elif kind is dict:
        _write_dict(value, level, write)
    elif kind is float:
        text = repr(value).encode()
        if math.isfinite(value):
            write(text)
        else:
            _write_form("$float", b'"%s"' % text, level, write)
    elif value is JSON_NULL:
        _write_form("$json", b"null", level, write)
    elif kind is CarriedFile:
        _write_file(value, level, write)
    else:
        _write(base(value), level, write)


def _plain(text: str) -> bool:
    """Whether ``text`` needs no escapes besides those of every JSON writer."""
    if text.isascii():
        return "\x7f" not in text
    return UNSEEN.search(text) is None


def _quoted(text: str) -> bytes:
    """A JSON string.

    Raises:
        RecordError: no JSON string stands for exactly this text.
    """
    if _plain(text):
        return dumps(str.__str__(text))
    if _SURROGATES.search(text):
        raise RecordError("two surrogates in a row cannot be written in a key")
    return quoted(text).encode()


def _write_text(text: str, level: int, write: _Write) -> None:
    """Text in segments, with an empty line between them."""
    plain, pad = _plain(text), _PADS[level + 2]
    write(b'{%s"$text": [' % _PADS[level + 1])
    between = pad
    for pieces in (segments(text),) if len(text) <= LONG_TEXT else parts(text):
        write(between)
        _write_pieces(pieces, pad, write, plain=plain)
        between = b",\n" + pad
    write(_PADS[level + 1] + b"]" + _PADS[level] + b"}")


def _write_pieces(pieces: list[str], pad: bytes, write: _Write, *, plain: bool) -> None:
    if not plain:
        halves = [half for piece in pieces for half in _SURROGATES.split(piece)]
        write((b",\n" + pad).join(map(_quoted, halves)))
        return
    # A line end in it lies between two strings: within a string it is escaped.
    write(dumps(pieces, option=LINES)[4:-2].replace(b"\n", b"\n" + pad[:-2]))


def _write_form(name: str, content: bytes, level: int, write: _Write) -> None:
    write(b'{%s"%s": %s%s}' % (_PADS[level + 1], name.encode(), content, _PADS[level]))


def _write_file(file: CarriedFile, level: int, write: _Write) -> None:
    if level > 1:
        raise RecordError("a file is inside of another value")
    before = b"{"
    for name, item in file_document(file).items():
        write(before + _PADS[level + 1] + _quoted(name) + b": ")
        write(_quoted(item) if isinstance(item, str) else b"%d" % item)
        before = b","
    write(_PADS[level] + b"}")


def _write_list(value: Sequence[Value], level: int, write: _Write) -> None:
    check_depth(level)
    if not value:
        write(b"[]")
        return
    before = b"[" + _PADS[level + 1]
    for item in value:
        write(before)
        _write(item, level + 1, write)
        before = b"," + _PADS[level + 1]
    write(_PADS[level] + b"]")


def _write_dict(value: Mapping[str, Value], level: int, write: _Write) -> None:
    check_depth(level)
    if not value:
        write(b"{}")
        return
    before = b"{" + _PADS[level + 1]
    for name, item in sorted([(written_name(k), v) for k, v in value.items()], key=itemgetter(0)):
        write(before)
        write(_quoted(name))
        write(b": ")
        _write(item, level + 1, write)
        before = b"," + _PADS[level + 1]
    write(_PADS[level] + b"}")


def decode(data: bytes) -> Record:
    """The record that ``data`` holds, whether or not its bytes are the canonical ones.

    Raises:
        FormatError: there is no record in it, or it is not exact; the message says what is wrong
            and leaves it to the caller to say where.
    """
    return decode_with_kind(data)[0]


def key_kind(data: bytes) -> KeyKind:
    """How ``$key`` is written in a file that :func:`decode` takes."""
    return decode_with_kind(data)[1]


def is_canonical(data: bytes) -> bool:
    """Whether ``data`` is exactly what :func:`encode` gives for the record in it."""
    try:
        record, kind = decode_with_kind(data)
        return encode(record, kind) == data
    except (FormatError, RecordError):
        return False


def same_fields(a: bytes, b: bytes, names: Iterable[str]) -> bool:
    """Whether two canonical files of records have the same bytes for each of these fields.

    Neither file is parsed: one that is not canonical, or lacks a field, may be reported to differ.
    """
    for name in names:
        written = _written_field(a, name)
        if written is None or written != _written_field(b, name):
            return False
    return True


def _written_field(data: bytes, name: str) -> bytes | None:
    start = data.find(b'\n  "%b": ' % name.encode())
    if start < 0 or not name.isidentifier():
        return None
    end = data.find(b'\n\n  "', start)
    written = data[start:end] if end >= 0 else data[start:].removesuffix(b"\n}\n")
    return written.removesuffix(b",")


def decode_with_kind(data: bytes) -> tuple[Record, KeyKind]:
    """The record and how its key is written, which is not part of the record; see :func:`decode`."""
    document = _parsed(data)
    if type(document) is not dict:
        raise FormatError("not a JSON object")
    text, kind = _read_key(document.pop("$key", None))
    model = _read_model(document.pop("$model", None))
    if min(document, default=_FIRST) < _FIRST:
        name = next(name for name in document if name < _FIRST)
        raise FormatError(f"{quoted(name)} cannot be the name of a field")
    for name, raw in document.items():
        if type(raw) is dict or type(raw) is list:
            try:
                document[name] = content_value(raw)
            except FormatError as error:
                raise FormatError(f"field {name!r}: {error.message}") from None
    return Record(RecordKey(model, text), document), kind


def _parsed(data: bytes) -> Any:
    """The JSON value; in place of long text it may have the text that is meant."""
    if len(data) > LONG_TEXT:
        rest, values = without_long(data, _read_document)
        document = _exact(rest) if values else None
        if document is not None:
            return {**document, **values}
    return _read_document(data)


def _read_document(data: bytes) -> Any:
    document = _exact(data)
    return parse_document(data) if document is None else document


def _exact(data: bytes) -> Any:
    """What the fast parser reads; ``None`` where it cannot be shown to have lost nothing.

    That parser turns large integers into floats and takes the last of duplicate names. What it gives
    is exact if it can be written as it was read, but for the empty lines.
    """
    try:
        document = loads(data)
        again = dumps(document, option=LINES | LAST_LINE_END)
    except FAILURES:
        return None
    return document if are_lines_of(again, data) else None


def _read_key(raw: Any) -> tuple[str, KeyKind]:
    """The key text, and how the key was written."""
    if type(raw) is int and -(2**63) <= raw <= HIGHEST_KEY:  # the usual case, decided fast
        return str(raw), KeyKind.INTEGER
    parts = raw if type(raw) is list else [raw]
    for part in parts:
        if type(part) is int and integer_key(str(part)) is None:
            raise FormatError("$key is an integer of more than 64 bits")
    if not parts or not all(type(part) is int or type(part) is str for part in parts):
        raise FormatError("$key is missing, or not an integer, a string, or a list of these")
    if type(raw) is list:
        return key_text(raw), KeyKind.COMPOSITE
    return key_text(raw), KeyKind.INTEGER if type(raw) is int else KeyKind.TEXT


def _read_model(raw: Any) -> str:
    if type(raw) is str:
        app, _, name = raw.partition(".")
        if app and name and "." not in name and ":" not in raw:
            return raw
    raise FormatError('$model is missing, or not a label like "pages.page"')


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """The id, in hexadecimal, by which git knows a file of these bytes.

    ``algorithm`` is the repository's object format, ``"sha1"`` or ``"sha256"``.
    """
    head = b"blob %d\0" % len(data)
    if len(data) < LONG_TEXT:
        return _HASHES[algorithm](head + data, usedforsecurity=False).hexdigest()
    found = _HASHES[algorithm](head, usedforsecurity=False)
    found.update(data)
    return found.hexdigest()
