"""Tables as they are, in raw SQL: what a test compares when it must not trust the code it tests."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, transaction

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


def snapshot(
    using: str = "default", prefix: str | tuple[str, ...] = "bakery_"
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table with that prefix, sorted; ids of automatic link tables left out."""
    connection = connections[using]
    links = link_tables()
    found = {}
    for name in names(using):
        if not name.startswith(prefix):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            columns = [column[0] for column in cursor.description]
            rows = [tuple(row) for row in cursor.fetchall()]
        if name in links:
            place = columns.index("id")
            rows = [row[:place] + row[place + 1 :] for row in rows]
        found[name] = sorted(rows, key=repr)
    return found


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
