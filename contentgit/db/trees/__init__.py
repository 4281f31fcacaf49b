"""Columns in which tree libraries write where a row stands: to a parent and a position, and back.

A library numbers the whole tree, in paths or in nested sets, so one row more changes the numbers of others,
and two sites that each add a row give both the same. A record says instead below which record its row
is, and where among its siblings; the numbers are made from that, to what the library itself would write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Model

from contentgit.db.trees.nested import NestedSets
from contentgit.db.trees.numbering import Numbering
from contentgit.db.trees.paths import Paths, UrlPaths

PATHS: Final = ("treebeard.mp_tree", "MP_Node")
NESTED: Final = ("treebeard.ns_tree", "NS_Node")
MPTT: Final = ("mptt.models", "MPTTModel")

ORDERED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("treebeard.al_tree", "AL_Node"): ("sib_order", "parent"),
    ("tree_queries.models", "OrderableTreeNode"): ("position", "parent"),
}
"""Libraries whose rows have a parent, with the fields of the position and the parent."""


def numbering_of(model: type[Model]) -> Numbering | None:
    """How the model's own table numbers a tree; ``None`` if it does not."""
    kinds = _kinds(model)
    made: Any = model
    if PATHS in kinds and _has(model, "path"):
        field = model._meta.get_field("path")
        length = getattr(field, "max_length", None) or 255
        kind = UrlPaths if _has_urls(made) else Paths
        by = tuple(made.node_order_by or ())
        names = _names(model, by)
        return kind(
            *names, steplen=made.steplen, alphabet=made.alphabet, length=length, sorted_by=by
        )
    if NESTED in kinds and _has(model, "lft"):
        columns, by = ("tree_id", "lft", "rgt", "depth"), tuple(made.node_order_by or ())
        return NestedSets(*_names(model, by), columns=columns, first_depth=1, sorted_by=by)
    if MPTT in kinds:
        meta = made._mptt_meta
        columns = (meta.tree_id_attr, meta.left_attr, meta.right_attr, meta.level_attr)
        by = tuple(meta.order_insertion_by or ())
        if _has(model, meta.left_attr):
            _, position = _names(model, by)
            return NestedSets(meta.parent_attr, position, columns, linked=True, sorted_by=by)
    return None


def order_of(model: type[Model]) -> tuple[str, str] | None:
    """The fields of position and parent, where the library has no other columns; ``None`` if it has."""
    kinds = _kinds(model)
    found = next((names for kind, names in ORDERED.items() if kind in kinds), None)
    return found if found and all(_has(model, name) for name in found) else None


def _has_urls(model: Any) -> bool:
    """Whether the rows are Wagtail's pages, with paths of slugs as Wagtail makes them."""
    module = getattr(getattr(model, "set_url_path", None), "__module__", "")
    return bool(module.partition(".")[0] == "wagtail" and _has(model, "url_path"))


def _kinds(model: type[Model]) -> set[tuple[str, str]]:
    """Where the classes that the model is made of are; the libraries need not be installed."""
    return {(each.__module__, each.__name__) for each in model.__mro__}


def _has(model: type[Model], name: str) -> bool:
    return any(each.name == name for each in model._meta.local_concrete_fields)


def _names(model: type[Model], sorted_by: tuple[str, ...]) -> tuple[str, str]:
    """What records call parent and position; no position where the library sorts siblings."""
    fields = (each for each in model._meta.get_fields() if each.concrete or not each.auto_created)
    taken = {each.name for each in fields}  # relations of others do not count
    found = [name if name not in taken else f"tree_{name}" for name in ("parent", "position")]
    return found[0], "" if sorted_by else found[1]
