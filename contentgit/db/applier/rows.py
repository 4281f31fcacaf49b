"""Records as rows of SQL parameters, ready to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import AutoField

from contentgit.content.records import RecordKey, Value
from contentgit.db import calling
from contentgit.db.tables import BoundField, Column, Table, Tables
from contentgit.errors import RecordError

T = TypeVar("T")
Row = tuple[Any, ...]


def decoded(key: RecordKey, name: str, decode: Callable[[Value], T], value: Value) -> T:
    """The content value as SQL parameters; what is wrong with it is told with record and field."""
    try:
        return decode(value)
    except RecordError as error:
        raise RecordError(f"{key}: {name}: {error.message}", hint=error.hint) from error


@dataclass(frozen=True)
class StandIn:
    """SQL parameters of a field whose own value is not known yet."""

    parameters: Row


@dataclass(frozen=True)
class Update:
    """Rows that write the fields ``names`` of a table: parameters of the columns, then of the key."""

    table: Table
    names: tuple[str, ...]

    @cached_property
    def fields(self) -> tuple[BoundField, ...]:
        """The fields in the order of their names."""
        return tuple(self.table.field[name] for name in self.names)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Their columns."""
        return tuple(column for field in self.fields for column in field.columns)

    def row(self, key: RecordKey, values: Mapping[str, Value]) -> Row:
        """The row that writes ``values`` into the record's row.

        Raises:
            RecordError: a value does not fit; the message names record and field.
        """
        return (*_parameters(key, self.fields, values), *self.table.decode_key(key.key))


@dataclass(frozen=True)
class Creation:
    """New rows of a table that are given the fields ``names``; all other columns get their default."""

    table: Table
    names: tuple[str, ...]

    @cached_property
    def fields(self) -> tuple[BoundField, ...]:
        """The fields in the order of their names."""
        return tuple(self.table.field[name] for name in self.names)

    @cached_property
    def _given(self) -> tuple[Column, ...]:
        return tuple(column for field in self.fields for column in field.columns)

    @cached_property
    def _key_columns(self) -> tuple[Column, ...]:
        """Columns of a key that the record brings along and that are no fields too."""
        if self.table.schema.local_key and not self._inherited:
            return ()
        names = {column.name for column in self._given}
        return tuple(each for each in self.table.key_columns if each.name not in names)

    @cached_property
    def _inherited(self) -> bool:
        """Whether the key is another row's, which is there already: that of a multi-table parent."""
        return all(_field(self.table, key).remote_field for key in self.table.key_columns)

    @cached_property
    def _defaults(self) -> tuple[tuple[Column, Callable[[], Any]], ...]:
        """Columns that the record says nothing of, with what gives a new row's parameter."""
        known = {column.name for column in (*self._given, *self._key_columns)}
        filled = [pair for pair in self.table.fill if pair[0].name not in known]
        known |= {column.name for column, _ in filled}
        for column in (*self.table.key_columns, *self.table.columns):
            if column.name in known:
                continue
            known.add(column.name)
            make = _default(self.table, column)
            if make is not None:
                filled.append((column, make))
        return tuple(filled)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of :meth:`row`."""
        filled = tuple(column for column, _ in self._defaults)
        return (*self._key_columns, *self._given, *filled)

    def _filled(self, key: RecordKey, column: Column, make: Callable[[], Any]) -> Any:
        default = _field(self.table, column).default
        what = f"{key}: {column.attname} is to get its default"
        hint = "nothing has changed; correct the default"
        return calling.given(make, what, hint, default if callable(default) else make)

    def row(self, key: RecordKey, values: Mapping[str, Value]) -> Row:
        """The new row of the record.

        Raises:
            ContentgitError: a default of the project's raised.
            RecordError: a value does not fit; the message names record and field.
        """
        names = {column.name for column in self._key_columns}
        parameters = self.table.decode_key(key.key) if names else ()
        pairs = zip(self.table.key_columns, parameters, strict=bool(names))
        own = tuple(value for column, value in pairs if column.name in names)
        filled = tuple(self._filled(key, column, make) for column, make in self._defaults)
        return (*own, *_parameters(key, self.fields, values), *filled)


def _parameters(key: RecordKey, fields: tuple[BoundField, ...], values: Mapping[str, Value]) -> Row:
    row: list[Any] = []
    for field in fields:
        value = values[field.name]
        if type(value) is StandIn:
            row += value.parameters
        else:
            row += decoded(key, field.name, field.decode, value)
    return tuple(row)


def _field(table: Table, column: Column) -> Any:
    return table.model._meta.get_field(column.attname)


def _default(table: Table, column: Column) -> Callable[[], Any] | None:
    """What gives the model's default for the column; ``None`` where the database gives it.

    Raises:
        RecordError: a part of the key has none, and a made-up one would be a guess.
    """
    field = _field(table, column)
    if isinstance(field, AutoField) or field.has_db_default() or field.generated:
        return None
    if field.primary_key and not field.has_default():
        raise RecordError(
            f"{table.label}: its primary key {field.name} is not in the record and has no default",
            hint=f"give {field.name} a default, or let the identity of {table.label} be its primary key",
        )
    return lambda: column.param(field.get_default())


def renamed(column: Column, name: str) -> Column:
    """A column of another table that holds the same kind of values."""
    return replace(column, name=name)


def by_value(tables: Tables) -> Iterator[str]:
    """The models that others refer to by another value than their primary key."""
    for table in tables.values():
        yield from (field.target for field in table.schema.fields if field.by_value)
        yield from table.schema.key_targets if table.schema.key_by_value else ()


def naming(table: Table) -> set[str]:
    """The fields that a record's key is made of."""
    return {path.partition("__")[0] for path in table.schema.identity}
