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

from contentgit.errors import (
    ContentgitError,
    FormatError,
    RecordError,
    RepositoryError,
    UsageError,
)
from contentgit.git.crowds import Crowds
from contentgit.git.objects import EMPTY_TREE, checked_id, contents
from contentgit.git.program import Program
from contentgit.git.running import Running
from contentgit.git.values import GONE, FileEntry, Placed, Signature

_CHUNK = 1 << 20
_MANY_PACKS = 50  # git's own maintenance counts them to the same number
_SCRATCH = "refs/contentgit/scratch"  # fast-import wants a ref for its commit; it is never written

# What contentgit writes passes the first pattern; the others tell what is wrong with the rest.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_%@,=+-][A-Za-z0-9._%@,=+-]*(?:/|\Z))+(?<!/)")
_PART = re.compile(r"[ !#-.0-9;-\[\]-~]+")
_GIT_OWN = re.compile(r"\.\.?\Z|\.git(?![a-z0-9])|git~[0-9]", re.IGNORECASE)

_TUNED = (
    "fastimport.unpackLimit=1",  # below it objects become single files, each without fsync
    "pack.compression=1",
    "core.ignoreCase=false",
)


def write_tree(
    program: Program,
    algorithm: str,
    parent: str | None,
    changes: Iterable[tuple[str, Placed]],
    folders: Mapping[str, str],
) -> str:
    """The id of the tree that is the parent's with ``changes`` made by path.

    Before these ``folders`` get other trees, by id; ``""`` takes a folder out. The folder ``""`` is all.

    Streams: of the changes, memory keeps the paths.

    Raises:
        FormatError: a path is not one that contentgit writes.
        RecordError: two changes put a file at one path, or one removes what another has put there.
        RepositoryError: git cannot write; or the parent is not in the repository.
    """
    crowds = Crowds(algorithm)
    tree = _imported(
        program, algorithm, _commands(parent and checked_id(parent), changes, folders, crowds)
    )
    made = crowds.trees(program, tree)
    if not made:
        return tree
    return _imported(program, algorithm, _commands(None, (), {"": tree, **made}, crowds))


def _imported(program: Program, algorithm: str, commands: Iterator[bytes]) -> str:
    # --done: a stream that ends early writes nothing. --depth=0: records would become deltas of the
    # unrelated record before them, for ever. No name of a ref at the end: "reset" takes it back.
    options = ("--quiet", "--done", "--depth=0", "--date-format=raw")
    with program.start("fast-import", *options, istream=subprocess.PIPE, config=_TUNED) as running:
        try:
            _feed(running, commands)
        except BrokenPipeError:
            pass  # it ended by itself and says why
        except BaseException:
            _give_up(program, running)
            raise
        output = running.output.read()
        code, errors = running.finish()
        if code:
            _remove_report(program, running)
            raise program.failure("fast-import", errors, writing=True)
    return _tree_in(output, algorithm)


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
        if path in placed:
            raise RecordError(
                f"two records have the path {path}, so one of them would be lost",
                hint="nothing was written; one of them needs another key",
            )
        gone = data is None or data == GONE
        if not gone:
            placed.add(path)
        name = _there(path) if isinstance(data, FileEntry) else checked_path(path).encode()
        if crowds:
            for released, entry in crowds.released(path):
                yield from _change(_there(released), entry)
        if not crowds.take(path, data):
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
    else:
        yield b"M 100644 inline %b\ndata %d\n" % (name, len(data))
        yield data
        yield b"\n"


def _feed(running: Running, commands: Iterator[bytes]) -> None:
    stream = running.process.stdin
    assert stream is not None
    parts: list[bytes] = []
    size = 0
    for part in commands:
        if len(part) > _CHUNK:  # joined alone it is not copied
            stream.write(b"".join(parts))
            parts.clear()
            size = 0
        parts.append(part)
        size += len(part)
        if size > _CHUNK:
            stream.write(b"".join(parts))
            parts.clear()
            size = 0
    stream.write(b"".join(parts))
    stream.close()


