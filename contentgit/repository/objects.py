"""Reading trees and blobs, in bulk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from contentgit.errors import FormatError, RepositoryError, UnknownNameError
from contentgit.repository.failures import damaged, said
from contentgit.repository.program import Program, Running

EMPTY_TREE = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
PLAIN_FILE, FOLDER = "100644", "40000"

_PATHS = 500  # paths given to one process, whose words must fit
_BATCH = 16384  # ids given to one process: little memory, and its start costs nothing
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ENTRY = {
    "sha1": re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL),
    "sha256": re.compile(rb"([0-7]+) ([^\0]+)\0(.{32})", re.DOTALL),
}
_ODD = {"120000": "a symbolic link", "160000": "a submodule", "100755": "an executable file"}


def checked_id(text: str) -> str:
    """``text`` if it is a full object id.

    Raises:
        UnknownNameError: it is not.
    """
    if not _ID.fullmatch(text):
        raise UnknownNameError(f"{text!r} is no commit id", hint="resolve the revision first")
    return text


def contents(program: Program, ids: Iterable[str], kind: str) -> Iterator[bytes]:
    """The content of each object, in the order asked; ``kind`` is git's word for their type.

    Raises:
        RepositoryError: an object is missing, damaged, or of another type.
    """
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield from _contents(program, batch, kind.encode())


def _contents(program: Program, ids: list[str], kind: bytes) -> Iterator[bytes]:
    for each in ids:
        checked_id(each)
    lines = "\n".join([*ids, ""]).encode()
    with program.reading("cat-file", "--batch", "--buffer", data=lines) as running:
        readline, read = running.output.readline, running.output.read
        for each in ids:
            words = readline().split()
            if len(words) != 3 or words[1] != kind:
                raise _unreadable(program, running, each, words, kind)
            size = int(words[2])
            found = [read(size)]
            if len(found[0]) < size or not read(1):
                raise _unreadable(program, running, each, words, kind)
            yield found.pop()  # while the caller works on it, it is held only by the caller


def _unreadable(
    program: Program, running: Running, each: str, words: list[bytes], kind: bytes
) -> RepositoryError:
    if len(words) == 3 and words[1] != kind:
        found = words[1].decode()
        return damaged(program.folder, f"object {each} is a {found}, not a {kind.decode()}")
    if words[1:] == [b"missing"]:
        return program.missing(f"object {each} is missing", commit=kind == b"commit")
    _, errors = running.finish()
    if "promisor remote" in errors:
        return program.missing(f"object {each} is missing", commit=False)
    return damaged(program.folder, f"object {each} cannot be read ({said(errors)})")


def at_path(program: Program, commit: str, path: str) -> tuple[str, str] | None:
    """Type and id of what stands at ``path`` in a commit; None where there is nothing.

    Raises:
        RepositoryError: the commit is not in the repository.
    """
    checked_id(commit)
    if not _is_path(path):
        return None
    found = program.run("ls-tree", "-z", "--full-tree", commit, "--", path)
    for line in found.split(b"\0"):
        words, _, name = line.partition(b"\t")
        if name == os.fsencode(path):
            _, kind, each = words.decode().split(" ")
            return kind, each
    return None


def _is_path(path: str) -> bool:
    """Whether git takes the path for what it says: ``a/..`` would list the folder above."""
    return "\0" not in path and not any(part in ("", ".", "..") for part in path.split("/"))


def files_at(program: Program, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """The ids of the files that stand at ``paths`` in a commit, by path; others are left out."""
    found = {}
    for start in range(0, len(paths), _PATHS):
        wanted = [path for path in paths[start : start + _PATHS] if _is_path(path)]
        if not wanted:
            continue  # without any, git would list everything
        output = program.run("ls-tree", "-z", "--full-tree", checked_id(commit), "--", *wanted)
        for line in output.split(b"\0")[:-1]:
            words, _, name = line.partition(b"\t")
            _, kind, each = words.decode().split(" ")
            if kind == "blob":
                found[os.fsdecode(name)] = each
    return found


def tree_id(program: Program, commit: str, folder: str) -> str | None:
    """The id of a commit's tree, or of a folder in it."""
    if not folder:
        code, output, _ = program.ask("rev-parse", "--verify", f"{checked_id(commit)}^{{tree}}")
        if code:
            raise program.missing(f"commit {commit} is missing or cannot be read", commit=True)
        return output.decode().strip()
    found = at_path(program, commit, folder)
    return found[1] if found and found[0] == "tree" else None


