"""What every database can do for an apply, and what each must say for itself.

All statements go through Django's connection of the alias, so drivers stay Django's business.
Outside of :meth:`Backend.snapshot` and :meth:`Backend.exclusive` database exceptions are Django's;
these two turn what leaves them into errors of :mod:`contentgit.errors`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

from django.db import Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from contentgit.db.backends.constraints import ForeignKey, dangling
from contentgit.db.backends.patience import Patience
from contentgit.db.backends.triggers import Trigger
from contentgit.db.failures import Fault, connecting, told, words
from contentgit.db.tables import Column, Rows
from contentgit.errors import BusyError, DatabaseError

STATEMENT_ROWS = 200
STATEMENT_CHARACTERS = 500_000
STATEMENT_PARAMETERS = 30_000
"""Bounds of one statement: servers limit its bytes (MariaDB 16 MB) and parameters (65,535)."""


_CONFLICTS = frozenset({Fault.OVERTAKEN, Fault.DEADLOCK, Fault.LOCKED})
_OVER = _CONFLICTS | {Fault.LOST, Fault.ENDED, Fault.PRIVILEGE, Fault.READ_ONLY, Fault.FULL}


class Backend(ABC):
    """One database: its transactions, its lock, its bulk writes, its constraints.

    ``rows_can_move`` says whether others can commit writes while :meth:`exclusive` is open;
    ``drop_temporary`` is the statement that drops a temporary table and leaves the transaction open;
    ``time_limit`` the setting that bounds how long a statement may take.
    """

    name: ClassVar[str]
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
        """Why there is no database to look into, where to connect would make an empty one."""
        return ""

    # Schemas

    def search_path(self) -> Sequence[str]:
        """The schemas in which this session looks for tables, the first one first.

        None where a table's name means one table, whoever asks.
        """
        return ()

    def schemas(self, tables: Collection[str], *, hidden: bool = False) -> set[str]:  # noqa: ARG002
        """The schemas of the tables that these names mean in this session.

        ``hidden``: also those of other tables with these names.
        """
        return set()

    def look_into(self, schema: str) -> None:  # noqa: B027
        """Has names of tables mean those of one schema, until the transaction ends."""

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
    def exclusive(self, patience: Patience | None = None) -> Iterator[None]:
        """The one transaction of an apply: it reads one moment and is the only apply at a time.

        The lock belongs to the database session: it dies with it, and is given back in the end
        whatever happens. Where another apply has it, this one waits as long as ``patience`` says;
        the moment that is read begins after that.

        Raises:
            BusyError: another apply holds this database; the message says who, where it is known.
            DatabaseError: a transaction is open already, or the database refuses something.
        """
        self._refuse_nesting()
        patience = patience or Patience()
        with self._errors(), self._lock(patience), self._session(), self._turn(patience):
            yield

    def _turn(self, patience: Patience) -> AbstractContextManager[None]:  # noqa: ARG002
        """The writing transaction, for which a database without another lock may have to wait."""
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
        """The error, which says why the database refused where it does not yet and the database tells."""
        cause = error.__cause__
        if not isinstance(cause, Error) or not self.cause(cause) or "cause" in error.data:
            return error
        return self.failure(error.message.removesuffix(f": {words(cause)}"), cause)

    def failure(self, what: str, error: Error) -> DatabaseError | BusyError:
        """The error that begins with ``what``, says why where that is known, and has the database's words."""
        cause = self.cause(error)
        return told(cause, what, words(error), using=self.using, limit=self.time_limit)

    def is_over(self, error: Error) -> bool:
        """Whether nothing more can be tried in the transaction after this error."""
        return self.cause(error) in _OVER or self.connection.needs_rollback

    def is_conflict(self, error: Error) -> bool:
        """Whether the database refused because of what somebody else is writing."""
        return self.cause(error) in _CONFLICTS

    @abstractmethod
    def cause(self, error: Error) -> Fault | None:
        """Why the database refused; ``None`` where its code tells nothing that is known here."""

    @abstractmethod
    def constraint(self, error: Error) -> str:
        """The name of the constraint that a row breaks; ``""`` where it is another error.

        Of a unique constraint SQLite may know the columns alone: ``"table.a, table.b"``.
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
        """Make the transaction that has just been opened see one moment, from now on."""

    # The lock of an apply

    @contextmanager
    def _lock(self, patience: Patience) -> Iterator[None]:
        while not self._acquire():
            holder = self._holder()
            if not patience.lasts(f"another apply on database {self.using!r}{holder}"):
                raise self._busy(f"another apply holds database {self.using!r}{holder}", patience)
        session = self.connection.connection
        try:
            yield
        finally:
            # A session that has ended took its lock with it; a new one never had it.
            if session is not None and self.connection.connection is session:
                self._release_or_close()

    def _busy(self, what: str, patience: Patience) -> BusyError:
        if patience.seconds:
            what = f"{what}; waited {patience.seconds:g} seconds"
        return BusyError(
            what, hint="run the command again when it has ended, or with --wait SECONDS"
        )

    def _release_or_close(self) -> None:
        try:
            self._release()
        except Error:
            self.connection.close()

    @abstractmethod
    def _acquire(self) -> bool:
        """Take the lock of this session without waiting; false where another session has it."""

    @abstractmethod
    def _release(self) -> None:
        """Give the lock back."""

    def _holder(self) -> str:
        """Who holds the lock, as ``" (process 12, user x)"``; ``""`` where the database cannot tell."""
        return ""

    @contextmanager
    def _session(self) -> Iterator[None]:
        """Settings of the session while an apply runs, and back."""
        yield

    # Constraints

    @abstractmethod
    def defer_constraints(self) -> None:
        """From here to the end of the transaction, foreign keys may point nowhere for a while."""

    def check_constraints(self, tables: Collection[str]) -> None:
        """Refuse foreign keys that point nowhere, from and to these tables.

        Raises:
            DatabaseError: ``items`` names the rows, one line each.
        """
        found = [
            line
            for key in self._foreign_keys(sorted(tables))
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

    def acting_keys(self, table: str) -> list[ForeignKey]:  # noqa: ARG002
        """The foreign keys to the table by which the database deletes or changes rows of its own accord.

        None where it does not while an apply runs.
        """
        return []

    @abstractmethod
    def triggers(self) -> list[Trigger]:
        """The triggers on the tables of this database that are not switched off."""

    def _triggers(self, query: str) -> list[Trigger]:
        """The triggers that a query of table, name and body gives."""
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return [Trigger(*row) for row in cursor.fetchall()]

    # Writing

    def insert(self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> int:
        """Insert the rows, each one parameter per column; the number of rows inserted."""
        names = ", ".join(self.quoted(column.name) for column in columns)
        marks = f"({', '.join(column.cast for column in columns)})"
        head = f"INSERT INTO {self.quoted(table)} ({names}) VALUES "  # noqa: S608
        count = 0
        with self.connection.cursor() as cursor:
            for batch in _statements(rows, len(columns), self._characters()):
                parameters = [parameter for row in batch for parameter in row]
                cursor.execute(head + ", ".join([marks] * len(batch)), parameters)
                count += len(batch)
        return count

    def update(
        self, table: str, columns: Sequence[Column], keys: Sequence[Column], rows: Rows
    ) -> int:
        """Write ``columns`` of the rows that ``keys`` name; the number of rows that were there.

        Each row holds one parameter per column, then one per key.
        """
        values = ", ".join(f"{self.quoted(column.name)} = {column.cast}" for column in columns)
        sql = f"UPDATE {self.quoted(table)} SET {values} WHERE {self._where(keys)}"  # noqa: S608
        return self._many(sql, rows)

    def delete(self, table: str, keys: Sequence[Column], rows: Rows) -> int:
        """Delete the rows whose key columns have these values; the number of rows deleted."""
        head = f"DELETE FROM {self.quoted(table)} WHERE "  # noqa: S608
        if len(keys) > 1:
            return self._many(head + self._where(keys), rows)
        count = 0
        with self.connection.cursor() as cursor:
            for start in range(0, len(rows), STATEMENT_ROWS):
                batch = [value for (value,) in rows[start : start + STATEMENT_ROWS]]
                marks = ", ".join([keys[0].cast] * len(batch))
                cursor.execute(f"{head}{self.quoted(keys[0].name)} IN ({marks})", batch)
                count += cursor.rowcount
        return count

    def _characters(self) -> int:
        """How many characters of values one statement with several rows may hold."""
        return STATEMENT_CHARACTERS

    def _many(self, sql: str, rows: Rows) -> int:
        """The statement for each row; drivers send these in one go where they can."""
        if not rows:
            return 0
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows)
            return int(cursor.rowcount)

    def _where(self, keys: Sequence[Column]) -> str:
        return " AND ".join(f"{self.quoted(key.name)} = {key.cast}" for key in keys)

    def quoted(self, name: str) -> str:
        """A table's or column's name as it stands in a statement with parameters."""
        return self.connection.ops.quote_name(name).replace("%", "%%")

    def reset_sequences(self, models: Iterable[type[Model]]) -> None:  # noqa: B027
        """Let the next automatic key of each model be one that is free.

        Nothing is needed where the database moves its counter with the keys that are written.
        """


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
