"""These tests import models, so Django is started before they are collected."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests import databases as test_databases
from tests.kept import Beginnings

test_databases.start_django()


@dataclass(frozen=True)
class Said:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run: TypeAlias = Callable[..., Said]


@pytest.fixture
def run(repository_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls the command line in this process, with the test's repository."""
    from contentgit.cli.main import main

    def call(verb: str, *words: str) -> Said:
        capsys.readouterr()
        if verb == "init":
            code = main([verb, str(repository_path), *words])
        else:
            here = [] if verb in ("datasets", "untrack") else [f"--repository={repository_path}"]
            code = main([verb, *here, *words])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def ok(run: Run, beginnings: Beginnings, repository_path: Path) -> Callable[..., str]:
    """The same for calls that must succeed; gives standard output.

    ``init`` without options copies what it made before, and says nothing; whoever tests it calls ``run``.
    """

    def call(*words: str) -> str:
        if words == ("init",) and not repository_path.exists():
            beginnings.begin("init", lambda: run("init"), (), repository_path)
            return ""
        said = run(*words)
        assert said.code == 0, f"contentgit {' '.join(words)}\n{said.out}{said.err}"
        return said.out

    return call


@pytest.fixture
def git(repository_path: Path) -> Callable[..., str]:
    """Plain git in the test's repository."""

    def call(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=repository_path, capture_output=True, text=True, check=True
        )
        return done.stdout.rstrip("\n")

    return call


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Beginnings:
    """What tests of this process begin with."""
    return Beginnings(tmp_path_factory.mktemp("beginnings"))


Begin: TypeAlias = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def begin(databases: tuple[str, str], beginnings: Beginnings, repository_path: Path) -> Begin:
    """Brings both databases and the repository to what a function makes of them when they are empty."""
    return partial(beginnings.begin, aliases=databases, repository=repository_path)


@pytest.fixture
def committed(
    db: str, ok: Callable[..., str], beginnings: Beginnings, repository_path: Path
) -> None:
    """The whole shop in ``default``, and a repository with a commit of it."""
    beginnings.begin("committed", lambda: _commit_shop(ok), [db], repository_path)


@pytest.fixture
def twins(begin: Begin, ok: Callable[..., str]) -> None:
    """Two databases at the same commit, that of ``committed``."""

    def make() -> None:
        _commit_shop(ok)
        ok("checkout", "main", "--apply", "--yes", "--database=other")

    begin("twins", make)


def _commit_shop(ok: Callable[..., str]) -> None:
    from tests.bakery.content import fill

    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
