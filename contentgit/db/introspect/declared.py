"""What specs declare of fields: which of them put rows in an order, which are computed from others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db.models import Model

from contentgit.db.tables import Table
from contentgit.schema import FieldKind, FieldSchema
from contentgit.specs import ModelSpec


def declared(table: Table, specs: Iterable[ModelSpec]) -> Table:
    """The table whose fields' schemas say what the specs of its model declare.

    The order that ``order_with_respect_to`` makes need not be declared.
    """
    listed = list(specs)
    order = _order_of(table.model)
    for spec in listed:
        order.update(spec.order)
    derived = {name for spec in listed for name in spec.derived}
    names = {each.name for each in table.schema.fields}
    order = {name: within for name, within in order.items() if names.issuperset(within)}
    if not derived and not order:
        return table

    def told(field: FieldSchema) -> FieldSchema:
        within = order.get(field.name) if field.kind is FieldKind.INTEGER else None
        return replace(field, derived=field.name in derived, order_within=within)

    return replace(
        table,
        schema=replace(table.schema, fields=tuple(map(told, table.schema.fields))),
        fields=tuple(replace(each, schema=told(each.schema)) for each in table.fields),
        relations=tuple(replace(each, schema=told(each.schema)) for each in table.relations),
    )


def _order_of(model: type[Model]) -> dict[str, tuple[str, ...]]:
    respect: Any = model._meta.order_with_respect_to
    return {"_order": (respect.name,)} if respect else {}
