"""django-tree-queries: trees of nothing but parents."""

from __future__ import annotations

from typing import Any

from django.db import models
from tree_queries.models import OrderableTreeNode

from packages_site.datasets import take

TITLES = {"shop_branch": "name"}
BOTH = ("shop_branch",)  # places may shift


class Branch(OrderableTreeNode):
    """Has a place among those of its parent."""

    name = models.CharField(max_length=40)

    class Meta(OrderableTreeNode.Meta):
        """The order of its parent's class."""


def specs() -> list[dict[str, Any]]:
    """Places are an order within the parent."""
    return take("shop.branch", order={"position": ["parent"]})


def fill(who: str) -> None:
    """A small tree."""
    root = Branch.objects.create(name=f"Root {who}")
    for name in ("One", "Two", "Doomed"):
        child = Branch.objects.create(name=f"{name} {who}", parent=root)
        Branch.objects.create(name=f"Below {name} {who}", parent=child)


def edit(who: str) -> None:
    """Each side moves and adds."""
    root = Branch.objects.get(name="Root Stage")
    Branch.objects.create(name=f"New of {who}", parent=root)
    if who == "Stage":
        moved = Branch.objects.get(name="Below One Stage")
        moved.parent = Branch.objects.get(name="Two Stage")
        moved.save()
        Branch.objects.get(name="Doomed Stage").delete()


def own() -> list[str]:
    """The tree, depth first."""
    rows = Branch.objects.with_tree_fields().order_siblings_by("position", "name")
    return [f"{each.tree_depth} {each.name}" for each in rows]
