"""Cleans up what killed and failed calls leave in the git directory: files and unreachable objects."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from contentgit.errors import BusyError, RepositoryError
from contentgit.git.program import Program

GC_WAIT: Final = 60.0
"""Seconds that a call waits for ``gc``."""

_MANY_PACKS = 50  # git's own maintenance counts them to the same number
_TEMPORARY = ("contentgit-*", "info/contentgit-*", "fast_import_crash_*", "contentgit/*.new")
"""Our own index and attributes, crash reports of ``fast-import``, and half-written state."""


def _old(folder: Path, before: float) -> Iterator[Path]:
    for pattern in _TEMPORARY:
        for path in folder.glob(pattern):
            with suppress(OSError):
                if path.lstat().st_mtime < before:
                    yield path


class Housekeeping:
    """What calls have left in the git directories: a worktree's own, and the shared one."""

    def __init__(self, program: Program, git_dir: Path, shared: Path) -> None:
        self._program = program
        self._git_dir = git_dir
        self._shared = shared
        self._lock: int | None = None

    def temporary_files(self, before: datetime) -> list[Path]:
        """Temporary files in the git directory of calls that were killed, last written ``before`` a time."""
        folders = {self._git_dir, self._shared}
        return sorted(path for folder in folders for path in _old(folder, before.timestamp()))

    def locks(self) -> list[Path]:
        """The lock files in the git directory: of git processes at work, or of ones that were killed."""
        found = {path for folder in (self._git_dir, self._shared) for path in folder.glob("*.lock")}
        return sorted(found | {*(self._shared / "refs").rglob("*.lock")})  # no ref has such a name

    def space(self) -> dict[str, int]:
        """git's count of objects: ``count`` loose ones, ``packs``, sizes in KiB."""
        answer = self._program.line("count-objects", "-v")
        pairs = (line.partition(": ") for line in answer.splitlines())
        return {name: int(value) for name, _, value in pairs if value.isdecimal()}

    @contextmanager
    def in_use(self, *, alone: bool, notice: Callable[[str], object]) -> Iterator[None]:
        """Holds the repository meanwhile: with others, or ``alone``, as whoever collects has to.

        Waits for one who holds it alone, and says so to ``notice``. Nothing is held where the system, or the
        file system, has no such locks, or the folder of objects cannot be read.

        Raises:
            BusyError: others hold it, and it was to be held alone; or one holds it alone for too long.
        """
        folder = self._shared / "objects"
        try:
            import fcntl

            self._lock = os.open(folder, os.O_RDONLY)
        except (ImportError, OSError):  # git itself need not list the folder
            yield
            return
        kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        ends, told = time.monotonic() + (0 if alone else GC_WAIT), False
        try:
            while True:
                try:
                    fcntl.flock(self._lock, kind | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= ends:
                        raise self._busy(folder, alone=alone) from None
                    if not told:
                        notice(f"waiting for contentgit gc in {self._program.folder}")
                    told = True
                    time.sleep(0.1)
                    continue
                except OSError:
                    pass
                break
            yield
        finally:
            os.close(self._lock)
            self._lock = None

    def _busy(self, folder: Path, *, alone: bool) -> BusyError:
        place = self._program.folder
        if alone:
            what = f"another contentgit is at work in {place}, and gc could remove what it needs"
        else:
            what = f"contentgit gc is at work in {place}, or another process has locked {folder}"
        names = f"fuser -v {shlex.quote(os.fspath(folder))}  (names the process)"
        return BusyError(what, hint=f"run this again when it is done\n{names}")

    def collect(self, files: Sequence[Path]) -> None:
        """Removes these files, as far as that is permitted, and packs what refs reach.

        Goes: what no ref has reached for as long as ``gc.pruneExpire`` says, and packs that a killed process
        has not finished.

        Raises:
            BusyError: another ``git gc`` runs.
            RepositoryError: git refuses.
        """
        for path in files:
            with suppress(OSError):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
        self._write_graph()  # which gc writes as it finds it
        # It ends with us. The lock is its standard input, which it does not read: so it lasts as long as what
        # git has started for it.
        try:
            self._program.run("gc", "--quiet", writing=True, istream=self._lock, tied=True)
        except RepositoryError as error:
            fsck = f"{self._program.command('fsck --full')}  (names the objects that are damaged)"
            error.hint = error.hint or f"{fsck}\ncontentgit check BRANCH  (names their paths)"
            raise

    def maintain(self) -> None:
        """Puts many small packs together, as each commit adds one, and writes the graph of commits.

        Does nothing where there are few. Best effort: a failure is left to git's own maintenance.
        """
        try:
            names = os.listdir(self._shared / "objects" / "pack")
        except OSError:
            return
        if sum(name.endswith(".pack") for name in names) <= _MANY_PACKS:
            return
        # Unlike gc it keeps what no ref reaches yet: a commit that somebody is about to make.
        if self._program.ask("repack", "--geometric=2", "-d", "-q", tied=True)[0] == 0:
            self._write_graph()

    def _write_graph(self) -> None:
        """Writes the commit graph, best effort; without the paths that each commit changed.

        For these git goes through all trees of a commit, which has no end where a few objects multiply. It
        goes on noting them where the graph has some.
        """
        self._program.ask("commit-graph", "write", "--reachable", "--no-changed-paths", tied=True)
