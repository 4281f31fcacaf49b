"""The records that differ, streamed to the planner: as the commit has them, or merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from contentgit import canonical
from contentgit.diff import Change
from contentgit.layout import record_path
from contentgit.merge import Side, merge_record
from contentgit.plan import Candidate
from contentgit.porcelain.contents import Contents
from contentgit.porcelain.planned import DumpPlan
from contentgit.porcelain.snapshots import Difference, batches
from contentgit.porcelain.withheld import staying
from contentgit.porcelain.working_copy import Missing
from contentgit.records import Record


@dataclass(frozen=True)
class _Sides:
    """A path that differs, with its record in base, ours and theirs."""

    path: Difference
    base: Record | None
    ours: Record | None
    theirs: Record | None


def candidates(work: DumpPlan) -> Iterator[Candidate]:
    """The three records of every path that differs in content."""
    for sides in _sides(work):
        each, was, here, there = sides.path, sides.base, sides.ours, sides.theirs
        record = here or there
        if record is None or (_same(here, there) and not _brings_unknown(was, here, there)):
            continue
        yield Candidate(record.key, work.folder, was, here, there, each.after, each.before)


def merged_candidates(work: DumpPlan, contents: Contents, take: Side | None) -> Iterator[Candidate]:
    """The same with both sides' changes in place of theirs, which take the database's along as its base.

    Conflicts are noted in ``work``; records that are in no commit go to ``contents``.
    """
    # What stayed was there before the apply that an undo takes back.
    stay = {} if work.goal.undoes or not work.applied else staying(work.applied.withheld)
    missing = Missing(work.dump)
    for batch in batches(_sides(work)):
        kept = missing.kept([(each.base, each.ours) for each in batch])
        for sides, whole in zip(batch, kept, strict=True):
            here = sides.ours
            base = sides.base
            if base is None and here and stay.get(str(here.key)) == sides.path.after:
                base = here  # the commit deletes it, and it stays for want of a licence
            yield from _merged(
                work, contents, take, _Sides(sides.path, base, here, sides.theirs), whole
            )


def _merged(
    work: DumpPlan, contents: Contents, take: Side | None, sides: _Sides, whole: Record | None
) -> Iterator[Candidate]:
    here, path = sides.ours, sides.path
    own = whole or here
    record = own or sides.theirs
    if record is None or record.key in work.elsewhere:
        return
    table = work.dump.tables.get(record.key.model)
    schema = table.schema if table else None
    merged = merge_record(sides.base, own, sides.theirs, schema, take)
    if merged.conflict is not None and take is None:
        work.conflicts.append(merged.conflict)
    result = merged.record
    after = _blob(work, contents, path, sides.theirs, result)
    if path.path in work.shared_ids:
        work.shared_ids[path.path] = after
    if (here is None and result is None) or (
        _same(here, result) and not _brings_unknown(sides.base, here, result)
    ):
        return
    yield Candidate(record.key, work.folder, here, here, result, path.after, after)


def _blob(
    work: DumpPlan,
    contents: Contents,
    path: Difference,
    theirs: Record | None,
    result: Record | None,
) -> str:
    """The id of the merged record: that of the commit where the merge gives just that."""
    if result is None:
        return ""
    if theirs is not None and _identical(theirs, result):
        return path.before
    table = work.dump.tables.get(result.key.model)
    return contents.add(result, table.schema.key_kind if table else None)


def _identical(a: Record, b: Record) -> bool:
    return a is b or (a.fields.keys() == b.fields.keys() and not Change(a.key, a, b).fields)


def _sides(work: DumpPlan) -> Iterator[_Sides]:
    """The records of every path that differs, read in batches."""
    for batch in batches(work.differences):
        yield from _batch(work, batch)


def _batch(work: DumpPlan, batch: Sequence[Difference]) -> Iterator[_Sides]:
    theirs = [*work.theirs.records([(each.path, each.before) for each in batch])]
    ours = work.ours.records([(each.path, each.after) for each in batch])
    base = work.base.records([(e.path, work.base_ids.get(e.path, "")) for e in batch])
    if work.origin is not None:
        origin = work.origin.records([(e.path, work.origin_ids.get(e.path, "")) for e in batch])
        base = _made(work, origin, theirs, base)
    sides = [_Sides(*each) for each in zip(batch, base, ours, theirs, strict=True)]
    for beneath in work.beneath:
        sides = _on_top(beneath, sides)
    yield from sides


def _made(
    work: DumpPlan,
    origin: Iterable[Record | None],
    before: Iterable[Record | None],
    merged: Iterable[Record | None],
) -> Iterator[Record | None]:
    """What the merge that is undone has made: an edit from before it is none that it brought.

    Where it had a conflict, nothing tells whose value was taken; the commit's is assumed.
    """
    stay = staying([*(work.applied.withheld if work.applied else ()), *work.goal.withheld])
    for was, ours, theirs in zip(origin, before, merged, strict=True):
        record = ours or theirs
        if record is None or (theirs is None and str(record.key) in stay):
            yield None
            continue
        table = work.dump.tables.get(record.key.model)
        schema = table.schema if table else None
        yield merge_record(was, ours, theirs, schema, Side.THEIRS).record


def _on_top(beneath: DumpPlan, sides: Sequence[_Sides]) -> list[_Sides]:
    """The same with what the records were in the dump ``beneath`` as a part of their base."""
    paths = [_path_in(beneath, each.ours or each.theirs) for each in sides]
    found = beneath.base.records([(path, beneath.base_ids.get(path, "")) for path in paths])
    return [
        each if was is None else replace(each, base=_over(each.base, was))
        for each, was in zip(sides, found, strict=True)
    ]


def _path_in(work: DumpPlan, record: Record | None) -> str:
    """Where the dump would have the record; ``""`` where it has none of its model."""
    table = work.dump.tables.get(record.key.model) if record else None
    return record_path(record.key, table.schema.layout) if record and table else ""


def _over(base: Record | None, upper: Record) -> Record:
    return Record(upper.key, {**(base.fields if base else {}), **upper.fields})


def _same(ours: Record | None, theirs: Record | None) -> bool:
    return ours is not None and theirs is not None and not Change(ours.key, ours, theirs).fields


def _brings_unknown(base: Record | None, ours: Record | None, theirs: Record | None) -> bool:
    """Whether the commit has a field that is not managed here, with a value that is new here."""
    if ours is None or theirs is None:
        return False
    was = base.fields if base else {}
    return any(
        name not in was or not canonical.same(was[name], theirs.fields[name])
        for name in theirs.fields.keys() - ours.fields.keys()
    )
