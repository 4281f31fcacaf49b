"""Workflows for repositories of content: files that a host of repositories runs for each change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from contentgit import __version__
from contentgit.errors import RefusedError, UsageError
from contentgit.git import Repository

PATHS: Final = {"github": ".github/workflows/content.yml", "gitlab": ".gitlab-ci.yml"}
"""Where each host looks for its workflow."""

_PLAIN_BRANCH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True)
class Workflow:
    """The workflow's path in the repository, the commit that has it, and whether that is new."""

    path: str
    commit: str
    changed: bool


def workflow(host: str, branch: str) -> bytes:
    """The file for a host, for the branch whose content is applied, with this release of contentgit.

    Raises:
        UsageError: the branch's name could mean something to a shell.
    """
    if not _PLAIN_BRANCH.fullmatch(branch):
        raise UsageError(
            f"a workflow cannot name the branch {branch!r}",
            hint="choose a name of letters, digits and '.', '_', '-', '/'",
        )
    text = files("contentgit.branches.workflows").joinpath(f"{host}.yml").read_text("utf-8")
    return text.replace("@BRANCH@", branch).replace("@VERSION@", __version__).encode("utf-8")


def add_workflow(repository: Repository, host: str, branch: str, *, force: bool) -> Workflow:
    """Commits the host's workflow to a branch that has a commit.

    Raises:
        RefusedError: another file is in its place, and ``force`` is not given.
        BusyError: the branch has moved meanwhile.
    """
    path, data = PATHS[host], workflow(host, branch)
    tip = repository.refs.resolve(f"refs/heads/{branch}")
    there = repository.blob(tip, path)
    if there == data:
        return Workflow(path, tip, changed=False)
    if there is not None and not force:
        raise RefusedError(
            f"{path} on branch {branch} is another file",
            hint=f"contentgit init --ci {host} --force  (replaces it in a commit)",
        )
    tree = repository.writer.write_tree(tip, [(path, data)])
    message = f"Review content and apply it by {path}\n"
    commit = repository.writer.commit_tree(tree, [tip], message)
    repository.worktrees.advance(branch, commit, tip, "contentgit init --ci")
    return Workflow(path, commit, changed=True)
