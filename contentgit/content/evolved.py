"""``dataset.json`` of an older dump as the steps of migrations make it.

Only names follow: what was renamed, and what is gone. The schema of a field that was added, or is of another
kind, is known to those alone who have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import partial
from typing import Any, Final, TypeAlias

from contentgit.content.evolution import (
    Migration,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
)

_Rename: TypeAlias = Callable[[Any], Any]
_LISTS: Final = ("exclude", "defer_values", "derived", "identity", "ignore_missing_m2m", "together")
"""What a spec has as lists of names."""


def evolved_description(document: Any, migrations: Iterable[Migration]) -> Any:
    """The document, which describes a dump, with the newer names of its models and fields."""
    found = deepcopy(document)
    models = found["models"]
    for step in (step for migration in migrations for step in migration.steps):
        match step:
            case RenamedField(label, name, to):
                rename = partial(_renamed, name=name, to=to)
                if label in models:
                    _rename_in_model(models[label], rename)
                for spec in found["specs"]:
                    if spec["model"] == label:
                        _rename_in_spec(spec, rename)
            case RemovedField(label, name) if label in models:
                _remove_from_model(models[label], name)
            case RenamedModel(label, to):
                _rename_model(found, label, to)
            case RemovedModel(label):
                models.pop(label, None)
                found["specs"] = [spec for spec in found["specs"] if spec["model"] != label]
    return found


def _renamed(value: Any, *, name: str, to: str) -> Any:
    """A name, also one with a lookup behind it, or names in lists; other values as they are."""
    if isinstance(value, list):
        return [_renamed(each, name=name, to=to) for each in value]
    if isinstance(value, str):
        first, lookup, rest = value.partition("__")
        return f"{to}{lookup}{rest}" if first == name else value
    return value


def _rename_in_model(model: Any, rename: _Rename) -> None:
    model["fields"] = {rename(name): field for name, field in model["fields"].items()}
    for field in model["fields"].values():
        if "order_within" in field:
            field["order_within"] = rename(field["order_within"])
    for part in ("identity", "together"):
        if part in model:
            model[part] = rename(model[part])
    for rule in [*model["unique"].values(), *model.get("checks", {}).values()]:
        rule["fields"] = rename(rule["fields"])
        for part in ("parts", "condition"):
            if part in rule:
                rule[part] = _rename_in_condition(rule[part], rename)


def _rename_in_condition(condition: Any, rename: _Rename) -> Any:
    """A condition, or parts of a unique set: names are told from constants."""
    if isinstance(condition, list):
        return [_rename_in_condition(each, rename) for each in condition]
    if not isinstance(condition, dict):
        return condition
    return {
        name: rename(value) if name in ("field", "unknown") else _rename_in_condition(value, rename)
        for name, value in condition.items()
    }


def _rename_in_spec(spec: Any, rename: _Rename) -> None:
    for part in _LISTS:
        if part in spec:
            spec[part] = rename(spec[part])
    if isinstance(spec.get("filter"), dict):
        spec["filter"] = {rename(name): value for name, value in spec["filter"].items()}
    if isinstance(spec.get("order"), dict):
        spec["order"] = {rename(name): rename(value) for name, value in spec["order"].items()}


def _remove_from_model(model: Any, name: str) -> None:
    model["fields"].pop(name, None)
    for rules in ("unique", "checks"):
        if rules in model:
            kept = {key: each for key, each in model[rules].items() if name not in each["fields"]}
            model[rules] = kept
    if "together" in model:
        groups = ([each for each in group if each != name] for group in model["together"])
        model["together"] = [group for group in groups if len(group) > 1]


def _rename_model(document: Any, label: str, to: str) -> None:
    models = document["models"]
    if label in models:
        models[to] = models.pop(label)
    for model in models.values():
        model["parents"] = [to if each == label else each for each in model["parents"]]
        for field in model["fields"].values():
            if field.get("target") == label:
                field["target"] = to
    for spec in document["specs"]:
        if spec["model"] == label:
            spec["model"] = to
