"""What the rules of all keys of a spec share: how a mistake is said, what is named elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from django.apps import apps
from django.db.models import Field, Model

from contentgit.db.fields.plain import generic_keys
from contentgit.db.spec_rules.models import field_of, label_of
from contentgit.specs import Mistake, ModelSpec, suggestion

Reason: TypeAlias = tuple[str, str]
"""The end of a message, ``"which ..."``, and a hint."""

ONE_OF_THEM = "remove it from one of them"


def unknown_model(label: str, where: str) -> Mistake:
    app = label.partition(".")[0]
    hint = suggestion(label, (label_of(model) for model in apps.get_models()))
    if app not in apps.app_configs:
        hint = f"is the app {app!r} in INSTALLED_APPS? {hint}"
    return Mistake("contentgit.E022", f"there is no model {label!r}", hint, where)


@dataclass(frozen=True)
class Rules:
    """One spec and its model; each method of a subclass yields the problems of one key of the spec."""

    model: type[Model]
    spec: ModelSpec
    where: str

    def mistake(self, number: str, message: str, hint: str) -> Mistake:
        return Mistake(number, message, hint, self.where)

    def refused(self, number: str, what: str, reason: Reason) -> Mistake:
        return self.mistake(number, f"{what}, {reason[0]}", reason[1])

    def unknown(self, what: str, name: str, known: list[str], kind: str = "column") -> Mistake:
        message = f"{what}, which is not a {kind} of {self.spec.model}"
        return self.mistake("contentgit.E025", message, suggestion(name, known))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of the identity; none for ``"pk"`` and the like."""
        return () if isinstance(self.spec.identity, str) else self.spec.identity

    @cached_property
    def identifying(self) -> set[str]:
        """The fields with which the paths of the identity begin."""
        return {path.partition("__")[0] for path in self.paths}

    @cached_property
    def columns(self) -> list[str]:
        return [field.name for field in self.model._meta.concrete_fields]

    @cached_property
    def values(self) -> list[str]:
        """The names of columns and of generic foreign keys, which are two columns each."""
        return [*self.columns, *generic_keys(self.model)]

    def named_too(self, name: str, *keys: str) -> Reason | None:
        """Why a field cannot be named that the identity, or one of these keys of the spec, names too."""
        if name in self.identifying:
            return "which 'identity' needs", ONE_OF_THEM
        key = next((key for key in keys if name in getattr(self.spec, key)), None)
        return (f"which {key!r} names too", ONE_OF_THEM) if key else None

    def not_content(self, name: str) -> Reason | None:
        """Why a field is not in the records of the model, and what to do about it."""
        field = field_of(self.model, name)
        if field is None or field.many_to_many:
            return None
        if name in self.spec.exclude:
            return "which 'exclude' leaves out", ONE_OF_THEM
        reason = not_own(self.model, field)
        if reason:
            return reason
        if field.generated:
            return "which the database computes", "remove it: it is not content"
        for generic, columns in generic_keys(self.model).items():
            if name in columns:
                hint = f"name {generic!r}, where a reference can be"
                return f"which is a part of {generic!r}", hint
        return None


def not_own(model: type[Model], field: Field[Any, Any]) -> Reason | None:
    """Why a column is not content of ``model``: the key, or a multi-table parent, has it."""
    if field in model._meta.pk_fields:
        return "which is the primary key", "remove it, or name another field"
    if field not in model._meta.local_concrete_fields:
        owner = label_of(field.model)
        return f"which is a field of {owner}", f"name it in the spec of {owner}"
    return None
