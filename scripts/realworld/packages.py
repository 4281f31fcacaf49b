"""Packages that keep content in ways of their own, between databases with other primary keys.

Run ``python scripts/realworld/packages.py`` for all, or with the names of some; it needs Python, git and a
package index, and nothing else of this checkout. For each package: fill one database, apply in another, where
each row gets another primary key, edit on both sides, merge, and apply on both. After each step all rows of
both are compared in raw SQL, with titles in place of keys, and what the package itself says of them.
``--bare`` leaves out of the specs what is said there of the package, to show what it is for.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packages_site.pins import DJANGO, PACKAGES
from proof import Failed, Site, Workshop, installed, migrated

APPLY = ("checkout", "main", "--apply", "--no-input")
STAGE, PRODUCTION = "default", "production"


def prove(workshop: Workshop) -> None:
    """Content from one database to the other and back, edited on both sides.

    Raises:
        Failed: a row, or what the package says, is not the same in both, or an edit is lost.
    """
    edit(workshop, STAGE, "fill", "Stage")
    edit(workshop, PRODUCTION, "empty", "Gone")
    filled = looked(workshop, STAGE)
    workshop.contentgit("init")
    workshop.contentgit("commit", "-m", "Stage")
    workshop.contentgit(*APPLY, alias=PRODUCTION)
    equal("applied", filled, same(workshop, "applied in the other database"))
    for alias, who in ((PRODUCTION, "Production"), (STAGE, "Stage")):
        edit(workshop, alias, "edit", who)
    edit(workshop, PRODUCTION, "fill", "Production")
    sides = {"Stage": looked(workshop, STAGE), "Production": looked(workshop, PRODUCTION)}
    workshop.contentgit("commit", "-m", "Edits")
    workshop.contentgit("update", "--no-input", alias=PRODUCTION)
    workshop.contentgit("commit", "-m", "Edits there", alias=PRODUCTION)
    workshop.contentgit(*APPLY)
    merged = same(workshop, "edited on both sides")
    for who, side in sides.items():
        lost = {*rows(side)} - {*rows(filled)} - {*rows(merged)}
        if lost:
            raise Failed(
                f"{who}: an edit is lost, or refers to something else\n{shown(sorted(lost))}"
            )
        back = ({*rows(filled)} - {*rows(side)}) & {*rows(merged)}
        if back:
            raise Failed(f"{who}: what it changed or deleted is back\n{shown(sorted(back))}")


def same(workshop: Workshop, what: str) -> dict[str, Any]:
    """What both databases have; prints how much that is.

    Raises:
        Failed: they have not the same.
    """
    for alias in (STAGE, PRODUCTION):
        workshop.contentgit("status", "--exit-code", alias=alias)
    here, there = (looked(workshop, alias) for alias in (STAGE, PRODUCTION))
    equal(what, here, there)
    ours = [*lines(here)]
    own = len([line for line in ours if line.startswith("own:")])
    print(f"  equal, {what}: {len(ours) - own} rows; the package says the same in {own} lines")
    return here


def equal(what: str, here: dict[str, Any], there: dict[str, Any]) -> None:
    """Compares what two databases have.

    Raises:
        Failed: the first differences.
    """
    ours, theirs = [*lines(here)], [*lines(there)]
    apart = [f"- {each}" for each in ours if each not in theirs]
    apart += [f"+ {each}" for each in theirs if each not in ours]
    if apart or len(ours) != len(theirs):
        raise Failed(f"{what}: not equal\n{shown(apart)}")


def lines(found: dict[str, Any]) -> Iterator[str]:
    """A line for each row, and for what the package says."""
    for table, rows in found["rows"].items():
        yield from (f"{table}: {row}" for row in rows)
    yield from (f"own: {each}" for each in found["own"])


def rows(found: dict[str, Any]) -> Iterator[str]:
    """The lines of the rows that only one side has edited."""
    both = tuple(found["both"])
    yield from (each for each in lines(found) if not each.startswith(("own:", *both)))


def shown(found: list[str]) -> str:
    """The first of these lines."""
    return "\n".join(each[:400] for each in found[:20])


def looked(workshop: Workshop, alias: str) -> dict[str, Any]:
    """The rows of a database, and what the package says of them."""
    done = workshop.run("python", "-m", "packages_site.rows", default=alias)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def edit(workshop: Workshop, alias: str, what: str, who: str) -> None:
    """Makes or changes content of a database."""
    workshop.run("python", "-m", "packages_site.edit", what, who, default=alias)


def main() -> int:
    """0 where everything is the same."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PACKAGES))
    parser.add_argument("--venv", type=Path, help="virtual environment to make or use again")
    parser.add_argument("--folder", type=Path, help="where the projects are made and left")
    parser.add_argument("--no-install", action="store_true", help="take the environment as it is")
    parser.add_argument(
        "--bare", action="store_true", help="specs without what is said of the package"
    )
    options = parser.parse_args()
    unknown = {*options.names} - {*PACKAGES}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(PACKAGES)}")
    os.environ["SITE_BARE"] = "1" if options.bare else ""
    failed = 0
    for name in options.names or PACKAGES:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            failed += not tried(name, options, Path(temporary))
    print("Everything is equal." if not failed else f"{failed} failed.")
    return 1 if failed else 0


def tried(name: str, options: argparse.Namespace, temporary: Path) -> bool:
    """Whether all went well with a package, in a virtual environment of its own."""
    package = PACKAGES[name]
    print(f"{name}: {', '.join(package.pins)}", flush=True)
    os.environ["SITE_PACKAGE"] = name
    site = Site(folder="packages_site", packages=(DJANGO, *package.pins), aliases=False)
    folder = ((options.folder or temporary) / name).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    venv = (options.venv or temporary / "venv").absolute()
    try:
        if not options.no_install:
            installed(site, venv)
        workshop = Workshop(site, venv, folder)
        shutil.copytree(Path(__file__).parent / site.folder, folder / site.folder)
        workshop.run("python", "-m", "django", "makemigrations", "shop", "-v0")
        migrated(workshop)
        prove(workshop)
    except (Failed, subprocess.CalledProcessError) as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
