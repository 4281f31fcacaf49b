"""All rows of the datasets, with names in place of primary keys; what contentgit reads is not asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import AutoField, QuerySet
from django.utils.module_loading import import_string
from wagtail.fields import RichTextField, StreamField

from wagtail_sides.naming import blank, name

NUMBERS = ("path", "lft", "rgt")
"""Columns in which two equal trees may differ. Trees are compared on their own."""


def models() -> dict[Any, Mapping[str, Any]]:
    """The models of the datasets, with their specs."""
    specs = import_string(settings.CONTENTGIT["DATASETS"])()["site"]["specs"]("")
    return {apps.get_model(each["model"]): each for each in specs}


def rows() -> dict[str, list[str]]:
    """By model, each row."""
    return {
        model._meta.label_lower: sorted(_rows(model, spec.get("exclude", ())))
        for model, spec in models().items()
    }


def _rows(model: Any, exclude: tuple[str, ...]) -> Iterator[str]:
    fields = [each for each in model._meta.local_concrete_fields if each.name not in exclude]
    generic = {
        each.fk_field: each.ct_field
        for each in model._meta.private_fields
        if hasattr(each, "ct_field")
    }
    lists = [
        each
        for each in model._meta.local_many_to_many
        if each.remote_field.through._meta.auto_created
    ]
    for row in QuerySet(model):
        values = {
            field.name: _value(row, field, generic) for field in fields if not _is_number(field)
        }
        for field in lists:
            values[field.name] = sorted(map(name, getattr(row, field.name).all()))
        yield json.dumps(values, default=str, sort_keys=True)


def _is_number(field: Any) -> bool:
    return isinstance(field, AutoField) or field.name in NUMBERS


def _value(row: Any, field: Any, generic: Mapping[str, str]) -> Any:
    value = getattr(row, field.attname)
    if field.is_relation:
        return (
            None
            if value is None
            else _target(field.related_model, field.target_field.attname, value)
        )
    if field.name in generic:
        kind = getattr(row, row._meta.get_field(generic[field.name]).attname)
        return value if kind is None else _generic(kind, value)
    if isinstance(field, RichTextField):
        return blank(value)
    if isinstance(field, StreamField):
        value = field.get_prep_value(value)
    if isinstance(value, (dict, list)):
        return blank(json.dumps(value, sort_keys=True))
    return value


@cache
def _target(model: Any, attribute: str, value: Any) -> str:
    row = QuerySet(model).filter(**{attribute: value}).first()
    return "gone" if row is None else name(row)


@cache
def _generic(kind: int, value: Any) -> str:
    model = ContentType.objects.get_for_id(kind).model_class()
    return _target(model, model._meta.pk.attname, value)
