"""Migrations and their steps as JSON values, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from contentgit.content.diff import ABSENT, Absent
from contentgit.content.documents import MISFITS, misfit, texts, typed
from contentgit.content.evolution import (
    KEY,
    AddedField,
    AddedModel,
    Conversion,
    Migration,
    NamedByUuid,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
    Standing,
)
from contentgit.content.records import Value
from contentgit.content.values import content_value, json_value
from contentgit.errors import FormatError

_LABEL: Final = re.compile(r"\w+\.\w+")
_FIELD: Final = re.compile(r"\w+")
_MIGRATION: Final = re.compile(r"\w+\.\w[\w.-]*")
LONGEST: Final = 300
"""Characters of a name; Django's own are shorter."""

_UNNAMED: Final = re.compile(r"[^\w.,() -]")

OTHERS: Final = "other_migrations"
"""The name of what a document has of apps that have nothing to do with the dump."""

RECORDED: Final = ("history", "migrations", OTHERS)
"""The names of what a document has of a standing."""


def standing_document(standing: Standing) -> dict[str, Any]:
    """What ``dataset.json`` holds of it, as JSON values; nothing if no migration is known."""
    if not standing.history:
        return {}
    files = Standing(tuple(each for each in standing.history if not each.naming))
    return {
        "history": history_document(standing.history),
        "migrations": _by_app(files.leaves),  # for those who read the document
        **({OTHERS: _by_app(standing.others)} if standing.others else {}),
    }


def history_document(migrations: Iterable[Migration]) -> list[dict[str, Any]]:
    """The migrations as JSON values, in their order."""
    return [
        {
            "migration": each.name,
            **({"after": list(each.after)} if each.after else {}),
            **({"steps": [_step(step) for step in each.steps]} if each.steps else {}),
        }
        for each in migrations
    ]


def _by_app(migrations: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for leaf in sorted(migrations):
        app, _, name = leaf.partition(".")
        found.setdefault(app, []).append(name)
    return found


def parse_standing(document: Any) -> Standing:
    """The standing that a ``dataset.json`` records, empty if it was written in format 1.

    A step that this format does not have is read as opaque.

    Raises:
        FormatError: the document is not one that :func:`standing_document` gives, or a migration is listed
            twice or before one that it needs.
    """
    found: dict[str, Migration] = {}
    try:
        for each in typed(document.get("history", []), list):
            name = _named(_MIGRATION, each["migration"])
            after = texts(each.get("after", []))
            if name in found or not found.keys() >= {*after}:
                raise FormatError(f"migration {name} is listed twice, or before one that it needs")
            steps = tuple(_parsed_step(step) for step in typed(each.get("steps", []), list))
            found[name] = Migration(name, after, steps)
        others = frozenset(
            _named(_MIGRATION, f"{app}.{name}")
            for app, names in document.get(OTHERS, {}).items()
            for name in texts(names)
        )
    except MISFITS as error:
        raise FormatError(f"does not list its migrations: {misfit(error)}") from error
    return Standing(tuple(found.values()), others)


def _step(step: SchemaStep) -> dict[str, Any]:
    match step:
        case AddedField(model, name, default):
            return {"add_field": f"{model}.{name}", **_optional("default", default)}
        case RemovedField(model, name):
            return {"remove_field": f"{model}.{name}"}
        case RenamedField(model, name, to):
            return {"rename_field": f"{model}.{name}", "to": to}
        case RetypedField(model, name, conversion, places, null):
            found = {"retype_field": f"{model}.{name}", "conversion": conversion.value}
            more = {} if places is None else {"places": places}
            return {**found, **more, **_optional("null", null)}
        case AddedModel(model):
            return {"add_model": model}
        case RemovedModel(model):
            return {"remove_model": model}
        case RenamedModel(model, to):
            return {"rename_model": model, "to": to}
        case NamedByUuid(model):
            return {"name_by_uuid": model}
        case OpaqueStep(operation):
            return {"opaque": operation}


def _optional(name: str, value: Value | Absent) -> dict[str, Any]:
    return {} if value is ABSENT else {name: json_value(value)}


def _parsed_step(step: Any) -> SchemaStep:
    parse = next((parse for name, parse in _PARSERS.items() if name in typed(step, dict)), None)
    return parse(step) if parse else OpaqueStep("a step of another format")


def _named(pattern: re.Pattern[str], text: Any) -> str:
    """A name of the project's; what is printed as it is must be one."""
    if not pattern.fullmatch(typed(text, str)) or len(text) > LONGEST:
        raise ValueError(f"{text!r:.60} is not the name of a migration, a model or a field")
    return str(text)


def _field_of(text: Any) -> tuple[str, str]:
    """Model and field of ``"app.model.field"``."""
    model, _, name = typed(text, str).rpartition(".")
    return _named(_LABEL, model), name if name == KEY else _named(_FIELD, name)


def _held(step: Any, name: str) -> Value | Absent:
    return content_value(step[name]) if name in step else ABSENT


def _parsed_retyping(step: Any) -> SchemaStep:
    places = step.get("places")
    return RetypedField(
        *_field_of(step["retype_field"]),
        Conversion(step["conversion"]),
        None if places is None else typed(places, int),
        _held(step, "null"),
    )


_PARSERS: Final[Mapping[str, Callable[[Any], SchemaStep]]] = {
    "add_field": lambda step: AddedField(*_field_of(step["add_field"]), _held(step, "default")),
    "remove_field": lambda step: RemovedField(*_field_of(step["remove_field"])),
    "rename_field": lambda step: RenamedField(
        *_field_of(step["rename_field"]), _named(_FIELD, step["to"])
    ),
    "retype_field": _parsed_retyping,
    "add_model": lambda step: AddedModel(_named(_LABEL, step["add_model"])),
    "remove_model": lambda step: RemovedModel(_named(_LABEL, step["remove_model"])),
    "rename_model": lambda step: RenamedModel(
        _named(_LABEL, step["rename_model"]), _named(_LABEL, step["to"])
    ),
    "name_by_uuid": lambda step: NamedByUuid(_named(_LABEL, step["name_by_uuid"])),
    "opaque": lambda step: OpaqueStep(_UNNAMED.sub("?", typed(step["opaque"], str)[:100])),
}
