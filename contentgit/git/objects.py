"""Reading objects by their ids, one by one or in bulk."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice

from contentgit.errors import RepositoryError, UnknownNameError
from contentgit.git.failures import damaged, said
from contentgit.git.program import STREAMED, Program
from contentgit.git.running import Running

EMPTY_TREE = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

_GROUP = 16  # commits or trees that are asked for at once, and held
_FEW = 100  # so many blobs are asked for one by one, which spares the start of a process
_BATCH = 16384  # ids given to one process: little memory, and its start costs nothing
_PIECE = 1 << 20
_SMALL = 1 << 16  # an object of fewer bytes is read in one turn, and copied
_FOUND = re.compile(rb"([0-9a-f]+) (blob|tree|commit|tag)")
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def checked_id(text: str) -> str:
    """``text`` if it is a full object id.

    Raises:
        UnknownNameError: it is not.
    """
    if not _ID.fullmatch(text):
        raise UnknownNameError(f"{text!r} is not a commit id", hint="resolve the revision first")
    return text


def content(program: Program, each: str, kind: str) -> bytes:
    """The content of one object; raises as :func:`contents`."""
    with program.look_up(checked_id(each)) as running:
        return _answer(program, running, each, kind.encode())


def root_tree(program: Program, commit: str) -> tuple[str, bytes]:
    """Id and content of the tree of a commit, or of a tree.

    Raises:
        RepositoryError: the commit or its tree is missing or damaged.
    """
    with program.look_up(f"{checked_id(commit)}^{{tree}}") as running:
        words = running.output.readline().split()
        if words[1:] == [b"missing"]:
            raise program.missing(f"commit {commit} is missing or cannot be read", commit=True)
        return (words[0].decode() if words else ""), _content(
            program, running, commit, words, b"tree"
        )


def named(program: Program, names: Iterable[str]) -> list[tuple[str, str] | None]:
    """Id, and git's word for the type, of what each name names; None where git cannot find or read it."""
    data = b"".join(os.fsencode(f"{name}\n") for name in names)
    form = "--batch-check=%(objectname) %(objecttype)"
    lines = program.run("cat-file", form, "--buffer", data=data).split(b"\n") if data else [b""]
    found = (_FOUND.fullmatch(line) for line in lines[:-1])
    return [match and (match[1].decode(), match[2].decode()) for match in found]


def kinds(program: Program, ids: Iterable[str]) -> list[str | None]:
    """git's word for the type of each object; None where it is missing or cannot be read."""
    return [each and each[1] for each in named(program, map(checked_id, ids))]


def sizes(program: Program, ids: Sequence[str]) -> list[int]:
    """How many bytes each blob has.

    Raises:
        RepositoryError: one is missing or damaged.
    """
    data = "".join(f"{checked_id(each)}\n" for each in ids).encode()
    form = "--batch-check=%(objectsize)"
    found = program.run("cat-file", form, "--buffer", data=data, config=STREAMED) if data else b""
    lines = found.splitlines()
    for each, line in zip(ids, lines, strict=True):
        if not line.isdigit():
            raise program.missing(f"object {each} is missing", commit=False)
    return [*map(int, lines)]


def contents(program: Program, ids: Iterable[str], kind: str) -> Iterator[bytes]:
    """The content of each object, in the order asked; ``kind`` is git's word for their type.

    Raises:
        RepositoryError: an object is missing, damaged, or of another type.
    """
    rest = iter(ids)
    if kind != "blob":
        while group := list(islice(rest, _GROUP)):
            with program.look_up("\n".join(map(checked_id, group))) as running:
                found = [_answer(program, running, each, kind.encode()) for each in group]
            yield from found
    few = list(islice(rest, _FEW + 1))
    if len(few) <= _FEW:
        for each in few:
            yield content(program, each, kind)
        return
    rest = chain(few, rest)
    while batch := list(islice(rest, _BATCH)):
        yield from _contents(program, batch, kind.encode())


