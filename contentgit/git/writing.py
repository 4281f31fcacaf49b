"""Writing trees and commits, in bulk; no ref is moved here."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from contentgit.errors import ContentgitError, FormatError, RecordError, RepositoryError, UsageError
from contentgit.git.crowds import Crowds
from contentgit.git.objects import EMPTY_TREE, checked_id, contents
from contentgit.git.program import Program
from contentgit.git.running import Running
from contentgit.git.trees import Trees
from contentgit.git.values import GONE, FileEntry, FileStream, Placed, Signature

_CHUNK = 1 << 20
_SMALL = 1 << 14
_SCRATCH = "refs/contentgit/scratch"  # fast-import wants a ref for its commit; it is never written

# What contentgit writes passes the first pattern; the others tell what is wrong with the rest.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_%@,=+-][A-Za-z0-9._%@,=+-]*(?:/|\Z))+(?<!/)")
_PART = re.compile(r"[ !#-.0-9;-\[\]-~]+")
_GIT_OWN = re.compile(r"\.\.?\Z|\.git(?![a-z0-9])|git~[0-9]", re.IGNORECASE)

_TUNED = (
    "fastimport.unpackLimit=1",  # below it objects become single files, each without fsync
    "pack.compression=1",
    "core.ignoreCase=false",
    "core.bigFileThreshold=8m",  # larger blobs are not held in memory
)


def _commands(
    parent: str | None,
    changes: Iterable[tuple[str, Placed]],
    folders: Mapping[str, str],
    crowds: Crowds,
) -> Iterator[bytes]:
    yield f"commit {_SCRATCH}\nmark :1\ncommitter contentgit <> 0 +0000\ndata 0\n".encode()
    if parent:
        yield f"from {parent}\n".encode()
    for folder, tree in folders.items():
        name = _there(folder) if folder else b'""'
        yield b"M 040000 %b %b\n" % (checked_id(tree).encode(), name) if tree else b"D %b\n" % name
    placed: set[str] = set()
    for path, data in changes:
        # git would keep the last without a word. A removal in front of a file undoes nothing: a record
        # moves to where another one was.
        if path in placed or crowds.puts(path):
            raise RecordError(
                f"two records have the path {path}, so one of them would be lost",
                hint="nothing was written; one of them needs another key",
            )
        gone = data is None or data == GONE
        name = _there(path) if isinstance(data, FileEntry) else checked_path(path).encode()
        if crowds:
            for released, entry in crowds.released(path):
                yield from _change(_there(released), entry)
        if isinstance(data, FileStream) or not crowds.take(path, data):
            if not gone:
                placed.add(path)
            yield from _change(name, data)
        elif not gone:
            yield from _change(crowds.path.encode(), data)
    if crowds:
        yield from _change(crowds.path.encode(), None)
    yield f'\nls :1 ""\nreset {_SCRATCH}\n\ndone\n'.encode()


def _change(name: bytes, data: Placed) -> Iterator[bytes]:
    if data is None or data == GONE:
        yield b"D %b\n" % name
    elif isinstance(data, FileEntry):
        yield f"M {data.mode} {checked_id(data.id)} ".encode() + name + b"\n"
    elif isinstance(data, FileStream):
        yield b"M 100644 inline %b\ndata %d\n" % (name, data.size)
        yield from data.pieces
        yield b"\n"
    elif len(data) < _SMALL:
        yield b"M 100644 inline %b\ndata %d\n%b\n" % (name, len(data), data)
    else:  # it is not copied
        yield b"M 100644 inline %b\ndata %d\n" % (name, len(data))
        yield data
        yield b"\n"


def _feed(running: Running, commands: Iterator[bytes]) -> None:
    stream = running.process.stdin
    assert stream is not None
    parts: list[bytes] = []
    size = 0
    for part in commands:
        if max(size, len(part)) > _CHUNK:  # a large part is joined alone, so that it is not copied
            stream.write(b"".join(parts))
            parts, size = [], 0
        parts.append(part)
        size += len(part)
    stream.write(b"".join(parts))
    stream.close()


def _tree_in(output: bytes, algorithm: str) -> str:
    words = output.split()
    if words[:2] == [b"040000", b"tree"]:
        return words[2].decode()
    if words[:1] == [b"missing"]:
        return EMPTY_TREE[algorithm]
    raise RepositoryError(f"git fast-import answered {output[:100]!r}")


def _there(path: str) -> bytes:
    """The name, for fast-import, of a file that some commit has already.

    Raises:
        FormatError: it leads out of the tree or into git's own folder; fast-import would not mind.
    """
    if _PLAIN.fullmatch(path):
        return path.encode()
    if any(not part or _GIT_OWN.match(part) for part in path.split("/")):
        raise FormatError(f"a commit has a file named {path!r}")
    raw = os.fsencode(path)
    for plain, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        raw = raw.replace(plain, escaped)
    return b'"%b"' % raw


def checked_path(path: str) -> str:
    """``path`` if it is one that contentgit writes: safe for every file system and every reader.

    Raises:
        FormatError: it is not.
    """
    if not _PLAIN.fullmatch(path):
        for part in path.split("/"):
            if not _PART.fullmatch(part) or _GIT_OWN.match(part):
                raise FormatError(f"contentgit does not write a file named {path!r}")
    return path


def _signed(role: str, signature: Signature | None, date: datetime | None) -> dict[str, str]:
    env = {}
    if signature is not None:
        if not signature.name.strip(" \t\r\n.,:;<>\"\\'"):
            raise UsageError(
                f"{str(signature)!r} has no name", hint="write it as: Your Name <you@example.com>"
            )
        env[f"GIT_{role}_NAME"], env[f"GIT_{role}_EMAIL"] = signature.name, signature.email
    if date is not None:
        env[f"GIT_{role}_DATE"] = f"@{int(date.timestamp())} {date.strftime('%z')[:5] or '+0000'}"
    return env


def _encoded(message: str) -> bytes:
    """The message's bytes: undecodable bytes are unchanged, other lone surrogates are escaped."""
    try:
        data = message.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = message.encode("utf-8", "backslashreplace")
    return data if data.endswith(b"\n") else data + b"\n"


