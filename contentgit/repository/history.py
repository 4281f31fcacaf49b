"""Commits and how they descend from each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from contentgit.errors import RepositoryError
from contentgit.repository.objects import checked_id, content, contents
from contentgit.repository.program import Program
from contentgit.repository.refs import resolve
from contentgit.repository.values import Commit, parse_commit

_BATCH = 64


def log(
    program: Program, revision: str, folders: Sequence[str], limit: int | None
) -> Iterator[Commit]:
    """The commits of a revision or of a range ``A..B``, newest first.

    Raises:
        UnknownNameError: the revision does not exist.
    """
    tips = _tips(program, revision)
    options = [f"--max-count={limit}"] if limit is not None else []
    with program.start("rev-list", *options, *tips, "--", *folders, tied=bool(folders)) as running:
        size = 1  # the first is there at once
        while ids := [line.decode().strip() for line in islice(running.output, size)]:
            for each, data in zip(ids, contents(program, ids, "commit"), strict=True):
                yield parse_commit(each, data)
            size = _BATCH
        code, errors = running.finish()
    if code:
        raise program.failure("rev-list", errors)


def _tips(program: Program, revision: str) -> list[str]:
    if ".." not in revision:
        return [resolve(program, revision)]
    before, _, after = revision.partition("..")
    return ["^" + resolve(program, before or "HEAD"), resolve(program, after or "HEAD")]


def commit(program: Program, commit_id: str) -> Commit:
    """The commit with this id.

    Raises:
        RepositoryError: it is not in the repository.
    """
    return parse_commit(commit_id, content(program, commit_id, "commit"))


def commits(program: Program, ids: Sequence[str]) -> dict[str, Commit]:
    """The commits with these ids, by id.

    Raises:
        RepositoryError: one is not in the repository.
    """
    read = contents(program, ids, "commit")
    return {each: parse_commit(each, data) for each, data in zip(ids, read, strict=True)}


def merge_bases(program: Program, one: str, other: str) -> list[str]:
    """The best common ancestors of two commits; more than one where branches merged into each other.

    Raises:
        RepositoryError: a shallow clone does not have them, or a commit on the way cannot be read.
    """
    _, output = _merge_base(program, "--all", one, other)
    found = output.decode().split()
    if not found and program.line("rev-parse", "--is-shallow-repository") == "true":
        raise RepositoryError(
            "this is a shallow clone: it does not have the commit that both sides come from",
            hint=program.command("fetch --unshallow") + "  (brings it; in CI: fetch-depth: 0)",
        )
    return found


def is_ancestor(program: Program, one: str, other: str) -> bool:
    """Whether ``one`` is ``other`` or one of its ancestors."""
    code, _ = _merge_base(program, "--is-ancestor", one, other)
    return code == 0


def _merge_base(program: Program, option: str, one: str, other: str) -> tuple[int, bytes]:
    """Exit code (1: there is none) and output."""
    ids = (checked_id(one), checked_id(other))
    code, output, errors = program.ask("merge-base", option, *ids)
    # Where a commit on the way cannot be read, git says so and that there is none.
    if code not in (0, 1) or (code == 1 and "error: " in errors):
        raise program.failure("merge-base", errors)
    return code, output


def ever_had(program: Program, path: str) -> bool:
    """Whether a commit of any ref or of HEAD, or an ancestor of one, has or had something at ``path``."""
    # Full history: by default git leaves out a side of a merge in which the path came and went.
    options = ("--max-count=1", "--full-history", "--all")
    return bool(program.run("rev-list", *options, "--", path))
