"""Constraints on records that both sides changed: broken for certain, or for a database to judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple

from contentgit.branches.trees.survey import By, Found
from contentgit.content.conditions import words
from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import CheckRule, ModelSchema, UniqueSet
from contentgit.integrity.rules import FALSE, digest, doubtful, holds, wanted
from contentgit.merge import Reason, Three

NAMED: Final = 5
"""At most so many records of a doubt are named; the others are counted."""


class Together(NamedTuple):
    """A merged record: its path, what each side has there, and what the merge gives."""

    path: str
    three: Three
    record: Record
    schema: ModelSchema


@dataclass(frozen=True)
class Doubt:
    """A constraint of which both sides changed fields, and which only a database can judge.

    ``records`` are the first of the ``count`` records that they changed there.
    """

    model: str
    constraint: str
    fields: tuple[str, ...]
    records: tuple[str, ...]
    count: int

    @property
    def text(self) -> str:
        """The constraint and the records, in one line."""
        more = f" and {self.count - NAMED:,} more" if self.count > NAMED else ""
        return (
            f"both sides changed {', '.join(self.fields)} of {self.model}, and only the database can tell "
            f"whether the constraint {self.constraint} holds: {', '.join(self.records)}{more}"
        )


def broken(merged: Iterable[Together]) -> Iterator[Found]:
    """The conflicts over check constraints that neither side breaks by itself."""
    for one in merged:
        _, ours, theirs = one.three
        for rule in _mixed(one):
            if holds(rule.condition, one.record, one.schema) == FALSE:
                at = tuple(
                    (one.path, name)
                    for name in rule.fields
                    if ours is None or _differ(ours, theirs, [name])
                )
                yield Found(Reason.BROKEN, at, f"{rule.name}: {words(rule.condition)}")


def _mixed(one: Together) -> Iterator[CheckRule]:
    """The check constraints of whose fields the merge made something that neither side has."""
    _, *sides = one.three
    for rule in one.schema.checks:
        if all(_differ(one.record, side, rule.fields) for side in sides):
            yield rule


def _differ(one: Record, other: Record | None, names: Sequence[str]) -> bool:
    if other is None:
        return True
    pairs = ((one.fields.get(name, ABSENT), other.fields.get(name, ABSENT)) for name in names)
    return any(type(a) is not type(b) or a != b for a, b in pairs)  # 1 is not true


@dataclass
class _Seen:
    """The records that want one thing of a constraint: who changed them, the first, how many.

    ``certain`` has what they want for certain, by digest, ``None`` where that cannot be told.
    """

    by: By = By.NOBODY
    records: list[str] = field(default_factory=list)
    count: int = 0
    certain: set[bytes | None] = field(default_factory=set)

    @property
    def is_doubt(self) -> bool:
        """Whether it takes a database: what all of them want for certain collides for certain."""
        return None in self.certain or len(self.certain) > 1

    def add(self, key: RecordKey, by: By, certain: bytes | None = None) -> None:
        self.by |= by
        self.certain.add(certain)
        self.count += 1
        if len(self.records) < NAMED:
            self.records.append(str(key))


@dataclass
class Doubts:
    """Collects what only a database can judge: hand in records, then ask for :meth:`found`."""

    _checks: dict[tuple[str, str], tuple[CheckRule, _Seen]] = field(default_factory=dict)
    _sets: dict[tuple[str, str], UniqueSet] = field(default_factory=dict)
    _wanted: dict[tuple[str, str, bytes], _Seen] = field(default_factory=dict)

    def together(self, one: Together) -> None:
        """Takes in a merged record that is neither side's."""
        for rule in _mixed(one):
            truth = holds(rule.condition, one.record, one.schema)
            if False in truth and truth != FALSE:
                place = one.schema.label, rule.name
                _, seen = self._checks.setdefault(place, (rule, _Seen()))
                seen.add(one.record.key, By.BOTH)

    def changed(self, one: Together) -> None:
        """Takes in a merged record that a side changed."""
        record, schema, (_, ours, theirs) = one.record, one.schema, one.three
        certain = {claim[1]: digest(claim) for claim in wanted(record, schema)}
        for claim in doubtful(record, schema):
            unique = schema.unique_by_name[claim[1]]
            # What a side does not have comes from the other one.
            by = By.THEIRS if _differ(record, ours, unique.named) else By.NOBODY
            by |= By.OURS if _differ(record, theirs, unique.named) else By.NOBODY
            if by:
                self._sets[schema.label, unique.name] = unique
                place = (schema.label, unique.name, digest(claim))
                self._wanted.setdefault(place, _Seen()).add(
                    record.key, by, certain.get(unique.name)
                )

    def found(self) -> tuple[Doubt, ...]:
        """What is in doubt, by model and constraint."""
        found = [
            Doubt(label, name, rule.fields, tuple(seen.records), seen.count)
            for (label, name), (rule, seen) in self._checks.items()
        ]
        both: dict[tuple[str, str], _Seen] = {}
        for (label, name, _), seen in self._wanted.items():
            # One record, alone with its values, collides with none that the other side changed.
            alone = seen.count == 1 and bool(self._sets[label, name].parts)
            if seen.by == By.BOTH and not alone and seen.is_doubt:
                all_of = both.setdefault((label, name), _Seen())
                all_of.records += seen.records[: NAMED - len(all_of.records)]
                all_of.count += seen.count
        for (label, name), seen in both.items():
            fields = self._sets[label, name].named
            found.append(Doubt(label, name, fields, tuple(seen.records), seen.count))
        return tuple(sorted(found, key=attrgetter("model", "constraint")))
