"""What projects do with models that makes it hard to bring rows back: inheritance, keys, cycles.

Fields of every type are in :mod:`tests.fieldzoo.models`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now, Upper

from tests.zoo.fields import OrderedManyToManyField

# Multi-table inheritance: levels, siblings that may share a row, diamonds


class Animal(models.Model):
    name = models.CharField(max_length=40)
    tag = models.CharField(max_length=20, unique=True)
    mate = models.OneToOneField("self", models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class Mammal(Animal):
    legs = models.IntegerField()
    friends = models.ManyToManyField("self")


class Dog(Mammal):
    chip = models.CharField(max_length=20, unique=True)


class Puppy(Dog):
    """The fourth level, which refers to the third."""

    mother = models.ForeignKey(Dog, models.CASCADE, related_name="puppies")


class Bird(Animal):
    ring = models.CharField(max_length=20, unique=True)
    prey = models.ForeignKey(Animal, models.PROTECT, null=True, related_name="+")


class Fish(Animal):
    """Has no field of its own."""


class Known(Mammal):
    """A proxy, which has a child."""

    class Meta:
        proxy = True


class Seal(Known):
    depth = models.IntegerField()


class Exhibit(Animal):
    """Has a key of its own beside the link to its parent."""

    number = models.AutoField(primary_key=True)
    animal = models.OneToOneField(Animal, models.CASCADE, parent_link=True)
    label = models.CharField(max_length=20, unique=True)


class Piece(models.Model):
    title = models.CharField(max_length=40)


class Book(Piece):
    book_piece = models.OneToOneField(Piece, models.CASCADE, parent_link=True)
    isbn = models.CharField(max_length=20, unique=True)


class Essay(Piece):
    essay_piece = models.OneToOneField(Piece, models.CASCADE, parent_link=True)
    topic = models.CharField(max_length=40)


class Review(Book, Essay):
    """A diamond."""

    stars = models.IntegerField()


class LongReview(Review):
    text = models.TextField()


class Parade(models.Model):
    """Lists whose order is content: of other rows, and of rows of its own model."""

    name = models.CharField(max_length=40)
    animals = OrderedManyToManyField(Animal, related_name="+")
    after = OrderedManyToManyField("self", symmetrical=False, related_name="+")


# Abstract models, proxies, users, a model that is swapped


class Dated(models.Model):
    day = models.DateField()
    about = models.ForeignKey(Animal, models.SET_NULL, null=True, related_name="%(class)s_set")

    class Meta:
        abstract = True


class Feeding(Dated):
    food = models.CharField(max_length=40)
    known = models.ForeignKey(Known, models.CASCADE, null=True, related_name="+")
    others = models.ManyToManyField(Known, related_name="+")


class Keeper(models.Model):
    name = models.CharField(max_length=40)

    class Meta:
        swappable = "ZOO_KEEPER_MODEL"


class HeadKeeper(models.Model):
    """What a keeper is swapped for."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    name = models.CharField(max_length=40)


class Shift(Dated):
    keeper = models.ForeignKey(settings.ZOO_KEEPER_MODEL, models.CASCADE)
    helpers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")


# Many-to-many, trees, through models with keys of their own


class Node(models.Model):
    name = models.CharField(max_length=40)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    position = models.IntegerField()
    near = models.ManyToManyField("self")
    likes = models.ManyToManyField("self", symmetrical=False, related_name="+")
    ties = models.ManyToManyField(
        "self",
        through="Tie",
        through_fields=("one", "other"),
        symmetrical=False,
        related_name="+",
    )
    pairs = models.ManyToManyField("self", through="Pair", symmetrical=False, related_name="paired")
    notes = GenericRelation("Note")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["parent", "position"], name="zoo_node_position", nulls_distinct=False
            )
        ]


