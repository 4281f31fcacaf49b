"""The records that differ, streamed to the planner: as the commit has them, or merged."""

from __future__ import annotations

from collections.abc import Iterator

from contentgit.content import canonical
from contentgit.content.diff import Change
from contentgit.content.records import Record
from contentgit.history.snapshots import Difference
from contentgit.merge import Settled, Side
from contentgit.plan import Candidate
from contentgit.workingcopy.compared import Compared, ThreeWay
from contentgit.workingcopy.contents import Contents
from contentgit.workingcopy.planned import DumpPlan


def candidates(work: DumpPlan) -> Iterator[Candidate]:
    """The three records of every path that differs in content."""
    for each in ThreeWay(work).read(work.differences):
        was, here, there = each.base, each.ours, each.theirs
        record = here or there
        if record is None or (_same(here, there) and not _brings_unknown(was, here, there)):
            continue
        yield Candidate(
            record.key, work.folder, was, here, there, each.path.after, each.path.before
        )


def merged_candidates(work: DumpPlan, contents: Contents, take: Side | None) -> Iterator[Candidate]:
    """Like :func:`candidates`, but theirs is the merge result, and ours is the base.

    Conflicts are noted in ``work``; records that are in no commit go to ``contents``.
    """
    three_way = ThreeWay(work)
    settled = three_way.settled(take)
    for each in three_way.read_to_merge(three_way.paths_to_merge(settled)):
        yield from _merged(work, contents, take, each, settled)


def _merged(
    work: DumpPlan,
    contents: Contents,
    take: Side | None,
    sides: Compared,
    settled: Settled,
) -> Iterator[Candidate]:
    here, path = sides.ours, sides.path
    record = sides.own or sides.theirs
    if record is None or record.key in work.elsewhere:
        return
    table = work.dump.tables.get(record.key.model)
    schema = table.schema if table else None
    merged = settled.merge(path.path, sides.three, schema, take)
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
