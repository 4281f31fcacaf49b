"""Decisions on conflicts, and how a record is made with them."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import redirected
from contentgit.content.schema import ModelSchema
from contentgit.content.values import content_value, json_value
from contentgit.errors import FormatError
from contentgit.merge.places import Place, Values, with_values
from contentgit.merge.records import Conflict, MergedRecord
from contentgit.merge.side import Side
from contentgit.merge.values import Maybe


class Take(enum.StrEnum):
    """Whose content is taken at a place, or that the record is deleted."""

    OURS = "ours"
    THEIRS = "theirs"
    BASE = "base"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is taken at a place of a record, or for a file that is not a record.

    One of: ``take`` a side's, a ``value`` of one's own, or another ``key`` for the record that theirs has
    added, or ours where that is what ``take`` says.
    """

    place: Place | None = None
    file: str = ""
    take: Take | None = None
    value: Maybe = ABSENT
    key: str = ""

    @property
    def label(self) -> str:
        """The label of the place."""
        return str(self.place) if self.place else self.file

    def document(self) -> dict[str, Any]:
        """The resolution as a JSON object, which :meth:`parse` reads."""
        found: dict[str, Any] = {"at": self.label}
        if self.key:
            found["key"] = self.key
        if self.take:
            found["take"] = self.take.value
        elif not self.key:
            found["value"] = json_value(self.value)
        return found

    @classmethod
    def parse(cls, document: Any) -> Resolution:
        """The resolution in a JSON object.

        Raises:
            FormatError: it is none.
        """
        try:
            label, rest = document["at"], {name for name in document if name != "at"}
            found = cls(**_named(label))
            if rest == {"key"} and found.place:
                return replace(found, key=str(document["key"]))
            if rest == {"key", "take"} and found.place and document["take"] == Take.OURS:
                return replace(found, key=str(document["key"]), take=Take.OURS)
            if rest == {"take"}:
                return replace(found, take=Take(document["take"]))
            if rest == {"value"} and found.place and found.place.field:
                return replace(found, value=content_value(document["value"]))
        except (TypeError, KeyError, ValueError, AttributeError):
            pass
        raise FormatError(f"this is not a resolution of a conflict: {document!r:.200}")


def _named(label: str) -> dict[str, Any]:
    try:
        return {"place": Place.parse(label)}
    except ValueError:
        if not label:
            raise
        return {"file": label}


def added(resolutions: Sequence[Resolution], new: Iterable[Resolution]) -> tuple[Resolution, ...]:
    """The resolutions with new ones, which take the place of earlier ones at or within the same place.

    A new key takes the place of all that was decided about the record: theirs has another name then.
    """
    found: dict[int, Resolution] = {}
    within: dict[tuple[object, ...], list[int]] = defaultdict(list)  # by places, those around too
    for number, each in enumerate(chain(resolutions, new), -len(resolutions)):
        place = each.place  # the steps to it, from its record on
        at: tuple[object, ...] = (each.file,) if place is None else (place.key,)
        if place and place.field:
            at = (*at, place.field, *place.path)
        if number >= 0:
            for old in within.pop(at, ()):
                if old in found and (each.key or not found[old].key):
                    del found[old]
                elif old in found:
                    within[at].append(old)
        found[number] = each
        for length in range(1, len(at) + 1):
            within[at[:length]].append(number)
    return tuple(found.values())


def resolved(
    merged: MergedRecord,
    base: Record | None,
    ours: Record | None,
    theirs: Record | None,
    resolutions: Sequence[Resolution],
    schema: ModelSchema | None = None,
) -> MergedRecord:
    """A merged record with what was decided about it, in the order of deciding.

    Of fields that are one value together a side is taken as a whole. What is left of the conflict is what no
    resolution has decided.
    """
    if not resolutions:
        return merged
    record, conflict = merged.record, merged.conflict
    sides = {Take.OURS: ours, Take.THEIRS: theirs, Take.BASE: base, Take.DELETE: None}
    held = {take: Values(side) for take, side in sides.items() if side is not None}
    decided: dict[Place, Maybe] = {}
    for each in resolutions:
        if each.place is None or each.key:
            continue
        if each.take is Take.DELETE or not each.place.field:
            record, conflict, decided = sides[each.take or Take.OURS], None, {}
            continue
        values = {each.place: each.value}
        if each.take is not None:
            if each.take not in held:
                continue  # it has no such field, and a record is written whole
            values = taken_together(held[each.take], each.place, schema)
        for place, value in values.items():
            decided.pop(place, None)  # what is decided last is put there last
            decided[place] = value
    return MergedRecord(record and with_values(record, decided), _without(conflict, decided))


def taken_together(side: Values, place: Place, schema: ModelSchema | None) -> dict[Place, Maybe]:
    """What a side has at a place with a field, and in the fields that are one value with it."""
    names = schema.companions(place.field) if schema else (place.field,)
    if len(names) == 1:
        return {place: side.at(place)}
    places = [Place(place.key, name) for name in names]
    values = {each: side.at(each) for each in places}
    # What the side does not manage stays as it is.
    return {
        each: value
        for each, value in values.items()
        if value is not ABSENT or each.field == place.field
    }


def _without(conflict: Conflict | None, places: Iterable[Place]) -> Conflict | None:
    """What is left of a conflict when some places are decided."""
    if conflict is None or conflict.reason.is_delete:
        return conflict
    decided = {(place.field, *place.path) for place in places}
    left = []
    for field in conflict.fields:
        path = (field.name, *field.path)
        if not any(path[:length] in decided for length in range(1, len(path) + 1)):
            left.append(field)
    return replace(conflict, fields=tuple(left)) if left else None


def new_keys(
    resolutions: Iterable[Resolution], side: Side = Side.THEIRS
) -> dict[RecordKey, RecordKey]:
    """The new key of each record of a side that is given one, by its old key."""
    return {
        each.place.key: RecordKey(each.place.key.model, each.key)
        for each in resolutions
        if each.place and each.key and (each.take is Take.OURS) == (side is Side.OURS)
    }


def renumbered(
    record: Record, schema: ModelSchema | None, keys: Mapping[RecordKey, RecordKey]
) -> Record:
    """The record with its own key and its references as ``keys`` has them instead."""
    by_name = schema.by_name if schema else {}
    fields = {
        name: redirected(value, by_name[name], lambda key: keys.get(key, key))
        if name in by_name
        else value
        for name, value in record.fields.items()
    }
    return Record(keys.get(record.key, record.key), fields)
