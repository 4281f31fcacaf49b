"""Models that are hard to write: cycles, small unique ranges, keys that the database gives."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models


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
