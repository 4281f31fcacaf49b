"""What the project's own code is told after a commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from contentgit.content.diff import Change
from contentgit.db.calling import HookFailure, has_receivers, send_post
from contentgit.history.lenses import meeting
from contentgit.history.snapshots import CommitSide, between_commits, changes
from contentgit.signals import Changes, post_commit
from contentgit.workingcopy.project import Dump, Project


def committed(
    project: Project, branch: str, parent: str | None, commit: str, dumps: Sequence[Dump]
) -> tuple[HookFailure, ...]:
    """Sends ``post_commit``; ``dumps`` are those that the commit changes."""
    if not has_receivers(post_commit):
        return ()
    found = send_post(
        post_commit,
        using=project.using,
        environment=project.config.environment,
        commit=commit,
        branch=branch,
        parent=parent or "",
        dumps=tuple(dump.dataset.label for dump in dumps),
        changes=Changes(partial(_between, project, parent, commit, dumps)),
    )
    return tuple(found)


def _between(
    project: Project, parent: str | None, commit: str, dumps: Sequence[Dump]
) -> Iterator[Change]:
    repository = project.repository
    for folder in (dump.folder for dump in dumps):
        met = meeting(repository, parent or "", commit, folder)
        before = CommitSide(repository, met.before, folder)
        after = CommitSide(repository, met.after, folder)
        differences = between_commits(repository, met.before or None, met.after, folder)
        yield from changes(differences, before, after)
