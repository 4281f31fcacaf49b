"""What a planner is told of a database, and in how many queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.test.utils import CaptureQueriesContext

from contentgit.content.schema import Function, UniqueSet
from contentgit.content.schema import UniquePart as Compared
from contentgit.integrity.relations import plain
from contentgit.plan import Candidate
from contentgit.plan.facts import Sibling
from tests.brands.models import (
    Brand,
    Choice,
    Circle,
    Item,
    Part,
)
from tests.db.looking import ONLY_BRANDS, Look, brand, create, dump, key, of, spec
from tests.zoo.models import Bird, Book, Essay, Fish, Generated, Slot


def test_what_exists(db: str) -> None:
    one = brand("one")
    look = Look(dump("brand", "item", spec("bakery.tag")))
    content_type = "contenttypes.contenttype:brands,brand"
    facts = look.facts(
        create("item:5", brand="brands.brand:1"),
        create("item:6", brand="brands.brand:9"),
        create("brand:1", name="again"),
        create("brand:7", friends=["brands.brand:1", "brands.brand:2", "gone.model:3"]),
    )
    assert one.pk == 1
    assert facts.existing == {key("brand:1")}
    assert facts.uninstalled == {"gone.model"}
    assert ContentType.objects.count()
    remarks = Look(dump("remark"))
    half = {"content_type": content_type, "object_id": None}
    assert remarks.facts(create("remark:1", about=half)).existing == {key(content_type)}


def test_links_of_a_row_that_no_filter_matches(db: str) -> None:
    one, two = brand("one"), brand("two")
    one.friends.add(two, one)
    look = Look(dump(spec("brand", filter={"name": "two"})))
    facts = look.facts(create("brand:1", name="two", friends=["brands.brand:2"]))
    assert facts.links == {key("brand:1"): {"friends": ("brands.brand:1", "brands.brand:2")}}
    assert look.facts(create("brand:9", name="two")).links == {}


def test_what_another_dump_keeps(db: str) -> None:
    one, two, three = brand("one", year=1), brand("two", year=1), brand("three", year=2)
    look = Look(dump("brand"), dump(spec("brand", filter={"year": 1}), name="first"))
    candidates = look.delete(one, two, three)
    assert look.facts(*candidates).kept == {of(one): "first", of(two): "first"}
    also = look.delete(one, dump="first")
    assert look.facts(*candidates, *also).kept == {of(two): "first"}


def test_which_spec_licenses_a_delete(db: str) -> None:
    one, two = brand("one", year=1), brand("two", year=2)
    look = Look(
        dump(
            spec("brand", filter={"year": 1}),
            spec("brand", filter={"year": 2}, delete_missing=False),
        )
    )
    candidates = look.delete(one, two)
    assert look.facts(*candidates).licensed == {("brands", of(one))}
    assert [str(each.key) for each in look.plan(*candidates).withheld] == [str(of(two))]


# Unique values


def holders(look: Look, *candidates: Candidate) -> dict[str, dict[tuple[Any, ...], str]]:
    facts = look.facts(*candidates)
    result: dict[str, dict[tuple[Any, ...], str]] = {}
    for (_, name, values), holder in facts.holders.items():
        result.setdefault(name, {})[tuple(map(plain, values))] = holder.key
    return result


def test_who_holds_unique_values(db: str) -> None:
    one, two = brand("one", code="a", year=1), brand("two", code="b", year=2)
    look = Look(ONLY_BRANDS)
    assert holders(
        look,
        look.update(one, code="b", name="two", year=2),
        look.update(two, code=None, year=3),
        create("brand:7", name="one", year=2, code="c"),
        create("brand:8", name="one", year=1, code=None),
    ) == {"code": {("b",): "2"}, "brands_brand_name_year": {("two", 2): "2", ("one", 1): "1"}}


def test_who_holds_what_functions_and_conditions_compare(db: str) -> None:
    """The database compares as its constraint does: by functions, and rows of the condition alone."""
    slots = Look(dump("zoo.slot"))
    row = {"low": 1, "high": 50}
    Slot.objects.create(name="Rye", active=True, place=1, **row)
    Slot.objects.create(name="Straße", active=False, place=2, **row)
    Slot.objects.create(name="out of the condition", active=False, place=3, low=1, high=90)
    features = connections["default"].features
    computed = features.supports_expression_indexes and features.supports_partial_indexes
    if not computed:
        assert holders(slots, create("zoo.slot:7", name="RYE", active=True, place=9, **row)) == {}
        return
    assert holders(
        slots,
        create("zoo.slot:7", name="rYe", active=True, place=7, **row),
        create("zoo.slot:8", name="rye", active=False, place=8, low=1, high=60),
        create("zoo.slot:9", name="STRAßE", active=False, place=2, **row),
        create("zoo.slot:10", name="new", active=True, place=10, low=1, high=90),
    ) == {
        "zoo_slot_high": {(50,): "1"},
        "zoo_slot_name": {("RYE", True): "1", ("STRAßE", False): "2"},
        "zoo_slot_unique": {(2,): "2"},
    }


@pytest.mark.parametrize(("constant", "expected"), [("none", {}), (50, {"odd": {(50,): "1"}})])
def test_a_constant_that_fits_no_column_is_left_to_the_database(
    db: str, constant: Any, expected: Any
) -> None:
    """``Coalesce`` takes a number for a decimal, of which content is a text."""
    Slot.objects.create(name="a", active=True, low=1, high=50, place=1)
    look = Look(dump("zoo.slot"))
    part = Compared("high", ((Function.COALESCE, constant),))
    odd = UniqueSet("odd", ("high",), plain=False, parts=(part,))
    table = look.tables["zoo.slot"]
    look.tables["zoo.slot"] = replace(table, schema=replace(table.schema, unique=(odd,)))
    wanted = create("zoo.slot:7", name="b", active=True, low=1, high=50, place=7)
    assert holders(look, wanted) == expected


def test_what_a_generated_column_holds(db: str) -> None:
    Generated.objects.create(name="Rye", width=1, height=2)
    found = holders(
        Look(dump("zoo.generated")), create("zoo.generated:7", name="RYE", width=3, height=4)
    )
    assert found == {"folded": {("rye",): "1"}}


def test_references_among_unique_values(db: str) -> None:
    bakery = Look(dump("bakery.category", "bakery.product", "bakery.ingredient", "bakery.tag"))
    from tests.bakery.models import Category, Ingredient, Product, Tag

    product = Product.objects.create(
        name="Rye", slug="rye", price=1, category=Category.objects.create(name="a", slug="a")
    )
    Ingredient.objects.create(product=product, name="salt")
    Tag.objects.create(name="x", slug="dark")
    result = holders(
        bakery,
        create("bakery.ingredient:7", product="bakery.product:1", name="salt"),
        create("bakery.ingredient:8", product="bakery.product:1", name="water"),
        create("bakery.tag:bright", name="dark", slug="bright"),
    )
    assert result == {"bakery_ingredient_unique": {("bakery.product:1", "salt"): "1"}}


SPELLINGS = ["foo", "Foo", "FOO", "foo ", "fóo", "straße", "STRASSE", "strasse", "other"]


@pytest.mark.parametrize("code", SPELLINGS)
def test_the_database_decides_what_is_equal(db: str, code: str) -> None:
    """Whatever its collation says; it is asked by way of Django for comparison."""
    brand("one", code="Foo"), brand("two", code="straße"), brand("three", code="third")
    rows = Brand.objects.filter(code=code)
    expected = {(code,): str(rows[0].pk)} if rows else {}
    look = Look(ONLY_BRANDS)
    wanted = [create("brand:10", code=code), create("brand:11", code="third")]
    assert holders(look, *wanted) == {"code": {**expected, ("third",): "3"}}


# Queries


def test_rows_that_share_a_parent(db: str) -> None:
    fish = Fish.objects.create(name="Fin", tag="f")
    Bird(animal_ptr_id=fish.pk, ring="r").save_base(raw=True)
    book = Book.objects.create(title="B", isbn="1")
    essay = Essay.objects.create(title="E", topic="t")
    look = Look(dump(spec("zoo.animal"), spec("zoo.seal"), spec("zoo.fish"), spec("zoo.review")))
    facts = look.facts(
        create("zoo.mammal:1"),
        create("zoo.fish:9"),
        create(f"zoo.review:{book.pk}", essay_ptr=f"zoo.essay:{essay.pk}"),
    )
    assert facts.siblings == ()
    look = Look(dump(spec("zoo.mammal"), spec("zoo.fish")))
    facts = look.facts(create("zoo.mammal:1"), create("zoo.mammal:9"))
    child, parent = key("zoo.mammal:1"), key("zoo.animal:1")
    assert set(facts.siblings) == {
        Sibling(child, parent, key("zoo.fish:1"), "brands"),
        Sibling(child, parent, key("zoo.bird:1")),
    }


def queries(look: Look, candidates: Sequence[Candidate]) -> int:
    with CaptureQueriesContext(connections["default"]) as captured:
        look.facts(*candidates)
    return len(captured)


def test_the_number_of_queries_does_not_grow_with_rows(db: str) -> None:
    def world(count: int) -> int:
        for model in (Part, Item, Choice, Brand):
            model.objects.all().delete()
        rows = Brand.objects.bulk_create(
            [Brand(name=f"b{n}", code=f"c{n}") for n in range(2 * count)]
        )
        items = Item.objects.bulk_create(
            [Item(brand=row, label=f"i{row.pk}") for row in rows[:count]]
        )
        Part.objects.bulk_create([Part(item=item) for item in items])
        Choice.objects.bulk_create([Choice(empty=row, default=None) for row in rows[:count]])
        look = Look(dump("brand", spec("item", delete_missing=False)))
        candidates = [
            *look.delete(*rows[:count]),
            *look.delete(*items),
            *(look.update(row, code=f"d{row.pk}", name="x") for row in rows[count:]),
            *(create(f"brand:{n}", name=f"n{n}", code=f"e{n}") for n in range(9000, 9000 + count)),
        ]
        return queries(look, candidates)

    assert world(3) == world(60)


def test_models_without_a_table_are_passed_over(db: str) -> None:
    gone = Circle.objects.create()
    assert "brands_ghost" not in connections["default"].introspection.table_names()
    look = Look(dump("circle"))
    assert look.facts(*look.delete(gone)).referrers == ()
