"""Where the tool is called from: inside a git hook, against a database that may only be read."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]

READER = {
    "postgresql": (
        "CREATE ROLE {user} LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}",
        "DROP OWNED BY {user}",
        "DROP ROLE {user}",
    ),
    "mysql": (
        "CREATE USER {user}@'%'",
        "GRANT SELECT ON *.* TO {user}@'%'",
        "REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}@'%'",
        "DROP USER {user}@'%'",
    ),
}


@contextmanager
def reading_only(alias: str) -> Iterator[None]:
    """The alias is used by somebody who may read and nothing else."""
    connection = connections[alias]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = OFF")
        return
    user = f"cg_reader_{os.getpid()}"
    create, grant, revoke, drop = (text.format(user=user) for text in READER[connection.vendor])
    _say(alias, create, grant)
    owner = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = user
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = owner
        _say(alias, revoke, drop)


def _say(alias: str, *statements: str) -> None:
    with connections[alias].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_inside_a_hook_of_another_repository(
    db: str,
    ok: Ok,
    git: Ok,
    tmp_path: Path,
    repository_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """git names the repository of the hook to everything that it starts."""
    code = tmp_path / "code"
    subprocess.run(["git", "init", "-q", code], check=True)
    fill()
    ok("init")
    with monkeypatch.context() as hook:
        hook.setenv("GIT_DIR", str(code / ".git"))
        hook.setenv("GIT_WORK_TREE", str(code))
        hook.setenv("GIT_INDEX_FILE", str(code / ".git/index"))
        ok("commit", "-m", "From a hook")
        Tag.objects.filter(pk=3).update(name="Bio")
        ok("checkout", "main", "--apply", "--yes", "--force")
        assert "clean" in ok("status")
    assert git("log", "--format=%s").splitlines() == [
        "From a hook",
        "Start a repository of content",
    ]
    assert git("status", "--porcelain") == ""
    assert not (code / "shop").exists()
    assert not (code / ".git/index").exists()


def test_a_database_that_may_only_be_read(db: str, ok: Ok, run: Run, git: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "The shop")
    Tag.objects.filter(pk=3).update(name="Bio")
    tip, before = git("for-each-ref", "refs/heads"), raw.snapshot()
    with reading_only(db):
        assert "bakery.tag:3" in ok("status")
        for words in (["commit", "-m", "x"], ["checkout", "main", "--apply", "--yes", "--force"]):
            said = run(*words)
            assert said.code == 1, said
            assert "Traceback" not in said.err
            assert re.search("readonly|permission|denied", said.err), said.err
            assert len(said.err.splitlines()) <= 3
    assert raw.snapshot() == before
    assert git("for-each-ref", "refs/heads") == tip
