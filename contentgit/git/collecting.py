"""What killed and failed calls leave in the git directory: files, and objects that no ref reaches."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contentgit.errors import BusyError
from contentgit.git.program import Program
from contentgit.git.writing import write_graph

_TEMPORARY = ("contentgit-*", "info/contentgit-*", "fast_import_crash_*", "contentgit/*.new")
"""Index and attributes of our own, what ``fast-import`` says of its end, and state half written."""


def leftovers(folders: tuple[Path, ...], before: float) -> list[Path]:
    """The temporary files in git directories that nobody has written to since the time ``before``."""
    return sorted(path for folder in folders for path in _old(folder, before))


def _old(folder: Path, before: float) -> Iterator[Path]:
    for pattern in _TEMPORARY:
        for path in folder.glob(pattern):
            with suppress(OSError):
                if path.lstat().st_mtime < before:
                    yield path


def locks(git_dir: Path, common_dir: Path) -> list[Path]:
    """The lock files of git processes that are at work, or that were killed and left them."""
    found = {path for folder in (git_dir, common_dir) for path in folder.glob("*.lock")}
    return sorted(found | {*(common_dir / "refs").rglob("*.lock")})  # no ref has such a name


def remove(paths: list[Path]) -> None:
    """Removes files and folders, as far as that is permitted."""
    for path in paths:
        with suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def space(program: Program) -> dict[str, int]:
    """git's count of objects: loose ones, packs, and their size in KiB."""
    pairs = (line.partition(": ") for line in program.line("count-objects", "-v").splitlines())
    return {name: int(value) for name, _, value in pairs if value.isdecimal()}


@contextmanager
def in_use(folder: Path, program: Program, *, alone: bool) -> Iterator[None]:
    """Holds the git directory ``folder`` meanwhile: with others, or ``alone``.

    Nothing is held where the system, or the file system, has no such locks.

    Raises:
        BusyError: others hold it, and it was to be held alone.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder / "objects", os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            raise BusyError(
                f"another contentgit is at work in {program.folder}, and gc could remove what it needs",
                hint="try again when it is done",
            ) from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


def collect(program: Program) -> None:
    """Packs what refs reach; removes what none reached for as long as ``gc.pruneExpire`` says, and packs
    that a killed process has not finished.

    Raises:
        BusyError: another ``git gc`` runs.
        RepositoryError: git refuses.
    """
    write_graph(program)  # which gc writes as it finds it
    program.run("gc", "--quiet", writing=True)
