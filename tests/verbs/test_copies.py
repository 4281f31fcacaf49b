"""``checkout --apply --as-new``: a dump as a copy under keys of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests import raw
from tests.bakery.models import Category, Ingredient, NewsPage, Note, Page, Product, Tag
from tests.verbs import test_killed
from tests.verbs.conftest import Run

pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
main = test_killed.main
OTHER = "--database=other"
COPY = ("checkout", "main", "shop", "--apply", "--yes", "--as-new")
HOW: dict[str, Any] = {}
MODELS_TOO: list[str] = []
ANOTHER: list[list[dict[str, Any]]] = []
MODELS = ("category", "tag", "product", "ingredient", "page", "newspage", "note")


def datasets() -> dict[str, Any]:
    """All of the bakery in one dump."""
    labels = [*(f"bakery.{name}" for name in MODELS), *MODELS_TOO]
    specs = [{"model": label, "delete_missing": True, **HOW} for label in labels]
    another = {"another": {"specs": lambda _arguments: ANOTHER[0]}} if ANOTHER else {}
    return {"shop": {"specs": lambda _arguments: specs}, "new": {"specs": _new}, **another}


def _new(arguments: str) -> list[dict[str, Any]]:
    """Products and what belongs to them, as feincms3-data saves them as new; notes keep their keys."""
    pks = [int(pk) for pk in arguments.split(",") if pk]
    below = {"delete_missing": {"map": [("product__in", "bakery.product")]}}
    about = {"content_type__model": "product", "object_id__in": pks}
    specs: list[dict[str, Any]] = [
        {"model": "bakery.product", "filter": {"pk__in": pks}, "save_as_new": True},
        {"model": "bakery.ingredient", "filter": {"product__in": pks}, **below},
        {"model": "bakery.newspage", "filter": {"about__in": pks}, "delete_missing": True},
        {"model": "bakery.page", "filter": {"newspage__about__in": pks}, "delete_missing": True},
        {"model": "bakery.note", "filter": about, "save_as_new": True},
    ]
    return [{**spec, "identity": HOW.get("identity", "pk")} for spec in specs]


def by_slug() -> dict[str, Any]:
    """Pages named by a field of theirs, and what they refer to."""
    labels = ("category", "tag", "product", "page", "newspage")
    named = {"newspage": ["slug"], "page": HOW["page"]}
    specs = [{"model": f"bakery.{x}", "identity": named.get(x, "pk")} for x in labels]
    return {"shop": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    HOW.clear()
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def fill(mark: str = "", using: str = "default") -> None:
    """Rows of each kind, with references of each kind; ``mark`` makes unique values others."""
    top = Category(name="Top", slug=f"top{mark}")
    top.save(using=using)
    bread = Category(name="Bread", slug=f"bread{mark}", parent=top)
    bread.save(using=using)
    tags = [Tag(name=name, slug=f"{name}{mark}") for name in ("vegan", "sweet")]
    for tag in tags:
        tag.save(using=using)
    rye = Product(name="Rye", slug=f"rye{mark}", category=bread, price=1)
    rye.save(using=using)
    rye.tags.set(tags)
    Ingredient(product=rye, name="Flour").save(using=using)
    news = NewsPage(title="News", slug=f"news{mark}", day="2026-01-01", about=rye)
    news.save(using=using)
    Page(title="Page", slug=f"page{mark}").save(using=using)
    for row in (rye, news, bread):
        about = ContentType.objects.db_manager(using).get_for_model(type(row))
        Note(content_type=about, object_id=row.pk, text=f"of {row}").save(using=using)


QUERIES = (
    "SELECT a.name, a.slug, b.slug FROM bakery_category a LEFT JOIN bakery_category b ON b.id = a.parent_id",
    "SELECT name, slug FROM bakery_tag",
    (
        "SELECT a.name, a.slug, b.slug, a.price FROM bakery_product a JOIN bakery_category b"
        " ON b.id = a.category_id"
    ),
    (
        "SELECT p.slug, t.slug FROM bakery_product_tags l JOIN bakery_product p ON p.id = l.product_id"
        " JOIN bakery_tag t ON t.id = l.tag_id"
    ),
    "SELECT a.name, b.slug FROM bakery_ingredient a JOIN bakery_product b ON b.id = a.product_id",
    "SELECT title, slug FROM bakery_page",
    (
        "SELECT a.slug, b.slug FROM bakery_newspage n JOIN bakery_page a ON a.id = n.page_ptr_id"
        " JOIN bakery_product b ON b.id = n.about_id"
    ),
    (
        "SELECT n.text, p.slug FROM bakery_note n JOIN django_content_type t ON t.id = n.content_type_id"
        " JOIN bakery_product p ON p.id = n.object_id WHERE t.model = 'product'"
    ),
    (
        "SELECT n.text, p.slug FROM bakery_note n JOIN django_content_type t ON t.id = n.content_type_id"
        " JOIN bakery_page p ON p.id = n.object_id WHERE t.model = 'newspage'"
    ),
)


def state(using: str) -> list[Any]:
    """What is there by content, in SQL."""
    found = []
    with connections[using].cursor() as cursor:
        for query in QUERIES:
            cursor.execute(query)
            found.append(sorted(map(repr, cursor.fetchall())))
    return found


def begin(ok: Ok) -> list[Any]:
    """A commit, and other rows under the same primary keys in the other database; what both have."""
    fill()
    ok("init")
    ok("commit", "-m", "Shop")
    fill("-own", "other")
    return together(state("default"), state("other"))


def together(one: list[Any], other: list[Any]) -> list[Any]:
    return [sorted([*a, *b]) for a, b in zip(one, other, strict=True)]


def names(using: str) -> set[tuple[str, str]]:
    """What the map says: label without the name of the copy, and row."""
    with connections[using].cursor() as cursor:
        row = connections[using].ops.quote_name("row")
        cursor.execute(f"SELECT label, {row} FROM contentgit_identity WHERE {row} IS NOT NULL")
        return {(label.rpartition(" ")[2], str(pk)) for label, pk in cursor.fetchall()}


def test_a_copy_beside_other_rows(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    both = begin(ok)
    own = raw.snapshot("other")
    plan = run("checkout", "main", "shop", "--as-new", OTHER, "--json").json
    assert plan["copy"] == "as-new"
    assert plan["counts"] == {"create": 12}
    assert {step["record"] for step in plan["steps"]} >= {"bakery.tag:1", "bakery.newspage:1"}
    assert raw.snapshot("other") == own
    assert "as a copy of shop: 12 created" in ok(*COPY, OTHER)
    assert state("other") == both
    after = raw.snapshot("other")
    assert "nothing to write" in ok(*COPY, OTHER)
    assert raw.snapshot("other") == after
    assert len(names("other")) == 11  # a news page has the name of its page
    ok("undo", "--yes", "--allow-empty", OTHER)
    assert raw.snapshot("other") == own
    assert names("other") == set()
    ok(*COPY, OTHER)
    assert state("other") == both


def change(ok: Ok) -> None:
    """A commit that edits, deletes and adds, with references to old and new rows."""
    rye, (vegan, sweet) = Product.objects.get(), Tag.objects.order_by("pk")
    Product.objects.update(name="Wholemeal rye")
    rye.tags.set([sweet])
    vegan.delete()
    oat = Product.objects.create(name="Oat", slug="oat", category_id=rye.category_id, price=2)
    oat.tags.set([sweet, Tag.objects.create(name="new", slug="new")])
    NewsPage.objects.create(title="More", slug="more", day="2026-01-02", about=oat)
    Category.objects.filter(slug="top").update(parent=Category.objects.get(slug="bread"))
    Page.objects.filter(slug="page").delete()
    ok("commit", "-m", "Changed")


def test_the_copy_follows_the_commits(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    own = state("other")
    ok(*COPY, OTHER)
    first = raw.snapshot("other")
    change(ok)
    ok(*COPY, OTHER)
    assert state("other") == together(state("default"), own)
    after = raw.snapshot("other")
    ok(*COPY, OTHER)
    assert raw.snapshot("other") == after
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == first
    ok("undo", "shop", "--as-new", "--yes", "--allow-empty", OTHER)
    assert state("other") == own


def test_the_copy_and_the_same_dump_side_by_side(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    """The other database has the dump under its own keys at one commit, and its copy at another."""
    HOW["delete_missing"] = "owned"  # the copy's rows match the filter of the dump
    fill()
    ok("init")
    ok("commit", "-m", "Shop")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    normal = state("other")
    said = run(*COPY, OTHER)
    assert said.code == 3
    assert "product:1 wants the unique slug='rye' of bakery.product:1 (not of the copy)" in said.err
    assert "    bakery.tag:2: 'sweet', bakery.tag:2" in said.err
    assert state("other") == normal
    for model in (Category, Tag, Product, Page):
        for row in model._base_manager.all():
            row.slug = f"{row.slug}-2"
            row.save()
    ok("commit", "-m", "Other slugs")
    ok(*COPY, OTHER)
    assert state("other") == together(normal, state("default"))
    dumps = [one for one in run("status", "--json", OTHER).json["dumps"] if one["applied"]]
    assert [(one["dump"], one["copy"], len(one["changes"])) for one in dumps] == [
        ("shop", "", 12),  # they match its filter
        ("shop", "as-new", 0),
    ]
    assert len({one["applied"]["commit"] for one in dumps}) == 2
    said = run("log", "--applied", OTHER)
    assert [", a copy" in line for line in said.out.splitlines()] == [True, False]
    ok("undo", "--yes", "--allow-empty", OTHER)
    assert state("other") == normal


def test_edits_of_the_copy(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    begin(ok)
    ok(*COPY, OTHER)
    copy = Product._base_manager.using("other").get(slug="rye")
    Product._base_manager.using("other").filter(pk=copy.pk).update(price=7)
    own = Category.objects.using("other").get(slug="bread-own")
    Product._base_manager.using("other").filter(pk=copy.pk).update(category=own)
    NewsPage.objects.using("other").get(slug="news").delete()
    said = ok("status", OTHER)
    assert "~ bakery.product:1  Rye  category, price" in said
    assert "- bakery.newspage:1" in said
    assert "own" not in said
    change(ok)
    said = run(*COPY, OTHER)
    assert said.code == 0 or "edited here" in said.err
    before = raw.snapshot("other")
    ok(*COPY, "--merge", OTHER)
    merged = Product._base_manager.using("other").get(pk=copy.pk)
    assert (merged.name, merged.price, merged.category_id) == ("Wholemeal rye", 7, own.pk)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before
    assert run(*COPY, OTHER).code in (0, 3)
    Product._base_manager.using("other").filter(pk=copy.pk).update(name="Here")
    assert run(*COPY, OTHER).code == 3
    ok(*COPY, "--force", OTHER)
    forced = Product._base_manager.using("other").get(pk=copy.pk)
    assert (forced.name, forced.category.slug) == ("Wholemeal rye", "bread")
    ok("undo", "--yes", OTHER)
    assert Product._base_manager.using("other").get(pk=copy.pk).name == "Here"


def test_what_of_a_copy_was_deleted_is_made_again_on_demand(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    both = begin(ok)
    ok(*COPY, OTHER)
    Ingredient.objects.using("other").get(product__slug="rye").delete()
    said = run(*COPY, OTHER)
    assert said.code == 3
    assert "bakery.ingredient:1 was deleted here and would be created again" in said.err
    assert "contentgit commit" not in said.err
    ok(*COPY, "--force", OTHER)
    assert state("other") == both


def test_an_undo_brings_back_references_to_rows_that_are_not_of_the_copy(
    databases: tuple[str, str], ok: Ok
) -> None:
    """By UUIDs that these rows have got in the apply."""
    HOW["identity"] = "uuid"
    begin(ok)
    ok(*COPY, OTHER)
    own = Category.objects.using("other").get(slug="bread-own")
    copy = Product._base_manager.using("other").get(slug="rye")
    Product._base_manager.using("other").filter(pk=copy.pk).update(category=own)
    copy.tags.add(Tag.objects.using("other").get(slug="sweet-own"))
    edited = state("other")
    ok(*COPY, "--force", OTHER)
    assert state("other") != edited
    ok("undo", "--yes", OTHER)
    assert state("other") == edited


def test_rows_that_a_copy_meets_first_have_the_names_of_their_keys(
    db: str, run: Run, ok: Ok
) -> None:
    """Where UUIDs have been chosen since the commit that the rows are at."""
    fill()
    ok("init")
    ok("commit", "-m", "Shop")
    HOW["identity"] = "uuid"
    assert "bakery.tag:1  vegan" in run("checkout", "main", "shop", "--as-new").out
    assert "0 created, 0 updated, 0 deleted" in ok("commit", "-m", "Named by UUIDs")


def test_an_undo_of_a_copy_with_rows_that_were_edited(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    """The row that stays refers to rows that go: nothing is wrong with the commit."""
    begin(ok)
    own = state("other")
    ok(*COPY, OTHER)
    Product._base_manager.using("other").filter(slug="rye").update(name="Here")
    undo = ("undo", "--as-new", "--yes", "--allow-empty", OTHER)
    said = run(*undo, "--take", "ours")
    assert said.code == 3
    assert "bakery.category:2 is not in the commit, but bakery.product:1 here refers" in said.err
    assert "on the site, delete or change first what refers to the records" in said.err
    assert "contentgit check" not in said.err
    ok(*undo, "--take", "theirs")
    assert state("other") == own


def test_a_row_in_place_of_one_of_the_copy(databases: tuple[str, str], ok: Ok) -> None:
    """It is no row of the copy, once a verb has seen that the other is gone."""
    begin(ok)
    ok(*COPY, OTHER)
    there = Ingredient.objects.using("other").get(product__slug="rye")
    pk = there.pk
    there.delete()
    assert "- bakery.ingredient:1" in ok("status", OTHER)
    own = Product._base_manager.using("other").get(slug="rye-own")
    Ingredient(pk=pk, product=own, name="Another").save(using="other")
    assert "- bakery.ingredient:1" in ok("status", OTHER)
    ok(*COPY, "--force", OTHER)
    found = Ingredient.objects.using("other").values_list("name", "product__slug")
    assert sorted(found) == [("Another", "rye-own"), ("Flour", "rye"), ("Flour", "rye-own")]


def test_rows_of_others_are_never_touched(databases: tuple[str, str], ok: Ok) -> None:
    """Not if their key is that of a record which goes, nor if they refer to rows of the copy."""
    begin(ok)
    ok(*COPY, OTHER)
    own = Tag.objects.using("other").get(slug="vegan-own")
    copy = Product._base_manager.using("other").get(slug="rye")
    copy.tags.add(own)
    Product._base_manager.using("other").filter(slug="rye-own").update(category=copy.category)
    change(ok)
    ok(*COPY, "--merge", OTHER)
    assert Tag.objects.using("other").filter(pk=own.pk).exists()
    assert sorted(copy.tags.values_list("slug", flat=True)) == ["sweet", "vegan-own"]


def lose_map(models: str) -> None:
    with connections["other"].cursor() as cursor:
        cursor.execute("DELETE FROM contentgit_identity WHERE label LIKE %s", [models])


def test_a_lost_map_is_never_guessed(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    begin(ok)
    ok(*COPY, OTHER)
    there = raw.snapshot("other")
    lose_map("%bakery.tag")
    lose_map("%bakery.note")
    lost = "does not know which rows are the copies of 5 records"
    for words in ((*COPY, "--force"), ("undo", "--yes", "--allow-empty")):
        said = run(*words, OTHER)
        assert said.code == 3
        assert lost in said.err
        assert "bakery.note:1, bakery.note:2, bakery.note:3, …" in said.err
        assert "restore the table contentgit_identity" in said.err
    assert raw.snapshot("other") == there


def test_a_copy_whose_map_is_lost_is_given_up(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    """Its rows stay, and hold what must be unique; other dumps and their status go on."""
    both = begin(ok)
    ok(*COPY, OTHER)
    lose_map("as-new %")
    said = run("status", "--exit-code", OTHER)
    assert said.code == 1
    assert "shop  24 records, never at a commit" in said.out
    assert "copies of 12 records" in said.out
    assert "main shop --apply --as-new --adopt  (gives these rows up:" in said.out
    said = run(*COPY, "--adopt", OTHER)
    assert said.code == 3
    assert "product:1 wants the unique slug='rye' of bakery.product:2 (not of the copy)" in said.err
    for model in (Category, Tag, Product, Page):
        for row in model._base_manager.using("other").exclude(slug__endswith="-own"):
            row.slug = f"{row.slug}-old"
            row.save()
    before = state("other")
    ok(*COPY, "--adopt", OTHER)
    assert state("other") == together(state("default"), before)
    assert "shop, a copy  at" in ok("status", OTHER)
    assert "nothing to write" in ok(*COPY, OTHER)
    ok("undo", "--yes", "--allow-empty", OTHER)
    assert state("other") == before != both
    assert "a copy" not in ok("status", "--exit-code", OTHER)
    assert "nothing to write" in ok("undo", "--yes", OTHER)  # of the apply whose map was lost


def test_plans_and_words(databases: tuple[str, str], run: Run, ok: Ok, tmp_path: Any) -> None:
    both = begin(ok)
    for words in (("main",), ("main", "shop", "shop:2"), ("main", "shop", "--new", "x")):
        assert run("checkout", *words, "--as-new", OTHER).code == 2
    said = run("checkout", "main", "--as-new", OTHER)
    assert said.err.splitlines() == [
        "error: --as-new copies one dump, which the call names",
        said.err.splitlines()[1],
    ]
    assert "DUMP --apply --as-new" in said.err
    assert "there is no dataset 'nope'" in run("checkout", "main", "nope", "--as-new", OTHER).err
    file = str(tmp_path / "plan")
    ok("checkout", "main", "shop", "--as-new", "--plan-out", file, OTHER)
    ok("checkout", "--apply", "--plan", file, OTHER)
    assert state("other") == both
    assert run("checkout", "--apply", "--plan", file, OTHER).code == 3
    assert "shop, a copy" in ok("status", OTHER)
    said = run("commit", "shop", "-m", "Copy", OTHER)
    assert said.code == 3
    assert "shop --apply --as-new  (is for the copy here" in said.err


def test_a_model_whose_key_is_content(db: str, run: Run, ok: Ok) -> None:
    MODELS_TOO.append("workshop.shelf")
    try:
        ok("init")
        fill()
        ok("commit", "-m", "Shop")
        said = run(*COPY)
    finally:
        MODELS_TOO.clear()
    assert said.code == 2
    assert "shop cannot be copied: the primary key of workshop.shelf is content" in said.err


def test_keys_made_of_copied_rows(db: str, run: Run, ok: Ok) -> None:
    labels = ("node", "pair")
    specs = [{"model": f"zoo.{name}", "save_as_new": name == "node"} for name in labels]
    ANOTHER.append(specs)
    try:
        ok("init")
        said = run("checkout", "main", "another")
    finally:
        ANOTHER.clear()
    assert said.code == 2
    assert "keys of zoo.pair are made of references to zoo.node, whose rows are copied" in said.err


def test_children_named_by_a_field_of_their_parents(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    setting = {"DATASETS": f"{__name__}.by_slug", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        HOW["page"] = ["slug"]
        begin(ok)
        ok(*COPY, OTHER)
        news = NewsPage.objects.using("other").get(slug="news")
        assert (news.title, news.about.slug) == ("News", "rye")
        assert "nothing to write" in ok(*COPY, OTHER)
        HOW["page"] = "pk"
        said = run(*COPY, OTHER)
        assert said.code == 2
        assert "bakery.newspage is named by slug, and bakery.page, whose rows have" in said.err


def test_references_to_rows_that_are_nowhere(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    """They stay by their key, and are named by it; rows that are here and no copies are found by it."""
    fill()
    ANOTHER.append([{"model": "bakery.category", "filter": {"slug": "bread"}, "save_as_new": True}])
    try:
        ok("init")
        ok("commit", "another", "-m", "Bread")
        call = ("checkout", "main", "another", "--apply", "--yes", OTHER)
        said = run(*call)
        assert said.code == 3
        assert "bakery.category:2 refers in parent to bakery.category:1, which neither" in said.err
        Category(pk=1, name="Own", slug="own").save(using="other")
        ok(*call)
        assert "nothing to write" in ok(*call)
    finally:
        ANOTHER.clear()
    assert Category.objects.using("other").get(slug="bread").parent_id == 1


def test_records_that_a_merge_has_renumbered(
    databases: tuple[str, str], run: Run, ok: Ok, git: Ok
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "Shop")
    Tag.objects.create(pk=7, name="main", slug="main")
    git("branch", "live")
    ok("commit", "-m", "Main")
    ok(*COPY, OTHER)
    Tag.objects.filter(pk=7).delete()
    ok("checkout", "live", "--apply", "--yes")
    Tag.objects.create(pk=7, name="live", slug="live")
    ok("commit", "-m", "Live")
    git("symbolic-ref", "HEAD", "refs/heads/main")
    git("reset", "-q", "--hard")
    run("merge", "live")
    ok("resolve", "--all", "--renumber", "ours")
    ok("merge", "--continue")
    before = raw.snapshot("other")
    said = run(*COPY, OTHER)
    assert said.code == 3
    assert "gives records of shop other keys, which rows of a copy cannot follow" in said.err
    assert "bakery.tag:7 becomes bakery.tag:8" in said.err
    assert raw.snapshot("other") == before
    ok(*COPY, "--force", OTHER)
    assert "nothing to write" in ok(*COPY, OTHER)
    assert Tag.objects.using("other").count() == 4


def test_a_killed_copy(
    databases: object, ok: Ok, main: Callable[[list[str]], int], repository_path: object
) -> None:
    both = begin(ok)
    own = state("other")
    words = [COPY[0], f"--repository={repository_path}", *COPY[1:], OTHER]
    for _step in test_killed.every_step(lambda: main(words)):
        now = state("other")
        assert now in (own, both)
        assert len(names("other")) == (11 if now == both else 0)
        assert ("shop, a copy" in ok("status", OTHER)) == (now == both)
        if now == both:
            break
    ok(*COPY, OTHER)
    assert state("other") == both
    assert len(names("other")) == 11


def test_queries_do_not_depend_on_rows(databases: object, ok: Ok) -> None:
    from contentgit.models import AppliedCommit

    fill()
    ok("init")
    counts = []
    for number in (3, 20):
        for n in range(number):
            Tag.objects.create(name="t", slug=f"t{number}-{n}")
        ok("commit", "-m", "Tags")
        raw.wipe("other", ("bakery_", "contentgit_"))
        AppliedCommit.objects.using("other").all().delete()
        with CaptureQueriesContext(connections["other"]) as seen:
            ok(*COPY, OTHER)
        counts.append(len(seen))
    assert counts[1] - counts[0] < 10


# Chosen by the specs

NEW = ("checkout", "main", "new:1", "--apply", "--yes", OTHER)


def saved(ok: Ok) -> None:
    """The product is committed; the other database has others under its key and beside."""
    fill()
    ok("init")
    ok("commit", "new:1", "-m", "Rye")
    for table in ("category", "tag"):
        model = {"category": Category, "tag": Tag}[table]
        for row in model._base_manager.order_by("pk"):
            row.save(using="other", force_insert=True)
    words = {"name": "Own", "category_id": 1, "price": 1}
    own = Product(slug="own", **words)
    own.save(using="other")
    assert own.pk == 1
    Ingredient(pk=50, product=own, name="Own").save(using="other")
    NewsPage(pk=50, title="Own", slug="own", day="2026-01-01", about=own).save(using="other")


def ingredients() -> list[tuple[str, str]]:
    rows = Ingredient.objects.using("other").order_by("pk")
    return list(rows.values_list("product__slug", "name"))


def test_rows_saved_as_new(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    saved(ok)
    before = raw.snapshot("other")
    ok(*NEW)
    copy = Product._base_manager.using("other").get(slug="rye")
    assert copy.pk != 1
    assert sorted(copy.tags.values_list("slug", flat=True)) == ["sweet", "vegan"]
    assert ingredients() == [("own", "Own"), ("rye", "Flour")] or ingredients() == [
        ("rye", "Flour"),
        ("own", "Own"),
    ]
    assert NewsPage.objects.using("other").get(slug="news").about_id == copy.pk
    assert Note.objects.using("other").get().object_id == copy.pk
    after = raw.snapshot("other")
    ok(*NEW)
    assert raw.snapshot("other") == after
    (dump,) = [one for one in run("status", "--json", OTHER).json["dumps"] if one["applied"]]
    assert (dump["dump"], dump["copy"], dump["changes"]) == ("new:1", "save_as_new", [])
    ok("undo", "--yes", "--allow-empty", OTHER)
    assert raw.snapshot("other") == before  # also where specs permit no deletes


def test_only_what_belongs_to_copies_is_deleted(databases: tuple[str, str], ok: Ok) -> None:
    saved(ok)
    ok(*NEW)
    Ingredient.objects.all().delete()
    NewsPage.objects.all().delete()
    ok("commit", "new:1", "-m", "Less")
    ok(*NEW)
    assert ingredients() == [("own", "Own")]
    assert list(NewsPage.objects.using("other").values_list("slug", flat=True)) == ["own"]
    assert list(Page.objects.using("other").values_list("slug", flat=True)) == ["own"]


def test_the_database_that_has_the_originals(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    """There a dump that is saved as new is applied in place; a copy is made on demand."""
    saved(ok)
    Product._base_manager.filter(slug="rye").update(name="New")
    ok("commit", "new:1", "-m", "New")
    before = raw.snapshot()
    assert "nothing to write" in ok("checkout", "main", "new:1", "--apply", "--yes")
    assert raw.snapshot() == before
    ok(*NEW)
    said = run("commit", "new:1", "-m", "Copy", OTHER)
    assert said.code == 2
    assert "new:1 is a copy in database 'other', which is not committed" in said.err
    ok("commit", "shop", "-m", "Shop", "--branch", "own", OTHER)


def test_calls_with_other_dumps(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    saved(ok)
    ok("commit", "shop", "-m", "Shop")
    said = run("checkout", "main", "shop", "new:1", OTHER)
    assert said.code == 2
    assert "rows of new:1 are saved as new, which is done dump by dump" in said.err
    ok(*NEW)
    with override_settings(
        CONTENTGIT={"DATASETS": f"{__name__}.datasets_new", "ENVIRONMENT": "test"}
    ):
        ok("commit", "-m", "All")
        said = run("checkout", "main", "--apply", OTHER)
        assert said.code == 2
        assert "rows of every are saved as new, by a call that names this dump" in said.err


def datasets_new() -> dict[str, Any]:
    specs = [{"model": "bakery.tag", "save_as_new": True}]
    return {"every": {"specs": lambda _arguments: specs}}


# Rows of a copy under keys of others


def beside(ok: Ok) -> None:
    """A dump in place and, with other slugs, as a copy; then a record has the key of a row of the copy."""
    HOW["delete_missing"] = "owned"  # the copy's rows match the filter of the dump
    fill()
    ok("init")
    ok("commit", "-m", "Shop")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    for model in (Category, Tag, Product, Page):
        for row in model._base_manager.all():
            row.slug = f"{row.slug}-2"
            row.save()
    ok("commit", "-m", "Other slugs")
    ok(*COPY, OTHER)
    taken = Tag.objects.using("other").get(slug="vegan-2")
    Tag.objects.create(pk=taken.pk, name="new", slug="new")
    ok("commit", "-m", "New")


def test_a_row_of_a_copy_is_never_taken_over(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    beside(ok)
    there = raw.snapshot("other")
    place = ("checkout", "main", "shop", "--apply", "--yes", OTHER)
    for more in ((), ("--force",), ("--merge", "--take", "theirs")):
        said = run(*place, *more)
        assert said.code == 3, more
        assert "is a row of the copy of shop, and another record in the commit" in said.err
        assert "--renumber" in said.err
        assert "--force  (" not in said.err
    assert raw.snapshot("other") == there


def test_a_row_of_a_copy_outside_of_the_filter(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    fill()
    ANOTHER.append([{"model": "bakery.tag", "filter": {"name": "vegan"}, "delete_missing": True}])
    try:
        ok("init")
        ok("commit", "shop", "another", "-m", "Shop")
        ok("checkout", "main", "another", "--apply", "--yes", OTHER)
        Tag.objects.using("other").update(slug="moved")
        ok(*COPY, OTHER)
        taken = Tag.objects.using("other").get(slug="sweet")
        Tag.objects.create(pk=taken.pk, name="vegan", slug="new")
        ok("commit", "another", "-m", "New")
        there = raw.snapshot("other")
        with CaptureQueriesContext(connections["other"]) as seen:
            said = run("checkout", "main", "another", "--apply", "--yes", "--force", OTHER)
        assert said.code == 3
        assert f"bakery.tag:{taken.pk} is a row of the copy of shop" in said.err
        assert raw.snapshot("other") == there
        asked = [each for each in seen if "contentgit_identity" in each["sql"]]
        assert len(asked) == 1  # for the keys of the steps alone
    finally:
        ANOTHER.clear()


def test_an_undo_deletes_what_was_made_for_the_copy(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    """Where no spec permits deletes; what was edited is a conflict, and what people added stays."""
    HOW["delete_missing"] = False
    begin(ok)
    own = raw.snapshot("other")
    ok(*COPY, OTHER)
    Tag.objects.create(name="new", slug="new")
    ok("commit", "-m", "New")
    first = raw.snapshot("other")
    ok(*COPY, OTHER)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == first
    Tag.objects.using("other").filter(slug="sweet").update(name="Edited")
    said = run("undo", "--as-new", "--yes", "--allow-empty", OTHER)
    assert said.code == 3
    assert "bakery.tag:2 was edited here" in said.err
    Tag.objects.using("other").filter(slug="sweet").update(name="sweet")
    ok("undo", "--as-new", "--yes", "--allow-empty", OTHER)
    assert raw.snapshot("other") == own
    assert "a copy" not in ok("status", OTHER)


def test_an_undo_of_a_copy_where_there_is_none(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    """The last apply of the dump itself is not meant."""
    fill()
    ok("init")
    ok("commit", "-m", "Shop")
    assert run("undo", "--as-new", "--yes", OTHER).code == 2
    ok("checkout", "main", "shop", "--apply", "--yes", OTHER)
    applied = raw.snapshot("other")
    said = run("undo", "shop", "--as-new", "--yes", OTHER)
    assert said.code == 2
    assert "database 'other' has no copy of shop that could be undone" in said.err
    assert "--database other shop  (undoes the last apply that is no copy)" in said.err
    assert raw.snapshot("other") == applied


def test_rows_are_made_in_the_order_of_their_originals(databases: tuple[str, str], ok: Ok) -> None:
    """Models without a field for the order list them by primary keys; keys are numbers there."""
    for number in range(1, 31):
        Tag.objects.create(name=f"t{number}", slug=f"t{number}")
    ok("init")
    ok("commit", "-m", "Tags")
    fill("-own", "other")
    ok(*COPY, OTHER)
    made = Tag.objects.using("other").filter(slug__startswith="t").order_by("pk")
    assert list(made.values_list("slug", flat=True)) == [f"t{number}" for number in range(1, 31)]


def test_words_for_the_two_kinds_of_copies(
    databases: tuple[str, str], run: Run, ok: Ok, tmp_path: Any
) -> None:
    saved(ok)
    ok(*NEW)
    assert "new:1, a copy by specs" in ok("status", OTHER)
    assert "new:1, a copy by specs" in ok("log", "--applied", OTHER)
    said = run("undo", "--dry-run", "--allow-empty", OTHER)
    assert "new:1, as a copy by specs, undo the apply of" in said.out
    assert "saved as new" in ok("datasets", "new:1")
    said = run("checkout", "main", "new:1", "--as-new", "-b", "fresh", OTHER)
    assert said.code == 2
    assert "-b creates a branch and moves HEAD; --as-new makes a copy" in said.err
    said = run("diff", OTHER, "--", "new:1")
    assert said.code == 2
    assert "new:1 is here only as a copy, which is not compared" in said.err
    assert "contentgit status " in said.err


def test_names_of_copies_are_never_shown(
    databases: tuple[str, str], run: Run, ok: Ok, tmp_path: Any
) -> None:
    """In lines of a plan that has changed, and in values of drift, are the keys of the repository."""
    begin(ok)
    ok(*COPY, OTHER)
    file = str(tmp_path / "plan")
    Product._base_manager.update(name="Changed")
    ok("commit", "-m", "Changed")
    ok("checkout", "main", "shop", "--as-new", "--plan-out", file, OTHER)
    top = Category.objects.using("other").get(slug="top")
    Product._base_manager.using("other").filter(slug="rye").update(category=top, name="Here")
    for words in (("--apply", "--plan", file), ("main", "shop", "--as-new")):
        said = run("checkout", *words, OTHER)
        assert said.code == 3
        assert "bakery.product:1" in said.err
        assert not re.search("-5[0-9a-f]{3}-", said.err)  # of a UUID
