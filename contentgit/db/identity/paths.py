"""What identities need to know of models: what always names rows, and where references and paths lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from contentgit.content.schema import UUID_NAME
from contentgit.db.fields.plain import AnyField
from contentgit.errors import ConfigurationError
from contentgit.specs import Identity

ALWAYS: Mapping[str, tuple[str, ...]] = {
    "contenttypes.contenttype": ("app_label", "model"),
    "auth.permission": ("codename", "content_type__app_label", "content_type__model"),
    "auth.group": ("name",),
    "sites.site": ("domain",),
    "wagtailcore.locale": ("language_code",),
}
"""Models whose primary keys are local to each database, and what names their rows instead."""


def concrete(model: type[Model]) -> type[Model]:
    """The model that has the table: ``model`` itself, or what it is a proxy of."""
    return model._meta.concrete_model or model


def label_of(model: type[Model]) -> str:
    """The label in references to rows of ``model``."""
    return concrete(model)._meta.label_lower


def shared_key(model: type[Model]) -> AnyField | None:
    """The primary key, if it is a reference."""
    fields = model._meta.pk_fields
    return fields[0] if len(fields) == 1 and fields[0].is_relation else None


def is_uuid(identity: Identity) -> bool:
    """Whether a chosen or recorded identity is that of UUIDs."""
    return identity == "uuid" or identity == (UUID_NAME,)


def points_at_key(field: AnyField) -> bool:
    """Whether a reference holds the primary key of its target, and not another unique field."""
    return bool(field.target_field.primary_key)  # type: ignore[attr-defined]


def end_of(model: type[Model], path: str) -> AnyField:
    """The field at the end of a path through relations."""
    field: Any = None
    for name in path.split("__"):
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist:
            field = None
        if field is None or not getattr(field, "concrete", False) or field.many_to_many:
            label = model._meta.label_lower
            raise ConfigurationError(f"{label} has no column {name!r}, which an identity names")
        if field.is_relation:
            model = field.related_model
    return field  # type: ignore[no-any-return]
