"""SQLite: one writer at a time, so that no row changes while an apply runs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from django.db import Error, transaction
from django.db.models import AutoField, Model

from contentgit.db.backends.base import Backend, LockWait
from contentgit.db.backends.catalog import ForeignKey, foreign_keys
from contentgit.db.failures import Fault
from contentgit.db.tables import Column

FOREIGN_KEYS = """
SELECT m.name, f.id, f."from", f."table",
coalesce(f."to", (SELECT name FROM pragma_table_info(f."table") WHERE pk = f.seq + 1)),
f.on_delete NOT IN ('NO ACTION', 'RESTRICT')
FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq
"""
"""REFERENCES without columns means the primary key."""

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
    trigger_query = (
        "SELECT tbl_name, name, substr(sql, instr(upper(sql), 'BEGIN')) FROM sqlite_master "
        "WHERE type = 'trigger'"
    )

    def cause(self, error: Error) -> Fault | None:
        code = getattr(error.__cause__, "sqlite_errorcode", 0)
        return CAUSES.get(code) or CAUSES.get(code & 0xFF)

    def absent(self) -> str:
        """See the base class: connecting creates the file of a database that does not exist."""
        name = str(self.connection.settings_dict["NAME"])
        if self.connection.connection is not None or ":" in name or Path(name).exists():
            return ""
        return f"there is no file {name}"

    def constraint(self, error: Error) -> str:
        found = re.search(
            r"^(?:CHECK|UNIQUE) constraint failed: (?:index '(.+)'|(.+))$", str(error)
        )
        return (found[1] or found[2]) if found else ""

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
    def _turn(self, wait: LockWait) -> Iterator[None]:
        with ExitStack() as stack:
            # A call that waits here need not wait in SQLite, where nobody can interrupt it.
            with self._pragma("busy_timeout", 0) if wait.seconds else nullcontext():
                while not self._entered(stack):
                    if not wait.lasts(f"the process that writes to database {self.using!r}"):
                        what = f"another process is writing to database {self.using!r}"
                        raise self._busy(what, wait)
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
    def _mode(self, mode: str) -> Iterator[None]:
        """Sets how Django begins transactions in the body; the project may have chosen another way."""
        connection: Any = self.connection
        connection.transaction_mode, before = mode, connection.transaction_mode
        try:
            yield
        finally:
            connection.transaction_mode = before

    @contextmanager
    def _pragma(self, name: str, value: int) -> Iterator[None]:
        ((before,),) = self.fetch(f"PRAGMA {name}")
        self.execute(f"PRAGMA {name} = {value}")
        try:
            yield
        finally:
            self.execute(f"PRAGMA {name} = {before}")

    def _begin(self, *, writable: bool) -> None:  # noqa: ARG002
        self.fetch("SELECT 1 FROM sqlite_master LIMIT 1")  # the first read fixes the snapshot

    def _acquire(self) -> bool:
        return True  # the transaction is the lock

    def _release(self) -> None:
        pass

    def defer_constraints(self) -> None:
        self.execute("PRAGMA defer_foreign_keys = ON")

    def last_key(self, table: str, column: str) -> int:  # noqa: ARG002
        if not self.fetch("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            return 0
        found = self.fetch("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        return found[0][0] if found else 0

    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        keys = foreign_keys(self.fetch(FOREIGN_KEYS))
        return [key for key in keys if key.table in tables or key.target in tables]

    def insert(self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> int:
        # A prepared statement is faster here than one with many rows, and has no limit of parameters.
        names = ", ".join(self.quoted(column.name) for column in columns)
        marks = ", ".join(column.cast for column in columns)
        sql = f"INSERT INTO {self.quoted(table)} ({names}) VALUES ({marks})"  # noqa: S608
        return self._many(sql, list(rows))

    def reset_sequences(self, models: Iterable[type[Model]]) -> None:
        """See :meth:`Backend.reset_sequences`: a key that an UPDATE gave counts only once it is noted.

        Without AUTOINCREMENT, which Django's automatic keys have, there is no row to note it in.
        """
        if not self.fetch("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            return
        for field in (field for model in models for field in model._meta.local_concrete_fields):
            if isinstance(field, AutoField):
                name, column = field.model._meta.db_table, self.quoted(field.column)
                top = f"(SELECT max({column}) FROM {self.quoted(name)})"  # noqa: S608
                self.execute(
                    f"UPDATE sqlite_sequence SET seq = {top} WHERE name = %s AND seq < {top}",  # noqa: S608
                    [name],
                )

    def reserve(self, field: AutoField[Any, Any], number: int) -> None:
        """See :meth:`Backend.reserve`."""
        if not self.fetch("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            return
        name = field.model._meta.db_table
        self.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT %s, 0"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
            [name, name],
        )
        self.execute(
            "UPDATE sqlite_sequence SET seq = %s WHERE name = %s AND seq < %s",
            [number, name, number],
        )
