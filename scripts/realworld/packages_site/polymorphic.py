"""django-polymorphic: rows of several kinds in one relation."""

from __future__ import annotations

from typing import Any

from django.db import models
from polymorphic.models import PolymorphicModel

from packages_site.datasets import take

TITLES = {"shop_shape": "name"}


class Shape(PolymorphicModel):
    """A shape of any kind."""

    name = models.CharField(max_length=40)
    near = models.ManyToManyField("self")


class Circle(Shape):
    """One with a radius."""

    radius = models.IntegerField()


class Square(Shape):
    """One with a side, in another shape."""

    side = models.IntegerField()
    outer = models.ForeignKey(Shape, models.SET_NULL, null=True, related_name="+")


def specs() -> list[dict[str, Any]]:
    """Nothing but the tables."""
    return take("shop.shape", "shop.circle", "shop.square")


def fill(who: str) -> None:
    """Shapes in shapes."""
    circle = Circle.objects.create(name=f"Circle {who}", radius=1)
    square = Square.objects.create(name=f"Square {who}", side=2, outer=circle)
    inner = Square.objects.create(name=f"Inner {who}", side=1, outer=square)
    Circle.objects.create(name=f"Doomed {who}", radius=5)
    inner.near.add(circle, square)


def edit(who: str) -> None:
    """Each side changes one kind."""
    if who == "Stage":
        Square.objects.filter(name="Inner Stage").update(side=7)
        Shape.objects.get(name="Doomed Stage").delete()
    else:
        circle = Circle.objects.create(name=f"New {who}", radius=9)
        Square.objects.filter(name="Square Stage").update(outer=circle)


def own() -> list[str]:
    """The shapes as what they really are, and what surrounds them."""
    return [
        f"{type(each).__name__} {each.name} in {getattr(getattr(each, 'outer', None), 'name', None)}"
        f" near {sorted(f'{type(one).__name__} {one.name}' for one in each.near.all())}"
        for each in Shape.objects.order_by("name")
    ]
