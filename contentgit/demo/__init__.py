"""A bakery with a stage and a production site, and a walk through contentgit's verbs on it.

:func:`build` makes the site in a folder of its own; :data:`STEPS` is the walk, as data; :func:`run` does
both and streams what each step was called with and what it printed. Every step is a real process of
the interpreter that is handed in; whatever is shown can be typed again in the folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from contentgit import config
from contentgit.errors import ContentgitError, RefusedError, RepositoryError, UsageError

MARKER = ".contentgit-demo"
"""The file that tells a demo's folder from one that holds somebody's work."""

_TEMPLATE = Path(__file__).parent / "site"
_SITES = ("stage", "production")
_WINDOWS = os.name == "nt"
_FAREWELL = """
  cd {folder}
  ./stage runserver 8000           http://127.0.0.1:8000/    where editors work
  ./production runserver 8001      http://127.0.0.1:8001/    what customers see

  Both have an admin under /admin/ (user admin, password admin). Change something on stage,
  then: ./stage contentgit diff, ./stage contentgit commit -m 'My words', and
  ./production contentgit checkout main --apply. Where production holds edits of its own,
  --force overwrites them after a commit of them under refs/contentgit/backup/.
"""


class DemoStep(NamedTuple):
    """One step of the walk: a line that explains it, the words typed, the exit code it must have."""

    say: str
    typed: str
    exit_code: int = 0


STEPS = (
    DemoStep(
        "Stage is full of content, production is empty. What travels, travels through git.",
        "./stage contentgit init",
    ),
    DemoStep(
        "What is content? bakery/datasets.py says it; this is what it finds on stage.",
        "./stage contentgit datasets",
    ),
    DemoStep(
        "All of it becomes one commit, one readable file per record.",
        "./stage contentgit commit -m 'The bakery as it stands'",
    ),
    DemoStep(
        "Production is empty. It takes over what the commit holds.",
        "./production contentgit checkout main --apply --yes",
    ),
    DemoStep(
        "On stage an editor prepares the autumn menu, on a branch.",
        "./stage contentgit checkout -b autumn",
    ),
    DemoStep("This is what they do; the admin would do as well.", "./stage edit autumn"),
    DemoStep("What has changed since the last commit?", "./stage contentgit diff"),
    DemoStep(
        "That is what was meant, so it becomes a commit.",
        "./stage contentgit commit -m 'Autumn menu'",
    ),
    DemoStep(
        "Somewhere a pull request is read and accepted. Here, git alone stands for it.",
        "git -C content switch --quiet main",
    ),
    DemoStep("", "git -C content merge --ff-only --stat autumn"),
    DemoStep(
        "Production asks what this would mean. Nothing is written: this is the plan.",
        "./production contentgit checkout main",
    ),
    DemoStep(
        "The same plan, carried out in one transaction: rename, swapped addresses, delete.",
        "./production contentgit checkout main --apply --yes",
    ),
    DemoStep(
        "Meanwhile somebody edits the production site itself, in no commit.",
        "./production edit price",
    ),
    DemoStep("And stage goes on too.", "./stage edit words"),
    DemoStep("", "./stage contentgit commit -m 'A better line for the pretzel'"),
    DemoStep(
        "Now an apply would overwrite the price that was set on production. It is refused.",
        "./production contentgit checkout main --apply --yes",
        exit_code=3,
    ),
    DemoStep(
        "The way on: what production holds becomes a commit on a branch of its own.",
        "./production contentgit commit --branch prices -m 'Dearer pretzels'",
    ),
    DemoStep(
        "Two people changed the same record, in different fields: git merges it by itself.",
        "git -C content merge --quiet -m 'Merge the prices of production' prices",
    ),
    DemoStep(
        "Production takes the new words and keeps its price.",
        "./production contentgit checkout main --apply --yes",
    ),
    DemoStep(
        "So does stage, the other way round.", "./stage contentgit checkout main --apply --yes"
    ),
    DemoStep("Both databases now are what main says.", "./production contentgit status"),
    DemoStep("What happened, as git tells it:", "git -C content log --graph --oneline"),
)


def build(folder: Path, *, python: str, reset: bool = False) -> None:
    """Builds the site in ``folder``: two databases, stage with content and production without.

    Raises:
        UsageError: ``folder`` is a file, or holds something that is no demo.
        RefusedError: ``folder`` holds an earlier demo and ``reset`` is false.
        ContentgitError: a process of the site failed; the message holds what it printed.
    """
    _clear(folder, reset=reset)
    shutil.copytree(
        _TEMPLATE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / MARKER).write_text(
        "contentgit demo --reset may delete this folder\n", encoding="utf-8"
    )
    for site in _SITES:
        _write_launcher(folder, site, python)
    _quietly(folder, "./stage prepare")
    # A commit says who made it: where git does not know, the demo's repository names somebody.
    with _started(folder, "git config user.email", colour=False) as asking:
        asking.communicate()
    if asking.returncode:
        _quietly(folder, "git init --quiet content")
        _quietly(folder, "git -C content symbolic-ref HEAD refs/heads/main")
        _quietly(folder, "git -C content config user.name 'Miriam of the bakery'")
        _quietly(folder, "git -C content config user.email miriam@example.com")


def run(
    folder: Path, *, write: Callable[[str], None], python: str, colour: bool, reset: bool = False
) -> int:
    """Builds the demo in ``folder`` and walks through it; the exit code is 0 when every step went as told.

    ``write`` gets text with its line ends, as a stream's ``write`` does. ``python`` is the interpreter
    that has contentgit; ``colour`` lets contentgit and git colour their output.

    Raises:
        ContentgitError: as :func:`build`.
    """

    def paint(code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    write(paint("1", f"A bakery is built in {folder} …") + "\n")
    build(folder, python=python, reset=reset)
    for step in STEPS:
        if step.say:
            write("\n" + paint("36", f"# {step.say}") + "\n")
        write(paint("1;32", "$ ") + paint("1", step.typed) + "\n")
        with _started(folder, step.typed, colour=colour) as process:
            assert process.stdout is not None
            for line in process.stdout:
                write(line)
        code = process.returncode
        if code != step.exit_code:
            write(paint("1;31", f"exit code {code}, where {step.exit_code} was expected") + "\n")
            return 1
        if code:
            write(paint("33", f"(exit code {code})") + "\n")
    write("\n" + paint("1", "The bakery stays open. Play with it:") + "\n")
    write(_FAREWELL.format(folder=shlex.quote(str(folder))))
    return 0


def _quietly(folder: Path, typed: str) -> None:
    with _started(folder, typed, colour=False) as process:
        said, _ = process.communicate()
    if process.returncode:
        message = f"the demo could not be built, for {typed} failed"
        raise ContentgitError(message, hint="; ".join(said.strip().splitlines()[-2:]))


def _started(folder: Path, typed: str, *, colour: bool) -> subprocess.Popen[str]:
    program, *words = shlex.split(typed)
    argv = [program, *words]
    if program.startswith("./"):
        name = program.removeprefix("./")
        argv = ["cmd", "/c", f"{name}.cmd", *words] if _WINDOWS else ["sh", name, *words]
    try:
        return subprocess.Popen(  # noqa: S603 - the words are our own, the program is our launcher or git
            argv,
            cwd=folder,
            env=config.child_environment(colour=colour),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError:
        raise RepositoryError(
            f"{argv[0]} is not installed", hint="install git and call again"
        ) from None


def _clear(folder: Path, *, reset: bool) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is a file", hint="name a folder that is empty or does not exist"
        )
    if not any(folder.iterdir()):
        return
    if not (folder / MARKER).is_file():
        raise UsageError(
            f"{folder} is not empty", hint="name a folder that is empty or does not exist"
        )
    if not reset:
        raise RefusedError(
            f"{folder} holds an earlier demo, perhaps with your own edits",
            hint="contentgit demo --reset builds it anew; or name another folder",
        )
    shutil.rmtree(folder)


def _write_launcher(folder: Path, site: str, python: str) -> None:
    """``./stage`` and ``./production`` are ``manage.py`` with a site and the right interpreter."""
    root = Path(__file__).resolve().parents[2]
    # Where contentgit is not installed as a package, Python has to be told of the checkout.
    where = None if root.name in {"site-packages", "dist-packages"} else root
    if _WINDOWS:
        lines = [f"set SITE={site}", f'"{python}" "%~dp0manage.py" %*']
        if where:
            lines.insert(0, f"set PYTHONPATH={where}")
        (folder / f"{site}.cmd").write_text("".join(f"@{line}\n" for line in lines), "utf-8")
        return
    lines = [
        "#!/bin/sh",
        f'SITE={site} exec {shlex.quote(python)} "$(dirname "$0")/manage.py" "$@"',
    ]
    if where:
        lines.insert(1, f"export PYTHONPATH={shlex.quote(str(where))}")
    (folder / site).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / site).chmod(0o755)
