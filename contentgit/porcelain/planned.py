"""A plan together with the snapshots it was made from, and what refuses it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contentgit.db.ledger import Applied
from contentgit.diff import ABSENT
from contentgit.errors import ConflictError, DriftError, RefusedError
from contentgit.merge import Conflict
from contentgit.plan import Size
from contentgit.porcelain.contents import Contents
from contentgit.porcelain.project import Dump
from contentgit.porcelain.request import Request
from contentgit.porcelain.snapshots import CommitSide, Difference
from contentgit.porcelain.working_copy import DatabaseSide
from contentgit.records import RecordKey
from contentgit.render.plain import plural, safe
from contentgit.render.values import apart
from contentgit.steps import Plan, Problem, ProblemKind

ROWS_SHOWN = 5
"""Rows that a delete reaches whose titles a refusal lists."""

FIELDS_SHOWN = 20
"""Fields of a record edited here whose values a refusal lists; a record with more is named alone."""


@dataclass(frozen=True)
class Target:
    """The commit to become: the revision as given, its commit, and its branch if it is one."""

    revision: str
    commit: str
    branch: str


@dataclass(frozen=True)
class Goal:
    """Where a dump is when the plan has been run: what the ledger will say of it.

    ``commit`` is ``""`` where it is at none, which is so when its first apply was undone. ``undoes`` is the
    ledger's line that is undone.
    """

    commit: str
    tree: str
    branch: str
    withheld: Sequence[Any] = ()
    undoes: Applied | None = None


@dataclass
class DumpPlan:
    """One dump of a plan, with the three snapshots that it lies between.

    ``applied`` is where the database is now; ``tree`` is that of the snapshot ``theirs``, ``""`` where it has
    none. ``differences`` lead from theirs to ours; ``alike`` tells whether ours has made the same change as
    theirs somewhere, where nothing differs therefore. Where a merge is undone, ``origin`` is the snapshot
    that it had as its base: with it, ``base`` stands for what the merge made. In an undo, the records
    ``elsewhere`` are those of the plan's rows outside of dumps; these have what they were in the dumps
    ``beneath`` as a part of their base.
    """

    dump: Dump
    applied: Applied | None
    goal: Goal
    tree: str
    base: CommitSide
    ours: DatabaseSide
    theirs: CommitSide
    differences: list[Difference] = field(default_factory=list)
    alike: bool = False
    base_ids: Mapping[str, str] = field(default_factory=dict)
    shared_ids: dict[str, str] = field(default_factory=dict)
    size: Size = field(default_factory=lambda: Size(0, 0, 0))
    conflicts: list[Conflict] = field(default_factory=list)
    origin: CommitSide | None = None
    origin_ids: Mapping[str, str] = field(default_factory=dict)
    beneath: tuple[DumpPlan, ...] = ()
    elsewhere: frozenset[RecordKey] = frozenset()

    @property
    def folder(self) -> str:
        """The dump's folder in the repository."""
        return self.dump.folder


@dataclass(frozen=True)
class Planned:
    """A plan with what it was made from; ``digest`` changes when commits, rows or licences do.

    ``outside`` are the rows outside of the dumps that an undo brings back, ``titles`` those of the first
    rows that a problem names.
    """

    request: Request
    target: Target
    dumps: tuple[DumpPlan, ...]
    plan: Plan
    contents: Contents
    skipped: tuple[str, ...] = ()
    outside: DumpPlan | None = None
    titles: Mapping[RecordKey, str] = field(default_factory=dict)

    @property
    def works(self) -> tuple[DumpPlan, ...]:
        """The dumps, and what an undo brings back of rows outside of them."""
        return self.dumps if self.outside is None else (*self.dumps, self.outside)

    @property
    def digest(self) -> str:
        """SHA-256 over the commits and every step and problem with the ids they are bound to."""
        digest = hashlib.sha256(self.target.commit.encode())
        for work in self.dumps:
            applied = work.applied.commit if work.applied else ""
            digest.update(repr((work.folder, applied, work.goal.commit, work.tree)).encode())
        for step in self.plan.steps:
            digest.update(
                repr((step.action, step.key, step.before, step.after, step.links)).encode()
            )
        for problem in self.plan.problems:
            digest.update(repr((problem.kind, problem.key, problem.text)).encode())
        return digest.hexdigest()


