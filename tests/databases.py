"""Test databases by Django's own means, and a fast way to make them clean again.

No test runs inside a transaction: apply uses real ones. A database is cleaned before a test, by
emptying only the tables that hold something that ``migrate`` did not put there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

Row = tuple[Any, ...]


def start_django() -> None:
    """Set Django up with the tests' settings; may be called again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()


@contextlib.contextmanager
def created() -> Iterator[dict[str, Cleaner]]:
    """Create the test databases, give a cleaner for each alias, destroy them in the end."""
    start_django()
    from django.db import connections
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
        teardown_test_environment,
    )

    setup_test_environment(debug=False)
    made = setup_databases(
        verbosity=0, interactive=False, aliases=list(connections), serialized_aliases=()
    )
    try:
        yield {alias: Cleaner(alias) for alias in connections}
    finally:
        teardown_databases(made, verbosity=0)
        teardown_test_environment()


class Cleaner:
    """Brings one database back to what ``migrate`` left there."""

    def __init__(self, alias: str) -> None:
        from django.db import connections

        self.connection = connections[alias]
        names = self.connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        self.tables = sorted(set(names) - {"django_migrations"})
        self.migrated = {name: self._rows(name) for name in self._filled(self.tables)}

    def clean(self) -> None:
        """Empty the tables that hold other rows, put ``migrate``'s rows back, reset sequences."""
        from django.db import transaction

        filled = self._filled(self.tables)
        changed = [
            name
            for name in {*filled, *self.migrated}
            if name not in self.migrated or self._rows(name) != self.migrated[name]
        ]
        with (
            self.connection.constraint_checks_disabled(),
            transaction.atomic(using=self.connection.alias),
            self.connection.cursor() as cursor,
        ):
            self._without_triggers(cursor)
            for name in changed:
                cursor.execute(f"DELETE FROM {self._quoted(name)}")
                self._insert(cursor, name, self.migrated.get(name, []))
            self._reset_sequences(cursor)
            self._with_triggers(cursor)
        self._forget_caches()

    def _quoted(self, name: str) -> str:
        return self.connection.ops.quote_name(name)

    def _filled(self, tables: list[str]) -> list[str]:
        if not tables:
            return []
        parts = [
            f"SELECT {_text(name)} WHERE EXISTS (SELECT 1 FROM {self._quoted(name)})"
            for name in tables
        ]
        if self.connection.vendor == "mysql":
            parts = [part.replace(" WHERE ", " FROM DUAL WHERE ", 1) for part in parts]
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts))
            return [name for (name,) in cursor.fetchall()]

    def _rows(self, name: str) -> list[Row]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {self._quoted(name)} ORDER BY 1")
            return list(cursor.fetchall())

    def _insert(self, cursor: Any, name: str, rows: list[Row]) -> None:
        if rows:
            marks = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {self._quoted(name)} VALUES ({marks})", rows)

    def _without_triggers(self, cursor: Any) -> None:
        # PostgreSQL checks its foreign keys by triggers; TRUNCATE would cost 10 ms a table.
        if self.connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")

    def _with_triggers(self, cursor: Any) -> None:
        if self.connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")

    def _reset_sequences(self, cursor: Any) -> None:
        """Make the next automatic key the one that it was after ``migrate``."""
        for statement in SEQUENCES[self.connection.vendor](self, cursor):
            cursor.execute(statement)

    def next_key(self, name: str) -> int:
        """The key that follows ``migrate``'s rows."""
        keys = [row[0] for row in self.migrated.get(name, []) if isinstance(row[0], int)]
        return max(keys, default=0) + 1

    def _forget_caches(self) -> None:
        from django.contrib.contenttypes.models import ContentType
        from django.contrib.sites.models import Site

        ContentType.objects.clear_cache()
        Site.objects.clear_cache()


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _sqlite_sequences(cleaner: Cleaner, cursor: Any) -> list[str]:
    cursor.execute("SELECT name, seq FROM sqlite_sequence")
    return [
        f"UPDATE sqlite_sequence SET seq = {cleaner.next_key(name) - 1} WHERE name = {_text(name)}"
        for name, seq in cursor.fetchall()
        if name in cleaner.tables and seq != cleaner.next_key(name) - 1
    ]


def _postgresql_sequences(cleaner: Cleaner, cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT s.relname, t.relname, pg_sequence_last_value(s.oid)"
        " FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')"
        " JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S'"
    )
    return [
        f"ALTER SEQUENCE {cleaner._quoted(sequence)} RESTART WITH {cleaner.next_key(table)}"
        for sequence, table, last in cursor.fetchall()
        if table in cleaner.tables and last is not None and last != cleaner.next_key(table) - 1
    ]


def _mysql_sequences(cleaner: Cleaner, cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT table_name, auto_increment FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL"
    )
    return [
        f"ALTER TABLE {cleaner._quoted(name)} AUTO_INCREMENT = {cleaner.next_key(name)}"
        for name, following in cursor.fetchall()
        if name in cleaner.tables and following != cleaner.next_key(name)
    ]


SEQUENCES = {
    "sqlite": _sqlite_sequences,
    "postgresql": _postgresql_sequences,
    "mysql": _mysql_sequences,
}


def _main() -> None:
    """Fail with the reason when the server of the chosen database does not answer."""
    start_django()
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError, connection

    try:
        if connection.vendor == "sqlite":
            connection.ensure_connection()
        else:
            with connection._nodb_cursor() as cursor:
                cursor.execute("SELECT 1")
                if settings.DATABASE == "postgis":
                    cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'")
                    if cursor.fetchone() is None:
                        raise SystemExit("the server has no PostGIS")
    except (DatabaseError, ImproperlyConfigured) as error:
        raise SystemExit(str(error).strip().splitlines()[0]) from None


if __name__ == "__main__":
    _main()
