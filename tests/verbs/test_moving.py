"""Rows keep what is theirs when their record gets another key: they move there themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models.signals import post_save
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from contentgit.datasets import specs_for_models
from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Note, Page, Product, Review, Tag
from tests.verbs.conftest import Begin, Run

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)
UPDATE = ("update", "--yes", OTHER)


def shop(_arguments: str) -> list[dict[str, Any]]:
    """The name of a category is content, its position is each site's own."""
    return [
        {"model": "bakery.category", "exclude": ["position"], "delete_missing": True},
        *specs_for_models([Tag, Product, Ingredient, Page, NewsPage], {"delete_missing": True}),
    ]


def datasets() -> dict[str, Any]:
    return {"shop": {"specs": shop}}


@pytest.fixture(autouse=True)
def own_datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets"}):
        yield


@pytest.fixture
def twins(begin: Begin, ok: Ok) -> None:
    """Two databases at the same commit, which both go on from there."""

    def make() -> None:
        fill()
        ok("init")
        ok("commit", "-m", "The whole shop")
        ok(*APPLY)

    begin(__name__, make)


def new_product(alias: str, name: str, pk: int = 900) -> Any:
    """A product with all that can refer to one, in the dump and outside."""
    category = Category.objects.using(alias).create(
        pk=pk, name=name, slug=name.lower(), position=len(name)
    )
    product = Product(pk=pk, name=name, slug=name.lower(), category=category, price="1.00")
    product.save(using=alias)
    product.tags.set(Tag.objects.using(alias).order_by("pk")[:2])
    Ingredient.objects.using(alias).create(pk=pk, product=product, name=f"{name} dust")
    page = NewsPage(pk=pk, title=name, slug=name.lower(), day="2026-11-30", about=product)
    page.save(using=alias)
    for model in (Product, Page, NewsPage):
        kind = ContentType.objects.db_manager(alias).get_for_model(model)
        Note.objects.using(alias).create(content_type=kind, object_id=pk, text=f"{name} note")
    Review.objects.using(alias).create(product=product, text=f"{name} review")
    return product


def around(alias: str, name: str) -> dict[str, Any]:
    """What belongs to a new product, by names: nothing of it may be another one's."""
    product = Product._base_manager.using(alias).get(name=name)
    category = Category.objects.using(alias).get(name=name)
    page = NewsPage.objects.using(alias).get(title=name)
    kinds = {"product": product, "page": page, "newspage": page}
    notes = {
        kind: [
            note.text
            for note in Note.objects.using(alias).order_by("text")
            if note.content_type.model == kind and note.object_id == row.pk
        ]
        for kind, row in kinds.items()
    }
    return {
        "category": product.category_id == category.pk,
        "position": category.position,
        "tags": product.tags.count(),
        "ingredients": [*product.ingredients.values_list("name", flat=True)],
        "about": page.about_id == product.pk,
        "reviews": [*product.reviews.values_list("text", flat=True)],
        "notes": notes,
    }


def whole(name: str) -> dict[str, Any]:
    """What belongs to a product in the database in which it was made."""
    return {
        "category": True,
        "position": len(name),
        "tags": 2,
        "ingredients": [f"{name} dust"],
        "about": True,
        "reviews": [f"{name} review"],
        "notes": {kind: [f"{name} note"] for kind in ("product", "page", "newspage")},
    }


def copied(name: str) -> dict[str, Any]:
    """What belongs to it in another database."""
    none: dict[str, list[str]] = {"product": [], "page": [], "newspage": []}
    return {**whole(name), "position": 0, "reviews": [], "notes": none}


def both_made(ok: Ok, run: Run, side: str = "theirs") -> None:
    """Stage has made Barley and production Oat under the same keys; main has both since."""
    new_product("default", "Barley")
    ok("commit", "-m", "Barley")
    new_product("other", "Oatmeal")
    ok("commit", "--branch", "live", "-m", "Oatmeal", OTHER)
    assert run("merge", "live").code == 3
    ok("resolve", "--all", "--renumber", side)
    ok("merge", "--continue")


def keys(alias: str, name: str) -> set[int]:
    rows = (
        Product._base_manager.using(alias).get(name=name),
        Category.objects.using(alias).get(name=name),
        Page.objects.using(alias).get(title=name),
        NewsPage.objects.using(alias).get(title=name),
        Ingredient.objects.using(alias).get(name=f"{name} dust"),
    )
    return {row.pk for row in rows}


