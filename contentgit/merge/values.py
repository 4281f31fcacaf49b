"""One field's value on three sides, by what its kind means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT
from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema
from contentgit.content.text import in_segments
from contentgit.merge.arrangement import merge_places
from contentgit.merge.derived import merge_derived
from contentgit.merge.sequences import merge_sequences, merge_texts
from contentgit.merge.side import Side

Maybe: TypeAlias = Value
"""A value, or ``ABSENT`` where a side has none."""


class FieldConflict(NamedTuple):
    """A value that both sides changed in different ways; ``ABSENT`` where a side has none.

    ``path`` leads to it within a JSON value: keys of objects, ids of list elements.
    """

    name: str
    base: Maybe
    ours: Maybe
    theirs: Maybe
    path: tuple[str, ...] = ()


@dataclass
class _FieldMerge:
    """One field under way; ``prefer`` decides conflicts, which are noted all the same."""

    name: str
    prefer: Side | None = None
    conflicts: list[FieldConflict] = field(default_factory=list)

    def conflict(
        self, base: Maybe, ours: Maybe, theirs: Maybe, path: tuple[str, ...] = ()
    ) -> Maybe:
        """Notes the conflict, and gives the value meanwhile: ours, unless theirs is preferred."""
        self.conflicts.append(FieldConflict(self.name, base, ours, theirs, path))
        return theirs if self.prefer is Side.THEIRS else ours


def merge_value(
    schema: FieldSchema | None,
    name: str,
    base: Maybe,
    ours: Maybe,
    theirs: Maybe,
    prefer: Side | None = None,
) -> tuple[Maybe, tuple[FieldConflict, ...]]:
    """The value that has the changes of both sides, and where they contradict each other.

    A change of one side is taken, and so is the same change of both. Beyond that the kind decides: text
    that is written in segments is merged by them, many-to-many as sets or lists, JSON by key and by list
    elements with an ``id``, ``auto_now`` is the newer one. A field that a side does not manage (``ABSENT``)
    does not outweigh an edit of the other. Without a ``schema`` the value is one piece. A derived field never
    conflicts: numbers take both sides' steps, also where both took the same; of other values it is
    the larger, until the project computes it.
    """
    if schema is not None and schema.derived and not schema.moment:
        return merge_derived(schema.kind, base, ours, theirs), ()
    value = _simple(base, ours, theirs)
    if value is not _OPEN:
        return value, ()
    merging = _FieldMerge(name, prefer)
    value = _by_kind(schema, merging, base, ours, theirs)
    return value, tuple(merging.conflicts)


_OPEN: Final = object()
"""No rule gives a value."""


def _equal(a: Maybe, b: Maybe) -> bool:
    return a is b or (a is not ABSENT and b is not ABSENT and same(a, b))


def _simple(base: Maybe, ours: Maybe, theirs: Maybe) -> Maybe:
    """The result where at most one side changed it, or both made the same change."""
    if _equal(ours, theirs) or _equal(base, theirs):
        return ours
    return theirs if _equal(base, ours) else _OPEN


def _by_kind(
    schema: FieldSchema | None, merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe
) -> Maybe:
    if ours is ABSENT or theirs is ABSENT:
        return theirs if ours is ABSENT else ours
    if schema is None:
        return merging.conflict(base, ours, theirs)
    if schema.moment and isinstance(ours, str) and isinstance(theirs, str):
        return max(ours, theirs)
    value: Maybe = _OPEN
    if base is not ABSENT:
        rule = _list if schema.ordered else _RULES.get(schema.kind)
        value = rule(merging, base, ours, theirs) if rule else _OPEN
    return merging.conflict(base, ours, theirs) if value is _OPEN else value


def _text(_merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe) -> Maybe:
    texts = (base, ours, theirs)
    if not all(isinstance(each, str) and in_segments(each) for each in texts):
        return _OPEN
    merged = merge_texts(base, ours, theirs)
    return _OPEN if merged is None else merged


def _set(_merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe) -> Maybe:
    """Each reference is there or not, so two sides cannot contradict each other."""
    try:
        was, here, there = (
            {RecordKey.parse(each) for each in side} for side in (base, ours, theirs)
        )
    except (TypeError, ValueError, AttributeError):
        return _OPEN  # it is not what contentgit wrote
    return [str(key) for key in sorted((here & there) | (here - was) | (there - was))]


def _list(merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe) -> Maybe:
    """As :func:`_set`; in the order that both sides' moves make, which may contradict each other."""
    try:
        was, here, there = (
            {RecordKey.parse(text): place for place, text in enumerate(side)}
            for side in (base, ours, theirs)
        )
    except (TypeError, ValueError, AttributeError):
        return _OPEN
    members = {
        key: place
        for side in (there, here)
        for key, place in side.items()
        if (key in here and key in there) or key not in was
    }
    merged = merge_places(was, here, there, members, merging.prefer)
    if merged.apart:
        merging.conflict(base, ours, theirs)
    return [str(key) for key in merged.places]


def _json(
    merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe, path: tuple[str, ...] = ()
) -> Maybe:
    value = _simple(base, ours, theirs)
    if value is _OPEN:
        sides = (base, ours, theirs)
        if all(isinstance(side, dict) for side in sides):
            value = _objects(merging, base, ours, theirs, path)
        elif all(isinstance(each, str) for each in sides):
            value = _text(merging, base, ours, theirs)
        elif all(_has_ids(each) for each in sides):
            value = _elements(merging, base, ours, theirs, path)
    return merging.conflict(base, ours, theirs, path) if value is _OPEN else value


def _objects(
    merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe, path: tuple[str, ...] = ()
) -> Maybe:
    """Objects key by key."""
    if not all(isinstance(side, dict) for side in (base, ours, theirs)):
        return _OPEN
    merged = {}
    for key in dict.fromkeys([*ours, *theirs, *base]):
        was, here, there = (side.get(key, ABSENT) for side in (base, ours, theirs))
        value = _json(merging, was, here, there, (*path, key))
        if value is not ABSENT:
            merged[key] = value
    return merged


def _has_ids(value: Maybe) -> bool:
    """Whether it is a list of objects with distinct ids."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return False
    ids = [each.get("id") for each in value]
    return all(type(each) in (int, str) for each in ids) and len({*map(repr, ids)}) == len(ids)


def _elements(
    merging: _FieldMerge, base: Maybe, ours: Maybe, theirs: Maybe, path: tuple[str, ...]
) -> Maybe:
    """List elements by id, in the order that both sides' moves make."""
    was, here, there = ({repr(each["id"]): each for each in side} for side in (base, ours, theirs))
    order = merge_sequences([*was], [*here], [*there])
    if order is None or len({*order}) < len(order) or _edited_and_gone(was, here, there):
        return _OPEN
    merged = []
    for name in order:
        before, mine, other = (side.get(name, ABSENT) for side in (was, here, there))
        merged.append(_json(merging, before, mine, other, (*path, name)))
    return merged


def _edited_and_gone(
    was: Mapping[str, Value], here: Mapping[str, Value], there: Mapping[str, Value]
) -> bool:
    """Whether one side took an element out that the other changed."""
    return any(
        not same(was[name], side[name])
        for side, other in ((here, there), (there, here))
        for name in was
        if name in side and name not in other
    )


_Rule: TypeAlias = Callable[[_FieldMerge, Maybe, Maybe, Maybe], Maybe]
_RULES: Final[Mapping[FieldKind, _Rule]] = {
    FieldKind.TEXT: _text,
    FieldKind.REFERENCES: _set,
    FieldKind.JSON: _json,
    FieldKind.MAPPING: _objects,
}
