"""Places in which sides of a merge can conflict: their labels, and how they are read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contentgit.content.diff import ABSENT
from contentgit.content.layout import decode_part, encode_part
from contentgit.content.records import Record, RecordKey, Value
from contentgit.merge.values import Maybe

_RECORD: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+:[^/]+")


class Place(NamedTuple):
    """A record, a field of it, or a value within a field: keys of objects, ids of list elements."""

    key: RecordKey
    field: str = ""
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The label that people type: ``pages.page:42``, ``pages.page:42/body``, ``…/body/blocks/7``."""
        names = [self.field] if self.field else []
        return "/".join([str(self.key), *names, *map(encode_part, self.path)])

    @classmethod
    def parse(cls, label: str) -> Place:
        """The place with this label.

        Raises:
            ValueError: it is not the label of a place in a record.
        """
        key, *names = label.split("/")
        if not _RECORD.fullmatch(key) or "" in names:
            raise ValueError(f"{label!r} is not a place in a record")
        field, path = (names[0], names[1:]) if names else ("", [])
        return cls(RecordKey.parse(key), field, tuple(map(decode_part, path)))


class Values:
    """What a record holds at places; a list is gone through once for all of its elements."""

    def __init__(self, record: Record | None) -> None:
        self._record = record
        self._elements: dict[int, dict[str, Value]] = {}

    def at(self, place: Place) -> Maybe:
        """The value at a place with a field; ``ABSENT`` where there is none."""
        if self._record is None:
            return ABSENT
        value = self._record.fields.get(place.field, ABSENT)
        for name in place.path:
            if isinstance(value, dict):
                value = value.get(name, ABSENT)
            elif isinstance(value, list):
                value = self._named(value).get(name, ABSENT)
            else:
                return ABSENT
        return value

    def _named(self, elements: list[Value]) -> dict[str, Value]:
        """The elements by id; of several with one id the first."""
        if id(elements) not in self._elements:
            named = ((_name(element), element) for element in reversed(elements))
            self._elements[id(elements)] = {
                name: value for name, value in named if name is not None
            }
        return self._elements[id(elements)]


def value_at(record: Record | None, place: Place) -> Maybe:
    """The value at a place with a field; ``ABSENT`` where there is none."""
    return Values(record).at(place)


_NOTHING: Final = object()


@dataclass
class _Put:
    """What is put at a place, if anything is, and then at places within it."""

    value: Maybe = _NOTHING
    inner: dict[str, _Put] = field(default_factory=dict)


def with_values(record: Record, values: Mapping[Place, Maybe]) -> Record:
    """The record with these values at places with a field, put there one after the other.

    ``ABSENT`` removes the value. An element that a list does not have is appended.
    """
    top = _Put()
    for place, value in values.items():
        node = top
        for name in (place.field, *place.path):
            node = node.inner.setdefault(name, _Put())
        node.value, node.inner = value, {}
    return Record(record.key, _entries(record.fields, top.inner))


def _entries(there: Mapping[str, Value], puts: Mapping[str, _Put]) -> dict[str, Value]:
    entries = dict(there)
    for name, put in puts.items():
        new = _with(entries.get(name, ABSENT), put)
        if new is ABSENT:
            entries.pop(name, None)
        else:
            entries[name] = new
    return entries


def _with(there: Maybe, put: _Put) -> Maybe:
    if put.value is not _NOTHING:
        there = put.value
    if not put.inner:
        return there
    if isinstance(there, list):
        return _elements(there, put.inner)
    return _entries(there if isinstance(there, dict) else {}, put.inner)


def _elements(there: list[Value], puts: Mapping[str, _Put]) -> list[Value]:
    """The list with its elements called so replaced or taken out, and others put in at the end."""
    left = dict(puts)
    result = []
    for element in there:
        name = _name(element) or ""
        left.pop(name, None)
        result.append(_with(element, puts[name]) if name in puts else element)
    result += (_with(ABSENT, put) for put in left.values() if put.value is not _NOTHING)
    return [element for element in result if element is not ABSENT]


def _name(element: Value) -> str | None:
    """The id of a list's element."""
    return repr(element["id"]) if isinstance(element, dict) and "id" in element else None