@pytest.mark.parametrize("side", ["theirs", "ours"])
def test_a_row_moves_to_the_new_key_of_its_record(twins: None, ok: Ok, run: Run, side: str) -> None:
    both_made(ok, run, side)
    moved, alias = ("Oatmeal", "other") if side == "theirs" else ("Barley", "default")
    stays, there = ("Barley", "default") if side == "theirs" else ("Oatmeal", "other")
    at = f"--database={alias}"
    before = raw.snapshot(alias)
    plan = ok("checkout", "main", at)
    assert "bakery.product:900 becomes bakery.product:901, with all that refers to it" in plan
    assert "4 to get another key" in plan
    assert "bakery.newspage:900 becomes" not in plan, "it goes with its parent"
    assert raw.snapshot(alias) == before, "a plan writes nothing"
    document = json.loads(ok("checkout", "main", "--json", at))
    assert document["moved"]["bakery.page:900"] == "bakery.page:901"
    said = ok("checkout", "main", "--apply", "--yes", at)
    assert "4 given another key" in said
    assert "5 created, 4 given another key" in ok("log", "--applied", at)
    assert keys(alias, moved) == {901}
    assert around(alias, moved) == whole(moved)
    assert keys(alias, stays) == {900}
    assert around(alias, stays) == copied(stays)
    assert "clean" in ok("status", at) or "Nothing" in ok("status", at)
    assert "nothing to write" in ok("checkout", "main", "--apply", "--yes", at)
    ok("checkout", "main", "--apply", "--yes", f"--database={there}")
    assert around(there, stays) == whole(stays)
    assert around(there, moved) == copied(moved)
    assert keys(there, moved) == {901}


def test_an_undo_moves_the_rows_back(twins: None, ok: Ok, run: Run) -> None:
    both_made(ok, run)
    before = raw.snapshot("other")
    ok(*APPLY)
    after = raw.snapshot("other")
    assert "bakery.product:901 becomes bakery.product:900" in ok("undo", "--dry-run", OTHER)
    ok("undo", "--yes", OTHER)
    assert without_ledger(raw.snapshot("other")) == without_ledger(before)
    ok(*APPLY)
    assert without_ledger(raw.snapshot("other")) == without_ledger(after)


NOTES = {"model": "bakery.note", "delete_missing": True}


def noted() -> dict[str, Any]:
    return {"shop": {"specs": lambda given: [*shop(given), NOTES]}}


