"""Dates, times, points in time and durations as text, to the microsecond."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields.plain import AnyField, driver_reader
from contentgit.db.fields.values import Codec, itself, refused, typed
from contentgit.errors import RecordError

UTC = dt.UTC

T = TypeVar("T")

_DURATION = re.compile(r"(-?)P(\d+)DT(\d\d)H(\d\d)M(\d\d)\.(\d{6})S", re.ASCII)
_MICROSECOND = dt.timedelta(microseconds=1)


def _parser(
    wanted: str, parse: Callable[[str], T], encode: Callable[[T], str]
) -> Callable[[Value], T]:
    """The inverse of ``encode``: takes what it gives and refuses all else."""
    check = typed(wanted, str)

    def value(content: Value) -> T:
        try:
            found = parse(check(content))
            if encode(found) == content:
                return found
        except (ValueError, OverflowError, RecordError):
            pass
        raise refused(content, wanted)

    return value


def date_codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    """``"2026-11-22"``."""

    def encode(value: Any) -> str:
        if type(value) is not dt.date:
            raise refused(value, "a date")
        return value.isoformat()

    value = _parser("a date like 2026-11-22", dt.date.fromisoformat, encode)
    return _local(Codec(FieldKind.DATE, encode, value), field, connection, dt.date.fromisoformat)


def time_codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    """``"13:05:00.000000"``."""

    def encode(value: Any) -> str:
        if type(value) is not dt.time or value.tzinfo is not None:
            raise refused(value, "a time of day")
        return value.isoformat("microseconds")

    value = _parser("a time like 13:05:00.000000", dt.time.fromisoformat, encode)
    return _local(Codec(FieldKind.TIME, encode, value), field, connection, dt.time.fromisoformat)


def datetime_codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    """``"2026-11-22T13:05:00.000000Z"``; without ``Z`` where the project uses no time zones."""
    parse = dt.datetime.fromisoformat
    if connection.timezone is None:
        value = _parser("a time without Z, as USE_TZ is off", parse, encode_naive)
        return _local(Codec(FieldKind.DATETIME, encode_naive, value), field, connection, parse)
    value = _parser("a time like 2026-11-22T13:05:00.000000Z", _parse_aware, encode_aware)
    codec = _local(Codec(FieldKind.DATETIME, encode_aware, value), field, connection, parse)
    if connection.vendor == "postgresql":
        # Django's loader trusts that the session is in the connection's time zone.
        return replace(codec, read=_in_utc, select="(%s AT TIME ZONE 'UTC')")
    return replace(codec, read=_existing(codec.read or itself, connection))


_SELECT = {"sqlite": "+%s", "mysql": "CAST(%s AS CHAR)"}
"""What is no date or time (MariaDB has a day 0000-00-00), the loaders of these give as NULL, and an
expression of another type as it is."""


def _local(
    codec: Codec, field: AnyField, connection: BaseDatabaseWrapper, parse: Callable[[str], Any]
) -> Codec:
    """The codec with Django's conversions to and from the column, read as ``_SELECT`` says."""
    convert = driver_reader(field, connection)

    def read(raw: Any) -> Any:
        if not isinstance(raw, str):
            return raw if convert is None else convert(raw)
        try:
            value = parse(raw)
        except ValueError:
            return raw  # the encoder refuses it, and names the record
        return value if convert is None else convert(value)

    return replace(
        codec,
        param=lambda value: field.get_db_prep_value(value, connection, prepared=True),
        read=read if connection.vendor == "mysql" else convert,
        select=_SELECT.get(connection.vendor, "%s"),
    )


def _in_utc(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _existing(read: Callable[[Any], Any], connection: BaseDatabaseWrapper) -> Callable[[Any], Any]:
    """Refuses local times that a change of the clocks skips, where the database holds local times."""
    if connection.timezone_name == "UTC":
        return read
    zone = connection.timezone

    def checked(raw: Any) -> Any:
        value = read(raw)
        if not isinstance(value, dt.datetime):
            return value
        again = value.astimezone(UTC).astimezone(zone)
        if again.replace(tzinfo=None) != value.replace(tzinfo=None):
            raise refused(value, f"a time that exists in {connection.timezone_name}")
        return value

    return checked


def encode_aware(value: Any) -> str:
    """A point in time in UTC.

    Raises:
        RecordError: it has no time zone.
    """
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise refused(value, "a time with a time zone")
    try:
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise refused(value, "a time that UTC can tell") from None
    return f"{moment.replace(tzinfo=None).isoformat('T', 'microseconds')}Z"


def _parse_aware(text: str) -> dt.datetime:
    if not text.endswith("Z"):
        raise ValueError("no UTC")
    return dt.datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def encode_naive(value: Any) -> str:
    """A time on the clocks of the settings' time zone.

    Raises:
        RecordError: it has a time zone.
    """
    if not isinstance(value, dt.datetime) or value.tzinfo is not None:
        raise refused(value, "a time without a time zone")
    return value.isoformat("T", "microseconds")


def duration_codec(_field: AnyField, connection: BaseDatabaseWrapper) -> Codec:
    """``"P1DT02H03M04.000005S"``, with a minus in front where it is negative."""
    value = _parser("a duration like P1DT02H03M04.000005S", _parse_duration, _encode_duration)
    if connection.features.has_native_duration_field:
        return Codec(FieldKind.DURATION, _encode_duration, value)
    return Codec(FieldKind.DURATION, _encode_duration, value, _in_64_bits, read=_timedelta)


def _timedelta(microseconds: Any) -> dt.timedelta:
    try:
        return dt.timedelta(microseconds=typed("a duration", int)(microseconds))
    except OverflowError:
        raise refused(microseconds, "a duration that Python can hold") from None


def _in_64_bits(value: dt.timedelta) -> int:
    found = value // _MICROSECOND
    if not -(2**63) <= found < 2**63:
        raise refused(str(value), "a duration that this database holds: 64 bits of microseconds")
    return found


def _encode_duration(value: Any) -> str:
    if not isinstance(value, dt.timedelta):
        raise refused(value, "a duration")
    whole = abs(value // _MICROSECOND)
    seconds, micro = divmod(whole, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    sign = "-" if value < dt.timedelta() else ""
    return f"{sign}P{day}DT{hour:02d}H{minute:02d}M{second:02d}.{micro:06d}S"


def _parse_duration(text: str) -> dt.timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("no duration")
    days, hours, minutes, seconds, micro = map(int, match.groups()[1:])
    # In integers: a float of seconds could not hold the microseconds of many years.
    whole = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000 + micro
    return dt.timedelta(microseconds=-whole if match[1] else whole)
