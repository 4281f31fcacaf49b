"""What differs between two snapshots: changes with a before and an after, and their algebra."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from contentgit.content.canonical import same
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.words import words

__all__ = [
    "ABSENT",
    "Absent",
    "Change",
    "FieldChange",
    "Kind",
    "between",
    "compare_ids",
    "patch",
    "words",
]

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

    Raises:
        ValueError: it is there on neither side.
    """

    key: RecordKey
    before: Record | None
    after: Record | None
    whole: bool = False

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

        Of an update, those that both sides have and that differ; of whole records also those that one side
        alone has, if they say anything there. Of a record created or deleted, all.
        """
        before = {} if self.before is None else self.before.fields
        after = {} if self.after is None else self.after.fields
        if self.kind == "update":
            names = [name for name in before if name in after]
            differing = [name for name in names if not same(before[name], after[name])]
            if self.whole:
                alone = before.keys() ^ after.keys()
                differing += [name for name in alone if {**before, **after}[name] not in _NOTHING]
        else:
            differing = [*before, *after]
        return tuple(
            FieldChange(name, before.get(name, ABSENT), after.get(name, ABSENT))
            for name in sorted(differing)
        )

    def inverted(self) -> Change:
        """The change that undoes this one."""
        return Change(self.key, self.after, self.before, self.whole)


def between(a: Mapping[RecordKey, Record], b: Mapping[RecordKey, Record]) -> Iterator[Change]:
    """The changes that make ``b`` out of ``a``, by key.

    A record whose values are equal and whose set of managed fields is not is changed too, though
    none of its :attr:`Change.fields` are.
    """
    for key in sorted(a.keys() | b.keys()):
        before, after = a.get(key), b.get(key)
        if before is None or after is None or not _equal(before, after):
            yield Change(key, before, after)


def _equal(a: Record, b: Record) -> bool:
    return a is b or (
        a.fields.keys() == b.fields.keys()
        and all(same(value, b.fields[name]) for name, value in a.fields.items())
    )


def patch(a: Mapping[RecordKey, Record], changes: Iterable[Change]) -> dict[RecordKey, Record]:
    """What the changes make out of ``a``, which itself stays as it is."""
    result = dict(a)
    for change in changes:
        if change.after is None:
            result.pop(change.key, None)
        else:
            result[change.key] = change.after
    return result


def compare_ids(
    a: dict[str, str], b: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str | None, str | None]]:
    """The paths whose blob ids differ: path, id in ``a``, id in ``b``, ``None`` where it is not.

    ``b`` is read once and may be a stream. ``a`` is consumed: what is equal or has been given is
    taken out, so that what is left at the end is only in ``a``; it comes last, in its own order.
    """
    for path, there in b:
        here = a.pop(path, None)
        if here != there:
            yield path, here, there
    for path in list(a):
        yield path, a.pop(path), None
