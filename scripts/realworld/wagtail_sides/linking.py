"""Lets a row refer to others in all ways that its model has: relations, rich text, blocks of streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import ForeignKey
from modelcluster.fields import ParentalKey
from modelcluster.models import get_all_child_relations
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.images.blocks import ImageBlock, ImageChooserBlock
from wagtail.models import Page


@dataclass(frozen=True)
class New:
    """What is new, and referred to."""

    page: Any
    image: Any
    document: Any

    def row(self, model: type) -> Any:
        """The one that a relation to ``model`` takes; ``None`` if there is none."""
        rows = (Page.objects.get(pk=self.page.pk), self.page.specific, self.image, self.document)
        return next((each for each in rows if type(each) is model), None)

    @property
    def rich(self) -> str:
        """Rich text with all of them."""
        return (
            f'<p data-block-key="n1">To <a id="{self.page.pk}" linktype="page">a page</a>, '
            f'<a linktype="document" id="{self.document.pk}">a file</a>.</p>'
            f'<embed alt="new" embedtype="image" format="left" id="{self.image.pk}"/>'
        )


def link(row: Any, new: New) -> None:
    """Changes the row in memory, with the rows that belong to it."""
    for field in row._meta.get_fields():
        if isinstance(field, ForeignKey) and not isinstance(field, ParentalKey):
            found = new.row(field.related_model) if _is_free(field) else None
            if found is not None:
                setattr(row, field.name, found)
        elif isinstance(field, RichTextField):
            setattr(row, field.name, getattr(row, field.name) + new.rich)
        elif isinstance(field, StreamField):
            _append(getattr(row, field.name), field.stream_block, new)
    if hasattr(row, "_cluster_related_objects"):
        for relation in get_all_child_relations(type(row)):
            _link_children(row, relation, new)


def _link_children(row: Any, relation: Any, new: New) -> None:
    name = relation.get_accessor_name()
    if name.startswith("wagtail_admin"):
        return  # comments
    children = [*getattr(row, name).all()]
    for child in children:
        link(child, new)
    if children:
        setattr(row, name, children)


def _is_free(field: Any) -> bool:
    return bool(field.editable and not field.remote_field.parent_link and not field.unique)


def _append(stream: Any, block: Any, new: New) -> None:
    for name, child in block.child_blocks.items():
        value: Any = None
        if isinstance(child, blocks.PageChooserBlock):
            value = new.row(child.target_model)
        elif isinstance(child, ImageBlock):
            value = new.image
            value.contextual_alt_text, value.decorative = "new", False
        elif isinstance(child, ImageChooserBlock):
            value = new.image
        elif isinstance(child, DocumentChooserBlock):
            value = new.document
        elif isinstance(child, blocks.RichTextBlock):
            value = blocks.RichTextBlock().to_python(new.rich)
        if value is not None:
            stream.append((name, value))
