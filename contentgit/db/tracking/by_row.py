"""Triggers that run once a row: SQLite, MariaDB and MySQL."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from contentgit.db.tracking.triggers import (
    OWN_TABLES,
    PATIENCE,
    Followed,
    Triggers,
    is_among,
    number_in,
)

_MOMENT: Final = 0.05
_MOMENTS: Final = 40
"""Two seconds, in moments: a table that seems to be younger was made by another clock."""


class ByRow(Triggers):
    """Triggers that run once a row."""

    one_row: ClassVar[str]
    each_row: ClassVar[str]

    @abstractmethod
    def text(self, value: str) -> str:
        """The value, exactly, as hexadecimal digits; NULL if it is none that a key can have."""

    @abstractmethod
    def differ(self, before: str, after: str) -> str:
        """Whether two values differ in anything at all."""

    def _statements(self, name: str, tracked: int, number: int, each: Followed) -> Iterator[str]:
        def append(op: str, key: str, condition: str = "") -> str:
            where = f"{self.one_row} WHERE {condition}" if condition else ""
            return f"{self.append(tracked, number, op, key)}{where};"

        old, new = (f"{row}.{self.name(each.key)}" if each.key else "" for row in ("OLD", "NEW"))
        made, gone, written = [], [], []
        if each.key:
            made.append(append("i", self.text(new)))
            gone.append(append("d", self.text(old)))
            # Two statements: a UNION of both takes MariaDB three times as long.
            written.append(append("u", self.text(old)))
            written.append(append("u", self.text(new), self.differ(old, new)))
        elif not each.any:
            made.append(append("i", "''"))  # only so that rows can be counted
        if each.any:
            for statements in (made, gone, written):
                statements.append(append("k", "NULL"))
        elif each.decisive:
            gone.append(append("k", "NULL"))
            pairs = [(f"OLD.{self.name(c)}", f"NEW.{self.name(c)}") for c in each.decisive]
            written.append(append("k", "NULL", " OR ".join(self.differ(*pair) for pair in pairs)))
        for event, statements in (("INSERT", made), ("UPDATE", written), ("DELETE", gone)):
            if statements:
                yield (
                    f"CREATE TRIGGER {self.name(f'{name}_{event[0].lower()}')} AFTER {event} "
                    f"ON {self.name(each.table)} {self.each_row} BEGIN {' '.join(statements)} END"
                )

    def drop(self, numbers: Collection[int] | None = None) -> None:
        for name in [*self._named()]:
            if is_among(name, numbers):
                self.ways.execute(f"DROP TRIGGER IF EXISTS {self.name(name)}")


class SQLiteTriggers(ByRow):
    """A rebuilt table has lost its triggers. REPLACE deletes rows behind their back: rows are counted."""

    one_row = ""
    each_row = "FOR EACH ROW"

    def text(self, value: str) -> str:
        return (
            f"CASE typeof({value}) WHEN 'integer' THEN hex(CAST({value} AS TEXT)) "
            f"WHEN 'text' THEN hex({value}) END"
        )

    def differ(self, before: str, after: str) -> str:
        return f"quote({before}) <> quote({after})"

    def _unfit(self, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
        ((encoding,),) = self.ways.fetch("PRAGMA encoding")
        known = dict(self.ways.fetch("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        for table in tables:
            if encoding != "UTF-8":
                yield table, f"the database holds texts in {encoding}"
            elif table not in known:
                yield table, "it is not a table"
            elif known[table].upper().startswith("CREATE VIRTUAL"):
                yield table, "it is a virtual table"

    def _named(self) -> Iterator[str]:
        return (name for _, name, _ in self._all())

    def _all(self) -> list[tuple[Any, ...]]:
        return self.ways.fetch("SELECT tbl_name, name, sql FROM sqlite_master WHERE sql NOT NULL")

    def _catalog(self, tracked: int, tables: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        # Triggers and tables that were made again are the same by their texts.
        yield from self.ways.fetch("PRAGMA schema_version")
        for table, name, sql in self._all():
            if number_in(name) == tracked or (table == name and table in tables):
                yield table, name, sql


class MySQLTriggers(ByRow):
    """TRUNCATE leaves no trace but the number of rows; foreign keys that delete rows fire no triggers."""

    one_row = " FROM dual"
    each_row = "FOR EACH ROW"

    def text(self, value: str) -> str:
        return f"HEX(CONVERT({value} USING utf8mb4))"

    def differ(self, before: str, after: str) -> str:
        return f"NOT (HEX({before}) <=> HEX({after}) AND {before} <=> {after})"

    @contextmanager
    def changing(self) -> Iterator[None]:
        ((before,),) = self.ways.fetch("SELECT @@SESSION.lock_wait_timeout")
        self.ways.execute(f"SET SESSION lock_wait_timeout = {PATIENCE}")
        try:
            yield
        finally:
            if self.ways.connection.connection is not None:
                self.ways.execute(f"SET SESSION lock_wait_timeout = {int(before)}")

    def _unfit(self, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
        rows = self.ways.fetch(
            "SELECT table_name, table_type, engine, create_options FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name IN %s",
            [(*tables, "contentgit_change")],
        )
        known = {name: rest for name, *rest in rows}
        acting = {
            table: (delete, update)
            for table, delete, update in self.ways.fetch(
                "SELECT table_name, delete_rule, update_rule "
                "FROM information_schema.referential_constraints "
                "WHERE constraint_schema = DATABASE() AND table_name IN %s",
                [tuple(tables)],
            )
            if {delete, update} - {"RESTRICT", "NO ACTION"}
        }
        for table in tables:
            kind, engine, options = known.get(table, ("", "", ""))
            if kind != "BASE TABLE":
                yield table, "it is not a table"
            elif engine != "InnoDB":
                yield (
                    table,
                    f"its engine is {engine}, which keeps rows of a transaction that failed",
                )
            elif "partitioned" in (options or ""):
                yield table, "it has partitions, which can be emptied and exchanged unseen"
            elif table in acting:
                what = "deletes or changes its rows by a foreign key, which fires no trigger"
                yield table, f"the database {what}"

    def _named(self) -> Iterator[str]:
        query = (
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        )
        return (name for (name,) in self.ways.fetch(query))

    def settle(self, scope: Sequence[Followed]) -> None:
        """See the base class: the catalog knows in which second a table was altered last."""
        tables = (*OWN_TABLES, *(each.table for each in scope))
        query = (
            "SELECT COUNT(*) FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name IN %s AND create_time >= NOW()"
        )
        for _ in range(_MOMENTS):
            if self.ways.fetch(query, [tables]) == [(0,)]:
                return
            time.sleep(_MOMENT)

    def _catalog(self, tracked: int, tables: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        rows = self.ways.fetch(
            "SELECT trigger_name, event_object_table, event_manipulation, action_timing, "
            "action_statement, created, definer FROM information_schema.triggers "
            "WHERE event_object_schema = DATABASE() AND event_object_table IN %s",
            [tuple(tables)],
        )
        yield from (row for row in rows if number_in(row[0]) == tracked)
        yield from self.ways.fetch(
            "SELECT table_name, create_time, engine, table_collation FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name IN %s",
            [tuple(tables)],
        )
        yield from self.ways.fetch(
            "SELECT table_name, column_name, column_type, character_set_name, extra "
            "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name IN %s",
            [tuple(tables)],
        )

    def forget(self, seqs: Sequence[int]) -> None:
        """See the base class.

        With a condition on the table, the server may read all of it: that waits for each writer that is not
        done, and locks the end of the table against all others. So it is to look up one row after the other.
        """
        rows = " UNION ALL ".join(f"SELECT {seq} AS seq" for seq in seqs)
        self.ways.execute(
            f"DELETE c FROM ({rows}) s STRAIGHT_JOIN contentgit_change c ON c.seq = s.seq"
        )
