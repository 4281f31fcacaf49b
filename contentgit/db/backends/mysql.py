"""MariaDB and MySQL: snapshots by repeatable read, the lock by GET_LOCK."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.db import Error

from contentgit.db.backends.base import STATEMENT_CHARACTERS, STATEMENT_PARAMETERS, Backend
from contentgit.db.backends.catalog import UNKNOWN, ForeignKey, dangling, foreign_keys
from contentgit.db.failures import Fault, TooLongError
from contentgit.db.tables import Column, Rows
from contentgit.errors import BusyError

LOCK_NAME_LENGTH = 64

FOREIGN_KEYS = """
SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME, FALSE
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE()
AND (TABLE_NAME IN %s OR REFERENCED_TABLE_NAME IN %s)
ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
"""

SETTINGS = """
SHOW SESSION VARIABLES WHERE Variable_name IN
('sql_mode', 'foreign_key_checks', 'innodb_snapshot_isolation')
"""

CAUSES = {
    1020: Fault.OVERTAKEN,  # changed since last read
    1213: Fault.DEADLOCK,
    **dict.fromkeys((1205, 3572), Fault.LOCKED),  # lock wait timeout, NOWAIT
    **dict.fromkeys((1317, 1969, 3024), Fault.ENDED),  # KILL QUERY, limits of MariaDB and MySQL
    **dict.fromkeys((1044, 1045, 1142, 1143, 1227, 1370), Fault.PRIVILEGE),
    **dict.fromkeys((1036, 1290, 1792, 1836), Fault.READ_ONLY),  # table, option, transaction, mode
    **dict.fromkeys((1021, 1114), Fault.FULL),
    1644: Fault.RAISED,  # SIGNAL without a number
    # The server shuts down, killed the connection, has gone, went away during a query.
    **dict.fromkeys((1053, 1927, 2006, 2013, 2055), Fault.LOST),
}
"""By error number."""

BYTES = 8
"""Bytes of one character in a statement at most: four, and a backslash before each."""

FRAME = 10_000
"""Bytes of a statement besides its long values: names, numbers, keys."""

MEGABYTE = 1 << 20

LOCK = "LOCK IN SHARE MODE"

CONSTRAINTS = {
    1062: r"for key '(?:[^']*\.)?([^'.]+)'$",
    3819: r"constraint '([^']+)' is violated",
    4025: r"CONSTRAINT `([^`]+)` failed",
}
"""Where the name of a constraint stands in the message: a unique one, a check of MySQL, one of MariaDB."""

MISSING = {1146, 1054}
"""No such table, no such column."""


class MySQL(Backend):
    """Django calls both databases ``mysql``."""

    name = "mysql"
    time_limit = "max_statement_time"
    drop_temporary = "DROP TEMPORARY TABLE"  # without that word it would commit
    trigger_query = (
        "SELECT event_object_table, trigger_name, action_statement FROM information_schema.triggers "
        "WHERE trigger_schema = DATABASE()"
    )

    def __init__(self, using: str) -> None:
        super().__init__(using)
        # While foreign keys are off: keys deleted and references written, by table and column.
        self._deleted: dict[tuple[str, str], set[Any]] = defaultdict(set)
        self._written: dict[tuple[str, str], set[Any]] = defaultdict(set)
        self._referring: set[tuple[str, str]] = set()

    def cause(self, error: Error) -> Fault | None:
        return CAUSES.get(error.args[0]) if error.args else None

    def constraint(self, error: Error) -> str:
        pattern = CONSTRAINTS.get(error.args[0]) if error.args else None
        found = re.search(pattern, str(error.args[1])) if pattern else None
        return found[1] if found else ""

    def is_missing_table(self, error: Error) -> bool:
        return bool(error.args) and error.args[0] in MISSING

    def _begin(self, *, writable: bool) -> None:
        access = "READ WRITE" if writable else "READ ONLY"
        self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.execute(f"START TRANSACTION WITH CONSISTENT SNAPSHOT, {access}")

    def _acquire(self) -> bool:
        return bool(self.fetch("SELECT GET_LOCK(%s, 0)", [self._lock_name()])[0][0])

    def _release(self) -> None:
        self.execute("SELECT RELEASE_LOCK(%s)", [self._lock_name()])

    def _lock_name(self) -> str:
        """Lock names belong to the server, so this one contains the name of the database."""
        name = f"contentgit:{self.fetch('SELECT DATABASE()')[0][0]}"
        if len(name) > LOCK_NAME_LENGTH:
            return f"contentgit:{hashlib.sha256(name.encode()).hexdigest()[:40]}"
        return name

    def _holder(self) -> str:
        ((number,),) = self.fetch("SELECT IS_USED_LOCK(%s)", [self._lock_name()])
        if number is None:
            return ""
        # Without the privilege PROCESS the server does not show the connections of other users.
        query = "SELECT user, host FROM information_schema.processlist WHERE id = %s"
        users = [f", user {user} from {host}" for user, host in self.fetch(query, [number])]
        return f" (connection {number}{''.join(users)})"

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Values are written unchanged, and a row that has changed since the snapshot is an error."""
        before = {str(name).lower(): value for name, value in self.fetch(SETTINGS)}
        mode = before["sql_mode"].split(",") if before["sql_mode"] else []
        if not {"STRICT_ALL_TABLES", "STRICT_TRANS_TABLES"} & set(mode):
            mode.append("STRICT_ALL_TABLES")
        # Otherwise the server replaces a key of 0 by the next free one.
        wanted = {"sql_mode": ",".join([*mode, "NO_AUTO_VALUE_ON_ZERO"])}
        if "innodb_snapshot_isolation" in before:  # MariaDB from 10.6.18, 10.11.8, 11.0.6
            wanted["innodb_snapshot_isolation"] = "ON"
        try:
            self._set(wanted)
            yield
        finally:
            if self.connection.connection is not None:  # a session's settings end with it
                try:
                    self._set(before)
                except Error:
                    self.connection.close()

    def _set(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            self.execute(f"SET SESSION {name} = %s", [value])

    def defer_constraints(self) -> None:
        self.execute("SET SESSION foreign_key_checks = 0")  # _session resets it
        keys = self._foreign_keys(self.connection.introspection.table_names())
        self._referring = {(key.table, name) for key in keys for name in key.columns}

    def insert(self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> int:
        return super().insert(table, columns, self._fitting(self._noted(table, columns, rows)))

    def update(
        self, table: str, columns: Sequence[Column], keys: Sequence[Column], rows: Rows
    ) -> int:
        noted = self._noted(table, columns, rows)
        return super().update(table, columns, keys, list(self._fitting(noted)))

    @cached_property
    def _packet(self) -> int:
        """Bytes of the longest statement that the server takes."""
        return int(self.fetch("SELECT @@max_allowed_packet")[0][0])

    @property
    def statement_characters(self) -> int:
        """See the base class."""
        return min(STATEMENT_CHARACTERS, self._packet // BYTES)

    def _fitting(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """The rows, checked: some servers end the session at a row that no statement can hold.

        Raises:
            TooLongError: a row is too long.
        """
        for row in rows:
            texts = [value for value in row if isinstance(value, (str, bytes))]
            if sum(map(len, texts)) * BYTES + FRAME > self._packet:
                size = sum(len(self.connection.connection.literal(text)) for text in texts)
                if size + FRAME > self._packet:
                    wanted = -(-(size + FRAME) // MEGABYTE) * MEGABYTE
                    raise TooLongError(
                        f"it takes {size} bytes in a statement, and max_allowed_packet of the server "
                        f"is {self._packet}",
                        f"nothing has changed; set max_allowed_packet of the server to {wanted}, in its "
                        f"configuration or with SET GLOBAL max_allowed_packet = {wanted}, then run the "
                        "command again",
                    )
            yield row

    def _noted(
        self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows, with values in the order of ``columns``; their references are noted."""
        places = [
            (place, self._written[table, column.name])
            for place, column in enumerate(columns)
            if (table, column.name) in self._referring
        ]
        for row in rows:
            for place, found in places:
                found.add(row[place])
            yield row

    def delete(self, table: str, keys: Sequence[Column], rows: Rows) -> int:
        for place, key in enumerate(keys):
            self._deleted[table, key.name].update(row[place] for row in rows)
        return super().delete(table, keys, rows)

    def check_constraints(
        self, tables: Collection[str], updated: Mapping[str, AbstractSet[str]] = UNKNOWN
    ) -> None:
        """See :meth:`Backend.check_constraints`.

        Neither the snapshot nor disabled foreign keys show what others have committed since: rows that
        refer to a deleted one, and deleted rows that a written one refers to. So these are read again
        as they are now, and locked as foreign keys would have locked them.
        """
        super().check_constraints(tables, updated)
        with self._latest():
            for key in self._foreign_keys(sorted(tables)):
                if self._is_suspect(key) and dangling(self.connection, key, LOCK):
                    raise BusyError(
                        f"database {self.using!r}: somebody else has deleted or added rows of "
                        f"{key.table} or {key.target} that this apply refers to or deletes",
                        hint="nothing has changed; run the command again",
                    )

    def _is_suspect(self, key: ForeignKey) -> bool:
        if len(key.columns) > 1:
            return True
        own, other = (key.table, key.columns[0]), (key.target, key.target_columns[0])
        given = self._written.get(own, set()) - {None}
        gone = self._deleted.get(other, set())
        return self._count(*own, gone) > 0 or self._count(*other, given) < len(given)

    def _count(self, table: str, column: str, values: Collection[Any]) -> int:
        """How many of the values the column has now; the rows are locked."""
        name, found, listed = self.quoted(column), 0, list(values)
        head = f"SELECT DISTINCT {name} FROM {self.quoted(table)} WHERE {name} IN"  # noqa: S608
        for start in range(0, len(listed), STATEMENT_PARAMETERS):
            some = listed[start : start + STATEMENT_PARAMETERS]
            found += len(self.fetch(f"{head} ({', '.join(['%s'] * len(some))}) {LOCK}", some))
        return found

    @contextmanager
    def _latest(self) -> Iterator[None]:
        """Locking reads give the current rows; MariaDB may refuse rows that differ from the snapshot."""
        known = "innodb_snapshot_isolation" in {str(row[0]).lower() for row in self.fetch(SETTINGS)}
        if known:
            self._set({"innodb_snapshot_isolation": "OFF"})
        yield
        if known:
            self._set({"innodb_snapshot_isolation": "ON"})

    def last_key(self, table: str, column: str) -> int:  # noqa: ARG002
        sql = (
            "SELECT auto_increment FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = %s"
        )
        found = self.fetch(sql, [table])
        return found[0][0] - 1 if found and found[0][0] else 0

    def acting_keys(self, table: str) -> list[ForeignKey]:  # noqa: ARG002
        return []  # an apply disables foreign keys

    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        if not tables:
            return []
        return foreign_keys(self.fetch(FOREIGN_KEYS, [tuple(tables), tuple(tables)]))
