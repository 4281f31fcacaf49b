"""``upgrade`` where the project's database is on a server: there SQLite converts values differently."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest
from django.db import connection

from contentgit.db.scratch.databases import PREFIX, on_server
from tests.evolving import Project
from tests.settings import DATABASE, DATABASES

pytestmark = pytest.mark.skipif(DATABASE not in ("postgresql", "mysql"), reason="has no server")

MODEL = """
    class Price(models.Model):
        amount = models.{kind}
        note = models.TextField(default="")
"""
MAKE = """m.CreateModel("Price", [
    ("id", f.BigAutoField(primary_key=True)),
    ("amount", f.DecimalField(max_digits=6, decimal_places=1)),
    ("note", f.TextField(default="")),
])"""
SPECS = [{"model": "site1.price"}]
OLD, NEW = (
    MODEL.format(kind=k) for k in ("DecimalField(max_digits=6, decimal_places=1)", "IntegerField()")
)
RETYPE = 'm.AlterField("Price", "amount", f.IntegerField())'
SQL = "m.RunSQL(\"UPDATE site1_price SET note = CONCAT(note, '!')\")"
WAIT = """
def wait(apps, editor):
    import os, pathlib, time
    pathlib.Path(__file__).parents[2].joinpath("pid").write_text(str(os.getpid()))
    time.sleep(600)
"""


@pytest.fixture
def databases(db: object) -> Iterator[dict[str, object]]:
    """The settings of a project's database and of an empty one, on the server of the tests."""
    with on_server("default") as name, on_server("default") as empty:
        own = {**DATABASES["default"], "TEST": {}}
        yield {"default": {**own, "NAME": name}, "empty": {**own, "NAME": empty}}


def begun(folder: Path, databases: dict[str, object]) -> Project:
    """A project whose prices are committed."""
    project = Project(folder / "project", databases)
    project.code(OLD, [MAKE], SPECS)
    project.migrate()
    project.run("INSERT INTO site1_price (amount, note) VALUES (1.5, 'a'), (2.5, 'b')")
    project.ok("init")
    project.ok("commit", "-m", "Before")
    return project


def left() -> set[str]:
    """The scratch databases on the server."""
    query = {"postgresql": "SELECT datname FROM pg_database", "mysql": "SHOW DATABASES"}
    with connection.cursor() as cursor:
        cursor.execute(query[connection.vendor])
        return {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}


def wait_until_gone(before: set[str], end: float) -> None:
    """Those that were made since; some may be of other processes, which drop them in a while."""
    while left() - before:
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("words", [(), ("--scratch", "empty")])
def test_the_commit_becomes_what_the_database_becomes(
    tmp_path: Path, databases: dict[str, object], words: tuple[str, ...]
) -> None:
    project = begun(tmp_path, databases)
    project.code(NEW, [MAKE, RETYPE, SQL], SPECS)
    before = left()
    project.ok("upgrade", "main", "--branch", "upgraded", *words)
    wait_until_gone(before, time.monotonic() + 120)
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""
    if words:
        project.ok("upgrade", "main^", "--branch", "again", *words)
        assert "is no scratch database" in project.refused(
            "upgrade", "main^", "--branch", "more", "--database", "empty", "--scratch", "default"
        )


def test_a_killed_process_leaves_no_database(tmp_path: Path, databases: dict[str, object]) -> None:
    project = begun(tmp_path, databases)
    project.code(NEW, [MAKE, RETYPE, "m.RunPython(wait)"], SPECS, WAIT)
    before = left()
    for of_call in (False, True):
        file = project.folder / "pid"
        file.unlink(missing_ok=True)
        with project.started("contentgit", "upgrade", "main") as call:
            end = time.monotonic() + 120
            while not (file.exists() and file.read_text()):
                assert time.monotonic() < end
                time.sleep(0.1)
            assert left() - before
            os.kill(call.pid if of_call else int(file.read_text()), SIGKILL)
            call.communicate()
        wait_until_gone(before, end)
