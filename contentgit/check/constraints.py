"""Rules of constraints for the records of a tree, as far as they can be computed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from contentgit.check.files import shown
from contentgit.check.findings import Finding, Level, finding
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import CheckRule, ModelSchema, UniqueSet
from contentgit.integrity.index import Clash, UniqueValues
from contentgit.integrity.relations import PARENT, plain
from contentgit.integrity.rules import broken, doubtful, names_of

_CORRECT: Final = "correct the record, or restore the fields that go together: contentgit restore"


class Constraints:
    """Which record holds a unique value first, and which check constraints a record breaks."""

    def __init__(self) -> None:
        self._held = UniqueValues[str]()
        self._doubtful = UniqueValues[str](partial(doubtful, whole=True))

    def add(self, record: Record, model: ModelSchema, where: str) -> Iterator[Finding]:
        """What is wrong with the record by itself, and beside those before it."""
        key = record.key
        for rule, certain in broken(record, model) if model.checks else ():
            yield _broken(record, rule, where, certain=certain)
        clashing = set()
        for clash in self._held.add(record, model, key.key):
            clashing.add(clash.unique.name)
            yield _held_twice(record, clash, where)
        for clash in self._doubtful.add(record, model, key.key) if model.computes else ():
            if clash.unique.name not in clashing:
                yield _maybe_held_twice(record, clash, where)


def _broken(record: Record, rule: CheckRule, where: str, *, certain: bool) -> Finding:
    values = ", ".join(f"{name} {shown(record.fields.get(name))}" for name in rule.fields)
    verb = "breaks" if certain else "may break"
    return finding(
        "broken-constraint",
        f"{verb} the check constraint {shown(rule.name)}: {values}",
        path=where,
        record=record.key,
        field=rule.fields[0] if rule.fields else "",
        hint=_CORRECT,
        level=None if certain else Level.WARNING,
    )


def _held_twice(record: Record, clash: Clash[str], where: str) -> Finding:
    unique, other = clash.unique, RecordKey(record.key.model, clash.first)
    words = " with ".join(
        f"{name} {shown(plain(value))}"
        for name, value in zip(names_of(unique), clash.values, strict=True)
    )
    message = f"{other} has {words} too, which must be unique{_constraint(unique)}"
    # Not every database can have a constraint in which NULLs collide.
    level = None if unique.nulls_distinct else Level.WARNING
    return _duplicate(message, record, unique, where, level)


def _maybe_held_twice(record: Record, clash: Clash[str], where: str) -> Finding:
    unique, other = clash.unique, RecordKey(record.key.model, clash.first)
    names = [name for name in unique.fields if name != PARENT]
    words = ", ".join(f"{name} {shown(record.fields.get(name))}" for name in names)
    message = f"a database may take {words} for what {other} has{_constraint(unique)}"
    return _duplicate(message, record, unique, where, Level.WARNING)


def _duplicate(
    message: str, record: Record, unique: UniqueSet, where: str, level: Level | None
) -> Finding:
    field = next((name for name in unique.fields if name != PARENT), unique.fields[0])
    return finding(
        "duplicate-value", message, path=where, record=record.key, field=field, level=level
    )


def _constraint(unique: UniqueSet) -> str:
    return "" if unique.plain else f" (constraint {unique.name})"
