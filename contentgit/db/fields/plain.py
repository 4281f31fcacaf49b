"""A field as the plain Django field of its column, whatever a project's own class makes of it.

A custom field's own conversions may be wrong, slow, or lose something. So its column is read and
written *below* them, as the plain Django field that it is built on.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col

AnyField: TypeAlias = "models.Field[Any, Any]"
_EMBEDDING: Final = (models.CharField, models.IntegerField, models.JSONField, models.TextField)


def leaf(field: AnyField) -> AnyField:
    """The field at the end of a chain of references: the one that gives the column its type."""
    while field.is_relation:
        field = field.target_field  # type: ignore[attr-defined]
    return field


def plain(field: AnyField) -> AnyField | None:
    """``field`` if its class is Django's own, else a stand-in of the Django class that it builds on.

    ``None`` where there is none: a class of the project's own with a column type of its own.
    """
    if _is_django(type(field)):
        return field
    found = _class(field)
    return None if found is None else _stand_in(field, found)


def holds(field: AnyField) -> Literal["json", "number", "text"]:
    """What the values of the field are; those of no class of Django's are taken for texts."""
    found = plain(field)
    if found is None or isinstance(found, (models.CharField, models.TextField)):
        return "text"
    return "number" if isinstance(found, models.IntegerField) else "json"


def may_embed(field: AnyField) -> bool:
    """Whether its values can have primary keys inside, or be some: texts, integers, JSON, or not Django's."""
    found = plain(field)
    own = found is None or type(found).__module__.startswith("django.contrib.postgres.")
    return own or isinstance(found, _EMBEDDING)


def is_spatial(field: AnyField) -> bool:
    """Whether this is a field of GeoDjango."""
    return any(base.__module__.startswith("django.contrib.gis.") for base in type(field).__mro__)


def is_geometry(field: AnyField) -> bool:
    """Whether this is a field of geometries, as all of GeoDjango's are but rasters."""
    return is_spatial(field) and getattr(field, "geom_type", "RASTER") != "RASTER"


def has_column(field: AnyField, connection: BaseDatabaseWrapper) -> bool:
    """Whether the field has a column in this database.

    On SpatiaLite a function adds those of geometries, so that Django has no type for them.
    """
    return is_spatial(field) or field.db_type(connection) is not None


def generic_keys(model: type[models.Model]) -> dict[str, tuple[str, str]]:
    """The generic foreign keys by name, each with its two columns."""
    found = [each for each in model._meta.private_fields if hasattr(each, "ct_field")]
    return {each.name: (each.ct_field, each.fk_field) for each in found}


def driver_reader(field: AnyField, connection: BaseDatabaseWrapper) -> Callable[[Any], Any] | None:
    """The backend's conversions for a column of the plain ``field``; ``None`` if there are none."""
    expression = Col("", field)
    converters = connection.ops.get_db_converters(expression)
    if not converters:
        return None

    def read(raw: Any) -> Any:
        value = raw
        try:
            for converter in converters:
                value = converter(value, expression, connection)
        except (AttributeError, TypeError, ValueError, ArithmeticError):
            return raw  # no date, no UUID, no number: the encoder says so, and names the record
        return raw if value is None else value

    return read


def _is_django(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "django"


def _class(field: AnyField) -> type[AnyField] | None:
    """The first Django class the field inherits from, if its ``get_internal_type`` agrees."""
    base = next(c for c in type(field).__mro__ if _is_django(c) and issubclass(c, models.Field))
    named = type(field).get_internal_type is not models.Field.get_internal_type
    if base is not models.Field and (
        not named or field.get_internal_type() == _stand_in(field, base).get_internal_type()
    ):
        return base
    other = getattr(models, field.get_internal_type(), None) if named else None
    if isinstance(other, type) and issubclass(other, models.Field):
        return other
    return None


def _stand_in(field: AnyField, cls: type[AnyField]) -> AnyField:
    twin = copy.copy(field)
    twin.__class__ = cls
    return twin


def is_automatic(field: Any) -> bool:
    """Whether the database or a default gives a new row its value in the field."""
    given = field.has_default() or field.has_db_default() or isinstance(field, models.AutoField)
    return not field.is_relation and bool(given)
