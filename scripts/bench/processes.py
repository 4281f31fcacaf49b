"""A site of its own for one code of contentgit, and what the processes cost that work on it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}
WHO = (("NAME", "Bench"), ("EMAIL", "bench@example.com"))
NOT_OURS = ("PYTHONDONTWRITEBYTECODE", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Cost:
    """What a process took: CPU and clock seconds, and its peak memory in MB."""

    cpu: float
    clock: float
    memory: float


@dataclass(frozen=True)
class Place:
    """Where the sites of one measurement are, and of what kind they are."""

    folder: Path
    database: str = "sqlite"
    identity: str = "pk"


class Site:
    """Two databases and a repository, which the contentgit in the folder ``code`` works on."""

    def __init__(self, place: Place, name: str, code: Path = ROOT) -> None:
        self.folder = place.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.code = code
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        self.environment = {
            **inherited,
            "BENCH_DATABASE": place.database,
            "BENCH_FOLDER": str(self.folder),
            "BENCH_IDENTITY": place.identity,
            "BENCH_CODE": str(code),
            "PYTHONPATH": str(code),
            **{
                f"GIT_{role}_{what}": value
                for role in ("AUTHOR", "COMMITTER")
                for what, value in WHO
            },
        }
        # Otherwise the first step to import a module would pay for its compilation.
        self.run("-m", "compileall", "-q", str(code / "contentgit"))

    def work(self, *arguments: str) -> str:
        """Something around the steps; gives what it prints."""
        return self.run("work.py", *arguments)[1].strip()

    def run(self, *arguments: str, at: str = "") -> tuple[Cost, str]:
        """The cost of a call of Python and its output, which is the error if it fails.

        It runs in the folder ``at`` of the site's folder, else beside ``manage.py``.
        """
        return self.call(sys.executable, *arguments, at=at)

    def call(self, *words: str, at: str = "") -> tuple[Cost, str]:
        """:meth:`run` of any program."""
        command = [each.format(folder=self.folder) for each in words]
        where = self.folder / at if at else HERE / "site"
        with tempfile.TemporaryFile() as output:
            start = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=where, env=self.environment, stdout=output, stderr=output
            )
            _, status, usage = os.wait4(process.pid, 0)
            clock = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            shown = output.read().decode()
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{shown}")
        scale = 1e6 if sys.platform == "darwin" else 1e3
        cost = Cost(usage.ru_utime + usage.ru_stime, clock, usage.ru_maxrss / scale)
        return cost, shown

    def start_again(self, run: int) -> None:
        """An empty repository; the first database was never committed."""
        if run:
            shutil.rmtree(self.folder / "content.git")
            self.work("forget")
        self.run("manage.py", "contentgit", "init", "--bare")


@contextlib.contextmanager
def one_site(database: str) -> Iterator[Site]:
    """A site for today's code; taken away in the end."""
    folder = Path(tempfile.mkdtemp(prefix="contentgit-bench-")).resolve()
    site = Site(Place(folder, database), "today")
    try:
        yield site
    finally:
        site.work("drop")
        shutil.rmtree(folder)


def git(*words: str) -> bytes:
    """What git says in this repository."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode().strip())
    return done.stdout


def earlier_code(revision: str, folder: Path) -> Path:
    """The package as it was in ``revision`` of this repository, in ``folder``."""
    archive = git("archive", revision, "contentgit")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder
