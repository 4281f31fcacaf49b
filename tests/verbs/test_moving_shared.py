"""Rows of a model that several dumps have move once, in whichever order the dumps are applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from tests import raw
from tests.bakery.models import Category, Tag
from tests.verbs.conftest import Begin, Run

Ok = Callable[..., str]
OTHER = "--database=other"


def datasets() -> dict[str, Any]:
    """The position of a category is each site's own."""
    category = {"model": "bakery.category", "exclude": ["position"], "delete_missing": True}
    tag = {"model": "bakery.tag", "delete_missing": True}
    high = {**category, "filter": {"position__gte": 50}}
    return {
        "one": {"specs": lambda _: [category]},
        "two": {"specs": lambda _: [category, tag]},
        "high": {"specs": lambda _: [high]},
    }


@pytest.fixture(autouse=True)
def own_datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets"}):
        yield


@pytest.fixture
def renumbered(begin: Begin, ok: Ok, run: Run) -> None:
    """Barley is 900; Oatmeal was, on the branch live, which the other database is at, and is 901 on main."""

    def make() -> None:
        Tag.objects.create(pk=1, name="Tag")
        ok("init")
        ok("commit", "-m", "All")
        ok("checkout", "main", "--apply", "--yes", OTHER)
        Category.objects.create(pk=900, name="Barley", slug="barley", position=6)
        ok("commit", "-m", "Barley")
        Category.objects.using("other").create(pk=900, name="Oatmeal", slug="oat", position=42)
        ok("commit", "--branch", "live", "-m", "Oatmeal", OTHER)
        assert run("merge", "live").code == 3
        ok("resolve", "--all", "--renumber", "theirs")
        ok("merge", "--continue")

    begin(f"{__name__}.renumbered", make)


def apply(ok: Ok, revision: str, *names: str) -> None:
    ok("checkout", revision, *names, "--apply", "--yes", OTHER)


def rows() -> dict[str, tuple[int, int]]:
    found = Category.objects.using("other").values_list("name", "pk", "position")
    return {name: (pk, position) for name, pk, position in found}


MOVED = {"Barley": (900, 0), "Oatmeal": (901, 42)}


@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_one_dump_after_the_other(renumbered: None, ok: Ok, names: tuple[str, str]) -> None:
    first, second = names
    apply(ok, "main", first)
    assert rows() == MOVED
    apply(ok, "main", second)
    assert rows() == MOVED
    assert "clean" in ok("status", OTHER)


def test_back_in_one_dump_and_on_in_the_other(renumbered: None, ok: Ok) -> None:
    """The row went back to its old key since the other dump was applied, and goes on from there."""
    apply(ok, "main")
    apply(ok, "live", "one")
    assert rows() == {"Oatmeal": (900, 42)}
    apply(ok, "main", "two", "--force")  # which has lost Barley
    assert rows() == MOVED
    apply(ok, "main", "one")
    assert rows() == MOVED
    assert "clean" in ok("status", OTHER)


def test_undo_of_one_dump(renumbered: None, ok: Ok) -> None:
    """The other one has seen the row move, and now that it is back where it was."""
    apply(ok, "main", "two")
    apply(ok, "main", "one")
    ok("undo", "two", "--yes", OTHER)
    assert rows() == {"Oatmeal": (900, 42)}
    apply(ok, "main", "one", "--force")  # which has lost Barley
    assert rows() == MOVED
    apply(ok, "main")
    assert rows() == MOVED
    assert "clean" in ok("status", OTHER)


def test_a_record_of_another_dump_is_not_moved_away(renumbered: None, ok: Ok, run: Run) -> None:
    """It has the key that a row is to get, and its dump is not applied now."""
    Category.objects.using("other").create(pk=901, name="Spelt", slug="spelt", position=60)
    ok("commit", "high", "--branch", "high", "-m", "Spelt", OTHER)
    before = raw.snapshot("other")
    for more in ((), ("--renumber",)):
        refused = run("update", "one", "--yes", *more, OTHER)
        assert refused.code == 3
        assert "bakery.category:901 is a record of another dump here" in refused.err
        assert "gives rows that were made here" not in refused.err
        assert raw.snapshot("other") == before
