"""What the constraints of tables say of the records of a tree, as far as it can be computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from contentgit.check.files import shown
from contentgit.check.findings import Finding, Level, finding
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import CheckRule, ModelSchema, UniqueSet
from contentgit.integrity.relations import PARENT, plain
from contentgit.integrity.rules import broken, digest, doubtful, names_of, wanted

_CORRECT: Final = "correct the record, or restore the fields that go together: contentgit restore"


class Constraints:
    """Who holds which unique values first, and what each record says by itself."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[bytes, str]] = defaultdict(dict)
        self._alike: dict[tuple[str, str], dict[bytes, str]] = defaultdict(dict)

    def add(self, record: Record, model: ModelSchema, where: str) -> Iterator[Finding]:
        """What is wrong with the record by itself, and beside those before it."""
        for rule, certain in broken(record, model) if model.checks else ():
            yield _broken(record, rule, where, certain=certain)
        clashes = set()
        for label, name, values in wanted(record, model):
            key = self._held[label, name].setdefault(digest(values), record.key.key)
            if key != record.key.key:
                clashes.add(name)
                unique = model.unique_by_name[name]
                yield _claimed_twice(record.key, RecordKey(label, key), unique, values, where)
        for label, name, values in doubtful(record, model, whole=True) if model.computes else ():
            key = self._alike[label, name].setdefault(digest(values), record.key.key)
            if key != record.key.key and name not in clashes:
                other = RecordKey(label, key)
                yield _alike(record, other, model.unique_by_name[name], where)


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


def _claimed_twice(
    key: RecordKey, other: RecordKey, unique: UniqueSet, values: Sequence[Value], where: str
) -> Finding:
    names = names_of(unique)
    words = " with ".join(
        f"{name} {shown(plain(value))}" for name, value in zip(names, values, strict=True)
    )
    message = f"{other} has {words} too, which must be unique{_why(unique)}"
    # Not every database can have a constraint in which NULLs collide.
    level = None if unique.nulls_distinct else Level.WARNING
    return finding(
        "duplicate-value", message, path=where, record=key, field=_field(unique), level=level
    )


def _alike(record: Record, other: RecordKey, unique: UniqueSet, where: str) -> Finding:
    names = [name for name in unique.fields if name != PARENT]
    words = ", ".join(f"{name} {shown(record.fields.get(name))}" for name in names)
    return finding(
        "duplicate-value",
        f"a database may take {words} for what {other} has{_why(unique)}",
        path=where,
        record=record.key,
        field=_field(unique),
        level=Level.WARNING,
    )


def _field(unique: UniqueSet) -> str:
    return next((each for each in unique.fields if each != PARENT), unique.fields[0])


def _why(unique: UniqueSet) -> str:
    return "" if unique.plain else f" (constraint {unique.name})"