@pytest.mark.parametrize("name", ["datasets", "noted"])
def test_what_refers_to_a_deleted_row_follows(twins: None, ok: Ok, run: Run, name: str) -> None:
    """Django leaves generic foreign keys behind, in the dump and outside: they must not be another row's."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.{name}"}):
        if name == "noted":
            ok("commit", "-m", "Notes, too")
            ok(*APPLY)
        both_made(ok, run)
        Page.objects.using("other").get(title="Oatmeal").delete()
        Product._base_manager.using("other").get(name="Oatmeal").delete()
        before = raw.snapshot("other")
        plan = ok("update", "--dry-run", OTHER)
        left = "which was deleted here, becomes bakery.{0}:901 in what refers to it"
        for model in ("product", "page"):
            assert f"bakery.{model}:900, {left.format(model)}" in plan
        ok(*UPDATE)
        notes = Note.objects.using("other")
        assert {note.object_id for note in notes.filter(text="Oatmeal note")} == {901}
        assert {note.object_id for note in notes.filter(text="Barley note")} <= {900}
        assert "updated" not in ok("diff", OTHER)
        ok("undo", "--yes", OTHER)
        assert without_ledger(raw.snapshot("other")) == without_ledger(before)


def without_ledger(tables: Any) -> Any:
    return {name: rows for name, rows in tables.items() if not name.startswith("contentgit_")}


def test_edits_and_new_rows_beside_what_moves(twins: None, ok: Ok, run: Run) -> None:
    both_made(ok, run)
    Product._base_manager.using("other").filter(pk=900).update(body="Edited here")
    Review.objects.using("other").create(product_id=900, text="Late review")
    refused = run(*APPLY)
    assert refused.code == 3
    assert "bakery.product:901 was edited here" in refused.err
    before = raw.snapshot("other")
    ok(*UPDATE)
    row = Product._base_manager.using("other").get(pk=901)
    assert (row.name, row.body) == ("Oatmeal", "Edited here")
    assert row.reviews.count() == 2
    assert "bakery.product:901" in ok("status", OTHER)
    ok("undo", "--yes", OTHER)
    assert without_ledger(raw.snapshot("other")) == without_ledger(before)


def test_a_row_in_the_way(twins: None, ok: Ok, run: Run) -> None:
    """Made here since, and in no commit: it moves on when that is asked for."""
    both_made(ok, run)
    new_product("other", "Spelt", 901)
    before = raw.snapshot("other")
    refused = run(*UPDATE)
    assert refused.code == 3
    assert (
        "bakery.product:901 is another row here, and bakery.product:900 is to become" in refused.err
    )
    assert "--database other --renumber  (gives rows that were made here" in refused.err
    plain = run(*APPLY)
    assert plain.code == 3
    assert "--merge --renumber" in plain.err
    assert raw.snapshot("other") == before
    ok(*UPDATE, "--renumber")
    assert around("other", "Oatmeal") == whole("Oatmeal")
    assert around("other", "Spelt") == whole("Spelt")
    assert around("other", "Barley") == copied("Barley")
    assert keys("other", "Spelt") == {902}
    ok("undo", "--yes", OTHER)
    assert without_ledger(raw.snapshot("other")) == without_ledger(before)


def test_update_gives_rows_made_here_other_keys(twins: None, ok: Ok, run: Run) -> None:
    """Both made a product under one key, and the one here is in no commit yet."""
    new_product("default", "Barley")
    ok("commit", "-m", "Barley")
    new_product("other", "Oatmeal")
    before = raw.snapshot("other")
    refused = run(*UPDATE)
    assert refused.code == 3
    assert "--renumber  (gives rows that were made here" in refused.err
    assert raw.snapshot("other") == before
    ok(*UPDATE, "--renumber")
    assert around("other", "Oatmeal") == whole("Oatmeal")
    assert around("other", "Barley") == copied("Barley")
    assert keys("other", "Barley") == {900}
    assert keys("other", "Oatmeal") == {901}
    ok("commit", "-m", "Oatmeal", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert around("default", "Oatmeal") == copied("Oatmeal")
    assert around("default", "Barley") == whole("Barley")


def test_undo_of_new_keys_for_rows_made_here(twins: None, ok: Ok) -> None:
    new_product("default", "Barley")
    ok("commit", "-m", "Barley")
    new_product("other", "Oatmeal")
    before = raw.snapshot("other")
    ok(*UPDATE, "--renumber")
    ok("undo", "--yes", OTHER)
    assert without_ledger(raw.snapshot("other")) == without_ledger(before)


def test_back_to_an_older_commit(twins: None, ok: Ok, run: Run) -> None:
    """The row goes back to the key that its record had there; the other one is deleted."""
    both_made(ok, run)
    ok(*APPLY)
    ok("checkout", "live", "--apply", "--yes", "--allow-cascade", OTHER)
    assert around("other", "Oatmeal") == whole("Oatmeal")
    assert keys("other", "Oatmeal") == {900}
    assert not Product._base_manager.using("other").filter(name="Barley")
    ok(*APPLY)
    assert around("other", "Oatmeal") == whole("Oatmeal")
    assert keys("other", "Oatmeal") == {901}


def test_a_plan_file(twins: None, ok: Ok, run: Run, tmp_path: Any) -> None:
    both_made(ok, run)
    file = tmp_path / "plan.json"
    ok("checkout", "main", f"--plan-out={file}", OTHER)
    ok("checkout", "--apply", f"--plan={file}", "--yes", OTHER)
    assert keys("other", "Oatmeal") == {901}


def test_a_plan_file_with_a_number_that_somebody_takes(
    twins: None, ok: Ok, run: Run, tmp_path: Any
) -> None:
    """What the row becomes is a part of what was agreed to."""
    new_product("default", "Barley")
    ok("commit", "-m", "Barley")
    new_product("other", "Oatmeal")
    file = tmp_path / "plan.json"
    plan = ok("update", "--renumber", "--dry-run", f"--plan-out={file}", OTHER)
    assert "bakery.category:900 becomes bakery.category:901" in plan
    Category.objects.using("other").create(pk=901, name="Late", slug="late")
    said = run("checkout", "--apply", f"--plan={file}", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.category:900 has changed since the plan to move it was made" in said.err
    ok("update", "--renumber", "--dry-run", f"--plan-out={file}", OTHER)
    ok("checkout", "--apply", f"--plan={file}", "--yes", OTHER)
    assert Category.objects.using("other").get(name="Oatmeal").pk == 902


def test_an_edit_since_goes_back_with_its_row(twins: None, ok: Ok, run: Run) -> None:
    both_made(ok, run)
    ok(*APPLY)
    Product._base_manager.using("other").filter(pk=901).update(body="Edited since")
    Review.objects.using("other").create(product_id=901, text="Since")
    ok("undo", "--yes", OTHER)
    row = Product._base_manager.using("other").get(pk=900)
    assert (row.name, row.body, row.reviews.count()) == ("Oatmeal", "Edited since", 2)
    assert not Product._base_manager.using("other").filter(pk=901)


@pytest.fixture
def no_deletes() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.keeping"}):
        yield


def keeping() -> dict[str, Any]:
    specs = [{**each, "delete_missing": False} for each in shop("")]
    return {"shop": {"specs": lambda _arguments: specs}}


def test_undo_where_nothing_may_be_deleted(twins: None, no_deletes: None, ok: Ok, run: Run) -> None:
    """What came with the apply stays, and makes room; the next apply finds it again."""
    both_made(ok, run)
    ok(*APPLY)
    Category.objects.using("other").filter(pk=900).update(position=9)
    plan = ok("undo", "--dry-run", OTHER)
    assert "bakery.product:901 becomes bakery.product:900" in plan
    assert "bakery.product:900 becomes bakery.product:902" in plan
    ok("undo", "--yes", OTHER)
    assert around("other", "Oatmeal") == whole("Oatmeal")
    assert keys("other", "Oatmeal") == {900}
    assert around("other", "Barley") == {**copied("Barley"), "position": 9}
    assert keys("other", "Barley") == {902}
    assert "clean" in ok("status", OTHER)
    ok(*APPLY)
    assert keys("other", "Oatmeal") == {901}
    assert keys("other", "Barley") == {900}
    assert around("other", "Barley") == {**copied("Barley"), "position": 9}
    assert Product._base_manager.using("other").filter(name="Barley").count() == 1
    assert "clean" in ok("status", OTHER)


def test_back_and_forth_where_nothing_may_be_deleted(
    twins: None, no_deletes: None, ok: Ok, run: Run
) -> None:
    both_made(ok, run)
    ok(*APPLY)
    Category.objects.using("other").filter(pk=900).update(position=9)
    for number in range(2):
        ok("checkout", "live", "--apply", "--yes", OTHER)
        again = ok("checkout", "live", "--apply", "--yes", OTHER)
        assert "nothing to write" in again, "its record is not in this commit"
        assert keys("other", "Oatmeal") == {900}
        assert around("other", "Barley") == {**copied("Barley"), "position": 9}
        assert "clean" in ok("status", OTHER)
        Tag.objects.using("other").filter(pk=1).update(name=f"Noted {number}")
        ok("commit", "-m", "Noted", f"--branch=more{number}", OTHER)
        ok(*APPLY, "--merge")
        assert keys("other", "Barley") == {900}
        assert keys("other", "Oatmeal") == {901}
        assert around("other", "Barley") == {**copied("Barley"), "position": 9}


def test_what_breaks_leaves_the_rows_where_they_were(twins: None, ok: Ok, run: Run) -> None:
    both_made(ok, run)
    before = raw.snapshot("other")

    def fail(**_: Any) -> None:
        assert Product._base_manager.using("other").get(pk=901).name == "Oatmeal"
        raise LookupError("no index")

    post_save.connect(fail, sender=Ingredient)
    try:
        assert run(*APPLY).code == 1
    finally:
        post_save.disconnect(fail, sender=Ingredient)
    assert raw.snapshot("other") == before
    ok(*APPLY)
    assert around("other", "Oatmeal") == whole("Oatmeal")


def test_all_rows_move_together(twins: None, ok: Ok, run: Run) -> None:
    """A statement for each column that refers to them, however many rows there are."""
    for alias, name in (("default", "there"), ("other", "here")):
        rows = [Category(pk=pk, name=f"{name}{pk}", slug=f"{name}{pk}") for pk in range(950, 980)]
        Category.objects.using(alias).bulk_create(rows)
    both_made(ok, run)
    with CaptureQueriesContext(connections["other"]) as found:
        ok(*APPLY)
    moved = re.compile(r"UPDATE .bakery_(category|product). SET .(id|parent_id|category_id). =")
    said = [match[0] for query in found if (match := moved.search(query["sql"]))]
    assert len(said) == len({*said}) == 4, said
    assert Category.objects.using("other").filter(name__startswith="here").count() == 30


def test_a_row_that_is_gone_does_not_move(twins: None, ok: Ok, run: Run) -> None:
    both_made(ok, run)
    Product._base_manager.using("other").filter(pk=900).delete()
    ok(*UPDATE)
    assert not Product._base_manager.using("other").filter(name="Oatmeal")
    assert Product._base_manager.using("other").get(pk=900).name == "Barley"
    assert Review.objects.using("other").count() == 0


def test_another_row_under_the_number_of_one_that_is_gone(twins: None, ok: Ok, run: Run) -> None:
    """Oatmeal was to become 901; it was deleted here, and Zwieback made, which got that number."""
    both_made(ok, run)
    other = Product._base_manager.using("other")
    other.filter(pk=900).delete()
    category = Category.objects.using("other").get(pk=900)
    made = Product(pk=901, name="Zwieback", slug="zwieback", category=category, price="1.00")
    made.save(using="other")
    Review.objects.using("other").create(product=made, text="crisp")
    before = raw.snapshot("other")
    said = run(*UPDATE)
    assert said.code == 3
    assert "bakery.product:901 is another row here, and bakery.product:900 is to" in said.err
    assert raw.snapshot("other") == before
    ok(*UPDATE, "--renumber")
    row = other.get(name="Zwieback")
    assert row.pk > 901
    assert [*row.reviews.values_list("text", flat=True)] == ["crisp"]
    assert not other.filter(name="Oatmeal")
    assert other.get(pk=900).name == "Barley"
    ok("undo", "--yes", OTHER)
    assert without_ledger(raw.snapshot("other")) == without_ledger(before)


def test_back_behind_the_merge_where_the_record_was_deleted_since(
    twins: None, ok: Ok, run: Run
) -> None:
    """Oatmeal became 901 and was deleted; in the older commit it is 900, which is Barley here."""
    both_made(ok, run)
    ok(*APPLY)
    Category.objects.using("other").filter(name="Barley").update(position=50)
    NewsPage.objects.using("other").filter(title="Oatmeal").delete()
    Product._base_manager.using("other").filter(name="Oatmeal").delete()
    Category.objects.using("other").filter(name="Oatmeal").delete()
    ok("commit", "-m", "No more oatmeal", OTHER)
    before = raw.snapshot("other", ("bakery_",))
    plan = ok("checkout", "live", OTHER)
    assert re.search("bakery.category:900 becomes bakery.category:90[2-9]", plan), plan
    ok("checkout", "live", "--apply", "--yes", "--allow-cascade", OTHER)
    found = dict(Category.objects.using("other").values_list("name", "position"))
    assert found["Oatmeal"] == 0
    assert "Barley" not in found
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other", ("bakery_",)) == before


def named_by_uuids() -> dict[str, Any]:
    return {"shop": {"specs": lambda _: [{**spec, "identity": "uuid"} for spec in shop("")]}}


def test_rows_move_before_they_are_named_by_uuids(twins: None, ok: Ok, run: Run) -> None:
    """A UUID follows from a key: of two keys that a record had, rows here have the older one."""
    both_made(ok, run)
    ok("checkout", "main", "--apply", "--yes")
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.named_by_uuids"}):
        ok("commit", "-m", "UUIDs")
        before = raw.snapshot("other", ("bakery_",))
        said = run(*UPDATE)
        assert said.code == 3
        assert "bakery.category:900 becomes bakery.category:901" in said.err
        assert "refused: the branch gives records of shop other keys" in said.err
        assert "apply a commit from before the UUIDs with the code of then" in said.err
        assert raw.snapshot("other", ("bakery_",)) == before
    ok("checkout", "main~1", "--apply", "--yes", OTHER)
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.named_by_uuids"}):
        ok(*UPDATE)
        assert around("other", "Oatmeal") == whole("Oatmeal")
        assert around("other", "Barley") == copied("Barley")
        assert keys("other", "Oatmeal") == {901}


def test_renumber_requires_a_merge(twins: None, run: Run) -> None:
    said = run("checkout", "main", "--apply", "--renumber")
    assert said.code == 2
    assert "--renumber requires --merge" in said.err
    assert AppliedCommit.objects.count() == 1


def test_a_row_outside_of_the_filter_makes_room(twins: None, ok: Ok, run: Run) -> None:
    """It is in no dump, and its key is that of a new record."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.some"}):
        Category.objects.using("other").create(pk=900, name="Mine", slug="own-mine", position=7)
        Category.objects.create(pk=900, name="Rolls", slug="rolls")
        ok("commit", "some", "-m", "Rolls")
        ok("commit", "some", "-m", "As there", "--branch=there", OTHER)
        refused = run("update", "some", "--yes", OTHER)
        assert refused.code == 3
        ok("update", "some", "--yes", "--renumber", OTHER)
        found = Category.objects.using("other").filter(pk__gte=900).order_by("pk")
        assert [*found.values_list("pk", "name", "position")] == [
            (900, "Rolls", 0), (901, "Mine", 7),
        ]  # fmt: skip


