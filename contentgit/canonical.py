"""A record to its bytes and back: format 1, as ``docs/format.md`` tells it.

The bytes are a function of the record alone. Only this module knows the form of a value in a file,
and only this module imports orjson.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import orjson

from contentgit.content import (
    DEPTH_LIMIT,
    LARGEST,
    SMALLEST,
    base,
    check_depth,
    content_value,
    decimal,
    json_value,
    same,
    written_name,
)
from contentgit.documents import UNSEEN, dump_document, parse_document, quoted
from contentgit.errors import FormatError, RecordError
from contentgit.layout import integer_key, key_text, key_value
from contentgit.records import JSON_NULL, Record, RecordKey, Value
from contentgit.schema import KeyKind
from contentgit.text import SHORT_TEXT, in_segments, segments

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

FORMAT_VERSION: Final = 1

_PADS = tuple(b"\n" + b"  " * level for level in range(DEPTH_LIMIT + 4))

# Side by side in one JSON string these two would be read as one character.
_SURROGATES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
_LINES = orjson.OPT_INDENT_2
_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


class RecordEncoder:
    """Writes records of one model that all have the same fields; prepared once, for speed.

    Raises:
        RecordError: a name cannot be a field's, or stands there twice.
    """

    def __init__(self, model: str, names: Sequence[str]) -> None:
        _check_names(model, names)
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
            parts = [b'{\n  "$key": ', _key(key_value), self._model]
            for field in self._fields:
                parts += (field[0], _value(values[field[1]], 1))
        except RecordError as error:
            place = f"{self._label}:{key_text(key_value)}"
            raise RecordError(f"{place}: field {field[2]!r}: {error.message}") from None
        parts.append(b"\n}\n")
        return b"".join(parts)


def _check_names(model: str, names: Sequence[str]) -> None:
    for name in names:
        if not isinstance(name, str) or name <= "$" or name[0] == "$":
            raise RecordError(f"{model}: {name!r} cannot be the name of a field")
    if len(set(names)) != len(names):
        raise RecordError(f"{model}: a field stands there twice")


_encoder = lru_cache(maxsize=256)(RecordEncoder)


def encode(record: Record, key_kind: KeyKind | None = None) -> bytes:
    """The bytes of a record.

    ``key_kind`` says how the key is written. Without it, that is read off the key text: an integer
    where it is one, a list where it has several parts, else a string.

    Raises:
        RecordError: a value is no content value, or the key is not of this kind.
    """
    key = record.key
    try:
        value = key_value(key.key, _kind(key.key) if key_kind is None else key_kind)
    except ValueError as error:
        raise RecordError(f"{key}: {error}") from None
    return _encoder(key.model, tuple(record.fields)).encode(value, tuple(record.fields.values()))


def encode_value(value: Value) -> bytes:
    """The bytes of a value in a record.

    Raises:
        RecordError: it is no content value.
    """
    return _value(value, 1)


def _kind(text: str) -> KeyKind:
    if "," in text:
        return KeyKind.COMPOSITE
    return KeyKind.TEXT if integer_key(text) is None else KeyKind.INTEGER


def _key(value: int | str | Sequence[int | str]) -> bytes:
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, str):
        return _quoted(value)
    return _rows([_key(part) for part in value], 1)


def _value(value: Value, level: int) -> bytes:
    """A content value that stands on a line indented by ``level`` steps."""
    kind = type(value)
    if kind is str:
        if len(value) <= SHORT_TEXT and value.isascii() and value.isprintable():
            return orjson.dumps(value)  # the usual case, decided fast
        if in_segments(value):
            return _text(value, level)
        return orjson.dumps(value) if _plain(value) else _odd(value, level)
    if kind is int:
        return _integer(value, level)
    if value is None:
        return b"null"
    if kind is bool:
        return b"true" if value else b"false"
    if kind is list or kind is tuple:
        return _list(value, level)
    if kind is dict:
        return _dict(value, level)
    if kind is float:
        return _float(value, level)
    if value is JSON_NULL:
        return _form("$json", b"null", level)
    return _value(base(value), level)


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
        return orjson.dumps(str.__str__(text))
    if _SURROGATES.search(text):
        raise RecordError("two surrogates in a row cannot be written in a key")
    return quoted(text).encode()


def _odd(text: str, level: int) -> bytes:
    return _text(text, level) if _SURROGATES.search(text) else _quoted(text)


def _text(text: str, level: int) -> bytes:
    """Text in segments, with an empty line between them."""
    pad = _PADS[level + 2]
    if _plain(text):
        lines = [orjson.dumps(piece) for piece in segments(text)]
    else:
        pieces = (half for piece in segments(text) for half in _SURROGATES.split(piece))
        lines = [_quoted(piece) for piece in pieces]
    rows = (b",\n" + pad).join(lines)
    return _form("$text", b"[" + pad + rows + _PADS[level + 1] + b"]", level)


def _integer(value: int, level: int) -> bytes:
    if SMALLEST <= value <= LARGEST:
        return b"%d" % value
    return _form("$int", b'"%s"' % decimal(value).encode(), level)


def _float(value: float, level: int) -> bytes:
    if math.isfinite(value):
        return repr(value).encode()
    return _form("$float", b'"%s"' % repr(value).encode(), level)


def _form(name: str, content: bytes, level: int) -> bytes:
    return b'{%s"%s": %s%s}' % (_PADS[level + 1], name.encode(), content, _PADS[level])


def _list(value: Sequence[Value], level: int) -> bytes:
    check_depth(level)
    if not value:
        return b"[]"
    return _rows([_value(item, level + 1) for item in value], level)


def _rows(rows: Iterable[bytes], level: int) -> bytes:
    pad = _PADS[level + 1]
    return b"[" + pad + (b"," + pad).join(rows) + _PADS[level] + b"]"


def _dict(value: Mapping[str, Value], level: int) -> bytes:
    check_depth(level)
    if not value:
        return b"{}"
    items = sorted(((written_name(name), item) for name, item in value.items()), key=itemgetter(0))
    pad = _PADS[level + 1]
    rows = [_quoted(name) + b": " + _value(item, level + 1) for name, item in items]
    return b"{" + pad + (b"," + pad).join(rows) + _PADS[level] + b"}"


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

    It reads neither: a file that is not canonical, or lacks a field, may be said to differ.
    """
    for name in names:
        there = _written_field(a, name)
        if there is None or there != _written_field(b, name):
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
    """The record and how its key is written, which the record itself does not tell; as :func:`decode`."""
    document = _parsed(data)
    if type(document) is not dict:
        raise FormatError("not a JSON object")
    text, kind = _read_key(document.pop("$key", None))
    model = _read_model(document.pop("$model", None))
    for name, raw in document.items():
        if name <= "$" or name[0] == "$":
            raise FormatError(f"{quoted(name)} cannot be the name of a field")
        if type(raw) is dict or type(raw) is list:
            try:
                document[name] = content_value(raw)
            except FormatError as error:
                raise FormatError(f"field {name!r}: {error.message}") from None
    return Record(RecordKey(model, text), document), kind


def _parsed(data: bytes) -> Any:
    """The JSON value, by the fast parser where it can be shown to have lost nothing.

    That parser turns large integers into floats and takes the last of duplicate names. What it gives
    is exact if it can be written as it was read, but for the empty lines.
    """
    try:
        document = orjson.loads(data)
        again = orjson.dumps(document, option=_LINES | orjson.OPT_APPEND_NEWLINE)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return parse_document(data)
    return document if again == data.replace(b"\n\n", b"\n") else parse_document(data)


def _read_key(raw: Any) -> tuple[str, KeyKind]:
    """The key text, and how the key was written."""
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
    return _HASHES[algorithm](b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
