"""Places that sides of a merge can contradict each other in: how they are called, read and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contentgit.diff import ABSENT
from contentgit.layout import decode_part, encode_part
from contentgit.merge.values import Maybe
from contentgit.records import Record, RecordKey, Value

_RECORD: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+:[^/]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A record, a field of it, or a value within a field: keys of objects, ids of list elements."""

    key: RecordKey
    field: str = ""
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The label that people type: ``pages.page:42``, ``pages.page:42/body``, ``…/body/blocks/7``."""
        return "/".join([str(self.key), *([self.field] if self.field else []), *self._path()])

    def _path(self) -> Sequence[str]:
        return [encode_part(each) for each in self.path]

    @classmethod
    def parse(cls, label: str) -> Place:
        """The place with this label.

        Raises:
            ValueError: it is no label of a record.
        """
        key, *names = label.split("/")
        if not _RECORD.fullmatch(key) or "" in names:
            raise ValueError(f"{label!r} is no place in a record")
        field, path = (names[0], names[1:]) if names else ("", [])
        return cls(RecordKey.parse(key), field, tuple(map(decode_part, path)))


def value_at(record: Record | None, place: Place) -> Maybe:
    """What stands at a place with a field; ``ABSENT`` where there is nothing."""
    if record is None:
        return ABSENT
    value = record.fields.get(place.field, ABSENT)
    for name in place.path:
        if isinstance(value, dict):
            value = value.get(name, ABSENT)
        elif isinstance(value, list):
            value = next((each for each in value if _is_named(each, name)), ABSENT)
        else:
            return ABSENT
    return value


def with_value(record: Record, place: Place, value: Maybe) -> Record:
    """The record with ``value`` at a place with a field; ``ABSENT`` takes out what stands there."""
    fields = dict(record.fields)
    new = _put(fields.get(place.field, ABSENT), place.path, value)
    if new is ABSENT:
        fields.pop(place.field, None)
    else:
        fields[place.field] = new
    return Record(record.key, fields)


def _put(there: Maybe, path: Sequence[str], value: Maybe) -> Maybe:
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(there, list):
        return _put_element(there, name, rest, value)
    entries: dict[str, Value] = dict(there) if isinstance(there, dict) else {}
    new = _put(entries.get(name, ABSENT), rest, value)
    if new is ABSENT:
        entries.pop(name, None)
    else:
        entries[name] = new
    return entries


def _put_element(there: list[Value], name: str, rest: Sequence[str], value: Maybe) -> list[Value]:
    """The list with its element called ``name`` replaced, taken out, or put in at the end."""
    result = []
    found = False
    for each in there:
        if not _is_named(each, name):
            result.append(each)
            continue
        found = True
        new = _put(each, rest, value)
        if new is not ABSENT:
            result.append(new)
    if not found and not rest and value is not ABSENT:
        result.append(value)
    return result


def _is_named(element: Value, name: str) -> bool:
    return isinstance(element, dict) and "id" in element and repr(element["id"]) == name
