"""The codec of each Django field type: a column's value to content and back, exactly.

Text, numbers and booleans are content as they are; all other types become text here. A value without an
exact form is refused.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields import moments
from contentgit.db.fields.custom import custom_codec, is_custom
from contentgit.db.fields.json_values import as_key, json_codec
from contentgit.db.fields.plain import AnyField, driver_reader, is_geometry, is_spatial, leaf, plain
from contentgit.db.fields.spelling import referred
from contentgit.db.fields.values import Codec, refused, typed, unsigned_zero

_TYPE_SIZE = re.compile(r"\(\s*\w+(?:\s*,\s*-?\w+)*\s*\)")
_UNSIZED = (
    (
        re.compile(r"^(?:national\s+)?(?:character|nchar|char)(?!\s+varying|\w)", re.IGNORECASE),
        "bpchar",
    ),
    (re.compile(r"^bit(?!\s+varying|\w)", re.IGNORECASE), "bit varying"),
)
"""Types of PostgreSQL that mean a length of 1 where none is given, and those that take any length."""
_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation])
_SQLITE_DIGITS = 15
"""SQLite computes decimals as floats; Django takes what is behind these digits for noise."""
_INTEGER_DIGITS = 18
"""So many digits SQLite holds in an integer, whatever they are."""


def codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec | None:
    """The codec of the column of ``field``, which is no reference.

    ``None`` where no record can hold such a column, see :func:`unheld`.
    """
    if unheld(field):
        return None
    made = custom_codec(field, connection) or _own_codec(field, connection)
    return replace(made, cast=_cast(made.cast, field, connection))


def _own_codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    """The codec of a column for which the project names none."""
    if is_geometry(field):
        from contentgit.db.fields.geometry import geometry_codec

        return geometry_codec(field, connection)
    found = plain(field)
    # The field's own column type must be readable as that of the plain field.
    fits = found is not None and (
        type(field).db_type is type(found).db_type
        or isinstance(found, _LENIENT)
        or field.db_type(connection) == found.db_type(connection)
    )
    if found is None or not fits:
        return _column()
    if type(found).__module__.startswith("django.contrib.postgres."):
        from contentgit.db.fields.postgres import postgres_codec

        return postgres_codec(found, connection, codec)
    builders = (build for cls, build in _BUILDERS if isinstance(found, cls))
    return next(builders, _column)(found, connection)


def unheld(field: AnyField) -> str:
    """Why no record can hold the values of ``field``; empty if one can."""
    found = leaf(field)
    inner = getattr(found, "base_field", None)
    if is_custom(found):
        return ""
    if is_spatial(found) and not is_geometry(found):
        return f"contentgit has no codec for {type(found).__name__}"
    return unheld(inner) if isinstance(inner, models.Field) else ""


def key_codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec | None:
    """The codec of the column of any field where its values are keys: references, and keys themselves."""
    made = codec(leaf(field), connection)
    return None if made is None else as_key(made, text=connection.vendor != "postgresql")


def selected(field: AnyField, made: Codec, connection: BaseDatabaseWrapper) -> str:
    """The expression that reads the column of any field, with ``%s`` for its quoted name."""
    return made.select.replace("%s", referred(field, connection))


def _cast(cast: str, field: AnyField, connection: BaseDatabaseWrapper) -> str:
    db_type = field.db_type(connection)
    if connection.vendor != "postgresql" or not db_type or cast != "%s":
        return cast
    # Without a length: an explicit cast to varchar(10) would cut the text silently.
    bare = _TYPE_SIZE.sub("", db_type)
    for sized, unsized in _UNSIZED:
        bare = sized.sub(unsized, bare)
    # Not "%s::bigint": where the driver writes literals, -1::bigint is -(1::bigint).
    return f"CAST(%s AS {bare})"


# Text, numbers, truth


def _text(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    kind = FieldKind.FILE if isinstance(field, models.FileField) else FieldKind.TEXT
    check = typed("text", str)
    name, no_nul = connection.display_name, connection.vendor == "postgresql"

    def param(text: str) -> str:
        if no_nul and "\0" in text:
            raise refused(text, f"text that {name} can hold: it has a NUL character")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise refused(text, f"text that {name} can hold: it has half a character") from None
        return text

    return Codec(kind, check, check, param, frozenset([str]))


def _integer(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    check = typed("an integer", int)
    try:
        # What a driver can send and the type can hold; a constraint decides whether it may be negative.
        _, high = connection.ops.integer_field_range(field.get_internal_type())
    except KeyError:  # a type of the project's own
        high = None
    limit = 2**63 if high is None else high + 1

    def param(number: int) -> int:
        if not -limit <= number < limit:
            wanted = f"an integer that this column of {connection.display_name} can hold"
            raise refused(number if abs(number) < 10**40 else "a number of many digits", wanted)
        return number

    return Codec(FieldKind.INTEGER, check, check, param, frozenset([int]))


def _boolean(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    # MariaDB's tinyint may hold other numbers than 0 and 1.
    check = typed("true or false", bool, int)
    read = driver_reader(field, connection)
    return Codec(FieldKind.BOOLEAN, check, check, same=frozenset([bool, int]), read=read)


def _float(_field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    vendor = connection.vendor

    def param(number: float) -> float | str:
        # SQLite makes NULL of NaN; MariaDB has neither NaN nor infinity.
        held = vendor == "postgresql" or (vendor == "sqlite" and math.isinf(number))
        if not held and not math.isfinite(number):
            raise refused(number, f"a number that {connection.display_name} can hold")
        # As a literal it would be taken for a numeric, which loses digits.
        return repr(number) if vendor == "postgresql" else number

    def value(content: Value) -> float:
        number: float = check(content)
        if repr(number) == "-0.0":
            raise refused(number, "a floating-point number as contentgit writes it: write 0.0")
        return number

    check = typed("a floating-point number", float)
    # PostgreSQL alone has two zeros, which are equal.
    read = unsigned_zero if vendor == "postgresql" else None
    return Codec(FieldKind.FLOAT, check, value, param, frozenset([float]), read=read)


def _decimal(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    places: int | None = getattr(field, "decimal_places", None)
    step = None if places is None else Decimal(1).scaleb(-places)

    def encode(value: Any) -> str:
        if not isinstance(value, Decimal):
            raise refused(value, "a decimal number")
        if step is None or not value.is_finite():
            return _decimal_text(value)
        try:
            fixed = value.quantize(step, context=_EXACT)
        except (Inexact, InvalidOperation):  # more places than the field has: all are kept
            return _decimal_text(value)
        return f"{fixed or fixed.copy_abs():f}"

    if connection.vendor == "postgresql":
        return Codec(FieldKind.DECIMAL, encode, _decimal_value, str)
    read = _sqlite_decimal(places) if connection.vendor == "sqlite" else None
    param = _decimal_param(connection, read)
    return Codec(FieldKind.DECIMAL, encode, _decimal_value, param, read=read)


def _decimal_text(value: Decimal) -> str:
    """The digits without an exponent and without trailing zeros after the point; zero has no sign."""
    digits = format(value if value or not value.is_finite() else value.copy_abs(), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _decimal_param(
    connection: BaseDatabaseWrapper, read: Callable[[Any], Decimal] | None
) -> Callable[[Decimal], str]:
    """Refuses what the database would make something else of; PostgreSQL does not."""

    def param(value: Decimal) -> str:
        text, held = str(value), value.is_finite()
        # As many digits any float holds.
        exact = len(text) <= _SQLITE_DIGITS and "E" not in text
        if held and read is not None and not exact:  # integers are held as such
            small = value.adjusted() < _INTEGER_DIGITS
            if small and value == value.to_integral_value(context=_EXACT):
                return str(int(value))
            held = read(float(value)) == value
        if not held:
            raise refused(value, f"a decimal number that {connection.display_name} can hold")
        return text

    return param


def _decimal_value(content: Value) -> Decimal:
    try:
        return Decimal(typed("a decimal number in text", str)(content))
    except InvalidOperation:
        raise refused(content, "a decimal number in text") from None


def _sqlite_decimal(places: int | None) -> Callable[[Any], Decimal]:
    short = Context(prec=_SQLITE_DIGITS).create_decimal_from_float

    def read(raw: Any) -> Decimal:
        if isinstance(raw, float):
            if places is None:
                return Decimal(repr(raw))  # nothing says which digits are noise
            number = short(raw)
            if not number.is_finite() or number.adjusted() + 1 + places <= _SQLITE_DIGITS:
                return number
            return Decimal(repr(raw))
        if isinstance(raw, int):
            return Decimal(raw)
        raise refused(raw, "a decimal number")

    return read


# Text for what JSON has no form for


def _uuid(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    native = connection.features.has_native_uuid_field

    def encode(value: Any) -> str:
        return str(typed("a UUID", uuid.UUID)(value))

    def value(content: Value) -> uuid.UUID:
        try:
            found = uuid.UUID(typed("a UUID", str)(content))
        except ValueError:
            raise refused(content, "a UUID") from None
        if str(found) != content:
            raise refused(content, "a UUID with hyphens in lower case")
        return found

    def param(found: uuid.UUID) -> str:
        return str(found) if native else found.hex

    read = driver_reader(field, connection)
    return Codec(FieldKind.UUID, encode, value, param, read=read)


def _binary(_field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    def encode(value: Any) -> str:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise refused(value, "binary")
        return base64.b64encode(value).decode()

    if connection.vendor == "mysql":
        # A literal in the connection's character set would have to be valid text.
        return Codec(FieldKind.BINARY, encode, from_base64, bytes.hex, cast="UNHEX(%s)")
    return Codec(FieldKind.BINARY, encode, from_base64)


def from_base64(content: Value) -> bytes:
    """The bytes that base64 stands for.

    Raises:
        RecordError: ``content`` is no base64.
    """
    try:
        return base64.b64decode(typed("base64", str)(content), validate=True)
    except (binascii.Error, ValueError):
        raise refused(content, "base64") from None


# Columns of which only the raw value is known


def _column(*_: object) -> Codec:
    same = frozenset([str, int, bool])
    return Codec(FieldKind.COLUMN, _encode_raw, _raw_value, same=same)


def _encode_raw(value: Any) -> Value:
    if type(value) is float:
        return unsigned_zero(value)
    if type(value) in {str, int, bool}:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Decimal):
        # The column may have any number of places; all forms of a number are equal.
        return {"decimal": _decimal_text(value)}
    raise refused(value, "text, a number, a truth value or binary, as a custom column must be")


def _raw_value(content: Value) -> Any:
    if type(content) in {str, int, float, bool}:
        return content
    if isinstance(content, dict) and list(content) == ["base64"]:
        return from_base64(content["base64"])
    if isinstance(content, dict) and list(content) == ["decimal"]:
        return _decimal_value(content["decimal"])
    raise refused(content, "the value of a custom column")


_LENIENT = (
    models.CharField,
    models.TextField,
    models.FileField,
    models.IntegerField,
    models.FloatField,
    models.DecimalField,
    models.DateField,
    models.TimeField,
)

_BUILDERS: tuple[tuple[type[Any], Callable[[AnyField, BaseDatabaseWrapper], Codec]], ...] = (
    (models.BooleanField, _boolean),
    (models.IntegerField, _integer),
    (models.FileField, _text),
    (models.CharField, _text),
    (models.TextField, _text),
    (models.FilePathField, _text),
    (models.GenericIPAddressField, _text),
    (models.FloatField, _float),
    (models.DecimalField, _decimal),
    (models.DateTimeField, moments.datetime_codec),
    (models.DateField, moments.date_codec),
    (models.TimeField, moments.time_codec),
    (models.DurationField, moments.duration_codec),
    (models.UUIDField, _uuid),
    (models.BinaryField, _binary),
    (models.JSONField, lambda _field, connection: json_codec(connection)),
)
