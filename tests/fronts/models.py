"""References in circles: sections with a front page, in every spelling, and rows that name themselves."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Section(models.Model):
    """Has pages, and one of them in front."""

    slug = models.CharField(max_length=20, unique=True)
    front = models.ForeignKey("Page", models.SET_NULL, null=True, related_name="+")


class Page(models.Model):
    slug = models.CharField(max_length=20, unique=True)
    section = models.ForeignKey(Section, models.CASCADE)


class Shortcut(models.Model):
    """Refers to a section by its slug."""

    section = models.ForeignKey(Section, models.CASCADE, to_field="slug")


class Album(models.Model):
    """Another section; by name it comes before its pages."""

    slug = models.CharField(max_length=20, unique=True)
    front = models.OneToOneField("Photo", models.SET_NULL, null=True, related_name="+")


class Photo(models.Model):
    slug = models.CharField(max_length=20, unique=True)
    section = models.ForeignKey(Album, models.CASCADE)


class Chest(models.Model):
    """References by another value than the key, both ways."""

    slug = models.CharField(max_length=20, unique=True)
    front = models.ForeignKey(
        "Drawer", models.SET_NULL, null=True, to_field="slug", related_name="+"
    )


class Drawer(models.Model):
    slug = models.CharField(max_length=20, unique=True)
    section = models.ForeignKey(Chest, models.CASCADE, to_field="slug")


class Volume(models.Model):
    """Its front page has its key."""

    slug = models.CharField(max_length=20, unique=True)
    front = models.ForeignKey("Cover", models.SET_NULL, null=True, related_name="+")


class Cover(models.Model):
    section = models.OneToOneField(Volume, models.CASCADE, primary_key=True)
    slug = models.CharField(max_length=20, unique=True)


class Atlas(models.Model):
    """Its front page has its slug as key."""

    slug = models.CharField(max_length=20, unique=True)
    front = models.ForeignKey("Map", models.SET_NULL, null=True, related_name="+")


class Map(models.Model):
    section = models.OneToOneField(Atlas, models.CASCADE, to_field="slug", primary_key=True)
    slug = models.CharField(max_length=20, unique=True)


class Loop(models.Model):
    """Each is followed by one in three ways, which may be itself; none may be empty."""

    slug = models.CharField(max_length=20, unique=True)
    next = models.ForeignKey("self", models.CASCADE, related_name="+")
    named = models.ForeignKey("self", models.CASCADE, to_field="slug", related_name="+")
    twin = models.OneToOneField("self", models.CASCADE, related_name="+")


class Chain(models.Model):
    """Where empty ones collide: of each rank, one of each chain."""

    slug = models.CharField(max_length=20, unique=True)
    next = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["next"],
                condition=models.Q(slug__gt=""),
                name="fronts_chain_next",
            ),
        )


class Shop(models.Model):
    """Is not open without a door."""

    slug = models.CharField(max_length=20, unique=True)
    open = models.BooleanField(default=False)
    front = models.ForeignKey("Door", models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(open=False) | models.Q(front__isnull=False),
                name="fronts_shop_open",
            ),
        )


class Door(models.Model):
    slug = models.CharField(max_length=20, unique=True)
    section = models.ForeignKey(Shop, models.CASCADE)


class Sticker(models.Model):
    """Sticks to any row, and no database watches over that."""

    slug = models.CharField(max_length=20, unique=True)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    about = GenericForeignKey("content_type", "object_id")


class Lid(models.Model):
    """Has the key of a section that need not be there."""

    section = models.OneToOneField(
        Section, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+"
    )
    colour = models.CharField(max_length=20)


class Grant(models.Model):
    """Somebody may do something with any row; named by both."""

    who = models.CharField(max_length=20)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=20)
    about = GenericForeignKey("content_type", "object_id")
    level = models.IntegerField(default=0)

    class Meta:
        unique_together = (("who", "content_type", "object_id"),)
