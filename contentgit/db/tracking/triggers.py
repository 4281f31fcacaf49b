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

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.db.backends import Backend, backend
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
        return {number for name in self._named() if (number := _number(name)) is not None}

    @abstractmethod
    def _named(self) -> Iterator[str]:
        """The names of the triggers of this database."""

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

    def _append(self, tracked: int, number: int, op: str, key: str, table: str = "") -> str:
        target = table or "contentgit_change"
        return (
            f"INSERT INTO {target} (tracked, number, op, {self.name('key')}) "
            f"SELECT {tracked}, {number}, '{op}', {key}"
        )


class _ByRow(Triggers):
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
            return f"{self._append(tracked, number, op, key)}{where};"

        old, new = (f"{row}.{self.name(each.key)}" if each.key else "" for row in ("OLD", "NEW"))
        made, gone, written = [], [], []
        if each.key:
            made.append(append("i", self.text(new)))
            gone.append(append("d", self.text(old)))
            both = f"{self._append(tracked, number, 'u', self.text(old))} UNION "
            written.append(f"{both}SELECT {tracked}, {number}, 'u', {self.text(new)};")
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
            if _is_among(name, numbers):
                self.ways.execute(f"DROP TRIGGER IF EXISTS {self.name(name)}")


def _number(name: str) -> int | None:
    """The number of the dump that a trigger is for; ``None`` if it is none of contentgit's."""
    number = name.removeprefix(OWN_TRIGGERS).partition("_")[0]
    return int(number) if name.startswith(OWN_TRIGGERS) and number.isdecimal() else None


def _is_among(name: str, numbers: Collection[int] | None) -> bool:
    number = _number(name)
    return number is not None and (numbers is None or number in numbers)


class SQLiteTriggers(_ByRow):
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
                yield table, "it is no table"
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
            if _number(name) == tracked or (table == name and table in tables):
                yield table, name, sql


