"""Dumps of some models, read and written back by nothing but what their tables say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections
from django.db.models import Model

from contentgit.content.records import Record, Value
from contentgit.db.identity import Identities
from contentgit.db.introspect import tables
from contentgit.db.reader import Reader
from contentgit.db.tables import Table
from contentgit.specs import Dataset, ModelSpec


def spec(model: type[Model], **options: Any) -> ModelSpec:
    return ModelSpec(model._meta.label_lower, **options)


def dataset(*specs: ModelSpec | type[Model]) -> Dataset:
    made = (each if isinstance(each, ModelSpec) else spec(each) for each in specs)
    return Dataset("zoo", "", tuple(made))


def reader(*specs: ModelSpec | type[Model], using: str = "default") -> Reader:
    dump = dataset(*specs)
    identities = Identities(using, {each.model: each.identity for each in dump.specs})
    return Reader(using, dump, tables(dump, identities, using), identities)


def all_records(found: Reader) -> list[Record]:
    keys = [key for label in found.tables for key, _ in found.stream(label)]
    return sorted(found.records(keys), key=lambda record: record.key)


def all_bytes(found: Reader) -> dict[str, bytes]:
    return {path: data for path, _, data in found.entries()}


def only(found: Reader) -> dict[str, Value]:
    """The values of the only record."""
    (record,) = all_records(found)
    return dict(record.fields)


def raw(model: type[Model], using: str = "default") -> list[tuple[Any, ...]]:
    """The rows as the driver gives them, apart from Django."""
    connection = connections[using]
    name = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name} ORDER BY 1")
        return list(cursor.fetchall())


def rewrite(found: Reader, using: str = "default") -> None:
    """Write every row of every table again: NULL where it can be, then what its record says."""
    for bound in found.tables.values():
        for record in all_records(found):
            if record.key.model == bound.label:
                _write(bound, record, None, using)
                _write(bound, record, record, using)


def _write(bound: Table, at: Record, record: Record | None, using: str) -> None:
    quote = connections[using].ops.quote_name
    parts, params = [], []
    for field in bound.fields:
        if record is None and not field.schema.null:
            continue
        value = None if record is None else record.fields[field.name]
        for column, param in zip(field.columns, field.decode(value), strict=True):
            parts.append(f"{quote(column.name).replace('%', '%%')} = {column.cast}")
            params.append(param)
    if not parts:
        return
    where = " AND ".join(f"{quote(key.name)} = {key.cast}" for key in bound.key_columns)
    sql = f"UPDATE {quote(bound.name)} SET {', '.join(parts)} WHERE {where}"
    with connections[using].cursor() as cursor:
        cursor.execute(sql, [*params, *bound.decode_key(at.key.key)])


def store(model: type[Model], columns: dict[str, Any], using: str = "default") -> None:
    """Insert a row of driver values, apart from Django's fields."""
    quote = connections[using].ops.quote_name
    names = ", ".join(map(quote, columns))
    marks = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"
    with connections[using].cursor() as cursor:
        cursor.execute(sql, list(columns.values()))


def labels(models: Iterable[type[Model]]) -> list[str]:
    return [model._meta.label_lower for model in models]
