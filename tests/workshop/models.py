"""Models that are hard to write: cycles, small unique ranges, keys that the database gives."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, cast

from django.db import connections, models


class FussyField(models.CharField):
    """Cannot give what it has stored."""

    def from_db_value(self, value: Any, *_: Any) -> Any:
        if value == "bad":
            raise LookupError("no such mood")
        return value


class Slot(models.Model):
    """Three places, each unique and none to spare."""

    name = models.CharField(max_length=40, unique=True)
    place = models.PositiveSmallIntegerField(unique=True)
    code = models.CharField(max_length=8, null=True, unique=True)
    section = models.CharField(max_length=1, default="a")
    rank = models.IntegerField(default=0)
    twice = models.GeneratedField(
        expression=models.F("place") * 2, output_field=models.IntegerField(), db_persist=True
    )
    untouched = models.CharField(max_length=20, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(place__gte=1, place__lte=3), name="workshop_slot_place"
            ),
            models.UniqueConstraint(fields=["section", "rank"], name="workshop_slot_rank"),
        ]

    def __str__(self) -> str:
        return self.name


class Booking(models.Model):
    """Refers to a slot by its place, of which there is none to spare."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, to_field="place")


class Gauge(models.Model):
    """A unique column of each type."""

    amount = models.DecimalField(max_digits=6, decimal_places=2, unique=True)
    ratio = models.FloatField(unique=True)
    moment = models.DateTimeField(unique=True)
    day = models.DateField(unique=True)
    hour = models.TimeField(unique=True)
    length = models.DurationField(unique=True)
    address = models.GenericIPAddressField(unique=True)
    token = models.UUIDField(unique=True)
    big = models.BigIntegerField(unique=True)
    on = models.BooleanField(unique=True)
    letter = models.CharField(max_length=1, unique=True)

    def __str__(self) -> str:
        return f"gauge {self.pk}"


