"""The triggers that write down which rows of a dump are written: what each kind of database has for that.

A trigger appends a row and asks nothing: whoever waits, looks something up or leaves out what seems to be
the same loses keys, or makes others wait. See ``docs/decisions/0013-tracking-is-an-index.md``.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final, NamedTuple

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.db.backends import Backend
from contentgit.db.backends.catalog import OWN_TRIGGERS

OWN_TABLES: Final = ("contentgit_tracked", "contentgit_change")

PATIENCE: Final = 10
"""Seconds that making a trigger waits for those who write to its table."""


class Followed(NamedTuple):
    """One table of which changes are written down.

    ``label`` is the model whose record a row belongs to, ``key`` the column with its primary key; both are
    ``""`` for a table outside of the dump. ``decisive`` columns are those by which records are called, or
    chosen, elsewhere, with those of the primary key: a row that changes there or goes leaves nothing known.
    ``any`` is whether every change of the table does.
    """

    table: str
    label: str = ""
    key: str = ""
    decisive: tuple[str, ...] = ()
    any: bool = False


class Triggers(ABC):
    """The triggers in one database. ``counts`` is whether rows can come and go without any trigger."""

    counts: ClassVar[bool] = True

    def __init__(self, ways: Backend) -> None:
        self.ways = ways

    def unfit(self, scope: Sequence[Followed]) -> dict[str, str]:
        """Why triggers would not see all that happens to a table, by table."""
        tables = [each.table for each in scope]
        return dict(self._unfit(tables)) if tables else {}

    @abstractmethod
    def _unfit(self, tables: Sequence[str]) -> Iterator[tuple[str, str]]: ...

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Triggers are made and dropped in the body, in one transaction where the database can do that."""
        if self.ways.connection.features.can_rollback_ddl:
            with transaction.atomic(using=self.ways.using):
                yield
        else:
            yield

    def make(self, tracked: int, token: str, scope: Sequence[Followed]) -> None:
        """Make the triggers of a dump."""
        for number, each in enumerate(scope):
            name = f"{OWN_TRIGGERS}{tracked}_{number}_{token}"
            for statement in self._statements(name, tracked, number, each):
                self.ways.execute(statement)

    @abstractmethod
    def _statements(
        self, name: str, tracked: int, number: int, each: Followed
    ) -> Iterator[str]: ...

    @abstractmethod
    def drop(self, numbers: Collection[int] | None = None) -> None:
        """Drop the triggers of these dumps, by their numbers; without numbers all."""

    def numbers(self) -> set[int]:
        """The numbers of dumps that have triggers."""
        return {number for name in self._named() if (number := number_in(name)) is not None}

    @abstractmethod
    def _named(self) -> Iterator[str]:
        """The names of the triggers of this database."""

    def settle(self, scope: Sequence[Followed]) -> None:  # noqa: B027 - most know each change
        """Wait until tables that are altered from now on look otherwise to :meth:`proof`."""

    def proof(self, tracked: int, scope: Sequence[Followed]) -> str:
        """A digest of the triggers and their tables, the own ones among them.

        It is another one after whatever was done to these.
        """
        tables = [*OWN_TABLES, *(each.table for each in scope)]
        found = sorted(repr(row) for row in self._catalog(tracked, tables))
        return hashlib.sha256("\n".join(found).encode()).hexdigest()

    @abstractmethod
    def _catalog(self, tracked: int, tables: Sequence[str]) -> Iterator[tuple[Any, ...]]: ...

    def forget(self, seqs: Sequence[int]) -> None:
        """Delete just these changes."""
        marks = ", ".join(map(str, seqs))
        self.ways.execute(f"DELETE FROM contentgit_change WHERE seq IN ({marks})")  # noqa: S608

    def name(self, name: str) -> str:
        """A name, quoted."""
        return self.ways.connection.ops.quote_name(name)

    def append(self, tracked: int, number: int, op: str, key: str, table: str = "") -> str:
        target = table or "contentgit_change"
        return (
            f"INSERT INTO {target} (tracked, number, op, {self.name('key')}) "
            f"SELECT {tracked}, {number}, '{op}', {key}"
        )


def number_in(name: str) -> int | None:
    """The number of the dump that a trigger is for; ``None`` if it is none of contentgit's."""
    number = name.removeprefix(OWN_TRIGGERS).partition("_")[0]
    return int(number) if name.startswith(OWN_TRIGGERS) and number.isdecimal() else None


def is_among(name: str, numbers: Collection[int] | None) -> bool:
    number = number_in(name)
    return number is not None and (numbers is None or number in numbers)


def is_there(connection: BaseDatabaseWrapper) -> bool:
    """Whether the database has the tables of tracking."""
    with connection.cursor() as cursor:
        return {*OWN_TABLES} <= {*connection.introspection.table_names(cursor)}


def is_readable(connection: BaseDatabaseWrapper) -> bool:
    """Whether there are the tables of tracking, and this user may read them; else nothing is tracked.

    To ask them would end a transaction on PostgreSQL, also of a user with the privileges of an older version.
    """
    if connection.vendor != "postgresql":
        return is_there(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) = 2 FROM pg_class c WHERE pg_table_is_visible(c.oid) AND c.relkind = 'r' "
            "AND c.relname IN ('contentgit_tracked', 'contentgit_change') "
            "AND has_table_privilege(c.oid, 'SELECT')"
        )
        return bool(cursor.fetchone()[0])
