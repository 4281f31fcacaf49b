"""``status``, what is beside the dumps, and the ledger's log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from contentgit.content.layout import dump_folder, dump_name
from contentgit.datasets import parse_dump_argument
from contentgit.db.ledger import Applied, applied
from contentgit.db.ledger import history as ledger_history
from contentgit.errors import FormatError, RefusedError
from contentgit.history.commits import split_name
from contentgit.history.dumps import dump_folders
from contentgit.history.snapshots import change_batches
from contentgit.workingcopy.as_applied import MissingCause, missing_causes
from contentgit.workingcopy.backlog import Backlog, backlog
from contentgit.workingcopy.compare import dump_changes, titled
from contentgit.workingcopy.copies import copies, refuse_lost_map
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.missing import found_commit, ways
from contentgit.workingcopy.places import is_own
from contentgit.workingcopy.project import BY_SPEC, Dump, Project
from contentgit.workingcopy.standing import pending_code
from contentgit.workingcopy.tracking import written_down
from contentgit.workingcopy.unapplied import Unapplied

if TYPE_CHECKING:
    from contentgit.content.diff import Change
    from contentgit.content.evolution import SchemaChange
    from contentgit.content.titles import TitledChange
    from contentgit.workingcopy.tracking import Tracked

T = TypeVar("T")


def copied(project: Project, names: Sequence[str]) -> str:
    """A line, if another environment wrote the ledger of these dumps (without names: of any); else ``""``.

    That is a database copied or restored from another deployment, or one whose name was changed.
    """
    wanted = {dump_folder(*parse_dump_argument(name)) for name in names}
    with project.snapshot():
        rows = applied(project.using, is_own(project))
    own = project.config.environment
    others = sorted(
        {
            f"{row.environment!r:.60}"
            for folder, row in rows.items()
            if row.environment != own and (not wanted or folder in wanted)
        }
    )
    if not others:
        return ""
    where = f"the ledger of database {project.using!r} was written by environment"
    return f"{where} {' and '.join(others)}, this is {own!r}: a copied database?"


FULL: Final = "--full asks for it"
"""Why all rows of a tracked dump were read, with ``--full``."""


class KnownBy(NamedTuple):
    """How the edits of a tracked dump are known: by what triggers wrote down, or else from all rows.

    ``changed`` is how many records were written since the commit, ``gap`` why all rows were read; ``whole``
    are the models of which all are read anyway.
    """

    changed: int
    gap: str
    whole: tuple[str, ...] = ()

    @property
    def asked(self) -> bool:
        """Whether all rows were read because the call asked for that."""
        return self.gap == FULL


class DumpStatus(NamedTuple, Generic[T]):
    """One dump of the database: the commit it is at, what was edited since, where the branch is.

    ``changes`` are what the caller keeps of each change, ``computed`` the same of records that differ in
    derived fields alone, which is no edit. ``behind`` counts the branch's commits in this folder that the
    database does not have. Where the commit is not in the repository, it is ``missing``; then ``twin`` is a
    branch with the same content, or else ``ways`` are the ways on, and nothing tells what was edited; as
    where the map of a copy is lost, which the ``note`` says. ``schema`` is what happened to the dump's schema
    since the commit, ``lacks`` are models and fields of the commit that this code does not have, ``pending``
    are migrations with code that the database has not run. ``unapplied`` is how many records of each model
    older code left out, and newer code has not applied yet. ``replaced`` are the rows that were missing, and
    what was written in place of references to them. ``copy`` is the kind of the copy, where the rows are one.
    ``tracking`` says how the edits are known, where the dump is tracked.
    """

    label: str
    folder: str
    applied: Applied | None
    changes: tuple[T, ...] = ()
    rows: int = 0
    behind: int = 0
    branch: str = ""
    in_branch: bool = False
    note: str = ""
    computed: tuple[T, ...] = ()
    missing: bool = False
    twin: str = ""
    ways: tuple[str, ...] = ()
    schema: SchemaChange | None = None
    lacks: tuple[str, ...] = ()
    unapplied: Mapping[str, int] = MappingProxyType({})
    pending: tuple[str, ...] = ()
    replaced: tuple[MissingCause, ...] = ()
    copy: str = ""
    tracking: KnownBy | None = None


def status(
    project: Project,
    names: Sequence[str],
    keep: Callable[[TitledChange], T],
    *,
    full: bool = False,
) -> list[DumpStatus[T]]:
    """between(applied commit, database) for every dump; of each change only what ``keep`` gives stays.

    With ``full`` all rows are read, also of dumps that are tracked.

    Raises:
        UnknownNameError: a dump does not exist.
    """
    with project.snapshot():
        rows = current(project)
        dumps = project.dumps(names, also=list(rows))
        wanted = {dump.folder for dump in dumps}
        found, made = list[DumpStatus[T]](), set[str]()
        tip = cache(project.repository.refs.tip)  # most dumps are of one branch
        for copy in copies(project):
            there = current(copy)
            if copy.copy and there and (not names or copy.copy.folder in wanted):
                (dump,) = copy.dumps([])
                made |= {dump.folder} if copy.copy.kind == BY_SPEC else set()
                found.append(_status(copy, dump, there[dump.folder], keep, tip))
        own = (dump for dump in dumps if dump.folder in rows or dump.folder not in made)
        mine = [_status(project, dump, rows.get(dump.folder), keep, tip, full=full) for dump in own]
        return [*mine, *found]


def _status(
    project: Project,
    dump: Dump,
    row: Applied | None,
    keep: Callable[[TitledChange], T],
    tip_of: Callable[[str], str | None],
    *,
    full: bool = False,
) -> DumpStatus[T]:
    repository, own = project.repository, project.config.environment
    branch = row.branch if row and row.branch else repository.refs.head_branch() or ""
    tip = tip_of(branch) if branch else None
    tree = repository.trees.folder_id(tip, dump.folder) if tip else None
    known = DumpStatus[T](
        dump.dataset.label,
        dump.folder,
        row,
        branch=branch,
        in_branch=tree is not None,
        copy=project.copy.kind if project.copy else "",
    )
    if row is None:
        return known._replace(rows=sum(dump.reader.counts().values()))
    if row.environment != own:
        other = row.environment
        note = f"written down by environment {other!r}, this is {own!r}: a copied database?"
        known = known._replace(note=note)
    at = found_commit(project, row)
    missing = at != row.commit
    if not at:
        rows = sum(dump.reader.counts().values())
        return known._replace(rows=rows, missing=True, ways=tuple(ways(project, row)))
    evolution = Evolution.since(project, dump, at)
    evolution.expect_copies()
    try:
        refuse_lost_map(project, dump, Unapplied.since(project, evolution, row).side, row)
    except RefusedError as error:  # the other dumps have nothing to do with it
        return known._replace(note=error.message, ways=tuple(error.hint.splitlines()))
    behind = 0
    if tip and tree != row.tree:
        behind = sum(1 for _ in repository.history.log(f"{at}..{tip}", paths=[dump.folder]))
    twin = branch if at == tip else repository.refs.head_branch() or ""
    known = known._replace(behind=behind, missing=missing, twin=twin if missing else "")
    return _with_edits(project, dump, known, evolution, keep, full=full)


def _with_edits(
    project: Project,
    dump: Dump,
    known: DumpStatus[T],
    evolution: Evolution,
    keep: Callable[[TitledChange], T],
    *,
    full: bool,
) -> DumpStatus[T]:
    """The status of a dump with what was edited since its commit, which is that of ``evolution``."""
    row = known.applied
    tracked = written_down(project, dump, row)
    found, side, unapplied = dump_changes(
        project, dump, evolution, lambda _path: True, row, None if full else tracked
    )
    edited, computed = list[T](), list[T]()
    for batch in change_batches(found):
        for entry in titled(project, dump, batch):
            (computed if _is_computed(dump, entry.change) else edited).append(keep(entry))
    causes = missing_causes(row.withheld if row else ())
    return known._replace(
        changes=tuple(edited),
        computed=tuple(computed),
        rows=side.size,
        schema=evolution.schema_change,
        lacks=evolution.dropped,
        unapplied=unapplied,
        pending=tuple(pending_code(project, [dump])),
        replaced=tuple(cause.shown(project.shown) for cause in causes),
        tracking=_known_by(dump, tracked, full=full),
    )


def _known_by(dump: Dump, tracked: Tracked | None, *, full: bool) -> KnownBy | None:
    if tracked is None:
        return None
    whole = tuple(sorted(tracked.whole(dump)))
    return KnownBy(len(tracked.keys), FULL if full else tracked.gap, whole)


def _is_computed(dump: Dump, change: Change) -> bool:
    """Whether a record differs in derived fields alone."""
    if change.kind != "update":
        return False
    derived = dump.tables[change.key.model].schema.derived
    return all(field.name in derived for field in change.fields)


class Beside(NamedTuple):
    """What is in the repository and in no dump of the database.

    ``edited`` are files of the worktree that are in no commit; ``left`` the folders of HEAD's branch whose
    dataset the code does not have, ``new`` the datasets that the branch does not have. ``locks`` are the
    files with which git processes keep others from a ref or the worktree's index, also ones that were killed.
    ``backlog`` are the backups, where there are many.
    """

    edited: Sequence[str] = ()
    left: Sequence[str] = ()
    new: Sequence[str] = ()
    locks: Sequence[str] = ()
    backlog: Backlog | None = None


def beside(project: Project) -> Beside:
    """What a status has to say of the repository itself."""
    repository = project.repository
    head = repository.refs.head_branch()
    tip = repository.refs.tip(head) if head else None
    there = dump_folders(repository, tip) if tip else []
    names = {}
    for folder in there:
        with suppress(FormatError):  # it is no dump's
            names[folder] = dump_name(folder)[0]
    left = [folder for folder, name in names.items() if name not in project.definitions]
    new = sorted(set(project.definitions) - set(names.values())) if left else []
    locks = [str(lock) for lock in repository.housekeeping.locks()]
    return Beside(repository.worktrees.edited_files(), left, new, locks, backlog(repository))


def applied_log(project: Project, names: Sequence[str], limit: int | None) -> list[Applied]:
    """What was applied to a database and committed from it, newest first."""
    using, own = project.using, is_own(project, copies=True)
    folders = [dump_folder(*split_name(name)) for name in names]
    if not folders:
        return ledger_history(using, limit=limit, own=own)
    rows = [row for folder in folders for row in ledger_history(using, folder, limit, own)]
    return sorted(rows, key=lambda row: row.id, reverse=True)[:limit]