def _give_up(program: Program, running: Running) -> None:
    """Lets fast-import end by itself, so that no half-written pack stays behind."""
    assert running.process.stdin is not None
    with suppress(OSError):
        running.process.stdin.close()
    running.output.read()
    running.finish()
    _remove_report(program, running)


def _remove_report(program: Program, running: Running) -> None:
    """fast-import leaves a report of how it ended in the repository; its reason is in the error."""
    folder = Path(program.line("rev-parse", "--absolute-git-dir"))
    (folder / f"fast_import_crash_{running.process.pid}").unlink(missing_ok=True)


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


def write_blob(program: Program, data: bytes) -> str:
    """The id of a new blob."""
    found = program.run("hash-object", "-w", "--stdin", data=data, writing=True)
    return found.decode().strip()


def merge_blobs(program: Program, base: str, ours: str, theirs: str) -> str | None:
    """The id of the blob with both sides' changes, line by line; None where they touch each other."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, data in zip("obt", contents(program, (ours, base, theirs), "blob"), strict=True):
            path = Path(folder, name)
            path.write_bytes(data)
            paths.append(str(path))
        code, merged, _ = program.ask("merge-file", "-p", "-q", *paths)
    return None if code else write_blob(program, merged)


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


def commit_tree(
    program: Program,
    tree: str,
    parents: Sequence[str],
    message: str,
    *,
    author: Signature | None,
    committer: Signature | None,
    date: datetime | None,
    author_date: datetime | None = None,
) -> str:
    """The id of a new commit of ``tree``, signed where ``commit.gpgSign`` is set.

    Raises:
        RepositoryError: git does not know who commits, cannot sign, or cannot write.
        UsageError: the message is empty or holds a NUL, or the author has no name.
    """
    if not message.strip():
        raise UsageError("the commit message is empty", hint="give one with -m or -F")
    # commit-tree itself does not look at commit.gpgSign.
    sign = program.line("config", "--type=bool", "--get", "commit.gpgSign", ok=(0, 1)) == "true"
    arguments = ["-S"] if sign else []
    for parent in parents:
        arguments += ["-p", checked_id(parent)]
    env = {
        **_signed("AUTHOR", author, author_date or date),
        **_signed("COMMITTER", committer, date),
    }
    code, output, errors = program.ask(
        "commit-tree",
        *arguments,
        *("-F", "-", checked_id(tree)),
        data=_encoded(message),
        env=env,
        config=("user.useConfigOnly=true",),
    )
    if code:
        raise _no_commit(program, errors, sign=sign)
    return output.decode().strip()


def _no_commit(program: Program, errors: str, *, sign: bool) -> ContentgitError:
    if "NUL byte" in errors:
        return UsageError("the commit message holds a NUL character")
    if sign and "sign" in errors:
        return RepositoryError(
            f"git cannot sign the commit: {' '.join(errors.split())}",
            hint="check user.signingKey and gpg.program, or: "
            + program.command("config commit.gpgSign false"),
        )
    return program.failure("commit-tree", errors, writing=True)


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
    """Bytes that a caller could not decode stay as they are; half surrogates are written out."""
    try:
        data = message.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = message.encode("utf-8", "backslashreplace")
    return data if data.endswith(b"\n") else data + b"\n"


def put_together(program: Program, common_dir: Path) -> None:
    """Puts many small packs into few, and writes the commit graph that makes long histories fast."""
    try:
        names = os.listdir(common_dir / "objects" / "pack")
    except OSError:
        return
    if sum(name.endswith(".pack") for name in names) <= _MANY_PACKS:
        return
    # Unlike gc it keeps what no ref reaches yet: a commit that somebody is about to make.
    if program.ask("repack", "--geometric=2", "-d", "-q", tied=True)[0] == 0:
        write_graph(program)


def write_graph(program: Program) -> None:
    """Writes the commit graph, best effort; without the paths that each commit changed.

    For these git goes through all trees of a commit, which has no end where a few objects multiply. It goes
    on noting them where the graph has some.
    """
    program.ask("commit-graph", "write", "--reachable", "--no-changed-paths", tied=True)
