"""A tree of each library that numbers its rows, with the library's own classes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from mptt.models import MPTTModel, TreeForeignKey
from tree_queries.models import OrderableTreeNode
from treebeard.al_tree import AL_Node
from treebeard.mp_tree import MP_Node
from treebeard.ns_tree import NS_Node


class Path(MP_Node):
    name = models.CharField(max_length=30)
    steplen = 2
    alphabet = "0123456789"

    def __str__(self) -> str:
        return self.name


class Fruit(Path):
    """A row of its own below the row of the tree."""

    colour = models.CharField(max_length=30, default="red")


class Nested(NS_Node):
    name = models.CharField(max_length=30)

    def __str__(self) -> str:
        return self.name


class Listed(AL_Node):
    name = models.CharField(max_length=30)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    sib_order = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name


class Linked(MPTTModel):
    name = models.CharField(max_length=30)
    parent = TreeForeignKey("self", models.CASCADE, null=True, related_name="children")

    def __str__(self) -> str:
        return self.name


class Queried(OrderableTreeNode):
    name = models.CharField(max_length=30)

    def __str__(self) -> str:
        return self.name


class SortedPath(MP_Node):
    name = models.CharField(max_length=30)
    node_order_by: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class SortedNested(NS_Node):
    name = models.CharField(max_length=30)
    node_order_by: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class SortedLinked(MPTTModel):
    name = models.CharField(max_length=30)
    parent = TreeForeignKey("self", models.CASCADE, null=True, related_name="children")

    class MPTTMeta:
        order_insertion_by: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Leaf(models.Model):
    """A row that refers to one of a tree."""

    path: Any = models.ForeignKey(Path, models.CASCADE)
    text = models.CharField(max_length=30)
