"""What records are called, and with how many queries."""

from __future__ import annotations

import tracemalloc

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from contentgit.content import portions
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.content.titles import best_text, one_line
from contentgit.db.backends import backend
from contentgit.db.titles import QUERIES, titles
from tests.bakery.models import Category, Ingredient, NewsPage, Page, Product
from tests.fieldzoo.fields import Money
from tests.fieldzoo.models import Coded, Custom, GrandChild, Scoped, TextKey
from tests.fieldzoo.reading import reader, spec
from tests.workshop.models import Asking, Bag, Fussy


def key(label: str, text: object) -> RecordKey:
    return RecordKey(label, str(text))


def record(label: str, text: object, /, **fields: object) -> Record:
    return Record(key(label, text), fields)


def test_rows_are_called_what_their_model_says(db: str) -> None:
    bread = Category.objects.create(name="Bread\n\tand more", slug="bread")
    news = NewsPage.objects.create(title="x" * 100, slug="x", day="2026-01-01")
    TextKey.objects.create(code="Ä", name="text")
    custom = Custom.objects.create(money=Money(250), words=["a", "b"])
    found = reader(Category, NewsPage)
    wanted = {
        key("bakery.category", bread.pk): "Bread and more",
        key("bakery.newspage", news.pk): "x" * 79 + "…",
        key("fieldzoo.textkey", "%c3%84"): "text",
        key("fieldzoo.custom", custom.pk): "2.50 in a,b",
        key("bakery.category", 999): "",
        key("no.model", 1): "",
    }
    assert titles(db, found.tables, list(wanted)) == wanted


def test_a_few_queries_for_each_model(db: str) -> None:
    pks = list(Permission.objects.values_list("pk", flat=True)[:30])
    found = reader(Permission)
    wanted = [each for each, _ in found.stream("auth.permission")]
    with CaptureQueriesContext(connection) as made:
        assert len(titles(db, found.tables, wanted[: len(pks)])) == 30
    # The keys of permissions are read once; then a few rows, and more. __str__ shows the content type.
    assert len(made.captured_queries) == 3


