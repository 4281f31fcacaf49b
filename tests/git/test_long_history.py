"""Long histories: read with few processes, the first page at once, and ended by whoever stops reading."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contentgit.cli.main import main
from contentgit.content.canonical import dump_document
from contentgit.git import Repository
from contentgit.git.program import Program
from contentgit.history.commits import Selection, log, shown
from tests.git.pages import DATASET, page, path_of
from tests.git.plain import git

COMMITS = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository whose commits edit two pages each."""
    path = tmp_path_factory.mktemp("long") / "content"
    Repository.init(path, bare=True)
    lines: list[bytes] = []
    for number in range(COMMITS):
        files = {
            path_of(key): page(key, title=f"T {number}") for key in (number, number * 7 % COMMITS)
        }
        if not number:
            files |= {"contentgit.json": dump_document({"format": 1})}
            files |= {"pages/dataset.json": dump_document(DATASET)}
        head = (
            f"commit refs/heads/main\ncommitter Anna <a@b.c> {10**9 + number} +0000\ndata 4\nEdit\n"
        )
        lines.append(head.encode())
        for name, data in files.items():
            lines.append(f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n")
    git(path, "fast-import", "--quiet", data=b"".join(lines))
    return path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of the git processes that were started, and ``ask`` for each object that was asked for."""
    found: list[str] = []
    start, look_up = Program.start, Program.look_up
    monkeypatch.setattr(
        Program,
        "start",
        lambda self, verb, *a, **o: found.append(verb) or start(self, verb, *a, **o),
    )
    monkeypatch.setattr(
        Program, "look_up", lambda self, name: found.append("ask") or look_up(self, name)
    )
    return found


@pytest.mark.parametrize(
    "words",
    [
        "log -p",
        "log -p --json",
        "log -p main -- pages",
        "log -p main -- pages.page:7",
        "log",
        "log main -- pages",
        "log pages.page:7",
        "blame pages.page:7",
    ],
)
def test_few_processes(
    folder: Path, words: str, started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *rest = words.split()
    assert main([verb, f"--repository={folder}", *rest]) == 0
    assert capsys.readouterr().out.count("\n") > 2
    assert len([each for each in started if each != "ask"]) <= 16


def test_the_first_change_is_there_at_once(folder: Path, started: list[str]) -> None:
    repository = Repository.open(folder)
    started.clear()
    found = log(repository, "main", [], None)
    first = shown(repository, next(found), Selection())
    assert next(first.changes).change.kind == "update"
    assert started.count("rev-list") == started.count("cat-file") == 1
    assert len(started) < 40


@pytest.mark.parametrize("words", ["log -p", "log", "log -p --json"])
def test_a_reader_that_stops_ends_it(folder: Path, words: str) -> None:
    for line in head(folder, words):
        assert line


def head(folder: Path, words: str) -> Iterator[str]:
    """The first line that ``contentgit`` prints; its reader goes away then."""
    command = [sys.executable, "-m", "contentgit", *words.split(), f"--repository={folder}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        yield process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert (process.wait(), errors) == (0, "")
