"""``fetch``, ``pull`` and ``push``: a branch follows another repository's, and never loses a commit."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from contentgit.branches.merging import MergeOutcome, merge
from contentgit.branches.merging.losing import refuse_losses
from contentgit.branches.operation import Operation, refuse_unfinished
from contentgit.errors import RefusedError, RepositoryError, UnknownNameError, UsageError
from contentgit.git import LeftAlone, RefMove, Repository, Talk
from contentgit.git.refs import HEADS, TAGS
from contentgit.history.carried import keeps_files_in_lfs


class Way(enum.StrEnum):
    """How a branch came to where it is."""

    UP_TO_DATE = "up-to-date"
    CREATED = "created"
    FAST_FORWARD = "fast-forward"
    MERGED = "merged"


@dataclass(frozen=True)
class Transfer:
    """The refs that a fetch or a push moved."""

    remote: str
    url: str
    moves: tuple[RefMove, ...]


@dataclass(frozen=True)
class Pulled:
    """A branch, what it follows, and where it went; ``left`` are files that kept their user's own edits."""

    branch: str
    upstream: str
    way: Way
    before: str | None
    after: str
    fetched: Transfer
    left: tuple[LeftAlone, ...] = ()


def fetch(
    repository: Repository, names: Sequence[str], talk: Talk, *, every: bool, prune: bool
) -> list[Transfer]:
    """Fetches from the named remotes, ``every`` one, or that of HEAD's branch.

    Raises:
        UnknownNameError: there is no such remote.
        RepositoryError: one cannot be reached, or does not let us in.
    """
    remotes = repository.remotes
    if every:
        names = remotes.names()
    for name in names:
        remotes.check(name)
    wanted = names or [remotes.default(repository.refs.head_branch())]
    return [_fetch(repository, name, talk, prune=prune) for name in wanted]


def _fetch(repository: Repository, remote: str, talk: Talk, *, prune: bool = False) -> Transfer:
    moves = repository.remotes.fetch(remote, talk, prune=prune)
    return Transfer(remote, repository.remotes.url(remote), tuple(moves))


def pull(
    repository: Repository,
    remote: str | None,
    branch: str | None,
    talk: Talk,
    *,
    ff_only: bool = False,
) -> Pulled:
    """Fetches, then merges what HEAD's branch follows into it, or ``branch`` of ``remote``.

    Raises:
        UsageError: HEAD is on no branch.
        ConflictError: both sides changed the same things; they are kept to be decided on.
        RefusedError: a merge is under way; both have commits of their own, with ``ff_only``; or values of
            fields would be lost.
    """
    head = repository.refs.head_branch()
    if head is None:
        raise UsageError(
            "HEAD is on no branch to pull into",
            hint=f"{repository.command('switch BRANCH')}  (moves HEAD alone)",
        )
    refuse_unfinished(repository)
    followed = _fetched(repository, head, talk, remote, branch)
    if ff_only or _way(repository, followed) is not None:
        return _forward(repository, followed)
    done = merge(repository, followed.name)
    assert done.how is MergeOutcome.MERGED
    return followed.pulled(Way.MERGED, done.commit, done.left_alone)


def pull_branch(repository: Repository, branch: str, talk: Talk) -> Pulled:
    """Fetches, then brings any local branch forward; one that only the remote has is made.

    Raises:
        UnknownNameError: the remote has no such branch.
        RefusedError: both have commits that the other has not, or values of fields would be lost.
        RepositoryError: the remote cannot be reached, or does not let us in.
    """
    if branch == repository.refs.head_branch():
        refuse_unfinished(repository)
    return _forward(repository, _fetched(repository, branch, talk))


@dataclass(frozen=True)
class _Followed:
    """A branch, and what it follows as it was just fetched; ``name`` is like ``origin/main``."""

    branch: str
    name: str
    ours: str | None
    theirs: str
    fetched: Transfer

    def pulled(self, way: Way, after: str, left: Sequence[LeftAlone] = ()) -> Pulled:
        """The branch at ``after``."""
        return Pulled(self.branch, self.name, way, self.ours, after, self.fetched, tuple(left))


def _fetched(
    repository: Repository,
    branch: str,
    talk: Talk,
    remote: str | None = None,
    other: str | None = None,
) -> _Followed:
    if remote is not None:
        _check(repository, remote, "pull")
    place, upstream = repository.remotes.upstream(branch, remote)
    upstream = other or upstream
    fetched = _fetch(repository, place, talk)
    theirs = repository.refs.read(f"refs/remotes/{place}/{upstream}")
    if theirs is None:
        raise UnknownNameError(
            f"{place} ({fetched.url}) has no branch {upstream!r}",
            hint=f"{repository.command('branch -r')}  (lists what it has)",
        )
    ours = repository.refs.tip(branch)
    return _Followed(branch, f"{place}/{upstream}", ours, theirs, fetched)


