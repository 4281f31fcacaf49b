"""What the zoo's rows need to be grown."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User

from tests.growing import Grower, Population
from tests.zoo import models as zoo


def _pair(grower: Grower) -> None:
    """A hen and an egg."""
    hen, egg = grower.number(), grower.number()
    with grower.unchecked():
        name = grower.unique(zoo.Hen._meta.get_field("name"))
        zoo.Hen(pk=hen, egg_id=egg, name=name).save(using=grower.using, force_insert=True)
        zoo.Egg(pk=egg, hen_id=hen).save(using=grower.using, force_insert=True)


def _ring(grower: Grower) -> None:
    """A ring that is followed by itself; rotating makes longer ones."""
    number = grower.number()
    zoo.Ring(pk=number, next_id=number, name="ring").save(using=grower.using, force_insert=True)


def _span(r: random.Random) -> Any:
    from django.db.backends.postgresql.psycopg_any import NumericRange

    low = r.randint(0, 40)
    return NumericRange(low, low + r.randint(1, 5))


def _among(low: int, high: int) -> Callable[[random.Random], int]:
    return lambda r: r.randint(low, high)


ONLY_HERE = tuple(
    apps.get_model(label)
    for label in (
        "only_sqlite.percent",
        "only_postgresql.booking",
        "since_61.root",
        "since_61.leaf",
        "since_61.soft",
        "since_61.fallback",
        "since_61.plain",
        "since_61.loop",
    )
    if apps.is_installed(f"tests.{label.partition('.')[0]}")
)

POPULATION = Population(
    models=(
        User,
        zoo.HeadKeeper,
        zoo.Animal,
        zoo.Mammal,
        zoo.Dog,
        zoo.Puppy,
        zoo.Bird,
        zoo.Fish,
        zoo.Seal,
        zoo.Exhibit,
        zoo.Piece,
        zoo.Book,
        zoo.Essay,
        zoo.Review,
        zoo.LongReview,
        zoo.Feeding,
        zoo.Parade,
        zoo.Shift,
        zoo.Node,
        zoo.Tie,
        zoo.Pair,
        zoo.Chapter,
        zoo.Country,
        zoo.Capital,
        zoo.Banner,
        zoo.Arm,
        zoo.Passport,
        zoo.Visa,
        zoo.Stamp,
        zoo.Word,
        zoo.Leaf,
        zoo.Ticket,
        zoo.Parcel,
        zoo.Select,
        zoo.Tenant,
        zoo.Memo,
        zoo.Note,
        zoo.First,
        zoo.Second,
        zoo.Third,
        zoo.Hen,
        zoo.Egg,
        zoo.Ring,
        zoo.Slot,
        zoo.Switch,
        zoo.Generated,
        zoo.Default,
        zoo.Wide,
        *ONLY_HERE,
    ),
    tables=("zoo_", "Zoo ", "auth_user", "Only ", "only_postgresql_booking", "since_61"),
    tagged=(zoo.Node, zoo.Word, zoo.Dog, zoo.Leaf),
    makers={
        "Node.position": _among(0, 5),
        "Pair.rank": _among(0, 5),
        "Parcel.weight": _among(0, 5000),
        "Note.rank": _among(0, 3),
        "Note.object_id": lambda r: r.choice([None, str(r.randint(1, 9)), "a7"]),
        "Slot.low": _among(0, 50),
        "Slot.high": _among(40, 100),
        "Slot.place": _among(0, 99),
        "Generated.width": _among(0, 9),
        "Generated.height": _among(0, 9),
        "Booking.span": _span,
    },
    adders={zoo.Hen: _pair, zoo.Egg: _pair, zoo.Ring: _ring},
    within=zoo.tenant_set,
)
