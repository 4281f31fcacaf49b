"""References in revisions: pages and snippets as JSON, as drafts are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

from django.apps import apps
from django.db.models import Model

from contentgit.contrib.content_types import model_in, model_of
from contentgit.contrib.wagtail.blocks import shape_of
from contentgit.contrib.wagtail.labels import label_of
from contentgit.contrib.wagtail.rich_text import RichText
from contentgit.contrib.wagtail.shapes import Each, Fields, Form, Shape
from contentgit.references import Json, JsonText, Names


@dataclass
class Revision:
    """All relations, rich text and streams of the row that a revision holds, and of its children.

    The revision says of which model the row is. Where only its content is known, as in a commit from before,
    a page does, and a snippet is known by the names of its fields: what differs between models with the same
    names is left alone.
    """

    beside: ClassVar = ("content_type",)

    def named(self, value: Any, names: Names, content_type: int | None = None) -> Any:
        """See :class:`contentgit.references.References`."""
        if not isinstance(value, dict):
            return value
        return Json(_shape(value, content_type, names)).named(value, names)


def _shape(content: dict[str, Any], content_type: int | None, names: Names) -> Fields:
    """What is known of a row by its content type, or its content."""
    kind = content.get("content_type") if content_type is None else content_type
    model = model_of(names, kind)
    if model and (content_type is not None or _is_page(model)):
        return row_shape(model)
    return _by_names(frozenset(content))


@cache
def _by_names(names: frozenset[str]) -> Fields:
    """What is known of a row by the names of its fields, of which some may have come or gone since."""
    from wagtail.models import RevisionMixin

    found = [each for each in apps.get_models() if issubclass(each, RevisionMixin)]
    distance = {each: len(names ^ {*_fields(each)}) for each in found}
    nearest = [each for each in found if distance[each] == min(distance.values())]
    shapes = [row_shape(each) for each in nearest]
    if not shapes:
        return Fields({})
    first, *others = shapes
    alike = {
        name: shape
        for name, shape in first.shapes.items()
        if all(each.shapes.get(name) == shape for each in others)
    }
    generic = tuple(pair for pair in first.generic if all(pair in each.generic for each in others))
    return Fields(alike, generic=generic, label=_label_in)


def _fields(model: type[Model]) -> list[str]:
    """The names in a row as JSON."""
    own, lists = ([each.name for each in some] for some in (_own(model), _lists(model)))
    return ["pk", *own, *_children(model), *lists]


def _own(model: type[Model]) -> list[Any]:
    return [each for each in model._meta.fields if each.serialize]  # type: ignore[attr-defined]


_SHAPES: Final[dict[type[Model], Fields]] = {}


def row_shape(model: type[Model]) -> Fields:
    """The shape of a row as JSON, with the rows that belong to it."""
    if model in _SHAPES:
        return _SHAPES[model]
    shapes: dict[str, Shape] = {"pk": label_of(model)}
    generic = tuple(
        (each.ct_field, each.fk_field)
        for each in model._meta.private_fields
        if hasattr(each, "ct_field")
    )
    _SHAPES[model] = Fields(shapes, generic=generic, label=_label_in)  # a child may lead back here
    shapes |= {
        each.name: shape for each in _own(model) if (shape := _field_shape(each)) is not None
    }
    shapes |= {each.name: Each(label_of(each.related_model)) for each in _lists(model)}
    shapes |= {name: Each(row_shape(child)) for name, child in _children(model).items()}
    return _SHAPES[model]


def _field_shape(field: Any) -> Shape:
    from wagtail.fields import RichTextField, StreamField

    if field.is_relation:
        return label_of(field.related_model) if field.target_field.primary_key else None
    if field.primary_key:
        return label_of(field.model)
    if isinstance(field, RichTextField):
        return RichText()
    if isinstance(field, StreamField):
        blocks = shape_of(field.stream_block)
        return JsonText(blocks) if isinstance(blocks, Form) else None  # JSON in a text there
    return None


def _children(model: type[Model]) -> dict[str, type[Model]]:
    """The models of rows that belong to a row, by the names of the relations."""
    from modelcluster.models import ClusterableModel, get_all_child_relations

    if not issubclass(model, ClusterableModel):
        return {}
    relations = get_all_child_relations(model)
    return {each.get_accessor_name(): each.related_model for each in relations}


def _lists(model: type[Model]) -> list[Any]:
    """The many-to-many fields that a row as JSON has."""
    from modelcluster.models import ClusterableModel, get_all_child_m2m_relations

    found = get_all_child_m2m_relations(model) if issubclass(model, ClusterableModel) else []
    return [each for each in found if each.serialize]


def _is_page(model: type[Model]) -> bool:
    from wagtail.models import AbstractPage

    return issubclass(model, AbstractPage)


def _label_in(mark: Any) -> str | None:
    model = model_in(mark)
    return label_of(model) if model else None
