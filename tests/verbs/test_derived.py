"""Derived fields and orders where a commit meets a database: computed values are nobody's edit."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from contentgit.branches.trees import merge_commits
from contentgit.datasets import specs_for_models
from contentgit.git import Repository
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, Product, Tag
from tests.verbs.conftest import Begin, Run

Ok = Callable[..., str]
Git = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)


def counting() -> dict[str, Any]:
    """The grams of an ingredient are what the site computes."""
    return {
        "shop": {
            "specs": lambda _: [
                *specs_for_models([Category, Tag, Product], {"delete_missing": True}),
                {"model": "bakery.ingredient", "delete_missing": True, "derived": ["grams"]},
            ]
        }
    }


@pytest.fixture
def counted(begin: Begin, ok: Ok) -> Iterator[None]:
    """Two databases at one commit; in both, ingredient 7 has 400 grams."""

    def make() -> None:
        fill()
        ok("init")
        ok("commit", "-m", "The shop")
        ok(*APPLY)

    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.counting", "ENVIRONMENT": "test"}):
        begin(f"{__name__} counted", make)
        yield


def grams(alias: str, key: int = 7) -> Any:
    return Ingredient.objects.using(alias).get(pk=key).grams


def count(number: int, alias: str = "other") -> None:
    Ingredient.objects.using(alias).filter(pk=7).update(grams=number)


def test_what_was_computed_here_is_overwritten_and_kept(
    counted: None, ok: Ok, run: Run, git: Git
) -> None:
    count(401)
    count(500, "default")
    ok("commit", "-m", "Counted")
    before = raw.snapshot("other")
    said = ok(*APPLY)
    assert grams("other") == 500
    ref = said.split("is kept in ")[1].split()[0]
    assert '"grams": 401' in git("show", f"{ref}:shop/bakery.ingredient/0/0/7.json")
    assert ok("status", OTHER).endswith("clean\n")
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_what_was_computed_here_goes_with_its_record(counted: None, ok: Ok, git: Git) -> None:
    count(401)
    Ingredient.objects.filter(pk=7).delete()
    ok("commit", "-m", "One less")
    said = ok(*APPLY)
    assert not Ingredient.objects.using("other").filter(pk=7).exists()
    ref = said.split("is kept in ")[1].split()[0]
    assert '"grams": 401' in git("show", f"{ref}:shop/bakery.ingredient/0/0/7.json")


def test_edits_beside_what_was_computed_are_refused_as_ever(
    counted: None, ok: Ok, run: Run
) -> None:
    Ingredient.objects.using("other").filter(pk=7).update(grams=401, name="Here")
    Ingredient.objects.filter(pk=7).update(grams=500, name="There")
    ok("commit", "-m", "Renamed")
    said = run(*APPLY)
    assert said.code == 3
    assert "would be overwritten: name\n" in said.err
    assert "grams" not in said.err


def test_a_merge_and_an_update_delete_what_was_only_computed(counted: None, ok: Ok) -> None:
    count(401)
    Ingredient.objects.filter(pk=7).delete()
    ok("commit", "-m", "One less")
    ok("update", "--yes", OTHER)
    assert not Ingredient.objects.using("other").filter(pk=7).exists()


def test_status_lists_what_was_computed_apart_and_is_clean(counted: None, ok: Ok, run: Run) -> None:
    count(401)
    said = run("status", OTHER, "--exit-code")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[1].endswith(", clean")
    assert lines[2:] == [
        "  1 record changed only in derived fields:",
        "    ~ bakery.ingredient:7  Rye flour  grams",
    ]
    (dump,) = run("status", OTHER, "--json").json["dumps"]
    assert dump["changes"] == []
    assert [each["record"] for each in dump["computed"]] == ["bakery.ingredient:7"]
    Ingredient.objects.using("other").filter(pk=7).update(name="Here")
    said = run("status", OTHER, "--exit-code")
    assert said.code == 1
    assert "  1 record edited since:\n    ~ bakery.ingredient:7  Here  grams, name" in said.out
    assert run("diff", OTHER, "--exit-code").code == 1


def test_a_first_apply_adopts_what_differs_in_computed_values_alone(
    databases: tuple[str, str], ok: Ok
) -> None:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.counting", "ENVIRONMENT": "test"}):
        fill()
        fill("other")
        ok("init")
        ok("commit", "-m", "The shop")
        count(401)
        ok(*APPLY)
        assert grams("other") == 400


def test_a_saved_plan_is_bound_to_computed_values_as_well(
    counted: None, ok: Ok, run: Run, tmp_path: Path
) -> None:
    count(401)
    count(500, "default")
    ok("commit", "-m", "Counted")
    plan = str(tmp_path / "plan.json")
    ok("checkout", "main", "--plan-out", plan, OTHER)
    count(402)
    assert run("checkout", "--apply", "--plan", plan, "--yes", OTHER).code == 3
    ok("checkout", "main", "--plan-out", plan, OTHER)
    ok("checkout", "--apply", "--plan", plan, "--yes", OTHER)
    assert grams("other") == 500


def test_a_step_that_both_took_counts_twice(counted: None, ok: Ok) -> None:
    count(401)
    count(401, "default")
    ok("commit", "-m", "Counted")
    before = raw.snapshot("other")
    ok("update", "--yes", OTHER)
    assert grams("other") == 402
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


# Orders


def ordering() -> dict[str, Any]:
    """Categories have an order below each parent."""
    spec = {"delete_missing": True, "order": {"position": ["parent"]}}
    return {"shop": {"specs": lambda _: specs_for_models([Category], spec)}}


@pytest.fixture
def ordered(databases: tuple[str, str], ok: Ok) -> Iterator[None]:
    """Two databases at one commit: three categories at 10, 20, 30."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.ordering", "ENVIRONMENT": "test"}):
        for pk in (1, 2, 3):
            put(pk, pk * 10, "default")
        ok("init")
        ok("commit", "-m", "The shop")
        ok(*APPLY)
        yield


