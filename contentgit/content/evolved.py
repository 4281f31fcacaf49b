"""``dataset.json`` of an older dump as the steps of migrations make it.

Only names follow: what was renamed, and what is gone. The schema of a field that was added, or is of another
kind, is known to those alone who have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from contentgit.content.evolution import (
    Migration,
    NamedByUuid,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
)
from contentgit.content.schema import UUID_NAME, KeyKind, Layout

_Rename: TypeAlias = Callable[[Any], Any]
_LISTS: Final = ("exclude", "defer_values", "derived", "identity", "ignore_missing_m2m", "together")
"""What a spec has as lists of names."""


def evolved_description(document: Any, migrations: Iterable[Migration]) -> Any:
    """The document, which describes a dump, with the newer names of its models and fields."""
    found = deepcopy(document)
    models = found["models"]
    for step in (step for migration in migrations for step in migration.steps):
        match step:
            case RenamedField():
                _rename_field(found, step)
            case RemovedField(label, name) if label in models:
                _remove_from_model(models[label], name)
            case RenamedModel(label, to):
                _rename_model(found, label, to)
            case NamedByUuid(label):
                _name_by_uuid(found, label)
            case RemovedModel(label):
                models.pop(label, None)
                found["specs"] = [spec for spec in found["specs"] if spec["model"] != label]
    return found


def evolved_outside(
    document: Any, outside: Mapping[str, tuple[str, ...]], migrations: Iterable[Migration]
) -> Mapping[str, tuple[str, ...]]:
    """The fields that name the rows of models outside of the dump, by label, with their newer names."""
    whole = {**document, "identities": {label: [*names] for label, names in outside.items()}}
    newer = evolved_description(whole, migrations)["identities"]
    return {label: tuple(names) for label, names in newer.items()}


class _Names(NamedTuple):
    """What becomes of names when a field is renamed; ``models`` are those of the document before that."""

    models: Mapping[str, Any]
    step: RenamedField

    def renamed(self, value: Any, label: str) -> Any:
        """A field of a model, also through relations or with a lookup behind it, or a list of such.

        Other values stay as they are.
        """
        if isinstance(value, list):
            return [self.renamed(each, label) for each in value]
        return self._path(value, label) if isinstance(value, str) else value

    def _path(self, path: str, label: str) -> str:
        parts = path.split("__")
        for place, name in enumerate(path.split("__")):
            owner = self._owner(label, name)
            if name == self.step.field and (owner or label) == self.step.model:
                parts[place] = self.step.to
            label = self._behind(label, name, owner, parts[place + 1 :])
        return "__".join(parts)

    def _owner(self, label: str, name: str) -> str:
        """The model or multi-table parent that has the field; ``""`` if it is none of the document."""
        line = [label]
        for each in line:
            if each in self.models and name in self.models[each]["fields"]:
                return each
            if each not in self.models and (each, name) == (self.step.model, self.step.field):
                return each
            line += [parent for parent in self._parents(each) if parent not in line]
        return ""

    def _behind(self, label: str, name: str, owner: str, rest: Sequence[str]) -> str:
        """The model that the field refers to; a parent, if it is the key and so no field of the document."""
        if owner:
            fields = self.models[owner]["fields"] if owner in self.models else {}
            return str(fields.get(name, {}).get("target", ""))
        return next((each for each in self._parents(label) if self._has(each, rest)), "")

    def _has(self, label: str, path: Sequence[str]) -> bool:
        """Whether the path leads from the model to a field, first perhaps through keys of parents."""
        models = {label}
        for name in path:
            if any(self._owner(each, name) for each in models):
                return True
            models = {parent for each in models for parent in self._parents(each)}
        return False

    def _parents(self, label: str) -> Sequence[str]:
        return self.models[label]["parents"] if label in self.models else ()


def _rename_field(document: Any, step: RenamedField) -> None:
    names = _Names(deepcopy(document["models"]), step)
    for label, model in document["models"].items():
        _rename_in_model(model, partial(names.renamed, label=label))
    for spec in document["specs"]:
        _rename_in_spec(spec, partial(names.renamed, label=spec["model"]))
    for label, paths in document.get("identities", {}).items():
        paths[:] = names.renamed(paths, label)
    if step.model in document["models"]:
        model = document["models"][step.model]
        model["fields"] = {
            step.to if name == step.field else name: field
            for name, field in model["fields"].items()
        }


def _rename_in_model(model: Any, rename: _Rename) -> None:
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
    if isinstance(spec.get("missing"), dict):
        spec["missing"] = {rename(name): rule for name, rule in spec["missing"].items()}
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


def _name_by_uuid(document: Any, label: str) -> None:
    if label in document["models"]:
        named = {"identity": [UUID_NAME], "key": KeyKind.TEXT.value, "layout": Layout.HASHED.value}
        document["models"][label].update(named)
    elif "identities" in document:
        document["identities"][label] = [UUID_NAME]
    for spec in document["specs"]:
        if spec["model"] == label:
            spec["identity"] = "uuid"


def _with_model(rule: str, label: str, to: str) -> str:
    """A rule of references, which ends with the label of a model."""
    place, space, model = rule.rpartition(" ")
    return f"{place}{space}{to}" if model == label else rule


def _rename_model(document: Any, label: str, to: str) -> None:
    models = document["models"]
    if label in models:
        models[to] = models.pop(label)
    for model in models.values():
        model["parents"] = [to if each == label else each for each in model["parents"]]
        for field in model["fields"].values():
            if field.get("target") == label:
                field["target"] = to
            if "rules" in field:
                field["rules"] = [_with_model(each, label, to) for each in field["rules"]]
    outside = document.get("identities", {})
    if label in outside:
        outside[to] = outside.pop(label)
    for spec in document["specs"]:
        if spec["model"] == label:
            spec["model"] = to
