"""Whether what a spec says about missing rows fits its model. No query is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Model

from contentgit.content.records import RecordKey
from contentgit.db.fields.plain import generic_keys
from contentgit.db.identity.paths import label_of
from contentgit.db.outgoing import outgoing
from contentgit.db.spec_rules.models import no_rows
from contentgit.missing import Instead, MissingRule
from contentgit.specs import Mistake, ModelSpec, suggestion


def missing_problems(spec: ModelSpec, where: str) -> Iterator[Mistake]:
    """Each rule must name a reference that records have, and fit its field."""
    model = apps.get_model(spec.model)
    keys = {field.name for field in model._meta.pk_fields}
    targets: dict[str, type[Model] | None] = dict(outgoing(model, {*spec.exclude, *keys}))
    targets |= dict.fromkeys((generic_keys(model).keys() | spec.references) - {*spec.exclude})
    for name, rule in spec.missing.items():
        what = f"'missing' names {name!r}"
        if name not in targets:
            message = f"{what}, which is not a reference in records of {spec.model}"
            hint = suggestion(name, targets)
            yield Mistake("contentgit.E025", message, hint, where)
        elif (misfit := _misfit(spec, model, name, rule)) or (
            isinstance(rule, Instead) and (misfit := _no_row(targets[name], rule))
        ):
            yield Mistake("contentgit.E055", f"{what}, {misfit[0]}", misfit[1], where)


def _misfit(
    spec: ModelSpec, model: type[Model], name: str, rule: MissingRule
) -> tuple[str, str] | None:
    """Why a rule cannot be followed in a field, and what to write."""
    if rule in ("refuse", "skip") or name in spec.references:
        return None
    if rule == "keep":
        field: Any = None if name in generic_keys(model) else model._meta.get_field(name)
        if field is None or not getattr(field, "db_constraint", True):
            return None
        return "whose row must be there: the database has a constraint", "write 'skip' or 'refuse'"
    identity = () if isinstance(spec.identity, str) else spec.identity
    if name in {path.partition("__")[0] for path in identity}:
        return "which names the row and cannot have another value", "write 'skip' or 'refuse'"
    if name in {field.name for field in model._meta.local_many_to_many}:
        if rule != "null":
            return None
        hint = "write 'skip': it leaves out the missing row alone"
        return "which is a many-to-many field and cannot be NULL", hint
    nullable = {field.name: field.null for field in model._meta.local_concrete_fields}
    columns = generic_keys(model).get(name, (name,))
    if rule == "null" and not all(nullable[each] for each in columns):
        return "which cannot be NULL", "write 'skip', 'refuse' or {'key': 'app.model:key'}"
    return None


def _no_row(target: type[Model] | None, rule: Instead) -> tuple[str, str] | None:
    """Why the key of a rule names no row that the field could refer to; a generic field has no target."""
    wanted = label_of(target) if target else "app.model"
    hint = f"write {{'key': '{wanted}:KEY'}}, with the key as records have it"
    try:
        label = RecordKey.parse(rule.key).model
        reason = no_rows(apps.get_model(label))
    except LookupError:
        reason = "does not exist"
    except ValueError:
        return f"with the key {rule.key!r}, which is not a reference", hint
    if reason:
        return f"with the key {rule.key!r}, whose model {reason}", hint
    if target and label != wanted:
        return f"with the key {rule.key!r}, but it refers to {wanted}", hint
    return None
