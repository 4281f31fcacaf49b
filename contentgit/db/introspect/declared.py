"""What specs declare of fields: which put rows in an order, are computed from others, are one value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db.models import Model

from contentgit.content.schema import FieldKind, FieldSchema, joined
from contentgit.db.introspect.contributed import contributed
from contentgit.db.tables import Table
from contentgit.specs import ModelSpec


def declared(table: Table, specs: Iterable[ModelSpec]) -> Table:
    """The table whose fields' schemas say what the specs of its model declare.

    The order that ``order_with_respect_to`` makes need not be declared, nor that a field is one value with
    those that it adds to its model.
    """
    listed = list(specs)
    order = _order_of(table.model)
    for spec in listed:
        order.update(spec.order)
    derived = {name for spec in listed for name in spec.derived}
    names = {each.name for each in table.schema.fields}
    order = {name: within for name, within in order.items() if names.issuperset(within)}
    together = _together(table, listed)
    if not derived and not order and not together:
        return table

    def told(field: FieldSchema) -> FieldSchema:
        within = order.get(field.name) if field.kind is FieldKind.INTEGER else None
        return replace(field, derived=field.name in derived, order_within=within)

    return replace(
        table,
        schema=replace(
            table.schema, fields=tuple(map(told, table.schema.fields)), together=together
        ),
        fields=tuple(replace(each, schema=told(each.schema)) for each in table.fields),
        relations=tuple(replace(each, schema=told(each.schema)) for each in table.relations),
    )


def _together(table: Table, specs: Iterable[ModelSpec]) -> tuple[tuple[str, ...], ...]:
    groups = [*contributed(table.model), *(group for spec in specs for group in spec.together)]
    identity = {name.partition("__")[0] for name in table.schema.identity}
    names = {each.name for each in table.schema.fields} - identity
    return joined([name for name in group if name in names] for group in groups)


def _order_of(model: type[Model]) -> dict[str, tuple[str, ...]]:
    respect: Any = model._meta.order_with_respect_to
    return {"_order": (respect.name,)} if respect else {}
