"""Rows that the database itself would delete or change with a deleted row (``ON DELETE CASCADE``).

The plan decides about rows that refer to a deleted one: they are deleted before it, or updated after it.
A constraint that acts would delete a row that the plan keeps. So such rows refer to nothing until their own
step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.apps import apps

from contentgit.content.portions import batches
from contentgit.db.applier.parking import Parking
from contentgit.db.backends import Backend
from contentgit.db.backends.catalog import ForeignKey
from contentgit.db.queries import (
    SQL,
    among,
    chunk_size,
    execute,
    names,
    python_values,
    quoted,
    select,
)
from contentgit.db.tables import BoundField, Rows, Table


class Detaching:
    """The constraints by which the database itself deletes or changes rows, in one apply."""

    def __init__(self, backend: Backend, parking: Parking, outside: Callable[[str], Table]) -> None:
        self.backend = backend
        self.parking = parking
        self.outside = outside
        self._known: dict[str, list[tuple[ForeignKey, Table, BoundField]]] = {}

    def detach(self, table: Table, keys: Rows) -> None:
        """Make rows that refer to these rows refer to nothing, if their column allows that."""
        if table.name not in self._known:
            self._known[table.name] = list(self._acting(table))
        size = chunk_size(table.key_columns, self.backend.using)
        for key, referring, field in self._known[table.name]:
            for some in batches(keys, size):
                chosen = among(table.key_columns, some, self.backend.using, table.name)
                self._detach(key, referring, field, chosen)

    def _detach(self, key: ForeignKey, referring: Table, field: BoundField, some: SQL) -> None:
        """One value for each that is there, so that what was unique stays so."""
        using, columns = self.backend.using, field.columns
        gone = f"SELECT {quoted(key.target_columns[0], using)} FROM {quoted(key.target, using)}"  # noqa: S608
        (name,) = names(referring.name, columns, using)
        held = f"{select(referring.name, columns, using)} WHERE {name} IN ({gone} WHERE {some[0]})"
        found = execute((held, some[1]), using)
        (values,) = python_values(columns, found) if found else ((),)
        pairs = []
        for value in dict.fromkeys(map(columns[0].param, values)):
            stand_in = self.parking.stand_in(referring, field)
            if stand_in is not None:
                pairs.append((*stand_in.parameters, value))
        self.backend.update(referring.name, columns, columns, pairs)

    def _acting(self, table: Table) -> Iterator[tuple[ForeignKey, Table, BoundField]]:
        """The constraints, and the field of a model that each of them is made for."""
        keys = self.backend.acting_keys(table.name)
        tables = {key.table for key in keys}
        for model in apps.get_models(include_auto_created=True) if keys else ():
            if model._meta.db_table not in tables or model._meta.proxy:
                continue
            referring = self.outside(model._meta.label_lower)
            for key in keys:
                for field in referring.fields if key.table == referring.name else ():
                    if key.columns == tuple(column.name for column in field.columns):
                        yield key, referring, field