def put(key: int, position: int, alias: str = "other") -> None:
    values = {"name": f"Category {key}", "slug": f"c{key}", "position": position}
    Category.objects.using(alias).update_or_create(pk=key, defaults=values)


def positions(alias: str = "other") -> dict[int, int]:
    return dict(Category.objects.using(alias).order_by("position").values_list("pk", "position"))


def test_what_both_sides_append_finds_its_place(ordered: None, ok: Ok, run: Run) -> None:
    put(4, 40)
    put(5, 40, "default")
    ok("commit", "-m", "Five")
    before = raw.snapshot("other")
    ok(*APPLY, "--merge")
    assert positions() == {1: 10, 2: 20, 3: 30, 4: 40, 5: 50}
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_a_record_that_nobody_touched_may_get_another_number(ordered: None, ok: Ok) -> None:
    put(1, 20)
    put(2, 10)
    put(4, 15)
    put(1, 11, "default")
    put(5, 10, "default")
    ok("commit", "-m", "In front")
    before = raw.snapshot("other")
    ok(*APPLY, "--merge")
    assert [*positions()] == [5, 2, 4, 1, 3]
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_a_number_that_others_have_shifted_is_no_edit_of_a_deleted_record(
    ordered: None, ok: Ok
) -> None:
    put(4, 10)
    for key in (1, 2, 3):
        put(key, (key + 1) * 10)
    Category.objects.filter(pk=2).delete()
    ok("commit", "-m", "One less")
    ok("update", "--yes", OTHER)
    assert positions() == {4: 10, 1: 20, 3: 40}


def test_the_same_record_moved_to_different_places_is_a_conflict(
    ordered: None, ok: Ok, run: Run
) -> None:
    put(3, 5)
    put(3, 15, "default")
    ok("commit", "-m", "In the middle")
    before = raw.snapshot("other")
    said = run(*APPLY, "--merge")
    assert said.code == 3
    assert "bakery.category:3 was edited here and is changed by main: position" in said.err
    assert raw.snapshot("other") == before
    ok(*APPLY, "--merge", "--take=theirs")
    assert [*positions()] == [1, 3, 2]


@pytest.mark.parametrize("seed", range(int(os.environ.get("CONTENTGIT_TEST_SEEDS", "3"))))
def test_an_update_gives_what_a_merge_of_branches_gives(
    ordered: None, ok: Ok, run: Run, repository_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    before: dict[str, list[dict[str, Any]]] = {}
    for number, alias in enumerate(("other", "default")):
        shuffle(chance, alias, 10 * number)
        before[alias] = raw.snapshot(alias)
    ok("commit", "-m", "There")
    ok("commit", "--branch", "here", "-m", "Here", OTHER)
    repository = Repository.open(repository_path)
    tips = [repository.refs.resolve(each) for each in ("here", "main")]
    merged = merge_commits(repository, *tips)
    said = run("update", "--yes", OTHER)
    assert (said.code == 3) == bool(merged.conflicts), (said, merged.conflicts)
    if merged.conflicts:
        assert raw.snapshot("other") == before["other"]
        return
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before["other"]
    ok("update", "--yes", OTHER)
    ok("commit", "--branch", "merged", "-m", "Merged", OTHER)
    trees = (
        repository.trees.root(repository.refs.resolve("merged")),
        repository.trees.root(merged.tree),
    )
    assert trees[0] == trees[1]


def shuffle(chance: random.Random, alias: str, number: int) -> None:
    """Puts in, moves, takes out; and now and then numbers them all anew."""
    for step in range(3):
        there, kind, place = [*positions(alias)], chance.randrange(4), chance.randrange(45)
        if kind == 0:
            put(100 + number + step, place, alias)
        elif kind == 1 and there:
            put(chance.choice(there), place, alias)
        elif kind == 2 and there:
            Category.objects.using(alias).filter(pk=chance.choice(there)).delete()
        else:
            for at, key in enumerate(there, 1):
                put(key, 10 * at, alias)
    put(200 + number, chance.randrange(45), alias)