def some() -> dict[str, Any]:
    specs = [
        {
            "model": "bakery.category",
            "filter": {"slug__in": ["bread", "rolls"]},
            "delete_missing": True,
        }
    ]
    return {"some": {"specs": lambda _arguments: specs}}


def both() -> dict[str, Any]:
    return {**datasets(), **some()}


def test_a_copy_knows_a_row_that_moves(twins: None, ok: Ok) -> None:
    """Beside what the dump has, the rows of a copy are rows made here: they may get other keys."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.both"}):
        rolls = Category.objects.create(pk=900, name="Rolls", slug="rolls")
        ok("commit", "some", "-m", "Rolls")
        rolls.delete()
        Category.objects.using("other").filter(slug="bread").update(slug="brot")
        ok("checkout", "main", "some", "--apply", "--as-new", "--yes", OTHER)
        copy = Category.objects.using("other").get(slug="rolls")
        Category.objects.create(pk=copy.pk, name="Buns", slug="buns")
        ok("commit", "shop", "-m", "Buns")
        ok("update", "shop", "--yes", "--renumber", OTHER)
        assert Category.objects.using("other").get(pk=copy.pk).name == "Buns"
        assert Category.objects.using("other").get(slug="rolls").pk != copy.pk
        again = ok("checkout", "main", "some", "--apply", "--as-new", "--yes", OTHER)
        assert "nothing to write" in again
        assert Category.objects.using("other").filter(slug="rolls").count() == 1


def news() -> dict[str, Any]:
    specs = specs_for_models([NewsPage], {"delete_missing": True})
    return {"news": {"specs": lambda _arguments: [{**specs[0], "exclude": ["about"]}]}}


def test_a_child_whose_parents_are_in_no_dump(begin: Begin, ok: Ok, run: Run) -> None:
    """The row moves with that of its parent, which is another one of each site."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.news"}):
        for alias in ("default", "other"):
            fill(using=alias)
        ok("init")
        ok("commit", "-m", "News")
        ok(*APPLY)
        for alias, name in (("default", "Here"), ("other", "There")):
            page = NewsPage(pk=900, title=name, slug=name.lower(), day="2026-11-30", body=name)
            page.save(using=alias)
        ok("commit", "-m", "Here")
        ok("commit", "--branch", "live", "-m", "There", OTHER)
        assert run("merge", "live").code == 3
        ok("resolve", "--all", "--renumber", "ours")
        ok("merge", "--continue")
        Page.objects.create(pk=901, title="In the way", slug="in-the-way")
        refused = run("checkout", "main", "--apply", "--yes")
        assert refused.code == 3
        assert "Traceback" not in refused.err
        moving = run("update", "--yes", "--renumber", "--dry-run")
        assert "bakery.page:900 becomes bakery.page:901" in moving.out
        assert "bakery.page:901 becomes bakery.page:902" in moving.out
        assert "bakery.page:900 is not in this database" in moving.err, "no dump can make it"
