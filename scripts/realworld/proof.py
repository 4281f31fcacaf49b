"""The proof that every site goes through: commit, empty, check out, compare; then a second database.

Each step prints a line. A step whose outcome is not the expected one raises :class:`Failed`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tables

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent


class Failed(Exception):  # noqa: N818
    """A step did not come out as it must; the text says how."""


@dataclass(frozen=True)
class Site:
    """A real project: what to install, and the folder here with its settings, datasets and content.

    That folder holds ``settings.py``, ``datasets.py``, ``fill.py`` (content from what the project ships)
    and ``edit.py`` (random edits, deletions and new rows by the project's own means).
    ``derived`` are tables that the project computes from the others and that no dataset holds.
    ``aliases`` is false where the project's own signal receivers know the default database only: then
    each database is the default one of an environment of its own, as on real servers. ``settings`` is the
    module of the folder with the settings; ``apart`` is how far the ids of what ``migrate`` made are from
    each other in two databases.
    """

    folder: str
    packages: tuple[str, ...]
    fixtures: tuple[str, ...] = ("",)
    derived: tuple[str, ...] = ()
    aliases: bool = True
    settings: str = "settings"
    apart: int = 1000


@dataclass(frozen=True)
class Workshop:
    """A virtual environment and, in ``folder``, a Django project with three databases.

    ``default`` is the stage that is filled and committed; ``production`` holds what ``migrate`` made,
    each row under another id; ``other`` is a copy of the stage with other ids.
    """

    site: Site
    venv: Path
    folder: Path

    @property
    def stage(self) -> Path:
        """The database that is filled and committed."""
        return self.database("default")

    def database(self, alias: str) -> Path:
        """The file of a database."""
        return self.folder / f"{alias}.sqlite3"

    def run(
        self, *words: str | Path, check: bool = True, default: str = "default"
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of the virtual environment in the project's folder.

        ``default`` names the file that is its default database.
        """
        program = self.venv / "bin" / str(words[0])
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": f"{self.site.folder}.{self.site.settings}",
            "PYTHONPATH": str(self.folder),
            "PYTHONWARNINGS": "ignore",
            "SITE_DATABASE": default,
            "HOME": str(self.folder),  # git's identity, and no settings of whoever runs this
        }
        done = subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            env=environment,
            check=False,
            text=True,
            capture_output=True,
        )
        if check and done.returncode:
            raise Failed(f"{' '.join(map(str, words))} gave {done.returncode}\n{_said(done)}")
        return done

    def contentgit(
        self, *words: str, alias: str = "default", expect: Sequence[int] = (0,)
    ) -> tuple[int, str]:
        """Runs a verb, which must give one of the exit codes ``expect``; it and what was printed."""
        start = time.monotonic()
        if self.site.aliases:
            words += ("--database", alias) if alias != "default" else ()
            done = self.run("contentgit", *words, check=False)
            line = f"contentgit {' '.join(words)}"
        else:
            done = self.run("contentgit", *words, check=False, default=alias)
            line = f"{alias}$ contentgit {' '.join(words)}"
        print(f"  {line:<74} {done.returncode}  {time.monotonic() - start:5.1f} s", flush=True)
        if done.returncode not in expect:
            raise Failed(f"{line} gave {done.returncode}\n{_said(done)}")
        return done.returncode, done.stdout + done.stderr

    def tables(self) -> dict[str, list[str]]:
        """``owned``: the tables of the datasets' models; ``automatic``: many-to-many tables."""
        done = self.run("python", "-m", "described", f"{self.site.folder}.datasets")
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout}\n{done.stderr}".strip()[-6000:]


# Making the project


def installed(site: Site, venv: Path) -> None:
    """Makes the virtual environment at ``venv`` where needed; installs the site and this checkout."""
    if not (venv / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *site.packages], check=True)
    subprocess.run([*pip, CHECKOUT], check=True)


def migrated(workshop: Workshop) -> None:
    """Writes the project and makes both databases, each with what ``migrate`` creates there."""
    target = workshop.folder / workshop.site.folder
    shutil.copytree(HERE / workshop.site.folder, target, dirs_exist_ok=True)
    shutil.copy(HERE / "described.py", workshop.folder)
    (workshop.folder / ".gitconfig").write_text(
        "[user]\n\tname = Real World\n\temail = real@example.com\n[init]\n\tdefaultBranch = main\n"
    )
    fresh = workshop.folder / "migrated.sqlite3"
    if not fresh.exists():
        workshop.stage.unlink(missing_ok=True)
        workshop.run("python", "-m", "django", "migrate", "--skip-checks", "-v0")
        workshop.stage.rename(fresh)
    shutil.copy(fresh, workshop.stage)
    shutil.copy(fresh, workshop.database("production"))
    tables.renumber(workshop.database("production"), workshop.site.apart)
    shutil.rmtree(workshop.folder / "repository", ignore_errors=True)


# The proof


