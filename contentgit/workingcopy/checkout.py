"""``checkout --apply``, ``update``, ``undo``: one transaction, and what it wrote is read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from contentgit.content.records import RecordKey
from contentgit.db import applier
from contentgit.db.applier.embedded import follow, referring
from contentgit.db.applier.moving import Moving
from contentgit.db.applier.watch import Watch, collides
from contentgit.db.calling import HookFailure
from contentgit.db.clearing import settled
from contentgit.db.ledger import Entry
from contentgit.db.tables import Tables
from contentgit.errors import ContentgitError, DatabaseError, OvertakenError, RefusedError
from contentgit.plan.steps import Action
from contentgit.workingcopy.anchors import anchor
from contentgit.workingcopy.backup import Backup, back_up, undoable
from contentgit.workingcopy.carrying import (
    FilesNeededError,
    bring,
    clear_files,
    settle_files,
)
from contentgit.workingcopy.file_plans import NONE, Brought, Cleared, FileCount, counted
from contentgit.workingcopy.hooks import Hooks
from contentgit.workingcopy.kept_files import absent_files
from contentgit.workingcopy.ledger import current, settle, write
from contentgit.workingcopy.looking import NotReadError
from contentgit.workingcopy.new_files import carries
from contentgit.workingcopy.places import place
from contentgit.workingcopy.plan_files import PlanFile, check_plan
from contentgit.workingcopy.planned import DumpPlan, Planned, Target
from contentgit.workingcopy.planning import plan
from contentgit.workingcopy.project import Project, all_tables
from contentgit.workingcopy.refusals import refuse
from contentgit.workingcopy.request import Request
from contentgit.workingcopy.rereading import ON_DELETE, Rereading
from contentgit.workingcopy.tracking import after, renew
from contentgit.workingcopy.withheld import WithheldBefore
from contentgit.workingcopy.withholding import listed
from contentgit.workingcopy.written import lock, verify

ATTEMPTS = 3
"""How often an apply is planned and begun, where others write to the same rows at the same moment."""


@dataclass(frozen=True)
class CheckedOut:
    """What an apply did. ``backup`` is the ref that keeps what was overwritten and is in no commit.

    ``head`` is the branch that HEAD has gone to, ``head_problem`` says why it has not, ``head_hint`` what to
    do then. ``failures`` tell what of the project's own code failed behind it. ``brought`` counts the files
    that were put into storages before, ``removed`` names those that were removed behind it, and ``unremoved``
    says why others are still there.
    """

    planned: Planned
    applied: bool
    environment: str
    backup: str = ""
    head: str = ""
    head_problem: str = ""
    head_hint: str = ""
    failures: tuple[HookFailure, ...] = ()
    unremoved: tuple[str, ...] = ()
    brought: FileCount = NONE
    removed: tuple[str, ...] = ()


def apply(
    project: Project,
    request: Request,
    *,
    digest: str | None = None,
    saved: PlanFile | None = None,
) -> CheckedOut:
    """Makes the database what was asked for, in one transaction with the ledger's row.

    With ``digest`` the plan must still be the one that was shown, with ``saved`` the one in the file.

    Raises:
        DriftError: the plan would overwrite edits that are in no commit.
        ConflictError: both sides of a merge changed the same thing.
        RefusedError: something else in the plan is refused, or the plan is no longer the one shown.
        BusyError: another apply holds the database.
        OvertakenError: others wrote to the same rows, in each of some attempts.
        DatabaseError: the database refused; nothing has changed.
        ContentgitError: a receiver of ``pre_apply`` raised; nothing has changed.
    """
    left, whole, brought = ATTEMPTS, False, list[Brought]()
    while True:
        try:
            with _files_removed_on_failure(project, brought=bool(brought)):
                done = _apply(project, request, digest, saved, whole=whole)
            absent = absent_files(done.planned) if done.applied else ()
            planned = replace(done.planned, absent=absent)
            return replace(done, planned=planned, brought=counted(brought))
        except FilesNeededError as needed:
            left -= 1
            if not left:
                raise OvertakenError(
                    f"files of database {project.using!r} were removed while an apply needed them",
                    hint="run the command again when no other apply is under way",
                ) from None
            brought += needed.files
            with _files_removed_on_failure(project, brought=True):
                bring(project, needed.files)
        except NotReadError:  # for a backup, or as receivers or triggers write to the dumps
            whole = True
        except OvertakenError:
            left -= 1
            if not left:
                raise


@contextmanager
def _files_removed_on_failure(project: Project, *, brought: bool) -> Iterator[None]:
    """Files that were brought for an apply that came to nothing are removed, if that can be done."""
    try:
        yield
    except (FilesNeededError, OvertakenError, NotReadError):
        raise
    except Exception:
        if brought:
            with suppress(ContentgitError):
                clear_files(project)
        raise


def _apply(
    project: Project,
    request: Request,
    digest: str | None,
    saved: PlanFile | None,
    *,
    whole: bool,
) -> CheckedOut:
    settle(project)
    project.forget_rows()
    renew(project)
    with project.exclusive():
        planned = plan(project, request, whole=whole, writing=True)
        if digest is not None and planned.digest != digest:
            raise RefusedError(
                "commit or database have changed since the plan was shown; nothing has been written",
                hint=f"{request.command()}  (shows the plan as it is now)",
            )
        if saved is not None:
            check_plan(project, planned, saved)
        refuse(planned)
        if planned.files.brought:
            raise FilesNeededError(planned.files.brought)
        watch = Watch(project.using)
        with watch.calling(ON_DELETE):
            # The project's code is asked here, inside of the transaction.
            steps = settled(planned.plan, project.using, project.identities, project.table)
            planned = replace(planned, plan=steps)
        written = [work for work in planned.dumps if not _unchanged(project, work, planned)]
        hooks = Hooks(project, planned, idle=not written)
        with watch.calling("pre_apply"):
            hooks.before()
        Rereading(project, planned, watch).check()
        project.save_names()  # also of rows that this apply deletes: an undo brings them back
        backup = back_up(project, planned)
        with _dropped_on_failure(project, backup):
            if planned.plan.steps:
                _run(project, planned, watch)
            settle_files(project, planned)
            lines = write(project, [_entry(project, planned, work, backup) for work in written])
            _note_tracked(project, planned, written, lines)
    applied, environment = bool(planned.plan.steps), project.config.environment
    with _telling_what_is_done(project, planned):
        cleared = clear_files(project) if carries(planned.tables) else Cleared()
        moved = _move_head(project, planned.target)
        anchor(project)
        failures = hooks.behind()
        done = CheckedOut(planned, applied, environment, backup.ref, *moved, failures)
        return replace(done, unremoved=cleared.failures, removed=cleared.removed)


def _note_tracked(
    project: Project, planned: Planned, written: Sequence[DumpPlan], lines: Sequence[int]
) -> None:
    """Notes what of the tracked dumps differs from the commit that was applied, in its transaction."""
    line_of = dict(zip((work.folder for work in written), lines, strict=True))
    moved = any(step.action is Action.MOVE for step in planned.plan.steps)
    for work in planned.dumps:
        if work.tracked is None:
            continue
        line = line_of.get(work.folder, work.applied.id if work.applied else None)
        is_known = work.looked is None or work.looked.is_complete
        if moved or not is_known:
            line = None
        differing = _differing(planned, work)
        keys = {step.key for step in planned.plan.steps}
        with suppress(DatabaseError):  # the next call reads all rows then
            after(project, work.dump, work.tracked, line=line, differing=differing, written=keys)


def _differing(planned: Planned, work: DumpPlan) -> set[RecordKey]:
    """The records that are not, or may not be, as the commit has them once the steps were run."""
    wanted = {delta.key: delta.commit for delta in work.deltas}
    found = {*wanted}
    for step in planned.plan.steps:
        if step.key.model not in work.dump.tables:
            continue
        gone = step.action in (Action.DELETE, Action.CASCADE)
        made = step.action in (Action.CREATE, Action.UPDATE) and step.dump == work.folder
        if (gone or made) and wanted.get(step.key) == step.after:
            found.discard(step.key)
        else:
            found.add(step.key)
    return found


@contextmanager
def _telling_what_is_done(project: Project, planned: Planned) -> Iterator[None]:
    """An interruption says that the transaction was committed before it."""
    try:
        yield
    except KeyboardInterrupt:
        is_undo = planned.request.verb == "undo"
        done = "was brought back" if is_undo else f"is at {planned.target.commit[:10]}"
        raise KeyboardInterrupt(
            f"database {project.using!r} {done}; HEAD may not have moved, project hooks may not have run"
        ) from None


@contextmanager
def _dropped_on_failure(project: Project, backup: Backup) -> Iterator[None]:
    """Nothing was overwritten, so nothing has to be kept; whoever is killed here leaves a ref too many."""
    try:
        yield
    except BaseException:
        if backup.ref:
            with suppress(ContentgitError):
                project.repository.refs.delete(backup.ref, backup.commit)
        raise


def _run(project: Project, planned: Planned, watch: Watch) -> None:
    tables = planned.tables
    moves = {
        s.key: RecordKey.parse(str(s.value)) for s in planned.plan.steps if s.action is Action.MOVE
    }
    gone = {s.key for s in planned.plan.steps if s.action is Action.MOVE and s.via}
    steps = tuple(s for s in planned.plan.steps if s.action is not Action.MOVE)
    lock(project, planned)
    moved = set[str]()
    if moves and planned.request.verb != "undo":
        project.identities.call({})  # the rows are called so in earnest from now on
        moved = _move(project, tables, moves, gone)
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        project.progress("applying", done, len(steps))

    others = Rereading(project, planned, watch, steps=steps)
    own = {tables[step.key.model].name for step in steps if step.key.model in tables}
    with _naming(replace(others, own=own)):
        applied = applier.apply(
            using=project.using,
            tables=tables,
            plan=replace(planned.plan, steps=steps),
            identities=project.identities,
            records=lambda wanted: planned.contents.records(step.after for step in wanted),
            progress=progress,
            outside=project.table,
            watch=watch,
            rewrite=others.rewrite,
        )
    replace(others, own=applied.tables | moved).check()
    verify(project, planned)
    if moves and planned.request.verb == "undo":
        _move(project, tables, moves, gone)
        for label in tables:
            project.identities.reload(label)


def _move(
    project: Project,
    tables: Tables,
    moves: Mapping[RecordKey, RecordKey],
    gone: AbstractSet[RecordKey],
) -> set[str]:
    """Moves rows, and all that refers to them, also inside of fields; the names of the tables written."""
    identities = project.identities
    labels = {key.model for key in moves}
    bases = {label: tables.get(label) or project.table(label) for label in labels}
    # What is in other dumps follows, too.
    others = project.dumps((), also=[*current(project)])
    rows = referring({**all_tables(others), **tables}, moves, identities)
    return Moving(identities).move(moves, bases, gone) | follow(rows, identities)


@contextmanager
def _naming(others: Rereading) -> Iterator[None]:
    """Names receivers and triggers that wrote rows of the dumps, where a row cannot be written."""
    try:
        yield
    except ContentgitError as error:
        culprits = others.culprits() if collides(error) and not error.items else []
        if culprits:
            error.items, error.hint = tuple(culprits), others.hint()
        raise


def _unchanged(project: Project, work: DumpPlan, planned: Planned) -> bool:
    """Whether the ledger says so already, and says it of this environment: not of one copied from."""
    row, goal = work.applied, work.goal
    if row is None or goal.undoes is not None or planned.plan.steps:
        return False
    before = WithheldBefore.by(row)
    if list(work.missing) != list(before.missing) or before.left_out != {*work.not_here}:
        return False
    own = project.config.environment
    return (row.commit, row.environment) == (goal.commit, own) and goal.branch in ("", row.branch)


def _entry(project: Project, planned: Planned, work: DumpPlan, backup: Backup) -> Entry:
    own = [step for step in planned.plan.steps if step.dump == work.dump.folder]
    counts = Counter(step.action for step in own)
    goal = work.goal
    return Entry(
        dump=work.dump.folder,
        commit=goal.commit,
        tree=goal.tree,
        branch=goal.branch,
        environment=project.config.environment,
        action=_action(planned, work, wrote=bool(own)),
        who=project.operator.name,
        at=project.operator.now,
        counts={action.value: counts[action] for action in Action if counts[action]},
        withheld=listed(planned, work),
        previous=work.applied.commit if work.applied else "",
        backup=backup.commit,
        undoes=goal.undoes.id if goal.undoes else None,
        place=place(project, work.dump.folder),
    )


def _action(planned: Planned, work: DumpPlan, *, wrote: bool) -> str:
    if work.goal.undoes:
        return "undo"
    if planned.request.merging and (work.deltas or wrote) and undoable(planned, work):
        return "update" if planned.request.verb == "update" else "merge"
    return "apply" if wrote else "adopt"


def _move_head(project: Project, target: Target) -> tuple[str, str, str]:
    """HEAD follows once the database has committed; edits or a lock in its way keep it where it is."""
    if not target.branch or project.repository.refs.head_branch() == target.branch:
        return "", "", ""
    try:
        project.repository.worktrees.checkout_head(target.branch)
    except ContentgitError as error:
        return "", error.message, error.hint
    return target.branch, "", ""
