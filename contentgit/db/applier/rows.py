"""Records as rows of SQL parameters, ready to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from django.db.models import AutoField

from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import FieldKind
from contentgit.db import calling
from contentgit.db.tables import BoundField, Column, Table, Tables, model_field
from contentgit.errors import RecordError

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Values: TypeAlias = Mapping[str, Any]
"""Content values by field, or stand-ins."""

Parameters: TypeAlias = Sequence[Any]
"""SQL parameters of one column."""


def decoded(key: RecordKey, name: str, decode: Callable[[Value], T], value: Value) -> T:
    """The content value as SQL parameters; an error names record and field."""
    try:
        return decode(value)
    except RecordError as error:
        raise RecordError(f"{key}: {name}: {error.message}", hint=error.hint) from error


@dataclass(frozen=True)
class StandIn:
    """SQL parameters of a field whose own value is not known yet."""

    parameters: Row


@dataclass(frozen=True)
class _NamedFields:
    """The fields ``names`` of a table, and their columns."""

    table: Table
    names: tuple[str, ...]

    @cached_property
    def fields(self) -> tuple[BoundField, ...]:
        """The fields in the order of their names; without those that are written when all rows are there."""
        found = (self.table.field[name] for name in self.names)
        return tuple(field for field in found if not field.placed)

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def given(self) -> tuple[Column, ...]:
        """The columns of the fields."""
        return tuple(column for field in self.fields for column in field.columns)

    def _parameters(self, keys: Sequence[RecordKey], values: Sequence[Values]) -> list[Parameters]:
        """The parameters of the columns of the fields, column by column."""
        found: list[Parameters] = []
        for field in self.fields:
            name = field.name
            try:
                found += _columns(field, [each[name] for each in values])
            except (RecordError, TypeError):
                for key, each in zip(keys, values, strict=True):
                    self._refuse(key, each)
                raise
        return found

    def _refuse(self, key: RecordKey, values: Values) -> None:
        """Raises for the first value of the record that does not fit."""
        for field in self.fields:
            if type(values[field.name]) is not StandIn:
                decoded(key, field.name, field.decode, values[field.name])


def _columns(field: BoundField, values: Sequence[Any]) -> list[Parameters]:
    """The values of one field as parameters, by column."""
    decode = field.decode
    rows: list[Row]
    if StandIn in map(type, values):
        rows = [v.parameters if type(v) is StandIn else decode(v) for v in values]
    elif field.schema.kind is FieldKind.REFERENCE:  # many rows refer to one
        known = {value: decode(value) for value in set(values)}
        rows = [known[value] for value in values]
    else:
        rows = list(map(decode, values))
    if len(field.columns) == 1:
        return [[value for (value,) in rows]]
    return [[row[place] for row in rows] for place in range(len(field.columns))]


class Update(_NamedFields):
    """Rows that write the fields: parameters of the columns, then of the key."""

    def rows(self, keys: Sequence[RecordKey], values: Sequence[Values]) -> list[Row]:
        """The parameters that write ``values`` into the records' rows.

        Raises:
            RecordError: a value does not fit; the message names record and field.
        """
        columns = self._parameters(keys, values)
        names = self.table.decode_keys([key.key for key in keys])
        if not columns:
            return names
        return [(*row, *name) for row, name in zip(zip(*columns, strict=True), names, strict=True)]


@dataclass(frozen=True)
class Creation(_NamedFields):
    """New rows with values for the fields; all other columns get their default.

    With ``keyed``, they get the primary keys that they had.
    """

    keyed: bool = False

    @cached_property
    def _key_columns(self) -> tuple[Column, ...]:
        """The columns of the key that the record gives and that are not fields too."""
        keys = self.table.key_columns
        fields = (model_field(self.table.model, key) for key in keys)
        inherited = all(field.remote_field for field in fields)  # a parent's key
        if self.table.schema.local_key and not inherited and not self.keyed:
            return ()
        names = {column.name for column in self.given}
        return tuple(key for key in keys if key.name not in names)

    @cached_property
    def _defaults(self) -> tuple[tuple[Column, Callable[[], Any]], ...]:
        """The columns that the record does not give, with the functions that return their parameters."""
        known = {column.name for column in (*self.given, *self._key_columns)}
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
        return (*self._key_columns, *self.given, *filled)

    def rows(self, keys: Sequence[RecordKey], values: Sequence[Values]) -> list[Row]:
        """The new rows of the records.

        Raises:
            ContentgitError: the project's function for a default raised.
            RecordError: a value does not fit; the message names record and field.
        """
        columns: list[Parameters] = []
        if self._key_columns:
            names = self.table.decode_keys([key.key for key in keys])
            places = map(self.table.key_columns.index, self._key_columns)
            columns += [[name[place] for name in names] for place in places]
        columns += self._parameters(keys, values)
        for column, make in self._defaults:
            default = model_field(self.table.model, column).default
            function = default if callable(default) else make
            columns.append([_given(key, column, make, function) for key in keys])
        return list(zip(*columns, strict=True)) if columns else [()] * len(keys)


def _given(key: RecordKey, column: Column, make: Callable[[], Any], function: Any) -> Any:
    what = f"{key}: {column.attname} is to get its default"
    return calling.call(make, what, "nothing has changed; correct the default", function)


def _default(table: Table, column: Column) -> Callable[[], Any] | None:
    """A function that returns the model's default for the column; ``None`` if the database sets it.

    Raises:
        RecordError: a part of the key has no default.
    """
    field = model_field(table.model, column)
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