def folders(program: Program, commit: str) -> list[str]:
    """The names of the folders at the top of a commit."""
    found = program.run("ls-tree", "-z", "-d", "--full-tree", "--name-only", checked_id(commit))
    return [os.fsdecode(name) for name in found.split(b"\0") if name]


def entries(program: Program, algorithm: str, tree: str) -> Iterator[tuple[str, str]]:
    """Path and blob id of every file under a tree, folder level by folder level.

    Whole levels are asked for at once: three times as fast as ``ls-tree -r`` on a million files.

    Raises:
        FormatError: something is not a plain file, or has a name that no file system can hold.
    """
    pattern = _ENTRY[algorithm]
    level = [("", tree)]
    while level:
        deeper: list[tuple[str, str]] = []
        trees = contents(program, [each for _, each in level], "tree")
        for (prefix, _), data in zip(level, trees, strict=True):
            found = pattern.findall(data)
            if len({name for _, name, _ in found}) != len(found):
                raise FormatError(f"{prefix or 'the folder'} holds two files of one name")
            for mode, name, raw in found:
                path = prefix + _name(name, prefix)
                if mode == b"100644":
                    yield path, raw.hex()
                elif mode == b"40000":
                    deeper.append((f"{path}/", raw.hex()))
                else:
                    raise odd_mode(path, mode.decode())
        level = deeper


def listing(
    program: Program, algorithm: str, tree: str, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Every folder under a tree with what lies in it, whatever that is: name, mode and id.

    ``wanted`` says of each folder, by its path, whether it is listed too. A name that is not UTF-8 has half
    surrogates in place of its bytes.
    """
    pattern = _ENTRY[algorithm]
    level = [("", tree)]
    while level:
        deeper: list[tuple[str, str]] = []
        trees = contents(program, [each for _, each in level], "tree")
        for (folder, _), data in zip(level, trees, strict=True):
            found = [
                (os.fsdecode(name), mode.decode(), raw.hex())
                for mode, name, raw in pattern.findall(data)
            ]
            yield folder, found
            for name, mode, each in found:
                path = f"{folder}/{name}" if folder else name
                if mode == FOLDER and wanted(path):
                    deeper.append((path, each))
        level = deeper


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


Side = tuple[str, str] | None
"""Mode and blob id of a file on one side of a difference; None where that side has no file."""


def differences(
    program: Program, algorithm: str, before: str | None, after: str | None
) -> Iterator[tuple[bytes, Side, Side]]:
    """Path and both sides of every file that differs between two trees."""
    empty = EMPTY_TREE[algorithm]
    before, after = before or empty, after or empty
    if before == after:
        return
    arguments = ("-r", "-z", "--raw", "--no-renames", "--full-index", before, after)
    with program.start("diff-tree", *arguments) as running:
        for head, path in _pairs(running):
            old_mode, new_mode, old, new, _ = head[1:].decode().split(" ")
            yield path, _side(old_mode, old), _side(new_mode, new)
        code, errors = running.finish()
    if code:
        raise program.failure("diff-tree", errors)


def _side(mode: str, each: str) -> Side:
    return None if mode == "000000" else (mode, each)


def _pairs(running: Running) -> Iterator[tuple[bytes, bytes]]:
    rest, head = b"", None
    while chunk := running.output.read(1 << 18):
        *fields, rest = (rest + chunk).split(b"\0")
        for field in fields:
            if head is None:
                head = field
            else:
                yield head, field
                head = None


def diff_entries(
    program: Program, algorithm: str, before: str | None, after: str | None
) -> Iterator[tuple[str, str | None, str | None]]:
    """Path and blob ids, None where there is no file, of every file that differs between two trees.

    Raises:
        FormatError: something that differs is not a plain file, or has a name that is not UTF-8.
    """
    for raw, old, new in differences(program, algorithm, before, after):
        path = os.fsdecode(raw)
        if not path.isascii():
            for part in raw.split(b"/"):
                _name(part, "")
        for side in (old, new):
            if side and side[0] != PLAIN_FILE:
                raise odd_mode(path, side[0])
        yield path, old and old[1], new and new[1]