class Writer:
    """Writes trees and commits; no ref is moved."""

    def __init__(self, program: Program, trees: Trees, shared: Path) -> None:
        self._program = program
        self._trees = trees
        self._shared = shared

    def allow_reading_only(self) -> None:
        """Lets who may only read the repository write trees all the same, for as long as it is open.

        They go into a temporary folder. Who can move a ref writes into the repository: no ref must lead to
        what is gone afterwards.
        """
        places = [self._shared / name for name in (".", "objects", "refs", "refs/heads")]
        effective = os.access in os.supports_effective_ids
        if not any(os.access(each, os.W_OK, effective_ids=effective) for each in places):
            self._program.write_aside(self._shared / "objects")

    @staticmethod
    def writes(path: str) -> bool:
        """Whether :meth:`write_tree` takes the path."""
        try:
            return bool(checked_path(path))
        except FormatError:
            return False

    def write_tree(
        self,
        parent: str | None,
        changes: Iterable[tuple[str, Placed]],
        folders: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """The id of the tree of commit ``parent`` with ``changes``: what is put at each path.

        Before these ``folders`` get other trees, by id; ``""`` takes a folder out, and the folder ``""`` is
        the whole tree.

        Streamed: memory keeps the paths alone. The changes take effect in their order: a file goes before
        another, or a folder, takes its name.

        Raises:
            FormatError: a path is not one that contentgit writes.
            RecordError: two changes put a file at one path, or one removes what another has put there.
            RepositoryError: git cannot write; or the parent is not in the repository.
        """
        crowds = Crowds(self._trees.algorithm)
        tree = self._imported(_commands(parent and checked_id(parent), changes, folders, crowds))
        made = crowds.trees(self._program, tree)
        if not made:
            return tree
        return self._imported(_commands(None, (), {"": tree, **made}, crowds))

    def _imported(self, commands: Iterator[bytes]) -> str:
        # --done: a stream that ends early writes nothing. --depth=0: records would become deltas of the
        # unrelated record before them, for ever. No name of a ref at the end: "reset" takes it back.
        options = ("--quiet", "--done", "--depth=0", "--date-format=raw")
        self._remove_keep_files()
        with self._program.start(
            "fast-import", *options, istream=subprocess.PIPE, config=_TUNED
        ) as running:
            try:
                _feed(running, commands)
            except BrokenPipeError:
                pass  # it ended by itself and says why
            except BaseException:
                self._give_up(running)
                raise
            output = running.output.read()
            code, errors = running.finish()
            if code:
                self._remove_report(running)
                raise self._program.failure("fast-import", errors, writing=True)
        return _tree_in(output, self._trees.algorithm)

    def _remove_keep_files(self) -> None:
        """Removes the marks by which killed fast-imports keep packs; with one, no such pack can be made.

        A fast-import at work does without its mark: git removes no object as new as these.
        """
        for path in (self._shared / "objects" / "pack").glob("*.keep"):
            with suppress(OSError):
                if path.stat().st_size < 100 and path.read_bytes() == b"fast-import":
                    path.unlink()

    def _give_up(self, running: Running) -> None:
        """Let fast-import end by itself, so that it leaves no half-written pack."""
        assert running.process.stdin is not None
        with suppress(OSError):
            running.process.stdin.close()
        running.output.read()
        running.finish()
        self._remove_report(running)

    def _remove_report(self, running: Running) -> None:
        """Remove the crash report that fast-import leaves in the repository; the error has its reason."""
        folder = Path(self._program.line("rev-parse", "--absolute-git-dir"))
        with suppress(OSError):  # there is none, or nobody can write there
            (folder / f"fast_import_crash_{running.process.pid}").unlink()

    def write_blob(self, data: bytes) -> str:
        """The id of these bytes, which are in the repository afterwards."""
        found = self._program.run("hash-object", "-w", "--stdin", data=data, writing=True)
        return found.decode().strip()

    def merge_blobs(self, base: str, ours: str, theirs: str) -> str | None:
        """The id of the text with both sides' changed lines; None where they touch, or it is no text."""
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, data in zip(
                "obt", contents(self._program, (ours, base, theirs), "blob"), strict=True
            ):
                path = Path(folder, name)
                path.write_bytes(data)
                paths.append(str(path))
            code, merged, _ = self._program.ask("merge-file", "-p", "-q", *paths)
        return None if code else self.write_blob(merged)

    def commit_tree(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        *,
        author: Signature | None = None,
        committer: Signature | None = None,
        date: datetime | None = None,
        author_date: datetime | None = None,
    ) -> str:
        """The id of a new commit of ``tree``, signed where ``commit.gpgSign`` is set.

        ``author`` and ``committer`` are by default those that git is configured with, ``date`` is git's now;
        ``author_date`` is that of what is committed again.

        Raises:
            RepositoryError: git does not know who commits, cannot sign, or cannot write.
            UsageError: the message is empty or holds a NUL, or the author has no name.
        """
        if not message.strip():
            raise UsageError("the commit message is empty", hint="give one with -m or -F")
        # commit-tree itself does not look at commit.gpgSign.
        sign = self._program.signs("commit.gpgSign")
        arguments = ["-S"] if sign else []
        for parent in parents:
            arguments += ["-p", checked_id(parent)]
        env = {
            **_signed("AUTHOR", author, author_date or date),
            **_signed("COMMITTER", committer, date),
        }
        code, output, errors = self._program.ask(
            "commit-tree",
            *arguments,
            *("-F", "-", checked_id(tree)),
            data=_encoded(message),
            env=env,
            config=("user.useConfigOnly=true",),
        )
        if code:
            raise self._no_commit(errors, sign=sign)
        return output.decode().strip()

    def _no_commit(self, errors: str, *, sign: bool) -> ContentgitError:
        if "NUL byte" in errors:
            return UsageError("the commit message holds a NUL character")
        if sign and "sign" in errors:
            return self._program.cannot_sign("commit", "commit.gpgSign", errors)
        return self._program.failure("commit-tree", errors, writing=True)
