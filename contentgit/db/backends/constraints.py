"""Foreign keys as the database has them, and the rows that break one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

SHOWN = 10
"""Rows that are named of each broken foreign key."""


class ForeignKey(NamedTuple):
    """One constraint: ``columns`` of ``table`` refer to ``target_columns`` of ``target``.

    ``acts`` tells whether the database deletes or changes the row when the one it refers to goes.
    """

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    acts: bool = False


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
    return [_line(key, row[: len(primary)], row[len(primary) :]) for row in rows]


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


def _line(key: ForeignKey, primary: Sequence[object], values: Sequence[object]) -> str:
    row = ", ".join(str(value) for value in primary) or "without primary key"
    columns, wanted = ", ".join(key.columns), ", ".join(str(value) for value in values)
    return f"{key.table} row {row}: {columns} refers to {wanted}, which {key.target} does not have"
