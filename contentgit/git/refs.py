"""Refs, branches and HEAD: read, and moved by compare-and-swap."""

from __future__ import annotations

import os
import re
import shlex
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from contentgit.errors import (
    BusyError,
    ContentgitError,
    RefusedError,
    RepositoryError,
    UnknownNameError,
    UsageError,
)
from contentgit.git.objects import checked_id, kinds, root_tree
from contentgit.git.program import Program
from contentgit.git.values import Branch, BrokenRef

HEADS, REMOTES, TAGS = "refs/heads/", "refs/remotes/", "refs/tags/"
_BACK = 100  # lines of a reflog that are looked at, from its end
_RANGE = re.compile(r"\.\.|\^[!@]$|\^-[0-9]*$")  # no name of a ref has these
_FULL_ID = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_/-]|\.(?!\.))*")  # an id or a ref and nothing more
_SHORT_ID = re.compile(r"[0-9a-fA-F]{4,39}")  # what a process takes for unique may not be any more
_IGNORED = r"^warning: ignoring (?:broken ref|ref with broken name) (.+)$"
_MOVED = (
    "but expected",
    "reference already exists",
    "unable to resolve reference",
    "reference is missing",
)


def _listed(revision: str) -> str:
    """A range as ``log`` takes it; ``A..B`` if it is none of these."""
    two = ".." in revision and "..." not in revision
    return shlex.quote(revision) if two else "A..B"


