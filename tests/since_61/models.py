"""Deletes that the database acts on by itself, as models can say since Django 6.1."""

from __future__ import annotations

from django.db import models

from tests.settings import DATABASE

# MariaDB has no such action.
DB_SET_DEFAULT = models.SET_DEFAULT if DATABASE == "mysql" else models.DB_SET_DEFAULT


class Root(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Leaf(models.Model):
    """Goes with its root; there is one of each name."""

    root = models.ForeignKey(Root, models.DB_CASCADE)
    name = models.CharField(max_length=20)

    class Meta:
        unique_together = (("root", "name"),)


class Soft(models.Model):
    """Two references that become empty, of which one is unique."""

    root = models.ForeignKey(Root, models.DB_SET_NULL, null=True, related_name="+")
    only = models.OneToOneField(Root, models.DB_SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=20)


class Fallback(models.Model):
    """Falls back to the first root."""

    root = models.ForeignKey(Root, DB_SET_DEFAULT, db_default=1, related_name="+")
    name = models.CharField(max_length=20)


class Plain(models.Model):
    """Falls back to the first root, by Django."""

    root = models.ForeignKey(Root, models.SET_DEFAULT, db_default=1, related_name="+")
    name = models.CharField(max_length=20)


class Loop(models.Model):
    """Refers to rows of its own."""

    up = models.ForeignKey("self", models.DB_CASCADE, null=True, related_name="+")
    twin = models.OneToOneField("self", models.DB_SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=20)
