"""``dataset.json``: a dump's specs and the schema of its models, as a document and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from contentgit.content.conditions import (
    Constant,
    Unknown,
    condition_document,
    fields_of,
    parse_condition,
)
from contentgit.content.documents import MISFITS, misfit, parse_document, texts, typed
from contentgit.content.evolution import NO_STANDING, Standing
from contentgit.content.evolution.documents import OTHERS, standing_document
from contentgit.content.schema import (
    CheckRule,
    FieldKind,
    FieldSchema,
    Function,
    KeyKind,
    Layout,
    ModelSchema,
    OnDelete,
    Schema,
    UniquePart,
    UniqueSet,
)
from contentgit.errors import FormatError
from contentgit.missing import rule_document
from contentgit.specs import Dataset, ModelSpec

_PLAIN = (Decimal, UUID, date, datetime, time, timedelta)
_SIMPLE: Mapping[str, type[Any]] = {
    "null": bool,
    "target": str,
    "moment": bool,
    "derived": bool,
    "ordered": bool,
    "srid": int,
    "embeds": bool,
    "carried": bool,
}
"""The settings of a field that are JSON values; a document omits those that are empty or false."""


def schema_document(
    dataset: Dataset,
    schema: Schema,
    standing: Standing = NO_STANDING,
    outside: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document of a dump: JSON values only, the same on every database and machine.

    ``outside`` has the fields that name the rows of models outside of the dump, by label.
    """
    recorded: dict[str, Any] = {}
    names = {label: list(outside[label]) for label in sorted(outside) if outside[label]}
    if names:
        recorded["identities"] = names
    recorded |= standing_document(standing)
    return {
        "arguments": dataset.arguments,
        "dataset": dataset.name,
        "depends_on": list(dataset.depends_on),
        **recorded,
        "models": {label: _model(each) for label, each in schema.models.items()},
        "specs": [_spec(spec) for spec in dataset.specs],
    }


def with_models(document: Mapping[str, Any], models: Mapping[str, ModelSchema]) -> dict[str, Any]:
    """The document of a dump with other models."""
    return {**document, "models": {label: _model(each) for label, each in models.items()}}


def is_same_dump(one: bytes, other: bytes) -> bool:
    """Whether two ``dataset.json`` differ in nothing but apps that have nothing to do with the dump."""
    try:
        was, now = ({**parse_document(each), OTHERS: None} for each in (one, other))
    except MISFITS:
        return False
    return was == now


def parse_schema(document: Any) -> Schema:
    """The schema that the document describes, its models in the order of the specs.

    Raises:
        FormatError: the document is not one that :func:`schema_document` gives.
    """
    try:
        models = {label: _parsed(label, each) for label, each in document["models"].items()}
        order = [typed(spec["model"], str) for spec in document["specs"]]
    except MISFITS as error:
        raise FormatError(f"does not describe a dump: {misfit(error)}") from error
    labels = [label for label in dict.fromkeys(order) if label in models]
    return Schema({label: models[label] for label in [*labels, *sorted(models.keys() - {*labels})]})


def parse_excluded(document: Any) -> Mapping[str, frozenset[str]]:
    """The names of the fields that the specs of each model excluded, by its label.

    Raises:
        FormatError: the document is not one that :func:`schema_document` gives.
    """
    found: dict[str, frozenset[str]] = {}
    try:
        for spec in document["specs"]:
            label = typed(spec["model"], str)
            found[label] = found.get(label, frozenset()) | {*texts(spec.get("exclude", []))}
    except MISFITS as error:
        raise FormatError(f"does not describe a dump: {misfit(error)}") from error
    return found


def parse_outside(document: Any) -> Mapping[str, tuple[str, ...]]:
    """The fields that name the rows of models outside of the dump, by label, where that is recorded.

    Raises:
        FormatError: the document is not one that :func:`schema_document` gives.
    """
    try:
        return {label: texts(each) for label, each in document.get("identities", {}).items()}
    except MISFITS as error:
        raise FormatError(f"does not describe a dump: {misfit(error)}") from error


# Specs


def _spec(spec: ModelSpec) -> dict[str, Any]:
    found = {
        "defer_values": list(spec.defer_values),
        "delete_missing": spec.delete_missing,
        "exclude": list(spec.exclude),
        "filter": _json(spec.filter),
        "hashed": spec.hashed,
        "identity": _json(spec.identity),
        "ignore_missing_m2m": list(spec.ignore_missing_m2m),
        "model": spec.model,
        "save_as_new": spec.save_as_new,
    }
    if spec.derived:
        found["derived"] = list(spec.derived)
    if spec.together:
        found["together"] = sorted(sorted(each) for each in spec.together)
    if not spec.signals:
        found["signals"] = False
    if spec.write_last:
        found["write_last"] = True
    if spec.files != "keep":
        found["files"] = spec.files
    if spec.keep_pk:
        found["keep_pk"] = True
    if spec.missing:
        found["missing"] = {
            name: rule_document(rule) for name, rule in sorted(spec.missing.items())
        }
    if spec.references:
        found["references"] = _json(spec.references)
    if spec.order:
        found["order"] = {name: list(spec.order[name]) for name in sorted(spec.order)}
    return found


