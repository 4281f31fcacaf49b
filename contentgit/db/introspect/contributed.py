"""Fields that declare other fields of their model, with which they are one value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import ImageField, Model


def contributed(model: type[Model]) -> Iterator[tuple[str, ...]]:
    """Groups of the model's own columns that are one value without being declared as that.

    They are what a field adds to its model besides itself, such as the currency of an amount of money, and
    the columns in which Django keeps an image's size.
    """
    own = {each.name for each in model._meta.local_concrete_fields}
    for each in model._meta.local_concrete_fields:
        names = [each.name, *_added(each), *_sizes(each)]
        group = tuple(dict.fromkeys(name for name in names if name in own))
        if len(group) > 1:
            yield group


def _sizes(field: Any) -> list[str]:
    if not isinstance(field, ImageField):
        return []
    names: tuple[str | None, ...] = (field.width_field, field.height_field)  # type: ignore[attr-defined]
    return [name for name in names if name]


def _added(field: Any) -> list[str]:
    """The columns that the field adds to a model when it is added to one.

    Nothing on the model's own class tells them from others, so a copy is added to a class that is abstract
    and thrown away. Django's own fields add none.
    """
    if field.is_relation or type(field).contribute_to_class.__module__.startswith("django."):
        return []
    try:
        probe = _probe(field.model)
        field.clone().contribute_to_class(probe, field.name)
    except Exception:
        # Any: it is the project's code, and many fields expect more of a class. They have to be declared.
        return []
    return [each.name for each in probe._meta.local_concrete_fields if each.name != field.name]


def _probe(model: type[Model]) -> type[Model]:
    meta = type("Meta", (), {"abstract": True, "app_label": model._meta.app_label})
    return type(model.__name__, (Model,), {"Meta": meta, "__module__": model.__module__})
