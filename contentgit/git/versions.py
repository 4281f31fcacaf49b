"""The history of a few files: which commits changed them, with parents, and what each had there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contentgit.git.history import Standing, listed, standing
from contentgit.git.objects import checked_id
from contentgit.git.program import Program


class Version(NamedTuple):
    """A commit that changed one of the files, or a merge.

    ``parents`` are the nearest ancestors that did, whose files are those of the real parents; ``blobs`` are
    the ids of the files in the order asked, None where there is none.
    """

    commit: str
    parents: tuple[str, ...]
    blobs: tuple[str | None, ...]


def versions(program: Program, commit: str, paths: Sequence[str]) -> list[Version]:
    """The versions that lead to ``commit``, children before parents; the first is what it has.

    Two processes, however long the history is. No side of a merge is left out: what the merge did take of a
    record may come from one whose change it did not take.
    """
    rows = list(listed(program, "--topo-order", "--parents", checked_id(commit)))
    ids = [each for each, *_ in rows]
    there = dict(zip(ids, standing(program, ids, paths), strict=True))
    nothing: tuple[Standing, ...] = (None,) * len(paths)
    nearest: dict[str, str | None] = {}
    found = []
    for each, *parents in reversed(rows):
        if lost := [parent for parent in parents if parent not in there]:
            # git's walk along a commit graph ends at such a parent, without a word.
            raise program.missing(f"commit {lost[0]} is missing or cannot be read", commit=True)
        before = there[parents[0]] if parents else nothing
        if len(parents) < 2 and there[each] == before:
            nearest[each] = nearest[parents[0]] if parents else None
            continue
        nearest[each] = each
        above = dict.fromkeys(filter(None, map(nearest.get, parents)))
        blobs = (at[0] if at and at[1] == "blob" else None for at in there[each])
        found.append(Version(each, tuple(above), tuple(blobs)))
    return found[::-1]
