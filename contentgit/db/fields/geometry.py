"""Columns of GeoDjango, as EWKT with its SRID and all digits. No library for geometries is needed."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields.ewkb import ewkb, ewkt, with_srid
from contentgit.db.fields.values import Codec, refused, typed
from contentgit.errors import RecordError

_NOT_SIMPLE = re.compile(r"EMPTY|CURVE|CIRCULAR|SURFACE|TIN|TRIANGLE|\(.*(?:MULTI|COLLECTION)")
"""What SpatiaLite makes NULL of: empty geometries, curves, and collections in collections."""


def geometry_codec(field: Any, connection: BaseDatabaseWrapper) -> Codec:
    """A column of geometries; its Python value is EWKB without the SRID, and the SRID."""
    given = int(field.srid)
    own, spatialite = max(0, given), connection.vendor == "sqlite"
    if connection.vendor == "mysql":
        return _mysql_codec(own)

    def param(value: tuple[int, bytes]) -> str:
        # SpatiaLite makes NULL of EWKB without an SRID, and 0 of the -1 that a column may have.
        return with_srid(*value, always=spatialite).hex().upper()

    if not spatialite:
        return Codec(FieldKind.GEOMETRY, _encode, partial(_value, own), param)
    cast = f"SetSRID(GeomFromEWKB(%s), {given})" if given < 0 else "GeomFromEWKB(%s)"
    value = partial(_simple, own)
    return Codec(FieldKind.GEOMETRY, _encode, value, param, cast=cast, select="AsEWKB(%s)")


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

    return Codec(FieldKind.GEOMETRY, encode, partial(_value, own), param, cast="UNHEX(%s)")


def _value(own: int, content: Value) -> tuple[int, bytes]:
    """SRID and EWKB; a column that has the SRID ``own`` takes no geometry without one."""
    form = f"SRID={own};POINT(1 2.5)" if own else "POINT(1 2.5)"
    wanted = f"a geometry as contentgit writes it: {form}"
    text = typed(wanted, str)(content)
    try:
        srid, data = ewkb(text)
        if ewkt(with_srid(srid, data)) == text and (srid or not own):
            return srid, data
    except ValueError:
        pass
    raise refused(content, wanted)


def _simple(own: int, content: Value) -> tuple[int, bytes]:
    value = _value(own, content)
    if _NOT_SIMPLE.search(str(content)):
        raise refused(content, "a geometry that SpatiaLite can hold")
    return value
