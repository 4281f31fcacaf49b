"""Derived fields and orders where a commit meets a database: computed values are nobody's edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, Product, Tag
from tests.verbs.conftest import Run

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
def counted(databases: tuple[str, str], ok: Ok) -> Iterator[None]:
    """Two databases at one commit; in both, ingredient 7 has 400 grams."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.counting", "ENVIRONMENT": "test"}):
        fill()
        ok("init")
        ok("commit", "-m", "The shop")
        ok(*APPLY)
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
        "  1 record changed in derived fields alone:",
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
