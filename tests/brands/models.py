"""Everything that may refer to a row, and every way in which its deletion goes on from there."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


def fallback() -> Brand:
    """The brand that takes over."""
    return Brand.objects.get(name="fallback")


class Remark(models.Model):
    """About any row."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.CharField(max_length=20)
    about = GenericForeignKey("content_type", "object_id")


class Trace(models.Model):
    """About any row whose key is a UUID."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.UUIDField()
    about = GenericForeignKey("content_type", "object_id")


class Brand(models.Model):
    """What is deleted in the tests."""

    name = models.CharField(max_length=40)
    code = models.CharField(max_length=10, null=True, unique=True)
    year = models.IntegerField(default=0)
    friends = models.ManyToManyField("self", symmetrical=False, related_name="+")
    remarks = GenericRelation(Remark)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "year"], name="brands_brand_name_year")
        ]


class Item(models.Model):
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE)
    part_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True)
    label = models.CharField(max_length=20, unique=True)


class Part(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE)
    twin = models.ForeignKey("self", on_delete=models.CASCADE, null=True)
    items = models.ManyToManyField(Item, related_name="+")


class Guard(models.Model):
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT)


class Limit(models.Model):
    brand = models.ForeignKey(Brand, on_delete=models.RESTRICT, null=True)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, null=True)


class Choice(models.Model):
    """Loses its brand."""

    empty = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, related_name="+")
    default = models.ForeignKey(
        Brand, on_delete=models.SET_DEFAULT, default=1, null=True, related_name="+"
    )
    other = models.ForeignKey(Brand, on_delete=models.SET(fallback), null=True, related_name="+")


class Loose(models.Model):
    brand = models.ForeignKey(
        Brand, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    firm = models.ForeignKey(Brand, on_delete=models.DO_NOTHING, null=True, related_name="+")


class Place(models.Model):
    """A multi-table parent, which something refers to."""

    town = models.CharField(max_length=40)


class Visit(models.Model):
    place = models.ForeignKey(Place, on_delete=models.CASCADE)


class Store(Place):
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE)


class Motto(models.Model):
    """Has its brand's primary key."""

    brand = models.OneToOneField(Brand, on_delete=models.CASCADE, primary_key=True)


class Coded(models.Model):
    """Refers to another column than the primary key."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, to_field="code")


class Cell(models.Model):
    """Has the brand in a key of two columns."""

    pk = models.CompositePrimaryKey("brand", "number")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE)
    number = models.IntegerField()


class Opinion(Remark):
    """A remark by somebody; its generic key is its parent's."""

    author = models.CharField(max_length=20)


class Verdict(Opinion):
    """Two levels below the generic key."""


class Shop(models.Model):
    """Knows opinions and verdicts about it, not plain remarks."""

    opinions = GenericRelation(Opinion)
    verdicts = GenericRelation(Verdict)


class Circle(models.Model):
    brands = models.ManyToManyField(Brand)


class Ghost(models.Model):
    """Has no table."""

    circle = models.ForeignKey(Circle, on_delete=models.CASCADE, related_name="+")

    class Meta:
        managed = False
