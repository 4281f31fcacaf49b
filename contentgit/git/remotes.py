"""Other repositories: fetch and push with git's own credentials, never by force."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from contentgit.errors import ContentgitError, RefusedError, RepositoryError, UnknownNameError
from contentgit.git.failures import said
from contentgit.git.history import History
from contentgit.git.program import Program
from contentgit.git.refs import HEADS, REMOTES, TAGS, Refs
from contentgit.git.talking import QUIET, Talk, talk_to_remote, without_password

_LOCKED_OUT = (
    "authentication failed",
    "could not read username",
    "could not read password",
    "terminal prompts disabled",
    "permission denied (",
    "the requested url returned error: 401",
    "the requested url returned error: 403",
    "host key verification failed",
)
_AWAY = (
    "could not resolve host",
    "connection refused",
    "connection timed out",
    "operation timed out",
    "no route to host",
    "network is unreachable",
    "failed to connect",
    "couldn't connect",
    "connection reset",
)
_NOTHING_THERE = ("does not appear to be a git repository", "not found", "does not exist")


class Moved(enum.StrEnum):
    """How a branch or tag changed."""

    NEW = "new"
    UPDATED = "updated"
    FORCED = "forced"  # it no longer has the commits that it had
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class RefMove(NamedTuple):
    """A branch or tag of a remote, by its full name here, and the commits it was at and is at."""

    ref: str
    moved: Moved
    before: str | None = None
    after: str | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """The short name: ``origin/main``, or a tag's name."""
        for prefix in (REMOTES, TAGS, HEADS):
            if self.ref.startswith(prefix):
                return self.ref.removeprefix(prefix)
        return self.ref


class Remotes:
    """The remotes that git is configured with for one repository."""

    def __init__(self, program: Program, refs: Refs, history: History) -> None:
        self._program = program
        self._refs = refs
        self._history = history

    def names(self) -> list[str]:
        """Their names, sorted."""
        return [name for name in self._program.line("remote").split("\n") if name]

    def url(self, remote: str) -> str:
        """Where it is, without a password."""
        code, output, _ = self._program.ask("remote", "get-url", "--end-of-options", remote)
        return without_password(os.fsdecode(output).strip()) if code == 0 else remote

    def check(self, remote: str) -> str:
        """``remote`` if it is the name of one.

        Raises:
            UnknownNameError: it is not; the hint lists them.
        """
        known = self.names()
        if remote not in known:
            raise UnknownNameError(
                f"there is no remote {without_password(remote)!r}",
                hint=f"remotes: {', '.join(known)}" if known else self._add_one,
            )
        return remote

    @property
    def _add_one(self) -> str:
        return self._program.command("remote add origin URL")

    def default(self, branch: str | None) -> str:
        """The remote of a branch: its own, else ``origin``, else the only one.

        Raises:
            RepositoryError: there is none, or several to choose from.
        """
        own = self._value(f"branch.{branch}.remote") if branch else ""
        known = self.names()
        for name in (own, "origin"):
            if name in known:
                return name
        if len(known) == 1:
            return known[0]
        if not known:
            raise RepositoryError(
                f"the repository {self._program.folder} has no remote",
                hint=self._add_one,
            )
        raise RepositoryError("there are several remotes", hint=f"name one: {', '.join(known)}")

    def upstream(self, branch: str, remote: str | None = None) -> tuple[str, str]:
        """The remote and the branch there that ``branch`` follows, by default the branch of its name."""
        remote = remote or self.default(branch)
        merge = self._value(f"branch.{branch}.merge")
        if merge.startswith(HEADS) and self._value(f"branch.{branch}.remote") == remote:
            return remote, merge.removeprefix(HEADS)
        return remote, branch

    def follow(self, branch: str, remote: str) -> None:
        """Lets ``branch`` follow the branch of its name at ``remote`` from now on."""
        for name, value in (("remote", remote), ("merge", HEADS + branch)):
            key = f"branch.{branch}.{name}"
            self._program.run("config", "--local", "--replace-all", key, value, writing=True)

    def _value(self, name: str) -> str:
        code, output, _ = self._program.ask("config", "--null", "--get", name)
        return os.fsdecode(output.removesuffix(b"\0")) if code == 0 else ""

    # Fetching

    def fetch(self, remote: str, talk: Talk = QUIET, *, prune: bool = False) -> list[RefMove]:
        """Brings the remote's branches to ``refs/remotes/REMOTE``, and the tags of their commits.

        No branch of this repository moves, also where it was cloned as a mirror.

        Raises:
            UnknownNameError: there is no such remote.
            RepositoryError: it cannot be reached, does not let us in, or git failed; what was there stays.
        """
        self.check(remote)
        before = self._at(remote)
        # All of what is new, also in a partial clone: what git fetched later would come unseen.
        arguments = ["--no-recurse-submodules", "--no-filter", *(["--prune"] if prune else [])]
        own = self._refspecs(remote)
        options, words = [*arguments, *own[:1]], [remote, *own[1:]]
        code, _, errors = talk_to_remote(self._program, "fetch", options, words, talk)
        if code:
            raise self._failure("fetch", remote, errors)
        return [*self._moves(before, self._at(remote))]

    def _refspecs(self, remote: str) -> list[str]:
        """Our own refspec where the configured ones write elsewhere than below the remote's name.

        A mirror's would overwrite this repository's branches and delete the refs that contentgit keeps.
        """
        found = self._program.line("config", "--get-all", f"remote.{remote}.fetch", ok=(0, 1))
        configured = [each for each in found.split("\n") if each]
        place = f"{REMOTES}{remote}/"
        if configured and all(each.partition(":")[2].startswith(place) for each in configured):
            return []
        return ["--refmap=", f"+{HEADS}*:{place}*"]

    def _at(self, remote: str) -> dict[str, str]:
        found = [*self._refs.under(f"{REMOTES}{remote}"), *self._refs.under(TAGS)]
        return {name: each for name, each in found if not name.endswith("/HEAD")}

    def _moves(self, before: dict[str, str], after: dict[str, str]) -> Iterator[RefMove]:
        for ref in sorted({*before, *after}):
            old, new = before.get(ref), after.get(ref)
            if old == new:
                continue
            moved = Moved.NEW if old is None else Moved.DELETED
            if old and new:
                forced = ref.startswith(TAGS) or not self._history.is_ancestor(old, new)
                moved = Moved.FORCED if forced else Moved.UPDATED
            yield RefMove(ref, moved, old, new)

    # Pushing

    def push(
        self,
        remote: str,
        branches: Sequence[str],
        talk: Talk = QUIET,
        *,
        tags: bool = False,
        delete: Sequence[str] = (),
        files_sent: bool = False,
    ) -> list[RefMove]:
        """Sends branches and tags, to those of the same name; never by force.

        The user's own hook ``pre-push`` is asked, as git does. With ``files_sent`` git-lfs has none to send.

        Raises:
            UnknownNameError: there is no such remote or branch.
            RefusedError: the remote has commits that would be lost, or refuses; ``items`` lists the branches.
            RepositoryError: as :meth:`fetch`; or the hook ``pre-push`` said no.
        """
        self.check(remote)
        for name in (*branches, *delete):
            self._refs.check_branch_name(name)
        wanted = [f"{ref}:{ref}" for ref in map(self._named, branches)]
        wanted += [f":{HEADS}{name}" for name in delete]
        wanted += [f"{TAGS}*:{TAGS}*"] if tags else []
        arguments = ["--porcelain", "--no-force", "--recurse-submodules=no"]
        mirror = f"remote.{remote}.mirror=false"  # it would force, and delete what is not here
        code, output, errors = talk_to_remote(
            self._program,
            "push",
            arguments,
            [remote, *wanted],
            talk,
            config=[mirror],
            env={"GIT_LFS_SKIP_PUSH": "1"} if files_sent else {},
        )
        moves = [*_pushed(output)]
        rejected = [each for each in moves if each.moved is Moved.REJECTED]
        if rejected:
            raise _rejected(remote, rejected, errors)
        if code and said(errors).startswith("failed to push some refs"):
            raise _hook_refused(errors)  # no branch was rejected, so that it was not the remote
        if code:
            raise self._failure("push", remote, errors)
        return moves

    def _named(self, name: str) -> str:
        """The full name of a branch, or of a tag where no branch is called so."""
        for place in (HEADS, TAGS):
            if self._refs.read(place + name) is not None:
                return place + name
        raise UnknownNameError(
            f"there is no branch or tag {name!r}",
            hint="contentgit branch  (lists the branches)\ncontentgit tag  (lists the tags)",
        )

    def _failure(self, verb: str, remote: str, errors: str) -> ContentgitError:
        reason, text = without_password(said(errors)), errors.lower()
        where = f"{remote} ({self.url(remote)})"
        if any(words in text for words in _LOCKED_OUT):
            return RepositoryError(
                f"{where} does not let us in: {reason}",
                hint=f"git has the keys and passwords: {self._program.command(f'fetch {remote}')}  must "
                "work, see 'git help credentials'",
            )
        if any(words in text for words in _AWAY):
            return RepositoryError(f"{where} cannot be reached: {reason}", hint="try again later")
        if any(words in text for words in _NOTHING_THERE):
            return RepositoryError(
                f"there is no repository at {where}: {reason}",
                hint=self._program.command(f"remote set-url {remote} URL") + "  (corrects it)",
            )
        return self._program.failure(f"{verb} {remote}", without_password(errors), writing=True)


