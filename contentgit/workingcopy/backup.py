"""What an apply overwrites although it is in no commit is committed first.

It lies under ``refs/contentgit/backup/ENVIRONMENT/TIME``: the dumps as the database holds them, and the
rows outside them that cascades reach in a folder ``outside``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from contentgit.content.diff import Delta
from contentgit.content.records import RecordKey
from contentgit.plan.steps import Action
from contentgit.workingcopy.anchors import STAMP, backups
from contentgit.workingcopy.looking import NotReadError
from contentgit.workingcopy.missing import is_missing
from contentgit.workingcopy.new_files import NewFiles
from contentgit.workingcopy.outside import OUTSIDE, outside_files
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.project import Project


class Backup(NamedTuple):
    """A commit of what was about to be overwritten, and the ref that keeps it."""

    ref: str = ""
    commit: str = ""


def _commit(project: Project, planned: Planned, outside: Sequence[RecordKey]) -> Backup:
    """Commits the plan's dumps as the database holds them now.

    Each dump's folder is that of the commit about to be applied, with the database's rows where they differ:
    exactly what the database holds, at the price of the differences. ``outside`` are the rows that no dump
    holds.
    """
    files = NewFiles(project, limited=False)
    tree = project.repository.writer.write_tree(
        planned.target.commit,
        chain(
            *(files.seen(work.dump.tables, work.ours.files(work.deltas)) for work in planned.dumps),
            outside_files(project, outside, planned.plan.steps),
        ),
        folders={work.folder: _tree(project, work) for work in planned.dumps},
    )
    tree = files.tree(tree, planned.target.commit, _bases(project, planned))
    message = f"Back up {project.config.environment} before it is overwritten\n"
    new = project.repository.writer.commit_tree(tree, _bases(project, planned), message)
    stamp = project.operator.now.strftime(STAMP)
    ref = f"{backups(project)}/{stamp}"
    project.repository.refs.move(ref, new, None, "contentgit: backup before an apply")
    return Backup(ref, new)


def _tree(project: Project, work: DumpPlan) -> str:
    """The dump's folder as the database was compared with it."""
    commit = work.theirs.commit
    return commit and (project.repository.trees.folder_id(commit, work.folder) or "")


def _bases(project: Project, planned: Planned) -> list[str]:
    """The commits that the database's content was made from, as far as the repository has them."""
    applied = [work.applied for work in planned.dumps if work.applied]
    found = [row.commit for row in applied if not is_missing(project, row)]
    return list(dict.fromkeys(found)) or [planned.target.commit]


def back_up(project: Project, planned: Planned) -> Backup:
    """Commits what is in no commit and is about to go; nothing where there is nothing of the kind.

    Raises:
        NotReadError: something is, and the dumps were not read whole.
    """
    held = {
        delta.key
        for work in planned.dumps
        for delta in work.deltas
        if planned.plan.overwritten and delta.database
    }
    outside = reached(planned) | (set(planned.plan.overwritten) - held) | {*_partly_held(planned)}
    if not outside and not planned.plan.overwritten and not _is_unknown(planned):
        return Backup()
    if any(work.looked and not work.looked.is_complete for work in planned.dumps):
        raise NotReadError
    return _commit(project, planned, sorted(outside))


def _is_unknown(planned: Planned) -> bool:
    """Whether no commit tells what the database holds now, though an undo must know it."""
    if planned.plan.steps and any(
        (work.applied is None and work.size.ours) or work.agreed for work in planned.dumps
    ):
        return True
    return any(
        _edited(work, delta, merging=planned.request.merging)
        for work in planned.dumps
        if undoable(planned, work)
        for delta in work.deltas
    )


def undoable(planned: Planned, work: DumpPlan) -> bool:
    """Whether there is something to undo behind it: rows are written, or a merge goes to another commit."""
    at = work.applied.commit if work.applied else None
    return bool(planned.plan.steps) or (planned.request.merging and at != work.goal.commit)


def _edited(work: DumpPlan, delta: Delta, *, merging: bool) -> bool:
    """Whether the row is in no commit, and stays so: merged, or for want of a licence to delete it."""
    base = work.base_ids.get(delta.path, "")
    stays = bool(base and delta.database and not delta.commit)
    return base != delta.database and (merging or stays)


def _partly_held(planned: Planned) -> Iterator[RecordKey]:
    """The records to be deleted that have fields which are no content, and so in no dump."""
    datasets = {work.folder: work.dump.dataset for work in planned.dumps}
    for step in planned.plan.steps:
        if step.action is not Action.DELETE:
            continue
        if any(spec.exclude for spec in datasets[step.dump].specs_of(step.key.model)):
            yield step.key


def reached(planned: Planned) -> set[RecordKey]:
    """The rows outside the dumps that deletes reach, or that an undo changes."""
    return {
        step.key
        for step in planned.plan.steps
        if step.action in (Action.CASCADE, Action.CLEAR) or (step.dump == OUTSIDE and step.before)
    }