class Holder(models.Model):
    """Has one slot of its own."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return f"holder {self.pk}"


class Hen(models.Model):
    """Comes from an egg."""

    egg = models.ForeignKey("Egg", on_delete=models.CASCADE, related_name="hens")

    def __str__(self) -> str:
        return f"hen {self.pk}"


class Egg(models.Model):
    """Comes from a hen."""

    hen = models.ForeignKey(Hen, on_delete=models.CASCADE, related_name="eggs")

    def __str__(self) -> str:
        return f"egg {self.pk}"


class Term(models.Model):
    """Is named by its slug; the database gives the primary key."""

    slug = models.SlugField(unique=True)
    above = models.ForeignKey("self", on_delete=models.CASCADE, null=True)
    kin = models.ManyToManyField("self", symmetrical=False)

    def __str__(self) -> str:
        return self.slug


class Link(models.Model):
    """A chain of rows, each of which must have one before it; the code gives the primary key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    slug = models.SlugField(unique=True)
    before = models.ForeignKey("self", on_delete=models.CASCADE)
    term = models.ForeignKey(Term, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return self.slug


class Label(models.Model):
    """Is referred to by its code, and refers to another one so."""

    code = models.CharField(max_length=20, unique=True)
    next = models.ForeignKey("self", on_delete=models.CASCADE, to_field="code", null=True)

    def __str__(self) -> str:
        return self.code


class Jar(models.Model):
    """Has a label."""

    label = models.ForeignKey(Label, on_delete=models.CASCADE, to_field="code")

    def __str__(self) -> str:
        return f"jar {self.pk}"


class Word(models.Model):
    """A composite primary key."""

    pk = models.CompositePrimaryKey("term_id", "language")
    term = models.ForeignKey(Term, on_delete=models.CASCADE)
    language = models.CharField(max_length=8)
    text = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.text


class Shelf(models.Model):
    """Is named by a text, and linked to others by it."""

    code = models.CharField(max_length=40, primary_key=True)
    near = models.ManyToManyField("self", symmetrical=False)

    def __str__(self) -> str:
        return self.code


class Bag(models.Model):
    """Its instances are false while they are empty, and have no truth value below that."""

    size = models.IntegerField(default=0)
    outer = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")

    def __len__(self) -> int:
        return self.size

    def __str__(self) -> str:
        inside = "" if self.outer is None else f" in {self.outer}"
        return f"{'new' if self._state.adding else 'old'} bag of {self.size}{inside}"


class Asking(models.Model):
    """Its words do whatever SQL they are told to."""

    name = models.CharField(max_length=40)
    sql = models.TextField()

    def __str__(self) -> str:
        with connections["default"].cursor() as cursor:
            cursor.execute(self.sql)
            return f"{self.name} {cursor.fetchone()[0]}"


class Fussy(models.Model):
    """Some rows of it cannot be instances."""

    name = models.CharField(max_length=40)
    mood = FussyField(max_length=10, default="good")
    bags = models.ManyToManyField(Bag, related_name="+")

    def __str__(self) -> str:
        return f"fussy {self.name}"


class Shapes(models.Manager[Any]):
    """Gives the children in place of their parents, as managers of django-polymorphic do."""

    def get_queryset(self) -> Any:
        class Rows(models.QuerySet[Any]):
            def _fetch_all(self) -> None:
                super()._fetch_all()
                children = {each.pk: each for each in models.QuerySet(Square, using=self.db)}
                self._result_cache = [children.get(row.pk, row) for row in self._result_cache or ()]

        return Rows(self.model, using=self._db)


class Shape(models.Model):
    name = models.CharField(max_length=40)

    objects = Shapes()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.name


class Square(Shape):
    side = models.IntegerField()


class Outline(models.TextField):  # type: ignore[type-arg]
    """What no record can hold: told by its module, as a raster of GeoDjango is."""

    __module__ = "django.contrib.gis.db.models.fields"
    empty_strings_allowed = False


class Place(models.Model):
    """Has a column that no record can hold, and that must have a value."""

    name = models.CharField(max_length=40)
    shape = Outline()


class Trail(models.Model):
    """What receivers and triggers write: a history of bakery's tags."""

    tag = models.IntegerField()
    text = models.CharField(max_length=40, unique=True)
    about = models.ForeignKey(
        "bakery.Category", models.SET_NULL, null=True, db_constraint=False
    )  # its table is made before the migrated ones

    def __str__(self) -> str:
        return self.text


CALLS: list[str] = []
"""The functions of the models that were called."""

FAILING: set[str] = set()
"""Those that raise."""


GIVES: dict[str, Any] = {}
"""What they give instead."""


def spare() -> Desk:
    """The desk for pens whose own is gone; made where there is none."""
    CALLS.append("spare")
    if "spare" in FAILING:
        raise LookupError("no desk is left")
    if "spare" in GIVES:
        return cast("Desk", GIVES["spare"])
    return Desk.objects.get_or_create(name="spare", defaults={"pk": 77})[0]


def ink() -> str:
    CALLS.append("ink")
    if "ink" in FAILING:
        raise LookupError("no ink")
    return "blue"


def first() -> int:
    CALLS.append("first")
    return 1


class Desk(models.Model):
    """Pens lie on it."""

    name = models.CharField(max_length=20, unique=True)


class Pen(models.Model):
    """Never without a desk; its columns are given by functions and by the database."""

    desk = models.ForeignKey(Desk, on_delete=models.SET(spare), related_name="+")
    other = models.ForeignKey(Desk, on_delete=models.SET_DEFAULT, default=first, related_name="+")
    third = models.ForeignKey(Desk, on_delete=models.SET_DEFAULT, db_default=1, related_name="+")
    sum = models.ForeignKey(
        Desk,
        on_delete=models.SET_DEFAULT,
        db_default=models.Value(3) - models.Value(2),
        related_name="+",
    )
    colour = models.CharField(max_length=20, default=ink)
    place = models.CharField(max_length=20, default="")


class Card(models.Model):
    """Refers to others inside of a text and of JSON."""

    title = models.CharField(max_length=40)
    text = models.TextField(default="", blank=True)
    data = models.JSONField(null=True)
    on = models.ForeignKey("self", on_delete=models.SET_NULL, null=True)

    def __str__(self) -> str:
        return self.title
