"""Commits and how they descend from each other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from contentgit.errors import RepositoryError
from contentgit.git.objects import checked_id, content, contents
from contentgit.git.places import Places
from contentgit.git.program import Program
from contentgit.git.refs import resolve
from contentgit.git.trees import Trees
from contentgit.git.values import Commit, parse_commit

Standing: TypeAlias = tuple[str, str] | None
"""Id and type of an object that stands at a path."""

_BATCH, _LARGEST = 64, 1024
_FOUND = re.compile(rb"([0-9a-f]+) (blob|tree)")


def log(
    program: Program, trees: Trees, revision: str, paths: Sequence[str], limit: int | None
) -> Iterator[Commit]:
    """The commits of a revision or of a range ``A..B``, newest first; of those only what touches a path.

    Raises:
        UnknownNameError: the revision does not exist.
    """
    tips = _tips(program, revision)
    found = _touching(program, trees, tips, paths) if paths else listed(program, *tips, tied=False)
    ids = (each for each, *_ in islice(found, limit))
    size = 1  # the first is there at once
    while batch := list(islice(ids, size)):
        for each, data in zip(batch, contents(program, batch, "commit"), strict=True):
            yield parse_commit(each, data)
        size = _BATCH


def listed(program: Program, *arguments: str, tied: bool = True) -> Iterator[list[str]]:
    """What ``git rev-list`` lists: commit by commit its id and, with ``--parents``, theirs.

    ``tied`` is for what may go on for long without a line.
    """
    with program.start("rev-list", *arguments, "--", tied=tied) as running:
        for line in running.output:
            yield line.decode().split()
        code, errors = running.finish()
    if code:
        raise program.failure("rev-list", errors)


def _touching(
    program: Program, trees: Trees, tips: Sequence[str], paths: Sequence[str]
) -> Iterator[list[str]]:
    """The commits that changed what stands at a path, as git simplifies a history for ``rev-list -- PATHS``.

    Not by git itself: where only folders without files differ, it goes through all that a tree multiplies.
    A file in a folder whose mode alone changes counts as unchanged.
    """
    places = Places(program, trees, paths)
    rows: Iterable[tuple[str, Sequence[str]]] = _rows(program, places, tips)
    *bottom, tip = tips
    inside = None
    if bottom:
        rows = [*rows]
        inside = {commit for commit, _ in rows} | {each.removeprefix("^") for each in bottom}

    followed = {tip}
    for commit, parents in rows:
        if commit not in followed:
            continue
        followed.discard(commit)
        here = places.of(commit)
        known = [each for each in parents if inside is None or each in inside]
        same = next((each for each in known if places.of(each) == here), None)
        if same:
            followed.add(same)
            continue
        followed |= {*known}
        changed = bool(known) or any(places.of(each) != here for each in parents)
        touched = changed if parents else any(here)
        if touched:
            yield [commit]


def _rows(
    program: Program, places: Places, tips: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Commits with their parents, all children of a commit before it; what they have is read in batches."""
    lines = listed(program, "--date-order", "--format=%T %P", *tips)
    size = _BATCH  # the first page is there at once
    while some := [*islice(zip(lines, lines, strict=True), size)]:
        places.read_ahead({commit: tree for (_, commit), (tree, *_) in some})
        yield from ((commit, parents) for (_, commit), (_, *parents) in some)
        size = _LARGEST


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
    commits = (each for each, *_ in listed(program, "--all"))
    while some := list(islice(commits, _BATCH)):
        if any(each for (each,) in standing(program, some, [path])):
            return True
    return False


def standing(
    program: Program, commits: Sequence[str], paths: Sequence[str]
) -> list[tuple[Standing, ...]]:
    """What stands at each of the paths, commit by commit."""
    data = b"".join(os.fsencode(f"{commit}:{path}\n") for commit in commits for path in paths)
    form = "--batch-check=%(objectname) %(objecttype)"
    lines = program.run("cat-file", form, "--buffer", data=data).split(b"\n") if data else []
    found = [_FOUND.fullmatch(line) for line in lines[: len(commits) * len(paths)]]
    each = iter(match and (match[1].decode(), match[2].decode()) for match in found)
    return [tuple(next(each) for _ in paths) for _ in commits]
