"""What every database does for an apply, and what each backend must define.

All statements go through Django's connection of the alias, so drivers stay Django's business.
Outside of :meth:`Backend.snapshot` and :meth:`Backend.exclusive` database exceptions are Django's;
these two turn what leaves them into errors of :mod:`contentgit.errors`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, Model

from contentgit.db.backends.catalog import OWN_TRIGGERS, UNKNOWN, ForeignKey, Trigger, dangling
from contentgit.db.failures import REASONS, Fault, connecting, words
from contentgit.db.tables import Column, Rows
from contentgit.errors import BusyError, DatabaseError, OvertakenError

PAUSE = 0.2
"""Seconds between two attempts to take a lock. Ctrl-C could not interrupt a wait inside the driver."""

STATEMENT_ROWS = 200
STATEMENT_CHARACTERS = 500_000
STATEMENT_PARAMETERS = 30_000
"""Bounds of one statement: servers limit its bytes (MariaDB 16 MB) and parameters (65,535)."""


_CONFLICTS = frozenset({Fault.OVERTAKEN, Fault.DEADLOCK, Fault.LOCKED})
_OVER = _CONFLICTS | {Fault.LOST, Fault.ENDED, Fault.PRIVILEGE, Fault.READ_ONLY, Fault.FULL}


@dataclass
class LockWait:
    """Waits up to ``seconds`` for a lock; ``tell`` is called once, with what the call waits for."""

    seconds: float = 0
    tell: Callable[[str], None] = lambda _: None
    _end: float | None = field(default=None, init=False)

    def lasts(self, what: str) -> bool:
        """Wait a moment for ``what``; false, without waiting, once the time is over."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self.seconds
            if self.seconds > 0:
                self.tell(f"waiting for {what}, {self.seconds:g} seconds at most")
        if now >= self._end:
            return False
        time.sleep(min(PAUSE, self._end - now))
        return True


