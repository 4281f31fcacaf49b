"""Conflicts of a merge of whole trees, as values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, Value
from contentgit.merge.places import Place
from contentgit.merge.records import Reason
from contentgit.merge.values import FieldConflict, Maybe


class Contested(NamedTuple):
    """One place of a conflict with what each side has there.

    At a place without a field that is the whole record; ``ABSENT`` where a side has nothing. ``file`` is
    its path in the repository, ``place`` is ``None`` where the file is not a record.
    """

    file: str
    place: Place | None = None
    base: Record | Maybe = ABSENT
    ours: Record | Maybe = ABSENT
    theirs: Record | Maybe = ABSENT
    title: str = ""

    @property
    def label(self) -> str:
        """The label of the place."""
        return str(self.place) if self.place else self.file


class TreeConflict(NamedTuple):
    """Places that only people can decide on, together.

    ``edits`` are what the other side changed in a record that one side deleted; ``about`` names the
    fields that must be unique, or the constraint that is broken and what it demands; ``shared`` are the
    values that several records would have in these fields.
    """

    reason: Reason
    places: tuple[Contested, ...]
    edits: tuple[FieldConflict, ...] = ()
    about: str = ""
    shared: tuple[Value, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its places; the first names the conflict."""
        return tuple(place.label for place in self.places)


def files_of(conflicts: Iterable[TreeConflict]) -> set[str]:
    """The files in which conflicts have their places."""
    return {place.file for conflict in conflicts for place in conflict.places}
