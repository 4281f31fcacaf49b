"""JSON columns: content unchanged, JSON null distinct from SQL NULL, numbers without loss; JSON as keys."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.content.records import JSON_NULL, Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields.values import Codec, itself, refused, unsigned_zero
from contentgit.errors import RecordError

_DIGITS = 17
"""So many significant digits tell any two floats apart; more are a number that is no float."""

_MARIADB_DEPTH = 31
"""The deepest nesting of lists and objects there."""

_UNHASHABLE = {FieldKind.JSON, FieldKind.ARRAY, FieldKind.RANGE, FieldKind.MAPPING}
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def json_codec(connection: BaseDatabaseWrapper) -> Codec:
    """A JSON column; its Python value is the content value.

    Django's own reading cannot be used: it gives ``None`` for SQL NULL and JSON null alike.
    """
    write = _WRITERS.get(connection.vendor, _write)
    types: frozenset[type] = frozenset([dict, list, str, int, float, bool, type(JSON_NULL)])
    return Codec(FieldKind.JSON, itself, itself, write, types, read=parsed)


def _float(text: str) -> float:
    number = float(text)
    digits = text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")
    if math.isinf(number) or (len(digits) > _DIGITS and Decimal(text) != Decimal(repr(number))):
        raise RecordError(f"the number {text[:60]} in its JSON has more digits than a float holds")
    return unsigned_zero(number)


_parse = json.JSONDecoder(parse_float=_float).decode


def parsed(text: Any) -> Value:
    """The value of a JSON text; what the driver has read already is taken as it is.

    Raises:
        RecordError: it is none, or has a number that no float holds.
    """
    if not isinstance(text, str):
        return text
    try:
        value = _parse(text)
    except (ValueError, RecursionError):
        raise refused(text, "JSON that can be read") from None
    return JSON_NULL if value is None else value


def _write(value: Value) -> str:
    return "null" if value is JSON_NULL else json.dumps(value)


def _write_binary(value: Value) -> str:
    """JSON for a ``jsonb`` column, which holds texts as text and numbers as ``numeric``.

    That keeps a fraction's zero but no exponent: ``1e+16`` would come back as an integer.
    """
    if value is JSON_NULL:
        return "null"
    text = _write(value) if _is_plain(value) else _numeric(value)
    if "\\u0000" in text and _NUL.search(text):
        raise RecordError("its JSON has a NUL character, which PostgreSQL cannot hold")
    return text


def _write_shallow(value: Value) -> str:
    if _depth(value) > _MARIADB_DEPTH:
        raise RecordError(
            f"its JSON is nested more than {_MARIADB_DEPTH} deep, which MariaDB cannot hold"
        )
    return _write(value)


def _depth(value: Value) -> int:
    level, here = 0, [value]
    while here := [each for each in here if isinstance(each, (list, dict))]:
        level += 1
        here = [
            item for each in here for item in (each.values() if isinstance(each, dict) else each)
        ]
    return level


_WRITERS = {"postgresql": _write_binary, "mysql": _write_shallow}


def _is_plain(value: Value) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not isinstance(value, float) or (value != 0 and "e" not in repr(value))


def _numeric(value: Value) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)}: {_numeric(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_numeric, value))}]"
    if not isinstance(value, float):
        return json.dumps(value)
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        raise RecordError(f"PostgreSQL's jsonb does not hold the number {value!r}")
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else f"{text}.0"


# Keys


def as_key(made: Codec, *, text: bool) -> Codec:
    """The codec of the same column where its value is a key or refers to one.

    A list or a mapping becomes its JSON in one form: ``1`` and ``true``, which Python takes for equal, are
    two keys. With ``text`` the database compares JSON as text, so that a row is found only by the text that
    Django writes of that form; JSON in another form is refused.
    """
    if made.kind not in _UNHASHABLE:
        return made

    def read(raw: Any) -> str:
        found = _key_text(made.encode(raw if made.read is None else made.read(raw)))
        if text and isinstance(raw, str) and write(found) != raw:
            raise refused(raw, "JSON in the form that keys have: names sorted, as Django writes it")
        return found

    def write(key: str) -> Any:
        return made.param(made.value(parsed(key)))

    def check(key: Any) -> str:
        if not isinstance(key, str) or _key_text(parsed(key)) != key:
            raise refused(key, "JSON in the form that keys have")
        return key

    return Codec(
        FieldKind.TEXT,
        check,
        check,
        write,
        read=read,
        cast=made.cast,
        select=made.select,
    )


def _key_text(value: Value) -> str:
    if value is JSON_NULL:
        return "null"
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
