"""What helps where a database does not have the tables and columns of the code."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections
from django.db.migrations.loader import MigrationLoader


def way_to_tables(label: str, using: str) -> str:
    """The way on for a model whose table, or a column of it, is missing.

    A database that has run all migrations of the code, and others, is ahead of the code.
    """
    app = label.partition(".")[0]
    try:
        known = _of(app, MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
        ran = _of(app, _applied(using))
    except Exception:
        # Any: the modules are the project's code, and the database may refuse. Then nothing is known.
        known, ran = set(), set()
    others = sorted(ran - known)
    if others and known <= ran:
        names = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if others[3:] else "")
        return f"deploy the code that has {names}: the database has run it, and this code is older"
    return f"python manage.py migrate --database {using}"


def _of(app: str, nodes: Iterable[tuple[str, str]]) -> set[str]:
    return {f"{node[0]}.{node[1]}" for node in nodes if node[0] == app}


def _applied(using: str) -> list[tuple[str, str]]:
    """What the database has run, by a connection of its own: a transaction that has failed reads nothing."""
    connection = connections[using].copy()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            return [(str(app), str(name)) for app, name in cursor.fetchall()]
    finally:
        connection.close()
