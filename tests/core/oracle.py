"""Whole snapshots in memory, compared and merged by the product's rules: what laws are stated about.

The product reads trees as streams and never holds a snapshot. :func:`three_way` calls what it calls there:
:class:`OrderedModel` for the models that a field orders, then :meth:`Settled.merge` for each record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from contentgit.content.canonical import same
from contentgit.content.diff import Change
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.merge import Conflict, OrderedModel, Settled, Side, Three

Snapshot = Mapping[RecordKey, Record]


def between(a: Snapshot, b: Snapshot) -> Iterator[Change]:
    """The changes that make ``b`` out of ``a``, by key.

    A record whose values are equal and whose set of managed fields is not is changed too, though none of its
    :attr:`Change.fields` are.
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


def patch(a: Snapshot, changes: Iterable[Change]) -> dict[RecordKey, Record]:
    """The snapshot that the changes make out of ``a``."""
    result = dict(a)
    for change in changes:
        if change.after is None:
            result.pop(change.key, None)
        else:
            result[change.key] = change.after
    return result


def inverted(change: Change) -> Change:
    """The change that undoes this one."""
    return Change(change.key, change.after, change.before, change.whole)


@dataclass(frozen=True)
class Merge:
    """A snapshot with both sides' changes, and the conflicts by key."""

    records: Snapshot = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()


def three_way(
    base: Snapshot,
    ours: Snapshot,
    theirs: Snapshot,
    models: Mapping[str, ModelSchema],
    prefer: Side | None = None,
) -> Merge:
    """The snapshot that has what both sides did to ``base``; ``models`` are schemas by label."""
    keys = {str(key): key for key in sorted(base.keys() | ours.keys() | theirs.keys())}

    def sides(paths: Iterable[str]) -> Iterator[tuple[str, Three]]:
        for path in paths:
            key = keys[path]
            yield path, (base.get(key), ours.get(key), theirs.get(key))

    settled = Settled()
    for schema in models.values():
        here, there = (_changed(base, side, schema) for side in (ours, theirs))
        untouched = [
            (str(key), record)
            for key, record in base.items()
            if key.model == schema.label and str(key) not in {*here, *there}
        ]
        model = OrderedModel(schema, here, there, sides, untouched.__iter__, prefer)
        model.settle_into(settled)
    merged = {
        keys[path]: settled.merge(path, three, models.get(keys[path].model), prefer)
        for path, three in sides(keys)
    }
    records = {key: each.record for key, each in merged.items() if each.record is not None}
    conflicts = (each.conflict for each in merged.values() if each.conflict is not None)
    return Merge(records, tuple(conflicts))


def _changed(base: Snapshot, side: Snapshot, schema: ModelSchema) -> list[str]:
    """The paths of the model's records that a side changed."""
    return [str(each.key) for each in between(base, side) if each.key.model == schema.label]
