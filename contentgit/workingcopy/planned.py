"""A plan together with the snapshots it was made from, and what refuses it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contentgit.content.layout import record_path
from contentgit.content.records import RecordKey
from contentgit.db.ledger import Applied
from contentgit.history.snapshots import CommitSide, Difference
from contentgit.merge import Conflict
from contentgit.plan import Size
from contentgit.plan.steps import Plan, Step
from contentgit.workingcopy.contents import Contents
from contentgit.workingcopy.database_side import DatabaseSide
from contentgit.workingcopy.project import Dump
from contentgit.workingcopy.request import Request


class Target(NamedTuple):
    """The commit to become: the revision as given, its commit, and its branch if it is one."""

    revision: str
    commit: str
    branch: str


class Goal(NamedTuple):
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
    none. ``differences`` lead from theirs to ours; ``alike`` has the blob ids of what both have changed
    alike since the base, so that nothing differs there. Of a merge, ``theirs_ids`` are those of models whose
    records have an order. Where a merge is undone, ``origin`` is the snapshot
    that it had as its base: with it, ``base`` stands for what the merge made. In an undo, the records
    ``elsewhere`` are those of the plan's rows outside of dumps; these have what they were in the dumps
    ``beneath`` as a part of their base. What the undone apply has ``taken`` from records are links, as
    (many-to-many field, target).
    """

    dump: Dump
    applied: Applied | None
    goal: Goal
    tree: str
    base: CommitSide
    ours: DatabaseSide
    theirs: CommitSide
    differences: list[Difference] = field(default_factory=list)
    alike: Mapping[str, str] = field(default_factory=dict)
    theirs_ids: Mapping[str, str] = field(default_factory=dict)
    base_ids: Mapping[str, str] = field(default_factory=dict)
    shared_ids: dict[str, str] = field(default_factory=dict)
    size: Size = field(default_factory=lambda: Size(0, 0, 0))
    conflicts: list[Conflict] = field(default_factory=list)
    origin: CommitSide | None = None
    origin_ids: Mapping[str, str] = field(default_factory=dict)
    beneath: tuple[DumpPlan, ...] = ()
    elsewhere: frozenset[RecordKey] = frozenset()
    taken: dict[RecordKey, set[tuple[str, str]]] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The dump's folder in the repository."""
        return self.dump.folder

    def rows_before(self, steps: Iterable[Step]) -> list[tuple[str, str]]:
        """Path and blob id of the row that each step finds, as ``ours`` takes them; ``""`` for none."""
        tables = self.dump.tables
        return [
            (record_path(step.key, tables[step.key.model].schema.layout), step.before)
            if step.before
            else ("", "")
            for step in steps
        ]


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
