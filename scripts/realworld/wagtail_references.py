"""Wagtail's references inside of rich text, streams and drafts, between databases with other ids.

Run ``python scripts/realworld/wagtail_references.py``; it needs Python, git and a package index, and nothing
else of this checkout.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from proof import HERE, Failed, Site, Workshop, installed, migrated

SITE = Site(
    folder="wagtail_references_site",
    packages=("wagtail", "Django"),
    aliases=False,
)
APPLY = ("checkout", "main", "--apply", "--no-input")


def prove(workshop: Workshop) -> None:
    """Content from one database to the other and back, edited on both sides.

    Raises:
        Failed: what refers to what, or what a page looks like, is not the same in both.
    """
    run(workshop, "fill", "fill", "Stage")
    run(workshop, "fill", "empty", "Gone", default="production")
    workshop.contentgit("init")
    workshop.contentgit("commit", "-m", "Stage")
    # What migrations made there are the same rows; the tree above the content differs.
    adopt = (
        "identity",
        "adopt",
        "main",
        "--by",
        "wagtailcore.page=parent,slug",
        "--apply",
        "--yes",
    )
    workshop.contentgit(*adopt, alias="production")
    workshop.contentgit(*APPLY, "--force", alias="production")
    same(workshop, "applied")
    run(workshop, "fill", "edit", "Production", default="production")
    run(workshop, "fill", "fill", "Production", default="production")
    run(workshop, "fill", "edit", "Stage")
    workshop.contentgit("commit", "-m", "Edits")
    workshop.contentgit("update", "--no-input", alias="production")
    workshop.contentgit("commit", "-m", "Edits there", alias="production")
    workshop.contentgit(*APPLY)
    same(workshop, "edited on both sides")


def same(workshop: Workshop, what: str) -> None:
    """Prints how much was compared.

    Raises:
        Failed: the first differences, or keys that are the same on both sides.
    """
    for alias in ("default", "production"):
        workshop.contentgit("status", "--exit-code", alias=alias)
        workshop.run("python", "-m", "django", "rebuild_references_index", "-v0", default=alias)
    here, there = (looked(workshop, alias) for alias in ("default", "production"))
    found = [*differences(here["same"], there["same"])]
    if found:
        raise Failed(f"{what}: not equal\n" + "\n".join(found[:20]))
    for label, keys in here["keys"].items():
        shared = {*keys} & {*there["keys"][label]}
        print(f"    {label:<24} {len(keys)} rows, {len(shared)} with the same key in both")
    counts = {name: len(each) for name, each in here["same"].items()}
    print(f"  equal, {what}: {counts}", flush=True)


def differences(here: Any, there: Any, path: str = "") -> list[str]:
    """Where two values of JSON differ."""
    if isinstance(here, dict) and isinstance(there, dict):
        names = {**here, **there}
        return [
            line
            for name in names
            for line in differences(here.get(name), there.get(name), f"{path}/{name}")
        ]
    if isinstance(here, list) and isinstance(there, list) and path.endswith("index"):
        apart = [f"- {each}" for each in here if each not in there]
        return [*apart, *(f"+ {each}" for each in there if each not in here)]
    if isinstance(here, str) and isinstance(there, str) and "\n" in here:
        return differences([*here.splitlines()], [*there.splitlines()], f"{path}/index")
    return [] if here == there else [f"{path}\n- {here}\n+ {there}"]


def looked(workshop: Workshop, alias: str) -> dict[str, Any]:
    """What the site of a database has."""
    done = workshop.run("python", "-m", f"{SITE.folder}.look", default=alias)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(workshop: Workshop, module: str, *words: str, default: str = "default") -> None:
    """Runs a module of the site."""
    workshop.run("python", "-m", f"{SITE.folder}.{module}", *words, default=default)


def main() -> int:
    """0 where everything is the same."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--venv", type=Path, help="virtual environment to make or use again")
    parser.add_argument("--folder", type=Path, help="where the project is made and left")
    parser.add_argument("--no-install", action="store_true", help="take the environment as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = (options.folder or Path(temporary) / "project").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        venv = (options.venv or Path(temporary) / "venv").absolute()
        try:
            if not options.no_install:
                installed(SITE, venv)
            workshop = Workshop(SITE, venv, folder)
            shutil.copytree(HERE / SITE.folder, folder / SITE.folder, dirs_exist_ok=True)
            workshop.run("python", "-m", "django", "makemigrations", "home", "-v0")
            migrated(workshop)
            prove(workshop)
        except (Failed, subprocess.CalledProcessError) as failure:
            print(failure, file=sys.stderr)
            return 1
    print("Everything is equal.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
