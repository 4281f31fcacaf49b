"""Databases, git identity and temporary folders of the tests.

Django is imported only by the fixtures that need a database, and by the conftest of the folders
whose tests import models: the tests of the rules run without it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.python import keep_compiled

if TYPE_CHECKING:
    from tests.databases import Cleaner

# Every process of a run (and every run) has databases of its own; programs that a test starts
# inherit the name and find them. Not the process's id: two containers that share a server can have
# the same, and a database of that name would be taken for one that was left behind.
os.environ["CONTENTGIT_TEST_NAME"] = f"cg_test_{secrets.token_hex(4)}"
keep_compiled()


# How many examples of a law are tried; a busy machine is no reason to fail one.
for _profile, _examples in (("quick", 10), ("default", 100), ("thorough", 2000)):
    settings.register_profile(_profile, settings(), max_examples=_examples, deadline=None)
settings.load_profile(os.environ.get("CONTENTGIT_TEST_EXAMPLES") or "default")


def browser() -> str:
    """The program of a browser that shows a page without a screen; ``""`` where there is none."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), "")


def has_lfs() -> bool:
    """Whether git-lfs is installed."""
    return shutil.which("git-lfs") is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this machine cannot test."""
    if not browser():
        terminalreporter.write_line("no browser: reports were not looked at in one (chromium)")
    if not has_lfs():
        terminalreporter.write_line("no git-lfs: files were not kept by it (git-lfs)")


SPATIAL = ("spatialite", "postgis", "mysqlgis")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A folder only_<database> has models that no other database can hold, and since_<digits> those
    of a Django that may not be here; a browser or git-lfs may be missing.

    In continuous integration that is a failure.
    """
    needed = {"test_browser.py": browser, "test_lfs.py": has_lfs, "test_files_lfs.py": has_lfs}
    has = needed.get(collection_path.name)
    if has and not has():
        return True if os.environ.get("CI") != "true" else None
    database = os.environ.get("CONTENTGIT_TEST_DATABASE") or "sqlite"
    folder = collection_path.relative_to(Path(__file__).parent).parts[:1]
    own = {f"only_{database}", "only_spatial" if database in SPATIAL else ""}
    foreign = folder and folder[0].startswith("only_") and folder[0] not in own
    if folder and folder[0].startswith("since_"):
        django = "".join(version("django").split(".")[:2])
        foreign = int(folder[0].partition("_")[2]) > int(django)
    return True if foreign else None


def pytest_sessionfinish() -> None:
    """Remove the files of SQLite, also those that a connection without a fixture has made."""
    for path in Path(tempfile.gettempdir()).glob(f"{os.environ['CONTENTGIT_TEST_NAME']}[._]*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


GIT_CONFIG = """\
[user]
\tname = Test Author
\temail = author@example.com
[init]
\tdefaultBranch = main
"""


@pytest.fixture(autouse=True, scope="session")
def _isolated_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An identity and configuration of its own, whatever the machine's and the caller's are."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(GIT_CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture
def repository_path(tmp_path: Path) -> Path:
    """Where a test may make its repository; nothing is there yet."""
    return tmp_path / "content"


@pytest.fixture(scope="session")
def _cleaners() -> Iterator[dict[str, Cleaner]]:
    from tests import databases

    with databases.created() as cleaners:
        yield cleaners


@pytest.fixture
def db(_cleaners: dict[str, Cleaner]) -> str:
    """The alias ``default``, holding what ``migrate`` leaves and nothing else."""
    _cleaners["default"].clean()
    return "default"


@pytest.fixture
def databases(_cleaners: dict[str, Cleaner]) -> tuple[str, str]:
    """The aliases ``default`` and ``other``, each holding what ``migrate`` leaves, nothing else."""
    for cleaner in _cleaners.values():
        cleaner.clean()
    return ("default", "other")