def _pushed(output: str) -> Iterator[RefMove]:
    """The lines of ``git push --porcelain``: ``FLAG<tab>FROM:TO<tab>SUMMARY (REASON)``."""
    flags = {
        " ": Moved.UPDATED,
        "*": Moved.NEW,
        "-": Moved.DELETED,
        "=": Moved.UNCHANGED,
        "!": Moved.REJECTED,
        "+": Moved.FORCED,
    }
    for line in output.split("\n"):
        parts = line.split("\t")
        if len(parts) < 3 or parts[0] not in flags:
            continue
        yield RefMove(parts[1].partition(":")[2], flags[parts[0]], reason=parts[2])


def _rejected(remote: str, moves: Sequence[RefMove], errors: str) -> RefusedError:
    told = [line for line in errors.split("\n") if line.startswith("remote: ")]
    items = [f"{each.name}: {each.reason}" for each in moves]
    behind = any("fetch first" in each.reason or "non-fast" in each.reason for each in moves)
    if behind:
        return RefusedError(
            f"{remote} has commits that are not here; nothing was overwritten",
            items=items,
            hint="contentgit pull  brings them; then push again",
        )
    return RefusedError(
        f"{remote} refused the push",
        items=[*items, *(without_password(line.rstrip()) for line in told[:20])],
        hint="what it says is in the lines above; a push is never forced",
    )


def _hook_refused(errors: str) -> RefusedError:
    lines = [without_password(line.rstrip()) for line in errors.split("\n")]
    return RefusedError(
        "the hook pre-push of this repository refused the push",
        items=[line for line in lines if line and not line.startswith("error: ")][:20],
        hint="what it says is in the lines above",
    )
