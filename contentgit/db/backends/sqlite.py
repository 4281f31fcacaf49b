"""SQLite: one writer at a time, so that nothing moves while an apply runs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.db import Error, transaction

from contentgit.db.backends.base import Backend
from contentgit.db.backends.constraints import ForeignKey
from contentgit.db.backends.patience import Patience
from contentgit.db.backends.triggers import Trigger
from contentgit.db.failures import Fault
from contentgit.db.tables import Column

FOREIGN_KEYS = """
SELECT m.name, f.id, f."from", f."table", f."to", f.on_delete NOT IN ('NO ACTION', 'RESTRICT')
FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq
"""

TRIGGERS = """
SELECT tbl_name, name, substr(sql, instr(upper(sql), 'BEGIN')) FROM sqlite_master WHERE type = 'trigger'
"""


CAUSES = {
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_BUSY_SNAPSHOT: Fault.OVERTAKEN,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: Fault.RAISED,
}
"""By extended or primary result code."""


class SQLite(Backend):
    """Locks by ``BEGIN IMMEDIATE``; the file system frees the lock of a process that died."""

    name = "sqlite"
    rows_can_move = False

    def cause(self, error: Error) -> Fault | None:
        code = getattr(error.__cause__, "sqlite_errorcode", 0)
        return CAUSES.get(code) or CAUSES.get(code & 0xFF)

    def absent(self) -> str:
        """See the base class: SQLite makes the file of a database that does not exist."""
        name = str(self.connection.settings_dict["NAME"])
        if self.connection.connection is not None or ":" in name or Path(name).exists():
            return ""
        return f"there is no file {name}"

    def constraint(self, error: Error) -> str:
        found = re.search(
            r"^(?:CHECK|UNIQUE) constraint failed: (?:index '(.+)'|(.+))$", str(error)
        )
        return (found[1] or found[2]) if found else ""

    def triggers(self) -> list[Trigger]:
        return self._triggers(TRIGGERS)

    def is_missing_table(self, error: Error) -> bool:
        return str(error).startswith(("no such table", "no such column"))

    @contextmanager
    def _transaction(self, *, writable: bool) -> Iterator[None]:
        with ExitStack() as stack:
            if not writable:
                stack.enter_context(self._pragma("query_only", 1))
            with self._mode("IMMEDIATE" if writable else "DEFERRED"):
                stack.enter_context(transaction.atomic(using=self.using, durable=True))
            self._begin(writable=writable)
            yield

    @contextmanager
    def _turn(self, patience: Patience) -> Iterator[None]:
        with ExitStack() as stack:
            with self._attempts(patience):
                while not self._entered(stack):
                    if not patience.lasts(f"the process that writes to database {self.using!r}"):
                        what = f"another process is writing to database {self.using!r}"
                        raise self._busy(what, patience)
            yield

    def _entered(self, stack: ExitStack) -> bool:
        try:
            stack.enter_context(self._transaction(writable=True))
        except Error as error:
            if self.is_conflict(error):
                return False
            raise
        return True

    @contextmanager
    def _attempts(self, patience: Patience) -> Iterator[None]:
        """One who waits here need not wait in SQLite, where nobody can interrupt it."""
        if not patience.seconds:
            yield
            return
        with self._pragma("busy_timeout", 0):
            yield

    @contextmanager
    def _mode(self, mode: str) -> Iterator[None]:
        """How Django begins transactions meanwhile; the project may have chosen another way."""
        connection: Any = self.connection
        connection.transaction_mode, before = mode, connection.transaction_mode
        try:
            yield
        finally:
            connection.transaction_mode = before

    @contextmanager
    def _pragma(self, name: str, value: int) -> Iterator[None]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {name}")
            (before,) = cursor.fetchone()
            cursor.execute(f"PRAGMA {name} = {value}")
        try:
            yield
        finally:
            with self.connection.cursor() as cursor:
                cursor.execute(f"PRAGMA {name} = {before}")

    def _begin(self, *, writable: bool) -> None:  # noqa: ARG002
        # The moment that is seen is that of the first read.
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1")
            cursor.fetchone()

    def _acquire(self) -> bool:
        return True  # the transaction is the lock

    def _release(self) -> None:
        pass

    def defer_constraints(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("PRAGMA defer_foreign_keys = ON")

    def acting_keys(self, table: str) -> list[ForeignKey]:
        return [key for key in self._foreign_keys([table]) if key.acts and key.target == table]

    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        with self.connection.cursor() as cursor:
            cursor.execute(FOREIGN_KEYS)
            rows = cursor.fetchall()
        found: dict[tuple[str, int], list[tuple[str, str, str | None, bool]]] = {}
        for table, number, *part in rows:
            column, target, target_column, acts = part
            if table in tables or target in tables:
                found.setdefault((table, number), []).append(
                    (column, target, target_column, bool(acts))
                )
        return [self._foreign_key(table, parts) for (table, _), parts in found.items()]

    def _foreign_key(
        self, table: str, parts: list[tuple[str, str, str | None, bool]]
    ) -> ForeignKey:
        target = parts[0][1]
        named = [name for _, _, name, _ in parts if name is not None]
        if not named:  # REFERENCES without columns means the primary key
            with self.connection.cursor() as cursor:
                named = self.connection.introspection.get_primary_key_columns(cursor, target) or []
        columns = tuple(column for column, _, _, _ in parts)
        return ForeignKey(table, columns, target, tuple(named), parts[0][3])

    def insert(self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> int:
        # A prepared statement beats one with many rows here, and has no limit of parameters.
        names = ", ".join(self.quoted(column.name) for column in columns)
        marks = ", ".join(column.cast for column in columns)
        sql = f"INSERT INTO {self.quoted(table)} ({names}) VALUES ({marks})"  # noqa: S608
        return self._many(sql, list(rows))
