"""Content as frozen values: what a row is, apart from any database, git or file.

A :class:`Record` is the content of one row of one table. Its field values are *content values*:
``None``, ``bool``, ``int`` of any size, ``float``, ``str``, lists and dictionaries of these,
:data:`JSON_NULL` and :class:`CarriedFile`. What a value means (a reference, a date, a text) is told by the
schema; here a reference is the string ``"app.model:key"``, a many-to-many is the sorted list of such strings.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias


class _JSONNull(enum.Enum):
    """The one value that a JSON column can hold and that is neither SQL NULL nor a JSON value."""

    JSON_NULL = "JSON null"

    def __repr__(self) -> str:
        return "JSON_NULL"


JSON_NULL: Final = _JSONNull.JSON_NULL
"""A JSON column that holds ``null``; ``None`` is SQL NULL."""

JSONNull: TypeAlias = Literal[_JSONNull.JSON_NULL]

Value: TypeAlias = Any
"""A content value. Its type is recursive; an exact one would complicate every use."""


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """A file that travels with its row: its name within the storage, its SHA-256 as hexadecimal digits, its
    size in bytes. The bytes are beside the records of a commit.
    """

    name: str
    sha256: str
    size: int


_DIGITS: Final = 640
"""Digits that Python always reads as a number; no key of a row has more."""


class RecordKey(NamedTuple):
    """What names a record in every environment.

    ``model`` is Django's ``label_lower``; ``key`` is the key text: the parts of the key, each
    percent-encoded into ``a-z0-9._-``, joined by commas (see :mod:`contentgit.content.layout`).
    """

    model: str
    key: str

    def __str__(self) -> str:
        return f"{self.model}:{self.key}"

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """Models by name; within one, integer keys by number and before all other keys."""
        digits = self.key.removeprefix("-")
        if len(digits) <= _DIGITS and digits.isdecimal() and digits.isascii():
            return (self.model, 0, int(self.key), self.key)
        return (self.model, 1, 0, self.key)

    def __lt__(self, other: RecordKey) -> bool:  # type: ignore[override]
        return self.sort_key < other.sort_key

    def __gt__(self, other: RecordKey) -> bool:  # type: ignore[override]
        return self.sort_key > other.sort_key

    def __le__(self, other: RecordKey) -> bool:  # type: ignore[override]
        return self.sort_key <= other.sort_key

    def __ge__(self, other: RecordKey) -> bool:  # type: ignore[override]
        return self.sort_key >= other.sort_key

    @classmethod
    def parse(cls, text: str) -> RecordKey:
        """The key in the reference ``"app.model:key"``.

        Raises:
            ValueError: ``text`` is no reference.
        """
        model, colon, key = text.partition(":")
        if not colon or not key or model.count(".") != 1:
            raise ValueError(f"{text!r} is not a reference like app.model:key")
        return cls(model, key)


def by_model(keys: Iterable[RecordKey]) -> dict[str, list[RecordKey]]:
    """The keys by their model, in their order."""
    found: dict[str, list[RecordKey]] = {}
    for key in keys:
        found.setdefault(key.model, []).append(key)
    return found


def sorted_keys(keys: Iterable[RecordKey]) -> list[RecordKey]:
    """The keys in their order, which is found fast where all keys of a model are numbers."""
    found: list[RecordKey] = []
    for _, some in sorted(by_model(keys).items()):
        if all(len(key) <= _DIGITS and key.isdecimal() and key.isascii() for _, key in some):
            found += sorted(some, key=_number)
        else:
            found += sorted(some, key=attrgetter("sort_key"))
    return found


def _number(key: RecordKey) -> tuple[int, str]:
    return int(key.key), key.key


def in_order(references: Iterable[str]) -> list[str]:
    """References as a many-to-many field without an order of its own lists them; other texts, too."""
    return sorted(references, key=lambda each: RecordKey(*each.partition(":")[::2]).sort_key)


@dataclass(frozen=True, slots=True)
class Record:
    """The content of one row: its key and the content value of each managed field."""

    key: RecordKey
    fields: Mapping[str, Value]