class Backend(ABC):
    """One database: its transactions, its lock, its bulk writes, its constraints.

    ``rows_can_move`` says whether others can commit writes while :meth:`exclusive` is open;
    ``drop_temporary`` is the statement that drops a temporary table and leaves the transaction open;
    ``time_limit`` the setting that bounds how long a statement may take; ``trigger_query`` selects table,
    name and body of the enabled triggers.
    """

    name: ClassVar[str]
    trigger_query: ClassVar[str]
    rows_can_move: ClassVar[bool] = True
    drop_temporary: ClassVar[str] = "DROP TABLE"
    time_limit: ClassVar[str] = ""

    def __init__(self, using: str) -> None:
        self.using = using

    @property
    def connection(self) -> BaseDatabaseWrapper:
        """Django's connection of the alias."""
        return connections[self.using]

    def absent(self) -> str:
        """Why there is no database to read, if connecting would create an empty one."""
        return ""

    def fetch(self, sql: str, params: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int:
        """Run a statement; the number of rows that it wrote."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    # Schemas

    def search_path(self) -> Sequence[str]:
        """The schemas in which this session looks for tables, in order; none without schemas."""
        return ()

    def schemas(self, tables: Collection[str], *, hidden: bool = False) -> set[str]:  # noqa: ARG002
        """The schemas of the tables that these names mean in this session.

        ``hidden``: also those of other tables with these names.
        """
        return set()

    def look_into(self, schema: str) -> None:  # noqa: B027
        """Make table names mean those of one schema, until the transaction ends."""

    # Transactions

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction that reads one moment of the database, and writes nothing.

        Raises:
            DatabaseError: a transaction is open already, or the database cannot be reached.
        """
        self._refuse_nesting()
        with self._errors(), self._transaction(writable=False):
            yield

    @contextmanager
    def exclusive(self, wait: LockWait | None = None) -> Iterator[None]:
        """The one transaction of an apply: it reads one moment and is the only apply at a time.

        The lock belongs to the database session: it ends with the session and is always released at the
        end. If another apply holds it, this one waits as long as ``wait`` says; the snapshot begins after
        that.

        Raises:
            BusyError: another apply holds this database; the message names it, if it is known.
            DatabaseError: a transaction is open already, or the database refuses something.
        """
        self._refuse_nesting()
        wait = wait or LockWait()
        with self._errors(), self._lock(wait), self._session(), self._turn(wait):
            yield

    def _turn(self, wait: LockWait) -> AbstractContextManager[None]:  # noqa: ARG002
        """The writing transaction; a database whose transaction is the lock waits for it here."""
        return self._transaction(writable=True)

    def connect(self) -> None:
        """Connect, unless it is connected.

        Raises:
            ConfigurationError: the settings of the database are wrong.
            DatabaseError: it cannot be reached.
        """
        with connecting(self.using):
            self.connection.ensure_connection()

    def _refuse_nesting(self) -> None:
        self.connect()
        if self.connection.in_atomic_block or not self.connection.get_autocommit():
            raise DatabaseError(
                f"a transaction is open on database {self.using!r}; contentgit needs one of its own",
                hint="call it outside of transaction.atomic(), ATOMIC_REQUESTS and TestCase",
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except Error as error:
            raise self.failure(f"database {self.using!r}", error) from error
        except DatabaseError as error:
            explained = self.explained(error)
            if explained is error:
                raise
            raise explained from error

    def explained(self, error: DatabaseError) -> DatabaseError | BusyError:
        """The error with the reason for which the database refused, if the database gives one."""
        cause = error.__cause__
        if not isinstance(cause, Error) or not self.cause(cause) or "cause" in error.data:
            return error
        return self.failure(error.message.removesuffix(f": {words(cause)}"), cause)

    def failure(self, what: str, error: Error) -> DatabaseError | BusyError:
        """The error that begins with ``what`` and has the reason, if known, and the database's own words."""
        cause, said = self.cause(error), words(error)
        if cause is None:
            return DatabaseError(f"{what}: {said}")
        why, hint = REASONS[cause]
        return (OvertakenError if cause in _CONFLICTS else DatabaseError)(
            f"{what}: {why}: {said}",
            hint=hint.format(using=self.using, limit=self.time_limit),
            data={"cause": cause.value},
        )

    def is_over(self, error: Error) -> bool:
        """Whether nothing more can be tried in the transaction after this error."""
        return self.cause(error) in _OVER or self.connection.needs_rollback

    def is_conflict(self, error: Error) -> bool:
        """Whether the database refused because of what somebody else is writing."""
        return self.cause(error) in _CONFLICTS

    @abstractmethod
    def cause(self, error: Error) -> Fault | None:
        """Why the database refused; ``None`` for a code that is not known here."""

    @abstractmethod
    def constraint(self, error: Error) -> str:
        """The name of the constraint that a row breaks; ``""`` for any other error.

        SQLite may give only the columns of a unique constraint: ``"table.a, table.b"``.
        """

    @abstractmethod
    def is_missing_table(self, error: Error) -> bool:
        """Whether the database refused because a table or a column does not exist."""

    @contextmanager
    def _transaction(self, *, writable: bool) -> Iterator[None]:
        with transaction.atomic(using=self.using, durable=True):
            self._begin(writable=writable)
            yield

    @abstractmethod
    def _begin(self, *, writable: bool) -> None:
        """Make the new transaction see one moment, from now on."""

    # The lock of an apply

    @contextmanager
    def _lock(self, wait: LockWait) -> Iterator[None]:
        while not self._acquire():
            holder = self._holder()
            if not wait.lasts(f"another apply on database {self.using!r}{holder}"):
                raise self._busy(f"another apply holds database {self.using!r}{holder}", wait)
        session = self.connection.connection
        try:
            yield
        finally:
            # A session that has ended took its lock with it; a new one never had it.
            if session is not None and self.connection.connection is session:
                try:
                    self._release()
                except Error:
                    self.connection.close()

    def _busy(self, what: str, wait: LockWait) -> BusyError:
        if wait.seconds:
            what = f"{what}; waited {wait.seconds:g} seconds"
        return BusyError(
            what, hint="run the command again when it has ended, or with --wait SECONDS"
        )

    @abstractmethod
    def _acquire(self) -> bool:
        """Take the lock for this session without waiting; false if another session holds it."""

    @abstractmethod
    def _release(self) -> None:
        """Release the lock."""

    def _holder(self) -> str:
        """Who holds the lock, as ``" (process 12, user x)"``; ``""`` if that is not known."""
        return ""

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Sets the session's settings for an apply, and resets them at the end."""
        yield

    # Constraints

    @abstractmethod
    def defer_constraints(self) -> None:
        """Let foreign keys be broken until the end of the transaction."""

    def check_constraints(
        self, tables: Collection[str], updated: Mapping[str, AbstractSet[str]] = UNKNOWN
    ) -> None:
        """Refuse broken foreign keys, from and to these tables.

        ``updated`` are the columns of those of them of which rows were updated, and not made or deleted.

        Raises:
            DatabaseError: ``items`` names the rows, one line each.
        """
        found = [
            line
            for key in self._foreign_keys(sorted(tables))
            if key.may_break(tables, updated)
            for line in dangling(self.connection, key)
        ]
        if found:
            raise DatabaseError(
                f"database {self.using!r}: references would point at rows that do not exist",
                items=found,
            )

    @abstractmethod
    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        """Every foreign key constraint that starts or ends at one of the tables."""

    def acting_keys(self, table: str) -> list[ForeignKey]:
        """The foreign keys to the table through which the database itself deletes or changes rows."""
        return [key for key in self._foreign_keys([table]) if key.acts and key.target == table]

    def triggers(self) -> list[Trigger]:
        """The enabled triggers on the tables of this database, but for contentgit's own."""
        found = (Trigger(*row) for row in self.fetch(self.trigger_query))
        return [each for each in found if not each.name.startswith(OWN_TRIGGERS)]

    # Writing

    def insert(self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> int:
        """Insert the rows, each one parameter per column; the number of rows inserted."""
        head, marks = self._head(table, columns, ())
        count = 0
        for batch in _statements(rows, len(columns), self.statement_characters):
            parameters = [parameter for row in batch for parameter in row]
            self.execute(head + ", ".join([marks] * len(batch)), parameters)
            count += len(batch)
        return count

    def insert_returning(
        self, table: str, columns: Sequence[Column], keys: Sequence[Column], rows: Rows
    ) -> list[tuple[Any, ...]]:
        """Insert the rows; what the key columns of each hold then, as the driver gives it, in their order.

        In that order databases return them, on which Django's ``bulk_create`` relies, too. MySQL and SQLite
        before 3.35 return none: there each row is a statement.
        """
        if not self.connection.features.can_return_rows_from_bulk_insert:
            return [self._inserted(table, columns, keys, row) for row in rows]
        head, marks = self._head(table, columns, keys)
        wanted = ", ".join(key.reading(self.quoted(key.name)) for key in keys)
        found: list[tuple[Any, ...]] = []
        for batch in _statements(rows, len(columns), self.statement_characters):
            parameters = [parameter for row in batch for parameter in row]
            values = ", ".join([marks] * len(batch))
            found += self.fetch(f"{head}{values} RETURNING {wanted}", parameters)
        return found

    def _head(
        self, table: str, columns: Sequence[Column], keys: Sequence[Column]
    ) -> tuple[str, str]:
        """How a statement that inserts rows begins, and what it has for a row.

        A row without columns is named by its keys, since not every database takes an empty list.
        """
        casts = [column.cast for column in columns]
        marks = casts or [self.connection.ops.pk_default_value()] * len(keys)
        names = ", ".join(self.quoted(column.name) for column in columns or keys)
        head = f"INSERT INTO {self.quoted(table)} ({names}) VALUES "  # noqa: S608
        return head, f"({', '.join(marks)})"

    def _inserted(
        self, table: str, columns: Sequence[Column], keys: Sequence[Column], row: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        given = {column.name: value for column, value in zip(columns, row, strict=True)}
        with self.connection.cursor() as cursor:
            cursor.execute("".join(self._head(table, columns, keys)), row)
            return tuple(given.get(key.name, cursor.lastrowid) for key in keys)

    def update(
        self, table: str, columns: Sequence[Column], keys: Sequence[Column], rows: Rows
    ) -> int:
        """Write ``columns`` of the rows that ``keys`` name; the number of rows that were there.

        Each row holds one parameter per column, then one per key.
        """
        values = ", ".join(f"{self.quoted(column.name)} = {column.cast}" for column in columns)
        sql = f"UPDATE {self.quoted(table)} SET {values} WHERE {self.where(keys)}"  # noqa: S608
        return self._many(sql, rows)

    def delete(self, table: str, keys: Sequence[Column], rows: Rows) -> int:
        """Delete the rows whose key columns have these values; the number of rows deleted."""
        head = f"DELETE FROM {self.quoted(table)} WHERE "  # noqa: S608
        if len(keys) > 1:
            return self._many(head + self.where(keys), rows)
        count = 0
        for start in range(0, len(rows), STATEMENT_ROWS):
            batch = [value for (value,) in rows[start : start + STATEMENT_ROWS]]
            marks = ", ".join([keys[0].cast] * len(batch))
            count += self.execute(f"{head}{self.quoted(keys[0].name)} IN ({marks})", batch)
        return count

    @property
    def statement_characters(self) -> int:
        """How many characters of values one statement with several rows may hold."""
        return STATEMENT_CHARACTERS

    def _many(self, sql: str, rows: Rows) -> int:
        """The statement for each row; drivers send these in one go where they can."""
        if not rows:
            return 0
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows)
            return int(cursor.rowcount)

    def where(self, keys: Sequence[Column]) -> str:
        """The condition that the key columns have certain values."""
        return " AND ".join(f"{self.quoted(key.name)} = {key.cast}" for key in keys)

    def quoted(self, name: str) -> str:
        """A table's or column's name, quoted for a statement with parameters."""
        return self.connection.ops.quote_name(name).replace("%", "%%")

    def last_key(self, table: str, column: str) -> int:  # noqa: ARG002
        """The last automatic key of a table, also of a row that is gone; 0 if it is not known."""
        return 0

    def reset_sequences(self, models: Iterable[type[Model]]) -> None:  # noqa: B027
        """Make the next automatic key of each model a free one, if the database does not do so itself."""

    def reserve(self, field: AutoField[Any, Any], number: int) -> None:  # noqa: B027
        """Make the next automatic key higher than ``number``, if a transaction can do that."""


def _statements(
    rows: Iterable[tuple[Any, ...]], width: int, characters: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows in lists that one statement can hold."""
    limit = max(1, min(STATEMENT_ROWS, STATEMENT_PARAMETERS // max(width, 1)))
    batch: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        length = sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if batch and (len(batch) == limit or size + length > characters):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
