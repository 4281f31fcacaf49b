"""Folders of trees that differ, by the bytes of their entries where these are plain files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from contentgit.git.objects import contents
from contentgit.git.program import Program

ID_BYTES: Final = {"sha1": 20, "sha256": 32}

_FEW = 100  # trees of a level that are read one by one, and remembered
_REMEMBERED = 50_000  # entries of plain folders that are kept, about 6 MB
_MODE, _HEAD, _ENTRY = b"100644", b"100644 ", rb"100644 ([^\0]+\0.{%d})"


class Folder(dict[bytes, tuple[bytes, bytes]]):
    """Mode and raw id by name; ``doubled`` is whether a name is there twice."""

    doubled = False


class FolderPairs:
    """Pairs of folders of one repository, to be compared."""

    def __init__(self, program: Program, algorithm: str) -> None:
        self._program = program
        self._end = -ID_BYTES[algorithm]
        self._pattern = re.compile(_ENTRY % -self._end, re.DOTALL)
        # Of the older side of the last comparison: the sides of a merge are compared with one base.
        self._older: dict[str, set[bytes]] = {}

    def unlike(
        self,
        pairs: Sequence[tuple[str | None, str | None]],
        folder: Callable[[str], Folder],
        parsed: Callable[[str, bytes], Folder],
    ) -> Iterator[tuple[Folder, Folder, int]]:
        """Two folders of each pair of trees, at least what differs, and how many entries both have.

        ``folder`` gives the folder with the id of a tree, ``parsed`` that in the bytes of one.
        """
        ids = [tree for pair in pairs for tree in pair if tree]
        if len(ids) <= _FEW:
            for pair in pairs:
                old, new = (folder(tree) if tree else Folder() for tree in pair)
                yield old, new, len(old) + len(new)
            return
        known, room = self._older, _REMEMBERED
        self._older = older = {}
        read = contents(self._program, [each for each in ids if each not in known], "tree")

        def entries(tree: str) -> set[bytes] | Folder:
            data = next(read)
            plain = self._plain(data)
            return parsed(tree, data) if plain is None else plain

        for before, after in pairs:
            was, is_ = (
                known[tree] if tree in known else entries(tree) if tree else set()
                for tree in (before, after)
            )
            if isinstance(was, set) and isinstance(is_, set):
                if before and len(was) <= room:
                    older[before] = was
                    room -= len(was)
                yield self._made(was - is_), self._made(is_ - was), len(was) + len(is_)
                continue
            old, new = (self._made(each) if isinstance(each, set) else each for each in (was, is_))
            yield old, new, len(old) + len(new)

    def _plain(self, data: bytes) -> set[bytes] | None:
        """Name and id of each entry of a tree, with a NUL between, if all are plain files of different names.

        Most of what a commit changed lies in such folders, and they are the long ones.
        """
        found = self._pattern.findall(data)
        plain = len(b"".join(found)) + len(found) * len(_HEAD) == len(data)
        once = plain and len({each[: self._end] for each in found}) == len(found)
        return {*found} if once else None

    def _made(self, entries: Iterable[bytes]) -> Folder:
        end = self._end
        return Folder((each[: end - 1], (_MODE, each[end:])) for each in entries)
