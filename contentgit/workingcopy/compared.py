"""The records of a plan's paths on three sides: base, the database's, those of the commit to apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property, partial

from contentgit.content.canonical import same
from contentgit.content.layout import encode_part, record_path
from contentgit.content.portions import portions, record_size
from contentgit.content.records import Record, Value
from contentgit.history.snapshots import BATCH, CommitSide, Difference, batches
from contentgit.merge import OrderedModel, Settled, Side, Three, counts, order_fields
from contentgit.workingcopy.database_side import Missing
from contentgit.workingcopy.planned import DumpPlan
from contentgit.workingcopy.withheld import staying, undeleted

Ids = Mapping[str, str]
"""Blob ids by path; ``""`` stands for no record."""


@dataclass(frozen=True)
class Compared:
    """A path with its record in base, ours and theirs.

    ``own`` is ours with the references that the database may lack, which a merge must not drop.
    """

    path: Difference
    base: Record | None
    ours: Record | None
    theirs: Record | None
    own: Record | None = None

    @property
    def three(self) -> Three:
        """The sides that are merged."""
        return self.base, self.own, self.theirs


@dataclass(frozen=True)
class ThreeWay:
    """Reads the records of one dump of a plan, in batches."""

    work: DumpPlan

    def read(self, differences: Iterable[Difference]) -> Iterator[Compared]:
        """The records as they are."""
        for batch in batches(differences):
            yield from self._batch(batch)

    def read_to_merge(self, differences: Iterable[Difference]) -> Iterator[Compared]:
        """The records as a merge takes them: what an apply has left here is no edit."""
        work = self.work
        stay = {} if work.goal.undoes or not work.applied else staying(work.applied.withheld)
        stayed = undeleted(work.goal.undoes)
        missing = Missing(work.dump)
        for batch in _portions(self.read(differences)):
            kept = missing.kept([(each.base, each.ours) for each in batch])
            for each, whole in zip(batch, kept, strict=True):
                base, here, there = each.base, each.ours, each.theirs
                if base is None and here and stay.get(str(here.key)) == each.path.after:
                    base = here  # the commit deletes it, and it stays for want of a licence
                elif base is None and here and there and str(here.key) in stayed:
                    base = there  # it was there before the apply that is undone, and stayed
                if base and base.key in work.taken:
                    base = _without(base, work.taken[base.key])
                yield Compared(each.path, base, here, there, whole or here)

    def settled(self, take: Side | None) -> Settled:
        """The records that come out otherwise than merged one by one, since a field orders them."""
        work = self.work
        differences = {each.path: each for each in work.differences}
        ours = {**work.theirs_ids, **{path: each.after for path, each in differences.items()}}

        def records(paths: Iterable[str]) -> Iterator[tuple[str, Three]]:
            wanted = (differences.get(path) or self._alike(path) for path in paths)
            for each in self.read_to_merge(wanted):
                yield each.path.path, each.three

        return _settled(work, (work.base_ids, ours, work.theirs_ids), records, take)

    def paths_to_merge(self, settled: Settled) -> list[Difference]:
        """The differences, and what a merge changes although both sides have the same there."""
        work = self.work
        known = {each.path for each in work.differences}
        more = [*settled.merged, *settled.numbers]
        if work.goal.undoes is None:  # an undo leaves what is already as it was
            # Both sides counted on alike, and each step counts.
            counted = {
                encode_part(label)
                for label, table in work.dump.tables.items()
                if counts(table.schema)
            }
            more += [path for path in work.alike if path.partition("/")[0] in counted]
        extra = (path for path in sorted({*more}) if path not in known)
        return [*work.differences, *map(self._alike, extra)]

    def _alike(self, path: str) -> Difference:
        blob = self.work.alike.get(path) or self.work.theirs_ids.get(path, "")
        return Difference(path, blob, blob)

    def _batch(self, batch: Sequence[Difference]) -> Iterator[Compared]:
        work = self.work
        theirs = work.theirs.records([(each.path, each.before) for each in batch])
        ours = work.ours.records([(each.path, each.after) for each in batch])
        base = _at(work.base, work.base_ids, [each.path for each in batch])
        sides = zip(batch, base, ours, theirs, strict=True)
        found: Iterator[Compared] = (Compared(*each) for each in sides)
        if work.origin is not None:
            origin = _at(work.origin, work.origin_ids, [each.path for each in batch])
            found = map(self._with_made, found, origin)
        if not work.beneath:
            yield from found
            return
        for portion in _portions(found):
            for beneath in work.beneath:
                portion = _on_top(beneath, portion)
            yield from portion

    # What an undone merge has made

    def _with_made(self, sides: Compared, origin: Record | None) -> Compared:
        """The sides with what the merge that is undone has made as their base."""
        return replace(sides, base=self._made(sides, origin))

    def _made(self, sides: Compared, origin: Record | None) -> Record | None:
        """What the merge that is undone has made: an edit from before it is none that it brought.

        Where it had a conflict, the value that is still here was taken, or else the commit's.
        """
        before, merged = sides.theirs, sides.base
        record = before or merged
        if record is None or (merged is None and str(record.key) in self._staying):
            return None
        label, path = record.key.model, sides.path.path
        table = self.work.dump.tables.get(label)
        schema = table.schema if table else None
        three = origin, before, merged
        made = self._made_by_theirs.merge(path, three, schema, Side.THEIRS)
        if made.conflict is None and not (schema and order_fields(schema)):
            return made.record
        other = self._made_by_ours.merge(path, three, schema, Side.OURS)
        return _as_here(made.record, other.record, sides.ours)

    @cached_property
    def _staying(self) -> Mapping[str, str]:
        work = self.work
        return staying([*(work.applied.withheld if work.applied else ()), *work.goal.withheld])

    @cached_property
    def _made_by_theirs(self) -> Settled:
        """What comes of the orders in the merge that is undone, where conflicts take the commit's."""
        return self._orders_made(Side.THEIRS)

    @cached_property
    def _made_by_ours(self) -> Settled:
        return self._orders_made(Side.OURS)

    def _orders_made(self, prefer: Side) -> Settled:
        work = self.work
        assert work.origin is not None
        sides = (
            (work.origin, work.origin_ids),
            (work.theirs, work.theirs_ids),
            (work.base, work.base_ids),
        )

        def records(paths: Iterable[str]) -> Iterator[tuple[str, Three]]:
            for batch in batches(paths):
                three = zip(*(_at(*each, batch) for each in sides), strict=True)
                yield from zip(batch, three, strict=True)

        ids = work.origin_ids, work.theirs_ids, work.base_ids
        return _settled(work, ids, records, prefer)


