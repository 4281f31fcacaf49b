"""An applied commit that is not in the repository: what has become of it, and the ways on.

The branch was reset and git collected its commits, the remote was rewritten and cloned again, or the
database was restored from a time or a place whose commits this clone never had. Without the commit nothing
can tell what was edited in the database. It is fetched from where it still is; else the database begins
anew at another commit, as at its first apply.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contentgit.branches.fetching import fetching
from contentgit.errors import RepositoryError, UnknownNameError
from contentgit.render.values import dump_label
from contentgit.workingcopy.anchors import anchor_ref

if TYPE_CHECKING:
    from contentgit.db.ledger import Applied
    from contentgit.workingcopy.project import Project


def is_missing(project: Project, row: Applied) -> bool:
    """Whether the repository lacks the commit of a ledger's line."""
    try:
        project.repository.refs.resolve(row.commit)
    except UnknownNameError:
        return True
    return False


def applied_commit(project: Project, row: Applied, revision: str = "") -> str:
    """The commit that a dump is at, or one with the same content of it, where history was rewritten.

    ``revision`` is what the call names: a commit that may have that content, and to begin anew at.

    Raises:
        RepositoryError: the repository has neither; the hint has the ways on.
    """
    found = found_commit(project, row, revision)
    if found:
        return found
    label = dump_label(row.dump)
    raise RepositoryError(
        f"database {project.using!r} is at commit {row.commit[:10]} in {label}, which is not in the "
        f"repository {project.repository.path}",
        hint="\n".join(ways(project, row, shlex.quote(label), revision)),
        data={"dump": row.dump, "commit": row.commit},
    )


def found_commit(project: Project, row: Applied, revision: str = "") -> str:
    """See :func:`applied_commit`; ``""`` where the repository has neither."""
    if not is_missing(project, row):
        return row.commit
    repository = project.repository
    tips = (repository.refs.tip(row.branch) if row.branch else "", _head(project))
    for commit in (*tips, repository.refs.resolve(revision) if revision else ""):
        if commit and row.tree and repository.trees.folder_id(commit, row.dump) == row.tree:
            return commit
    return ""


def ways(project: Project, row: Applied, dumps: str = "", revision: str = "") -> Iterator[str]:
    """The ways on where a dump's commit is missing, a command a line; ``dumps`` are named in it."""
    repository = project.repository
    yield from fetching(repository, row.commit, anchor_ref(project, row.dump))
    if repository.history.is_shallow():
        return
    name = revision or _branch(project, row)
    commit = repository.refs.resolve(name) if name else ""
    if commit and repository.trees.folder_id(commit, row.dump):
        anew = " ".join(filter(None, ["checkout", shlex.quote(name), dumps, "--apply --adopt"]))
        what = "starts again at that commit: adopts equal content, lists the rest"
    elif repository.refs.head_branch() and never_had(project, row, _head(project)):
        anew = " ".join(filter(None, ["commit", dumps]))
        what = "starts again: the branch gets what the database holds"
    else:
        anew = f"commit {shlex.quote(dump_label(row.dump))} --branch NEW"
        what = "starts again on a new branch, with what the database holds"
    yield f"contentgit {anew}  ({what})"


def never_had(project: Project, row: Applied, tip: str) -> bool:
    """Whether a branch at ``tip`` knows nothing of a dump whose commit is missing, nor ever did."""
    if found_commit(project, row):
        return False
    return not tip or not any(project.repository.history.log(tip, paths=[row.dump], limit=1))


def _branch(project: Project, row: Applied) -> str:
    """The branch to begin anew at: the one that was applied, else HEAD's; ``""`` where there is neither."""
    if row.branch and project.repository.refs.tip(row.branch):
        return row.branch
    return (project.repository.refs.head_branch() or "") if _head(project) else ""


def _head(project: Project) -> str:
    """The commit of HEAD's branch; ``""`` where there is none."""
    branch = project.repository.refs.head_branch()
    return (project.repository.refs.tip(branch) if branch else "") or ""