class Proof:
    """The steps on one project, in their order."""

    def __init__(self, workshop: Workshop, fixture: str) -> None:
        self.workshop = workshop
        self.fixture = fixture
        described = workshop.tables()
        self.owned = described["owned"]
        self.automatic = described["automatic"]

    def run(self, rounds: int) -> None:
        """All steps.

        Raises:
            Failed: at the first that does not come out as it must.
        """
        self.fill()
        self.commit_twice()
        self.empty_and_check_out()
        first = self.apply_to_production()
        self.apply_to_other()
        for number in range(rounds):
            self.edit_and_apply(number)
        self.back_and_forth(first)

    def fill(self) -> None:
        """Content from what the project ships."""
        self._script("fill", self.fixture)
        rows = sum(rows.total() for rows in self.read(self.workshop.stage).values())
        print(f"  {rows} rows in {len(self.owned)} tables of the datasets and those around them")

    def commit_twice(self) -> None:
        """The second commit has nothing to do."""
        self.workshop.contentgit("init")
        self.workshop.contentgit("commit", "-m", "What the site ships with")
        self.nothing_to_commit()

    def nothing_to_commit(self) -> None:
        """Another commit says so and makes none."""
        head = self._head()
        _, said = self.workshop.contentgit("commit", "-m", "Again")
        if "nothing to commit" not in said.lower() or self._head() != head:
            raise Failed(f"a commit without a change between said:\n{said}")
        self.workshop.contentgit("status", "--exit-code")

    def empty_and_check_out(self) -> None:
        """Every table of the datasets emptied in raw SQL; a checkout brings all of it back."""
        before = self.read(self.workshop.stage, derived=True)
        gone = tables.empty(self.workshop.stage, self.owned)
        print(f"  emptied {len(self.owned)} tables of {gone} rows")
        self.apply("default", "main")
        self.equal(before, self.read(self.workshop.stage, derived=True), "emptied and checked out")
        self.nothing_to_commit()

    def apply_to_production(self) -> tables.Snapshot:
        """The database that has what ``migrate`` made becomes the same."""
        self.apply("production", "main")
        self.same("production")
        return self.read(self.workshop.database("production"))

    def apply_to_other(self) -> None:
        """So does one in which every row lies under the key of another row of its table."""
        path = self.workshop.database("other")
        shutil.copy(self.workshop.stage, path)
        tables.renumber(path, 2)
        tables.forget(path)
        self.apply("other", "main")
        self.same("other")

    def apply(self, alias: str, revision: str) -> None:
        """Checks ``revision`` out there; with ``--force`` where the target's rows are in its way."""
        path = self.workshop.database(alias)
        words = ("checkout", revision, "--apply", "--no-input")
        kept = self.read(path)
        if path != self.workshop.stage:
            apart = tables.differences(self.read(self.workshop.stage), kept, most=0)
            print(f"  {alias} differs from stage in {len(apart)} tables")
        if self.workshop.contentgit(*words, alias=alias, expect=(0, 3))[0] == 3:
            self.equal(kept, self.read(path), "after the refusal")
            self.workshop.contentgit(*words, "--force", alias=alias)

    def edit_and_apply(self, seed: int) -> None:
        """Random edits on stage travel to production."""
        print(f"  {self._script('edit', str(seed)).strip()}")
        self.workshop.contentgit("commit", "-m", f"Edits {seed}")
        self.nothing_to_commit()
        words = ("checkout", "main", "--apply", "--no-input")
        self.workshop.contentgit(*words, alias="production")
        self.same("production")

    def back_and_forth(self, first: tables.Snapshot) -> None:
        """The first commit, as it was, and the last again."""
        words = ("--apply", "--no-input")
        root = self._git("rev-list", "--reverse", "main").split()[1]
        self.workshop.contentgit("checkout", root, *words, alias="production")
        production = self.workshop.database("production")
        self.equal(first, self.read(production), "back at the first commit")
        self.workshop.contentgit("checkout", "main", *words, alias="production")
        self.same("production")

    def same(self, alias: str) -> None:
        """The database is equal to stage, and its status is clean."""
        found = self.read(self.workshop.database(alias))
        self.equal(self.read(self.workshop.stage), found, f"stage and {alias}")
        self.workshop.contentgit("status", "--exit-code", alias=alias)

    def read(self, path: Path, *, derived: bool = False) -> tables.Snapshot:
        """A database's rows, those of derived tables only when asked for."""
        skip = () if derived else self.workshop.site.derived
        return tables.read(path, self.automatic, skip)

    def equal(self, before: tables.Snapshot, after: tables.Snapshot, what: str) -> None:
        """Prints that both are equal.

        Raises:
            Failed: they are not; the first differences.
        """
        found = tables.differences(before, after)
        if found:
            raise Failed(f"{what}: not equal\n" + "\n".join(found))
        rows = sum(rows.total() for rows in after.values())
        print(f"  equal, {what}: {rows} rows in {len(after)} tables", flush=True)

    def _script(self, name: str, *words: str) -> str:
        module = f"{self.workshop.site.folder}.{name}"
        return self.workshop.run("python", "-m", module, *words).stdout

    def _head(self) -> str:
        return self._git("rev-parse", "main")

    def _git(self, *words: str) -> str:
        command: list[str | Path] = ["git", "-C", self.workshop.folder / "repository", *words]
        return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def main(site: Site, description: str, words: Sequence[str] | None = None) -> int:
    """The script's face: makes the project, runs the proof; 0 where everything was equal."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--venv", type=Path, help="virtual environment to make or use again")
    parser.add_argument("--folder", type=Path, help="where the project is made and left")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of random edits (3)")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = (options.folder or Path(temporary) / "project").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        venv = (options.venv or Path(temporary) / "venv").absolute()
        try:
            installed(site, venv)
            for fixture in site.fixtures:
                print(f"{site.folder} {fixture}".strip(), flush=True)
                workshop = Workshop(site, venv, folder)
                migrated(workshop)
                Proof(workshop, fixture).run(options.rounds)
        except (Failed, subprocess.CalledProcessError) as failure:
            print(failure, file=sys.stderr)
            return 1
    print("Everything is equal.")
    return 0
