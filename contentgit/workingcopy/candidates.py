"""The records that differ, streamed to the planner: as the commit has them, or merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import chain, islice

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT, Change, Delta
from contentgit.content.layout import of_models
from contentgit.content.portions import portions, record_size
from contentgit.content.records import Record, Value
from contentgit.history.snapshots import BATCH, CommitSide, batches
from contentgit.merge import (
    Conflict,
    Deleted,
    OrderedModel,
    Settled,
    Side,
    Three,
    counts,
    without_explained,
)
from contentgit.plan import Candidate
from contentgit.plan.new_links import new_links
from contentgit.plan.steps import FieldState, Problem, ProblemKind
from contentgit.workingcopy.planned import Contents, DumpPlan
from contentgit.workingcopy.withheld import WithheldBefore

Ids = Mapping[str, str]
"""Blob ids by path; ``""`` stands for no record."""


def candidates(work: DumpPlan, contents: Contents) -> Iterator[Candidate]:
    """The three records of every delta that differs in content.

    A record of which theirs knows only a part is added to ``contents`` with what is here of the rest.
    """
    three_way = ThreeWay(work)
    yield from _edited_alike(three_way)
    for candidate in three_way.read(work.deltas):
        if work.added:
            candidate = _with_added(candidate, work, contents)
        _, _, base, ours, theirs, *_ = candidate
        if ours is None and theirs is None:
            continue
        if ours is None or theirs is None or _changes(base, ours, theirs):
            yield candidate


def _edited_alike(three_way: ThreeWay) -> Iterator[Candidate]:
    """The records edited here to what is written in place of missing rows.

    The edit would be none any more.
    """
    work = three_way.work
    alike = [delta for delta in work.deltas if delta.commit == delta.database]
    for candidate, (base, ours, theirs) in three_way.read_to_merge(alike):
        if base is None or ours is None or theirs is None:
            continue
        states = tuple(
            FieldState(each.name, base.fields.get(each.name, ABSENT), each.before, each.after)
            for each in Change(ours.key, ours, theirs).fields
        )
        if states:
            names = ", ".join(state.name for state in states)
            text = f"{ours.key} was edited here and would be overwritten: {names}"
            drift = Problem(ProblemKind.DRIFT, text, ours.key, work.folder, states, "--force")
            yield candidate._replace(conflict=drift, changed=False)


def _with_added(found: Candidate, work: DumpPlan, contents: Contents) -> Candidate:
    """The candidate with fields that came after the commit as they are here."""
    ours, theirs = found.ours, found.theirs
    if ours is None or theirs is None:
        return found
    kept = {
        name: ours.fields[name]
        for name in work.added.get(theirs.key.model, ())
        if not same(ours.fields[name], theirs.fields[name])
    }
    if not kept:
        return found
    whole = Record(theirs.key, {**theirs.fields, **kept})
    kind = work.dump.tables[whole.key.model].schema.key_kind
    delta = found.delta._replace(commit=contents.add(whole, kind))
    return found._replace(delta=delta, theirs=whole)


def merged_candidates(
    work: DumpPlan,
    contents: Contents,
    take: Side | None,
    problem: Callable[[Conflict], Problem],
    deleted: Deleted,
) -> Iterator[Candidate]:
    """Like :func:`candidates`, but theirs is the merge result, and ours is the base.

    Records that are in no commit are added to ``contents``; ``problem`` makes a problem of a conflict.
    """
    three_way = ThreeWay(work)
    settled = three_way.settled(take)
    for candidate, three in three_way.read_to_merge(three_way.to_merge(settled)):
        delta, here, (base, own, theirs) = candidate.delta, candidate.ours, three
        if (own or theirs) is None or delta.key in work.outside:
            continue
        table = work.dump.tables.get(delta.key.model)
        schema = table.schema if table else None
        known = _unchanged(theirs, base or own, work.added)
        merged = settled.merge(delta.path, (base, own, known), schema, take)
        merged = without_explained(merged, schema, deleted)
        result, there = merged.record, candidate.theirs
        if result and schema and work.committed:
            result = work.committed.written(result, schema)
        if result is not None and not (there is not None and _identical(there, result)):
            delta = delta._replace(commit=contents.add(result, schema.key_kind if schema else None))
        elif result is None:
            delta = delta._replace(commit="")
        conflict = problem(merged.conflict) if merged.conflict and take is None else None
        changed = (here or result) is not None and _changes(candidate.base, here, result)
        kept = work.dump.dataset.keeps(delta.key.model)
        links = new_links(work.folder, schema, result, own, theirs, kept)
        yield Candidate(delta, work.folder, here, here, result, conflict, changed, (*links,))


def _unchanged(
    theirs: Record | None, before: Record | None, added: Mapping[str, AbstractSet[str]]
) -> Record | None:
    """Theirs without a change of the fields that came after it, of which it knows nothing."""
    if theirs is None or before is None:
        return theirs
    names = before.fields.keys() & added.get(theirs.key.model, frozenset())
    return replace(
        theirs, fields={**theirs.fields, **{name: before.fields[name] for name in names}}
    )


def _identical(a: Record, b: Record) -> bool:
    return a is b or (a.fields.keys() == b.fields.keys() and not Change(a.key, a, b).fields)


def _changes(base: Record | None, ours: Record | None, theirs: Record | None) -> bool:
    """Whether theirs differs in content, or has a field that is not managed here with a value new here."""
    if ours is None or theirs is None or Change(ours.key, ours, theirs).fields:
        return True
    was = base.fields if base else {}
    return any(
        name not in was or not same(was[name], theirs.fields[name])
        for name in theirs.fields.keys() - ours.fields.keys()
    )


@dataclass(frozen=True)
class ThreeWay:
    """Reads the records of one dump of a plan, in batches."""

    work: DumpPlan

    def read(self, deltas: Iterable[Delta]) -> Iterator[Candidate]:
        """The records as they are."""
        work, deltas = self.work, list(deltas)
        theirs = work.theirs.records_of(deltas)
        base = work.base.records(self._own(deltas))
        if work.rename is not None:
            base = (each and work.rename(each) for each in base)
        for batch in batches(deltas):
            yield from self._batch(batch, islice(base, len(batch)), islice(theirs, len(batch)))

    def _own(self, deltas: Sequence[Delta]) -> list[tuple[str, str]]:
        """Path and blob id of the records in the base; no id where another side has the same.

        Mostly the row is as it was applied: of equal bytes there is one record.
        """
        ids = [self.work.base_ids.get(delta.path, "") for delta in deltas]
        return [
            (delta.path, "" if blob in (delta.database, delta.commit) else blob)
            for delta, blob in zip(deltas, ids, strict=True)
        ]

    def read_to_merge(self, deltas: Iterable[Delta]) -> Iterator[tuple[Candidate, Three]]:
        """The records as they are written, and as a merge takes them.

        What an apply has left here is no edit.
        """
        work = self.work
        stay = WithheldBefore.by(None if work.goal.undoes else work.applied).staying
        stayed = WithheldBefore.by(work.goal.undoes).undeleted
        for batch in _portions(self.read(deltas)):
            found = []
            for candidate in batch:
                base, here, there = candidate.base, candidate.ours, candidate.theirs
                key = candidate.delta.key
                if base is None and here and stay.get(str(key)) == candidate.delta.database:
                    base = here  # the commit deletes it, and it stays for want of a licence
                elif base is None and here and there and str(key) in stayed:
                    base = there  # it was there before the apply that is undone, and stayed
                if base and key in work.taken:
                    base = _without(base, work.taken[key])
                found.append(candidate._replace(base=base))
            yield from zip(found, self._as_committed(found), strict=True)

    def _as_committed(self, found: Sequence[Candidate]) -> Iterable[Three]:
        threes = [(each.base, each.ours, each.theirs) for each in found]
        if self.work.committed is None:
            return threes
        tables, deltas = self.work.dump.tables, [each.delta for each in found]
        schemas = [t.schema if (t := tables.get(delta.key.model)) else None for delta in deltas]
        return self.work.committed.read(list(zip(deltas, schemas, threes, strict=True)))

    def settled(self, take: Side | None) -> Settled:
        """The records that come out otherwise than merged one by one, since a field orders them."""
        work = self.work
        ours = {**work.ordered_ids, **{delta.path: delta.database for delta in work.deltas}}

        def records(paths: Iterable[str]) -> Iterator[tuple[str, Three]]:
            for candidate, three in self.read_to_merge(self._deltas(paths)):
                yield candidate.delta.path, three

        return _settled(work, (work.base_ids, ours, work.ordered_ids), records, take)

    def to_merge(self, settled: Settled) -> Iterator[Delta]:
        """The deltas, and what a merge changes although both sides have the same there."""
        work = self.work
        more = {*settled.merged, *settled.numbers}
        if work.goal.undoes is None:  # an undo leaves what is already as it was
            # Both sides counted on alike, and each step counts.
            tables = work.dump.tables.items()
            more |= {
                *of_models([label for label, bound in tables if counts(bound.schema)], work.agreed)
            }
        more.difference_update(delta.path for delta in work.deltas)
        return chain(work.deltas, self._deltas(sorted(more)))

    def _deltas(self, paths: Iterable[str]) -> list[Delta]:
        """The deltas at the paths; where both sides have the same, one that says so."""
        work = self.work
        known = {delta.path: delta for delta in work.deltas}
        paths = list(paths)
        same = {
            path: work.agreed.get(path) or work.ordered_ids.get(path, "")
            for path in paths
            if path not in known
        }
        for side, ids in (
            (work.theirs, {path: blob for path, blob in same.items() if blob}),
            (work.base, {path: work.base_ids[path] for path, blob in same.items() if not blob}),
        ):
            for path, key in zip(ids, side.keys(ids), strict=True):
                known[path] = Delta(key, path, same[path], same[path])
        return [known[path] for path in paths]

    def _batch(
        self,
        batch: Sequence[Delta],
        base: Iterable[Record | None],
        theirs: Iterable[Record | None],
    ) -> Iterator[Candidate]:
        work = self.work
        ours = work.ours.records([delta.row for delta in batch])
        ids = [work.base_ids.get(delta.path, "") for delta in batch]
        sides = zip(batch, ids, base, ours, theirs, strict=True)
        found: Iterator[Candidate] = (
            Candidate(delta, work.folder, _shared(delta, blob, was, here, there), here, there)
            for delta, blob, was, here, there in sides
        )
        if work.origin is not None:
            origin = _at(work.origin, work.origin_ids, [delta.path for delta in batch])
            found = (
                sides._replace(base=self._made(sides, was))
                for sides, was in zip(found, origin, strict=True)
            )
        if not work.dumps:
            yield from found
            return
        for portion in _portions(found):
            for dump in work.dumps:
                portion = list(_with_base_of(dump, portion))
            yield from portion

    # What an undone merge has made

    def _made(self, sides: Candidate, origin: Record | None) -> Record | None:
        """What the merge that is undone has made: an edit from before it is none that it brought.

        Where it had a conflict, the value that is still here was taken, or else the commit's.
        """
        before, merged = sides.theirs, sides.base
        record = before or merged
        if record is None or (merged is None and str(record.key) in self._staying):
            return None
        label, path = record.key.model, sides.delta.path
        table = self.work.dump.tables.get(label)
        schema = table.schema if table else None
        three = origin, before, merged
        made = self._orders_with(Side.THEIRS).merge(path, three, schema, Side.THEIRS)
        if made.conflict is None and not (schema and schema.orders):
            return made.record
        other = self._orders_with(Side.OURS).merge(path, three, schema, Side.OURS)
        return _as_here(made.record, other.record, sides.ours)

    @cached_property
    def _staying(self) -> Mapping[str, str]:
        applied = WithheldBefore.by(self.work.applied).entries
        return WithheldBefore([*applied, *self.work.goal.withheld]).staying

    @cached_property
    def _orders_with(self) -> Callable[[Side], Settled]:
        """What comes of the orders in the merge that is undone, where conflicts take this side's."""
        return cache(self._orders_made)

    def _orders_made(self, prefer: Side) -> Settled:
        work = self.work
        assert work.origin is not None
        sides = (
            (work.origin, work.origin_ids),
            (work.theirs, work.ordered_ids),
            (work.base, work.base_ids),
        )

        def records(paths: Iterable[str]) -> Iterator[tuple[str, Three]]:
            for batch in batches(paths):
                three = zip(*(_at(*side, batch) for side in sides), strict=True)
                yield from zip(batch, three, strict=True)

        ids = work.origin_ids, work.ordered_ids, work.base_ids
        return _settled(work, ids, records, prefer)


