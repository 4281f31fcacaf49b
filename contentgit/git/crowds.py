"""Folders in which one call changes many files: their trees are written by ``git mktree``.

For each path ``fast-import`` goes through the entries of its folder one by one, so that the cost of a folder
would grow with the square of its files.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import chain

from contentgit.git.program import Program
from contentgit.git.running import Running
from contentgit.git.trees import FOLDER, Rows, Trees
from contentgit.git.values import FileEntry

MANY = 1000
"""The number of changes in one folder that are left to ``fast-import``."""

_RAW = 32
"""The bytes of the longest raw id."""


class Crowds:
    """The changes of one ``write_tree`` in folders with more than ``MANY`` of them, beginning after these.

    Memory keeps names and ids. The content itself still goes to ``fast-import``, all of it to one path that
    is removed in the end.
    """

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._counts: Counter[str] = Counter()
        # By folder and name the raw id of a plain file, or what mktree wants to know of another one: mode,
        # type and id; nothing for what is removed.
        self._files: dict[str, dict[bytes, bytes]] = {}
        self._ways: set[str] = set()  # these folders and those that they lie in
        # A guess that nobody can make: a path of this name is in no tree.
        self.path = f"contentgit-{secrets.token_hex(16)}"

    def __bool__(self) -> bool:
        return bool(self._files)

    def released(self, path: str) -> Iterator[tuple[str, FileEntry]]:
        """What ``fast-import`` has to know before something changes at ``path``, which comes after it.

        These are files, or removals, at a folder of the path. What was to change in a folder that now
        goes, or becomes a file, is forgotten.
        """
        if path in self._ways:
            for folder, files in self._files.items():
                if f"{folder}/".startswith(f"{path}/"):
                    files.clear()
        above = path.rpartition("/")[0]
        while above:
            folder, _, name = above.rpartition("/")
            entry = self._files.get(folder, {}).pop(os.fsencode(name), None)
            if entry is not None:
                mode, _, blob = _said(entry).decode().split(" ") if entry else ("", "", "")
                yield above, FileEntry(mode, blob)
            above = folder

    def puts(self, path: str) -> bool:
        """Whether a file at this path is noted here."""
        folder, _, name = path.rpartition("/")
        return folder in self._files and bool(self._files[folder].get(os.fsencode(name)))

    def take(self, path: str, data: bytes | FileEntry | None) -> bool:
        """Whether the change is noted here; ``fast-import`` then is not to know its path."""
        folder, _, name = path.rpartition("/")
        if folder not in self._files:
            self._counts[folder] += 1
            if self._counts[folder] <= MANY:
                return False
            self._files[folder] = {}
            parts = folder.split("/")
            self._ways |= {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
        self._files[folder][os.fsencode(name)] = self._entry(data)
        return True

    def _entry(self, data: bytes | FileEntry | None) -> bytes:
        if isinstance(data, FileEntry):
            return b"%b %b" % (_mode(data.mode.encode()), data.id.encode()) if data.id else b""
        if data is None:
            return b""
        found = hashlib.new(self._algorithm, b"blob %d\0" % len(data), usedforsecurity=False)
        found.update(data)
        return found.digest()

    def trees(self, program: Program, root: str) -> dict[str, str]:
        """New trees for the folders of a whole tree without these changes; ``""`` for one without files.

        Raises:
            RepositoryError: git cannot write.
        """
        changed = sorted(folder for folder, files in self._files.items() if files)
        if not changed:
            return {}
        trees = Trees(program, self._algorithm)
        found = {}
        # What stands there already may be missing in a partial clone; fast-import has looked for the rest.
        options = ("--batch", "--missing", "-z")
        with program.start("mktree", *options, istream=subprocess.PIPE) as running:
            for folder in changed:  # before those that lie in it
                there = trees.at_path(root, folder) if folder else (FOLDER, root)
                (rows,) = trees.rows([there[1]]) if there and there[0] == FOLDER else [[]]
                lines = self._lines(folder, rows)
                first = next(lines, b"")
                if first:
                    found[folder] = _made(running, chain([first], lines))
                elif rows:
                    found[folder] = ""
            code, errors = running.finish()
        if code or "error: " in errors:  # where it cannot write it says so, and goes on
            raise program.failure("mktree", errors, writing=True)
        return found

    def _lines(self, folder: str, rows: Rows) -> Iterator[bytes]:
        files = self._files[folder]
        for mode, name, raw in rows:
            if name not in files:
                yield b"%b %b\t%b\0" % (_mode(mode), raw.hex().encode(), name)
        for name, entry in files.items():
            if entry:
                yield b"%b\t%b\0" % (_said(entry), name)


def _said(entry: bytes) -> bytes:
    """Mode, type and id of a file."""
    return entry if len(entry) > _RAW else b"100644 blob " + entry.hex().encode()


def _made(running: Running, lines: Iterable[bytes]) -> str:
    stream = running.process.stdin
    assert stream is not None
    with suppress(BrokenPipeError):  # it ended by itself and says why
        stream.writelines(chain(lines, [b"\0"]))
        stream.flush()
    return running.output.readline().decode().strip()


@lru_cache(maxsize=64)
def _mode(mode: bytes) -> bytes:
    """The mode, however many digits it has, with git's word for the type of what has it."""
    number = int(mode[-7:], 8)
    kinds = {stat.S_IFDIR: b"tree", 0o160000: b"commit"}
    return b"%o %b" % (number, kinds.get(stat.S_IFMT(number), b"blob"))
