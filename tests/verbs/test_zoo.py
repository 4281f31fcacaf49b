"""Tables that are not what the models say, and rows that are something else than in the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.verbs.conftest import Run
from tests.zoo import models as zoo

Ok = Callable[..., str]


def applying(dump: str) -> tuple[str, ...]:
    return ("checkout", "main", dump, "--apply", "--yes")


def datasets() -> dict[str, Any]:
    def of(*models: Any) -> Any:
        found = specs_for_models(models, {"delete_missing": True})
        return {"specs": lambda _arguments: found}

    return {
        "animals": of(zoo.Animal, zoo.Bird),
        "partly": of(zoo.Country, zoo.Capital, zoo.Banner, zoo.Arm),
        "wide": of(zoo.Wide, zoo.Switch, zoo.Slot),
        "unmanaged": of(zoo.Node, zoo.Legacy, zoo.Ghost, zoo.Keeper, zoo.Known),
    }


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_zoo.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


def execute(using: str, *statements: str) -> None:
    with connections[using].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


# Children that share a parent's row


def test_a_parent_that_is_another_child_here_is_refused(db: str, ok: Ok, run: Run) -> None:
    zoo.Bird.objects.create(name="Tweety", tag="t", ring="r")
    ok("init", "--bare")
    ok("commit", "animals", "-m", "A bird")
    zoo.Bird.objects.get().delete(keep_parents=True)
    zoo.Fish(animal_ptr_id=1).save_base(raw=True)
    before = raw.snapshot(db, "zoo_")
    said = run(*applying("animals"))
    assert said.code == 3
    assert (
        "zoo.bird:1 would share zoo.animal:1 with zoo.fish:1, which the commit does not have"
        in (said.err)
    )
    assert "--force" in said.err
    assert raw.snapshot(db, "zoo_") == before
    ok(*applying("animals"), "--force")
    assert (zoo.Bird.objects.count(), zoo.Fish.objects.count()) == (1, 1)
    assert "clean" in ok("status", "animals")


def test_a_parent_that_is_two_children_in_the_commit_comes_back(db: str, ok: Ok, run: Run) -> None:
    bird = zoo.Bird.objects.create(name="Pingu", tag="t", ring="r")
    zoo.Fish(animal_ptr_id=bird.pk).save_base(raw=True)
    ok("init", "--bare")
    ok("commit", "animals", "-m", "A penguin")
    zoo.Bird.objects.get().delete(keep_parents=True)
    ok("commit", "animals", "--branch=fish", "-m", "A fish")
    said = run(*applying("animals"))
    assert said.code == 3  # the fish is in no dump
    zoo.Fish.objects.get().delete(keep_parents=True)
    ok(*applying("animals"))
    assert list(zoo.Bird.objects.values_list("name", "ring")) == [("Pingu", "r")]


# Tables that are not what the models say


@contextmanager
def without_column(using: str, table: str, name: str) -> Iterator[None]:
    """The table as it is before a migration has added the column."""
    execute(using, f"ALTER TABLE {table} RENAME COLUMN {name} TO not_{name}")
    try:
        yield
    finally:
        execute(using, f"ALTER TABLE {table} RENAME COLUMN not_{name} TO {name}")


@pytest.mark.parametrize(
    "words",
    [
        ("commit", "partly", "-m", "Half"),
        ("status", "partly"),
        ("checkout", "main", "partly"),
        applying("partly"),
    ],
)
def test_a_column_that_is_not_there_yet(db: str, ok: Ok, run: Run, words: tuple[str, ...]) -> None:
    zoo.Capital.objects.create(
        country=zoo.Country.objects.create(iso="a", name="A"), name="Capital A"
    )
    zoo.Arm.objects.create(banner=zoo.Banner.objects.create(country_id="a", colour="red"), height=1)
    ok("init", "--bare")
    ok("commit", "partly", "-m", "Whole")
    before = raw.snapshot(db, "zoo_capital")
    with without_column(db, "zoo_arm", "height"):
        said = run(*words)
        assert said.code == 1
        error, hint = said.err.strip().splitlines()
        assert error.startswith(f"error: cannot read zoo.arm in database {db!r}: ")
        assert "height" in error
        assert hint == "hint: python manage.py migrate --database default"
        assert raw.snapshot(db, "zoo_capital") == before


def test_columns_that_no_model_knows(db: str, ok: Ok) -> None:
    zoo.Wide.objects.create(id=1, slot=True, name="one")
    zoo.Wide.objects.create(id=2, slot=False, name="two")
    execute(db, "UPDATE zoo_wide SET extra = 5, origin = 'there'")
    ok("init", "--bare")
    ok("commit", "wide", "-m", "Wide")
    execute(db, "DELETE FROM zoo_wide WHERE id = 2", "UPDATE zoo_wide SET name = 'uno'")
    ok(*applying("wide"), "--force")
    columns = "id, slot, name, extra, origin"
    with connections[db].cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM zoo_wide ORDER BY id")
        found = [(pk, bool(slot), *rest) for pk, slot, *rest in cursor.fetchall()]
    assert found == [(1, True, "one", 5, "there"), (2, False, "two", None, "here")]


def test_a_column_that_no_model_knows_and_that_needs_a_value(db: str, ok: Ok, run: Run) -> None:
    zoo.Switch.objects.create(
        slot=zoo.Slot.objects.create(name="a", active=True, low=1, high=2, place=3), on=True
    )
    ok("init", "--bare")
    ok("commit", "wide", "-m", "On")
    zoo.Switch.objects.all().delete()
    with needed_column(db, "zoo_switch"):
        said = run(*applying("wide"), "--force")
    assert said.code == 1
    assert said.err.startswith("error: zoo.switch:1 in database 'default': ")
    assert "needed" in said.err
    assert not zoo.Switch.objects.exists()


@contextmanager
def needed_column(using: str, table: str) -> Iterator[None]:
    """A column without a default, which SQLite can add to an empty table only by way of a default."""
    null = connections[using].vendor == "sqlite"
    check = "CHECK (needed IS NOT NULL)" if null else "NOT NULL"
    execute(using, f"ALTER TABLE {table} ADD COLUMN needed integer {check}")
    try:
        yield
    finally:
        execute(using, f"ALTER TABLE {table} DROP COLUMN needed")


def test_what_has_no_rows_of_its_own_is_left_alone(db: str, ok: Ok) -> None:
    zoo.Node.objects.create(name="n", position=1)
    execute(db, "DELETE FROM legacy_notes", "INSERT INTO legacy_notes VALUES (1, 'old')")
    try:
        ok("init", "--bare")
        assert "zoo.legacy" not in ok("commit", "unmanaged", "-m", "Nodes")
        execute(db, "UPDATE legacy_notes SET name = 'new'")
        assert "clean" in ok("status", "unmanaged")
        zoo.Node.objects.all().delete()
        ok(*applying("unmanaged"), "--force")
        assert zoo.Node.objects.count() == 1
        assert raw.snapshot(db, "legacy_") == {"legacy_notes": [(1, "new")]}
    finally:
        execute(db, "DELETE FROM legacy_notes")
