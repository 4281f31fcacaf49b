"""What a model says of its rows: names, columns, what is unique. Reads ``_meta``; no query is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignObjectRel, Model, UUIDField

from contentgit.db.fields.plain import generic_keys, is_automatic


def model_of(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def no_rows(model: type[Model]) -> str:
    """Why ``model`` has no rows of its own that could be records; empty if it has."""
    meta = model._meta
    if meta.abstract:
        return "is abstract"
    if meta.proxy:
        concrete = meta.concrete_model
        return f"is a proxy of {label_of(concrete)}" if concrete else "is a proxy"
    if meta.swapped:
        return f"is swapped for {meta.swapped}"
    if not meta.managed:
        return "is not managed by Django"
    if meta.auto_created:
        return f"belongs to a many-to-many field of {label_of(meta.auto_created)}"
    return ""


def label_of(model: Any) -> str:
    return str(model._meta.label_lower)


def field_of(model: type[Model], name: str) -> Field[Any, Any] | None:
    """The column or many-to-many field ``name``; no reverse relation, no attname."""
    fields = (*model._meta.concrete_fields, *model._meta.many_to_many)
    return next((field for field in fields if field.name == name), None)


def is_required(field: Any) -> bool:
    """Whether a row cannot be created without a value of ``field``."""
    if field.null or field.has_default() or field.has_db_default() or field.generated:
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    # Django gives texts, files and the like an empty string.
    return bool(field.get_default() is None)


def walk(model: type[Model], path: str) -> list[Field[Any, Any]]:
    """The fields along ``path``; fewer than its parts if one is unknown."""
    fields: list[Field[Any, Any]] = []
    here: type[Model] | None = model
    for name in path.split("__"):
        field = field_of(here, name) if here is not None else None
        if field is None or field.many_to_many:
            break
        fields.append(field)
        related = field.related_model
        here = related if isinstance(related, type) else None
    return fields


def ways_back(model: type[Model]) -> dict[str, type[Model]]:
    """By name, the relations by which rows of other models belong to rows of the model's own table."""
    found: dict[str, Any] = {
        each.name: each.related_model
        for each in model._meta.private_fields
        if hasattr(each, "bulk_related_objects")
    }
    for each in model._meta.get_fields(include_parents=False):
        if isinstance(each, ForeignObjectRel) and not each.many_to_many:
            found[each.get_accessor_name() or ""] = each.related_model
    return found


def unique_sets(model: type[Model]) -> list[frozenset[str]]:
    """Names of fields that are unique together for all rows, those of multi-table parents too."""
    found = []
    for owner in (model, *model._meta.all_parents):
        meta = owner._meta
        found += [frozenset({field.name}) for field in meta.local_concrete_fields if field.unique]
        found += [frozenset(names) for names in meta.unique_together]
        found += [frozenset(constraint.fields) for constraint in meta.total_unique_constraints]
        found.append(frozenset(field.name for field in meta.pk_fields))
    return [names for names in dict.fromkeys(found) if names]


def together_unique(model: type[Model], paths: Sequence[str]) -> bool:
    """Whether no two rows can have the same values at ``paths``.

    Paths through a foreign key count as it if they are unique together on the other side.
    """
    generic = generic_keys(model)
    names = {name for path in paths if "__" not in path for name in generic.get(path, (path,))}
    through: dict[str, list[str]] = {}
    for path in paths:
        head, inner, rest = path.partition("__")
        if inner:
            through.setdefault(head, []).append(rest)
    for name, rests in through.items():
        field = field_of(model, name)
        related = field.related_model if field is not None else None
        if isinstance(related, type) and together_unique(related, rests):
            names.add(name)
    return any(unique <= names for unique in unique_sets(model))


def has_automatic_key(model: type[Model]) -> bool:
    """Whether the database or a default gives the primary key; if it is a reference, that of its row."""
    field = _key_field(model)
    return field is not None and is_automatic(field)


def has_uuid_key(model: type[Model]) -> bool:
    """Whether the primary key is a UUID: no two sites give the same one to different rows."""
    return isinstance(_key_field(model), UUIDField)


def _key_field(model: type[Model]) -> Any:
    """The field whose value the primary key is; ``None`` if there are several."""
    more: list[Any]
    field: Any
    field, *more = model._meta.pk_fields
    while field.is_relation and not more:
        field, *more = field.related_model._meta.pk_fields
    return None if more else field
