"""The shape of a stream's JSON, as its blocks are defined."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from contentgit.contrib.wagtail.labels import label_of
from contentgit.contrib.wagtail.rich_text import RichText
from contentgit.contrib.wagtail.shapes import Fields, Form, Items, Shape, Stream, Table, only


def shape_of(block: Any) -> Shape:
    """What is known of the values of a block. A block of a kind of its own holds nothing.

    Blocks that are built on Wagtail's are known by what these are.
    """
    from wagtail import blocks

    if isinstance(block, blocks.ChooserBlock):
        target = block.model_class
        return label_of(target) if issubclass(target, Model) else None
    if isinstance(block, blocks.RichTextBlock):
        return RichText()
    if isinstance(block, blocks.ListBlock):
        return only(Items(shape_of(block.child_block)))
    shapes: dict[str, Shape] = {
        name: shape
        for name, each in getattr(block, "child_blocks", {}).items()
        if (shape := shape_of(each)) is not None
    }
    return _form(block, shapes) if shapes else None


def _form(block: Any, shapes: dict[str, Shape]) -> Form | None:
    from wagtail import blocks

    if isinstance(block, blocks.StreamBlock):
        return Stream(shapes)
    if isinstance(block, blocks.StructBlock):
        # Before there was such a block, its value was the image alone.
        return Fields(shapes, shapes.get("image") if _is_image(block) else None)
    return Table(shapes) if _is_table(block) else None


def _is_image(block: Any) -> bool:
    return _is_called(block, "wagtail.images.blocks", "ImageBlock")


def _is_table(block: Any) -> bool:
    return _is_called(block, "wagtail.contrib.typed_table_block.blocks", "BaseTypedTableBlock")


def _is_called(block: Any, module: str, name: str) -> bool:
    """Whether a class of the block is this one, which may not be installed or not exist yet."""
    return any((each.__module__, each.__name__) == (module, name) for each in type(block).__mro__)
