"""Which fields order rows, are computed from others, or are one value: declared by specs or by fields."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.db.models import ImageField, Model

from contentgit.content.conditions import Unknown
from contentgit.content.schema import FieldKind, FieldSchema, UniqueSet, joined
from contentgit.db.carrying import Carrier, carried
from contentgit.db.fields.plain import holds
from contentgit.db.identity import Identities
from contentgit.db.introspect.embedding import embedding
from contentgit.db.tables import BoundField, Table
from contentgit.db.trees import order_of
from contentgit.references import References, parsed
from contentgit.specs import ModelSpec


def declared(
    table: Table, specs: Iterable[ModelSpec], identities: Identities, carrier: Carrier | None = None
) -> Table:
    """The table whose fields are what the specs of its model declare.

    The order that ``order_with_respect_to`` makes need not be declared, nor that a field is one value with
    those that it adds to its model.
    """
    listed = list(specs)
    table = _embedding(table, listed, identities)
    if carrier is not None and any(spec.files == "carry" for spec in listed):
        table = _carrying(table, carrier)
    respect: Any = table.model._meta.order_with_respect_to
    order: dict[str, tuple[str, ...]] = {"_order": (respect.name,)} if respect else {}
    for spec in listed:
        order.update(spec.order)
        order.update(_order_of_tree(table) if spec.tree else {})
    derived = {name for spec in listed for name in spec.derived}
    names = {each.name for each in table.schema.fields}
    order = {name: within for name, within in order.items() if names.issuperset(within)}
    groups = [*contributed(table.model), *(group for spec in listed for group in spec.together)]
    merged = names - {name.partition("__")[0] for name in table.schema.identity}
    together = joined([name for name in group if name in merged] for group in groups)
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


def _carrying(table: Table, carrier: Carrier) -> Table:
    """The table with files as the content of its fields for files."""
    fields = tuple(
        carried(each, table.model, carrier) if each.schema.kind is FieldKind.FILE else each
        for each in table.fields
    )
    known = {each.name: each.schema for each in fields}
    whole = tuple(known.get(each.name, each) for each in table.schema.fields)
    return replace(table, fields=fields, schema=replace(table.schema, fields=whole))


def _order_of_tree(table: Table) -> dict[str, tuple[str, ...]]:
    """What orders the rows of a tree below each of them."""
    if table.tree is not None:
        if not table.tree.numbering.position:
            return {}
        return {table.tree.numbering.position: (table.tree.numbering.parent,)}
    found = order_of(table.model)
    return {} if found is None else {found[0]: (found[1],)}


def _embedding(table: Table, specs: Iterable[ModelSpec], identities: Identities) -> Table:
    """The table with the references that the specs declare inside of fields."""
    given = {name: raw for spec in specs for name, raw in spec.references.items()}
    if not given:
        return table
    fields = tuple(
        _embedded(table, each, given[each.name], identities) if each.name in given else each
        for each in table.fields
    )
    known = {each.name: each.schema for each in fields}
    schema = replace(
        table.schema,
        fields=tuple(known.get(each.name, each) for each in table.schema.fields),
        # Only the database has the values that these compare.
        unique=tuple(
            replace(each, plain=False, parts=()) if _computes(each, given) else each
            for each in table.schema.unique
        ),
        checks=tuple(
            each
            if given.keys().isdisjoint(each.fields)
            else each._replace(condition=Unknown(each.fields))
            for each in table.schema.checks
        ),
    )
    return replace(table, fields=fields, schema=schema)


def _computes(unique: UniqueSet, names: Container[str]) -> bool:
    """Whether a unique set compares something else than the values of one of these fields."""
    computes = bool(unique.parts) or unique.condition is not None or not unique.plain
    return computes and any(name in names for name in unique.named)


def _embedded(table: Table, bound: BoundField, raw: object, identities: Identities) -> BoundField:
    places = _places(table.model, bound.name, raw)
    fields = [table.model._meta.get_field(name) for name in getattr(places, "beside", ())]
    columns = {each.attname: each for each in table.columns}
    beside = [columns[each.attname] for each in fields if each.attname in columns]  # type: ignore[union-attr]
    whole = len(beside) == len(fields)
    return embedding(bound, places, identities, tuple(beside) if whole else ())


def _places(model: type[Model], name: str, raw: object) -> References:
    field: Any = model._meta.get_field(name)
    return parsed(raw, holds(field))


def contributed(model: type[Model]) -> Iterator[tuple[str, ...]]:
    """Groups of the model's own columns that are one value without being declared as that.

    They are what a field adds to its model besides itself, such as the currency of an amount of money, and
    the columns in which Django keeps an image's size.
    """
    own = {each.name for each in model._meta.local_concrete_fields}
    for each in model._meta.local_concrete_fields:
        names = [each.name, *_added(each)]
        if isinstance(each, ImageField):
            names += filter(None, (each.width_field, each.height_field))  # type: ignore[attr-defined]
        group = tuple(dict.fromkeys(name for name in names if name in own))
        if len(group) > 1:
            yield group


def _added(field: Any) -> list[str]:
    """The columns that the field adds to a model when it is added to one.

    Nothing on the model's own class tells them from others, so a copy is added to a class that is abstract
    and thrown away. Django's own fields add none.
    """
    if field.is_relation or type(field).contribute_to_class.__module__.startswith("django."):
        return []
    model = field.model
    meta = type("Meta", (), {"abstract": True, "app_label": model._meta.app_label})
    try:
        probe: Any = type(model.__name__, (Model,), {"Meta": meta, "__module__": model.__module__})
        field.clone().contribute_to_class(probe, field.name)
    except Exception:
        # Any: it is the project's code, and many fields expect more of a class. They have to be declared.
        return []
    return [each.name for each in probe._meta.local_concrete_fields if each.name != field.name]
