"""Refs, branches and HEAD: read, and moved by compare-and-swap."""

from __future__ import annotations

import os
import re
import shlex
from functools import partial
from pathlib import Path

from contentgit.errors import BusyError, ContentgitError, RefusedError, UnknownNameError, UsageError
from contentgit.repository.objects import checked_id
from contentgit.repository.program import Program
from contentgit.repository.values import Branch

HEADS, REMOTES = "refs/heads/", "refs/remotes/"
_FULL_ID = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_MOVED = (
    "but expected",
    "reference already exists",
    "unable to resolve reference",
    "reference is missing",
)


def check_branch_name(program: Program, name: str) -> str:
    """``name`` if git takes it for a branch.

    Raises:
        UsageError: it does not.
    """
    good = not (name.startswith("-") or name in ("HEAD", "@") or _FULL_ID.fullmatch(name))
    if not good or not _is_ref(program, HEADS + name):
        raise UsageError(
            f"{name!r} cannot be the name of a branch",
            hint="letters, digits, '-', '_', '.' and '/' are safe: contentgit branch summer-menu",
        )
    return name


def _is_ref(program: Program, name: str) -> bool:
    try:
        return program.ask("check-ref-format", name)[0] == 0
    except UsageError:  # a NUL, or half a surrogate
        return False


def refs(program: Program, prefix: str) -> list[tuple[str, str]]:
    """Name and id of the ref ``prefix`` or of all refs in that folder, sorted."""
    found = program.line("for-each-ref", "--format=%(refname) %(objectname)", prefix)
    pairs = (line.partition(" ") for line in found.split("\n") if line)
    return [(name, each) for name, _, each in pairs]


def read_ref(program: Program, ref: str) -> str | None:
    """The id that a ref points at; None where there is no such ref."""
    try:
        return dict(refs(program, ref)).get(ref)
    except UsageError:  # a NUL, or half a surrogate
        return None


def move_ref(
    program: Program, ref: str, new: str | None, old: str | None, reason: str, *, zero: str
) -> None:
    """Points ``ref`` at ``new`` if it still points at ``old``; None means that there is no ref.

    Raises:
        BusyError: it points at something else.
        RepositoryError: git cannot write it.
    """
    before = checked_id(old) if old else zero
    words = ("update " + ref, checked_id(new), before) if new else ("delete " + ref, before)
    code, _, errors = program.ask(
        "update-ref",
        *("-m", " ".join(reason.split()) or "contentgit"),
        *("--stdin", "-z"),
        data=b"".join(os.fsencode(word) + b"\0" for word in words),
    )
    if code and any(words in errors for words in _MOVED):
        at = read_ref(program, ref)
        raise BusyError(
            f"{ref} moved while it was about to be written: it is at {at or 'nothing'} and not at "
            f"{old or 'nothing'}",
            hint="run the command again: it will work on what is there now",
            data={"ref": ref, "expected": old, "found": at},
        )
    if code:
        raise program.failure("update-ref", errors, writing=True)


def head_branch(program: Program) -> str | None:
    """The branch HEAD is on, also where it has no commit yet; None where HEAD is detached."""
    code, output, _ = program.ask("symbolic-ref", "--quiet", "HEAD")
    name = os.fsdecode(output.removesuffix(b"\n"))
    return name.removeprefix(HEADS) if code == 0 and name.startswith(HEADS) else None


