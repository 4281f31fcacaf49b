"""MariaDB and MySQL: snapshots by repeatable read, the lock by GET_LOCK."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import Error

from contentgit.db.backends.base import Backend
from contentgit.db.backends.constraints import ForeignKey

LOCK_NAME_LENGTH = 64

FOREIGN_KEYS = """
SELECT CONSTRAINT_NAME, TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE()
AND (TABLE_NAME IN %s OR REFERENCED_TABLE_NAME IN %s)
ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
"""

SETTINGS = """
SHOW SESSION VARIABLES WHERE Variable_name IN
('sql_mode', 'foreign_key_checks', 'innodb_snapshot_isolation')
"""

CONFLICTS = {1020, 1205, 1213, 3572}
"""Changed since last read, lock wait timeout, deadlock, lock not available."""

MISSING = {1146, 1054}
"""No such table, no such column."""


class MySQL(Backend):
    """Django calls both databases ``mysql``."""

    name = "mysql"
    drop_temporary = "DROP TEMPORARY TABLE"  # without that word it would commit

    def is_conflict(self, error: Error) -> bool:
        return bool(error.args) and error.args[0] in CONFLICTS

    def is_missing_table(self, error: Error) -> bool:
        return bool(error.args) and error.args[0] in MISSING

    def _begin(self, *, writable: bool) -> None:
        access = "READ WRITE" if writable else "READ ONLY"
        with self.connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(f"START TRANSACTION WITH CONSISTENT SNAPSHOT, {access}")

    def _acquire(self) -> bool:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 0)", [self._lock_name()])
            return bool(cursor.fetchone()[0])

    def _release(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT RELEASE_LOCK(%s)", [self._lock_name()])

    def _lock_name(self) -> str:
        """Such names are the server's, so it holds that of the database."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT DATABASE()")
            name = f"contentgit:{cursor.fetchone()[0]}"
        if len(name) > LOCK_NAME_LENGTH:
            return f"contentgit:{hashlib.sha256(name.encode()).hexdigest()[:40]}"
        return name

    def _holder(self) -> str:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [self._lock_name()])
            (number,) = cursor.fetchone()
            if number is None:
                return ""
            cursor.execute(
                "SELECT user, host FROM information_schema.processlist WHERE id = %s", [number]
            )
            row = cursor.fetchone()
        return f" (connection {number}, user {row[0]} from {row[1]})" if row else ""

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Nothing is cut to fit a column, and a row that has moved since the snapshot is an error."""
        with self.connection.cursor() as cursor:
            cursor.execute(SETTINGS)
            before = {str(name).lower(): value for name, value in cursor.fetchall()}
        try:
            self._set(self._wanted(before))
            yield
        finally:
            self._set_back(before)

    def _set_back(self, before: dict[str, str]) -> None:
        """A session that cannot be asked any more takes its settings with it."""
        if self.connection.connection is not None:
            try:
                self._set(before)
            except Error:
                self.connection.close()

    def _wanted(self, before: dict[str, str]) -> dict[str, str]:
        mode = before["sql_mode"]
        strict = {"STRICT_ALL_TABLES", "STRICT_TRANS_TABLES"} & set(mode.split(","))
        wanted = {} if strict else {"sql_mode": f"{mode},STRICT_ALL_TABLES".lstrip(",")}
        if "innodb_snapshot_isolation" in before:  # MariaDB from 10.6.18, 10.11.8, 11.0.6
            wanted["innodb_snapshot_isolation"] = "ON"
        return wanted

    def _set(self, values: dict[str, str]) -> None:
        with self.connection.cursor() as cursor:
            for name, value in values.items():
                cursor.execute(f"SET SESSION {name} = %s", [value])

    def defer_constraints(self) -> None:
        # Given back by _session, whatever happens.
        with self.connection.cursor() as cursor:
            cursor.execute("SET SESSION foreign_key_checks = 0")

    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        if not tables:
            return []
        with self.connection.cursor() as cursor:
            cursor.execute(FOREIGN_KEYS, [tuple(tables), tuple(tables)])
            rows = cursor.fetchall()
        found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for name, table, *parts in rows:
            found.setdefault((table, name), []).append(tuple(parts))
        return [
            ForeignKey(
                table,
                tuple(own for own, _, _ in parts),
                parts[0][1],
                tuple(other for _, _, other in parts),
            )
            for (table, _), parts in found.items()
        ]
