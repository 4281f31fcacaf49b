"""Geometries as text and back, without any database or library for them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.db.fields.ewkb import ewkb, ewkt, with_srid

TEXTS = [
    "POINT(1 2)",
    "SRID=4326;POINT(16.3738 48.2082)",
    "SRID=4326;POINT Z (1 2 -0.1)",
    "POINT M (1 2 3)",
    "POINT ZM (1 2 3 4)",
    "POINT EMPTY",
    "SRID=3857;POINT Z EMPTY",
    "LINESTRING(0 0, 1e+300 5e-324, 0.30000000000000004 -0)",
    "LINESTRING EMPTY",
    "POLYGON((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
    "POLYGON Z ((0 0 1, 4 0 1, 4 4 1, 0 0 1))",
    "POLYGON EMPTY",
    "MULTIPOINT((1 2), (3 4))",
    "MULTIPOINT((1 2), EMPTY)",
    "MULTILINESTRING((0 0, 1 1), EMPTY, (2 2, 3 3))",
    "SRID=4326;MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5), EMPTY))",
    "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1), GEOMETRYCOLLECTION EMPTY)",
    "GEOMETRYCOLLECTION Z (POINT Z (1 2 3), GEOMETRYCOLLECTION Z (POINT Z EMPTY))",
    "CIRCULARSTRING(0 0, 1 1, 2 0)",
    "COMPOUNDCURVE((0 0, 1 1), CIRCULARSTRING(1 1, 2 2, 3 1))",
    "CURVEPOLYGON(CIRCULARSTRING(0 0, 1 1, 2 0, 1 -1, 0 0), (0.5 0, 1 0.5, 1 0, 0.5 0))",
    "MULTICURVE((0 0, 1 1), CIRCULARSTRING(0 0, 1 1, 2 0))",
    "MULTISURFACE(((0 0, 1 0, 1 1, 0 0)), CURVEPOLYGON((0 0, 1 0, 1 1, 0 0)))",
    "POLYHEDRALSURFACE Z (((0 0 0, 0 1 0, 1 1 0, 0 0 0)))",
    "TIN Z (((0 0 0, 0 1 0, 1 1 0, 0 0 0)))",
    "TRIANGLE((0 0, 0 1, 1 1, 0 0))",
    "POINT(nan 1)",
    "POINT(inf -inf)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_to_bytes_and_back(text: str) -> None:
    assert ewkt(with_srid(*ewkb(text))) == text


@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False)), min_size=1, max_size=3
    )
)
def test_all_digits_are_kept(points: list[tuple[float, float]]) -> None:
    head = struct.pack("<BII", 1, 2, len(points))
    data = head + b"".join(struct.pack("<dd", *point) for point in points)
    assert ewkb(ewkt(data)) == (0, data)


def test_bytes_in_the_other_order() -> None:
    assert ewkt(struct.pack(">BIIdd", 0, 1 | 0x20000000, 4326, 1, 2)) == "SRID=4326;POINT(1 2)"


WRONG = [
    "",
    "POINT",
    "POINT(",
    "POINT(1)",
    "POINT(1 2 3)",
    "POINT(1 2) x",
    "CUBE(1 2)",
    "POINT Z (1 2)",
    "POLYGON(1 2)",
    "LINESTRING()",
    "MULTIPOINT(POINT Z (1 2 3))",
    "point(1 2)",
    "POINT(x y)",
    "GEOMETRYCOLLECTION(" * 100_000,
    "SRID=4326;",
    "SRID=99999999999;POINT(1 2)",
    "POINT(1 2",
    "MULTIPOINT((1 2) (3 4))",
]


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:30])
def test_text_that_is_wrong(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are shown to nobody
        ewkb(text)


def nested(depth: int) -> bytes:
    return struct.pack("<BII", 1, 7, 1) * depth + struct.pack("<BIdd", 1, 1, 1, 2)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\x01", b"\x01\x01\x00\x00\x00", b"\x01\x63" + bytes(3)),
        *(nested(depth) for depth in (300, 10_000)),  # deeper than it can be written, or read
    ],
    ids=lambda data: len(data),
)
def test_bytes_that_are_wrong(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ewkt(data)
