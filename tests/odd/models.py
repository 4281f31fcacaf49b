"""Models that a spec can be wrong about."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tests.bakery.models import Page, Tag


class Named(models.Model):
    """Abstract, with derived models of every sort."""

    name = models.CharField(max_length=40)

    class Meta:
        abstract = True


class Section(Named):
    slug = models.SlugField(unique=True)


class SubSection(Section):
    pass


class Article(Named):
    """Unique within its section; with fields of every degree of need."""

    section = models.ForeignKey(Section, on_delete=models.CASCADE)
    slug = models.SlugField()
    number = models.IntegerField()
    size = models.IntegerField(default=1)
    rating = models.IntegerField(null=True, unique=True)
    weight = models.IntegerField(db_default=7)
    double = models.GeneratedField(
        expression=models.F("size") * 2, output_field=models.IntegerField(), db_persist=True
    )
    changed = models.DateTimeField(auto_now=True)
    sections = models.ManyToManyField(Section, related_name="+")

    class Meta:
        unique_together: ClassVar = [("section", "slug")]


class Line(models.Model):
    """Has a key of two columns."""

    pk = models.CompositePrimaryKey("section", "position")
    section = models.ForeignKey(Section, on_delete=models.CASCADE)
    position = models.IntegerField()
    text = models.TextField()


class ProxySection(Section):
    class Meta:
        proxy = True


class Foreign(Named):
    class Meta:
        managed = False


class Replaced(Named):
    class Meta:
        swappable = "ODD_REPLACED_MODEL"


class HalfNatural(Named):
    """Has the one half of a natural key, and a column that is unique on a condition only."""

    number = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(name="x"), name="odd_halfnatural_number"
            )
        ]

    def natural_key(self) -> tuple[str]:
        return (self.name,)


class Extended(Page):
    """Below another app's multi-table parent."""

    tag = models.OneToOneField(Tag, on_delete=models.CASCADE)
