"""The documentation as data: the files a page tells to write, and the commands it tells to type.

``python -m tests.docs.pages docs/tutorial.md`` follows a page and writes the output that the commands
now give into it, where it showed another.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.python import ROOT, python

_FENCE = re.compile(
    r"^(?:% exit (?P<exit>\d+)\n)?^```(?:\{code-block\} )?(?P<kind>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NAMED = re.compile(r"\A(?::caption:|#) (?P<path>\S+\.py)(?P<end>, at the end)?\n\n?")
_PROGRAMS: dict[str, list[str]] = {"python": [], "contentgit": ["-m", "contentgit.cli.main"]}
_QUOTED = re.compile(r"'[^']*'|\"[^\"$`\\]*\"")
_CALL = re.compile(r"(?:python (?:-[cm] )?(?!-)|contentgit )(?:[\w ./:=@,%+^-]|(?<=\w)~)*")
"""A call in which, but for quoted words, nothing is left to the shell."""
_HEX = re.compile(r"\b[0-9a-f]{7,40}\b")


@dataclass(frozen=True)
class File:
    """A file to write; ``append`` where the text goes to the end of what is there."""

    path: str
    text: str
    append: bool


@dataclass(frozen=True)
class Command:
    """A line to type, the lines of output that the page shows, and the exit code it tells of."""

    line: str
    shown: tuple[str, ...]
    exit_code: int = 0


def parts(page: Path) -> Iterator[File | Command]:
    """What a page tells to do, in its order. ``% exit 3`` above a fence is its last command's code."""
    for fence in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield from _parts_of(fence)


def _parts_of(fence: re.Match[str]) -> Iterator[File | Command]:
    if fence["kind"] == "console":
        yield from _commands(fence["body"], int(fence["exit"] or 0))
    elif named := _NAMED.match(fence["body"]):
        yield File(named["path"], fence["body"][named.end() :], bool(named["end"]))


def _commands(body: str, last_code: int) -> Iterator[Command]:
    blocks = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert not blocks[0].strip(), f"output before the first command: {body}"
    for place, block in enumerate(blocks[1:], 2):
        line, *shown = block.rstrip("\n").split("\n")
        yield Command(line, tuple(shown), last_code if place == len(blocks) else 0)


def follow(page: Path, folder: Path, **variables: str) -> None:
    """Does what ``page`` says in ``folder``, and compares what it shows with what comes out.

    ``variables`` are those of the environment that the page takes for given.
    """
    environment = environment_of(folder) | variables
    for part in parts(page):
        if isinstance(part, File):
            _write(folder / part.path, part)
            continue
        said = run(part, folder, environment)
        if not _as_shown(part, said):
            shown = "\n".join(part.shown)
            raise AssertionError(f"$ {part.line}\n{said}\nthe page shows:\n{shown}")


def renew(page: Path, folder: Path) -> None:
    """Follows ``page`` and shows in it what came out, where it showed something else."""
    environment = environment_of(folder)

    def again(fence: re.Match[str]) -> str:
        text = fence[0]
        for part in _parts_of(fence):
            if isinstance(part, File):
                _write(folder / part.path, part)
                continue
            said = run(part, folder, environment)
            if not _as_shown(part, said):
                before = "\n".join((f"$ {part.line}", *part.shown))
                text = text.replace(before, f"$ {part.line}\n{said.rstrip()}")
        return text

    text = _FENCE.sub(again, page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")


def _write(path: Path, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if file.append else ""
    path.write_text(f"{before}\n{file.text}" if before else file.text, encoding="utf-8")


def run(command: Command, folder: Path, environment: dict[str, str]) -> str:
    """Runs a command, which must have the exit code that the page tells of; its output."""
    if _CALL.fullmatch(_QUOTED.sub("", command.line)):
        program, *words = shlex.split(command.line)
        done = python(
            *_PROGRAMS[program], *words, cwd=folder, env=environment, stderr=subprocess.STDOUT
        )
    else:
        done = subprocess.run(
            command.line,
            shell=True,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    if done.returncode != command.exit_code:
        raise AssertionError(f"exit code {done.returncode}\n$ {command.line}\n{done.stdout}")
    return done.stdout


def _as_shown(command: Command, said: str) -> bool:
    return not command.shown or bool(re.fullmatch(_pattern(command.shown), _lines(said)))


def _pattern(shown: tuple[str, ...]) -> str:
    """A line ``…`` stands for any lines, an ``…`` within a line for anything on it."""
    lines = _lines("\n".join(shown)).splitlines()
    return "".join(
        "(?:.*\n)*" if line.strip() == "…" else re.escape(line).replace("…", ".*") + "\n"
        for line in lines
    )


def _lines(text: str) -> str:
    """Commit ids differ from run to run; spaces at line ends are nothing."""
    return "".join(f"{_HEX.sub('<id>', line.rstrip())}\n" for line in text.rstrip().split("\n"))


def environment_of(folder: Path) -> dict[str, str]:
    """``python`` and ``contentgit`` are those that run this test, whatever its own settings are."""
    programs = folder.parent / f"{folder.name}-bin"
    programs.mkdir(exist_ok=True)
    for name, words in _PROGRAMS.items():
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *words])} "$@"\n')
        path.chmod(0o755)
    inner = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    inner["PATH"] = f"{programs}{os.pathsep}{inner['PATH']}"
    inner["PYTHONPATH"] = str(ROOT)
    inner["COLUMNS"] = "100"
    return inner


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "page"
        place.mkdir()
        renew(Path(sys.argv[1]), place)
