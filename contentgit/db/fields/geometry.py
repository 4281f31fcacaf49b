"""Columns of GeoDjango, as EWKT with its SRID and all digits. No library for geometries is needed."""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.db.fields.ewkb import ewkb, ewkt, with_srid
from contentgit.db.fields.values import Codec, refused, typed
from contentgit.errors import RecordError
from contentgit.records import Value
from contentgit.schema import FieldKind

_NOT_SIMPLE = re.compile(r"EMPTY|CURVE|CIRCULAR|SURFACE|TIN|TRIANGLE|\(.*(?:MULTI|COLLECTION)")
"""What SpatiaLite makes NULL of: empty geometries, curves, and collections in collections."""

_WANTED = "a geometry as contentgit writes it: SRID=4326;POINT(1 2.5)"


def geometry_codec(field: Any, connection: BaseDatabaseWrapper) -> Codec:
    """A column of geometries; its Python value is EWKB without the SRID, and the SRID."""
    if connection.vendor == "mysql":
        return _mysql_codec(int(field.srid))
    if connection.vendor == "sqlite":
        cast, select = "GeomFromEWKB(%s)", "AsEWKB(%s)"
        return Codec(FieldKind.GEOMETRY, _encode, _simple, _hex, cast=cast, select=select)
    return Codec(FieldKind.GEOMETRY, _encode, _value, _hex)


def _encode(raw: Any) -> str:
    try:
        data = bytes.fromhex(raw) if isinstance(raw, str) else bytes(raw)
        return ewkt(data)
    except (TypeError, ValueError):
        raise refused(raw, "a geometry") from None


def _mysql_codec(own: int) -> Codec:
    """MariaDB puts the SRID in front of WKB; Django leaves it 0, which means that of the field."""

    def encode(raw: Any) -> str:
        if not isinstance(raw, (bytes, bytearray, memoryview)) or len(raw) < 5:
            raise refused(raw, "a geometry")
        data = bytes(raw)
        text, srid = _encode(data[4:]), int.from_bytes(data[:4], "little") or own
        return f"SRID={srid};{text}" if srid else text

    def param(value: tuple[int, bytes]) -> str:
        srid, data = value
        if data[4] & 0xC0 or srid >= 2**32:
            raise RecordError("it has more than two dimensions, which MariaDB cannot hold")
        return ((0 if srid == own else srid).to_bytes(4, "little") + data).hex()

    return Codec(FieldKind.GEOMETRY, encode, _value, param, cast="UNHEX(%s)")


def _value(content: Value) -> tuple[int, bytes]:
    text = typed(_WANTED, str)(content)
    try:
        srid, data = ewkb(text)
        if ewkt(with_srid(srid, data)) == text:
            return srid, data
    except ValueError:
        pass
    raise refused(content, _WANTED)


def _simple(content: Value) -> tuple[int, bytes]:
    value = _value(content)
    if _NOT_SIMPLE.search(str(content)):
        raise refused(content, "a geometry that SpatiaLite can hold")
    return value


def _hex(value: tuple[int, bytes]) -> str:
    return with_srid(*value).hex().upper()
