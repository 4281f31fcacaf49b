"""Which fields Django's natural key of a model is made of."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.base import ModelState

from contentgit.errors import ConfigurationError

_DEPTH = 3
"""So many relations in a row a natural key may go through."""


class _Traced(str):
    """The value of a field that only knows where it stands."""

    __slots__ = ()


def natural_fields(model: type[Model]) -> tuple[str, ...]:
    """The fields, possibly through relations, whose values ``natural_key()`` gives, in its order.

    Raises:
        ConfigurationError: the model has no ``natural_key()``, or it gives something else.
    """
    label = model._meta.label_lower
    hint = f'write "identity": [field names] into the spec of {label}'
    method = getattr(model, "natural_key", None)
    if method is None:
        raise ConfigurationError(f"{label} has no natural_key()", hint=hint)
    try:
        values = method(_traced(model, "", _DEPTH))
        paths = tuple(map(_path, values))
    except Exception as error:  # the project's own code
        raise ConfigurationError(
            f"{label}.natural_key() does not give fields as they are", hint=hint
        ) from error
    if not paths:
        raise ConfigurationError(f"{label}.natural_key() gives nothing", hint=hint)
    return paths


def _path(value: object) -> str:
    if not isinstance(value, _Traced) or not value:
        raise FieldDoesNotExist("not the value of a field")
    return str(value)


def _traced(model: type[Model], prefix: str, depth: int) -> Model:
    """An instance of ``model`` whose fields hold their own names."""
    instance = model.__new__(model)
    instance._state = ModelState()
    for field in model._meta.concrete_fields:
        path = f"{prefix}{field.name}"
        instance.__dict__[field.attname] = _Traced(path)
        target: Any = field.related_model
        if target is not None and depth:
            found = _traced(target, f"{path}__", depth - 1)
            instance._state.fields_cache[field.name] = found
    return instance