def _portions(compared: Iterable[Compared]) -> Iterator[list[Compared]]:
    return portions(compared, lambda each: record_size(each.base, each.ours, each.theirs), BATCH)


def _as_here(made: Record | None, other: Record | None, here: Record | None) -> Record | None:
    """The record as ``made``, with the values of ``other`` where these are here and the former are not."""
    if made is None or other is None or here is None:
        return made

    def taken(name: str, value: Value) -> Value:
        now, another = here.fields.get(name), other.fields.get(name, value)
        return another if same(another, now) and not same(value, now) else value

    return replace(made, fields={name: taken(name, value) for name, value in made.fields.items()})


def _without(record: Record, links: AbstractSet[tuple[str, str]]) -> Record:
    """The record as the apply that took these links has left it."""
    fields = dict(record.fields)
    for name in {name for name, _ in links} & fields.keys():
        fields[name] = [each for each in fields[name] or () if (name, each) not in links]
    return replace(record, fields=fields)


def _at(side: CommitSide, ids: Ids, paths: Sequence[str]) -> Iterator[Record | None]:
    return side.records([(path, ids.get(path, "")) for path in paths])


# Orders


def _settled(
    work: DumpPlan,
    ids: tuple[Ids, Ids, Ids],
    records: Callable[[Iterable[str]], Iterator[tuple[str, Three]]],
    prefer: Side | None,
) -> Settled:
    """What comes of the orders in base, ours and theirs, which have these ``ids``."""
    result = Settled()
    for label, table in work.dump.tables.items():
        if not order_fields(table.schema):
            continue
        base, ours, theirs = (_within(encode_part(label), each) for each in ids)
        here, there = _changed(base, ours), _changed(base, theirs)
        others = partial(_others, work.theirs, theirs, here | there)
        OrderedModel(
            table.schema, sorted(here), sorted(there), records, others, prefer
        ).settle_into(result)
    return result


def _within(folder: str, ids: Ids) -> dict[str, str]:
    return {path: blob for path, blob in ids.items() if path.partition("/")[0] == folder}


def _changed(base: Ids, side: Ids) -> set[str]:
    return {path for path in {*base, *side} if base.get(path, "") != side.get(path, "")}


def _others(
    commit: CommitSide, ids: Ids, changed: AbstractSet[str]
) -> Iterator[tuple[str, Record]]:
    """The records that no side changed."""
    entries = ((path, blob) for path, blob in ids.items() if blob and path not in changed)
    for batch in batches(entries):
        for (path, _), record in zip(batch, commit.records(batch), strict=True):
            if record is not None:
                yield path, record


# Rows outside of dumps


def _on_top(beneath: DumpPlan, compared: Sequence[Compared]) -> list[Compared]:
    """The records with what they were in the dump ``beneath`` as a part of their base."""
    paths = [_path_in(beneath, each.ours or each.theirs) for each in compared]
    found = _at(beneath.base, beneath.base_ids, paths)
    return [
        each if was is None else replace(each, base=_over(each.base, was))
        for each, was in zip(compared, found, strict=True)
    ]


def _path_in(work: DumpPlan, record: Record | None) -> str:
    """Where the dump would have the record; ``""`` where it has none of its model."""
    table = work.dump.tables.get(record.key.model) if record else None
    return record_path(record.key, table.schema.layout) if record and table else ""


def _over(base: Record | None, upper: Record) -> Record:
    return Record(upper.key, {**(base.fields if base else {}), **upper.fields})
