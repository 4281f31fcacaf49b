"""Plans are run: every kind of step, on every database, with what is hard about each."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import django
import pytest
from django.db import connections
from django.db.models import Model, signals
from django.test.utils import CaptureQueriesContext

from contentgit.content.records import Record, RecordKey
from contentgit.db import applier, ledger
from contentgit.db.applier import ApplyResult
from contentgit.db.backends import backend
from contentgit.db.identity import Identities
from contentgit.db.introspect import table
from contentgit.db.ledger import Entry
from contentgit.errors import ContentgitError, DatabaseError, RecordError, RefusedError
from contentgit.plan.steps import Action, Links, Plan, Problem, ProblemKind, Step
from tests.bakery.models import Category, Ingredient, NewsPage, Note, Page, Product, Review, Tag
from tests.workshop.models import (
    Booking,
    Egg,
    Fussy,
    Gauge,
    Hen,
    Holder,
    Jar,
    Label,
    Link,
    Shape,
    Slot,
    Square,
    Term,
    Word,
)
from tests.zoo.models import Arm, Banner, Country, Node

IDENTITY = {"workshop.term": ("slug",), "workshop.link": ("slug",)}

Records = dict[RecordKey, Record]


def key(text: str) -> RecordKey:
    return RecordKey.parse(text)


def step(action: Action, text: str, *fields: str, **more: Any) -> Step:
    return Step(action, key(text), "shop", fields, **more)


def create(text: str, **links: list[str]) -> Step:
    made = tuple(Links(name, add=tuple(sorted(targets))) for name, targets in links.items())
    return step(Action.CREATE, text, links=made)


class Runner:
    """Runs plans in a database of the tests."""

    def __init__(self, using: str = "default") -> None:
        self.using = using
        self.identity: Mapping[str, tuple[str, ...]] = IDENTITY
        self.told: list[int] = []
        self.most = 0

    def __call__(
        self, steps: Sequence[Step], contents: Mapping[str, dict[str, Any]]
    ) -> ApplyResult:
        found = {key(text): Record(key(text), fields) for text, fields in contents.items()}
        with backend(self.using).exclusive():
            return self.apply(steps, found)

    def apply(self, steps: Sequence[Step], found: Records) -> ApplyResult:
        identities = Identities(self.using, self.identity)
        labels = dict.fromkeys(each.key.model for each in steps if each.dump)

        def records(wanted: Sequence[Step]) -> Iterator[Record]:
            self.most = max(self.most, len(wanted))
            return (found[each.key] for each in wanted)

        return applier.apply(
            using=self.using,
            tables={label: table(label, identities, self.using) for label in labels},
            plan=Plan(tuple(steps)),
            identities=identities,
            records=records,
            progress=self.told.append,
            outside=lambda label: table(label, identities, self.using),
        )


@pytest.fixture
def run(db: str) -> Runner:
    return Runner(db)


def rows(model: type[Model], *names: str) -> list[Any]:
    return list(model._base_manager.order_by("pk").values_list(*names, flat=len(names) == 1))


def tag(slug: str, **more: Any) -> dict[str, Any]:
    return {"name": slug.title(), "slug": slug, **more}


PRODUCT = {
    "body": "",
    "category": "bakery.category:1",
    "changed": "2020-01-02T03:04:05.000006Z",
    "created": "2020-01-02T03:04:05.000006Z",
    "name": "Rye",
    "photo": "products/rye.jpg",
    "price": "12.50",
    "published": False,
    "slug": "rye",
}


# Creating, updating, deleting


def test_rows_become_what_the_records_say(run: Runner) -> None:
    Category.objects.create(id=1, name="Bread", slug="bread")
    applied = run([create("bakery.product:7")], {"bakery.product:7": PRODUCT})
    product = Product._base_manager.get()
    moment = datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (product.pk, product.price, product.created) == (7, Decimal("12.50"), moment)
    assert product.changed == moment  # auto_now does not overwrite
    assert applied.written == {"bakery.product": {Action.CREATE: 1}}
    assert run.told == [1]


def test_only_the_fields_of_the_step_are_written(run: Runner) -> None:
    Tag.objects.create(id=1, name="old", slug="old")
    run([step(Action.UPDATE, "bakery.tag:1", "name")], {"bakery.tag:1": tag("new")})
    assert rows(Tag, "name", "slug") == [("New", "old")]


def test_a_field_that_a_record_does_not_have_gets_its_default(run: Runner) -> None:
    record = {"name": "one", "place": 1, "code": None, "section": "b", "rank": 4}
    run([create("workshop.slot:5")], {"workshop.slot:5": record})
    assert rows(Slot, "pk", "section", "untouched", "twice") == [(5, "b", "", 2)]


def test_a_deleted_record_takes_its_own_links_along(run: Runner) -> None:
    category = Category.objects.create(id=1, name="Bread", slug="bread")
    for number in (1, 2):
        product = Product.objects.create(
            id=number, name="x", slug=f"x{number}", category=category, price=1
        )
        product.tags.add(Tag.objects.create(id=number, name="x", slug=f"x{number}"))
    run([step(Action.DELETE, "bakery.product:1")], {})
    assert rows(Product, "pk") == [2]
    assert rows(Product.tags.through, "product_id", "tag_id") == [(2, 2)]


def test_rows_outside_are_deleted_and_cleared(run: Runner) -> None:
    category = Category.objects.create(id=1, name="Bread", slug="bread")
    product = Product.objects.create(id=1, name="x", slug="x", category=category, price=1)
    Review.objects.create(id=4, product=product, text="good")
    NewsPage.objects.create(title="n", slug="n", day="2026-01-01", about=product)
    product.tags.add(Tag.objects.create(id=1, name="x", slug="x"))
    (page,) = rows(NewsPage, "pk")
    via = key("bakery.product:1")
    (link,) = rows(Product.tags.through, "pk")
    run(
        [
            Step(Action.CASCADE, key("bakery.review:4"), via=via),
            Step(Action.CASCADE, key(f"bakery.product_tags:{link}"), via=via),
            step(Action.DELETE, "bakery.product:1"),
            Step(Action.CLEAR, key(f"bakery.newspage:{page}"), fields=("about",), via=via),
        ],
        {},
    )
    assert (rows(Review, "pk"), rows(Product, "pk")) == ([], [])
    assert rows(NewsPage, "about_id") == [None]


def test_a_multi_table_child_is_a_row_of_its_own(run: Runner) -> None:
    run(
        [create("bakery.page:3"), create("bakery.newspage:3")],
        {
            "bakery.page:3": {"title": "t", "slug": "s"},
            "bakery.newspage:3": {"day": "2026-11-22", "body": "b", "about": None},
        },
    )
    assert rows(NewsPage, "pk", "title", "body") == [(3, "t", "b")]
    run([step(Action.DELETE, "bakery.newspage:3")], {})
    assert (rows(NewsPage, "pk"), rows(Page, "pk")) == ([], [3])


def test_links_are_added_and_removed(run: Runner) -> None:
    category = Category.objects.create(id=1, name="Bread", slug="bread")
    product = Product.objects.create(id=7, name="x", slug="x", category=category, price=1)
    product.tags.set([Tag.objects.create(id=n, name="x", slug=f"x{n}") for n in (1, 2)])
    links = (Links("tags", add=("bakery.tag:3",), remove=("bakery.tag:1",)),)
    run(
        [
            step(Action.UPDATE, "bakery.product:7", links=links),
            create("bakery.product:8", tags=["bakery.tag:2", "bakery.tag:3"]),
            create("bakery.tag:3"),
        ],
        {
            "bakery.product:7": PRODUCT,
            "bakery.product:8": PRODUCT,
            "bakery.tag:3": tag("new"),
        },
    )
    found = Product.tags.through.objects.order_by("product_id", "tag_id")
    assert list(found.values_list("product_id", "tag_id")) == [(7, 2), (7, 3), (8, 2), (8, 3)]
    assert rows(Product, "name") == ["x", "Rye"]  # only links: the row itself is not written


def test_composite_keys(run: Runner) -> None:
    Term.objects.create(id=1, slug="one")
    word = {"term": "workshop.term:one", "language": "de", "text": "eins"}
    run([create("workshop.word:one,de")], {"workshop.word:one,de": word})
    assert rows(Word, "term_id", "language", "text") == [(1, "de", "eins")]
    changed = {"workshop.word:one,de": {**word, "text": "Eins"}}
    run([step(Action.UPDATE, "workshop.word:one,de", "text")], changed)
    assert rows(Word, "text") == ["Eins"]
    run([step(Action.DELETE, "workshop.word:one,de")], {})
    assert rows(Word, "text") == []


def test_the_next_key_is_free(run: Runner) -> None:
    run([create("bakery.tag:41")], {"bakery.tag:41": tag("a")})
    assert Tag.objects.create(name="b", slug="b").pk == 42


def test_another_database_is_written_and_this_one_is_not(databases: tuple[str, str]) -> None:
    Runner("other")([create("bakery.tag:1")], {"bakery.tag:1": tag("a")})
    assert Tag.objects.using("other").count() == 1
    assert Tag.objects.count() == 0


# Order does not matter


def test_hen_and_egg(run: Runner) -> None:
    run(
        [create("workshop.egg:1"), create("workshop.hen:2")],
        {
            "workshop.egg:1": {"hen": "workshop.hen:2"},
            "workshop.hen:2": {"egg": "workshop.egg:1"},
        },
    )
    assert (rows(Egg, "hen_id"), rows(Hen, "egg_id")) == ([2], [1])
    run([step(Action.DELETE, "workshop.egg:1"), step(Action.DELETE, "workshop.hen:2")], {})
    assert (rows(Egg, "pk"), rows(Hen, "pk")) == ([], [])


def test_a_reference_to_itself_and_forward(run: Runner) -> None:
    run(
        [create("bakery.category:1"), create("bakery.category:2")],
        {
            "bakery.category:1": tag("a", parent="bakery.category:2", position=0),
            "bakery.category:2": tag("b", parent="bakery.category:2", position=0),
        },
    )
    assert rows(Category, "parent_id") == [2, 2]


def slots(*places: int) -> list[Slot]:
    return [
        Slot.objects.create(
            id=number,
            name=f"slot {number}",
            place=place,
            code=f"c{number}",
            rank=number,
            untouched=f"kept {number}",
        )
        for number, place in enumerate(places, 1)
    ]


def slot(number: int, **more: Any) -> dict[str, Any]:
    base = {"name": f"slot {number}", "place": number, "code": f"c{number}"}
    return {**base, "section": "a", "rank": number, **more}


def parked_and_updated(count: int, *fields: str) -> list[Step]:
    texts = [f"workshop.slot:{number}" for number in range(1, count + 1)]
    parks = [step(Action.PARK, text, *fields) for text in texts]
    return [*parks, *(step(Action.UPDATE, text, *fields) for text in texts)]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["slot 2", "slot 1"]),
        ("name", ["slot 2", "slot 3", "slot 1"]),
        ("code", ["c2", "c3", "c1"]),
        ("rank", [3, 1, 2]),
    ],
)
def test_unique_values_are_swapped_and_rotated(run: Runner, field: str, values: list[Any]) -> None:
    slots(*range(1, len(values) + 1))
    wanted = {
        f"workshop.slot:{number}": slot(number, **{field: value})
        for number, value in enumerate(values, 1)
    }
    run(parked_and_updated(len(values), field), wanted)
    assert rows(Slot, field) == values


def test_where_no_other_value_is_allowed_the_row_is_put_away_whole(run: Runner) -> None:
    first, *_ = slots(1, 2, 3)
    Holder.objects.create(slot=first)
    wanted = {f"workshop.slot:{n}": slot(n, place=place) for n, place in ((1, 2), (2, 3), (3, 1))}
    run(parked_and_updated(3, "place"), wanted)
    assert rows(Slot, "pk", "place", "twice", "untouched", "code") == [
        (1, 2, 4, "kept 1", "c1"),
        (2, 3, 6, "kept 2", "c2"),
        (3, 1, 2, "kept 3", "c3"),
    ]
    assert rows(Holder, "slot_id") == [1]


def test_receivers_are_told_of_rows_that_are_put_away(run: Runner) -> None:
    """What is rehearsed for ``pre_save`` is taken back, also that a row is in its table again."""
    slots(1, 2, 3)
    wanted = {f"workshop.slot:{n}": slot(n, place=place) for n, place in ((1, 2), (2, 3), (3, 1))}
    told: Sent = []

    def receive(instance: Slot, **_: Any) -> None:
        told.append((instance.pk, instance.place))

    with listening(signals.pre_save, Slot, receive), listening(signals.post_save, Slot, receive):
        run(parked_and_updated(3, "place"), wanted)
    assert rows(Slot, "pk", "place", "untouched") == [
        (1, 2, "kept 1"),
        (2, 3, "kept 2"),
        (3, 1, "kept 3"),
    ]
    assert told == [(1, 2), (2, 3), (3, 1)] * 2


def test_a_parked_row_gives_up_null_where_nulls_collide(run: Runner) -> None:
    Node.objects.create(id=1, name="one", position=3)
    Node.objects.create(id=2, name="two", position=4)
    run(
        [
            step(Action.PARK, "zoo.node:1", "parent"),
            step(Action.UPDATE, "zoo.node:2", "position"),
            step(Action.UPDATE, "zoo.node:1", "parent"),
        ],
        {
            "zoo.node:1": {"name": "one", "parent": "zoo.node:2", "position": 3},
            "zoo.node:2": {"name": "two", "parent": None, "position": 3},
        },
    )
    assert rows(Node, "parent_id", "position") == [(2, 3), (None, 3)]


def test_a_new_row_takes_the_value_of_a_parked_one(run: Runner) -> None:
    slots(1)
    run(
        [
            step(Action.PARK, "workshop.slot:1", "name"),
            step(Action.UPDATE, "workshop.slot:1", "name"),
            create("workshop.slot:2"),
        ],
        {
            "workshop.slot:1": slot(1, name="moved"),
            "workshop.slot:2": slot(2, name="slot 1"),
        },
    )
    assert rows(Slot, "name") == ["moved", "slot 1"]


GAUGES = (
    {
        "amount": "1.50",
        "ratio": 0.5,
        "moment": "2026-11-22T13:05:00.000001Z",
        "day": "2026-11-22",
        "hour": "13:05:00.000001",
        "length": "P1DT02H03M04.000005S",
        "address": "10.0.0.1",
        "token": "0c9a3c5e-0000-4000-8000-000000000001",
        "big": 1,
        "on": True,
        "letter": "a",
    },
    {
        "amount": "2.50",
        "ratio": 1.5,
        "moment": "2026-11-23T13:05:00.000001Z",
        "day": "2026-11-23",
        "hour": "14:05:00.000001",
        "length": "P2DT02H03M04.000005S",
        "address": "fd00::1",
        "token": "0c9a3c5e-0000-4000-8000-000000000002",
        "big": 2,
        "on": False,
        "letter": "b",
    },
)


@pytest.mark.parametrize("name", GAUGES[0])
def test_unique_values_of_every_type_are_swapped(run: Runner, name: str) -> None:
    texts = ["workshop.gauge:1", "workshop.gauge:2"]
    run([create(text) for text in texts], dict(zip(texts, GAUGES, strict=True)))
    before = rows(Gauge, name)
    other = dict(zip(texts, reversed(GAUGES), strict=True))
    run(
        [step(action, text, name) for action in (Action.PARK, Action.UPDATE) for text in texts],
        other,
    )
    assert rows(Gauge, name) == before[::-1]


def test_one_to_one_references_are_swapped(run: Runner) -> None:
    for number, each in enumerate(slots(1, 2), 1):
        Holder.objects.create(id=number, slot=each)
    texts = ["workshop.holder:1", "workshop.holder:2"]
    run(
        [step(action, text, "slot") for action in (Action.PARK, Action.UPDATE) for text in texts],
        {texts[0]: {"slot": "workshop.slot:2"}, texts[1]: {"slot": "workshop.slot:1"}},
    )
    assert rows(Holder, "slot_id") == [2, 1]


def test_a_record_comes_back_under_a_new_key_with_its_slug(run: Runner) -> None:
    Tag.objects.create(id=1, name="a", slug="a")
    run(
        [step(Action.DELETE, "bakery.tag:1"), create("bakery.tag:2")],
        {"bakery.tag:2": tag("a")},
    )
    assert rows(Tag, "pk", "slug") == [(2, "a")]


# Keys that the database gives


def term(above: str | None = None) -> dict[str, Any]:
    return {"above": above and f"workshop.term:{above}"}


def test_local_keys_are_looked_up_by_those_that_come_later(run: Runner) -> None:
    Term.objects.create(slug="other").delete()  # so that keys do not start with 1
    run(
        [
            create("workshop.term:low", kin=["workshop.term:low", "workshop.term:top"]),
            create("workshop.term:top", kin=["workshop.term:low"]),
            create("workshop.word:top,de"),
        ],
        {
            "workshop.term:low": {"slug": "low", **term("top")},
            "workshop.term:top": {"slug": "top", **term()},
            "workshop.word:top,de": {
                "term": "workshop.term:top",
                "language": "de",
                "text": "oben",
            },
        },
    )
    low, top = Term.objects.get(slug="low"), Term.objects.get(slug="top")
    assert low.above_id == top.pk
    assert set(low.kin.all()) == {low, top}
    assert rows(Word, "term_id") == [top.pk]


def link(slug: str, before: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "before": f"workshop.link:{before}",
        "term": "workshop.term:t",
    }


def test_a_chain_without_empty_references(run: Runner) -> None:
    known = uuid.uuid4()
    given = Term.objects.create(slug="t")
    Link.objects.create(id=known, slug="a", before_id=known, term=given)
    run(
        [create("workshop.link:b"), create("workshop.link:c"), create("workshop.link:d")],
        {
            "workshop.link:b": link("b", "a"),
            "workshop.link:c": link("c", "b"),
            "workshop.link:d": link("d", "b"),
        },
    )
    found = {each.slug: each for each in Link.objects.all()}
    assert found["c"].before_id == found["d"].before_id == found["b"].pk
    assert len({each.pk for each in found.values()}) == 4


def test_a_circle_without_empty_references_is_begun_with_another_value(run: Runner) -> None:
    Term.objects.create(slug="t")
    run(
        [create("workshop.link:a"), create("workshop.link:b"), create("workshop.link:c")],
        {
            "workshop.link:a": link("a", "b"),
            "workshop.link:b": link("b", "a"),
            "workshop.link:c": link("c", "c"),
        },
    )
    found = {each.slug: each for each in Link.objects.all()}
    assert [found[slug].before.slug for slug in "abc"] == ["b", "a", "c"]


def test_records_that_are_named_by_each_other_are_refused(run: Runner) -> None:
    run.identity = {"workshop.link": ("before__term", "slug")}
    given = Term.objects.create(slug="t")
    with pytest.raises(RecordError) as caught:
        run(
            [create("workshop.link:1,a"), create("workshop.link:1,b")],
            {
                "workshop.link:1,a": {
                    "slug": "a",
                    "before": "workshop.link:1,b",
                    "term": f"workshop.term:{given.pk}",
                },
                "workshop.link:1,b": {
                    "slug": "b",
                    "before": "workshop.link:1,a",
                    "term": f"workshop.term:{given.pk}",
                },
            },
        )
    assert caught.value.message == (
        "workshop.link:1,a: before refers to workshop.link:1,b, which cannot be created before it"
    )
    assert caught.value.hint == "each is named by the other, and neither can be the first"
    assert not Link.objects.exists()


def test_references_by_another_field_than_the_key(run: Runner) -> None:
    run(
        [create("workshop.label:1"), create("workshop.label:2"), create("workshop.jar:1")],
        {
            "workshop.label:1": {"code": "a", "next": "workshop.label:2"},
            "workshop.label:2": {"code": "b", "next": None},
            "workshop.jar:1": {"label": "workshop.label:2"},
        },
    )
    assert (rows(Label, "next_id"), rows(Jar, "label_id")) == (["b", None], ["b"])


def test_what_refers_by_a_code_follows_when_it_changes(run: Runner) -> None:
    Label.objects.create(id=1, code="a", next_id="a")
    Label.objects.create(id=2, code="b", next_id="a")
    Jar.objects.create(id=1, label_id="a")
    Jar.objects.create(id=2, label_id="b")
    run(
        [step(Action.UPDATE, "workshop.label:1", "code")],
        {"workshop.label:1": {"code": "c", "next": "workshop.label:1"}},
    )
    assert rows(Label, "code", "next_id") == [("c", "c"), ("b", "c")]
    assert rows(Jar, "label_id") == ["c", "b"]


def test_what_refers_by_a_code_keeps_its_row_when_codes_are_swapped(run: Runner) -> None:
    Label.objects.create(id=1, code="a")
    Label.objects.create(id=2, code="b", next_id="a")
    Jar.objects.create(id=1, label_id="a")
    Jar.objects.create(id=2, label_id="b")
    run(
        [
            step(Action.PARK, "workshop.label:1", "code"),
            step(Action.UPDATE, "workshop.label:2", "code"),
            step(Action.UPDATE, "workshop.label:1", "code", "next"),
        ],
        {
            "workshop.label:1": {"code": "b", "next": "workshop.label:2"},
            "workshop.label:2": {"code": "a", "next": "workshop.label:1"},
        },
    )
    assert rows(Label, "code", "next_id") == [("b", "a"), ("a", "b")]
    assert rows(Jar, "label_id") == ["b", "a"]


def test_a_key_that_is_another_rows_code_follows_too(run: Runner) -> None:
    Country.objects.create(id=1, iso="a", name="A")
    Banner.objects.create(country_id="a", colour="red")
    Arm.objects.create(id=1, banner_id="a", height=1)
    run(
        [
            step(Action.UPDATE, "zoo.country:1", "iso"),
            step(Action.UPDATE, "zoo.banner:1", "colour"),
        ],
        {
            "zoo.country:1": {"iso": "b", "name": "A", "next": None},
            "zoo.banner:1": {"colour": "blue"},
        },
    )
    assert rows(Banner, "country_id", "colour") == [("b", "blue")]
    assert rows(Arm, "banner_id") == ["b"]


def test_a_key_that_is_another_rows_code_is_waited_for(run: Runner) -> None:
    Country.objects.create(id=1, iso="a", name="A")
    Banner.objects.create(country_id="a", colour="red")
    Arm.objects.create(id=1, banner_id="a", height=1)
    run(
        [
            step(Action.UPDATE, "zoo.arm:1", "banner"),
            create("zoo.country:2"),
            create("zoo.banner:2"),
        ],
        {
            "zoo.arm:1": {"banner": "zoo.banner:2", "height": 1},
            "zoo.country:2": {"iso": "b", "name": "B", "next": None},
            "zoo.banner:2": {"colour": "blue"},
        },
    )
    assert rows(Arm, "banner_id") == ["b"]


def test_a_code_in_use_for_which_there_is_no_other_value_meanwhile(run: Runner) -> None:
    slots(1, 2, 3)
    Booking.objects.create(slot_id=1)
    wanted = {f"workshop.slot:{n}": slot(n, place=place) for n, place in ((1, 2), (2, 3), (3, 1))}
    with pytest.raises(DatabaseError) as caught:
        run(parked_and_updated(3, "place"), wanted)
    assert caught.value.message == (
        "workshop.slot:1 has to give up a value to another row, but the database accepts no other one "
        "meanwhile, and rows that refer to it would go with it"
    )
    assert rows(Slot, "place") == [1, 2, 3]


def test_rows_that_the_database_deletes_along_are_never_lost(run: Runner) -> None:
    slots(1, 2, 3)
    wanted = {f"workshop.slot:{n}": slot(n, place=place) for n, place in ((1, 2), (2, 3), (3, 1))}
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE TABLE along (slot_id bigint NOT NULL, CONSTRAINT along_slot FOREIGN KEY (slot_id)"
            " REFERENCES workshop_slot (id) ON DELETE CASCADE)"
        )
        try:
            cursor.execute("INSERT INTO along VALUES (1)")
            acts = bool(backend("default").acting_keys("workshop_slot"))
            if acts:
                with pytest.raises(
                    DatabaseError, match=r"^workshop\.slot:1 has to give up a value"
                ):
                    run(parked_and_updated(3, "place"), wanted)
            else:
                run(parked_and_updated(3, "place"), wanted)
            cursor.execute("SELECT slot_id FROM along")
            assert cursor.fetchall() in ([(1,)], ((1,),))
        finally:
            cursor.execute("DROP TABLE along")
    assert rows(Slot, "place") == ([1, 2, 3] if acts else [2, 3, 1])


def test_an_update_waits_for_the_row_that_it_refers_to(run: Runner) -> None:
    Term.objects.create(slug="low")
    run(
        [step(Action.UPDATE, "workshop.term:low", "above"), create("workshop.term:top")],
        {
            "workshop.term:low": {"slug": "low", **term("top")},
            "workshop.term:top": {"slug": "top", **term()},
        },
    )
    assert Term.objects.get(slug="low").above.slug == "top"


# What breaks, breaks before anything has changed


ENTRY = Entry(
    dump="shop",
    commit="c" * 40,
    tree="d" * 40,
    branch="main",
    environment="test",
    action="apply",
    who="Ada",
    at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_a_row_that_fails_midway_is_named_and_nothing_has_changed(run: Runner) -> None:
    Tag.objects.create(id=1, name="one", slug="one")
    Tag.objects.create(id=2, name="two", slug="two")
    wanted = {f"workshop.slot:{n}": slot(n, place=n) for n in (1, 2, 4, 3)}
    steps = [
        step(Action.DELETE, "bakery.tag:1"),
        step(Action.UPDATE, "bakery.tag:2", "name"),
        *map(create, wanted),
    ]
    found = {
        key(text): Record(key(text), fields)
        for text, fields in {**wanted, "bakery.tag:2": tag("changed")}.items()
    }

    def apply() -> None:
        with backend("default").exclusive():
            ledger.write("default", [ENTRY])
            run.apply(steps, found)

    with pytest.raises(DatabaseError) as caught:
        apply()
    assert caught.value.message.startswith("workshop.slot:4 in database 'default': ")
    assert "workshop_slot_place" in caught.value.message
    assert "\n" not in caught.value.message
    assert rows(Tag, "pk", "name") == [(1, "one"), (2, "two")]
    assert (rows(Slot, "pk"), ledger.applied("default")) == ([], {})


def test_a_value_that_may_not_be_empty_is_named(run: Runner) -> None:
    with pytest.raises(DatabaseError, match=r"^bakery\.tag:1 in database 'default': .*name"):
        run([create("bakery.tag:1")], {"bakery.tag:1": {"name": None, "slug": "a"}})


def test_a_reference_to_nothing_is_refused_in_the_end(run: Runner) -> None:
    wanted = {**PRODUCT, "category": "bakery.category:99"}
    with pytest.raises(DatabaseError) as caught:
        run([create("bakery.product:1")], {"bakery.product:1": wanted})
    assert caught.value.items == (
        "bakery_product row 1: category_id refers to 99, which bakery_category does not have",
    )
    assert rows(Product, "pk") == []


def test_a_value_that_does_not_fit_names_record_and_field(run: Runner) -> None:
    with pytest.raises(RecordError, match=r"^bakery\.product:1: price: "):
        run([create("bakery.product:1")], {"bakery.product:1": {**PRODUCT, "price": "much"}})


@pytest.mark.parametrize("action", [Action.DELETE, Action.UPDATE, Action.PARK])
def test_a_row_that_has_gone_is_refused(run: Runner, action: Action) -> None:
    Tag.objects.create(id=1, name="one", slug="one")
    fields = () if action is Action.DELETE else ("slug",)
    with pytest.raises(RefusedError) as caught:
        run(
            [step(action, f"bakery.tag:{number}", *fields) for number in (1, 2)],
            {f"bakery.tag:{number}": tag(f"new{number}") for number in (1, 2)},
        )
    assert caught.value.message == (
        "bakery.tag:2 was changed or deleted while the apply was about to write it"
    )
    assert rows(Tag, "slug") == ["one"]


def test_a_plan_with_problems_is_not_run(run: Runner) -> None:
    problem = Problem(ProblemKind.EMPTY, "the commit is empty")
    with pytest.raises(RefusedError) as caught:
        applier.apply(
            using="default",
            tables={},
            plan=replace(Plan(), problems=(problem,)),
            identities=Identities("default", {}),
            records=lambda _steps: iter(()),
            progress=run.told.append,
            outside=lambda _label: pytest.fail("not asked"),
        )
    assert caught.value.items == ("the commit is empty",)


def test_a_record_of_another_row_is_never_written(run: Runner) -> None:
    wrong = {key("bakery.tag:1"): Record(key("bakery.tag:2"), tag("a"))}

    def apply() -> None:
        with backend("default").exclusive():
            run.apply([create("bakery.tag:1")], wrong)

    with pytest.raises(ContentgitError, match=r"gave bakery\.tag:2 where the plan has"):
        apply()


# Signals


Sent = list[tuple[Any, ...]]


@contextmanager
def listening(signal: Any, sender: type[Model], receive: Callable[..., None]) -> Iterator[None]:
    signal.connect(receive, sender=sender, weak=False)
    try:
        yield
    finally:
        assert signal.disconnect(receive, sender=sender)


def test_saves_are_told_as_loaddata_tells_them(run: Runner) -> None:
    Tag.objects.create(id=1, name="old", slug="old")
    sent: Sent = []

    def before(sender: Any, instance: Tag, **more: Any) -> None:
        there = list(Tag.objects.filter(pk=instance.pk).values_list("name", flat=True))
        instance.name_before = there  # type: ignore[attr-defined]
        sent.append(("pre", sender, instance.pk, instance.name, there, more["raw"]))
        assert (more["using"], more["update_fields"]) == ("default", None)
        assert "created" not in more

    def behind(sender: Any, instance: Tag, **more: Any) -> None:
        there = Tag.objects.get(pk=instance.pk).name
        sent.append(("post", sender, instance.pk, there, more["created"], more["raw"]))
        assert (more["using"], more["update_fields"]) == ("default", None)
        assert instance.name_before is not None  # type: ignore[attr-defined]

    with listening(signals.pre_save, Tag, before), listening(signals.post_save, Tag, behind):
        run(
            [step(Action.UPDATE, "bakery.tag:1", "name"), create("bakery.tag:2")],
            {"bakery.tag:1": tag("new"), "bakery.tag:2": tag("two")},
        )
    assert sent == [
        ("pre", Tag, 1, "New", ["old"], True),
        ("post", Tag, 1, "New", False, True),
        ("pre", Tag, 2, "Two", [], True),
        ("post", Tag, 2, "Two", True, True),
    ]


def test_a_new_row_has_no_local_key_before_it_is_saved(run: Runner) -> None:
    sent: Sent = []

    def before(instance: Term, **more: Any) -> None:
        sent.append((instance.slug, instance.pk, instance._state.adding))

    def behind(instance: Term, **more: Any) -> None:
        sent.append((instance.slug, instance.pk is not None, instance._state.adding))
        assert Term.objects.get(slug=instance.slug).pk == instance.pk

    with listening(signals.pre_save, Term, before), listening(signals.post_save, Term, behind):
        run([create("workshop.term:a")], {"workshop.term:a": {"slug": "a", **term()}})
    assert sent == [("a", None, True), ("a", True, False)]


def test_deletes_are_told(run: Runner) -> None:
    Tag.objects.create(id=1, name="a", slug="a")
    sent: Sent = []

    def receive(signal: Any, sender: Any, instance: Tag, **more: Any) -> None:
        moment = "pre" if signal is signals.pre_delete else "post"
        sent.append((moment, sender, instance.slug, Tag.objects.count(), more["using"]))

    with (
        listening(signals.pre_delete, Tag, receive),
        listening(signals.post_delete, Tag, receive),
    ):
        run([step(Action.DELETE, "bakery.tag:1")], {})
    assert sent == [("pre", Tag, "a", 1, "default"), ("post", Tag, "a", 0, "default")]


def test_deletes_are_told_while_all_rows_are_still_there(run: Runner) -> None:
    """As Django sends pre_delete: a receiver may look for rows that go with its own."""
    Tag.objects.create(id=1, name="a", slug="a")
    Category.objects.create(id=1, name="b", slug="b")
    seen: list[int] = []

    def receive(**more: Any) -> None:
        seen.append(Tag.objects.count())

    with listening(signals.pre_delete, Category, receive):
        run([step(Action.DELETE, "bakery.tag:1"), step(Action.DELETE, "bakery.category:1")], {})
    assert seen == [1]
    assert not Tag.objects.exists()


def test_rows_with_composite_keys_are_told(run: Runner) -> None:
    Term.objects.create(id=1, slug="one")
    sent: Sent = []

    def receive(instance: Word, **more: Any) -> None:
        sent.append((instance.pk, instance.text))

    word = {"term": "workshop.term:one", "language": "de", "text": "eins"}
    with listening(signals.post_save, Word, receive), listening(signals.pre_save, Word, receive):
        run([create("workshop.word:one,de")], {"workshop.word:one,de": word})
    assert sent == [((1, "de"), "eins"), ((1, "de"), "eins")]


@pytest.mark.parametrize("signal", [signals.pre_save, signals.post_save, signals.pre_delete])
def test_a_row_that_cannot_be_an_instance_is_named(run: Runner, signal: Any) -> None:
    for number in range(1, 6):
        Fussy.objects.create(id=number, name=f"n{number}", mood="bad" if number == 4 else "good")
    moods = {f"workshop.fussy:{n}": {"name": "new", "mood": "bad"} for n in (6, 7)}
    steps = [create(text) for text in moods]
    if signal is signals.pre_delete:
        steps = [step(Action.DELETE, f"workshop.fussy:{n}") for n in range(1, 6)]
    with listening(signal, Fussy, lambda **_: None), pytest.raises(ContentgitError) as raised:
        run(steps, moods)
    wanted = "4" if signal is signals.pre_delete else "6"
    assert str(raised.value).startswith(
        f"workshop.fussy:{wanted}, field mood, cannot be read as an instance for the receivers of "
        "signals: LookupError: no such mood"
    )
    assert "workshop.fussy" in raised.value.hint
    assert len(Fussy.objects.values_list("pk")) == 5


def test_no_instance_is_built_where_nobody_listens(run: Runner) -> None:
    Fussy.objects.create(id=1, name="n", mood="bad")
    made: list[Any] = []
    with listening(signals.post_init, Fussy, lambda **more: made.append(more)):
        run(
            [step(Action.DELETE, "workshop.fussy:1"), create("workshop.fussy:2")],
            {"workshop.fussy:2": {"name": "new", "mood": "bad"}},
        )
    assert (made, list(Fussy.objects.values_list("pk", flat=True))) == ([], [2])


def test_each_row_is_told_once_as_an_instance_of_its_own_model(run: Runner) -> None:
    """Whatever a base manager gives: that of django-polymorphic gives children."""
    Shape.objects.create(id=1, name="a")
    Square.objects.create(id=2, name="b", side=3)
    sent: Sent = []

    def receive(sender: Any, instance: Any, **more: Any) -> None:
        sent.append((sender, type(instance), instance.pk))

    with (
        listening(signals.post_save, Shape, receive),
        listening(signals.post_save, Square, receive),
        listening(signals.post_delete, Shape, receive),
        listening(signals.post_delete, Square, receive),
    ):
        run(
            [step(Action.UPDATE, f"workshop.shape:{n}", "name") for n in (1, 2)],
            {f"workshop.shape:{n}": {"name": "new"} for n in (1, 2)},
        )
        assert sent == [(Shape, Shape, 1), (Shape, Shape, 2)]
        run([step(Action.DELETE, text) for text in ("workshop.square:2", "workshop.shape:2")], {})
    assert sent[2:] == [(Square, Square, 2), (Shape, Shape, 2)]


def test_links_are_told(run: Runner) -> None:
    category = Category.objects.create(id=1, name="Bread", slug="bread")
    product = Product.objects.create(id=7, name="x", slug="x", category=category, price=1)
    product.tags.set([Tag.objects.create(id=n, name="x", slug=f"x{n}") for n in (1, 2, 3)][:2])
    links = (Links("tags", add=("bakery.tag:3",), remove=("bakery.tag:1", "bakery.tag:2")),)
    sent: Sent = []

    def receive(sender: Any, instance: Product, action: str, **more: Any) -> None:
        sent.append((action, instance.pk, more["pk_set"], instance.tags.count()))
        assert (more["model"], more["reverse"], more["using"]) == (Tag, False, "default")
        assert more.get("raw") is (True if django.VERSION >= (6, 1) else None)

    with listening(signals.m2m_changed, Product.tags.through, receive):
        run(
            [step(Action.UPDATE, "bakery.product:7", links=links)],
            {"bakery.product:7": PRODUCT},
        )
    assert sent == [
        ("pre_remove", 7, {1, 2}, 2),
        ("post_remove", 7, {1, 2}, 0),
        ("pre_add", 7, {3}, 0),
        ("post_add", 7, {3}, 1),
    ]


def test_a_receiver_that_fails_changes_nothing(run: Runner) -> None:
    def receive(**more: Any) -> None:
        raise ZeroDivisionError("no flour")

    with listening(signals.post_save, Tag, receive), pytest.raises(ContentgitError) as raised:
        run([create("bakery.tag:1")], {"bakery.tag:1": tag("a")})
    assert raised.value.message == (
        "a receiver of post_save of bakery.tag with primary key 1 raised ZeroDivisionError: no flour"
    )
    assert rows(Tag, "pk") == []


def test_a_receiver_of_links_that_fails_changes_nothing(run: Runner) -> None:
    category = Category.objects.create(id=1, name="Bread", slug="bread")
    product = Product.objects.create(id=7, name="x", slug="x", category=category, price=1)
    Tag.objects.create(id=3, name="x", slug="x")
    links = (Links("tags", add=("bakery.tag:3",)),)

    def receive(**more: Any) -> None:
        raise ZeroDivisionError("no flour")

    with (
        listening(signals.m2m_changed, Product.tags.through, receive),
        pytest.raises(ContentgitError) as raised,
    ):
        run(
            [step(Action.UPDATE, "bakery.product:7", links=links)],
            {"bakery.product:7": PRODUCT},
        )
    assert raised.value.message == (
        "a receiver of m2m_changed of bakery.product with primary key 7 raised "
        "ZeroDivisionError: no flour"
    )
    assert not product.tags.exists()


def test_rows_that_a_delete_takes_along_are_told(run: Runner) -> None:
    category = Category.objects.create(id=1, name="Bread", slug="bread")
    product = Product.objects.create(id=7, name="x", slug="x", category=category, price=1)
    Review.objects.create(id=5, product=product, text="Best")
    sent: Sent = []

    def receive(sender: Any, instance: Review, **more: Any) -> None:
        sent.append((sender, instance.pk, instance.text))

    with (
        listening(signals.pre_delete, Review, receive),
        listening(signals.post_delete, Review, receive),
    ):
        run(
            [
                Step(Action.CASCADE, key("bakery.review:5"), via=key("bakery.product:7")),
                step(Action.DELETE, "bakery.product:7"),
            ],
            {},
        )
    assert sent == [(Review, 5, "Best"), (Review, 5, "Best")]


# In bulk


def test_questions_grow_with_batches_and_not_with_rows(run: Runner) -> None:
    def count(first: int, last: int) -> int:
        texts = [f"bakery.tag:{number}" for number in range(first, last)]
        with CaptureQueriesContext(connections["default"]) as queries:
            run(list(map(create, texts)), {text: tag(text[7:].replace(":", "")) for text in texts})
        return len(queries)

    few, many = count(1, 21), count(21, 1021)
    assert many - few <= 5
    assert run.told == [20, 1000]
    texts = [f"bakery.tag:{number}" for number in range(1, 1021)]
    with CaptureQueriesContext(connections["default"]) as queries:
        run([step(Action.UPDATE, text, "name") for text in texts], dict.fromkeys(texts, tag("x")))
    assert len(queries) <= few + 5
    with CaptureQueriesContext(connections["default"]) as queries:
        run([step(Action.DELETE, text) for text in texts], {})
    assert len(queries) <= few + 10
    assert run.most == 1000


def test_equal_steps_are_run_in_their_order(run: Runner) -> None:
    Ingredient.objects.all().delete()
    Note.objects.all().delete()
    run(
        [create("bakery.tag:1"), create("bakery.page:1"), create("bakery.tag:2")],
        {
            "bakery.tag:1": tag("a"),
            "bakery.page:1": {"title": "t", "slug": "s"},
            "bakery.tag:2": tag("b"),
        },
    )
    assert run.told == [1, 1, 1]
