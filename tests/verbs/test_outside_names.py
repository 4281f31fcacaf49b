"""Rows of models that are in no dataset, named by what the settings declare (``IDENTITIES``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests.bakery.models import Category, NewsPage, Note, Page, Product, Tag
from tests.fieldzoo.models import Coded, Pointing
from tests.verbs.conftest import Run

Ok = Callable[..., str]

NAMES: dict[str, Any] = {
    "bakery.category": ["slug"],
    "bakery.Tag": "natural",
    "bakery.page": ["slug"],
    "fieldzoo.coded": ["code"],
}


def datasets() -> dict[str, Any]:
    labels = ("bakery.product", "bakery.note", "bakery.newspage", "fieldzoo.pointing")
    return {
        label.partition(".")[2]: {
            "specs": lambda _, label=label: [{"model": label, "delete_missing": True}]
        }
        for label in labels
    }


def declared(names: dict[str, Any]) -> override_settings:
    return override_settings(
        CONTENTGIT={
            "DATASETS": "tests.verbs.test_outside_names.datasets",
            "ENVIRONMENT": "test",
            "IDENTITIES": names,
        }
    )


@pytest.fixture(autouse=True)
def _names() -> Iterator[None]:
    with declared(NAMES):
        yield


def people(using: str, *slugs: str, first: int = 1) -> None:
    """Categories, which stand for users here."""
    for pk, slug in enumerate(slugs, first):
        Category.objects.using(using).create(pk=pk, name=slug, slug=slug)


def articles(*categories: int) -> None:
    for pk, category in enumerate(categories, 41):
        Product(pk=pk, name=f"P{pk}", slug=f"p{pk}", category_id=category, price="4.50").save()


def authors(using: str) -> list[str]:
    rows = Product._base_manager.using(using).order_by("pk")
    return [row.category.slug for row in rows.select_related("category")]


def test_references_of_every_kind(databases: tuple[str, str], ok: Ok) -> None:
    people("default", "anna", "bob")
    people("other", "carl", "anna", "dora", "bob")
    Tag.objects.create(pk=3, name="Vegan", slug="vegan")
    Tag.objects.using("other").create(pk=3, name="Rye", slug="rye")
    Tag.objects.using("other").create(pk=9, name="Vegan", slug="vegan")
    articles(1, 2)
    Product._base_manager.get(pk=41).tags.add(3)
    note = Note(pk=1, text="on anna")
    note.content_type, note.object_id = ContentType.objects.get_for_model(Category), 1
    note.save()
    news = NewsPage.objects.create(pk=5, title="News", slug="news", day=date(2026, 11, 29))
    Page.objects.using("other").create(pk=5, title="Else", slug="else")
    Page.objects.using("other").create(pk=6, title="News", slug="news")
    for using, pk in (("default", 1), ("other", 8)):
        Coded.objects.using(using).create(pk=pk, code="x", name="ex")
    Pointing.objects.create(pk=1, coded_id="x", dangling_id=1)
    ok("init")
    ok("commit", "-m", "All")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert authors("other") == ["anna", "bob"]
    assert [tag.pk for tag in Product._base_manager.using("other").get(pk=41).tags.all()] == [9]
    assert Note.objects.using("other").get().object_id == 2
    assert NewsPage.objects.using("other").get().pk == 6
    assert news.pk == 5
    pointing = Pointing.objects.using("other").get()
    assert (pointing.coded_id, pointing.dangling_id) == ("x", 8)
    assert "clean" in ok("status", "--database=other")
    assert "Nothing to commit" in ok("commit", "-m", "Again", "--database=other")


def test_what_names_the_rows_is_recorded(db: str, ok: Ok, git: Callable[..., str]) -> None:
    people("default", "anna")
    articles(1)
    ok("init")
    ok("commit", "product", "-m", "One")
    document = json.loads(git("show", "main:product/dataset.json"))
    assert document["identities"] == {"bakery.category": ["slug"], "bakery.tag": ["slug"]}
    assert "bakery.category:anna" in git("show", "main:product/bakery.product/0/0/41.json")


def test_no_query_for_each_row(db: str, ok: Ok) -> None:
    people("default", *map("user{}".format, range(30)))
    articles(1)
    ok("init")
    counts = []
    for more in (range(1), range(2), range(30)):  # a first commit has queries of its own
        articles(*(1 + number for number in more))
        with CaptureQueriesContext(connection) as made:
            ok("commit", "product", "-m", "More")
        counts.append(len(made.captured_queries))
    assert counts[2] < counts[1] + 5  # MariaDB has two more for 29 more rows


def test_a_row_that_is_not_here_is_named_once(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    people("default", "anna", "bob")
    people("other", "bob")
    articles(1, 1, 1, 2)
    ok("init")
    ok("commit", "product", "-m", "One")
    said = run("checkout", "main", "product", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert said.err.count("bakery.category:anna") == 1
    assert (
        "bakery.category:anna is not in this database: 3 records refer to it, in bakery.product.category"
    ) in said.err
    assert "create the rows in this database" in said.err
    assert "or exclude the field in its spec" in said.err
    assert "IDENTITIES" not in said.err  # it has the model already
    assert run("checkout", "main", "product", "--json", "--database=other").json["problems"][0][
        "missing"
    ] == {"row": "bakery.category:anna", "field": "category"}
    people("other", "anna", first=2)
    ok("checkout", "main", "product", "--apply", "--yes", "--database=other")
    assert authors("other") == ["anna", "anna", "anna", "bob"]


# Commits from before


def begin_by_pk(ok: Ok) -> None:
    """Two databases at a commit that names by primary keys, which are those of other people in one."""
    people("default", "anna", "bob")
    people("other", "bob", "anna")
    articles(1, 2)
    with declared({}):
        ok("init")
        ok("commit", "product", "-m", "By primary key")
        ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert authors("other") == ["bob", "anna"]


def test_a_commit_from_before_is_not_applied(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    begin_by_pk(ok)
    Product._base_manager.using("other").all().delete()
    said = run("checkout", "main", "product", "--apply", "--yes", "--force", "--database=other")
    assert said.code == 3
    assert "names rows that product refers to otherwise than this code" in said.err
    assert "bakery.category: by their primary key in the commit, by slug in this code" in said.err
    assert "commit where the content is edited, with these settings" in said.err
    assert authors("other") == []


def test_a_commit_with_names_puts_right_what_was_attributed_wrongly(
    databases: tuple[str, str], ok: Ok
) -> None:
    """What was there before is no edit of this database, although it is named otherwise now."""
    begin_by_pk(ok)
    ok("commit", "product", "-m", "By name")
    said = ok("checkout", "main", "product", "--database=other")
    assert "bakery.category:bob" in said
    ok("checkout", "main", "product", "--apply", "--yes", "--database=other")
    assert authors("other") == ["anna", "bob"]
    assert "clean" in ok("status", "product", "--database=other")


def test_an_edit_that_is_in_no_commit_is_one_still(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    begin_by_pk(ok)
    people("other", "carl", first=3)
    Product._base_manager.using("other").filter(pk=41).update(category_id=3)
    ok("commit", "product", "-m", "By name")
    said = run("checkout", "main", "product", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert "1 record edited in this database would be overwritten" in said.err
    ok("update", "product", "--take=ours", "--yes", "--database=other")
    assert authors("other") == ["carl", "bob"]


def test_names_taken_back_are_refused_too(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    people("default", "1", "2")
    people("other", "2", "1")
    articles(1, 2)
    ok("init")
    ok("commit", "product", "-m", "By name")
    with declared({}):
        said = run("checkout", "main", "product", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert "bakery.category: by slug in the commit, by their primary key in this code" in said.err
    assert 'CONTENTGIT = {"IDENTITIES": {"bakery.category": ["slug"]}, ...}' in said.err
    ok("checkout", "main", "product", "--apply", "--yes", "--database=other")
    assert authors("other") == ["1", "2"]


def test_records_that_name_nobody_are_applied(databases: tuple[str, str], ok: Ok) -> None:
    Pointing.objects.create(pk=1)
    with declared({}):
        ok("init")
        ok("commit", "pointing", "-m", "Nobody")
    ok("checkout", "main", "pointing", "--apply", "--yes", "--database=other")
    assert Pointing.objects.using("other").count() == 1


def test_branches_that_name_differently_are_not_merged(db: str, ok: Ok, run: Run) -> None:
    people("default", "anna", "bob")
    articles(1)
    with declared({}):
        ok("init")
        ok("commit", "product", "-m", "By primary key")
        ok("checkout", "-b", "before")
        articles(1, 2)
        ok("commit", "product", "-m", "Another by primary key")
        ok("checkout", "main")
        ok("checkout", "main", "--apply", "--yes", "--force")
    Product._base_manager.filter(pk=41).update(name="New")
    ok("commit", "product", "-m", "By name")
    said = run("merge", "before")
    assert said.code == 3
    assert "name the rows that its records refer to differently" in said.err
    assert "bakery.category: by slug in ours, by their primary key in theirs" in said.err
    assert 'CONTENTGIT["IDENTITIES"]' in said.err


def test_records_from_before_are_not_restored(db: str, ok: Ok, run: Run) -> None:
    people("default", "anna")
    articles(1)
    with declared({}):
        ok("init")
        ok("commit", "product", "-m", "By primary key")
    ok("commit", "product", "-m", "By name")
    for what in ("bakery.product:41", "bakery.product:41/category", "product"):
        said = run("restore", what, "--from", "HEAD~1")
        assert said.code == 3, what
        assert "name the rows that its records refer to differently" in said.err
        assert "-- RECORD  (shows what was there; edit it on the site and commit)" in said.err


def test_an_undo_to_before_is_refused_with_the_way_on(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    begin_by_pk(ok)
    ok("commit", "product", "-m", "By name")
    ok("checkout", "main", "product", "--apply", "--yes", "--database=other")
    said = run("undo", "product", "--yes", "--database=other")
    assert said.code == 3
    assert '(with CONTENTGIT["IDENTITIES"] as it was at the apply)' in said.err
    with declared({}):
        ok("undo", "product", "--yes", "--database=other")
    assert authors("other") == ["bob", "anna"]


PAGES: dict[str, Any] = {"bakery.page": ["slug"]}


@pytest.mark.parametrize("names", [{}, PAGES])
def test_an_undo_of_rows_outside_that_had_other_names_is_refused(
    databases: tuple[str, str], ok: Ok, run: Run, names: dict[str, Any]
) -> None:
    """Their names in the backup may be those of other rows now."""
    people("default", "anna")
    people("other", "anna")
    with declared(names):
        ok("init")
        articles(1)
        ok("commit", "product", "-m", "One")
        ok("checkout", "main", "product", "--apply", "--yes", "--database=other")
        news = NewsPage(title="News", slug="news", day=date(2026, 11, 29), about_id=41)
        news.save(using="other")
        Product._base_manager.get(pk=41).delete()
        articles_left = Product(pk=42, name="P", slug="p", category_id=1, price="1.00")
        articles_left.save()
        ok("commit", "product", "-m", "Another")
        call = ("product", "--apply", "--yes", "--allow-cascade", "--database=other")
        ok("checkout", "main", *call)
    assert NewsPage.objects.using("other").get().about_id is None
    with declared({} if names else PAGES):
        said = run("undo", "product", "--yes", "--database=other")
        assert said.code == 3
        assert "outside of its dumps that had other names then" in said.err
    with declared(names):
        ok("undo", "product", "--yes", "--database=other")
    assert NewsPage.objects.using("other").get().about_id == 41


def test_a_generic_key_to_a_deleted_row_keeps_the_name(
    databases: tuple[str, str], ok: Ok, git: Callable[..., str]
) -> None:
    """Django leaves the number, which in the other database is another row."""
    people("default", "anna", "bob")
    people("other", "carl", "anna", "bob")
    kind = ContentType.objects.get_for_model(Category)
    for pk in (1, 2):
        Note.objects.create(pk=pk, content_type=kind, object_id=pk, text="on it")
    ok("init")
    ok("commit", "note", "-m", "Notes")
    ok("checkout", "main", "note", "--apply", "--yes", "--database=other")
    Category.objects.get(slug="anna").delete()
    assert "clean" in ok("status")
    assert "Nothing to commit" in ok("commit", "note", "-m", "Nothing")
    assert "Nothing to do" in ok("checkout", "main", "note")
    Note.objects.update(text="still on it")
    ok("commit", "note", "-m", "Text")
    assert '"bakery.category:anna"' in git("show", "main:note/bakery.note/0/0/1.json")
    ok("checkout", "main", "note", "--apply", "--yes", "--database=other")
    assert [*Note.objects.using("other").order_by("pk").values_list("object_id", "text")] == [
        (2, "still on it"),
        (3, "still on it"),
    ]
    Note.objects.filter(pk=1).update(object_id=2)  # an edit is one
    assert '"bakery.category:anna" → bakery.category:bob' in ok("diff")
    ok("checkout", "main", "note", "--apply", "--merge", "--yes")
    ok("commit", "note", "-m", "Bob")
    assert '"bakery.category:bob"' in git("show", "main:note/bakery.note/0/0/1.json")


def test_a_number_of_a_row_that_was_gone_before(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """No commit has its name: where the number is free it is written, but never into another row's."""
    kind = ContentType.objects.get_for_model(Category)
    Note.objects.create(pk=1, content_type=kind, object_id=1, text="on nobody")
    ok("init")
    ok("commit", "note", "-m", "Notes")
    people("other", "carl")
    said = run("checkout", "main", "note", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert (
        "bakery.note:1 has the number 1 of a row of bakery.category in about, which was deleted where it was "
        "committed; here it is another row's" in said.err
    )
    assert "where they were committed, delete the records" in said.err
    Category.objects.using("other").filter(pk=1).delete()
    ok("checkout", "main", "note", "--apply", "--yes", "--database=other")
    assert Note.objects.using("other").get().object_id == 1
    assert "clean" in ok("status", "--database=other")


def test_datasets_shows_what_names_rows(db: str, ok: Ok, run: Run) -> None:
    with declared({"bakery.category": ["slug"]}):
        said = ok("datasets", "product")
        (found,) = run("datasets", "product", "--json").json["datasets"]
    assert "delete_missing; identity pk" in said
    assert "category names rows of bakery.category, in no dataset, by slug" in said
    assert "tags names rows of bakery.tag, in no dataset, by pk" in said
    (model,) = found["models"]
    assert model["named_by"] == "pk"
    assert model["outgoing"] == [
        {"field": "category", "target": "bakery.category", "identity": ["slug"]},
        {"field": "tags", "target": "bakery.tag", "identity": []},
    ]


def test_datasets_shows_what_generic_keys_lead_to(db: str, ok: Ok) -> None:
    people("default", "anna")
    articles(1)
    for model, pk in ((Product, 41), (Tag, 7), (Category, 1), (Group, 3)):
        kind = ContentType.objects.get_for_model(model)
        Note.objects.create(content_type=kind, object_id=pk, text="on it")
    with declared({"bakery.category": ["slug"]}):
        lines = [line.strip() for line in ok("datasets").splitlines() if "about names" in line]
    assert lines == [
        "about names rows of auth.group, in no dataset, by name",
        "about names rows of bakery.category, in no dataset, by slug",
        "about names rows of bakery.tag, in no dataset, by pk",
    ]


def test_links_named_anew_are_in_the_order_of_keys(databases: tuple[str, str], ok: Ok) -> None:
    for using in databases:
        people(using, "anna")
        for pk, slug in ((3, "10"), (4, "9")):
            Tag.objects.using(using).create(pk=pk, name=slug, slug=slug)
    articles(1)
    Product._base_manager.get(pk=41).tags.add(3, 4)
    with declared({}):
        ok("init")
        ok("commit", "-m", "By number")
        ok("checkout", "main", "--apply", "--yes", "--database", "other")
    Product._base_manager.get(pk=41).tags.remove(3)
    ok("commit", "-m", "By name, and one link less")
    ok("checkout", "main", "--apply", "--yes", "--database", "other")
    assert [tag.slug for tag in Product._base_manager.using("other").get(pk=41).tags.all()] == ["9"]
