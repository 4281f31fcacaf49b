"""Failures of git as errors of :mod:`contentgit.errors`."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from contentgit.errors import BusyError, ContentgitError, RepositoryError

_DAMAGE = (
    "is corrupt",
    "corrupt ",
    "bad object",
    "bad tree",
    "missing object",
    "unable to read",
    "unable to unpack",
    "not a valid object",
    "inflate:",
    "packfile ",
    "could not parse",
    "bad ref",
    "not a tree object",
    "failed to traverse parents",
    "cannot simplify commit",
    "parse_object_buffer failed",
)
_UNREAD = re.compile(r"could not read ([0-9a-f]{40,64})$", re.MULTILINE)
_WRITE = (
    "permission denied",
    "read-only file system",
    "no space left",
    "disk quota",
    "insufficient permission",
    "unable to create",
    "cannot create",
    "could not create",
    "unable to write",
    "not a directory",
    "is a directory",
    "unable to append",
)
_NO_COMMIT = ("not a tree object", "bad object", "not a valid object", "could not parse")
_IDENTITY = ("who you are", "auto-detection is disabled", "empty ident", "unable to detect email")


class Clone(NamedTuple):
    """A repository that may lack objects because of how it was cloned, and nothing is damaged.

    A ``shallow`` one lacks older commits. ``promisor`` is the remote from which git gives a partial clone
    (``git clone --filter``) what it lacks at the moment it is needed; contentgit never lets it.
    """

    path: Path
    shallow: bool = False
    promisor: str = ""


def git_is_missing() -> RepositoryError:
    """git cannot be started."""
    return RepositoryError(
        "git is not installed",
        hint="install it (apt install git, brew install git, https://git-scm.com/downloads) so that "
        "'git --version' works",
    )


def no_repository(path: Path) -> RepositoryError:
    """There is no repository at ``path``, or one that git does not take for one."""
    for folder in (path / ".git", path):
        if (folder / "objects").is_dir() and (folder / "refs").is_dir():
            for needed in (folder / "objects", folder / "refs"):
                if not os.access(needed, os.X_OK):
                    return RepositoryError(f"cannot read {needed}: permission denied")
            return RepositoryError(
                f"the repository {path} is damaged: {folder / 'HEAD'} names no branch and no commit",
                hint=f"echo 'ref: refs/heads/main' > {shlex.quote(str(folder / 'HEAD'))}  "
                "(puts HEAD on branch main)",
            )
    return RepositoryError(
        f"there is no git repository at {path}", hint="contentgit init makes one"
    )


def no_identity() -> RepositoryError:
    """git does not know who commits."""
    return RepositoryError(
        "git does not know who you are, and a commit must say who made it",
        hint='git config --global user.name "Your Name"; '
        "git config --global user.email you@example.com",
    )


def damaged(path: Path, what: str) -> RepositoryError:
    """An object cannot be read."""
    return RepositoryError(
        f"the repository {path} is damaged or incomplete: {what}",
        hint=f"git -C {shlex.quote(str(path))} fsck  (says more)\n"
        "contentgit fetch --all  (brings back what another repository has)",
    )


def missing(clone: Clone, what: str, *, commit: bool) -> RepositoryError:
    """An object is not there; ``commit`` is whether it may be a commit, which a shallow clone may lack."""
    git = f"git -C {shlex.quote(str(clone.path))}"
    if clone.promisor:
        return RepositoryError(
            f"{clone.path} is a partial clone (git clone --filter), which does not have everything: {what}",
            hint=f"{git} fetch --refetch --no-filter {shlex.quote(clone.promisor)}  (brings all of it, "
            "with git 2.36 or newer; else clone again without --filter)",
        )
    if clone.shallow and commit:
        return RepositoryError(
            f"{clone.path} is a shallow clone, which lacks older commits"
            + (f": {what}" if what else ""),
            hint=f"{git} fetch --unshallow  (brings them; in CI: fetch-depth: 0)",
        )
    return damaged(clone.path, what or "a commit is missing")


def failure(
    path: Path, verb: str, errors: str, clone: Callable[[], Clone], *, writing: bool
) -> ContentgitError:
    """The error for ``errors``, which ``git VERB`` in ``path`` wrote to standard error."""
    reason = said(errors)
    text = errors.lower()
    if "dubious ownership" in text:
        return RepositoryError(
            f"git does not trust the repository {path}: it belongs to another user ({reason})",
            hint=f"if you trust it: git config --global --add safe.directory {path}",
        )
    if "not a git repository" in text:
        return no_repository(path)
    if lock := _LOCK.search(errors):
        return locked(path, lock)
    if "gc is already running" in text:
        return BusyError(
            f"another git gc is at work in {path}: {reason.removesuffix(' (use --force if not)')}",
            hint="try again when it is done",
        )
    if any(words in text for words in _IDENTITY):
        return no_identity()
    if writing and any(words in text for words in _WRITE):
        return RepositoryError(f"cannot write to {path}: {reason}")
    if unread := _UNREAD.search(text):
        return missing(clone(), f"object {unread[1]} is missing or cannot be read", commit=True)
    if "promisor remote" in text or any(words in text for words in _DAMAGE):
        what = "" if reason == "not a tree object" else reason  # ls-tree names no commit
        return missing(clone(), what, commit=any(words in text for words in _NO_COMMIT))
    return RepositoryError(f"git {verb} failed in {path}: {reason}")


_LOCK = re.compile(
    r"^(?:fatal: |error: )?(?P<said>.*"
    r"(?:unable to create '(?P<lock>.+\.lock)'|could not lock config file (?P<config>.+)): File exists)",
    re.IGNORECASE | re.MULTILINE,
)


def locked(path: Path, said: re.Match[str]) -> BusyError:
    """A lock file is in the way: of a git process at work, or of one that was killed and left it."""
    lock = path / (said["lock"] or f"{said['config']}.lock")
    return BusyError(
        f"another git process is writing to {path}: {said['said']}",
        hint="try again when it is done\n"
        f"rm {shlex.quote(str(lock))}  (removes the lock{_since(lock)}, if no git runs there)",
    )


def _since(lock: Path) -> str:
    try:
        minutes = (time.time() - lock.stat().st_mtime) / 60
    except OSError:
        return ""
    return f" of {minutes:,.0f} minutes ago" if minutes >= 1 else ""


def said(errors: str) -> str:
    """The most telling line: the fatal one, else the first error, else the first."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    for start in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(start):
                return line.removeprefix(start)
    return lines[0] if lines else "it gave no reason"


def lfs_failed(what: str, errors: str, hint: str) -> RepositoryError:
    """The error for what git-lfs wrote to standard error; ``what`` it cannot do."""
    if "'lfs' is not a git command" in errors:
        return RepositoryError(
            "git-lfs is not installed, and this repository needs it for its files",
            hint="install it, then run the command again: apt install git-lfs, brew install git-lfs, or see "
            "https://git-lfs.com",
        )
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    # Its last words are that it failed, and how to go on all the same.
    telling = [line for line in lines if not line.startswith(("error: failed to ", "hint: "))]
    reason, *more = telling or lines or ["it gave no reason"]
    return RepositoryError(f"{what}: {reason}", hint=hint, items=more[:20])
