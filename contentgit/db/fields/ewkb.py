"""Geometries between EWKB, as spatial databases exchange them, and EWKT, as a record holds them.

Written here, as no function of a database gives all digits of all numbers: ``SRID=4326;POINT Z (1 2.5 -3)``.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

_TAGS: Final = {
    1: "POINT",
    2: "LINESTRING",
    3: "POLYGON",
    4: "MULTIPOINT",
    5: "MULTILINESTRING",
    6: "MULTIPOLYGON",
    7: "GEOMETRYCOLLECTION",
    8: "CIRCULARSTRING",
    9: "COMPOUNDCURVE",
    10: "CURVEPOLYGON",
    11: "MULTICURVE",
    12: "MULTISURFACE",
    15: "POLYHEDRALSURFACE",
    16: "TIN",
    17: "TRIANGLE",
}
_NUMBERS: Final = {tag: number for number, tag in _TAGS.items()}
_LINES: Final = frozenset({"LINESTRING", "CIRCULARSTRING"})
_RINGS: Final = frozenset({"POLYGON", "TRIANGLE"})
_MEMBERS: Final = {
    "MULTIPOINT": "POINT",
    "MULTILINESTRING": "LINESTRING",
    "MULTIPOLYGON": "POLYGON",
    "COMPOUNDCURVE": "LINESTRING",
    "CURVEPOLYGON": "LINESTRING",
    "MULTICURVE": "LINESTRING",
    "MULTISURFACE": "POLYGON",
    "POLYHEDRALSURFACE": "POLYGON",
    "TIN": "TRIANGLE",
}
"""The kind of member that is written without its name."""

_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_DIMENSIONS: Final = {"": 0, "Z": _Z, "M": _M, "ZM": _Z | _M}
_NAMES: Final = {flags: name for name, flags in _DIMENSIONS.items()}
_HEAD = re.compile(r"(?:SRID=([1-9][0-9]*);)?(.*)", re.ASCII | re.DOTALL)
_TOKEN = re.compile(r"[(),]|[^\s(),]+")

Point: TypeAlias = tuple[float, ...]


@dataclass(frozen=True)
class Shape:
    """A geometry: its points, its lists of them, or the shapes it is made of; nothing if it is empty."""

    tag: str
    parts: Sequence[Any]


def ewkt(data: bytes) -> str:
    """The EWKT of EWKB.

    Raises:
        ValueError: this is no EWKB.
    """
    reader = _WkbReader(data)
    try:
        shape = reader.shape()
        name = _NAMES[reader.flags or 0]
        text = _named(shape, f" {name} " if name else "")
    except (struct.error, RecursionError) as error:
        raise ValueError(str(error)) from None
    if reader.place != len(data):
        raise ValueError("bytes are left")
    return f"SRID={reader.srid};{text}" if reader.srid else text


def ewkb(text: str) -> tuple[int, bytes]:
    """SRID and EWKB, without the SRID in it, of what :func:`ewkt` gives.

    Raises:
        ValueError: the text is none of these.
    """
    match = _HEAD.fullmatch(text)
    assert match is not None
    parser = _WktParser(_TOKEN.findall(match[2]))
    try:
        shape = parser.named()
        data = b"".join(_written(shape, parser.flags or 0))
    except (IndexError, KeyError, RecursionError, struct.error) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    if parser.tokens:
        raise ValueError("words are left")
    srid = int(match[1] or 0)
    if srid >= 2**31:
        raise ValueError(f"{srid} is not an SRID")
    return srid, data


def with_srid(srid: int, data: bytes, *, always: bool = False) -> bytes:
    """EWKB with the SRID in it, where there is one; ``always`` writes a 0, too."""
    if not srid and not always:
        return data
    (kind,) = struct.unpack_from("<I", data, 1)
    return data[:1] + struct.pack("<II", kind | _SRID, srid) + data[5:]


# Bytes


@dataclass
class _WkbReader:
    data: bytes
    place: int = 0
    srid: int = 0
    flags: int | None = None
    order: str = "<"

    def take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(self.order + form, self.data, self.place)
        self.place += struct.calcsize(self.order + form)
        return found

    def shape(self) -> Shape:
        self.order = "<" if self.take("B") == (1,) else ">"
        (kind,) = self.take("I")
        if kind & _SRID:
            self.srid = max(0, *self.take("i"))  # SpatiaLite knows -1, which is none either
        flags = kind & (_Z | _M)
        if self.flags is None:
            self.flags = flags
        tag = _TAGS.get(kind & ~(_Z | _M | _SRID))
        if tag is None or flags != self.flags:
            raise ValueError(f"unknown type {kind:#x}")
        if tag == "POINT":
            point = self.point()
            return Shape(tag, [] if all(map(math.isnan, point)) else [point])
        if tag in _LINES:
            return Shape(tag, self.points())
        if tag in _RINGS:
            return Shape(tag, [self.points() for _ in range(self.count())])
        return Shape(tag, [self.shape() for _ in range(self.count())])

    def count(self) -> int:
        (number,) = self.take("I")
        return int(number)

    def point(self) -> Point:
        return self.take(f"{_width(self.flags or 0)}d")

    def points(self) -> list[Point]:
        return [self.point() for _ in range(self.count())]


def _width(flags: int) -> int:
    return 2 + bool(flags & _Z) + bool(flags & _M)


def _written(shape: Shape, flags: int) -> Iterator[bytes]:
    yield struct.pack("<BI", 1, _NUMBERS[shape.tag] | flags)
    if shape.tag == "POINT":
        width = _width(flags)
        yield struct.pack(f"<{width}d", *(shape.parts[0] if shape.parts else [math.nan] * width))
    elif shape.tag in _LINES:
        yield _packed(shape.parts, flags)
    else:
        yield struct.pack("<I", len(shape.parts))
        for part in shape.parts:
            yield from (
                _written(part, flags) if isinstance(part, Shape) else [_packed(part, flags)]
            )


def _packed(points: Sequence[Point], flags: int) -> bytes:
    width = _width(flags)
    body = b"".join(struct.pack(f"<{width}d", *point) for point in points)
    return struct.pack("<I", len(points)) + body


# Text


def _named(shape: Shape, dimensions: str) -> str:
    between = dimensions or ("" if shape.parts else " ")
    return f"{shape.tag}{between}{_body(shape, dimensions)}"


def _body(shape: Shape, dimensions: str) -> str:
    if not shape.parts:
        return "EMPTY"
    if shape.tag == "POINT" or shape.tag in _LINES:
        return _list(map(_coordinates, shape.parts))
    if shape.tag in _RINGS:
        return _list(_list(map(_coordinates, ring)) if ring else "EMPTY" for ring in shape.parts)
    bare = _MEMBERS.get(shape.tag)
    return _list(
        _body(part, dimensions) if part.tag == bare else _named(part, dimensions)
        for part in shape.parts
    )


def _list(parts: Iterator[str]) -> str:
    return f"({', '.join(parts)})"


def _coordinates(point: Point) -> str:
    return " ".join(repr(number).removesuffix(".0") for number in point)


@dataclass
class _WktParser:
    """Takes the words of a text from its front."""

    tokens: list[str]
    flags: int | None = None

    def __post_init__(self) -> None:
        self.tokens.reverse()

    def named(self) -> Shape:
        tag = self.tokens.pop()
        flags = _DIMENSIONS[self.tokens.pop()] if self.tokens[-1] in ("Z", "M", "ZM") else 0
        if self.flags is None:
            self.flags = flags
        if flags != self.flags or tag not in _NUMBERS:
            raise ValueError(f"{tag} is not known, or has other dimensions")
        return self.shape(tag)

    def shape(self, tag: str) -> Shape:
        if self.tokens[-1] == "EMPTY":
            self.tokens.pop()
            return Shape(tag, [])
        if tag == "POINT":
            (point,) = self.points()
            return Shape(tag, [point])
        if tag in _LINES:
            return Shape(tag, self.points())
        return Shape(tag, self.listed(lambda: self.part(tag)))

    def listed(self, take: Callable[[], T]) -> list[T]:
        """What ``take`` reads between parentheses and commas."""
        found: list[T] = []
        while not found or self.tokens[-1] == ",":
            self.expect("," if found else "(")
            found.append(take())
        self.expect(")")
        return found

    def part(self, tag: str) -> Any:
        if tag in _RINGS:
            return self.shape("LINESTRING").parts
        bare = _MEMBERS.get(tag)
        return self.named() if bare is None or self.tokens[-1] in _NUMBERS else self.shape(bare)

    def points(self) -> list[Point]:
        width = _width(self.flags or 0)
        return self.listed(lambda: tuple(float(self.tokens.pop()) for _ in range(width)))

    def expect(self, token: str) -> None:
        if self.tokens.pop() != token:
            raise ValueError(f"there is no {token}")