def some(what: str, names: Sequence[str]) -> str:
    """A hint that lists the first ten names."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{what}: {', '.join(names[:10])}{more}"


class Refs:
    """Refs, branches and HEAD of a repository."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def check_branch_name(self, name: str) -> str:
        """``name`` if git takes it for a branch.

        Raises:
            UsageError: it does not.
        """
        good = not (name.startswith("-") or name in ("HEAD", "@") or _FULL_ID.fullmatch(name))
        if not good or not self.is_ref(HEADS + name):
            raise UsageError(
                f"{name!r} cannot be the name of a branch",
                hint="letters, digits, '-', '_', '.' and '/' are safe: contentgit branch summer-menu",
            )
        return name

    def is_ref(self, name: str) -> bool:
        """Whether git takes the full name for a ref."""
        try:
            return self._program.ask("check-ref-format", name)[0] == 0
        except UsageError:  # a NUL, or half a surrogate
            return False

    def under(self, prefix: str) -> list[tuple[str, str]]:
        """Full name and id of the ref ``prefix``, or of all in that folder, sorted; no broken ones."""
        found = self._program.line("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.partition(" ") for line in found.split("\n") if line)
        return [(name, each) for name, _, each in pairs]

    def broken(self, prefix: str = HEADS) -> list[BrokenRef]:
        """The refs in a folder, by default the branches, that hold no id, as far as git lists them."""
        _, _, errors = self._program.ask("for-each-ref", "--format=%(refname)", prefix)
        found = (self._broken_at(ref) for ref in re.findall(_IGNORED, errors, re.MULTILINE))
        return [each for each in found if each]

    def read(self, ref: str) -> str | None:
        """The id that a ref, by its full name, points at; None where there is none.

        Raises:
            RepositoryError: there is one, and it holds no id.
        """
        try:
            found = dict(self.under(ref)).get(ref)
        except UsageError:  # a NUL, or half a surrogate
            return None
        if found is None:
            self._refuse_broken(ref)
        return found

    def _refuse_broken(self, ref: str) -> None:
        if bad := self._broken_at(ref):
            raise RepositoryError(f"{ref} is broken: {bad.problem}", hint=bad.hint)

    def _broken_at(self, ref: str) -> BrokenRef | None:
        """What is wrong with a ref that git does not list; None where there is none."""
        folder = self._program.folder / self._program.line("rev-parse", "--git-common-dir")
        file, short = folder / ref, ref.removeprefix(HEADS).removeprefix(TAGS)
        try:
            held = os.fsdecode(file.read_bytes()).strip()
        except OSError:
            return None
        if _FULL_ID.fullmatch(held) or not self.is_ref(ref):
            return None
        verb, last = "tag" if ref.startswith(TAGS) else "branch", self._last(folder / "logs" / ref)
        return BrokenRef(
            short,
            f"its file {file} holds no id of a commit",
            f"rm {shlex.quote(os.fspath(file))}  (removes it)\n"
            f"contentgit {verb} {shlex.quote(short)} {last}  (then makes it again)",
        )

    def _lost_tip(self, branch: str, error: ContentgitError) -> RepositoryError:
        """The error for a branch at a commit that cannot be read; ``error`` is the reason."""
        folder = self._program.folder / self._program.line("rev-parse", "--git-common-dir")
        ref = HEADS + branch
        words = f"update-ref {shlex.quote(ref)} {self._last(folder / 'logs' / ref)}"
        return RepositoryError(
            f"branch {branch!r}: {error.message}",
            hint=f"{error.hint}\n{self._program.command(words)}  (puts the branch at a commit that is here)",
        )

    def tip(self, branch: str) -> str | None:
        """The commit that a local branch points at; None where there is no such branch.

        Raises:
            RepositoryError: its ref is broken, or the commit is missing or damaged.
        """
        tip = self.read(HEADS + branch)
        if tip:
            try:
                root_tree(self._program, tip)
            except RepositoryError as error:
                raise self._lost_tip(branch, error) from error
        return tip

    def _last(self, log: Path) -> str:
        """The last commit of a ref that still exists, according to its reflog."""
        try:
            with log.open("rb") as file:
                lines = deque(file, _BACK)
        except OSError:
            return "REV"
        words = (line.decode("ascii", "replace").split(" ", 2) for line in reversed(lines))
        ids = [each[1] for each in words if len(each) > 1 and _FULL_ID.fullmatch(each[1])]
        known = zip(ids, kinds(self._program, ids), strict=True)
        return next((each for each, kind in known if kind == "commit"), "REV")

    def move(self, ref: str, new: str | None, old: str | None, reason: str) -> None:
        """Points ``ref`` at ``new`` if it points at ``old`` still; None means that there is no ref.

        ``reason`` is for the reflog.

        Raises:
            BusyError: it points at something else.
            RepositoryError: git cannot write it.
        """
        before = checked_id(old) if old else "0" * len(new or "")
        words = ("update " + ref, checked_id(new), before) if new else ("delete " + ref, before)
        code, _, errors = self._program.ask(
            "update-ref",
            *("-m", " ".join(reason.split()) or "contentgit"),
            *("--stdin", "-z"),
            data=b"".join(os.fsencode(word) + b"\0" for word in words),
        )
        if code and any(words in errors for words in _MOVED):
            at = self.read(ref)
            raise BusyError(
                f"{ref} moved while it was about to be written: it is at {at or 'nothing'} and not at "
                f"{old or 'nothing'}",
                hint="run the command again: it will work on what is there now",
                data={"ref": ref, "expected": old, "found": at},
            )
        if code:
            raise self._program.failure("update-ref", errors, writing=True)

    def delete(self, ref: str, old: str) -> None:
        """Deletes ``ref`` if it points at ``old`` still; raises as :meth:`move`."""
        self.move(ref, None, old, "contentgit")

    def containing(self, commit: str) -> list[str]:
        """The full names of the refs that reach the commit; while there is one, git keeps it."""
        found = self._program.line("for-each-ref", "--format=%(refname)", f"--contains={commit}")
        return found.splitlines()

    def head_branch(self) -> str | None:
        """The branch that HEAD is on, also without a commit or broken; None where HEAD is detached."""
        code, output, _ = self._program.ask("symbolic-ref", "--quiet", "HEAD")
        name = os.fsdecode(output.removesuffix(b"\n"))
        if code:  # detached, or the branch's own ref is broken, and git does not say of which
            folder = self._program.folder / self._program.line("rev-parse", "--git-dir")
            with suppress(OSError):
                name = os.fsdecode((folder / "HEAD").read_bytes()).strip().removeprefix("ref: ")
        return name.removeprefix(HEADS) if name.startswith(HEADS) else None

    def head_commit(self) -> str | None:
        """The commit that HEAD is at; None where its branch has none yet."""
        code, output, _ = self._program.ask("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
        return None if code else os.fsdecode(output.removesuffix(b"\n"))

    def set_head(self, branch: str) -> None:
        """Puts HEAD on ``branch``, which need not exist; no file is touched.

        Raises:
            UsageError: ``branch`` cannot be the name of a branch.
        """
        name = HEADS + self.check_branch_name(branch)
        self._program.run("symbolic-ref", "-m", "contentgit", "HEAD", name, writing=True)

    def branches(self) -> list[Branch]:
        """The local branches, sorted by name; one without a commit is not among them."""
        form = "%(refname)%00%(objectname)%00%(worktreepath)%00%(HEAD)%00"
        fields = self._program.line("for-each-ref", f"--format={form}", HEADS).split("\0")
        found = []
        for at in range(0, len(fields) - 4, 4):
            name, commit, worktree, star = fields[at : at + 4]
            short = name.lstrip("\n").removeprefix(HEADS)
            found.append(Branch(short, commit, star == "*", Path(worktree) if worktree else None))
        return found

    def create_branch(self, name: str, commit: str) -> None:
        """Makes the branch ``name`` at ``commit``.

        Raises:
            UsageError: it exists, or cannot have this name.
        """
        self.check_branch_name(name)
        exists = UsageError(
            f"branch {name!r} exists already",
            hint="choose a name that is free\n"
            f"{self._program.command('checkout ' + shlex.quote(name))}  (puts HEAD on it)",
        )
        self.create(HEADS + name, commit, f"branch: {name}", exists)

    def create(self, ref: str, commit: str, reason: str, exists: UsageError) -> None:
        """Makes a branch or tag, given by its full name.

        Raises:
            UsageError: ``exists``, or another ref that excludes the name.
        """
        try:
            self.move(ref, commit, None, reason)
        except BusyError:
            raise exists from None
        except ContentgitError as error:
            # "a" and "a/b" cannot both exist: git names the other.
            if "exists; cannot create" in error.message:
                raise UsageError(error.message.partition(": ")[2]) from None
            raise

    def delete_branch(self, name: str, *, force: bool = False) -> None:
        """Deletes a branch whose commits HEAD has too, or with ``force`` any that is not checked out.

        Raises:
            UnknownNameError: there is no such branch.
            RefusedError: it is checked out, or its commits would be lost.
        """
        branch = next((each for each in self.branches() if each.name == name), None)
        if branch is None:
            raise UnknownNameError(f"there is no branch {name!r}", hint=self.known())
        if branch.current or branch.worktree or self.head_branch() == name:
            where = f" at {branch.worktree}" if branch.worktree else ""
            raise RefusedError(
                f"branch {name!r} is checked out{where}",
                hint="contentgit checkout -b NEW  (moves HEAD to a new branch)\n"
                f"{self._program.command('switch BRANCH')}  (moves HEAD alone)",
            )
        ancestry = ("merge-base", "--is-ancestor", branch.commit, "HEAD")
        if not force and self._program.ask(*ancestry)[0]:
            raise RefusedError(
                f"branch {name!r} has commits that HEAD does not have; they would be lost",
                hint=f"contentgit branch -D {name}  deletes it all the same",
                data={"branch": name, "commit": branch.commit},
            )
        self.move(HEADS + name, None, branch.commit, f"branch: deleted {name}")
        self._program.ask("config", "--local", "--remove-section", f"branch.{name}")

    def known(self) -> str:
        """A hint that names some of the branches there are."""
        names = [name.removeprefix(HEADS) for name, _ in self.under(HEADS)]
        return some("branches", names) if names else self._first()

    def _first(self) -> str:
        """Where the first commit comes from: a remote that has some, else the database."""
        theirs = [name.removeprefix(REMOTES) for name, _ in self.under(REMOTES)]
        theirs = [name for name in theirs if not name.endswith("/HEAD")]
        head = self.head_branch()
        if not theirs and self._program.line("remote"):
            return (
                "contentgit fetch  (brings what the remote has)\n"
                "contentgit commit  (makes the first commit, where the remote has none)"
            )
        if not theirs:
            return "the repository has no commit yet: contentgit commit makes the first"
        same = [name for name in theirs if name.partition("/")[2] == head]
        name = min(same or theirs, key=self._rank)
        remote, _, branch = name.partition("/")
        if same:
            return f"contentgit pull {remote} {branch}  (creates branch {head} from {name})"
        if self.read(HEADS + branch) is not None:
            return f"contentgit checkout {branch}  (shows the plan; --apply also moves HEAD to the branch)"
        return f"contentgit branch {branch} {name}  (creates a branch that {remote} has)"

    def _rank(self, name: str) -> int:
        """How likely a remote's branch is the one to begin with: its HEAD, then main and master."""
        remote, _, branch = name.partition("/")
        _, output, _ = self._program.ask("symbolic-ref", "-q", f"{REMOTES}{remote}/HEAD")
        if output.decode().strip() == REMOTES + name:
            return 0
        return {"main": 1, "master": 2}.get(branch, 3)

    def remote_with(self, branch: str) -> str:
        """The first remote that has the branch, as far as was fetched; ``""`` where none has."""
        for name, _ in self.under(REMOTES):
            remote, _, found = name.removeprefix(REMOTES).partition("/")
            if found == branch:
                return remote
        return ""

    def resolve(self, revision: str) -> str:
        """The id of the commit that ``revision`` names, as git understands it.

        Raises:
            UnknownNameError: it names none.
            RepositoryError: what it names is not in the repository.
        """
        plain = _NAME.fullmatch(revision) and not _SHORT_ID.fullmatch(revision)
        if plain and (found := self._known(revision)):
            return found
        # All that follows ':/' is a part of the message that is looked for.
        wanted = revision if revision.startswith(":/") else revision + "^{commit}"
        asked = ("rev-parse", "--verify", "--end-of-options", wanted)
        try:
            code, output, errors = self._program.ask(*asked)
        except UsageError:  # a NUL, or half a surrogate
            raise UnknownNameError(f"unknown revision {revision!r}", hint=self.known()) from None
        if revision.startswith("^"):  # what git takes for "all but this one"
            raise UnknownNameError(f"unknown revision {revision!r}", hint=self.known())
        if code == 0:
            return output.decode().strip()
        if "is ambiguous" in errors:
            raise UnknownNameError(
                f"{revision!r} is the beginning of several ids", hint="write more of it"
            )
        raise self._unresolved(revision, errors)

    def _known(self, name: str) -> str | None:
        """The commit of a name, if the process that reads objects finds it: it takes no start of another."""
        with self._program.look_up(f"{name}^{{commit}}") as running:
            words = running.output.readline().split()
            if words[1:2] != [b"commit"]:
                return None  # that is also the answer where the process has ended
            rest = int(words[2]) + 1
            return words[0].decode() if len(running.output.read(rest)) == rest else None

    def _unresolved(self, revision: str, errors: str) -> ContentgitError:
        if "dubious ownership" in errors or "not a git repository" in errors:
            return self._program.failure("rev-parse", errors)
        asked = ("rev-parse", "--verify", "-q", "--end-of-options", revision)
        code, output, _ = self._program.ask(*asked)
        head = self.head_branch()
        if code:
            for ref in (HEADS + revision, TAGS + revision):
                self._refuse_broken(ref)
        if revision in (head, "HEAD") and head and self.read(HEADS + head) is None:
            hint = self._first() if self.under(REMOTES) else self.known()
            return UnknownNameError(f"branch {head!r} has no commit yet", hint=hint)
        found = output.decode().strip()
        if self._program.is_shallow():
            return UnknownNameError(
                f"unknown revision {revision!r}: this is a shallow clone, which lacks older commits",
                data={"revision": revision},
                hint=self._program.command("fetch --unshallow") + "  (brings the rest)",
            )
        if code == 0 and self._program.ask("cat-file", "-e", found)[0]:
            if found == revision.lower():
                return UnknownNameError(
                    f"commit {revision} is not in this repository",
                    hint="contentgit fetch  (may bring it)",
                )
            what = f"{revision!r} names object {found}, which is missing"
            return self._of_branch(revision, head, self._program.missing(what, commit=True))
        if code == 0:
            return self._of_branch(revision, head, self._other_object(revision, found))
        if _RANGE.search(revision) and not revision.startswith(":"):
            return UnknownNameError(
                f"{revision!r} names a range of commits, where one revision is expected",
                hint=f"contentgit log --oneline {_listed(revision)}  (lists them: name one)",
                data={"revision": revision},
            )
        remote = self.remote_with(revision)
        name = f"{remote}/{revision}"
        hint = f"contentgit branch {revision} {name}  (creates the branch from {name})"
        hint = hint if remote else self.known()
        return UnknownNameError(
            f"unknown revision {revision!r}", hint=hint, data={"revision": revision}
        )

    def _of_branch(
        self, revision: str, head: str | None, error: ContentgitError
    ) -> ContentgitError:
        """The error with what to do, where the revision is a branch."""
        branch = head if revision == "HEAD" else revision
        known = isinstance(error, RepositoryError) and branch and self.read(HEADS + branch)
        return self._lost_tip(branch, error) if branch and known else error

    def _other_object(self, revision: str, found: str) -> ContentgitError:
        """The error for a revision that names an object which is there, and not a commit that can be read."""
        kind = self._program.ask("cat-file", "-t", found + "^{}")[1].decode().strip()
        if kind in ("", "commit"):
            return self._program.missing(
                f"{revision!r} names object {found}, which is damaged", commit=False
            )
        return UnknownNameError(f"{revision!r} names a {kind}, not a commit", hint=self.known())