def head_commit(program: Program) -> str | None:
    """The commit that HEAD is at; None where its branch has none yet."""
    code, output, _ = program.ask("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
    return None if code else os.fsdecode(output.removesuffix(b"\n"))


def branches(program: Program) -> list[Branch]:
    """The local branches, sorted by name."""
    form = "%(refname)%00%(objectname)%00%(worktreepath)%00%(HEAD)%00"
    fields = os.fsdecode(program.run("for-each-ref", f"--format={form}", HEADS)).split("\0")
    found = []
    for at in range(0, len(fields) - 4, 4):
        name, commit, worktree, star = fields[at : at + 4]
        short = name.lstrip("\n").removeprefix(HEADS)
        found.append(Branch(short, commit, star == "*", Path(worktree) if worktree else None))
    return found


def create_branch(program: Program, name: str, commit: str, *, zero: str) -> None:
    """Makes the branch ``name`` at a commit.

    Raises:
        UsageError: it exists, or cannot have this name.
    """
    check_branch_name(program, name)
    try:
        move_ref(program, HEADS + name, commit, None, f"branch: {name}", zero=zero)
    except BusyError:
        raise UsageError(
            f"branch {name!r} exists already",
            hint="choose a name that is free\n"
            f"{program.command('checkout ' + shlex.quote(name))}  (puts HEAD on it)",
        ) from None
    except ContentgitError as error:
        # "a" and "a/b" cannot both be branches: git says which one is there.
        if "exists; cannot create" in error.message:
            raise UsageError(error.message.partition(": ")[2]) from None
        raise


def delete_branch(program: Program, name: str, *, force: bool, zero: str) -> None:
    """Deletes a branch whose commits HEAD has too, or with ``force`` any that is not checked out.

    Raises:
        UnknownNameError: there is no such branch.
        RefusedError: it is checked out, or its commits would be lost.
    """
    found = {each.name: each for each in branches(program)}
    branch = found.get(name)
    if branch is None:
        raise UnknownNameError(f"there is no branch {name!r}", hint=known(program))
    if branch.current or branch.worktree or head_branch(program) == name:
        raise RefusedError(
            f"branch {name!r} is checked out"
            + (f" at {branch.worktree}" if branch.worktree else ""),
            hint="contentgit checkout -b NEW  (moves HEAD to a new branch)\n"
            f"{program.command('switch BRANCH')}  (moves HEAD alone)",
        )
    if not force and not _merged(program, branch.commit):
        raise RefusedError(
            f"branch {name!r} has commits that HEAD does not have; they would be lost",
            hint=f"contentgit branch -D {name}  deletes it all the same",
            data={"branch": name, "commit": branch.commit},
        )
    move_ref(program, HEADS + name, None, branch.commit, f"branch: deleted {name}", zero=zero)
    program.ask("config", "--local", "--remove-section", f"branch.{name}")


def _merged(program: Program, commit: str) -> bool:
    return program.ask("merge-base", "--is-ancestor", commit, "HEAD")[0] == 0


def known(program: Program) -> str:
    """A hint that names some of the branches there are."""
    names = [name.removeprefix(HEADS) for name, _ in refs(program, HEADS)]
    if not names:
        return _first(program)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"branches: {', '.join(names[:10])}{more}"


def _first(program: Program) -> str:
    """Where the first commit comes from: a remote that has some, else the database."""
    theirs = [name.removeprefix(REMOTES) for name, _ in refs(program, REMOTES)]
    theirs = [name for name in theirs if not name.endswith("/HEAD")]
    head = head_branch(program)
    if not theirs and program.line("remote"):
        return (
            "contentgit fetch  (brings what the remote has)\n"
            "contentgit commit  (makes the first commit, where the remote has none)"
        )
    if not theirs:
        return "the repository has no commit yet: contentgit commit makes the first"
    same = [name for name in theirs if name.partition("/")[2] == head]
    remote, _, branch = min(same or theirs, key=partial(_rank, program)).partition("/")
    if same:
        return f"contentgit pull {remote} {branch}  (creates branch {head} from {remote}/{branch})"
    if read_ref(program, HEADS + branch) is not None:
        return (
            f"contentgit checkout {branch}  (shows the plan; --apply also moves HEAD to the branch)"
        )
    return f"contentgit branch {branch} {remote}/{branch}  (creates a branch that {remote} has)"


def _rank(program: Program, name: str) -> int:
    """How likely a remote's branch is the one to begin with: its HEAD, then main and master."""
    remote, _, branch = name.partition("/")
    _, output, _ = program.ask("symbolic-ref", "-q", f"{REMOTES}{remote}/HEAD")
    if output.decode().strip() == REMOTES + name:
        return 0
    return {"main": 1, "master": 2}.get(branch, 3)


def remote_with(program: Program, branch: str) -> str:
    """The first remote that has the branch, as far as was fetched; ``""`` where none has."""
    for name, _ in refs(program, REMOTES):
        remote, _, found = name.removeprefix(REMOTES).partition("/")
        if found == branch:
            return remote
    return ""


def _at_remotes(program: Program, revision: str) -> str:
    """The hint where a branch of this name is at a remote only; ``""`` where it is at none."""
    remote = remote_with(program, revision)
    name = f"{remote}/{revision}"
    return remote and f"contentgit branch {revision} {name}  (creates the branch from {name})"


def resolve(program: Program, revision: str) -> str:
    """The id of the commit that ``revision`` names, as git understands it.

    Raises:
        UnknownNameError: it names none.
        RepositoryError: what it names is not in the repository.
    """
    try:
        code, output, errors = program.ask(
            "rev-parse", "--verify", "--end-of-options", revision + "^{commit}"
        )
    except UsageError:  # a NUL, or half a surrogate
        raise UnknownNameError(f"unknown revision {revision!r}", hint=known(program)) from None
    if revision.startswith("^"):  # what git takes for "all but this one"
        raise UnknownNameError(f"unknown revision {revision!r}", hint=known(program))
    if code == 0:
        return output.decode().strip()
    if "is ambiguous" in errors:
        raise UnknownNameError(
            f"{revision!r} is the beginning of several ids", hint="write more of it"
        )
    raise _unresolved(program, revision, errors)


def _unresolved(program: Program, revision: str, errors: str) -> ContentgitError:
    for text in ("dubious ownership", "not a git repository"):
        if text in errors:
            return program.failure("rev-parse", errors)
    shallow = program.line("rev-parse", "--is-shallow-repository") == "true"
    code, output, _ = program.ask("rev-parse", "--verify", "-q", "--end-of-options", revision)
    head = head_branch(program)
    if revision in (head, "HEAD") and head and read_ref(program, HEADS + head) is None:
        hint = _first(program) if refs(program, REMOTES) else known(program)
        return UnknownNameError(f"branch {head!r} has no commit yet", hint=hint)
    found = output.decode().strip()
    if shallow:
        return UnknownNameError(
            f"unknown revision {revision!r}: this is a shallow clone, which lacks older commits",
            data={"revision": revision},
            hint=program.command("fetch --unshallow") + "  (brings the rest)",
        )
    if code == 0 and program.ask("cat-file", "-e", found)[0]:
        if found == revision.lower():
            return UnknownNameError(
                f"commit {revision} is not in this repository",
                hint="contentgit fetch  (may bring it)",
            )
        return program.missing(f"{revision!r} names object {found}, which is missing", commit=True)
    if code == 0:
        return _other_object(program, revision, found)
    hint = _at_remotes(program, revision) or known(program)
    return UnknownNameError(
        f"unknown revision {revision!r}", hint=hint, data={"revision": revision}
    )


def _other_object(program: Program, revision: str, found: str) -> ContentgitError:
    """The error for a revision that names an object which is there, and not a commit that can be read."""
    kind = program.ask("cat-file", "-t", found + "^{}")[1].decode().strip()
    if kind in ("", "commit"):
        return program.missing(f"{revision!r} names object {found}, which is damaged", commit=False)
    return UnknownNameError(f"{revision!r} names a {kind}, not a commit", hint=known(program))
