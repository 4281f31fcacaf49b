"""An apply where a row that is referred to is missing: kinds of references, queries, a lost connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.test import override_settings

from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.models import AppliedCommit
from contentgit.workingcopy.as_applied import with_rules
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, NewsPage, Note, Product, Tag
from tests.verbs.conftest import Run
from tests.verbs.test_lost import check_words, every_step

Ok = Callable[..., str]
SPECS: list[dict[str, Any]] = []


def datasets() -> dict[str, Any]:
    return {"shop": {"specs": lambda _arguments: SPECS}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {
        "DATASETS": f"{__name__}.datasets",
        "ENVIRONMENT": "test",
        "IDENTITIES": {
            "bakery.tag": ["slug"],
            "bakery.product": ["slug"],
            "bakery.category": ["slug"],
        },
    }
    with override_settings(CONTENTGIT=setting):
        yield


def define(*specs: tuple[str, dict[str, Any]]) -> None:
    """The dataset has these models, with these rules."""
    SPECS[:] = [
        {"model": f"bakery.{name}", "delete_missing": True, "missing": rules}
        for name, rules in specs
    ]
    for spec in SPECS:
        if spec["model"] == "bakery.product":
            spec["identity"] = ["slug"]


APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")


def clean(ok: Ok) -> None:
    out = ok("status", "--database=other")
    assert "clean" in out, out
    assert "edited" not in out
    out = ok("commit", "--dry-run", "--database=other")
    assert "0 created, 0 updated, 0 deleted" in out or "Nothing to commit" in out, out


@pytest.fixture
def shop(databases: tuple[str, str]) -> None:
    """Both have the categories; the other database has one of the tags, and another that is free."""
    fill()
    for row in Category.objects.order_by("pk"):
        row.save(using="other", force_insert=True)
    Tag.objects.using("other").create(pk=1, name="Vegan", slug="vegan")
    Tag.objects.using("other").create(pk=2, name="Other", slug="other")


def tags(slug: str) -> list[str]:
    product = Product._base_manager.using("other").get(slug=slug)
    return sorted(product.tags.values_list("slug", flat=True))


def begin(ok: Ok) -> None:
    ok("init")
    ok("commit", "-m", "First")


@pytest.mark.parametrize("short", [False, True])
def test_a_value_of_a_list_is_left_out(shop: None, ok: Ok, short: bool) -> None:
    define(("product", {"tags": "skip"}))
    if short:
        del SPECS[0]["missing"]
        SPECS[0]["ignore_missing_m2m"] = ["tags"]
    begin(ok)
    line = "bakery.tag:organic is missing: bakery.product.tags of 3 records is without it"
    assert line in ok(*APPLY)
    assert (tags("summer-bread"), tags("night-loaf")) == ([], ["vegan"])
    clean(ok)
    # The row comes, and somebody adds another: the first is still no edit, and the branch keeps it.
    Tag.objects.using("other").create(pk=9, name="Organic", slug="organic")
    clean(ok)
    Product._base_manager.using("other").get(slug="night-loaf").tags.add(2)
    assert "1 record edited since" in ok("status", "--database=other")
    ok("commit", "-m", "Another", "--database=other")
    shown = ok("show")
    assert "bakery.tag:other" in shown
    assert "1 updated" in shown
    assert "bakery.tag:organic" in ok("show", "HEAD", "--", "bakery.product:night-loaf")
    ok(*APPLY)
    assert (tags("summer-bread"), tags("night-loaf")) == (
        ["organic"],
        ["organic", "other", "vegan"],
    )
    clean(ok)


def holders(ok: Ok, tag: str) -> list[str]:
    """The products that refer to the tag in the branch."""
    slugs = ("summer-bread", "night-loaf", "secret-loaf")
    return [
        s for s in slugs if f"bakery.tag:{tag}" in ok("show", "HEAD", "--", f"bakery.product:{s}")
    ]


@pytest.mark.parametrize("short", [False, True])
def test_a_removal_is_committed_although_its_row_goes_too(shop: None, ok: Ok, short: bool) -> None:
    """Only what an apply has left out is no edit."""
    define(("product", {"tags": "skip"}))
    if short:
        del SPECS[0]["missing"]
        SPECS[0]["ignore_missing_m2m"] = ["tags"]
    begin(ok)
    ok(*APPLY)
    assert holders(ok, "organic") == ["summer-bread", "night-loaf", "secret-loaf"]
    Tag.objects.get(slug="organic").delete()
    assert "3 records edited since" in ok("status")
    assert ok("diff").count("-bakery.tag:organic") == 3
    # A change of the branch is merged with it.
    Product._base_manager.using("other").filter(slug="night-loaf").update(name="Loaf")
    ok("commit", "-m", "Loaf", "--database=other")
    ok("update", "--yes")
    assert "3 records edited since" in ok("status")
    assert "3 updated" in ok("commit", "-m", "Nothing is organic")
    assert holders(ok, "organic") == []
    assert "clean" in ok("status")
    Tag.objects.using("other").create(pk=9, name="Organic", slug="organic")
    ok("update", "--yes", "--database=other")
    assert tags("night-loaf") == ["vegan"]
    assert "tag:organic is missing" not in ok("status", "--database=other")
    clean(ok)


def test_an_apply_does_not_overwrite_a_removal_whose_row_goes_too(
    shop: None, ok: Ok, run: Run
) -> None:
    define(("product", {"tags": "skip"}))
    begin(ok)
    Tag.objects.get(slug="organic").delete()
    said = run("checkout", "main", "--apply", "--yes")
    assert said.code == 3
    assert "3 records edited in this database would be overwritten" in said.err
    assert "3 records edited since" in ok("status")
    ok("checkout", "main", "--apply", "--merge", "--yes")
    assert "3 records edited since" in ok("status")
    assert "is without it" in ok("checkout", "main", "--apply", "--force", "--yes")
    assert "tag:organic is missing" in ok("status")
    Tag.objects.create(pk=30, name="Organic", slug="organic")
    assert "3 updated" in ok("checkout", "main", "--apply", "--yes")


def test_what_an_apply_of_an_older_release_left_out(shop: None, ok: Ok) -> None:
    """Its list has the reason alone."""
    define(("product", {"tags": "skip"}))
    begin(ok)
    ok(*APPLY)
    line = AppliedCommit.objects.using("other").get()
    for entry in line.withheld:
        entry["reason"] = f"{entry.pop('missing')} is not in this database (ignore_missing_m2m)"
        del entry["rule"]
    line.save(using="other")
    clean(ok)
    Product._base_manager.using("other").filter(slug="night-loaf").update(name="Loaf")
    assert "1 updated" in ok("commit", "-m", "Loaf", "--database=other")
    assert holders(ok, "organic") == ["summer-bread", "night-loaf", "secret-loaf"]
    clean(ok)


def test_another_value_in_a_list(shop: None, ok: Ok) -> None:
    define(("product", {"tags": {"key": "bakery.tag:other"}}))
    begin(ok)
    line = "bakery.tag:organic is missing: bakery.product.tags of 3 records is bakery.tag:other"
    assert line in ok(*APPLY)
    assert (tags("summer-bread"), tags("secret-loaf")) == (["other"], ["other", "vegan"])
    clean(ok)
    Tag.objects.using("other").create(pk=9, name="Organic", slug="organic")
    ok(*APPLY)
    assert tags("summer-bread") == ["organic"]
    clean(ok)


def test_an_edit_of_a_list_with_another_value(shop: None, ok: Ok) -> None:
    """The other value stands for the missing one: who takes it away takes both."""
    define(("product", {"tags": {"key": "bakery.tag:vegan"}}))
    begin(ok)
    ok(*APPLY)
    assert (tags("summer-bread"), tags("night-loaf")) == (["vegan"], ["vegan"])
    Product._base_manager.using("other").get(slug="night-loaf").tags.clear()
    Product._base_manager.using("other").get(slug="summer-bread").tags.add(2)
    assert "2 records edited since" in ok("status", "--database=other")
    assert "2 updated" in ok("commit", "-m", "Tags", "--database=other")
    assert holders(ok, "organic") == ["summer-bread", "secret-loaf"]
    assert holders(ok, "vegan") == ["secret-loaf"]
    assert holders(ok, "other") == ["summer-bread"]
    status = ok("status", "--database=other")
    assert "bakery.tag:organic is missing: bakery.product.tags of 2 records" in status
    clean(ok)
    ok(*APPLY)
    assert (tags("summer-bread"), tags("night-loaf")) == (["other", "vegan"], [])
    clean(ok)


def test_a_generic_reference(shop: None, ok: Ok, run: Run) -> None:
    kinds = ContentType.objects.db_manager("default").get_for_model(Tag)
    for pk, tag in ((1, 3), (2, 12)):  # organic, vegan
        Note.objects.create(pk=pk, content_type=kinds, object_id=tag, text="About")
    define(("note", {}))
    begin(ok)
    # The database lets it dangle, but the reference has no value here without the row.
    plan = run(*APPLY[:2], "--database=other")
    assert plan.code == 3
    said = run(*APPLY)
    assert said.code == 3
    line = "bakery.tag:organic is not in this database: 1 record refers to it, in bakery.note.about"
    assert line in plan.err
    assert line in said.err
    assert '"missing": {"about": "skip"}' in said.err
    define(("note", {"about": {"key": "bakery.category:nowhere"}}))
    said = run(*APPLY)
    assert said.code == 3
    assert "bakery.category:nowhere is not in this database: 1 record refers to it" in said.err
    assert "names bakery.category:nowhere for about: create it, or name another row" in said.err
    define(("note", {"about": {"key": "bakery.newspage:99"}}))  # named by its primary key
    assert "bakery.newspage:99 is not in this database" in run(*APPLY).err
    define(("note", {"about": "skip"}))
    assert (
        "bakery.note.about are left out" in ok(*APPLY) or Note.objects.using("other").count() == 1
    )
    assert list(Note.objects.using("other").values_list("pk", "object_id")) == [(2, 1)]
    clean(ok)
    define(("note", {"about": {"key": "bakery.category:rye"}}))
    assert "bakery.note.about of 1 record is bakery.category:rye" in ok(*APPLY)
    assert str(Note.objects.using("other").get(pk=1).about) == "Rye"
    clean(ok)
    Tag.objects.using("other").create(pk=9, name="Organic", slug="organic")
    ok(*APPLY)
    assert Note.objects.using("other").get(pk=1).object_id == 9
    clean(ok)


def test_queries_do_not_grow_with_records(shop: None, ok: Ok) -> None:
    """One site has a product that the other lacks, and pages about it."""
    define(("page", {}), ("newspage", {"about": "null"}))
    NewsPage.objects.using("other").all().delete()
    begin(ok)
    counts = []
    for number in (5, 300):
        start = NewsPage.objects.count() + 100
        for pk in range(start, start + number):
            day = "2026-04-01"
            NewsPage.objects.create(pk=pk, title="We", slug=f"s{pk}", day=day, about_id=41)
        ok("commit", "-m", "Pages")
        with ExitStack() as stack:
            seen = [0]

            def count(execute: Any, *words: Any, seen: list[int] = seen) -> Any:
                seen[0] += 1
                return execute(*words)

            stack.enter_context(connections["other"].execute_wrapper(count))
            ok("checkout", "main", "--database=other")
            ok("status", "--database=other")
        counts.append(seen[0])
        ok(*APPLY)
    assert counts[1] < counts[0] + 60, counts  # of 600 records more
    assert set(NewsPage.objects.using("other").values_list("about", flat=True)) == {None}
    clean(ok)


@pytest.mark.parametrize("rule", ["null", "skip", {"key": "bakery.product:night-loaf"}])
def test_an_apply_that_loses_its_connection(shop: None, ok: Ok, run: Run, rule: object) -> None:
    define(("page", {}), ("newspage", {"about": rule}))
    other = Product._base_manager.get(pk=42)
    other.pk = 7
    other.save(using="other", force_insert=True)
    begin(ok)
    NewsPage.objects.filter(pk=5).update(about=42)
    ok("commit", "-m", "Night loaf")
    ok(*APPLY)
    before = raw.snapshot("other")
    NewsPage.objects.filter(pk=5).update(about=41, title="Changed")
    Category.objects.filter(pk=1).update(name="B")
    ok("commit", "-m", "Summer bread")
    for said in every_step("other", lambda: run(*APPLY)):
        check_words(said, "other")
        status = run("status", "--json", "--database=other").json["dumps"][0]
        assert status["changes"] == []
        if said.code:
            assert raw.snapshot("other") == before
        else:
            ok("undo", "--yes", "--database=other")
            before = raw.snapshot("other")
    page = NewsPage.objects.using("other").get(pk=5)
    wanted = {"null": ("Changed", None), "skip": ("Changed", 7)}
    assert (page.title, page.about_id) == wanted.get(str(rule), ("Changed", 7))
    clean(ok)


# What a list says


def test_a_record_as_a_list_says() -> None:
    schema = ModelSchema(
        "a.b",
        KeyKind.INTEGER,
        Layout.INTEGER,
        (
            FieldSchema("one", FieldKind.REFERENCE, null=True, target="a.c"),
            FieldSchema("many", FieldKind.REFERENCES, target="a.c"),
            FieldSchema("ranked", FieldKind.REFERENCES, target="a.c", ordered=True),
        ),
    )
    lists = ["a.c:1", "a.c:2", "a.c:3"]
    record = Record(RecordKey("a.b", "1"), {"one": "a.c:2", "many": lists, "ranked": lists})

    def made(missing: str, rule: object) -> list[object]:
        entries = [
            {"record": "a.b:1", "field": name, "missing": missing, "rule": rule}
            for name in ("one", "many", "ranked", "gone")
        ]
        return list(with_rules(record, entries, schema).fields.values())

    assert made("a.c:2", "null")[0] is None
    assert made("a.c:2", "skip") == [None, ["a.c:1", "a.c:3"], ["a.c:1", "a.c:3"]]
    key = {"key": "a.c:10"}
    wanted = ["a.c:1", "a.c:3", "a.c:10"], ["a.c:1", "a.c:10", "a.c:3"]
    assert made("a.c:2", key) == ["a.c:10", *wanted]
    assert made("a.c:2", {"key": "a.c:3"})[1:] == [["a.c:1", "a.c:3"]] * 2
    # The record has another reference by now.
    assert made("a.c:9", "null") == ["a.c:2", lists, lists]
