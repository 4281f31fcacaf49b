"""A plan together with the snapshots it was made from, and what refuses it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from contentgit.content import canonical
from contentgit.content.diff import Change, Delta
from contentgit.content.evolution import SchemaChange
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import KeyKind
from contentgit.db.ledger import Applied
from contentgit.db.tables import Tables
from contentgit.errors import RecordError
from contentgit.git import Repository
from contentgit.history.snapshots import CommitSide
from contentgit.merge import Side
from contentgit.plan import Candidate, Size
from contentgit.plan.steps import Plan, Problem, ProblemKind
from contentgit.render.values import dump_label
from contentgit.workingcopy.as_applied import MissingCause, missing_causes
from contentgit.workingcopy.as_committed import AsCommitted
from contentgit.workingcopy.database_side import DatabaseSide, Spool
from contentgit.workingcopy.file_plans import NO_FILES, AbsentFiles, FilePlan
from contentgit.workingcopy.kept_records import KeptRecords
from contentgit.workingcopy.looked import Looked
from contentgit.workingcopy.project import Dump, all_tables
from contentgit.workingcopy.request import Request
from contentgit.workingcopy.tracking import Tracked


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


_NO_ROWS: Final = Size(0, 0, 0)


@dataclass(frozen=True)
class DumpPlan:
    """One dump of a plan: the snapshots base, ours and theirs, and the deltas between the latter two.

    ``applied`` is what the ledger says of the database now; ``tree`` is that of ``theirs``, ``""`` where it
    has none. ``agreed`` are the blob ids of what both sides changed alike since the base, ``shared_ids``
    those of theirs in models that other dumps of the plan have too, ``ordered_ids`` in a merge those of
    theirs in models whose records have an order.

    Where a merge is undone, ``origin`` is the snapshot that it had as its base: with it, ``base`` becomes
    what the merge made. In an undo, the plan brings back the rows ``outside`` of its dumps, and ``taken`` are
    the links that the undone apply took from records, as (many-to-many field, target). The plan of these
    rows has the ``dumps``, which hold a part of their base.

    Where the commit is from before migrations, ``base``, ``theirs`` and ``origin`` are what these make of
    their records; ``added`` are the fields by model of which ``theirs`` knows nothing, and which keep what is
    here. ``not_here`` are models and fields of ``theirs`` that the code does not have, see
    :attr:`Evolution.not_here`. ``rename`` makes the references of ``base`` those that the code writes, where
    it has others. ``base_commit`` is the commit of ``base``. ``missing`` lists what ``theirs`` has in place
    of references to missing rows, see :mod:`contentgit.workingcopy.as_applied`. ``looked`` is the part of the
    dump of which deltas and ids are known, ``None`` if all of it was read. ``committed`` is what the commits
    have in place of what is written for missing rows. ``tracked`` is what was written down of the dump.
    """

    dump: Dump
    applied: Applied | None
    goal: Goal
    tree: str
    base: CommitSide
    ours: DatabaseSide
    theirs: CommitSide
    deltas: Sequence[Delta] = ()
    size: Size = _NO_ROWS
    base_ids: Mapping[str, str] = field(default_factory=dict)
    agreed: Mapping[str, str] = field(default_factory=dict)
    shared_ids: Mapping[str, str] = field(default_factory=dict)
    ordered_ids: Mapping[str, str] = field(default_factory=dict)
    origin: CommitSide | None = None
    origin_ids: Mapping[str, str] = field(default_factory=dict)
    dumps: tuple[DumpPlan, ...] = ()
    outside: frozenset[RecordKey] = frozenset()
    taken: Mapping[RecordKey, AbstractSet[tuple[str, str]]] = field(default_factory=dict)
    added: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    schema_change: SchemaChange | None = None
    not_here: Sequence[tuple[str, str]] = ()
    rename: Callable[[Record], Record] | None = None
    base_commit: str = ""
    missing: Sequence[Mapping[str, Any]] = ()
    looked: Looked | None = None
    committed: AsCommitted | None = None
    tracked: Tracked | None = None

    @property
    def folder(self) -> str:
        """The dump's folder in the repository."""
        return self.dump.folder

    def ids_of(self, side: CommitSide) -> dict[str, str]:
        """The blob ids of a snapshot by path, of what is looked at."""
        return side.ids() if self.looked is None else self.looked.ids(side)

    def has_deleted(self, side: Side, key: RecordKey) -> bool:
        """Whether a record of the base, in this dump, is in the database, or in the commit, no more."""
        try:
            path = self.dump.path(key)
        except RecordError:  # a generic reference may name what no row can be
            return False
        if not path or not self.base.ids_at([path]):
            return False
        if side is Side.THEIRS:
            return not self.theirs.ids_at([path])
        return not self.dump.reader.existing([key])


