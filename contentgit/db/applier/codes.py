"""Columns that hold another row's unique code instead of its key, and change with the code.

A reference names a row, not a value of it (``to_field``). When that value changes, also temporarily for a
parked row, the columns that hold it change at once, as with ``ON UPDATE CASCADE``: also those of records
that do not differ and of rows outside of all dumps.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.apps import apps

from contentgit.db.applier.rows import renamed
from contentgit.db.backends import Backend
from contentgit.db.queries import rows_among, table_test
from contentgit.db.tables import Column, Rows, Table, model_field

Key = tuple[Any, ...]
Holder = tuple[str, str]
"""A table and a column of it."""


class Codes:
    """Who holds which columns of other tables, in one apply."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def holders(self, table: Table, column: Column) -> Sequence[Holder]:
        """The columns that hold values of the column, directly or indirectly; none for a primary key."""
        field = model_field(table.model, column)
        found: dict[Holder, None] = {}
        waiting = [] if field.primary_key else [field]
        while waiting:
            for each in self._direct.get(waiting.pop(), ()):
                place = (each.model._meta.db_table, str(each.column))
                if place not in found:
                    found[place] = None
                    waiting.append(each)
        return list(found)

    def is_held(self, table: Table, columns: Sequence[Column]) -> bool:
        """Whether other columns may hold values of one of the columns."""
        return any(self.holders(table, column) for column in columns)

    def update(self, table: Table, columns: Sequence[Column], rows: Rows) -> int:
        """:meth:`Backend.update`, with what holds the values of these rows."""
        held = [
            (place, column, holders)
            for place, column in enumerate(columns)
            if (holders := self.holders(table, column))
        ]
        keys = [row[len(columns) :] for row in rows]
        before = self._values(table, [column for _, column, _ in held], keys) if held else {}
        count = self.backend.update(table.name, columns, table.key_columns, rows)
        for number, (place, column, holders) in enumerate(held):
            pairs = [
                (row[place], before[key][number])
                for key, row in zip(keys, rows, strict=True)
                if key in before and row[place] is not None
            ]
            moved = [(new, old) for new, old in pairs if old is not None and old != new]
            for name, other in holders:
                same = renamed(column, other)
                self.backend.update(name, [same], [same], moved)
        return count

    def in_use(self, table: Table, key: Key) -> bool:
        """Whether a row holds a code of the row with this key."""
        held = [each for each in table.columns if self.holders(table, each)]
        before = self._values(table, held, [key]) if held else {}
        for column, value in zip(held, before.get(key, ()), strict=False):
            for name, other in self.holders(table, column) if value is not None else ():
                same = [renamed(column, other)]
                if any(rows_among(name, same, same, [(value,)], self.backend.using)):
                    return True
        return False

    @cached_property
    def _direct(self) -> dict[Any, list[Any]]:
        """The fields that refer to a field, for all tables that are there."""
        exists = table_test(self.backend.using)
        found: dict[Any, list[Any]] = {}
        for model in apps.get_models(include_auto_created=True):
            if exists(model._meta.db_table) and not model._meta.proxy:
                for field in model._meta.local_concrete_fields:
                    if field.is_relation and field.column is not None:
                        found.setdefault(field.target_field, []).append(field)  # type: ignore[attr-defined]
        return found

    def _values(self, table: Table, columns: Sequence[Column], keys: Rows) -> dict[Key, Key]:
        """What the columns hold now, by key; all as SQL parameters."""
        found, wanted, width = {}, (*table.key_columns, *columns), len(table.key_columns)
        for row in rows_among(table.name, wanted, table.key_columns, keys, self.backend.using):
            pairs = zip(wanted, row, strict=True)
            values = tuple(column.param(value) for column, value in pairs)
            found[values[:width]] = values[width:]
        return found
