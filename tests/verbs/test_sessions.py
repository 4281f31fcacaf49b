"""Sessions that a project or a server sets up in its own way: content is the same, or it is refused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Opening, Page, Product, Tag
from tests.connecting import options, sessions, time_zone
from tests.fieldzoo.models import Everything
from tests.verbs.conftest import Run

Ok = Callable[..., str]
VENDOR = connections["default"].vendor
SESSIONS = sessions(VENDOR)
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")
QUOTES = "a'b\"c`d\\e\\'f%s%%g\x1ah\r\ni\\"
FLOAT = 0.1 + 0.2
MOMENT = dt.datetime(2026, 10, 25, 0, 30, 15, 123456, tzinfo=dt.UTC)


def datasets() -> dict[str, dict[str, Any]]:
    models = [Everything, Category, Tag, Product, Ingredient, Opening, Page, NewsPage]
    return {"all": {"specs": lambda _: specs_for_models(models, {"delete_missing": True})}}


@pytest.fixture(autouse=True)
def _datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def everything() -> None:
    """One row of each value that a session may tell in another way."""
    fill()
    Everything.objects.create(
        pk=1,
        binary=b"\\x00\x00'\\\xff",
        char=QUOTES,
        text=QUOTES * 3,
        float=FLOAT,
        decimal=Decimal("123456789.125"),
        json={QUOTES: [FLOAT, QUOTES, None, True]},
        datetime=MOMENT,
        time=dt.time(23, 59, 59, 999999),
        duration=dt.timedelta(days=-3, seconds=5, microseconds=7),
        date=dt.date(2026, 2, 1),
    )


def record(folder: Path) -> Any:
    return json.loads((folder / "all/fieldzoo.everything/0/0/1.json").read_bytes())


@pytest.mark.parametrize("name", list(SESSIONS))
def test_content_is_the_same_in_any_session(
    databases: tuple[str, str], ok: Ok, repository_path: Path, name: str
) -> None:
    everything()
    ok("init")
    with options("default", SESSIONS[name]), options("other", SESSIONS[name]):
        ok("commit", "-m", "All")
        there = record(repository_path)
        assert (there["float"], there["json"][QUOTES][0]) == (FLOAT, FLOAT)
        assert "".join(there["char"]["$text"]) == QUOTES
        assert there["datetime"] == "2026-10-25T00:30:15.123456Z"
        ok(*APPLY)
        assert "clean" in ok("status", "--database=other")
    for prefix in ("bakery_", "fieldzoo_everything"):
        assert raw.snapshot("other", prefix) == raw.snapshot("default", prefix)
    assert "Nothing to commit" in ok("commit", "-m", "Once more")


def test_a_database_that_keeps_another_time_holds_the_same_moments(
    databases: tuple[str, str], ok: Ok
) -> None:
    everything()
    ok("init")
    ok("commit", "-m", "All")
    with time_zone("other", "America/New_York"):
        ok(*APPLY)
        assert "clean" in ok("status", "--database=other")
        assert Everything.objects.using("other").get().datetime == MOMENT
        assert "Nothing to commit" in ok("commit", "-m", "Once more", "--database=other")


def test_a_moment_that_a_database_cannot_keep_is_refused(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """An hour that a local clock shows twice: the second cannot be told from the first."""
    everything()
    later = MOMENT + dt.timedelta(hours=1)
    Everything.objects.update(datetime=later)
    ok("init")
    ok("commit", "-m", "All")
    with time_zone("other", "Europe/Zurich"):
        before = raw.snapshot("other", ("bakery_", "fieldzoo_"))
        said = run(*APPLY)
        if said.code == 0:
            # Where a clock shows an hour twice, Python finds no two zones' times equal.
            there = Everything.objects.using("other").get().datetime.astimezone(dt.UTC)
            assert there == later
            return
        assert "fieldzoo.everything:1" in said.err, said
        assert "datetime" in said.err
        assert raw.snapshot("other", ("bakery_", "fieldzoo_")) == before


@pytest.mark.parametrize("name", list(SESSIONS))
def test_a_value_longer_than_its_column_is_never_cut(
    databases: tuple[str, str], ok: Ok, run: Run, name: str
) -> None:
    everything()
    Tag.objects.filter(pk=3).update(name="Certified organic")
    ok("init")
    ok("commit", "-m", "All")
    with options("other", SESSIONS[name]), shorter_column("other"):
        before = raw.snapshot("other")
        said = run(*APPLY)
        if VENDOR == "sqlite":  # its columns have no length
            assert said.code == 0, said
        else:
            assert said.code == 1, said
            assert said.err.startswith("error: bakery.tag:3 in database 'other': "), said
            assert len(said.err.splitlines()) == 1
            assert raw.snapshot("other") == before
    ok(*APPLY)
    assert raw.snapshot("other") == raw.snapshot("default")


@contextmanager
def shorter_column(alias: str) -> Iterator[None]:
    """The column of a tag's name has room for eight characters."""
    statement = {
        "postgresql": "ALTER TABLE bakery_tag ALTER name TYPE varchar({})",
        "mysql": "ALTER TABLE bakery_tag MODIFY name varchar({}) NOT NULL",
        "sqlite": "SELECT {}",
    }[VENDOR]
    with connections[alias].cursor() as cursor:
        cursor.execute(statement.format(8))
    yield
    with connections[alias].cursor() as cursor:
        cursor.execute(statement.format(80))


def test_a_key_of_nought_stays_one(databases: tuple[str, str], ok: Ok) -> None:
    """A database may take it for a wish to be given the next key."""
    insert = "INSERT INTO bakery_tag (id, name, slug) VALUES (0, 'None', 'none')"
    with connections["default"].cursor() as cursor:
        if VENDOR == "mysql":
            cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
        cursor.execute(insert)
    connections["default"].close()
    ok("init")
    ok("commit", "-m", "Nought")
    ok(*APPLY)
    assert raw.snapshot("other")["bakery_tag"] == raw.snapshot("default")["bakery_tag"]
    assert [row[0] for row in raw.snapshot("other")["bakery_tag"]] == [0]
    assert Tag.objects.using("other").create(name="Next", slug="next").pk > 0


def test_a_check_with_settings_that_no_driver_takes(db: str, run: Run, ok: Ok) -> None:
    """MariaDB is asked which columns it can have."""
    fill()
    ok("init")
    ok("commit", "-m", "All")
    with options(db, {"nonsense": 1}):
        said = run("check")
    assert (said.code, said.err) == (0, "")
    asks = VENDOR == "mysql"
    assert ("database 'default' cannot be reached: TypeError" in said.out) is asks
