"""What people decide where both sides changed the same thing, and a record with such decisions."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contentgit.content import content_value, json_value
from contentgit.diff import ABSENT
from contentgit.errors import FormatError
from contentgit.merge.places import Place, value_at, with_value
from contentgit.merge.records import Conflict, ConflictKind, Merged
from contentgit.merge.values import FieldConflict, Maybe
from contentgit.records import Record, RecordKey
from contentgit.schema import ModelSchema


class Take(enum.StrEnum):
    """Whose content stands at a place, or that the record goes."""

    OURS = "ours"
    THEIRS = "theirs"
    BASE = "base"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What shall stand at a place of a record, or in a file that is none.

    One of: ``take`` a side's, a ``value`` of one's own, or another ``key`` for the record of theirs.
    """

    place: Place | None = None
    file: str = ""
    take: Take | None = None
    value: Maybe = ABSENT
    key: str = ""

    @property
    def label(self) -> str:
        """How the place is called."""
        return str(self.place) if self.place else self.file

    def document(self) -> dict[str, Any]:
        """The resolution as a JSON object, which :meth:`parse` reads."""
        found: dict[str, Any] = {"at": self.label}
        if self.key:
            found["key"] = self.key
        elif self.take:
            found["take"] = self.take.value
        else:
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
            if rest == {"take"}:
                return replace(found, take=Take(document["take"]))
            if rest == {"value"} and found.place and found.place.field:
                return replace(found, value=content_value(document["value"]))
        except (TypeError, KeyError, ValueError, AttributeError):
            pass
        raise FormatError(f"this is no resolution of a conflict: {document!r:.200}")


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
    found = list(resolutions)
    for each in new:
        found = [old for old in found if not _replaces(each, old)]
        found.append(each)
    return tuple(found)


def _replaces(new: Resolution, old: Resolution) -> bool:
    if new.place is None or old.place is None:
        return new.label == old.label
    if new.place.key != old.place.key:
        return False
    if new.key:
        return True
    if old.key:
        return False
    if new.place.field != old.place.field:
        return not new.place.field
    return old.place.path[: len(new.place.path)] == new.place.path


def resolved(
    merged: Merged,
    base: Record | None,
    ours: Record | None,
    theirs: Record | None,
    resolutions: Iterable[Resolution],
    schema: ModelSchema | None = None,
) -> Merged:
    """A merged record with what was decided about it, in the order of deciding.

    Of fields that are one value together a side is taken as a whole. What is left of the conflict is what no
    resolution has decided.
    """
    record, conflict = merged.record, merged.conflict
    sides = {Take.OURS: ours, Take.THEIRS: theirs, Take.BASE: base, Take.DELETE: None}
    for each in resolutions:
        if each.place is None or each.key:
            continue
        if each.take is Take.DELETE or not each.place.field:
            record, conflict = sides[each.take or Take.OURS], None
            continue
        decided = {each.place: each.value}
        if each.take is not None:
            side = sides[each.take]
            if side is None:
                continue  # it has no such field, and a record is written whole
            decided = taken_together(side, each.place, schema)
        for place, value in decided.items():
            record = with_value(record, place, value) if record is not None else None
            conflict = _without(conflict, place)
    return Merged(record, conflict)


def taken_together(side: Record, place: Place, schema: ModelSchema | None) -> dict[Place, Maybe]:
    """What a side has at a place with a field, and in the fields that are one value with it."""
    names = schema.companions(place.field) if schema else (place.field,)
    if len(names) == 1:
        return {place: value_at(side, place)}
    places = [Place(place.key, name) for name in names]
    values = {each: value_at(side, each) for each in places}
    # What the side does not manage stays as it is.
    return {
        each: value
        for each, value in values.items()
        if value is not ABSENT or each.field == place.field
    }


def _without(conflict: Conflict | None, place: Place) -> Conflict | None:
    """What is left of a conflict when what stands at a place is decided."""
    if conflict is None or conflict.kind not in _BY_FIELD:
        return conflict
    left = tuple(each for each in conflict.fields if not _within(each, place))
    return replace(conflict, fields=left) if left else None


_BY_FIELD: Final = frozenset({ConflictKind.EDITED, ConflictKind.ADDED})


def _within(conflict: FieldConflict, place: Place) -> bool:
    same_field = conflict.name == place.field
    return same_field and conflict.path[: len(place.path)] == place.path


def renumbered(
    record: Record, schema: ModelSchema | None, keys: Mapping[RecordKey, RecordKey]
) -> Record:
    """The record with its own key and its references as ``keys`` has them instead."""
    texts = {str(old): str(new) for old, new in keys.items()}
    fields = {}
    for name, value in record.fields.items():
        known = schema.by_name.get(name) if schema else None
        if known is None or known.kind.value not in ("reference", "references", "generic"):
            fields[name] = value
        elif isinstance(value, list):
            found = dict.fromkeys(
                RecordKey.parse(texts.get(str(each), str(each))) for each in value
            )
            fields[name] = [str(each) for each in (found if known.ordered else sorted(found))]
        else:
            fields[name] = texts.get(value, value) if isinstance(value, str) else value
    return Record(keys.get(record.key, record.key), fields)
