"""The columns that only PostgreSQL has: arrays, hstore, ranges, search vectors.

Parameters of mappings and ranges are text with a cast, so that no type needs to be registered with
the driver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.fields import ArrayField, HStoreField
from django.contrib.postgres.fields.ranges import RangeField
from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields.plain import AnyField
from contentgit.db.fields.values import Codec, refused, typed
from contentgit.errors import RecordError

_BOUNDS = ("[)", "(]", "()", "[]")


def postgres_codec(
    field: AnyField,
    connection: BaseDatabaseWrapper,
    codec: Callable[[AnyField, BaseDatabaseWrapper], Codec | None],
) -> Codec:
    """The codec of a field of ``django.contrib.postgres``; ``codec`` finds those of its base field."""
    if isinstance(field, HStoreField):
        return Codec(FieldKind.MAPPING, _encode_mapping, _mapping, _hstore)
    if isinstance(field, (ArrayField, RangeField)):
        base_field: Any = field.base_field
        base = codec(base_field, connection)
        if base is None:
            raise RecordError(f"field {field.name!r} is made of values that no record can hold")
        return _array_codec(base) if isinstance(field, ArrayField) else _range_codec(base)
    check = typed("text", str)  # a search vector or query
    return Codec(FieldKind.COLUMN, check, check, same=frozenset([str]))


# Arrays


def _array_codec(base: Codec) -> Codec:
    def encode(value: Any) -> list[Value]:
        return [None if item is None else base.encode(item) for item in _list(value)]

    def value(content: Value) -> list[Any]:
        items = _list(content)
        lengths = {len(item) if isinstance(item, list) else 0 for item in items}
        if base.kind is FieldKind.ARRAY and (len(lengths) > 1 or 0 in lengths):
            raise refused(
                items, "an array of PostgreSQL: its lists must be equally long and not empty"
            )
        return [None if item is None else base.value(item) for item in items]

    def param(items: list[Any]) -> list[Any]:
        return [None if item is None else base.param(item) for item in items]

    reader = base.read

    def read(items: Any) -> list[Any]:
        assert reader is not None
        return [None if item is None else reader(item) for item in _list(items)]

    return Codec(FieldKind.ARRAY, encode, value, param, read=None if reader is None else read)


def _list(value: Any) -> list[Any]:
    found: list[Any] = typed("a list", list)(value)
    return found


# Mappings


def _encode_mapping(value: Any) -> dict[str, str | None]:
    if isinstance(value, str):
        raise RecordError(
            "hstore columns are read as text only: 'django.contrib.postgres' is not in INSTALLED_APPS"
        )
    return _mapping(value)


def _mapping(value: Any) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise refused(value, "a mapping of text to text")
    if not all(isinstance(each, (str, type(None))) for each in value.values()):
        raise refused(value, "a mapping of text to text")
    return value


def _hstore(value: dict[str, str | None]) -> str:
    return ", ".join(
        f"{_quoted(key)}=>{'NULL' if text is None else _quoted(text)}"
        for key, text in value.items()
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# Ranges


def _range_codec(base: Codec) -> Codec:
    def encode(value: Any) -> dict[str, Value]:
        if not hasattr(value, "isempty"):
            return _range(value)
        if value.isempty:
            return {"empty": True}
        ends = {end: base_content(getattr(value, end)) for end in ("lower", "upper")}
        return {**ends, "bounds": value._bounds}

    def base_content(end: Any) -> Value:
        if end is None:
            return None
        return base.encode(end if base.read is None else base.read(end))

    return Codec(FieldKind.RANGE, encode, _range, lambda content: _range_text(content, base))


def _range(content: Value) -> dict[str, Value]:
    """A range's Python value is its content: the driver has no one class for all ranges."""
    if isinstance(content, dict) and (
        content == {"empty": True}
        or (content.keys() == {"lower", "upper", "bounds"} and content["bounds"] in _BOUNDS)
    ):
        return content
    raise refused(content, "a range")


def _range_text(content: dict[str, Value], base: Codec) -> str:
    if "empty" in content:
        return "empty"
    lower, upper = (
        "" if content[end] is None else _quoted(str(base.param(base.value(content[end]))))
        for end in ("lower", "upper")
    )
    opening, closing = content["bounds"]
    return f"{opening}{lower},{upper}{closing}"
