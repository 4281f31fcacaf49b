"""The commands that create contentgit's own tables where some are missing."""

from __future__ import annotations

from typing import Final

from django.db import Error, connections

TABLES: Final = {
    "contentgit_ledger": "0003_place",
    "contentgit_identity": "0004_identities",
    "contentgit_tracked": "0005_tracking",
    "contentgit_file": "0006_files",
}
"""The tables, each with the last migration that it needs, in their order."""


def migrating(using: str) -> str:
    """The commands, also where Django has recorded migrations whose tables are missing."""
    way = f"python manage.py migrate contentgit --database {using}"
    connection = connections[using].copy()  # the transaction may be broken
    try:
        with connection.cursor() as cursor:
            names = {*connection.introspection.table_names(cursor)}
            if "django_migrations" not in names:
                return way
            cursor.execute("SELECT name FROM django_migrations WHERE app = 'contentgit'")
            run = {name for (name,) in cursor.fetchall()}
    except Error:
        return way
    finally:
        connection.close()
    return "\n".join(_commands(way, names, run))


def _commands(way: str, names: set[str], run: set[str]) -> list[str]:
    tables = [*TABLES.items()]
    while tables and (tables[0][0] in names or tables[0][1] not in run):
        del tables[0]
    if not tables:
        return [way]
    before = [last for last in TABLES.values() if last < tables[0][1]]
    found = [f"{_to(way, [*before, 'zero'][0])} --fake  (Django takes {tables[0][0]} for made)"]
    for table, last in tables:
        made = table in names
        found.append(
            f"{_to(way, last)} --fake  (is there)" if made else f"{_to(way, last)}  (makes it)"
        )
    return found


def _to(way: str, migration: str) -> str:
    return way.replace("contentgit", f"contentgit {migration}", 1)
