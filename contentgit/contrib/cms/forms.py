"""What the forms of plugins keep in JSON, as django-entangled writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from django.db.models import Model
from django.forms import Field, ModelChoiceField, ModelMultipleChoiceField

from contentgit.contrib.cms.classes import is_a
from contentgit.contrib.cms.places import dynamic_places, link_places
from contentgit.references import Generic, Html
from contentgit.references.places import Target

Rule: TypeAlias = tuple[str, Target]
"""A path and what is there, as in :class:`contentgit.references.Json`."""


def entangled(model: type[Model]) -> dict[str, list[Rule]]:
    """The rules for each field of the model in which forms of plugins keep values.

    Where plugins share a model, those of all count: each value says by its form what it is.
    """
    from cms.plugin_pool import plugin_pool

    plugin_pool.discover_plugins()
    found: dict[str, list[Rule]] = {}
    for plugin in plugin_pool.plugins.values():
        if plugin.model._meta.concrete_model is model:
            for name, rule in _kept(plugin.form):
                rules = found.setdefault(name, [])
                if rule not in rules:
                    rules.append(rule)
    return found


def _kept(form: Any) -> Iterator[tuple[str, Rule]]:
    options = getattr(form, "_meta", None)
    for name, kept in getattr(options, "entangled_fields", {}).items():
        for each in kept:
            path = options.retangled_fields.get(each, each)  # type: ignore[union-attr]
            yield from ((name, rule) for rule in _rules(path, form.base_fields[each]))


def _rules(path: str, field: Field) -> Iterator[Rule]:
    if isinstance(field, ModelMultipleChoiceField):
        yield path, Generic(pk="p_keys")
    elif isinstance(field, ModelChoiceField):
        yield path, Generic()
    elif is_a(type(field), "djangocms_link.fields.LinkFormField"):
        yield from ((f"{path}.{name}", target) for name, target in link_places().items())
    elif is_a(type(field), "djangocms_text.fields.HTMLFormField") and (places := dynamic_places()):
        yield path, Html(places)