def _contents(program: Program, ids: list[str], kind: bytes) -> Iterator[bytes]:
    for each in ids:
        checked_id(each)
    lines = "\n".join([*ids, ""]).encode()
    with program.reading("cat-file", "--batch", "--buffer", data=lines) as running:
        for each in ids:
            yield _answer(program, running, each, kind)  # held by the caller alone


def _answer(program: Program, running: Running, each: str, kind: bytes) -> bytes:
    return _content(program, running, each, running.output.readline().split(), kind)


def _content(
    program: Program, running: Running, each: str, words: list[bytes], kind: bytes
) -> bytes:
    if len(words) != 3 or words[1] != kind:
        raise _unreadable(program, running, each, words, kind)
    size = int(words[2])
    if size < _SMALL:
        data = running.output.read(size + 1)  # with the line end
        if len(data) > size:
            return data[:-1]
        raise _unreadable(program, running, each, words, kind)
    data = running.output.read(size)
    if len(data) < size or not running.output.read(1):
        raise _unreadable(program, running, each, words, kind)
    return data


def _pieces(program: Program, running: Running, each: str) -> Iterator[bytes]:
    words = running.output.readline().split()
    if len(words) != 3 or words[1] != b"blob":
        raise _unreadable(program, running, each, words, b"blob")
    left = int(words[2]) + 1  # with the line end
    while left:
        piece = running.output.read(min(left, _PIECE))
        if not piece:
            raise _unreadable(program, running, each, words, b"blob")
        left -= len(piece)
        yield piece if left else piece[:-1]


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


class _LargeError(Exception):
    """What ends the process that was about to write a large object."""


def _small(program: Program, blob: str) -> bytes | None:
    """The content of a blob that is no longer than a piece; None for one that is."""
    try:
        with program.look_up(blob, file=True) as running:
            words = running.output.readline().split()
            if len(words) == 3 and words[1] == b"blob" and int(words[2]) > _PIECE:
                raise _LargeError
            return _content(program, running, blob, words, b"blob")
    except _LargeError:
        return None


class Objects:
    """The objects of a repository by their ids."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """The content of each blob, in the order asked; streamed.

        Raises:
            RepositoryError: one is missing or damaged.
        """
        return contents(self._program, ids, "blob")

    def sizes(self, ids: Iterable[str]) -> Iterator[int]:
        """How many bytes each blob has, in the order asked; raises as :meth:`blobs`."""
        rest = iter(ids)
        while batch := list(islice(rest, _BATCH)):
            yield from sizes(self._program, batch)

    def in_pieces(self, ids: Iterable[str]) -> Iterator[Iterator[bytes]]:
        """The content of each blob in pieces, in the order asked; what is not read of one is passed over.

        Raises:
            RepositoryError: one is missing or damaged.
        """
        rest = iter(ids)
        while batch := [*map(checked_id, islice(rest, _BATCH))]:
            lines = "\n".join([*batch, ""]).encode()
            with self._program.reading(
                "cat-file", "--batch", "--buffer", data=lines, config=STREAMED
            ) as running:
                for each in batch:
                    pieces = _pieces(self._program, running, each)
                    yield pieces
                    deque(pieces, 0)

    @contextmanager
    def reading(self, blob: str) -> Iterator[Iterator[bytes]]:
        """The content of a blob in pieces, which need not be read to the end.

        Raises:
            RepositoryError: it is missing or damaged.
        """
        small = _small(self._program, checked_id(blob))  # spares the start of a process
        if small is not None:
            yield iter([small])
            return
        with self._program.start("cat-file", "blob", blob, config=STREAMED) as running:
            yield iter(partial(running.output.read, _PIECE), b"")
            if running.output.read(
                1
            ):  # git waits for a reader of the rest, and ends with the block
                return
            code, errors = running.finish()
        if code:
            raise self._program.failure("cat-file", errors)

    def has_commit(self, commit: str) -> bool:
        """Whether the repository has the commit with this id."""
        return self.has(f"{commit}^{{commit}}")

    def has(self, name: str) -> bool:
        """Whether the repository has the object, of whatever kind, with this id."""
        return self._program.ask("cat-file", "-e", name)[0] == 0
