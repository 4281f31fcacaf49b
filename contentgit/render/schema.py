"""What happened to the schema of a dump, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from contentgit.content.evolution import (
    KEY,
    AddedField,
    AddedModel,
    Conversion,
    NamedByUuid,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaChange,
    SchemaStep,
)
from contentgit.render.plain import plural, safe

_STEPS: Final = 200


def schema_lines(change: SchemaChange) -> Iterator[str]:
    """What each step did, the gravest first: values that are in no field any more; of many the first."""
    lines = [*every_line(change)]
    yield from lines[:_STEPS]
    if len(lines) > _STEPS:
        yield f"and {len(lines) - _STEPS:,} more  (--json lists them)"


def every_line(change: SchemaChange) -> Iterator[str]:
    """What each step did, the gravest first."""
    for each in change.lost:
        records = plural(each.records, "record")
        what = "a key" if each.field == KEY else "a value"
        name = each.model if each.field == KEY else f"{each.model}.{each.field}"
        yield f"{name}: {records} had {what} that is gone ({each.migration})"
    for name in change.unrecorded:
        yield f"{safe(name)} is new in this code, by no migration that is recorded"
    for name, by in change.went:
        yield f"{safe(name)} is gone from the commit ({safe(by)}, which this code does not have)"
    for label, count in change.left_out:
        left_out = f"{plural(count, 'record')} of the commit left out"
        yield f"{safe(label)}: {left_out}; the dataset of this code does not have it"
    for migration in change.migrations:
        yield from (f"{step_words(step)} ({migration.name})" for step in migration.steps)


def schema_data(changes: Iterable[SchemaChange]) -> list[dict[str, Any]]:
    """What happened to the schemas, as JSON values."""
    return [
        {
            "dump": change.dump,
            "backwards": change.backwards,
            "dropped": change.dropped,
            "apart": change.apart,
            "migrations": [
                {"name": each.name, "steps": [step_words(step) for step in each.steps]}
                for each in change.migrations
            ],
            "lost": [each._asdict() for each in change.lost],
            "left_out": dict(change.left_out),
            "unrecorded": list(change.unrecorded),
            "went": dict(change.went),
        }
        for change in changes
    ]


def step_words(step: SchemaStep) -> str:
    """A step in words."""
    match step:
        case NamedByUuid(model):
            return f"{model} is named by UUIDs"
        case AddedField(model, name, _):
            return f"{model}.{name} added"
        case RemovedField(model, name):
            return f"{model}.{name} removed"
        case RenamedField(model, name, to):
            return f"{model}.{name} renamed to {to}"
        case RetypedField(model, name, conversion):
            lossy = ", which has no exact conversion" if conversion is Conversion.NONE else ""
            return f"{model}.{name} has another kind{lossy}"
        case AddedModel(model):
            return f"{model} added"
        case RemovedModel(model):
            return f"{model} removed"
        case RenamedModel(model, to):
            return f"{model} renamed to {to}"
        case OpaqueStep(operation):
            return f"{operation}: what it did is shown as changes of records"
