"""What deletes reach in a database, with Django's own deletion as the judge."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model, ProtectedError, RestrictedError
from django.db.models.deletion import Collector

from contentgit.content.records import RecordKey
from contentgit.content.schema import OnDelete
from contentgit.plan.facts import Referrer
from contentgit.plan.steps import COMPUTED, Action, ProblemKind
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
    Opinion,
    Part,
    Place,
    Remark,
    Shop,
    Store,
    Verdict,
    Visit,
)
from tests.db.looking import ONLY_BRANDS, Look, brand, dump, found, key, of, spec


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


@pytest.mark.parametrize("model", [Opinion, Verdict])
def test_a_generic_key_of_a_multi_table_parent(db: str, model: Any) -> None:
    """Django deletes the children about the row, which takes their parents along; no other remark."""
    gone = Shop.objects.create()
    Remark.objects.create(about=gone)
    Opinion.objects.create(about=Shop.objects.create(), author="other")
    child = model.objects.create(about=gone, author="a")
    left = everything() - (collected(gone) or set()) - {key(f"remark:{child.pk}")}
    look = Look(dump("shop"))
    plan = look.plan(*look.delete(gone), allow_cascade=True)
    assert plan.problems == ()
    look.apply(plan)
    assert everything() == left - {key(f"opinion:{child.pk}")}
    assert Remark.objects.count() == 2


def test_what_the_site_computes_goes_without_a_permission(db: str) -> None:
    gone = brand()
    Remark.objects.create(about=gone)
    item = Item.objects.create(brand=gone, label="a")
    Part.objects.create(item=item)
    Motto.objects.create(brand=gone)
    names = ("remarks", "item_set", "motto")
    for derived in (names, names[:2], names[:1]):
        look = Look(dump(spec("brand", derived=derived)))
        refused = {each.rows[0].model for each in look.plan(*look.delete(gone)).problems}
        expected = {"brands.item": names[1], "brands.part": names[1], "brands.motto": names[2]}
        assert refused == {label for label, name in expected.items() if name not in derived}
    look = Look(dump(spec("brand", derived=names)))
    look.apply(look.plan(*look.delete(gone)))
    assert everything() == set()


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
        key("item:1"),
        "brand",
        of(gone),
        OnDelete.CASCADE,
        dump="brands",
        managed=True,
        related="item_set",
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
    gone = brand()  # and no fallback: to call the function would raise
    Choice.objects.create(empty=gone, default=gone, other=gone)
    look = Look(ONLY_BRANDS)
    facts = look.facts(*look.delete(gone))
    assert {each.field: (each.on_delete, each.value) for each in facts.referrers} == {
        "empty": (OnDelete.SET_NULL, None),
        "default": (OnDelete.SET_DEFAULT, COMPUTED),
        "other": (OnDelete.SET, COMPUTED),
    }


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


def test_what_is_planned_is_what_is_written(db: str) -> None:
    """The applier writes exactly the steps: what Django would have left is left."""
    gone = brand(code="g")
    a_world(gone)
    choice = Choice.objects.create(empty=gone, default=None)
    left = everything() - (collected(gone) or set())
    look = Look(ONLY_BRANDS)
    other = look.update(Brand.objects.get(name="other"), friends=[], code="g")
    plan = look.plan(*look.delete(gone), other, allow_cascade=True)
    look.apply(plan, other)
    assert everything() == left
    choice.refresh_from_db()
    assert choice.empty is None
    assert Brand.objects.get().code == "g"


def everything() -> set[RecordKey]:
    """The rows of all models of the application, those of through tables too."""
    models = apps.get_app_config("brands").get_models(include_auto_created=True)
    return {of(row) for model in models if model._meta.managed for row in model.objects.all()}  # type: ignore[attr-defined]


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
