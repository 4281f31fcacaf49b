"""Tables as they are, in raw SQL: what a test compares when it must not trust the code it tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connections, transaction

UNTOUCHED = ("django_migrations", "contentgit_ledger", "django_session", "sqlite_sequence")


def names(using: str) -> list[str]:
    """Every table but those that no dump can hold."""
    connection = connections[using]
    with connection.cursor() as cursor:
        found = connection.introspection.table_names(cursor)
    return [name for name in found if name not in UNTOUCHED]


def link_tables() -> set[str]:
    """The tables that Django makes for many-to-many fields; their ids mean nothing."""
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table for model in models if model._meta.auto_created}


def rows(using: str, table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of one table, sorted."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        columns = [column[0] for column in cursor.description]
        return columns, sorted((tuple(row) for row in cursor.fetchall()), key=repr)


def rewrite(using: str, table: str, keys: list[str], after: list[dict[str, Any]]) -> None:
    """Take the rows with these keys out and put them in again with other values."""
    with connections[using].cursor() as cursor:
        name = _quoted(using, table)
        where = " AND ".join(f"{_quoted(using, key)} = %s" for key in keys)
        for row in after:
            cursor.execute(f"DELETE FROM {name} WHERE {where}", [row[key] for key in keys])
        for row in after:
            names = ", ".join(_quoted(using, column) for column in row)
            marks = ", ".join(["%s"] * len(row))
            cursor.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})", list(row.values()))


def replace(using: str, table: str, column: str, old: Any, new: Any) -> None:
    """Write one value for another."""
    name, where = _quoted(using, table), _quoted(using, column)
    with connections[using].cursor() as cursor:
        cursor.execute(f"UPDATE {name} SET {where} = %s WHERE {where} = %s", [new, old])


def _quoted(using: str, name: str) -> str:
    return connections[using].ops.quote_name(name).replace("%", "%%")


FOREIGN_KEYS = """
SELECT TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL
"""


@cache
def _foreign_keys(using: str) -> list[tuple[str, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        return [tuple(map(connections[using].ops.quote_name, row)) for row in cursor.fetchall()]


def check_references(using: str) -> None:
    """Refuse rows of MariaDB that refer to nothing, as the other databases do at a commit."""
    parts = [
        f"EXISTS (SELECT 1 FROM {table} a LEFT JOIN {target} b ON a.{column} = b.{other}"
        f" WHERE a.{column} IS NOT NULL AND b.{other} IS NULL)"
        for table, column, target, other in _foreign_keys(using)
    ]
    with connections[using].cursor() as cursor:
        for start in range(0, len(parts), 50):
            cursor.execute(f"SELECT {' OR '.join(parts[start : start + 50])}")
            if cursor.fetchone()[0]:
                raise IntegrityError("a row refers to nothing")


def snapshot(
    using: str = "default", prefix: str | tuple[str, ...] = "bakery_"
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table with that prefix, sorted; ids of automatic link tables left out."""
    links = link_tables()
    found = {}
    for name in names(using):
        if not name.startswith(prefix):
            continue
        columns, all_rows = rows(using, name)
        if name in links:
            place = columns.index("id")
            all_rows = _ranked(columns, all_rows)
            all_rows = [row[:place] + row[place + 1 :] for row in all_rows]
        found[name] = sorted(all_rows, key=repr)
    return found


def _ranked(columns: list[str], found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of a link table with their rank in place of a number that puts them in an order."""
    if "place" not in columns:
        return found
    place, key = columns.index("place"), columns.index("id")
    source = next(i for i, name in enumerate(columns) if name.endswith("_id"))
    ranks: dict[Any, int] = {}
    ranked = []
    for row in sorted(found, key=lambda row: (row[place], row[key])):
        ranks[row[source]] = ranks.get(row[source], 0) + 1
        ranked.append((*row[:place], ranks[row[source]], *row[place + 1 :]))
    return ranked


def wipe(using: str = "default", prefix: str | tuple[str, ...] = "bakery_") -> None:
    """Empties the tables, behind everybody's back."""
    connection = connections[using]
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(using=using),
        connection.cursor() as cursor,
    ):
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        for name in names(using):
            if name.startswith(prefix):
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")
