"""Scratch databases: which kind a project's migrations need, and how one comes and goes on a server."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader

from contentgit.db.failures import words
from contentgit.errors import RefusedError

PREFIX = "contentgit_scratch_"
_OWN = ("django.contrib.postgres", "django.contrib.gis")


def needing_server() -> list[str]:
    """The migrations of the project with SQL, or with what only some kinds of databases have."""
    found = []
    for (label, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        for operation in _flat(migration.operations):
            what = _special(operation)
            if what:
                found.append(f"{label}.{name}: {what}")
                break
    return found


def _flat(operations: Iterable[Any]) -> Iterator[Any]:
    for each in operations:
        if isinstance(each, SeparateDatabaseAndState):
            yield from _flat([*each.database_operations, *each.state_operations])
        else:
            yield each


def _special(operation: Any) -> str:
    if isinstance(operation, RunSQL):
        return "" if operation.sql == RunSQL.noop else "RunSQL"
    field = getattr(operation, "field", None)
    fields = [each for _, each in getattr(operation, "fields", ())] + ([field] if field else [])
    for each in (operation, *fields):
        if type(each).__module__.startswith(_OWN):
            return type(each).__name__
    return ""


@contextmanager
def on_server(using: str) -> Iterator[str]:
    """A new database on the server of ``using``, by its name; gone afterwards.

    Raises:
        RefusedError: the server does not let this user make one.
    """
    connection = connections[using]
    name = PREFIX + secrets.token_hex(8)
    try:
        sql, parameters = _creation(connection)
        with connection._nodb_cursor() as cursor:
            cursor.execute(sql.format(connection.ops.quote_name(name)), parameters)
    except Error as error:
        raise RefusedError(
            f"a scratch database cannot be made on the server of database {using!r}: {words(error)}",
            hint=f"let the user in DATABASES[{using!r}] create databases\n"
            "--scratch ALIAS  (uses an empty database of your own)",
        ) from error
    try:
        yield name
    finally:
        drop(connection, name)


def _creation(connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
    """The statement that makes a database like that of the connection, and its parameters."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database "
                "WHERE datname = current_database()"
            )
            return (
                "CREATE DATABASE {} TEMPLATE template0 ENCODING %s LC_COLLATE %s LC_CTYPE %s",
                cursor.fetchone(),
            )
        cursor.execute("SELECT @@character_set_database, @@collation_database")
        return "CREATE DATABASE {} CHARACTER SET %s COLLATE %s", cursor.fetchone()


def drop(connection: BaseDatabaseWrapper, name: str) -> None:
    """Drops a database that :func:`on_server` has made, also while a process uses it."""
    force = ""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            force = " WITH (FORCE)" if int(cursor.fetchone()[0]) >= 130000 else ""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}{force}")


def check_own(name: str) -> None:
    """Refuses to work on any other database than the scratch database ``name``; ``""`` if that is not known.

    Raises:
        RefusedError: this process has other databases.
    """
    connection = connections["default"]
    if connection.vendor == "postgresql":
        _make_schemas(connection)
    found = str(connection.settings_dict["NAME"])
    query = {"postgresql": "SELECT current_database()", "mysql": "SELECT DATABASE()"}
    if connection.vendor in query:
        with connection.cursor() as cursor:
            cursor.execute(query[connection.vendor])
            (found,) = cursor.fetchone()
    others = any(connections[alias] is not connection for alias in connections)
    if others or name not in ("", found):
        raise RefusedError(
            "the settings choose databases in a way that a scratch database cannot take the place of",
            hint="let DATABASES in the settings name them, and no other code",
        )


def _make_schemas(connection: BaseDatabaseWrapper) -> None:
    """Makes the schema in which the session makes tables, if the settings name another than ``public``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(current_schemas(false))")
        if not cursor.fetchall():
            cursor.execute("SHOW search_path")
            first = cursor.fetchone()[0].split(",")[0].strip().strip('"')
            cursor.execute(f"CREATE SCHEMA {connection.ops.quote_name(first)}")


def drop_own() -> None:
    """Drops the scratch database of this process, if it was made for it on a server."""
    connection = connections["default"]
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" and name.startswith(PREFIX):
        drop(connection, name)


# A database of the caller's


@contextmanager
def lent(alias: str) -> Iterator[None]:
    """An empty database that is empty again afterwards.

    Raises:
        RefusedError: it has tables.
    """
    connection = connections[alias]
    there = connection.introspection.table_names(include_views=True)
    if there:
        raise RefusedError(
            f"database {alias!r} is no scratch database: it has {len(there)} tables",
            items=there[:10],
            hint="name an empty database with --scratch ALIAS",
        )
    connection.close()
    try:
        yield
    finally:
        drop_tables(connection)


def drop_tables(connection: BaseDatabaseWrapper) -> None:
    """Empties a database."""
    quote, cascade = (
        connection.ops.quote_name,
        "CASCADE" if connection.vendor == "postgresql" else "",
    )
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        found = connection.introspection.get_table_list(cursor)
        for kind, letter in (("VIEW", "v"), ("TABLE", "t")):
            for each in found:
                if each.type == letter:
                    cursor.execute(f"DROP {kind} IF EXISTS {quote(each.name)} {cascade}")
