"""``status`` and ``log --applied`` of every database of the settings."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from tests.bakery.models import Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
Add = Callable[..., None]


@pytest.fixture
def add() -> Iterator[Add]:
    """Adds an alias to the settings."""
    added = []

    def call(alias: str, **settings: Any) -> None:
        connections.settings[alias] = {**connections.settings["default"], **settings}
        added.append(alias)

    yield call
    for alias in added:
        with contextlib.suppress(ImproperlyConfigured, ImportError):
            connections[alias].close()
            del connections[alias]
        del connections.settings[alias]


SQLITE = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}}


def test_every_database_is_looked_at(twins: None, ok: Ok, run: Run, git: Ok) -> None:
    at = git("rev-parse", "main")[:10]
    clean = [f"{name}  at {at} (main), clean" for name in ("shop", "hours", "pages")]
    expected = [
        "Database default (test), branch main",
        *clean,
        "Database other (test), branch main",
        *clean,
    ]
    found = [
        line for line in ok("status", "--all-databases").splitlines() if "categories" not in line
    ]
    assert found == expected
    assert run("status", "--all-databases", "--exit-code").code == 0
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    said = run("status", "--all-databases", "--exit-code")
    assert (said.code, said.err) == (1, "")
    assert "  1 record edited since:\n    ~ bakery.tag:3" in said.out
    assert ok("status", "--all-databases") == said.out


def test_hints_name_the_database_they_are_about(twins: None, ok: Ok, repository_path: Path) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Name it")
    hint = f"contentgit checkout --repository {repository_path} --database other main shop"
    assert hint in ok("status", "--all-databases")


def test_a_database_without_a_ledger_is_passed_over(
    twins: None, run: Run, add: Add, tmp_path: Path
) -> None:
    empty, missing, folder = tmp_path / "empty.db", tmp_path / "missing.db", tmp_path / "folder"
    empty.touch()
    folder.mkdir()
    add("empty", NAME=str(empty), **SQLITE)
    add("missing", NAME=str(missing), **SQLITE)
    add("folder", NAME=str(folder), **SQLITE)
    said = run("status", "shop", "--all-databases", "--exit-code")
    assert (said.code, said.err) == (0, "")
    hint = "python manage.py migrate contentgit --database empty"
    assert said.out.splitlines()[-3:] == [
        f"Database empty: the database 'empty' has no contentgit tables; {hint}",
        f"Database missing: there is no file {missing}",
        (
            "Database folder: database 'folder' cannot be reached: unable to open database file; check "
            "DATABASES['folder'] in the settings: NAME, and of a server HOST, PORT, USER, PASSWORD"
        ),
    ]
    assert not missing.exists()
    assert empty.stat().st_size == 0


def test_a_database_whose_driver_is_missing_is_passed_over(twins: None, run: Run, add: Add) -> None:
    add("oracle", ENGINE="django.db.backends.oracle")
    said = run("log", "--applied", "--all-databases", "--json")
    assert said.code == 0
    last = said.json["databases"][-1]
    assert last["database"] == "oracle"
    assert last["lacks"].startswith("database 'oracle' cannot be used: ")


def test_one_that_fails_does_not_hide_the_others(
    twins: None, run: Run, git: Ok, repository_path: Path
) -> None:
    git("checkout", "-qb", "broken")
    path = git("ls-files", "shop/bakery.tag").splitlines()[0]
    (repository_path / path).write_text("{")
    git("commit", "-qam", "No record")
    with connections["default"].cursor() as cursor:
        commit = git("rev-parse", "HEAD")
        cursor.execute(f"UPDATE contentgit_ledger SET {quoted('commit')} = '{commit}'")
    git("checkout", "-q", "main")
    said = run("status", "--all-databases")
    assert said.code == 1
    assert said.out.startswith("Database other (test), branch main\n")
    assert said.err.startswith(f"error: {path} in commit {commit[:10]} is no record: not JSON")
    documents = run("status", "--all-databases", "--json").json["databases"]
    assert [each["database"] for each in documents] == ["default", "other"]
    assert documents[0]["error"]["error"] == "FormatError"
    assert [each["dump"] for each in documents[1]["dumps"]][:1] == ["shop"]


def quoted(name: str) -> str:
    return connections["default"].ops.quote_name(name)


def test_what_is_wrong_with_the_call_is_said_once(twins: None, run: Run, tmp_path: Path) -> None:
    said = run("status", "nowhere", "--all-databases")
    assert (said.code, said.out) == (2, "")
    assert said.err.count("there is no dataset 'nowhere'") == 1
    said = run("status", "--database=other", "--all-databases")
    assert said.code == 2
    assert "not allowed with argument --database" in said.err
    said = run("log", "--all-databases")
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "error: --all-databases requires --applied",
    )


def test_without_a_repository_it_fails_once(
    databases: object, run: Run, repository_path: Path
) -> None:
    shutil.rmtree(repository_path, ignore_errors=True)
    said = run("status", "--all-databases")
    assert (said.code, said.out) == (1, "")
    assert said.err.count("error: ") == 1


def test_as_json(twins: None, run: Run) -> None:
    one = run("status", "--json", "--database=other").json
    said = run("status", "--all-databases", "--json").json
    names = ("edited_files", "left_folders", "locks", "backlog")
    repository = {name: said[name] for name in names}
    assert {**said["databases"][1], **repository} == one
    applied = run("log", "--applied", "--all-databases", "--json").json["databases"]
    assert [(each["database"], len(each["applied"])) for each in applied] == [
        ("default", 3),
        ("other", 3),
    ]


def test_all_ledgers(twins: None, ok: Ok, run: Run) -> None:
    lines = ok("log", "--applied", "--all-databases", "-n", "1").splitlines()
    assert (lines[0], lines[2]) == ("Database default", "Database other")
    assert (" commit " in lines[1], " apply " in lines[3]) == (True, True)


def test_it_writes_nothing(twins: None, ok: Ok) -> None:
    """A replica would refuse to be written to."""

    def read_only(execute: Any, sql: str, *rest: Any) -> Any:
        assert not sql.startswith(("INSERT", "UPDATE", "DELETE", "CREATE")), sql
        return execute(sql, *rest)

    with connections["other"].execute_wrapper(read_only):
        ok("status", "--all-databases")
        ok("log", "--applied", "--all-databases")
