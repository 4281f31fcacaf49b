"""Two databases with other keys for everything: whether what refers to what is the same in both.

A site's folder has ``fill.py``, which changes its default database, and ``look.py``, which prints what is
there as JSON: ``same``, with titles in place of keys, and ``keys`` by model.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proof import HERE, Failed, Site, Workshop, installed, migrated

APPLY = ("checkout", "main", "--apply", "--no-input")


def same(workshop: Workshop, what: str, *commands: str) -> None:
    """Prints how much was compared, after these management commands.

    Raises:
        Failed: the first differences.
    """
    for alias in ("default", "production"):
        workshop.contentgit("status", "--exit-code", alias=alias)
        for command in commands:
            workshop.run("python", "-m", "django", command, "-v0", default=alias)
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
    are_lists = isinstance(here, list) and isinstance(there, list)
    if are_lists and (path.endswith("index") or len(here) != len(there)):
        apart = [f"- {each}" for each in here if each not in there]
        return [*apart, *(f"+ {each}" for each in there if each not in here)]
    if are_lists:
        pairs = enumerate(zip(here, there, strict=True))
        return [line for at, pair in pairs for line in differences(*pair, f"{path}/{at}")]
    if isinstance(here, str) and isinstance(there, str) and "\n" in here:
        return differences([*here.splitlines()], [*there.splitlines()], f"{path}/index")
    return [] if here == there else [f"{path}\n- {here}\n+ {there}"]


def looked(workshop: Workshop, alias: str) -> dict[str, Any]:
    """What the site of a database has."""
    done = workshop.run("python", "-m", f"{workshop.site.folder}.look", default=alias)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fill(workshop: Workshop, *words: str, alias: str = "default") -> None:
    """Changes a database by the site's own means."""
    workshop.run("python", "-m", f"{workshop.site.folder}.fill", *words, default=alias)


def main(site: Site, prove: Callable[[Workshop], None], description: str) -> int:
    """The script's face: makes the project and proves it; 0 where everything is the same."""
    parser = argparse.ArgumentParser(description=description)
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
                installed(site, venv)
            workshop = Workshop(site, venv, folder)
            shutil.copytree(HERE / site.folder, folder / site.folder, dirs_exist_ok=True)
            workshop.run("python", "-m", "django", "makemigrations", "home", "-v0")
            migrated(workshop)
            prove(workshop)
        except (Failed, subprocess.CalledProcessError) as failure:
            print(failure, file=sys.stderr)
            return 1
    print("Everything is equal.")
    return 0
