"""Many-to-many references: rows of through tables, added and removed in bounded batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Model

from contentgit.db.applier import signals
from contentgit.db.applier.bulk import Bulk
from contentgit.db.applier.rows import decoded
from contentgit.db.tables import Rows, Table, Tables
from contentgit.steps import Action, Step

BATCH = 1000
"""References that are held at a time."""

Target = tuple[Step, str]
"""A step and one reference that it adds or removes."""

Unlinked = Mapping[tuple[str, str, str], Any]
"""Column values by model, field and reference, of references to rows that are deleted.

The primary key behind a reference may be known by the row alone, which has gone when links are removed.
"""


def own_links(model: type[Model]) -> Iterator[tuple[type[Model], str]]:
    """The automatic through tables of the model's own many-to-many fields, and the source column."""
    for field in model._meta.local_many_to_many:
        through: Any = field.remote_field.through
        if through._meta.auto_created:
            yield through, field.m2m_column_name()


def unlinked(tables: Tables, steps: Sequence[Step]) -> Unlinked:
    """Asked for before anything is deleted."""
    gone = {str(step.key) for step in steps if step.action in (Action.DELETE, Action.CASCADE)}
    removed = {
        (step.key.model, links.field, target): step
        for step in steps
        if step.action is Action.UPDATE
        for links in step.links
        for target in links.remove
        if target in gone
    }
    return {
        (model, name, target): _value(tables[model], name, step, target)
        for (model, name, target), step in removed.items()
    }


def write_links(
    bulk: Bulk, tables: Tables, steps: Sequence[Step], known: Unlinked
) -> Iterator[type[Model]]:
    """Removes and adds the references of the steps; gives the through models, as each is written."""
    for found, model, name, action in _batches(steps):
        yield tables[model].relation[name].through
        _write(bulk, tables[model], name, found, action, known)


def _write(
    bulk: Bulk,
    table: Table,
    name: str,
    found: Sequence[Target],
    action: str,
    known: Unlinked,
) -> None:
    relation, backend = table.relation[name], bulk.backend
    steps = [step for step, _ in found]
    rows = [_row(table, name, step, target, known) for step, target in found]
    columns = (relation.source, relation.target)

    def change(some: Rows) -> int:
        if action == "add":
            return backend.insert(relation.table, columns, some)
        # A link that has gone with its target, or is there twice, is removed all the same.
        backend.delete(relation.table, columns, some)
        return len(some)

    signals.link(
        backend.using, table, relation, rows, action, lambda: bulk.write(steps, rows, change)
    )


def _row(table: Table, name: str, step: Step, target: str, known: Unlinked) -> tuple[Any, ...]:
    place = (table.label, name, target)
    value = known[place] if place in known else _value(table, name, step, target)
    return (*table.decode_key(step.key.key), value)


def _value(table: Table, name: str, step: Step, target: str) -> Any:
    return decoded(step.key, name, table.relation[name].decode_target, target)


def _batches(
    steps: Sequence[Step],
) -> Iterator[tuple[Sequence[Target], str, str, str]]:
    """(steps with one target each, model, field, action): all removals first, in bounded batches."""
    for action in ("remove", "add"):
        waiting: dict[tuple[str, str], list[Target]] = {}
        for step in steps:
            if step.action not in (Action.CREATE, Action.UPDATE):
                continue
            for links in step.links:
                place = (step.key.model, links.field)
                found = waiting.setdefault(place, [])
                found += [(step, target) for target in getattr(links, action)]
                if len(found) >= BATCH:
                    yield waiting.pop(place), *place, action
        for place, found in waiting.items():
            if found:
                yield found, *place, action