class MySQLTriggers(_ByRow):
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
                yield table, "it is no table"
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

    def _catalog(self, tracked: int, tables: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        rows = self.ways.fetch(
            "SELECT trigger_name, event_object_table, event_manipulation, action_timing, "
            "action_statement, created, definer FROM information_schema.triggers "
            "WHERE event_object_schema = DATABASE() AND event_object_table IN %s",
            [tuple(tables)],
        )
        yield from (row for row in rows if _number(row[0]) == tracked)
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


class PostgreSQLTriggers(Triggers):
    """Triggers of statements, which see all their rows at once, also of TRUNCATE and as a replica.

    Logical replication fires none of them.
    """

    counts = False

    @contextmanager
    def changing(self) -> Iterator[None]:
        with super().changing():
            self.ways.execute(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
            yield

    def _unfit(self, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
        rows = self.ways.fetch(
            "SELECT c.relname, c.relkind::text, c.relispartition, EXISTS (SELECT FROM pg_inherits i "
            "WHERE c.oid IN (i.inhrelid, i.inhparent)), c.relpersistence::text, "
            "EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid) FROM pg_class c "
            "WHERE c.relname = ANY(%s) AND pg_table_is_visible(c.oid)",
            [list(tables)],
        )
        known = {name: rest for name, *rest in rows}
        for table in tables:
            kind, is_partition, inherits, lasts, replicated = known.get(table, ("",) * 5)
            if kind == "p" or is_partition:
                yield table, "it has partitions, which can be written and emptied unseen"
            elif kind != "r":
                yield table, "it is no table"
            elif inherits:
                yield table, "tables inherit from it, or it from others"
            elif lasts != "p":
                yield table, "it is emptied when the server crashes"
            elif replicated:
                yield table, "a subscription writes to it, which fires no such trigger"

    def _statements(self, name: str, tracked: int, number: int, each: Followed) -> Iterator[str]:
        ((schema,),) = self.ways.fetch(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.oid = 'contentgit_change'::regclass"
        )
        side = f"{self.name(schema)}.contentgit_change"
        function = f"{self.name(schema)}.{self.name(name)}"
        table = self.name(each.table)
        yield (
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
            f"SET search_path = pg_catalog, pg_temp AS $contentgit$ "
            f"{self._body(tracked, number, each, side)} $contentgit$"
        )
        yield f"REVOKE EXECUTE ON FUNCTION {function}() FROM PUBLIC"
        rows = {
            "i": "INSERT ON {} REFERENCING NEW TABLE AS cg_new",
            "u": "UPDATE ON {} REFERENCING OLD TABLE AS cg_old NEW TABLE AS cg_new",
            "d": "DELETE ON {} REFERENCING OLD TABLE AS cg_old",
            "t": "TRUNCATE ON {}",
        }
        for event, what in rows.items():
            trigger = self.name(f"{name}_{event}")
            yield (
                f"CREATE TRIGGER {trigger} AFTER {what.format(table)} FOR EACH STATEMENT "
                f"EXECUTE FUNCTION {function}()"
            )
            yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"

    def _body(self, tracked: int, number: int, each: Followed, side: str) -> str:
        def append(op: str, key: str, rest: str = "") -> str:
            return f"{self._append(tracked, number, op, key, side)}{rest};"

        def text(row: str) -> str:
            return f"encode(convert_to({row}.{self.name(each.key)}::text, 'UTF8'), 'hex')"

        unknown = append("k", "NULL")
        if each.any:
            return f"BEGIN {unknown} RETURN NULL; END"
        made = append("i", text("n"), " FROM cg_new n") if each.key else ""
        gone = append("d", text("o"), " FROM cg_old o") if each.key else ""
        both = f"SELECT {text('o')} AS k FROM cg_old o UNION SELECT {text('n')} FROM cg_new n"  # noqa: S608
        written = append("u", "b.k", f" FROM ({both}) b") if each.key else ""
        if each.decisive:
            gone += f" IF EXISTS (SELECT FROM cg_old) THEN {unknown} END IF;"
            rows = [
                "SELECT "
                + ", ".join(f"convert_to(r.{self.name(c)}::text, 'UTF8')" for c in each.decisive)
                + ", count(*) "
                + f"FROM {name} r GROUP BY {', '.join(str(n + 1) for n in range(len(each.decisive)))}"
                for name in ("cg_old", "cg_new")
            ]
            written += f" IF EXISTS ({rows[0]} EXCEPT {rows[1]}) THEN {unknown} END IF;"
        return (
            f"BEGIN IF tg_op = 'INSERT' THEN {made or 'NULL;'} "
            f"ELSIF tg_op = 'DELETE' THEN {gone or 'NULL;'} "
            f"ELSIF tg_op = 'UPDATE' THEN {written or 'NULL;'} "
            f"ELSE {unknown} END IF; RETURN NULL; END"
        )

    def _all(self) -> list[tuple[str, str, str]]:
        return self.ways.fetch(
            "SELECT t.tgname, t.tgrelid::regclass::text, t.tgfoid::regprocedure::text "
            "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN pg_class c ON c.oid = to_regclass('contentgit_change') "
            "AND c.relnamespace = p.pronamespace "  # each tenant may have tables of its own
            "WHERE NOT t.tgisinternal AND starts_with(t.tgname::text, %s)",
            [OWN_TRIGGERS],
        )

    def _named(self) -> Iterator[str]:
        return (name for name, *_ in self._all())

    def drop(self, numbers: Collection[int] | None = None) -> None:
        rows = [row for row in self._all() if _is_among(row[0], numbers)]
        for name, table, _ in rows:
            self.ways.execute(f"DROP TRIGGER {self.name(name)} ON {table}")
        for function in sorted({function for *_, function in rows}):
            self.ways.execute(f"DROP FUNCTION {function}")

    def _catalog(self, tracked: int, tables: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        yield from self.ways.fetch(
            "SELECT t.tgrelid::text, t.oid::text, t.xmin::text, t.tgenabled::text, t.tgtype, t.tgname, "
            "p.oid::text, p.xmin::text, md5(p.prosrc) "
            "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN pg_class o ON o.oid = to_regclass('contentgit_change') "
            "AND o.relnamespace = p.pronamespace "
            "WHERE NOT t.tgisinternal AND starts_with(t.tgname::text, %s)",
            [f"{OWN_TRIGGERS}{tracked}_"],
        )
        yield from self.ways.fetch(
            "SELECT c.oid::text, c.relname, pg_relation_filenode(c.oid), c.relispartition, c.relhassubclass, "
            "c.relpersistence::text, EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid), "
            "(SELECT array_agg((a.attnum, a.attname, a.atttypid, a.atttypmod)::text ORDER BY a.attnum) "
            "FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) "
            "FROM pg_class c WHERE c.relname = ANY(%s) AND pg_table_is_visible(c.oid)",
            [list(tables)],
        )


_KINDS: Final[dict[str, type[Triggers]]] = {
    "sqlite": SQLiteTriggers,
    "postgresql": PostgreSQLTriggers,
    "mysql": MySQLTriggers,
}


def triggers(using: str) -> Triggers:
    """The triggers in the database ``using``."""
    return _KINDS[connections[using].vendor](backend(using))


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
