"""Reading trees: what is at a path, what is in a folder, what differs between two.

Trees are walked level by level, each level in one turn, and never by git itself: with ``-r`` git would follow
a hostile tree without end and without a message.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import TypeAlias

from contentgit.errors import FormatError
from contentgit.git.bounds import DEEPEST, DEEPEST_BESIDE, Bounds
from contentgit.git.folders import ID_BYTES, Folder, FolderPairs
from contentgit.git.objects import content, contents, kinds, root_tree
from contentgit.git.program import Program
from contentgit.git.values import FileEntry

PLAIN_FILE, FOLDER, SUBMODULE = "100644", "40000", "160000"

_REMEMBERED = 50_000  # entries of trees that are kept, about 15 MB
_ENTRY = rb"([0-7]+) ([^\0]+)\0(.{%d})"
_ODD = {"120000": "a symbolic link", "160000": "a submodule", "100755": "an executable file"}

Rows: TypeAlias = list[tuple[bytes, bytes, bytes]]
"""Mode, name and raw id of each entry of a tree."""

Side: TypeAlias = tuple[str, str] | None
"""Mode and blob id of a file on one side of a difference; None where that side has no file."""


class Trees:
    """The trees of one repository; small ones are cached by their id."""

    def __init__(self, program: Program, algorithm: str) -> None:
        self._program = program
        self.algorithm = algorithm
        self._pattern = re.compile(_ENTRY % ID_BYTES[algorithm], re.DOTALL)
        self._roots: dict[str, str] = {}
        self._folders: dict[str, Folder] = {}
        self._remembered = 0
        self._walked: dict[str, int] = {}
        self._compared: tuple[str | None, str | None] = (None, None)
        self._folders_compared: set[str] = set()
        self._bounds = Bounds(DEEPEST)
        self._pairs = FolderPairs(program, algorithm)

    # At a path

    def root(self, commit: str) -> str:
        """The id of the whole tree of a commit, or of a tree itself; RepositoryError where it is missing."""
        if commit not in self._roots:
            if len(self._roots) > _REMEMBERED // 10:
                self._roots.clear()
            self._roots[commit], data = root_tree(self._program, commit)
            self._remember(self._roots[commit], self._parsed(self._roots[commit], data))
        return self._roots[commit]

    def at_path(self, commit: str, path: str) -> tuple[str, str] | None:
        """Mode and id of what is at ``path`` in a commit; None if nothing is there.

        Raises:
            RepositoryError: the commit is not in the repository.
        """
        folder, name = _folder_and_name(path)
        return entry_in(self._open(commit, folder), name)

    def folder_id(self, commit: str, path: str = "") -> str | None:
        """The id of the folder at ``path``, of the whole tree for ``""``; None if nothing is there.

        Raises:
            FormatError: something else is there.
        """
        if not path:
            return self.root(commit)
        found = self.at_path(commit, path)
        if found and found[0] != FOLDER:
            what = "a file" if found[0] == PLAIN_FILE else _ODD.get(found[0], f"of mode {found[0]}")
            words = f"log --all -n 1 -- {shlex.quote(path)}"
            raise FormatError(
                f"{path!r} in {commit[:10]} is {what}, where a folder is expected",
                hint=f"{self._program.command(words)}  (names the commit that put it there; git revert "
                "takes it back)",
            )
        return found and found[1]

    def folders(self, commit: str) -> list[str]:
        """The names of the folders at the top of a commit, sorted."""
        top = self._folder(self.root(commit))
        return [os.fsdecode(name) for name, (mode, _) in top.items() if mode == b"40000"]

    def entry(self, commit: str, path: str) -> str | None:
        """The blob id of the file at ``path`` in a commit; None where there is none."""
        return self.files_at(commit, [path]).get(path)

    def files_at(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """The blob ids of the files at these paths of a commit; a path without a file is left out."""
        opened: dict[str, Folder] = {}
        found = {}
        for path in paths:
            folder, name = _folder_and_name(path)
            if folder not in opened:
                opened[folder] = self._open(commit, folder)
            entry = entry_in(opened[folder], name)
            if entry and entry[0] not in (FOLDER, SUBMODULE):
                found[path] = entry[1]
        return found

    def in_any(self, trees: Iterable[str], paths: Iterable[str]) -> set[str]:
        """Those of the paths at which any of the trees has a file; a tree that is missing has none.

        Each folder is read once, however many of the trees have it, and no other than those of the paths.
        """
        below: dict[str, set[str]] = {}
        for path in paths:
            parts = path.split("/")
            for depth, name in enumerate(parts):
                below.setdefault("/".join(parts[:depth]), set()).add(name)
        ids = list(dict.fromkeys(trees))
        there = zip(ids, kinds(self._program, ids), strict=True) if below else ()
        level = [("", each) for each, kind in there if kind == "tree"]
        found: set[str] = set()
        while level:
            here, level = level, []
            for (folder, _), rows in self._read(here):
                for mode, raw_name, raw in rows:
                    name = os.fsdecode(raw_name)
                    if name not in below[folder]:
                        continue
                    path = f"{folder}/{name}" if folder else name
                    if not _is_folder(mode):
                        found.add(path)
                    elif path in below:
                        level.append((path, raw.hex()))
            level = list(dict.fromkeys(level))
        return found

    def _open(self, commit: str, path: str) -> Folder:
        """What is in the folder ``path``, which is ``""`` or ends with a slash; nothing if there is none."""
        folder = self._folder(self.root(commit))
        for name in path.split("/")[:-1]:
            found = entry_in(folder, name)
            if found is None or found[0] != FOLDER:
                return Folder()
            folder = self._folder(found[1])
        return folder

    def _folder(self, tree: str) -> Folder:
        if tree not in self._folders:
            return self._remember(tree, self._parsed(tree, content(self._program, tree, "tree")))
        return self._folders[tree]

    def rows(self, trees: Iterable[str]) -> Iterator[Rows]:
        """The entries, whatever they are, tree by tree."""
        ids = [*trees]
        yield from map(self._rows, ids, contents(self._program, ids, "tree"))

    def _rows(self, tree: str, data: bytes) -> Rows:
        """The entries in the bytes of a tree.

        Raises:
            RepositoryError: there is something between or after the entries; what was lost is not known.
        """
        found: Rows = self._pattern.findall(data)
        if sum(map(len, chain.from_iterable(found))) + 2 * len(found) != len(data):
            raise self._program.missing(f"tree {tree} cannot be read", commit=False)
        return found

    def _parsed(self, tree: str, data: bytes) -> Folder:
        found = self._rows(tree, data)
        folder = Folder((name, (mode, raw)) for mode, name, raw in found)
        folder.doubled = len(folder) != len(found)
        return folder

    def _remember(self, tree: str, folder: Folder) -> Folder:
        if self._remembered + len(folder) > _REMEMBERED:
            self._folders.clear()
            self._remembered = 0
        if len(folder) <= _REMEMBERED:
            self._folders[tree] = folder
            self._remembered += len(folder) + 1
        return folder

    # Walks

    def _read(self, level: Sequence[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Rows]]:
        """The folders of a level, given by path and id, with their entries."""
        return zip(level, self.rows(tree for _, tree in level), strict=True)

    def entries(self, commit: str, folder: str) -> Iterator[tuple[str, str]]:
        """Path and blob id of every file under a folder, which need not be there.

        Raises:
            FormatError: something is not a plain file, has a name that no file system can hold, or a place
                where content has none.
        """
        tree = self.folder_id(commit, folder)
        above = f"{folder}/" if folder else ""
        bounds = Bounds(DEEPEST, above)
        level = [("", tree)] if tree else []
        while level:
            here, level = level, []
            for (prefix, tree_id), found in self._read(here):
                bounds.check(prefix, (tree_id,), len(found))
                if len({name for _, name, _ in found}) != len(found):
                    raise FormatError(f"{above + prefix!r} holds two files of one name")
                for mode, name, raw in found:
                    path = prefix + _name(name, above + prefix)
                    if mode == b"100644":
                        yield path, raw.hex()
                    elif mode == b"40000":
                        bounds.check_depth(f"{path}/")
                        level.append((f"{path}/", raw.hex()))
                    else:
                        raise odd_mode(above + path, mode.decode())
        if tree:
            self._walked[tree] = bounds.single + bounds.repeated

    def sample(self, commit: str, folder: str, most: int) -> dict[str, str]:
        """Path and blob id of a few files under a folder, from all over it; of its trees few are read."""
        found = {}
        top = self.folder_id(commit, folder)
        for number in range(most):
            path, tree = "", top
            while tree and path.count("/") < DEEPEST:
                entries = self._folder(tree).items()
                nth = islice(entries, len(entries) * number // most, None)
                name, (mode, raw) = next(nth, (b"", (b"", b"")))
                path += os.fsdecode(name)
                if mode == b"100644":
                    found[path] = raw.hex()
                tree = raw.hex() if mode == b"40000" else None
                path += "/"
        return found

    def check(self, commit: str) -> None:
        """Refuses a commit, or a tree, whose folders git itself would go through without an end.

        A folder that :meth:`entries` has come to the end of is not gone through again.

        Raises:
            FormatError: a folder lies too deep, or repeats others.
        """
        bounds = Bounds(DEEPEST_BESIDE)
        level = [("", self.root(commit))]
        while level:
            here, level = level, []
            for path, tree in here:
                if tree in self._walked:
                    bounds.check(path, (tree,), self._walked[tree])
            unread = [each for each in here if each[1] not in self._walked]
            for (above, tree), found in self._read(unread):
                bounds.check(above, (tree,), len(found))
                for mode, name, raw in found:
                    if _is_folder(mode):
                        path = f"{above}{os.fsdecode(name)}/"
                        bounds.check_depth(path)
                        level.append((path, raw.hex()))

    def check_move(self, before: str | None, after: str) -> None:
        """Refuses to let a branch move from one commit to another where no worktree could follow.

        Raises:
            FormatError: folders that differ are nested too deep, or repeat others without end.
        """
        for _ in self.differing(before and self.root(before), self.root(after)):
            pass

    def listing(
        self, commit: str, wanted: Callable[[str], bool], repeated: Callable[[str], None]
    ) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """Every folder of a commit with its entries: name, mode as git writes it, id; streamed.

        Nothing is refused, whatever its mode and name are: this is for who looks for what is wrong. ``""`` is
        the top. ``wanted`` says of each folder, by its path, whether it is listed too; ``repeated`` is told
        of those that are left out, since they repeat others without end. A name that is not UTF-8 has half
        surrogates in place of its bytes.
        """
        bounds = Bounds(DEEPEST)
        level = [("", self.root(commit))]
        while level:
            here, level = level, []
            for (folder, tree), rows in self._read(here):
                if not bounds.admits((tree,), len(rows)):
                    repeated(folder)
                    continue
                found = [(os.fsdecode(name), mode.decode(), raw.hex()) for mode, name, raw in rows]
                yield folder, found
                for name, mode, each in found:
                    path = f"{folder}/{name}" if folder else name
                    if mode == FOLDER and wanted(path):
                        level.append((path, each))

    def differences(
        self, before: str | None, after: str | None, *, bounds: Bounds | None = None
    ) -> list[tuple[bytes, Side, Side]]:
        """Path and both sides of every file that differs between two trees, sorted by path.

        ``bounds`` are those of the walk, by default those of folders beside content; None has no files.

        Raises:
            FormatError: a folder has two files of one name, lies too deep, or repeats others.
        """
        return sorted(self.differing(before, after, bounds=bounds))

    def differing(
        self, before: str | None, after: str | None, *, bounds: Bounds | None = None
    ) -> Iterator[tuple[bytes, Side, Side]]:
        """Like :meth:`differences`, in no particular order; streamed."""
        bounds = bounds or Bounds(DEEPEST_BESIDE)
        level = [(b"", before, after)] if before != after else []
        while level:
            here, level = level, []
            pairs = [(old, new) for _, old, new in here]
            read = self._pairs.unlike(pairs, self._folder, self._parsed)
            for (prefix, *trees), (old, new, count) in zip(here, read, strict=True):
                bounds.check(os.fsdecode(prefix), (*trees,), count)
                if old.doubled or new.doubled:
                    where = os.fsdecode(prefix)
                    raise FormatError(f"{where or 'the folder'} holds two files of one name")
                for name in {name for name, _ in old.items() ^ new.items()}:
                    path = prefix + name
                    (was, was_tree), (is_, is_tree) = _split(old.get(name)), _split(new.get(name))
                    if was != is_:
                        yield path, was, is_
                    if was_tree != is_tree:
                        bounds.check_depth(os.fsdecode(path) + "/")
                        level.append((path + b"/", was_tree, is_tree))

    def changed_files(
        self, before: str | None, after: str | None
    ) -> Iterator[tuple[str, FileEntry | None, FileEntry | None]]:
        """Path and both sides of every file that differs between two commits or trees, sorted by path.

        Whatever kind of file it is; None stands for a side without it, or without anything.
        """
        trees = [self.root(each) if each else None for each in (before, after)]
        for path, old, new in self.differences(*trees):
            yield os.fsdecode(path), old and FileEntry(*old), new and FileEntry(*new)

    def diff_entries(
        self, before: str | None, after: str | None, folder: str = ""
    ) -> Iterator[tuple[str, str | None, str | None]]:
        """Path in ``folder`` and both blob ids of each file there that differs, sorted by path.

        A commit that is None, or has no such folder, has no files.

        Raises:
            FormatError: something that differs is not a plain file, has a name that is not UTF-8, or a place
                where content has none.
        """
        trees = [self.folder_id(commit, folder) if commit else None for commit in (before, after)]
        bounds = self._across(before, after, folder)
        for raw, old, new in self.differences(*trees, bounds=bounds):
            path = os.fsdecode(raw)
            if not path.isascii():
                for part in raw.split(b"/"):
                    _name(part, bounds.above)
            for side in (old, new):
                if side and side[0] != PLAIN_FILE:
                    raise odd_mode(bounds.above + path, side[0])
            yield path, old and old[1], new and new[1]

    def _across(self, before: str | None, after: str | None, folder: str) -> Bounds:
        """The bounds of one comparison of two commits, for all their dumps: these may be one tree, too."""
        known = folder in self._folders_compared or self._bounds.spent
        if known or self._compared != (before, after):
            self._compared, self._folders_compared = (before, after), set()
            self._bounds = Bounds(DEEPEST)
        self._folders_compared.add(folder)
        self._bounds.above = f"{folder}/" if folder else ""
        return self._bounds


def entry_in(folder: Mapping[bytes, tuple[bytes, bytes]], name: str) -> tuple[str, str] | None:
    """Mode and id of what has the name in a folder, which holds modes and raw ids."""
    if name in (".", ".."):  # git would go there
        return None
    try:
        found = folder.get(os.fsencode(name))
    except UnicodeEncodeError:  # half a surrogate, which no name can hold
        return None
    return found and (found[0].decode(), found[1].hex())


def _folder_and_name(path: str) -> tuple[str, str]:
    """The folder, with a slash at its end unless it is the top, and the name in it."""
    name = path.rpartition("/")[2]
    return path[: len(path) - len(name)], name


def _split(entry: tuple[bytes, bytes] | None) -> tuple[Side, str | None]:
    """An entry as a file or as the id of a folder."""
    if entry is None:
        return None, None
    mode, raw = entry
    if mode in (b"40000", b"040000"):
        return None, raw.hex()
    return (_mode(mode), raw.hex()), None


@lru_cache(maxsize=64)
def _is_folder(mode: bytes) -> bool:
    """Whether git takes an entry of this mode, which may have any number of digits, for a folder."""
    return stat.S_IFMT(int(mode[-7:], 8)) == stat.S_IFDIR


@lru_cache(maxsize=64)
def _mode(mode: bytes) -> str:
    """The mode as git takes it: of a plain file only whether it can be executed counts."""
    if not mode.startswith(b"100"):
        return mode.decode()
    return "100755" if int(mode, 8) & 0o100 else PLAIN_FILE


def _name(name: bytes, prefix: str) -> str:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise FormatError(f"the name of {prefix + os.fsdecode(name)!r} is not UTF-8") from None
    if "/" in text or text in (".", ".."):
        raise FormatError(f"{prefix!r} holds a file named {text!r}")
    return text


def odd_mode(path: str, mode: str) -> FormatError:
    """The error for something that is neither a plain file nor a folder."""
    return FormatError(
        f"{path!r} is {_ODD.get(mode, f'of mode {mode}')}; contentgit writes plain files only",
        hint="remove it, or for a file: git update-index --chmod=-x",
    )