def _portions(found: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    return portions(found, lambda each: record_size(each.base, each.ours, each.theirs), BATCH)


def _as_here(made: Record | None, other: Record | None, here: Record | None) -> Record | None:
    """The record as ``made``, with the values of ``other`` where these are here and the former are not."""
    if made is None or other is None or here is None:
        return made

    def taken(name: str, value: Value) -> Value:
        now, another = here.fields.get(name), other.fields.get(name, value)
        return another if same(another, now) and not same(value, now) else value

    return replace(made, fields={name: taken(name, value) for name, value in made.fields.items()})


def _shared(
    delta: Delta, base: str, was: Record | None, here: Record | None, there: Record | None
) -> Record | None:
    """The record with the blob id ``base``; ``was`` where no side has the same."""
    if base == delta.database:
        return here
    return there if base == delta.commit else was


def _without(record: Record, links: AbstractSet[tuple[str, str]]) -> Record:
    """The record as the apply that took these links has left it."""
    fields = dict(record.fields)
    for name in {name for name, _ in links} & fields.keys():
        fields[name] = [target for target in fields[name] or () if (name, target) not in links]
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
        if not table.schema.orders:
            continue
        base, ours, theirs = (of_models([label], side_ids) for side_ids in ids)
        here, there = _changed(base, ours), _changed(base, theirs)
        others = partial(_others, work.theirs, theirs, here | there)
        OrderedModel(
            table.schema, sorted(here), sorted(there), records, others, prefer
        ).settle_into(result)
    return result


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


def _with_base_of(work: DumpPlan, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """The rows outside with what they were in a dump as a part of their base."""
    paths = [work.dump.path(candidate.delta.key) for candidate in found]
    for candidate, was in zip(found, _at(work.base, work.base_ids, paths), strict=True):
        fields = candidate.base.fields if candidate.base else {}
        base = Record(was.key, {**fields, **was.fields}) if was else candidate.base
        yield candidate._replace(base=base)
