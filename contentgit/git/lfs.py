"""git-lfs: files whose bytes are beside the repository, and are named in it by their SHA-256.

They go into git-lfs's own store and come from there without it. It says where that is, and transfers them.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Final, NamedTuple

from contentgit.errors import RefusedError, RepositoryError
from contentgit.git.failures import lfs_failed
from contentgit.git.objects import checked_id
from contentgit.git.program import Program
from contentgit.git.remotes import Remotes
from contentgit.git.talking import QUIET, Talk, talk_lfs

_PIECE: Final = 1 << 20
_THREADS: Final = 8  # each waits for the disk, which writes many files in the time of one
_SETTINGS: Final = ".lfsconfig"
_COUNT: Final = re.compile(r"\(([0-9]+)/([0-9]+)\)")


class Wanted(NamedTuple):
    """A file's size, and the blob that names it in the repository."""

    size: int
    blob: str


class Lfs:
    """The files that git-lfs keeps for a repository; each is called by its SHA-256, in hexadecimal digits."""

    def __init__(self, program: Program, remotes: Remotes) -> None:
        self._program = program
        self._remotes = remotes

    @cached_property
    def _folders(self) -> tuple[Path, Path]:
        """Where files are, and where they are made before they are there."""
        code, output, errors = self._program.ask("lfs", "env")
        if code:
            raise lfs_failed("git-lfs does not say where it keeps files", errors, "")
        lines = (line.partition("=") for line in os.fsdecode(output).splitlines())
        found = {name: value for name, _, value in lines}
        return Path(found["LocalMediaDir"]), Path(found["TempDir"])

    def _path(self, sha256: str) -> Path:
        checked_id(sha256)
        return self._folders[0] / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str, size: int) -> bool:
        """Whether the store of this repository has the file.

        Raises:
            RepositoryError: git-lfs is not installed.
        """
        try:
            return self._path(sha256).stat().st_size == size
        except OSError:
            return False

    @contextmanager
    def reading(self, sha256: str) -> Iterator[Iterator[bytes]]:
        """The content of a file that the store has, in pieces, which need not be read to the end.

        Raises:
            RepositoryError: it cannot be read, or git-lfs is not installed.
        """
        path = self._path(sha256)
        try:
            file = path.open("rb")
        except OSError as error:
            raise RepositoryError(f"cannot read {path}: {error.strerror}") from error
        with file:
            yield iter(partial(file.read, _PIECE), b"")

    # Writing

    def install(self) -> bool:
        """Has git run git-lfs in this repository; false if a hook of the user's stays in place of its own.

        Raises:
            RepositoryError: git-lfs is not installed, or cannot write the configuration.
        """
        code, _, errors = self._program.ask("lfs", "install", "--local", "--skip-repo")
        if code:
            raise lfs_failed("git-lfs cannot be set up", errors, "")
        own = Program(self._program.folder, ())  # hooks are written, and not run
        return own.ask("lfs", "update")[0] == 0

    def store(self, files: Mapping[str, Iterable[bytes]]) -> dict[str, int]:
        """Puts files, each in pieces, into the store, each whole or not at all; the size of each in bytes.

        One whose bytes do not have the SHA-256 that it is called is left out.

        Raises:
            RepositoryError: the store cannot be written, or git-lfs is not installed.
        """
        if not files:
            return {}
        self._path(next(iter(files)))  # asked for here: the threads share the answer
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                done = [*pool.map(self._stored, files, files.values())]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return {name: size for name, size in zip(files, done, strict=True) if size is not None}

    def _stored(self, sha256: str, pieces: Iterable[bytes]) -> int | None:
        path, folder = self._path(sha256), self._folders[1]
        # git-lfs removes what is an hour old there, so that a killed call leaves nothing for long.
        fresh = folder / f"contentgit-{secrets.token_hex(8)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                with fresh.open("xb", buffering=0) as file:
                    digest, size = _written(file.fileno(), pieces)
                if digest != sha256:
                    return None
                path.parent.mkdir(parents=True, exist_ok=True)
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
        except OSError as error:
            raise RepositoryError(
                f"cannot write to {folder.parent}: {error.strerror}",
                hint="make room there, or permit it to the user of this process",
            ) from error
        return size

    # Transferring

    def push(self, remote: str, refs: Sequence[str], talk: Talk = QUIET) -> None:
        """Sends what the remote may lack of the files that these refs, by their full names, have.

        Raises:
            UnknownNameError: there is no such remote.
            RefusedError: a commit names another server.
            RepositoryError: it cannot be reached, does not let us in, or a file is neither here nor there.
        """
        self._remotes.check(remote)
        code, errors = self._talk(["push", remote, *refs], talk)
        if code:
            raise lfs_failed(
                f"git-lfs cannot send files to {remote} ({self._remotes.url(remote)})",
                errors,
                f"{self._program.command(f'lfs push {remote} {refs[0]}')}  must work",
            )

    def fetch(
        self,
        remote: str,
        files: Mapping[str, Wanted],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Brings files from a remote in one call, and no others.

        Raises:
            UnknownNameError: there is no such remote.
            RefusedError: a commit names another server.
            RepositoryError: it cannot be reached, does not let us in, or lacks files; ``items`` lists these.
        """
        self._remotes.check(remote)
        # A tree of its own, since a command takes only so many paths. No filter of the configuration counts.
        lines = (f"100644 blob {checked_id(each.blob)}\t{name}\0" for name, each in files.items())
        tree = self._program.line("mktree", "-z", data="".join(lines).encode(), writing=True)

        def told(line: str) -> None:
            if progress and (found := _COUNT.search(line)):
                progress(int(found[1]), int(found[2]))

        words = ("fetch", "--include=", "--exclude=", remote, checked_id(tree))
        code, errors = self._talk(words, Talk(progress=told if progress else None))
        missing = [name for name, each in files.items() if not self.has(name, each.size)]
        if not missing:
            return
        error = lfs_failed(
            f"git-lfs cannot bring files from {remote} ({self._remotes.url(remote)})",
            errors if code else "it did not bring all of them",
            f"{self._program.command(f'lfs fetch {remote}')}  must work; it may ask for a password\n"
            f"git lfs push --all {remote}  (sends files that were left behind where they were committed)",
        )
        error.items = tuple(missing)
        raise error

    def _talk(self, words: Sequence[str], talk: Talk) -> tuple[int, str]:
        """Exit code and words of git-lfs, by the settings of the clone and not by those of a commit.

        Who commits would choose which servers this machine talks to, and where its files go.
        """
        own = {name: self._setting(f"lfs.{name}") for name in ("url", "pushurl")}
        if not own["url"] and self._has_settings():
            raise RefusedError(
                f"a commit has a file {_SETTINGS}, which may name another server for files",
                hint=f"{self._program.command('config lfs.url URL')}  (names the server for this clone)",
            )
        config = ["lfs.allowincompletepush=false", "lfs.skipdownloaderrors=false"]
        if own["url"]:
            config.append(f"lfs.pushurl={own['pushurl'] or own['url']}")
        return talk_lfs(self._program, words, talk, config)

    def _setting(self, name: str) -> str:
        return self._program.line("config", "--get", name, ok=(0, 1))

    def _has_settings(self) -> bool:
        """Whether git-lfs would find settings of a commit: in the worktree, the index or HEAD."""
        if os.path.lexists(self._program.folder / _SETTINGS):
            return True
        names = (f":{_SETTINGS}", f"HEAD:{_SETTINGS}")
        return any(self._program.ask("cat-file", "-e", name)[0] == 0 for name in names)


def _written(handle: int, pieces: Iterable[bytes]) -> tuple[str, int]:
    """Writes all of a file to the disk; its SHA-256 and its size."""
    found, size = hashlib.sha256(), 0
    for piece in pieces:
        found.update(piece)
        size += len(piece)
        left = memoryview(piece)
        while left:
            left = left[os.write(handle, left) :]
    os.fsync(handle)
    return found.hexdigest(), size
