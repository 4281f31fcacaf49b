"""What a planner is told of a database, and in how many queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import Model, ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.test.utils import CaptureQueriesContext

from contentgit.db.facts import fetch
from contentgit.db.identity import Identities
from contentgit.db.introspect import tables
from contentgit.db.reader import Reader
from contentgit.facts import Facts, Referrer
from contentgit.plan import Candidate, Licences, Size, Survey, build, survey
from contentgit.records import Record, RecordKey
from contentgit.schema import OnDelete
from contentgit.specs import Dataset, ModelSpec
from contentgit.steps import Action, Plan, ProblemKind
from tests.brands.models import (
    Brand,
    Cell,
    Choice,
    Circle,
    Coded,
    Guard,
    Item,
    Limit,
    Loose,
    Motto,
    Part,
    Place,
    Remark,
    Store,
    Visit,
)

IDENTITY = {"bakery.tag": "natural"}


def key(text: str) -> RecordKey:
    """``"item:1"`` is ``brands.item:1``; a full label stays."""
    return RecordKey.parse(text if "." in text.partition(":")[0] else f"brands.{text}")


def spec(model: str, **options: Any) -> ModelSpec:
    label = model if "." in model else f"brands.{model}"
    return ModelSpec(label, **{"delete_missing": True, **options})


def dump(*specs: str | ModelSpec, name: str = "brands") -> Dataset:
    return Dataset(name, "", tuple(spec(each) if isinstance(each, str) else each for each in specs))


class Look:
    """Looks at the database for the planner, through these dumps."""

    def __init__(self, *datasets: Dataset) -> None:
        self.datasets = {each.name: each for each in datasets}
        identities = Identities("default", IDENTITY)
        bound = {name: tables(each, identities, "default") for name, each in self.datasets.items()}
        self.tables = {label: table for each in bound.values() for label, table in each.items()}
        self.readers = {
            name: Reader("default", dataset, bound[name], identities)
            for name, dataset in self.datasets.items()
        }

    def survey(self, candidates: Iterable[Candidate]) -> Survey:
        return survey(
            candidates,
            models={label: table.schema for label, table in self.tables.items()},
            datasets=self.datasets,
            first=set(),
            sizes={name: Size(99, 99, 99) for name in self.datasets},
        )

    def facts(self, *candidates: Candidate) -> Facts:
        return fetch("default", self.tables, self.survey(candidates), self.readers)

    def plan(self, *candidates: Candidate, **licences: Any) -> Plan:
        found = self.survey(candidates)
        facts = fetch("default", self.tables, found, self.readers)
        return build(found, facts, Licences(**licences))

    def delete(self, *rows: Model, dump: str = "brands") -> list[Candidate]:
        """The rows as they are, which the commit does not have."""
        records = self.readers[dump].records([of(row) for row in rows])
        return [Candidate(each.key, dump, each, each, None, "o", "") for each in records]

    def update(self, row: Model, dump: str = "brands", **fields: Any) -> Candidate:
        """The row as it is, and with other values in the commit."""
        (ours,) = self.readers[dump].records([of(row)])
        theirs = Record(ours.key, {**ours.fields, **fields})
        return Candidate(ours.key, dump, ours, ours, theirs, "o", "t")


def create(text: str, dump: str = "brands", **fields: Any) -> Candidate:
    return Candidate(key(text), dump, None, None, Record(key(text), fields), "", "t")


def of(row: Model) -> RecordKey:
    pk = row.pk if isinstance(row.pk, tuple) else (row.pk,)
    return RecordKey(row._meta.label_lower, ",".join(map(str, pk)))


def brand(name: str = "gone", **fields: Any) -> Brand:
    return Brand.objects.create(name=name, **fields)


def found(facts: Facts) -> set[tuple[str, str, str]]:
    """(referrer, field, target) of each, without the application's name."""
    return {(str(each.key)[7:], each.field, str(each.target)[7:]) for each in facts.referrers}


ONLY_BRANDS = dump("brand")


# Referrers