class Tie(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    one = models.ForeignKey(Node, models.CASCADE, related_name="+")
    other = models.ForeignKey(Node, models.CASCADE, related_name="+")
    by = models.ForeignKey(Node, models.SET_NULL, null=True, related_name="+")

    class Meta:
        unique_together: ClassVar = [("one", "other")]


class Pair(models.Model):
    pk = models.CompositePrimaryKey("left", "right")
    left = models.ForeignKey(Node, models.CASCADE, related_name="+")
    right = models.ForeignKey(Node, models.RESTRICT, related_name="+")
    rank = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["left", "rank"], name="zoo_pair_rank")
        ]


class Chapter(models.Model):
    node = models.ForeignKey(Node, models.CASCADE)
    text = models.TextField()

    class Meta:
        order_with_respect_to = "node"


# Keys


class Country(models.Model):
    """Others refer to it by its code, and so does it itself."""

    iso = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=20, unique=True)
    next = models.OneToOneField(
        "self", models.SET_NULL, to_field="iso", null=True, related_name="+"
    )


class Capital(models.Model):
    country = models.ForeignKey(Country, models.CASCADE, to_field="iso")
    name = models.CharField(max_length=40)


class Banner(models.Model):
    """Its key is another row's code."""

    country = models.OneToOneField(Country, models.CASCADE, to_field="iso", primary_key=True)
    colour = models.CharField(max_length=40)


class Arm(models.Model):
    """Refers to a row whose key is another row's code."""

    banner = models.ForeignKey(Banner, models.CASCADE)
    height = models.IntegerField()


class Passport(models.Model):
    node = models.OneToOneField(Node, models.CASCADE, primary_key=True)
    code = models.CharField(max_length=20, unique=True)


class Visa(models.Model):
    passport = models.OneToOneField(Passport, models.CASCADE, primary_key=True)
    country = models.ForeignKey(Country, models.PROTECT)


class Stamp(models.Model):
    visa = models.ForeignKey(Visa, models.CASCADE)


class Word(models.Model):
    text = models.CharField(max_length=200, primary_key=True)
    root = models.ForeignKey("self", models.SET_NULL, null=True)
    synonyms = models.ManyToManyField("self")


class Leaf(models.Model):
    id = models.UUIDField(primary_key=True)
    twin = models.OneToOneField("self", models.SET_NULL, null=True)
    code = models.CharField(max_length=20, unique=True)


class Ticket(models.Model):
    """A key of a text, a UUID and a reference."""

    pk = models.CompositePrimaryKey("word", "serial", "kind")
    word = models.ForeignKey(Word, models.CASCADE)
    serial = models.UUIDField()
    kind = models.CharField(max_length=20)
    code = models.CharField(max_length=20, unique=True)
    leaf = models.OneToOneField(Leaf, models.SET_NULL, null=True)


# Values in two columns


class Unit(models.CharField):  # type: ignore[type-arg]
    """Says what a number counts; a model that has it already gets no second one."""

    def contribute_to_class(self, cls: type[models.Model], name: str, *args: Any) -> None:
        if name not in {each.name for each in cls._meta.local_fields}:
            super().contribute_to_class(cls, name, *args)


class Weight(models.IntegerField):  # type: ignore[type-arg]
    """Brings a column for its unit along, as fields of money do for the currency."""

    def contribute_to_class(self, cls: type[models.Model], name: str, *args: Any) -> None:
        unit = Unit(max_length=20, default="g")
        unit.creation_counter = self.creation_counter
        cls.add_to_class(f"{name}_unit", unit)
        super().contribute_to_class(cls, name, *args)


class Parcel(models.Model):
    name = models.CharField(max_length=20, unique=True)
    weight = Weight()
    sender = models.ForeignKey(Word, models.SET_NULL, null=True)


# Names


class Select(models.Model):
    """Words of SQL, quotes and capitals, wherever a name can have them."""

    order = models.IntegerField()
    group = models.ForeignKey(
        "self", models.SET_NULL, null=True, db_column="GROUP", related_name="+"
    )
    values = models.CharField(max_length=20, db_column="It's a (column); --")
    fields = models.CharField(max_length=20, db_column="From", unique=True)
    model = models.ManyToManyField("self", symmetrical=False, related_name="+")
    where = models.ManyToManyField(Word, related_name="+", db_table="Zoo 'where'")

    class Meta:
        db_table = "Zoo 'Select'"
        unique_together: ClassVar = [("order", "values")]


