"""Foreign keys and triggers as the database has them, and the rows that break a foreign key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

SHOWN = 10
"""Rows that are named of each broken foreign key."""

UNKNOWN: Final[Mapping[str, AbstractSet[str]]] = MappingProxyType({})
"""That of no table the columns are known which were written."""

OWN_TRIGGERS: Final = "contentgit_track_"
"""What the names of contentgit's own triggers begin with; they write to no table of a dump."""

_CALLS: Final = re.compile(r"\b(?:CALL|EXECUTE|PERFORM)\b", re.IGNORECASE)


class ForeignKey(NamedTuple):
    """One constraint: ``columns`` of ``table`` refer to ``target_columns`` of ``target``.

    ``acts`` tells whether the database deletes or changes the row when the one it refers to goes.
    """

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    acts: bool = False

    def may_break(self, tables: Collection[str], updated: Mapping[str, AbstractSet[str]]) -> bool:
        """Whether writing to the tables may break it; see :meth:`Backend.check_constraints`."""
        ends = (self.table, self.columns), (self.target, self.target_columns)
        return any(
            name in tables and not updated.get(name, {*columns}).isdisjoint(columns)
            for name, columns in ends
        )


def foreign_keys(rows: Iterable[tuple[Any, ...]]) -> list[ForeignKey]:
    """The constraints, of a row for each of their columns.

    A row holds the table, what identifies the constraint there, the column, the table and the column that it
    refers to, and whether the constraint acts.
    """
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for table, constraint, *column in rows:
        found.setdefault((table, constraint), []).append(tuple(column))
    keys = []
    for (table, _), columns in found.items():
        own, targets, others, acts = zip(*columns, strict=True)
        keys.append(ForeignKey(table, own, targets[0], others, bool(acts[0])))
    return keys


class Trigger(NamedTuple):
    """A trigger on ``table``; ``body`` is what it runs, ``""`` where that is no SQL.

    MariaDB gives ``None`` to a user without the privilege TRIGGER.
    """

    table: str
    name: str
    body: str | None

    def reached(self, tables: Iterable[str]) -> set[str]:
        """Those of the tables that it may write: all if it calls something or is hidden, else the named."""
        if self.body is None or _CALLS.search(self.body):
            return set(tables)
        body = self.body.casefold()
        return {table for table in tables if table.casefold() in body}


def dangling(connection: BaseDatabaseWrapper, key: ForeignKey, lock: str = "") -> list[str]:
    """A line for each row whose reference points nowhere, at most :data:`SHOWN`.

    ``lock`` is what a database appends to a query that locks what it reads.
    """
    with connection.cursor() as cursor:
        if not _rows(cursor, connection, key, (), f"LIMIT 1 {lock}"):
            return []
        # Asked for only now, as it takes longer than the question itself.
        primary = connection.introspection.get_primary_key_columns(cursor, key.table) or ()
        rows = _rows(cursor, connection, key, primary, f"LIMIT {SHOWN} {lock}")
    columns, lines = ", ".join(key.columns), []
    for row in rows:
        shown, wanted = (
            ", ".join(map(str, part)) for part in (row[: len(primary)], row[len(primary) :])
        )
        lines.append(
            f"{key.table} row {shown or 'without primary key'}: {columns} refers to {wanted}, which "
            f"{key.target} does not have"
        )
    return lines


def _rows(
    cursor: Any,
    connection: BaseDatabaseWrapper,
    key: ForeignKey,
    primary: Sequence[str],
    end: str,
) -> list[tuple[Any, ...]]:
    """The ``primary`` columns and those of the key in the rows that refer to nothing."""
    quote = connection.ops.quote_name
    shown = [f"referring.{quote(name)}" for name in (*primary, *key.columns)]
    pairs = list(zip(key.columns, key.target_columns, strict=True))
    joined = [f"referring.{quote(a)} = referred.{quote(b)}" for a, b in pairs]
    given = [f"referring.{quote(a)} IS NOT NULL" for a, _ in pairs]
    cursor.execute(
        f"SELECT {', '.join(shown)} FROM {quote(key.table)} referring"  # noqa: S608
        f" LEFT JOIN {quote(key.target)} referred ON {' AND '.join(joined)}"
        f" WHERE {' AND '.join(given)} AND referred.{quote(key.target_columns[0])} IS NULL {end}"
    )
    return list(cursor.fetchall())