ReadRows: TypeAlias = tuple[Sequence[str], Sequence[RecordKey], Sequence[Sequence[Value]]]
"""The names of fields, the keys of rows, and the values of these fields in each row."""


class Contents:
    """Bytes by blob id. What a merge has made lies in a temporary file: a plan writes nothing.

    With ``keeping`` so do the records that :meth:`keep` is given, as an apply is about to write them.
    """

    def __init__(self, repository: Repository, *, keeping: bool = False) -> None:
        self._repository = repository
        self._made = Spool()
        self._kept = KeptRecords() if keeping else None

    def keep(self, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """The candidates, with their records kept if an apply will ask for them."""
        kept = self._kept
        for each in candidates:
            if kept is not None and each.theirs is not None:
                kept.add(each.delta.commit, each.theirs)
            yield each

    def add(self, record: Record, key_kind: KeyKind | None) -> str:
        """Takes the record; its blob id. All are added before any is read."""
        data = canonical.encode(record, key_kind)
        blob = canonical.blob_id(data, self._repository.algorithm)
        if blob not in self._made:
            self._made.add(blob, data)
        return blob

    def is_kept(self, blob: str) -> bool:
        """Whether the record is kept."""
        return self._kept is not None and blob in self._kept

    def alike(
        self, blobs: Mapping[RecordKey, str], rows: Iterable[ReadRows]
    ) -> Iterator[RecordKey]:
        """The keys of the rows that certainly are the records of these blob ids, as far as these are kept."""
        if self._kept is None:
            return
        for names, keys, values in rows:
            yield from self._kept.alike(blobs, names, zip(keys, values, strict=True))

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """The bytes behind each id, in order.

        Raises:
            RepositoryError: an id is in no commit and was not added.
        """
        ids = list(ids)
        rest = self._repository.objects.blobs([blob for blob in ids if blob not in self._made])
        for blob in ids:
            yield self._made[blob] if blob in self._made else next(rest)

    def records(self, ids: Iterable[str]) -> Iterator[Record]:
        """The records behind the ids, in order."""
        if self._kept is None:
            yield from map(canonical.decode, self.blobs(ids))
            return
        ids = list(ids)
        rest = map(canonical.decode, self.blobs([blob for blob in ids if blob not in self._kept]))
        for blob in ids:
            yield self._kept[blob] if blob in self._kept else next(rest)


class BrokenLink(NamedTuple):
    """A record that refers in ``field`` to one that goes, each with its title."""

    record: RecordKey
    title: str
    field: str
    target: RecordKey
    target_title: str


class ShiftedRow(NamedTuple):
    """A row of a tree that is put at another position, as others come, go or move beside it."""

    record: RecordKey
    title: str
    before: int
    after: int


@dataclass(frozen=True)
class Planned:
    """A plan with what it was made from; ``digest`` changes when commits, rows or licences do.

    ``outside`` are the rows outside of the dumps that an undo brings back, ``titles`` those of the first
    rows that a problem names. ``copy`` is the kind of the copy, where the dump is seen as one. The
    dumps ``apart`` are copied, each by a call of its own. ``shown`` is :meth:`Project.shown`. ``links`` are
    the references inside of texts and JSON to what is deleted, ``shifted`` rows of trees without a step,
    ``files`` what is done with files, ``absent`` the files that stay where they are and are not there.
    """

    request: Request
    target: Target
    dumps: tuple[DumpPlan, ...]
    plan: Plan
    contents: Contents
    skipped: tuple[str, ...] = ()
    outside: DumpPlan | None = None
    titles: Mapping[RecordKey, str] = field(default_factory=dict)
    copy: str = ""
    apart: tuple[str, ...] = ()
    shown: Callable[[str], str] = str
    made_room: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    links: Sequence[BrokenLink] = ()
    shifted: Sequence[ShiftedRow] = ()
    files: FilePlan = NO_FILES
    absent: Sequence[AbsentFiles] = ()

    @property
    def dump_plans(self) -> tuple[DumpPlan, ...]:
        """The dumps, and what an undo brings back of rows outside of them."""
        return self.dumps if self.outside is None else (*self.dumps, self.outside)

    @property
    def schema_changes(self) -> list[SchemaChange]:
        """What happened to the schemas of the dumps since the commit."""
        return [work.schema_change for work in self.dumps if work.schema_change]

    @property
    def missing(self) -> list[MissingCause]:
        """The missing rows that the commit refers to, and what is done about them."""
        causes = missing_causes(entry for work in self.dumps for entry in work.missing)
        return [cause.shown(self.shown) for cause in causes]

    @property
    def withheld(self) -> list[tuple[str, str, str]]:
        """Record, field and reason of what the plan withholds, as people read it."""
        return [
            (self.shown(str(key)), field, self.shown(reason))
            for key, field, reason in self.plan.withheld
        ]

    @cached_property
    def folders(self) -> Mapping[str, DumpPlan]:
        """The plans of the dumps, and of the rows outside of them, by folder."""
        return {work.folder: work for work in self.dump_plans}

    @cached_property
    def tables(self) -> Tables:
        """The tables of them all."""
        return all_tables([work.dump for work in self.dump_plans])

    @property
    def digest(self) -> str:
        """SHA-256 over the commits and every step and problem with the ids and keys they are bound to."""
        digest = hashlib.sha256(self.target.commit.encode())
        for work in self.dumps:
            applied = work.applied.commit if work.applied else ""
            digest.update(repr((work.folder, applied, work.goal.commit, work.tree)).encode())
            if work.missing:
                digest.update(repr(work.missing).encode())
        for step in self.plan.steps:
            ids = (step.before, step.after)
            bound = (step.action, step.key, *ids, step.links, step.fields, step.value)
            digest.update(repr(bound).encode())
        for problem in self.plan.problems:
            digest.update(repr((problem.kind, problem.key, problem.text)).encode())
        return digest.hexdigest()


def held_twice(
    contents: Contents,
    dump_plans: Sequence[DumpPlan],
    results: Mapping[tuple[str, RecordKey], str],
    built: Plan,
) -> Iterator[Problem]:
    """The records to be written that another dump of the commit holds with other content.

    The other dump may agree with the database, and so have no step of its own.
    """
    known = {problem.key for problem in built.problems if problem.kind is ProblemKind.TWICE}
    for step in built.steps:
        if not step.after or step.key in known:
            continue
        for work in dump_plans:
            blob = work.shared_ids.get(work.dump.path(step.key), "")
            if blob:
                blob = results.get((work.folder, step.key), blob)
            if work.folder == step.dump or blob in ("", step.after):
                continue
            one, other = contents.records([step.after, blob])
            if Change(step.key, one, other).fields:
                dumps = f"{dump_label(step.dump)} and {work.dump.dataset.label}"
                text = f"{step.key} has different content in {dumps} of the commit"
                yield Problem(ProblemKind.TWICE, text, key=step.key, dump=step.dump)
                break