def refuse(planned: Planned) -> None:
    """Raises what a plan's problems amount to; a plan without problems passes.

    Raises:
        DriftError: edits of the target would be overwritten.
        ConflictError: both sides changed the same thing.
        RefusedError: anything else.
    """
    problems = planned.plan.problems
    if not problems:
        return
    items = [line for each in problems for line in _lines(each, planned.titles)]
    kinds = [each.kind for each in problems]
    if ProblemKind.DRIFT in kinds:
        raise _drift(planned, kinds.count(ProblemKind.DRIFT), items)
    if ProblemKind.CONFLICT in kinds:
        raise _conflict(planned, kinds.count(ProblemKind.CONFLICT), items)
    hint = "correct the commit or the database first"
    if all(each.permit for each in problems):
        hint = f"{planned.request.command(*_permits(planned))}  (permits it)"
    message = f"{plural(len(problems), 'problem')} in the plan; nothing has been written"
    raise RefusedError(message, items=items, hint=hint, data={"problems": problems})


def _drift(planned: Planned, count: int, items: Sequence[str]) -> DriftError:
    request, permits = planned.request, _permits(planned)
    merging = request.command("--merge", *(each for each in permits if each != "--force"))
    return DriftError(
        f"{plural(count, 'record')} edited in this database would be overwritten, and the "
        "edits are in no commit",
        items=items,
        hint=f"contentgit commit --branch NEW  (captures them), {merging}  (keeps them beside what the "
        f"commit changes), or {request.command(*permits)}  (overwrites them; what was there is kept under "
        "refs/contentgit/backup/)",
        data={"problems": planned.plan.problems},
    )


def _conflict(planned: Planned, count: int, items: Sequence[str]) -> ConflictError:
    request = planned.request
    permits = [each for each in _permits(planned) if not each.startswith("--take")]
    theirs = "what is brought back" if request.verb == "undo" else "the commit's"
    return ConflictError(
        f"{plural(count, 'record')} changed in this database and in {planned.target.revision} in the "
        "same place; nothing has been written",
        items=items,
        hint=f"{request.command('--take ours', *permits)}  (keeps this database's there), or "
        f"{request.command('--take theirs', *permits)}  (takes {theirs}; what was there is kept under "
        "refs/contentgit/backup/)",
        data={"problems": planned.plan.problems},
    )


def _permits(planned: Planned) -> list[str]:
    return sorted({each.permit for each in planned.plan.problems if each.permit})


def named_rows(problem: Problem) -> list[RecordKey]:
    """The record and the first of the rows that a delete of it reaches; none where it reaches none."""
    if problem.key is None or not problem.rows:
        return []
    return [problem.key, *problem.rows[:ROWS_SHOWN]]


def _lines(problem: Problem, titles: Mapping[RecordKey, str]) -> Iterator[str]:
    """A problem and, field by field, what was applied, what is there and what would be written."""
    yield problem.text
    for key in named_rows(problem):
        if titles.get(key):
            yield f"  {key}  {safe(titles[key])}"
    if len(problem.rows) > ROWS_SHOWN:
        yield f"  … {len(problem.rows):,} rows in all"
    if len(problem.fields) > FIELDS_SHOWN:
        return
    for state in problem.fields:
        applied, there, wanted = apart([state.applied, state.there, state.wanted])
        before = f"applied {applied}, " if state.applied is not ABSENT else ""
        verb = "there" if problem.kind is ProblemKind.CONFLICT else "would become"
        yield f"  {state.name}: {before}here {there}, {verb} {wanted}"
