"""Undo gives back what was there before: edits made on both sides alike, and of the named dumps only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Opening, Page, Product, Review, Tag
from tests.verbs.conftest import Begin, Run

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply")


def product(key: int, alias: str = "other") -> Any:
    return Product._base_manager.using(alias).filter(pk=key)


def _edit_row() -> None:
    for alias in ("default", "other"):
        product(42, alias).update(name="Alike")


def _add_row() -> None:
    for alias in ("default", "other"):
        Tag.objects.using(alias).create(pk=901, name="New", slug="new")


def _delete_row() -> None:
    for alias in ("default", "other"):
        product(43, alias).delete()


def _edit_another_dump() -> None:
    for alias in ("default", "other"):
        Opening.objects.using(alias).update(weekday=2)


@pytest.mark.parametrize("way", [("update",), APPLY])
@pytest.mark.parametrize("edit", [_edit_row, _add_row, _delete_row, _edit_another_dump])
def test_what_was_edited_here_as_in_the_commit_stays(
    edit: Callable[[], None], way: tuple[str, ...], twins: None, ok: Ok
) -> None:
    edit()
    product(41, "default").update(name="Only there")
    ok("commit", "-m", "Edited")
    before = raw.snapshot("other")
    ok(*way, "--yes", OTHER)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_a_dump_that_others_depend_on_stays(twins: None, ok: Ok) -> None:
    Page.objects.filter(pk=5).update(title="New title")
    product(41, "default").update(name="New name")
    ok("commit", "-m", "Pages, and the shop that they depend on")
    ok(*APPLY, "--yes", OTHER)
    ok("undo", "pages", "--yes", OTHER)
    assert Page.objects.using("other").get(pk=5).title == "We open"
    assert product(41).get().name == "New name"
    ok("undo", "--yes", OTHER)
    assert product(41).get().name == "Summer bread"
    assert Page.objects.using("other").get(pk=5).title == "We open"


def _shop(**more: Any) -> dict[str, Any]:
    names = ("category", "tag", "product", "ingredient", "opening")
    specs = [{"model": f"bakery.{name}", "delete_missing": True} for name in names]
    return {"shop": {"specs": lambda _arguments: [{**each, **more} for each in specs]}}


def whole() -> dict[str, Any]:
    return _shop()


def kept() -> dict[str, Any]:
    return _shop(delete_missing=False)


def with_pages() -> dict[str, Any]:
    pages = [{"model": "bakery.page"}, {"model": "bakery.newspage"}]
    return {**_shop(), "pages": {"specs": lambda _arguments: pages}}


def defined(name: str) -> Any:
    return override_settings(CONTENTGIT={"DATASETS": f"{__name__}.{name}", "ENVIRONMENT": "test"})


@pytest.fixture
def applied(request: pytest.FixtureRequest, begin: Begin, ok: Ok) -> Iterator[None]:
    """The datasets that the parameter names, committed and applied."""

    def make() -> None:
        fill()
        ok("init")
        ok("commit", "-m", "The whole shop")
        ok(*APPLY, "--yes", OTHER)

    with defined(request.param):
        begin(f"{__name__} {request.param}", make)
        yield


@pytest.mark.parametrize("applied", ["kept"], indirect=True)
def test_rows_that_stay_for_want_of_a_licence_are_no_edit(applied: None, ok: Ok, run: Run) -> None:
    Tag.objects.create(pk=901, name="New", slug="new")
    product(42, "default").update(name="New name")
    ok("commit", "-m", "New")
    ok("update", "--yes", OTHER)
    ok("undo", "--yes", OTHER)
    assert Tag.objects.using("other").filter(pk=901).exists()
    assert run("status", "--exit-code", OTHER).code == 0
    assert "Nothing to commit" in ok("commit", "--branch=elsewhere", "-m", "Nothing", OTHER)
    ok("update", "--yes", OTHER)
    assert run("status", "--exit-code", OTHER).code == 0


@pytest.mark.parametrize("applied", ["kept"], indirect=True)
def test_a_row_that_was_there_before_stays_although_the_licence_came_since(
    applied: None, ok: Ok, run: Run
) -> None:
    Tag.objects.filter(pk=20).delete()
    ok("commit", "-m", "One less")
    ok(*APPLY, "--yes", OTHER)
    product(42, "default").update(name="New name")
    ok("commit", "-m", "New name")
    before = raw.snapshot("other")
    ok(*APPLY, "--yes", OTHER)
    with defined("whole"):
        ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before
    assert run("status", "--exit-code", OTHER).code == 0


@pytest.mark.parametrize("applied", ["kept"], indirect=True)
def test_an_edited_row_that_stays_is_as_it_was(applied: None, ok: Ok) -> None:
    Tag.objects.using("other").filter(pk=20).update(name="Edited")
    Tag.objects.filter(pk=20).delete()
    product(42, "default").update(name="New name")
    ok("commit", "-m", "One less")
    before = raw.snapshot("other")
    ok(*APPLY, "--yes", OTHER)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


@pytest.mark.parametrize("applied", ["with_pages"], indirect=True)
def test_the_last_apply_is_not_another_one_because_the_code_lacks_its_dump(
    applied: None, ok: Ok, run: Run
) -> None:
    product(42, "default").update(name="New name")
    Page.objects.filter(pk=5).update(title="New title")
    ok("commit", "-m", "New")
    for name in ("shop", "pages"):
        ok("checkout", "main", name, "--apply", "--yes", OTHER)
    with defined("whole"):
        before = raw.snapshot("other")
        said = run("undo", "--yes", OTHER)
        assert said.code == 2
        assert "was of pages, which this project's code does not define" in said.err
        assert raw.snapshot("other") == before
        ok("undo", "shop", "--yes", OTHER)
    assert product(42).get().name == "Night loaf"


@pytest.mark.parametrize("applied", ["whole"], indirect=True)
def test_rows_of_a_model_that_is_gone_are_named(
    applied: None, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    Review.objects.using("other").create(pk=1, product_id=41, text="Good")
    product(41, "default").delete()
    ok("commit", "-m", "Sold out")
    ok(*APPLY, "--yes", "--allow-cascade", OTHER)
    line = AppliedCommit.objects.using("other").exclude(backup="").latest("id")
    record = git("show", f"{line.backup}:outside/bakery.review/0/0/1.json")
    (repository_path / "record").write_text(record.replace("bakery.review", "shop.gone") + "\n")
    blob = git("hash-object", "-w", "record")
    git("read-tree", line.backup)
    git("update-index", "--add", "--cacheinfo", f"100644,{blob},outside/shop.gone/0/0/1.json")
    line.backup = git("commit-tree", git("write-tree"), "-m", "Backup")
    line.save(using="other")
    before = raw.snapshot("other")
    said = run("undo", "--yes", OTHER)
    assert said.code == 3
    assert "models that this project no longer has" in said.err
    assert "shop.gone" in said.err
    assert raw.snapshot("other") == before


def test_edits_from_before_the_merge_stay_what_they_have_become_since(
    twins: None, ok: Ok, run: Run
) -> None:
    product(42).update(price="3.33")
    product(41).update(price="5.55")
    Tag.objects.using("other").create(pk=901, name="Own", slug="own")
    product(43).update(slug="own-slug")
    product(42, "default").update(name="There")
    product(41, "default").update(name="There, too")
    ok("commit", "-m", "There")
    ok("update", "--yes", OTHER)
    product(42).update(price="6.20")  # as in the commit
    product(41).update(price="5.56")
    product(43).update(slug="newer-slug")
    Tag.objects.using("other").filter(pk=901).update(name="Own, edited since")
    ok("undo", "--yes", OTHER)
    found = product(42).get(), product(41).get(), product(43).get()
    assert [(each.name, str(each.price), each.slug) for each in found] == [
        ("Night loaf", "6.20", "night-loaf"),
        ("Summer bread", "5.56", "summer-bread"),
        ("Secret loaf", "7.00", "newer-slug"),
    ]
    assert Tag.objects.using("other").get(pk=901).name == "Own, edited since"


def test_a_row_deleted_before_the_merge_and_made_again_since_stays(twins: None, ok: Ok) -> None:
    Tag.objects.using("other").filter(pk=20).delete()
    product(42, "default").update(name="There")
    ok("commit", "-m", "There")
    ok("update", "--yes", OTHER)
    Tag.objects.using("other").create(pk=20, name="Again", slug="again")
    ok("undo", "--yes", OTHER)
    assert Tag.objects.using("other").get(pk=20).name == "Again"
    assert product(42).get().name == "Night loaf"


def test_an_update_in_a_copied_database_hides_nothing_from_undo(
    twins: None, ok: Ok, run: Run
) -> None:
    product(42, "default").update(name="There")
    ok("commit", "-m", "There")
    ok("update", "--yes", OTHER)
    product(41).update(name="Here")
    with override_settings(CONTENTGIT={**settings.CONTENTGIT, "ENVIRONMENT": "stage"}):
        said = ok("update", "--yes", OTHER)
        assert "nothing to write" in said
        assert "is kept in" not in said
        ok("undo", "--yes", OTHER)
        assert (product(41).get().name, product(42).get().name) == ("Here", "Night loaf")


@pytest.mark.parametrize("applied", ["with_pages"], indirect=True)
def test_applies_of_dumps_in_turn_are_undone_in_turn(applied: None, ok: Ok, run: Run) -> None:
    states = [raw.snapshot("other")]
    _new_names(ok, "One")
    for name in ("shop", "pages"):
        ok("checkout", "main", name, "--apply", "--yes", OTHER)
        states.append(raw.snapshot("other"))
    _new_names(ok, "Two")
    ok("update", "--yes", OTHER)
    latest = raw.snapshot("other")
    ok("undo", "shop", "--yes", OTHER)
    assert product(42).get().name == "One"
    assert Page.objects.using("other").get(pk=5).title == "Two"
    while states:
        ok("undo", "--yes", OTHER)
        assert raw.snapshot("other") == states.pop()
        assert run("status", "--exit-code", OTHER).code == 0
    ok("update", "--yes", OTHER)
    assert raw.snapshot("other") == latest


def _new_names(ok: Ok, name: str) -> None:
    product(42, "default").update(name=name)
    Page.objects.filter(pk=5).update(title=name)
    ok("commit", "-m", name)


@pytest.mark.parametrize(
    ("side", "slugs"),
    [("ours", ["free", "summer-bread"]), ("theirs", ["night-loaf", "summer-bread"])],
)
def test_unique_values_that_were_swapped_there_and_given_up_here(
    side: str, slugs: list[str], twins: None, ok: Ok
) -> None:
    product(41).update(slug="free")
    product(41, "default").update(slug="between")
    product(42, "default").update(slug="summer-bread")
    product(41, "default").update(slug="night-loaf")
    ok("commit", "-m", "Swapped")
    before = raw.snapshot("other")
    ok("update", "--yes", f"--take={side}", OTHER)
    assert [product(key).get().slug for key in (41, 42)] == slugs
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before
