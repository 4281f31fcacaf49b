"""What a call means to apply: the commit, and which dumps of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from contentgit.db.ledger import Applied
from contentgit.errors import UnknownNameError, UsageError
from contentgit.history.commits import check_format, refuse_recorded
from contentgit.history.dumps import dump_folders, refuse_undescribed
from contentgit.render.values import dump_label
from contentgit.workingcopy.planned import Target
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.request import Request


def target_of(project: Project, request: Request) -> Target:
    """The commit that is meant.

    Raises:
        UnknownNameError: it does not exist.
        UsageError: there is no branch to update from.
        RefusedError: it has undecided conflicts.
    """
    repository = project.repository
    revision = request.revision
    if request.verb == "update":
        revision = repository.refs.head_branch() or ""
        if not revision:
            raise UsageError(
                "HEAD of the repository is detached: there is no branch to update from",
                hint="contentgit checkout REV --apply --merge",
            )
    commit = repository.refs.resolve(revision)
    check_format(repository, commit)
    refuse_recorded(repository, commit)
    branch = revision if repository.refs.tip(revision) == commit else ""
    return Target(revision, commit, branch)


def dumps_of(
    project: Project, target: Target, names: Sequence[str], rows: Mapping[str, Applied]
) -> tuple[list[Dump], list[str], list[str]]:
    """The dumps to apply, those that the commit does not have, and those that are copied.

    The latter two are dumps that nobody asked for.

    Raises:
        UnknownNameError: the commit does not have one that was named, or none.
        UsageError: all of them are copied, which is done by calls that name them.
    """
    found, skipped, copied = [], [], []
    for dump in project.dumps(names, also=list(rows)):
        is_new = any(spec.save_as_new for spec in dump.dataset.specs)
        if is_new and not project.copy and dump.folder not in rows:
            if project.repository.trees.folder_id(target.commit, dump.folder):
                copied.append(dump.dataset.label)
        elif project.repository.trees.folder_id(target.commit, dump.folder):
            refuse_undescribed(project.repository, target.commit, dump.folder)
            found.append(dump)
        elif dump.dataset.label in names:
            raise UnknownNameError(
                f"{target.revision} has no dump {dump.dataset.label!r}",
                hint=_known_dumps(project, target.commit),
            )
        elif dump.folder in rows:
            skipped.append(dump.dataset.label)
    if copied and not found:
        raise UsageError(
            f"rows of {copied[0]} are saved as new, by a call that names this dump",
            hint=f"contentgit checkout {shlex.join([target.revision, copied[0]])} --apply",
        )
    if not found:
        raise UnknownNameError(
            f"{target.revision} has none of this project's dumps",
            hint=_known_dumps(project, target.commit),
        )
    return found, skipped, copied


def _known_dumps(project: Project, commit: str) -> str:
    folders = dump_folders(project.repository, commit)
    if not folders and project.repository.history.commit(commit).parents:
        return "contentgit commit --branch NEW  (makes a branch with the content of a database)"
    if not folders:
        return "nothing was committed yet: contentgit commit  (where the database has the content)"
    return f"dumps in that commit: {', '.join(map(dump_label, folders))}"
