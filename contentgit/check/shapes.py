"""Which content values the fields of each kind hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Final

from contentgit.content.embedded import is_number_mark
from contentgit.content.records import JSON_NULL, CarriedFile, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][+-]?[0-9]+)?|NaN|-?Infinity")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}")
_DATETIME = re.compile(rf"{_DATE.pattern}T{_TIME.pattern}Z?")
_DURATION = re.compile(r"-?P[0-9]+DT[0-9]{2}H[0-9]{2}M[0-9]{2}\.[0-9]{6}S")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_GEOMETRY = re.compile(r"(SRID=[1-9][0-9]*;)?[A-Z]+( (Z|M|ZM))? ?(EMPTY|\([-+.,()A-Za-z0-9 ]+\))")
_HALVES = {"content_type", "object_id"}
_ENDS = {"bounds", "lower", "upper"}

Shape = Callable[[Value], bool]


def misfit(value: Value, field: FieldSchema) -> str:
    """What is wrong with a value as a value of this field; ``""`` if nothing is."""
    if value is None:
        # A many-to-many without entries is an empty list, and a JSON field's null is no NULL.
        return "" if field.null else "is null, which the field does not accept"
    if type(value) is CarriedFile:
        return "" if field.carried else "is a file, and the field carries none"
    wanted, fits = _SHAPES[field.kind]
    if not fits(value) and not (field.embeds and is_number_mark(value)):
        return f"is not {wanted}"
    if field.srid and field.kind is FieldKind.GEOMETRY and not str(value).startswith("SRID="):
        return f"has no SRID; a geometry of this field is like SRID={field.srid};POINT(1 2.5)"
    if field.kind in (FieldKind.REFERENCE, FieldKind.REFERENCES) and field.target:
        references = value if isinstance(value, list) else [value]
        if not all(text.startswith(f"{field.target}:") for text in references):
            return f"is not a reference to {field.target}"
    return ""


def in_order(references: list[str], field: FieldSchema) -> list[str]:
    """The keys of a many-to-many field as they are written: each once, and sorted unless ``ordered``."""
    if len(references) < 2:
        return references
    if field.ordered:
        return list(dict.fromkeys(references))
    return [str(key) for key in sorted({RecordKey.parse(text) for text in references})]


def _text(value: Value) -> bool:
    return isinstance(value, str)


def _matches(pattern: re.Pattern[str], parse: Callable[[str], object] | None = None) -> Shape:
    def fits(value: Value) -> bool:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            return False
        try:
            return parse is None or parse(value.removesuffix("Z")) is not None
        except ValueError:
            return False

    return fits


def _reference(value: Value) -> bool:
    try:
        return isinstance(value, str) and bool(RecordKey.parse(value))
    except ValueError:
        return False


def _mapping(value: Value) -> bool:
    return isinstance(value, dict) and all(
        item is None or isinstance(item, str) for item in value.values()
    )


def _column(value: Value) -> bool:
    if isinstance(value, dict):  # a binary column, or one of decimal numbers
        return [*value] in (["base64"], ["decimal"]) and all(map(_text, value.values()))
    return isinstance(value, str | int | float)


_SHAPES: Final[Mapping[FieldKind, tuple[str, Shape]]] = {
    FieldKind.TEXT: ("text", _text),
    FieldKind.INTEGER: ("an integer", lambda value: type(value) is int),
    FieldKind.FLOAT: (
        "a floating-point number like 1.0",
        lambda value: type(value) is float and repr(value) != "-0.0",
    ),
    FieldKind.DECIMAL: ('a decimal like "12.50"', _matches(_DECIMAL)),
    FieldKind.BOOLEAN: ("true or false", lambda value: isinstance(value, bool)),
    FieldKind.DATE: ('a date like "2026-11-22"', _matches(_DATE, date.fromisoformat)),
    FieldKind.TIME: ('a time like "13:05:00.000000"', _matches(_TIME, time.fromisoformat)),
    FieldKind.DATETIME: (
        'a time like "2026-11-22T13:05:00.000000Z"',
        _matches(_DATETIME, datetime.fromisoformat),
    ),
    FieldKind.DURATION: ('a duration like "P1DT02H03M04.000005S"', _matches(_DURATION)),
    FieldKind.UUID: ("a UUID in lower case with hyphens", _matches(_UUID)),
    FieldKind.BINARY: ("base64", _matches(_BASE64)),
    FieldKind.JSON: ("JSON", lambda _value: True),
    FieldKind.FILE: ("a file's name", _text),
    FieldKind.REFERENCE: ('a reference like "app.model:key"', _reference),
    FieldKind.REFERENCES: (
        'a list of references like "app.model:key"',
        lambda value: isinstance(value, list) and all(map(_reference, value)),
    ),
    FieldKind.GENERIC: (
        'a reference like "app.model:key"',
        lambda value: _reference(value) or (isinstance(value, dict) and value.keys() == _HALVES),
    ),
    FieldKind.ARRAY: ("a list", lambda value: isinstance(value, list)),
    FieldKind.MAPPING: ("an object of texts and nulls", _mapping),
    FieldKind.RANGE: (
        "a range like {bounds, lower, upper}",
        lambda value: (
            isinstance(value, dict) and (value.keys() == _ENDS or value == {"empty": True})
        ),
    ),
    FieldKind.GEOMETRY: ('a geometry like "SRID=4326;POINT(1 2.5)"', _matches(_GEOMETRY)),
    FieldKind.CUSTOM: ("a value", lambda value: value is not JSON_NULL),
    FieldKind.COLUMN: ("text, a number or a truth value", _column),
}