def _check(repository: Repository, remote: str, verb: str) -> None:
    """Raises UnknownNameError where there is no such remote; a branch's name comes after one."""
    known = repository.remotes.names()
    if known and remote not in known and repository.refs.tip(remote) is not None:
        place = "origin" if "origin" in known else known[0]
        raise UnknownNameError(
            f"there is no remote {remote!r}; it is the name of a branch",
            hint=f"contentgit {verb} {place} {remote}",
        )
    repository.remotes.check(remote)


def _way(repository: Repository, followed: _Followed) -> Way | None:
    """How the branch comes to what it follows without a merge; ``None`` where they have diverged."""
    if followed.ours is None:
        return Way.CREATED
    if repository.history.is_ancestor(followed.theirs, followed.ours):
        return Way.UP_TO_DATE
    if repository.history.is_ancestor(followed.ours, followed.theirs):
        return Way.FAST_FORWARD
    return None


def _forward(repository: Repository, followed: _Followed) -> Pulled:
    branch, name, ours, theirs = followed.branch, followed.name, followed.ours, followed.theirs
    way = _way(repository, followed)
    if way is None:
        raise RefusedError(
            f"branch {branch} and {name} have diverged: each has commits that the other lacks",
            hint=f"contentgit merge {name}  brings both together",
            data={"branch": branch, "upstream": name, "ours": ours, "theirs": theirs},
        )
    if way is Way.UP_TO_DATE:
        return followed.pulled(way, ours or theirs)
    _refuse_losses(repository, followed)
    repository.trees.check_move(ours, theirs)
    left = repository.worktrees.advance(branch, theirs, ours, f"contentgit pull: {way.value}")
    return followed.pulled(way, theirs, left)


def _refuse_losses(repository: Repository, followed: _Followed) -> None:
    """Refuses a fast-forward to a commit of older code that dropped fields, as a merge does."""
    branch, ours, theirs = followed.branch, followed.ours, followed.theirs
    if ours is None:
        return
    operation = Operation("merge", followed.name, branch, ours, theirs, (ours, theirs), "")
    try:
        refuse_losses(repository, operation)
    except RefusedError as error:
        if branch != repository.refs.head_branch():
            move = f"{repository.command(f'switch {shlex.quote(branch)}')}  (moves HEAD there)"
            error.hint = f"{move}\n{error.hint}"
        raise


def push(
    repository: Repository,
    remote: str | None,
    branches: Sequence[str],
    talk: Talk,
    *,
    tags: bool = False,
    delete: Sequence[str] = (),
    follow: bool = False,
) -> Transfer:
    """Sends branches (HEAD's unless named) and named tags, to those of the same name; never by force.

    With ``follow`` they follow those from now on.

    Raises:
        UsageError: HEAD is on no branch and none is named, or a name is not a branch.
        RefusedError: the remote has commits that are not here, or refuses.
        RepositoryError: the remote cannot be reached, or does not let us in.
    """
    for name in branches:
        if name.startswith("+") or ":" in name:
            raise RefusedError(
                f"{name!r} would force the push or rename the branch, which push never does",
                hint="name the branch alone: contentgit push origin main",
            )
    head = repository.refs.head_branch()
    if remote:
        _check(repository, remote, "push")
    place = remote or repository.remotes.default(head)
    wanted = list(branches)
    if not wanted and not delete and not tags:
        if head is None:
            raise UsageError("HEAD is on no branch", hint="name one: contentgit push REMOTE BRANCH")
        wanted = [head]
    in_lfs = _with_files_in_lfs(repository, wanted, tags=tags)
    if in_lfs:  # before a branch there names them
        repository.lfs.push(place, in_lfs, talk)
    moves = repository.remotes.push(
        place, wanted, talk, tags=tags, delete=delete, files_sent=bool(in_lfs)
    )
    if follow:
        for name in wanted:
            if repository.refs.tip(name) is not None:  # a tag follows nothing
                repository.remotes.follow(name, place)
    return Transfer(place, repository.remotes.url(place), tuple(moves))


def _with_files_in_lfs(
    repository: Repository, names: Sequence[str], *, tags: bool
) -> Sequence[str]:
    """The refs that are pushed, by their full names, if git-lfs has files of one of them."""
    read = repository.refs.read
    wanted = [place + name for name in names for place in (HEADS, TAGS) if read(place + name)]
    wanted += [name for name, _ in repository.refs.under(TAGS)] if tags else []
    for name in wanted:
        with suppress(RepositoryError):  # the tag of something else than a commit
            if keeps_files_in_lfs(repository, read(name) or ""):
                return wanted
    return ()