@pytest.mark.parametrize(
    ("make", "expected", "way"),
    [
        (
            lambda b: Item.objects.create(brand=b, label=b.name),
            ("item:1", "brand"),
            OnDelete.CASCADE,
        ),
        (lambda b: Guard.objects.create(brand=b), ("guard:1", "brand"), OnDelete.PROTECT),
        (lambda b: Limit.objects.create(brand=b), ("limit:1", "brand"), OnDelete.RESTRICT),
        (
            lambda b: Choice.objects.create(empty=b, default=None),
            ("choice:1", "empty"),
            OnDelete.SET_NULL,
        ),
        (lambda b: Loose.objects.create(firm=b), ("loose:1", "firm"), OnDelete.DO_NOTHING),
        (lambda b: Motto.objects.create(brand=b), ("motto:{pk}", "brand"), OnDelete.CASCADE),
        (lambda b: Coded.objects.create(brand=b), ("coded:1", "brand"), OnDelete.CASCADE),
        (
            lambda b: Cell.objects.create(brand=b, number=7),
            ("cell:{pk},7", "brand"),
            OnDelete.CASCADE,
        ),
        (lambda b: Remark.objects.create(about=b), ("remark:1", "about"), OnDelete.CASCADE),
        (
            lambda b: Circle.objects.create().brands.add(b),
            ("circle:1", "brands"),
            OnDelete.CASCADE,
        ),
    ],
)
def test_each_way_to_refer(db: str, make: Any, expected: tuple[str, str], way: OnDelete) -> None:
    other, gone = brand("other", code="o"), brand("gone", code="g")
    make(gone)
    make(other)
    look = Look(ONLY_BRANDS)
    facts = look.facts(*look.delete(gone))
    (referrer,) = facts.referrers
    name, field = expected
    assert (str(referrer.key), referrer.field) == (f"brands.{name.format(pk=gone.pk)}", field)
    assert referrer.target == of(gone)
    assert referrer.on_delete is way
    assert referrer.dump == ""
    assert referrer.managed == (name.partition(":")[0] in ("motto", "cell"))  # their key holds it
    assert referrer.through == (key("circle_brands:1") if field == "brands" else None)


def test_nothing_refers(db: str) -> None:
    gone, other = brand(), brand("other")
    Loose.objects.create(brand=gone)
    Item.objects.create(brand=other)
    gone.friends.add(other)
    look = Look(ONLY_BRANDS)
    assert look.facts(*look.delete(gone)).referrers == ()


def test_cascades_go_on_through_rows_outside(db: str) -> None:
    gone = brand()
    item = Item.objects.create(brand=gone, label="a")
    inner = Item.objects.create(brand=brand("other"), part_of=item, label="b")
    part = Part.objects.create(item=inner)
    Part.objects.create(item=inner, twin=part)
    Limit.objects.create(item=inner)
    look = Look(ONLY_BRANDS)
    assert found(look.facts(*look.delete(gone))) == {
        ("item:1", "brand", "brand:1"),
        ("item:2", "part_of", "item:1"),
        ("part:1", "item", "item:2"),
        ("part:2", "item", "item:2"),
        ("part:2", "twin", "part:1"),
        ("limit:1", "item", "item:2"),
    }


def test_a_child_outside_takes_its_parent_along_and_what_refers_to_that(db: str) -> None:
    gone = brand()
    Place.objects.create(town="elsewhere")
    store = Store.objects.create(brand=gone, town="here")
    Visit.objects.create(place=store)
    look = Look(ONLY_BRANDS)
    facts = look.facts(*look.delete(gone))
    assert found(facts) == {
        ("store:2", "brand", "brand:1"),
        ("place:2", "place_ptr", "store:2"),
        ("store:2", "place_ptr", "place:2"),
        ("visit:1", "place", "place:2"),
    }
    assert [each.key for each in facts.referrers if each.parent] == [key("place:2")]


def test_rows_of_the_dump_are_told_from_rows_outside(db: str) -> None:
    gone = brand()
    for label in ("in", "out"):
        Item.objects.create(brand=gone, label=label)
    other = brand("other")
    other.friends.add(gone)
    look = Look(dump("brand", spec("item", filter={"label": "in"})))
    facts = look.facts(*look.delete(gone))
    by_key = {str(each.key): each for each in facts.referrers}
    assert by_key["brands.item:1"] == Referrer(
        key("item:1"), "brand", of(gone), OnDelete.CASCADE, dump="brands", managed=True
    )
    assert by_key["brands.item:2"].dump == ""
    link = by_key["brands.brand:2"]
    assert (link.field, link.dump, link.managed) == ("friends", "brands", True)
    assert link.through == key("brand_friends:1")


