"""Commits whose rows constraints of the database are about, from one database to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.verbs.conftest import Run
from tests.zoo.models import Generated, Slot

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)


def datasets() -> dict[str, dict[str, Any]]:
    return {"all": {"specs": lambda _: specs_for_models([Slot], {"delete_missing": True})}}


def generated() -> dict[str, dict[str, Any]]:
    return {"all": {"specs": lambda _: specs_for_models([Generated], {"delete_missing": True})}}


@pytest.fixture(autouse=True)
def _datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def rows(alias: str) -> Any:
    return raw.snapshot(alias, ("zoo_slot",))


@pytest.fixture
def twins(databases: tuple[str, str], ok: Ok) -> None:
    """Two slots, on both databases."""
    Slot.objects.create(id=1, name="a", active=False, low=1, high=50, place=1)
    Slot.objects.create(id=2, name="b", active=True, low=2, high=50, place=2)
    ok("init", "--bare")
    ok("commit", "-m", "two")
    ok(*APPLY)


def test_rows_that_swap_what_a_condition_is_about_travel(twins: None, ok: Ok) -> None:
    Slot.objects.filter(id=2).update(active=False, name="x")
    Slot.objects.filter(id=1).update(active=True)
    Slot.objects.filter(id=2).update(name="A")
    ok("commit", "-m", "swapped")
    ok(*APPLY)
    assert rows("other") == rows("default")


def test_a_merge_into_a_database_that_breaks_a_check_is_refused_in_the_plan(
    twins: None, ok: Ok, run: Run
) -> None:
    Slot.objects.filter(id=1).update(high=10)
    ok("commit", "-m", "lower")
    Slot.objects.using("other").filter(id=1).update(low=20)
    before = rows("other")
    merging = ("checkout", "main", "--merge", OTHER)
    for verb in (merging, (*merging, "--apply", "--yes"), ("update", "--yes", OTHER)):
        found = run(*verb)
        assert found.code == 3, found
        assert (
            "zoo.slot:1 breaks the check constraint zoo_slot_span, low < high: low=20, high=10"
            in found.out + found.err
        )
        assert rows("other") == before


def test_equal_values_of_a_function_are_refused_in_the_plan(twins: None, ok: Ok, run: Run) -> None:
    if not connections["other"].features.supports_expression_indexes:
        return
    Slot.objects.create(id=7, name="new", active=True, low=1, high=60, place=7)
    ok("commit", "-m", "seven")
    row = {"name": "NEW", "active": True, "low": 1, "high": 70, "place": 9}
    Slot.objects.using("other").create(id=9, **row)
    before = rows("other")
    merging = ("checkout", "main", "--merge", OTHER)
    for verb in (merging, (*merging, "--apply", "--yes"), ("update", "--yes", OTHER)):
        found = run(*verb)
        assert found.code == 3, found
        wanted = "zoo.slot:7 wants the unique upper(name)='NEW', active=True of zoo.slot:9"
        assert wanted in found.out + found.err
        assert rows("other") == before
    Slot.objects.using("other").filter(id=9).update(name="old")
    ok(*APPLY, "--merge")
    assert Slot.objects.using("other").count() == 4


def test_what_a_database_refuses_changes_nothing_and_names_the_constraint(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """A generated column whose values only the database computes."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.generated", "ENVIRONMENT": "test"}):
        Generated.objects.create(id=1, name="x", width=1, height=1)
        ok("init", "--bare")
        ok("commit", "-m", "one")
        ok(*APPLY)
        Generated.objects.create(id=7, name="a", width=2, height=3)
        ok("commit", "-m", "seven")
        Generated.objects.using("other").create(id=9, name="b", width=2, height=3)
        before = raw.snapshot("other", ("zoo_generated",))
        found = run(*APPLY, "--merge")
        assert found.code == 1, found
        assert (
            "zoo.generated:7 in database 'other': it has the same width, height as zoo.generated:9, "
            "against the constraint zoo_generated_area: " in found.err
        )
        assert raw.snapshot("other", ("zoo_generated",)) == before
