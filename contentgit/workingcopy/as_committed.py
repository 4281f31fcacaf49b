"""A record as commits have it, where a database holds something else in place of missing rows.

A merge compares what the commits say: an apply writes the same value for two rows that are both missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.history.snapshots import CommitSide
from contentgit.merge import Three
from contentgit.workingcopy.as_applied import AT, MissingEntry, put_back, with_rules

ByRecord = Mapping[RecordKey, Sequence[MissingEntry]]


@dataclass(frozen=True)
class AsCommitted:
    """The snapshots ``base`` and ``theirs`` of a merge as their commits have them.

    ``before`` is what an apply of base wrote in place of missing rows, ``now`` what this one writes.
    ``rename`` is that of the dump's plan.
    """

    base: CommitSide
    theirs: CommitSide
    before: ByRecord
    now: ByRecord = field(default_factory=dict)
    rename: Callable[[Record], Record] | None = None

    def read(self, found: Sequence[tuple[Delta, ModelSchema | None, Three]]) -> Iterator[Three]:
        """Base, ours and theirs of each delta as a merge is to compare them; given as they are written."""
        wanted = [delta for delta, _, three in found if three[0] and self._fields(delta.key)]
        if not wanted:
            yield from (three for _, _, three in found)
            return
        sides = (self.base, self._base_ids), (self.theirs, self._theirs_ids)
        records = (
            side.records([(d.path, ids.get(d.path, "")) for d in wanted]) for side, ids in sides
        )
        whole = dict(zip((delta.key for delta in wanted), zip(*records, strict=True), strict=True))
        for delta, schema, three in found:
            was, there = whole.get(delta.key, (None, None))
            yield self._whole(three, was, there, schema) if was and schema else three

    def written(self, record: Record, schema: ModelSchema) -> Record:
        """The result of a merge as it is written."""
        return with_rules(record, self.now.get(record.key, ()), schema)

    def _fields(self, key: RecordKey) -> set[str]:
        """The fields in which something is written in place of missing rows."""
        entries = [*self.before.get(key, ()), *self.now.get(key, ())]
        return set() if any(AT in entry for entry in entries) else {e["field"] for e in entries}

    def _whole(self, three: Three, was: Record, there: Record | None, schema: ModelSchema) -> Three:
        base, ours, theirs = (dict(record.fields) if record else {} for record in three)
        was = self.rename(was) if self.rename else was
        for name in self._fields(was.key) & schema.by_name.keys() & base.keys() & was.fields.keys():
            if name in ours:
                value, entries = was.fields[name], self.before.get(was.key, ())
                ours[name] = put_back(schema.by_name[name], ours[name], base[name], value, entries)
            base[name] = was.fields[name]
            if there and name in theirs:
                theirs[name] = there.fields[name]
        key, *_ = (record.key for record in three if record)
        found = (
            Record(key, fields) if record else None
            for record, fields in zip(three, (base, ours, theirs), strict=True)
        )
        return next(found), next(found), next(found)

    @cached_property
    def _base_ids(self) -> Mapping[str, str]:
        return self.base.ids()

    @cached_property
    def _theirs_ids(self) -> Mapping[str, str]:
        return self.theirs.ids()