def test_large_rows_are_not_in_memory_together(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice 16 rows of 50 kB are, those at first and those at the end; all are 5 MB."""
    monkeypatch.setattr(portions, "ROOM", 500_000)
    bread = Category.objects.create(name="Bread", slug="bread")
    for n in range(100):
        Product.objects.create(
            name=f"Loaf {n}", slug=f"loaf-{n}", category=bread, price=1, body="a" * 50_000
        )
    found = reader(Product)
    wanted = [each for each, _ in found.stream("bakery.product")]
    titles(db, found.tables, wanted)  # what stays is there
    tracemalloc.start()
    names = titles(db, found.tables, wanted)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert names[wanted[99]] == "Loaf 99"
    assert most < 2.5e6


def test_records_that_are_in_no_row(db: str) -> None:
    bread = Category.objects.create(name="Bread", slug="bread")
    records = [
        record("bakery.product", 7, name="Rye", category=f"bakery.category:{bread.pk}"),
        record("bakery.ingredient", 1, name="Salt", product="bakery.product:7"),
        record("bakery.page", 3, title="Open", slug="open"),
        record("bakery.newspage", 3, day="2026-01-01", body="", about=None),
        record("fieldzoo.custom", 5, money=199, words='["x"]', upper="a"),
        record("bakery.opening", 1, weekday=2, opens="08:00:00.000000", closes="12:30:00.000000"),
    ]
    found = reader(Product, Ingredient, Page, NewsPage, Custom)
    given = {each.key: each for each in records}
    assert list(titles(db, found.tables, list(given), given).values()) == [
        "Rye",
        "Salt",
        "Open",
        "Open",
        "1.99 in x",
        "Tuesday 08:00 to 12:30",
    ]


def test_parents_of_new_records_may_be_rows(db: str) -> None:
    page = Page.objects.create(title="There", slug="there")
    new = record("bakery.newspage", page.pk, day="2026-01-01", body="")
    assert titles(db, reader(NewsPage).tables, [new.key], {new.key: new}) == {new.key: "There"}
    records = [
        record("fieldzoo.parent", 1, title="t"),
        record("fieldzoo.child", 1, text="x"),
        record("fieldzoo.grandchild", 1, note="n", otherparent_ptr="fieldzoo.otherparent:9"),
    ]
    given = {each.key: each for each in records}
    (*_, title) = titles(db, reader(GrandChild).tables, list(given), given).values()
    assert title == "t: x (n)"


def test_titles_that_fail(db: str) -> None:
    scoped = Scoped(name="a\x00\u202eb" if connection.vendor != "postgresql" else "a\x01\u202eb")
    scoped.save_base(raw=True)
    new = record("fieldzoo.scoped", 99, name="new")
    wanted = [key("fieldzoo.scoped", scoped.pk), new.key]
    found = titles(db, reader(Scoped).tables, wanted, {new.key: new})
    assert list(found.values()) == ["ab", "new"]


def test_models_without_words_of_their_own(db: str) -> None:
    coded = Coded.objects.create(code="c", name="Name")
    assert titles(db, {}, [key("fieldzoo.coded", coded.pk)]) == {
        key("fieldzoo.coded", coded.pk): "Name"
    }


def test_records_with_natural_keys(db: str) -> None:
    found = reader(spec(Coded, identity=("code",)))
    Coded.objects.create(code="a b", name="There")
    new = record("fieldzoo.coded", "c", code="c", name="New")
    wanted = [key("fieldzoo.coded", "a%20b"), new.key]
    assert list(titles(db, found.tables, wanted, {new.key: new}).values()) == ["There", "New"]


def test_references_that_go_round(db: str) -> None:
    records = [
        record("bakery.category", 1, name="a", slug="a", parent="bakery.category:2"),
        record("bakery.category", 2, name="b", slug="b", parent="bakery.category:1"),
    ]
    given = {each.key: each for each in records}
    assert list(titles(db, {}, list(given), given).values()) == ["a", "b"]


def test_every_query_goes_to_the_database_asked_for(databases: tuple[str, str]) -> None:
    bread = Category.objects.using("other").create(name="Bread", slug="bread")
    product = Product(name="Rye", slug="rye", category=bread, price=1)
    product.save(using="other")
    new = record("bakery.ingredient", 5, name="Salt", product=f"bakery.product:{product.pk}")
    found = reader(Product, using="other")
    wanted = [key("bakery.product", product.pk), new.key]
    with CaptureQueriesContext(connections["default"]) as made:
        assert list(titles("other", found.tables, wanted, {new.key: new}).values()) == [
            "Rye",
            "Salt",
        ]
    assert not made.captured_queries


def test_instances_that_are_false(db: str) -> None:
    found = [Bag.objects.create(size=size) for size in (0, 5, -1)]
    new = record("workshop.bag", 99, size=0, outer=f"workshop.bag:{found[0].pk}")
    wanted = [*(key("workshop.bag", each.pk) for each in found), new.key]
    names = titles(db, reader(Bag).tables, wanted, {new.key: new})
    assert list(names.values()) == [
        "old bag of 0",
        "old bag of 5",
        "old bag of -1",
        "new bag of 0 in old bag of 0",
    ]


def test_words_may_ask_a_little(db: str) -> None:
    rows = [Asking.objects.create(name=f"n{n}", sql="SELECT 7") for n in range(QUERIES + 2)]
    wanted = [key("workshop.asking", each.pk) for each in rows]
    with CaptureQueriesContext(connection) as made:
        names = list(titles(db, reader(Asking).tables, wanted).values())
    assert names == [*(f"n{n} 7" for n in range(QUERIES)), f"n{QUERIES}", f"n{QUERIES + 1}"]
    assert len(made.captured_queries) <= QUERIES + 4  # the rows, and a savepoint


def test_words_write_nothing(db: str) -> None:
    sql = ["DELETE FROM workshop_bag", "SELECT nonsense", "SELECT 8"]
    Bag.objects.create(size=3)
    rows = [Asking.objects.create(name=f"n{n}", sql=each) for n, each in enumerate(sql)]
    wanted = [key("workshop.asking", each.pk) for each in rows]
    with backend(db).snapshot():
        names = titles(db, reader(Asking).tables, wanted)
        assert Bag.objects.count() == 1  # the transaction goes on
    assert list(names.values()) == ["n0", "n1", "n2 8"]


def test_one_row_that_cannot_be_an_instance_costs_its_own_title(db: str) -> None:
    moods = ["good"] * 7
    moods[3] = "bad"
    rows = [Fussy.objects.create(name=f"n{n}", mood=mood) for n, mood in enumerate(moods)]
    wanted = [key("workshop.fussy", each.pk) for each in rows]
    names = list(titles(db, reader(Fussy).tables, wanted).values())
    assert names == ["fussy n0", "fussy n1", "fussy n2", "", "fussy n4", "fussy n5", "fussy n6"]


# Without a database


def test_best_text() -> None:
    assert best_text(record("a.b", 1, body="x", title="T", name="N"), None) == "T"
    assert best_text(record("a.b", 1, body="x", last_name="N", zip="1"), None) == "N"
    assert best_text(record("a.b", 1, zebra="z", body="b" * 300, size=5), None) == "z"
    assert best_text(record("a.b", 1, title="", name=None, size=5, tags=["x"]), None) == ""


def test_best_text_is_text() -> None:
    schema = ModelSchema(
        "a.b",
        KeyKind.INTEGER,
        Layout.INTEGER,
        (
            FieldSchema("author", FieldKind.REFERENCE, target="a.c"),
            FieldSchema("day", FieldKind.DATE),
            FieldSchema("text", FieldKind.TEXT),
        ),
    )
    found = record("a.b", 1, author="a.c:1", day="2026-01-01", text="Words")
    assert best_text(found, schema) == "Words"


def test_one_line() -> None:
    assert one_line(" a\r\n b\u202e\x07\u200bc ") == "a bc"
    assert one_line("x" * 80) == "x" * 80
    assert one_line("word " * 30) == f"{'word ' * 15}word…"
    assert len(one_line("ä" * 500)) == 80
