"""JSON columns: content as it is, JSON null apart from SQL NULL, numbers without loss."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.db.fields.values import Codec, itself, refused
from contentgit.errors import RecordError
from contentgit.records import JSON_NULL, Value
from contentgit.schema import FieldKind

_DIGITS = 17
"""So many significant digits tell any two floats apart; more are a number that is no float."""


def json_codec(connection: BaseDatabaseWrapper) -> Codec:
    """A JSON column; its Python value is the content value.

    Django's own reading cannot be used: it gives ``None`` for SQL NULL and JSON null alike.
    """
    write = _write_numeric if connection.vendor == "postgresql" else _write
    types: frozenset[type] = frozenset([dict, list, str, int, float, bool, type(JSON_NULL)])
    return Codec(FieldKind.JSON, itself, itself, write, types, read=_read)


def _float(text: str) -> float:
    number = float(text)
    digits = text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")
    if math.isinf(number) or (len(digits) > _DIGITS and Decimal(text) != Decimal(repr(number))):
        raise RecordError(f"the number {text[:60]} in its JSON has more digits than a float holds")
    return number


_parse = json.JSONDecoder(parse_float=_float).decode


def _read(text: Any) -> Value:
    if not isinstance(text, str):
        return text
    try:
        value = _parse(text)
    except (ValueError, RecursionError):
        raise refused(text, "JSON that can be read") from None
    return JSON_NULL if value is None else value


def _write(value: Value) -> str:
    return "null" if value is JSON_NULL else json.dumps(value)


def _write_numeric(value: Value) -> str:
    """JSON for a ``jsonb`` column, which holds numbers as ``numeric``.

    It keeps a fraction's zero but no exponent: ``1e+16`` would come back as an integer.
    """
    return "null" if value is JSON_NULL else _write(value) if _is_plain(value) else _numeric(value)


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
    return _fixed(value) if isinstance(value, float) else json.dumps(value)


def _fixed(number: float) -> str:
    if not math.isfinite(number) or (number == 0 and math.copysign(1, number) < 0):
        raise RecordError(f"PostgreSQL's jsonb does not hold the number {number!r}")
    text = format(Decimal(repr(number)), "f")
    return text if "." in text else f"{text}.0"
