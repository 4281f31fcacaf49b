"""What constraints say of records that both sides changed: broken for certain, or for a database to tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contentgit.branches.trees.survey import By, Found
from contentgit.content.conditions import words
from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import CheckRule, ModelSchema, UniqueSet
from contentgit.integrity.rules import FALSE, digest, doubtful, holds, wanted
from contentgit.merge import Reason, Three

NOBODY: Final = By(0)

NAMED: Final = 5
"""So many records of a doubt are named; of the others only the number is told."""


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
    for each in merged:
        for rule in _mixed(each):
            if holds(rule.condition, each.record, each.schema) == FALSE:
                at = tuple((each.path, name) for name in _contested(each, rule))
                yield Found(Reason.BROKEN, at, f"{rule.name}: {words(rule.condition)}")


def _mixed(each: Together) -> Iterator[CheckRule]:
    """The check constraints of whose fields the merge made something that neither side has."""
    _, *sides = each.three
    for rule in each.schema.checks:
        if all(_differ(each.record, side, rule.fields) for side in sides):
            yield rule


def _differ(one: Record, other: Record | None, names: Sequence[str]) -> bool:
    return other is None or any(_value(one, name) != _value(other, name) for name in names)


def _value(record: Record, name: str) -> object:
    value = record.fields.get(name, ABSENT)
    return (type(value), value)  # 1 is no true


def _contested(each: Together, rule: CheckRule) -> Iterator[str]:
    """The fields of a constraint that the sides do not have alike."""
    _, ours, theirs = each.three
    for name in rule.fields:
        if ours is None or theirs is None or _value(ours, name) != _value(theirs, name):
            yield name


@dataclass
class _Seen:
    """The records that want one thing of a constraint: who changed them, the first, how many.

    ``certain`` has what they want for certain, by digest, ``None`` where that cannot be told.
    """

    by: By = NOBODY
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

    def together(self, each: Together) -> None:
        """Takes in a merged record that is neither side's."""
        label = each.schema.label
        for rule in _mixed(each):
            truth = holds(rule.condition, each.record, each.schema)
            if False in truth and truth != FALSE:
                _, seen = self._checks.setdefault((label, rule.name), (rule, _Seen()))
                seen.add(each.record.key, By.OURS | By.THEIRS)

    def changed(self, each: Together) -> None:
        """Takes in a merged record that a side changed."""
        record, schema, (_, ours, theirs) = each.record, each.schema, each.three
        sets = {each.name: each for each in schema.unique if not each.plain}
        certain = {claim[1]: digest(claim) for claim in wanted(record, schema)}
        for claim in doubtful(record, schema):
            unique = sets[claim[1]]
            # What a side does not have comes from the other one.
            by = By.THEIRS if _differ(record, ours, unique.named) else NOBODY
            by |= By.OURS if _differ(record, theirs, unique.named) else NOBODY
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
            if seen.by == By.OURS | By.THEIRS and not alone and seen.is_doubt:
                all_of = both.setdefault((label, name), _Seen())
                all_of.records += seen.records[: NAMED - len(all_of.records)]
                all_of.count += seen.count
        for (label, name), seen in both.items():
            fields = self._sets[label, name].named
            found.append(Doubt(label, name, fields, tuple(seen.records), seen.count))
        return tuple(sorted(found, key=lambda each: (each.model, each.constraint)))