def _json(value: Any) -> Any:
    """A filter's value as JSON; the ``repr`` of what JSON has no form for.

    Of other objects only the class is written: the ``repr`` of a queryset would evaluate it.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(name): _json(value[name]) for name in sorted(value, key=str)}
    if isinstance(value, (set, frozenset)):
        return sorted((_json(each) for each in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [_json(each) for each in value]
    if isinstance(value, _PLAIN):
        return repr(value)
    rules = getattr(value, "rules", None)  # of the places of references
    if isinstance(rules, Mapping):
        return {type(value).__name__: _json(rules)}
    cls = value if isinstance(value, type) else type(value)
    return f"<{cls.__module__}.{cls.__qualname__}>"


# Models


def _model(model: ModelSchema) -> dict[str, Any]:
    together = {"together": [list(each) for each in model.together]} if model.together else {}
    found = {
        "fields": {field.name: _field(field) for field in model.fields},
        "identity": list(model.identity),
        "key": model.key_kind.value,
        "layout": model.layout.value,
        "parents": list(model.parents),
        "unique": {each.name: _unique(each) for each in model.unique},
        "verbose_name": model.verbose_name,
        **together,
    }
    if model.checks:
        found["checks"] = {
            rule.name: {
                "condition": condition_document(rule.condition),
                "fields": list(rule.fields),
            }
            for rule in model.checks
        }
    return found if model.parent_constrained else {**found, "parent_constrained": False}


def _parsed(label: str, model: Any) -> ModelSchema:
    return ModelSchema(
        label=label,
        key_kind=KeyKind(model["key"]),
        layout=Layout(model["layout"]),
        fields=tuple(_parsed_field(*each) for each in sorted(model["fields"].items())),
        identity=texts(model["identity"]),
        unique=tuple(_parsed_unique(*each) for each in sorted(model["unique"].items())),
        parents=texts(model["parents"]),
        verbose_name=typed(model["verbose_name"], str),
        checks=tuple(_parsed_check(*each) for each in sorted(model.get("checks", {}).items())),
        parent_constrained=typed(model.get("parent_constrained", True), bool),
        together=tuple(texts(each) for each in typed(model.get("together", []), list)),
    )


def _field(field: FieldSchema) -> dict[str, Any]:
    """The field; what most fields do not have is left out."""
    rest: dict[str, Any] = {
        "choices": list(field.choices),
        "rules": list(field.rules),
        "on_delete": field.on_delete.value if field.on_delete else None,
        **{name: getattr(field, name) for name in _SIMPLE},
    }
    found = {"kind": field.kind.value, **{name: each for name, each in rest.items() if each}}
    if field.order_within is not None:  # also where it is empty, which means the whole model
        found["order_within"] = list(field.order_within)
    return found if field.constrained else {**found, "constrained": False}


def _parsed_field(name: str, field: Any) -> FieldSchema:
    rule, within = field.get("on_delete"), field.get("order_within")
    return FieldSchema(
        name,
        FieldKind(field["kind"]),
        on_delete=None if rule is None else OnDelete(rule),
        constrained=typed(field.get("constrained", True), bool),
        choices=texts(field.get("choices", [])),
        rules=texts(field.get("rules", [])),
        order_within=None if within is None else texts(within),
        **{name: typed(field[name], cls) for name, cls in _SIMPLE.items() if name in field},
    )


def _unique(unique: UniqueSet) -> dict[str, Any]:
    found: dict[str, Any] = {"fields": list(unique.fields)}
    if not unique.plain:
        found["plain"] = False
    if not unique.nulls_distinct:
        found["nulls_distinct"] = False
    if unique.parts:
        found["parts"] = [_part(each) for each in unique.parts]
    if unique.condition is not None:
        found["condition"] = condition_document(unique.condition)
    return found


def _parsed_unique(name: str, unique: Any) -> UniqueSet:
    fields = texts(unique["fields"])
    parts = [_parsed_part(each) for each in typed(unique.get("parts", []), list)]
    condition = parse_condition(unique["condition"]) if "condition" in unique else None
    return UniqueSet(
        name,
        fields,
        typed(unique.get("plain", True), bool),
        typed(unique.get("nulls_distinct", True), bool),
        # With a part of a later format, only the database knows.
        () if None in parts else tuple(each for each in parts if each),
        condition,
    )


def _part(part: UniquePart) -> dict[str, Any]:
    functions = [
        name.value if constant is None else {name.value: constant}
        for name, constant in part.functions
    ]
    return {"field": part.field, "functions": functions} if functions else {"field": part.field}


def _parsed_part(part: Any) -> UniquePart | None:
    functions: list[tuple[Function, Constant | None]] = []
    if not part.keys() <= {"field", "functions"}:
        return None
    for each in typed(part.get("functions", []), list):
        ((name, constant),) = each.items() if isinstance(each, dict) else ((each, None),)
        if name not in {*Function} or (name == Function.COALESCE) != isinstance(constant, Constant):
            return None
        functions.append((Function(name), constant))
    return UniquePart(typed(part["field"], str), tuple(functions))


def _parsed_check(name: str, rule: Any) -> CheckRule:
    condition = parse_condition(rule.get("condition"))
    fields = texts(rule["fields"])
    if isinstance(condition, Unknown) or not {*fields_of(condition)} <= {*fields}:
        condition = Unknown(fields)
    return CheckRule(name, fields, condition)
