"""A database copied to another environment: the ledger goes along, and every verb says where from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, transaction
from django.test import override_settings

from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Opening, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"
NOTE = "written down by environment 'production', this is 'stage': a copied database?"
LINE = (
    "the ledger of database 'other' was written by environment 'production', this is 'stage': "
    "a copied database?\n"
)


TIMES = (dt.date, dt.time, dt.datetime, Decimal)


def environment(name: str) -> override_settings:
    datasets = "tests.bakery.datasets.datasets"
    return override_settings(CONTENTGIT={"DATASETS": datasets, "ENVIRONMENT": name})


def copy(source: str, target: str) -> None:
    """What a dump of the whole database and its import do: every row as it is."""
    tables = [name for name in raw.names(source) if name.startswith("bakery_")]
    raw.wipe(target)
    with (
        connections[target].constraint_checks_disabled(),
        transaction.atomic(using=target),
        connections[source].cursor() as old,
        connections[target].cursor() as new,
    ):
        if connections[target].vendor == "postgresql":
            new.execute("SET CONSTRAINTS ALL DEFERRED")
        if connections[target].vendor == "sqlite":
            new.execute("PRAGMA defer_foreign_keys = ON")
        copied = [*tables, "contentgit_ledger"]
        for name in copied:
            old.execute(f"SELECT * FROM {name}")
            for row in old.fetchall():
                values = [str(each) if isinstance(each, TIMES) else each for each in row]
                new.execute(f"INSERT INTO {name} VALUES ({', '.join(['%s'] * len(row))})", values)
        for statement in connections[target].ops.sequence_reset_sql(
            no_style(), [each for each in apps.get_models() if each._meta.db_table in copied]
        ):
            new.execute(statement)


@pytest.fixture
def stage(databases: tuple[str, str], ok: Ok) -> Iterator[None]:
    """``other`` is a copy of production's database; from here on this is stage."""
    fill()
    with environment("production"):
        ok("init")
        ok("commit", "-m", "The whole shop")
    copy("default", "other")
    with environment("stage"):
        yield


def test_the_ledger_goes_along_and_status_says_where_from(stage: None, ok: Ok) -> None:
    said = ok("status", OTHER)
    assert said.count(", clean\n") == 3
    assert said.count(NOTE) == 3
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    assert "1 record edited since" in ok("status", OTHER)


def test_a_long_name_in_the_ledger_is_cut(stage: None, run: Run) -> None:
    AppliedCommit._base_manager.using("other").update(environment="x" * 3000)
    assert len(run("checkout", "main", OTHER).err) < 250


def test_plan_apply_and_commit_say_so_in_one_line(stage: None, ok: Ok, run: Run) -> None:
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    with environment("production"):
        assert run("commit", "-m", "Nuts").err == ""
    assert run("checkout", "main", OTHER).err == LINE
    assert run("commit", "--dry-run", "hours", OTHER).err == LINE
    said = run("checkout", "main", "--apply", "--yes", OTHER)
    assert (said.code, said.err) == (0, LINE)
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "copied" not in ok("status", OTHER)
    assert run("checkout", "main", OTHER).err == ""


def test_to_apply_what_is_there_already_takes_the_copy_over(stage: None, ok: Ok, run: Run) -> None:
    before = raw.snapshot("other")
    said = run("checkout", "main", "hours", "--apply", "--yes", OTHER)
    assert (said.code, said.err) == (0, LINE)
    assert "nothing to write" in said.out
    assert ok("status", OTHER).count(NOTE) == 2
    assert run("checkout", "main", "hours", OTHER).err == ""
    assert run("checkout", "main", OTHER).err == LINE
    assert raw.snapshot("other") == before


def test_a_commit_takes_the_copy_over(stage: None, ok: Ok, run: Run) -> None:
    assert run("commit", "-m", "Nothing", OTHER).err == LINE
    assert "copied" not in ok("status", OTHER)
    Opening.objects.using("other").all().delete()
    assert run("commit", "-m", "Closed", OTHER).err == ""


def test_with_json_the_document_stays_alone(stage: None, run: Run) -> None:
    said = run("checkout", "main", OTHER, "--json")
    assert said.err == LINE
    assert said.json["database"] == "other"
