"""The history of a few files: which commits changed them, with parents, and what each had there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from contentgit.repository.objects import checked_id
from contentgit.repository.program import Program


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

    Two processes, however long the history is.
    """
    # Full history: by default git leaves out a side whose change the merge did not take, yet what
    # it did take of a record may come from there.
    options = ("--full-history", "--parents", "--topo-order")
    output = program.run("rev-list", *options, checked_id(commit), "--", *paths)
    rows = [line.decode().split() for line in output.splitlines()]
    lines = [os.fsencode(f"{row[0]}:{path}\n") for row in rows for path in paths]
    form = "--batch-check=%(objectname) %(objecttype)"
    data = b"".join(lines)
    found = program.run("cat-file", form, "--buffer", data=data).split(b"\n") if data else []
    ids = iter([_blob(line) for line in found[: len(lines)]])
    return [Version(row[0], tuple(row[1:]), tuple(next(ids) for _ in paths)) for row in rows]


def _blob(line: bytes) -> str | None:
    words = line.split()
    return words[0].decode() if len(words) == 2 and words[1] == b"blob" else None
