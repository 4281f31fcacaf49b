"""What differs between two snapshots: changes with a before and an after."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from contentgit.content.canonical import same
from contentgit.content.records import Record, RecordKey, Value

Kind: TypeAlias = Literal["create", "update", "delete"]


class _Absent(enum.Enum):
    """The side of a change that has no value, because it has no record or does not manage it."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent.ABSENT
"""No value: the record is not there, or the field is not managed. ``None`` is a value."""

Absent: TypeAlias = Literal[_Absent.ABSENT]

_NOTHING: Final[tuple[Value, ...]] = ("", None, [], {})


class FieldChange(NamedTuple):
    """One field's value before and after."""

    name: str
    before: Value | Absent
    after: Value | Absent


@dataclass(frozen=True)
class Change:
    """One record before and after; ``None`` where it is not there.

    Both are ``whole`` where they come from commits. The database may manage fewer fields than a commit has.
    ``unsaid`` are fields of which the record before may not say what they held.

    Raises:
        ValueError: it is there on neither side.
    """

    key: RecordKey
    before: Record | None
    after: Record | None
    whole: bool = False
    unsaid: AbstractSet[str] = frozenset()

    def __post_init__(self) -> None:
        if self.before is None and self.after is None:
            raise ValueError(f"{self.key}: a change has a before or an after")

    @property
    def kind(self) -> Kind:
        """What becomes of the record."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"

    @cached_property
    def fields(self) -> tuple[FieldChange, ...]:
        """The fields that change, by name.

        Of an update, those that both sides have and that differ. Those that one side alone has, if they have
        a value there: of whole records, and of the database's those that the commit cannot say. Of a record
        created or deleted, all.
        """
        before = {} if self.before is None else self.before.fields
        after = {} if self.after is None else self.after.fields
        if self.kind == "update":
            names = [name for name in before if name in after]
            differing = [name for name in names if not same(before[name], after[name])]
            alone = before.keys() ^ after.keys()
            if not self.whole:
                alone &= after.keys() & self.unsaid
            differing += [name for name in alone if {**before, **after}[name] not in _NOTHING]
        else:
            differing = [*before, *after]
        return tuple(
            FieldChange(name, before.get(name, ABSENT), after.get(name, ABSENT))
            for name in sorted(differing)
        )


class Delta(NamedTuple):
    """A record whose blob ids differ in database and commit; ``""`` where one of them does not have it."""

    key: RecordKey
    path: str
    database: str
    commit: str

    @property
    def row(self) -> RecordKey | None:
        """The key, if the database has the record."""
        return self.key if self.database else None


def deltas(
    database: Iterable[tuple[str, RecordKey, str]], commit: dict[str, str]
) -> Iterator[Delta]:
    """The deltas of the records in ``database``, a stream of path, key and blob id.

    Paths that the database has are removed from ``commit``, the blob ids by path; the rest is only there.
    """
    for path, key, blob in database:
        other = commit.pop(path, "")
        if other != blob:
            yield Delta(key, path, blob, other)