def test_a_record_that_stays_is_not_followed(db: str) -> None:
    gone = brand()
    item = Item.objects.create(brand=gone)
    Part.objects.create(item=item)
    look = Look(dump("brand", "item"))
    assert found(look.facts(*look.delete(gone))) == {("item:1", "brand", "brand:1")}
    assert found(look.facts(*look.delete(gone, item))) == {
        ("item:1", "brand", "brand:1"),
        ("part:1", "item", "item:1"),
    }


def test_what_references_are_set_to(db: str) -> None:
    default, takes_over, gone = brand("default"), brand("fallback"), brand()
    assert default.pk == 1
    Choice.objects.create(empty=gone, default=gone, other=gone)
    look = Look(ONLY_BRANDS)
    facts = look.facts(*look.delete(gone))
    assert {each.field: (each.on_delete, each.value) for each in facts.referrers} == {
        "empty": (OnDelete.SET_NULL, None),
        "default": (OnDelete.SET_DEFAULT, "brands.brand:1"),
        "other": (OnDelete.SET, f"brands.brand:{takes_over.pk}"),
    }


def test_the_function_given_to_set_is_called_only_where_a_row_needs_it(db: str) -> None:
    gone = brand()  # and no fallback: calling it would raise
    Choice.objects.create(empty=gone, default=None)
    look = Look(ONLY_BRANDS)
    assert len(look.facts(*look.delete(gone)).referrers) == 1


# Django's own deletion as the judge


def collected(row: Model) -> set[RecordKey] | None:
    """All rows that Django would delete with the row, those of through tables too; ``None``: refused."""
    collector = Collector(using="default")
    try:
        collector.collect([row], keep_parents=True)
    except (ProtectedError, RestrictedError):
        return None
    rows = {of(each) for rows in collector.data.values() for each in rows}
    return rows | {of(each) for rows in collector.fast_deletes for each in rows}


def a_world(gone: Brand) -> None:
    """Something of everything that cascades, several levels deep."""
    other = brand("other", code="o")
    item = Item.objects.create(brand=gone, label="a")
    inner = Item.objects.create(brand=other, part_of=item, label="b")
    Item.objects.create(brand=other, label="c")
    part = Part.objects.create(item=inner)
    Part.objects.create(item=item, twin=part).items.add(item, inner)
    Limit.objects.create(brand=gone, item=inner)
    store = Store.objects.create(brand=gone, town="here")
    Visit.objects.create(place_id=store.pk)
    Motto.objects.create(brand=gone)
    Coded.objects.create(brand=gone)
    Cell.objects.create(brand=gone, number=7)
    Remark.objects.create(about=gone)
    Circle.objects.create().brands.add(gone, other)
    gone.friends.add(other, gone)
    other.friends.add(gone)


def test_as_django_deletes(db: str) -> None:
    gone = brand(code="g")
    a_world(gone)
    expected = collected(gone)
    assert expected is not None
    look = Look(ONLY_BRANDS)
    other = look.update(Brand.objects.get(name="other"), friends=[])
    plan = look.plan(*look.delete(gone), other, allow_cascade=True)
    assert plan.problems == ()
    gone_now = {step.key for step in plan.steps if step.action in (Action.DELETE, Action.CASCADE)}
    parts = {of(link) for link in Brand.friends.through.objects.all()}
    parts |= {of(link) for link in Part.items.through.objects.all()}
    assert gone_now == expected - parts
    assert len(gone_now) == 14


@pytest.mark.parametrize("model", [Guard, Limit])
def test_as_django_refuses(db: str, model: type[Model]) -> None:
    gone = brand(code="g")
    a_world(gone)
    model.objects.create(brand=gone)  # type: ignore[attr-defined]
    assert collected(gone) is None
    look = Look(ONLY_BRANDS)
    other = look.update(Brand.objects.get(name="other"), friends=[])
    plan = look.plan(*look.delete(gone), other, allow_cascade=True)
    assert [each.kind for each in plan.problems] == [ProblemKind.PROTECTED]


# Existence and membership


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


def test_counts(db: str) -> None:
    brand("one"), brand("two")
    assert Look(dump("brand", "item")).facts().counts == {"brands.brand": 2, "brands.item": 0}


# Unique values


def holders(look: Look, *candidates: Candidate) -> dict[str, dict[tuple[Any, ...], str]]:
    facts = look.facts(*candidates)
    result: dict[str, dict[tuple[Any, ...], str]] = {}
    for (_, name, values), holder in facts.holders.items():
        result.setdefault(name, {})[values] = holder.key
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
