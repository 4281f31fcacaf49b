"""Undo brings back what an apply reached outside of its dumps, and fields that are no content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from django.test import override_settings

from contentgit.errors import RefusedError
from contentgit.plan.steps import Plan, Problem, ProblemKind
from contentgit.workingcopy.planned import Contents, Planned, Target
from contentgit.workingcopy.refusals import refuse
from contentgit.workingcopy.request import Request
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Product, Review, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)


def datasets() -> dict[str, Any]:
    """News pages lie outside and lose what they are about; reviews go with their product."""
    names = ("category", "tag", "product", "ingredient", "opening")
    specs: list[dict[str, Any]] = [
        {"model": f"bakery.{name}", "delete_missing": True} for name in names
    ]
    specs[1]["filter"] = {"slug__startswith": ""}
    specs[3]["exclude"] = ["grams"]
    return {"shop": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


@pytest.fixture
def twins(databases: tuple[str, str], ok: Ok) -> None:
    fill()
    fill("other")
    ok("init")
    ok("commit", "-m", "The whole shop")
    ok(*APPLY)
    Review.objects.using("other").create(pk=1, product_id=41, text="Good")
    Review.objects.using("other").create(pk=2, product_id=42, text="Better")


def sold_out(ok: Ok) -> None:
    """Main lacks a product that a review and a news page in the other database refer to."""
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")


def test_cascades_and_cleared_references_come_back(twins: None, ok: Ok) -> None:
    before = raw.snapshot("other")
    sold_out(ok)
    ok(*APPLY, "--allow-cascade")
    assert list(Review.objects.using("other").values_list("pk", flat=True)) == [2]
    assert NewsPage.objects.using("other").get(pk=5).about_id is None
    shown = ok("undo", "--dry-run", OTHER)
    assert "bakery.review:1" in shown
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before
    assert "clean" in ok("status", OTHER)


def test_fields_that_are_no_content_come_back(twins: None, ok: Ok) -> None:
    before = raw.snapshot("other")
    Ingredient.objects.filter(pk=7).delete()
    ok("commit", "-m", "No flour")
    ok(*APPLY)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before
    assert Ingredient.objects.using("other").get(pk=7).grams == 400


def test_what_was_edited_since_outside_of_the_dumps_stays(twins: None, ok: Ok) -> None:
    sold_out(ok)
    ok(*APPLY, "--allow-cascade")
    NewsPage.objects.using("other").filter(pk=5).update(body="Edited since")
    ok("undo", "--yes", OTHER)
    page = NewsPage.objects.using("other").get(pk=5)
    assert (page.body, page.about_id) == ("Edited since", 41)


def test_a_reference_that_was_given_another_value_since_is_a_conflict(
    twins: None, ok: Ok, run: Run
) -> None:
    sold_out(ok)
    ok(*APPLY, "--allow-cascade")
    NewsPage.objects.using("other").filter(pk=5).update(about_id=42)
    before = raw.snapshot("other")
    said = run("undo", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.newspage:5 was edited here and is changed by the undo" in said.err
    assert raw.snapshot("other") == before
    said = run("undo", "--yes", "--take=theirs", OTHER)
    assert said.code == 0, said
    assert NewsPage.objects.using("other").get(pk=5).about_id == 41
    assert "is kept in refs/contentgit/backup/" in said.out


def test_a_row_that_was_made_again_since_is_a_conflict(twins: None, ok: Ok, run: Run) -> None:
    sold_out(ok)
    ok(*APPLY, "--allow-cascade")
    Review.objects.using("other").create(pk=1, product_id=42, text="Another one")
    said = run("undo", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.review:1 is here and in the undo of" in said.err
    ok("undo", "--yes", "--take=ours", OTHER)
    assert Review.objects.using("other").get(pk=1).text == "Another one"


def test_a_row_outside_of_the_filter_gets_its_own_content_back(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    fill()
    specs = datasets()["shop"]["specs"]("")
    specs[0]["filter"] = {"position": 0}
    with override_settings(
        CONTENTGIT={"DATASETS": f"{__name__}.positioned", "ENVIRONMENT": "test"}
    ):
        ok("init")
        ok("commit", "-m", "The whole shop")
        Category.objects.using("other").create(pk=2, name="Hidden", slug="hidden", position=7)
        before = raw.snapshot("other")
        assert run(*APPLY).code == 3
        ok(*APPLY, "--force")
        assert Category.objects.using("other").get(pk=2).name == "Rye"
        ok("undo", "--yes", "--allow-empty", OTHER)
        assert raw.snapshot("other") == before


def positioned() -> dict[str, Any]:
    found = datasets()
    specs = found["shop"]["specs"]("")
    specs[0]["filter"] = {"position": 0}
    return {"shop": {"specs": lambda _arguments: specs}}


def test_many_to_many_links_come_back(twins: None, ok: Ok) -> None:
    before = raw.snapshot("other")
    Tag.objects.get(pk=3).delete()
    ok("commit", "-m", "Not organic")
    ok(*APPLY)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


@pytest.mark.parametrize(
    ("revision", "typed"), [("summer", "summer"), ("commit 1540ddd153", "1540ddd153")]
)
def test_the_way_to_what_a_record_breaks_can_be_typed(revision: str, typed: str) -> None:
    """An undo's target is called by words."""
    planned = Planned(
        Request("undo"),
        Target(revision, "1540ddd1530123", ""),
        dumps=(),
        plan=Plan(problems=(Problem(ProblemKind.FIELD, "there is no such field"),)),
        contents=cast("Contents", None),
    )
    with pytest.raises(RefusedError) as caught:
        refuse(planned)
    assert caught.value.hint.startswith(f"contentgit check {typed}  (")