# Managers


TENANT: ContextVar[bool] = ContextVar("tenant", default=False)


@contextmanager
def tenant_set() -> Iterator[None]:
    """Where all managers give rows; without them Django itself cannot save a row."""
    token = TENANT.set(True)
    yield
    TENANT.reset(token)


class Refuses(models.Manager[Any]):
    def get_queryset(self) -> Any:
        if not TENANT.get():
            raise RuntimeError("set a tenant first")
        return super().get_queryset()


class Published(models.Manager[Any]):
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(public=True)


class Tenant(models.Model):
    """All of its managers raise."""

    name = models.CharField(max_length=20, unique=True)
    nodes = models.ManyToManyField(Node, related_name="+")

    objects = Refuses()

    class Meta:
        base_manager_name = "objects"


class Memo(models.Model):
    """Its managers hide rows."""

    public = models.BooleanField()
    tenant = models.ForeignKey(Tenant, models.CASCADE)
    before = models.OneToOneField("self", models.SET_NULL, null=True, related_name="+")

    objects = Published()

    class Meta:
        base_manager_name = "objects"


# Generic relations


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True, related_name="+")
    object_id = models.CharField(max_length=200, null=True)
    item = GenericForeignKey()
    rank = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "rank"], name="zoo_note_rank"
            )
        ]


# Cycles


class First(models.Model):
    second = models.ForeignKey("Second", models.SET_NULL, null=True)


class Second(models.Model):
    third = models.OneToOneField("Third", models.CASCADE, null=True)


class Third(models.Model):
    first = models.ForeignKey(First, models.PROTECT, null=True)


class Hen(models.Model):
    egg = models.OneToOneField("Egg", models.CASCADE, related_name="+")
    name = models.CharField(max_length=20, unique=True)


class Egg(models.Model):
    """Neither of the two can be written before the other."""

    hen = models.ForeignKey(Hen, models.CASCADE, related_name="+")


class Ring(models.Model):
    """Each is followed by exactly one, which may be itself."""

    next = models.OneToOneField("self", models.CASCADE)
    name = models.CharField(max_length=20)


# Constraints, generated columns, defaults of the database


class Slot(models.Model):
    name = models.CharField(max_length=20)
    active = models.BooleanField()
    low = models.IntegerField()
    high = models.IntegerField()
    place = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="zoo_slot_span"),
            models.CheckConstraint(condition=Q(place__lt=100), name="zoo_slot_place"),
            models.UniqueConstraint(fields=["place"], name="zoo_slot_unique"),
            models.UniqueConstraint(
                fields=["high"], condition=Q(active=True), name="zoo_slot_high"
            ),
            models.UniqueConstraint(Upper("name"), "active", name="zoo_slot_name"),
        ]


class Switch(models.Model):
    """Unique values of which there are two."""

    slot = models.ForeignKey(Slot, models.CASCADE)
    on = models.BooleanField(unique=True)


class Generated(models.Model):
    name = models.CharField(max_length=20)
    width = models.IntegerField()
    height = models.IntegerField()
    folded = models.GeneratedField(
        expression=Lower("name"),
        output_field=models.CharField(max_length=20),
        db_persist=True,
        unique=True,
    )
    area = models.GeneratedField(
        expression=F("width") * F("height"), output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["area", "width"], name="zoo_generated_area")
        ]


class Default(models.Model):
    number = models.IntegerField(db_default=7, unique=True)
    moment = models.DateTimeField(db_default=Now())
    text = models.CharField(max_length=20, db_default="it's 100%")


# Tables that are not what the models say


class Wide(models.Model):
    """Its table has two columns more; see the migration."""

    slot = models.BooleanField(unique=True)
    name = models.CharField(max_length=20)


class Legacy(models.Model):
    """Not managed, though it has a table; see the migration."""

    name = models.CharField(max_length=20)

    class Meta:
        managed = False
        db_table = "legacy_notes"


class Ghost(models.Model):
    """Not managed, and without a table."""

    node = models.ForeignKey(Node, models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
