"""What an apply overwrites although it is in no commit is committed first.

It lies under ``refs/contentgit/backup/ENVIRONMENT/TIME``: the dumps as the database holds them, and the
rows outside them that cascades reach in a folder ``outside``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from contentgit.content.records import RecordKey
from contentgit.workingcopy.anchors import backups
from contentgit.workingcopy.missing import is_missing
from contentgit.workingcopy.outside import outside_files
from contentgit.workingcopy.planned import Planned
from contentgit.workingcopy.project import Project

STAMP = "%Y%m%dT%H%M%S.%f"
"""How the name of a ref writes the moment of its backup, in UTC."""


class Backup(NamedTuple):
    """A commit of what was about to be overwritten, and the ref that keeps it."""

    ref: str = ""
    commit: str = ""


def back_up(project: Project, planned: Planned, outside: Sequence[RecordKey]) -> Backup:
    """Commits the plan's dumps as the database holds them now.

    Each dump's folder is that of the commit about to be applied, with the database's rows where they differ:
    exactly what the database holds, at the price of the differences. ``outside`` are the rows that no dump
    holds.
    """
    tree = project.repository.writer.write_tree(
        planned.target.commit,
        chain(
            *(work.ours.files(work.deltas) for work in planned.dumps),
            outside_files(project, outside, planned.plan.steps),
        ),
        folders={work.folder: work.tree for work in planned.dumps},
    )
    message = f"Back up {project.config.environment} before it is overwritten\n"
    new = project.repository.writer.commit_tree(tree, _bases(project, planned), message)
    stamp = project.operator.now.strftime(STAMP)
    ref = f"{backups(project)}/{stamp}"
    project.repository.refs.move(ref, new, None, "contentgit: backup before an apply")
    return Backup(ref, new)


def _bases(project: Project, planned: Planned) -> list[str]:
    """The commits that the database's content was made from, as far as the repository has them."""
    applied = [work.applied for work in planned.dumps if work.applied]
    found = [row.commit for row in applied if not is_missing(project, row)]
    return list(dict.fromkeys(found)) or [planned.target.commit]
