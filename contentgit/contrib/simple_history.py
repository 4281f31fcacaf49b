"""Histories of django-simple-history as content: their rows are found again in every database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model

from contentgit.db.fields.plain import may_embed


def specs(
    content: Iterable[Mapping[str, Any]], spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Specs of the histories that models of ``content`` have, with the keys of ``spec``.

    A history has columns like its model's, the primary key among them as a plain number. Receivers write rows
    of it in an apply: those of the commit are written last. What they refer to may be what the other side of
    a merge deleted.
    """
    named = {"identity": "uuid", "write_last": True, **(spec or {})}
    return [
        {
            "missing": dict.fromkeys(_past(history, references), "keep"),
            **named,
            "model": history._meta.label_lower,
            "references": references,
        }
        for each in content
        for history, references in _histories(apps.get_model(each["model"]), each)
    ]


def _histories(
    model: type[Model], spec: Mapping[str, Any]
) -> Iterator[tuple[type[Model], dict[str, Any]]]:
    """The history of a model, and those of its many-to-many fields, with their references."""
    name = getattr(model._meta, "simple_history_manager_attribute", None)
    if name is None:
        return
    history = getattr(model, name).model
    yield history, _own_keys(model) | _kept(spec, history)
    for field in history._history_m2m_fields:
        through = field.remote_field.through
        own = {} if through._meta.auto_created else _own_keys(through)
        yield getattr(history, field.name).model, own


def _past(history: type[Model], references: Mapping[str, Any]) -> list[str]:
    """What a history refers to without a constraint."""
    fields: Any = history._meta.local_concrete_fields
    loose = (each.name for each in fields if each.is_relation and not each.db_constraint)
    return [*references, *loose]


def _own_keys(model: type[Model]) -> dict[str, Any]:
    """The primary key of a row, and of the rows of its multi-table parents, which its history has, too."""
    fields = (each for each in model._meta.concrete_fields if not each.is_relation)
    keys = (each for each in fields if each.primary_key and may_embed(each))
    return {each.name: each.model._meta.label_lower for each in keys}


def _kept(spec: Mapping[str, Any], history: type[Model]) -> dict[str, Any]:
    """What the spec of the model says of the fields that the history has."""
    names = {each.name for each in history._meta.local_concrete_fields}
    return {name: each for name, each in spec.get("references", {}).items() if name in names}
