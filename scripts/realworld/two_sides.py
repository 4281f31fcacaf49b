"""The proof that every Wagtail site goes through: two databases with other primary keys, edited in both.

In each round both sides are edited before either has what the other did. The first round meets in
``production`` by ``update``, the second in git by ``merge``. After each step all is compared by titles.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from proof import HERE, Failed, Site, Workshop, installed, migrated
from references import differences

APPLY = ("checkout", "main", "--apply", "--no-input")
SHARED = "wagtail_sides"


@dataclass(frozen=True)
class TwoSides:
    """The steps on one project.

    ``fixture`` are words for the site's ``fill``, ``before`` those for production before all; ``edits`` are
    modules that edit one side in one round.
    """

    workshop: Workshop
    fixture: Sequence[str] = ()
    before: Sequence[str] = ()
    edits: Sequence[str] = (f"{SHARED}.edit",)

    def run(self) -> None:
        """All steps.

        Raises:
            Failed: what refers to what, or what something looks like, is not the same on both sides.
        """
        self.start()
        self.edit_both(1)
        self.meet_in_production()
        self.same("edited on both sides, and met by update")
        self.edit_both(2)
        self.meet_in_git()
        self.same("edited on both sides, and merged")

    def start(self) -> None:
        """The content in both."""
        git = self.workshop.contentgit
        self.module("fill", *self.fixture)
        if self.before:
            self.module("fill", *self.before, default="production")
        for side in ("Stage", "Production"):
            self.workshop.run("python", "-m", f"{SHARED}.edit", side, "0")
        git("init")
        git("commit", "-m", "What the site ships with")
        # What migrations made there are the same rows; the tree above the content differs.
        adopt = ("identity", "adopt", "main", "--by", "wagtailcore.page=parent,slug")
        git(*adopt, "--apply", "--yes", alias="production")
        git(*APPLY, "--force", alias="production")
        self.same("applied")

    def edit_both(self, number: int) -> None:
        """A round of edits on each side."""
        for side, alias in (("Stage", "default"), ("Production", "production")):
            for module in self.edits:
                self.workshop.run("python", "-m", module, side, str(number), default=alias)

    def meet_in_production(self) -> None:
        """What both did is merged into the database of production, and brought back."""
        git = self.workshop.contentgit
        git("commit", "-m", "Edits")
        git("update", "--no-input", alias="production")
        git("commit", "-m", "Edits there", alias="production")
        git(*APPLY)

    def meet_in_git(self) -> None:
        """Both commit to a branch; these are merged without a database."""
        git = self.workshop.contentgit
        git("commit", "-m", "Edits")
        git("commit", "--branch", "theirs", "-m", "Edits there", alias="production")
        git("merge", "theirs")
        git(*APPLY)
        git(*APPLY, alias="production")

    def same(self, what: str) -> None:
        """Prints how much was compared.

        Raises:
            Failed: the first differences, or what Wagtail would mend.
        """
        found = {}
        for alias in ("default", "production"):
            self.workshop.contentgit("status", "--exit-code", alias=alias)
            self.workshop.run(
                "python", "-m", "django", "rebuild_references_index", "-v0", default=alias
            )
            done = self.workshop.run("python", "-m", f"{SHARED}.look", default=alias)
            (self.workshop.folder / f"{alias}.json").write_text(done.stdout.splitlines()[-1])
            found[alias] = json.loads(done.stdout.splitlines()[-1])
            if found[alias]["mended"]:
                raise Failed(
                    f"{what}: {alias} has to be mended\n" + "\n".join(found[alias]["mended"])
                )
        here, there = found["default"], found["production"]
        lines = [*differences(here["same"], there["same"])]
        if lines:
            raise Failed(f"{what}: not equal\n" + "\n".join(lines[:40]))
        for label, rows in here["keys"].items():
            pairs = [({*pks}, {*there["keys"][label].get(row, ())}) for row, pks in rows.items()]
            count, alike = sum(len(ours) for ours, _ in pairs), sum(len(a & b) for a, b in pairs)
            if count:
                print(f"    {label:<40} {count} rows, {alike} with the same key on both sides")
        counts = {name: len(each) for name, each in here["same"].items()}
        print(f"  equal, {what}: {counts}")
        for answers in ("looks", "editors"):
            found = here["same"][answers].values()
            each = [text for some in found for text in (some if isinstance(some, list) else [some])]
            statuses = Counter(text.split(maxsplit=1)[0] for text in each)
            print(f"  answers, {answers}: {dict(statuses)}", flush=True)

    def module(self, name: str, *words: str, default: str = "default") -> None:
        """Runs a module of the site."""
        module = f"{self.workshop.site.folder}.{name}"
        self.workshop.run("python", "-m", module, *words, default=default)


def main(
    site: Site,
    description: str,
    proofs: Callable[[Workshop], Sequence[TwoSides]],
    prepare: Callable[[Workshop, argparse.Namespace], None] | None = None,
    words: Sequence[str] | None = None,
) -> int:
    """The script's face: makes the project, runs the proofs; 0 where everything is the same."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--venv", type=Path, help="virtual environment to make or use again")
    parser.add_argument("--folder", type=Path, help="where the project is made and left")
    parser.add_argument("--no-install", action="store_true", help="take the environment as it is")
    parser.add_argument(
        "--source", type=Path, help="the site's own checkout, if it is not to be downloaded"
    )
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = (options.folder or Path(temporary) / "project").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        venv = (options.venv or Path(temporary) / "venv").absolute()
        workshop = Workshop(site, venv, folder)
        try:
            if not options.no_install:
                installed(site, venv)
            for each in (site.folder, SHARED):
                shutil.copytree(HERE / each, folder / each, dirs_exist_ok=True)
            if prepare:
                prepare(workshop, options)
            for proof in proofs(workshop):
                print(f"{site.folder} {' '.join(proof.fixture)}".strip(), flush=True)
                migrated(workshop)
                proof.run()
        except (Failed, subprocess.CalledProcessError) as failure:
            print(failure, file=sys.stderr)
            return 1
    print("Everything is equal.")
    return 0
