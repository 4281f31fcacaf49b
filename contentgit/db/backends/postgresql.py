"""PostgreSQL: snapshots by repeatable read, the lock by an advisory lock of the session."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, partial
from typing import Any

from django.db import Error, InterfaceError, OperationalError, transaction
from django.db.models import AutoField, Model

from contentgit.db.backends.base import Backend
from contentgit.db.backends.catalog import UNKNOWN, ForeignKey, foreign_keys
from contentgit.db.failures import Fault, translated
from contentgit.db.tables import Column, Rows

LOCK = int.from_bytes(hashlib.sha256(b"contentgit apply").digest()[:8], "big", signed=True)
"""The key of the advisory lock; such keys are the database's own, so no name of it is needed."""

HOLDER = """
SELECT a.pid, a.usename, a.application_name, a.client_addr::text
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.classid::bigint = %s AND l.objid::bigint = %s
"""

FOREIGN_KEYS = """
SELECT r.relname, c.oid, ra.attname, t.relname, ta.attname, c.confdeltype IN ('c', 'n', 'd')
FROM pg_constraint c
JOIN pg_class r ON r.oid = c.conrelid
JOIN pg_class t ON t.oid = c.confrelid
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (own, other, place)
JOIN pg_attribute ra ON ra.attrelid = c.conrelid AND ra.attnum = k.own
JOIN pg_attribute ta ON ta.attrelid = c.confrelid AND ta.attnum = k.other
WHERE c.contype = 'f' AND pg_table_is_visible(r.oid) AND (r.relname = ANY(%s) OR t.relname = ANY(%s))
ORDER BY r.relname, c.conname, c.oid, k.place
"""

SCHEMAS = """
SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND (%s OR pg_table_is_visible(c.oid))
"""

CAUSES = {
    "40001": Fault.OVERTAKEN,  # serialization failure
    "40P01": Fault.DEADLOCK,
    "55P03": Fault.LOCKED,  # lock_timeout, NOWAIT
    "57014": Fault.ENDED,  # statement_timeout, pg_cancel_backend()
    "42501": Fault.PRIVILEGE,
    "25006": Fault.READ_ONLY,
    "53100": Fault.FULL,
    "P0001": Fault.RAISED,  # RAISE without a code
    **dict.fromkeys(("57P01", "57P02", "57P03", "57P05", "25P03", "25P04"), Fault.LOST),
}
"""By SQLSTATE. A session is lost when the server shuts down or starts, or ends it as idle or too long."""

MISSING = {"42P01", "42703"}
"""Undefined table, undefined column."""

TRIGGERS = """
SELECT c.relname, t.tgname, CASE WHEN l.lanname IN ('c', 'internal') THEN '' ELSE p.prosrc END
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND pg_table_is_visible(c.oid)
"""


COPYABLE = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relhasrules AND NOT relrowsecurity AND pg_table_is_visible(oid)
"""

_COPIED = 2
"""Fewer rows are inserted."""

_CAST = re.compile(r"CAST\(%s AS [^%]+\)")
"""What names the type of the column alone."""


class PostgreSQL(Backend):
    """A row that somebody else changed after the snapshot refuses to be written."""

    name = "postgresql"
    time_limit = "statement_timeout"
    trigger_query = TRIGGERS

    def cause(self, error: Error) -> Fault | None:
        state = _state(error)
        if state is None:  # raised by the driver; without a session there was no connection to lose
            own = isinstance(error, (OperationalError, InterfaceError))
            return Fault.LOST if own and self.connection.connection is not None else None
        if state.startswith("08"):
            return Fault.LOST
        diagnosis = getattr(error.__cause__, "diag", None)
        if state.startswith("23") and not getattr(diagnosis, "constraint_name", None):
            # A function may raise the code of a constraint without having one.
            in_function = " function " in (getattr(diagnosis, "context", None) or "")
            return Fault.RAISED if in_function else None
        return CAUSES.get(state)

    def constraint(self, error: Error) -> str:
        diagnosis = getattr(error.__cause__, "diag", None)
        return getattr(diagnosis, "constraint_name", None) or ""

    def is_missing_table(self, error: Error) -> bool:
        return _state(error) in MISSING

    def search_path(self) -> Sequence[str]:
        ((names,),) = self._translated("SELECT current_schemas(false)::text[]")
        return tuple(names)

    def schemas(self, tables: Collection[str], *, hidden: bool = False) -> set[str]:
        return {name for (name,) in self._translated(SCHEMAS, [list(tables), hidden])}

    def look_into(self, schema: str) -> None:
        self._translated("SELECT set_config('search_path', quote_ident(%s), true)", [schema])

    def _translated(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with translated(f"database {self.using!r}"):
            return self.fetch(sql, params)

    def _begin(self, *, writable: bool) -> None:
        access = "READ WRITE" if writable else "READ ONLY"
        self.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ {access}")
        # The first query fixes the snapshot. A server, role or project may have set numbers to be rounded
        # in results. Without row level security hidden rows are an error: they would be committed as
        # deleted.
        self.execute(
            "SELECT set_config('extra_float_digits', '1', true), "
            "set_config('row_security', 'off', true)"
        )

    def _acquire(self) -> bool:
        return bool(self.fetch("SELECT pg_try_advisory_lock(%s)", [LOCK])[0][0])

    def _release(self) -> None:
        self.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    def _holder(self) -> str:
        rows = self.fetch(HOLDER, [LOCK >> 32 & 0xFFFFFFFF, LOCK & 0xFFFFFFFF])
        if not rows:
            return ""
        process, user, application, address = rows[0]
        known = [f"process {process}", f"user {user}", application, address and f"from {address}"]
        return f" ({', '.join(part for part in known if part)})"

    def defer_constraints(self) -> None:
        self.execute("SET CONSTRAINTS ALL DEFERRED")

    def check_constraints(
        self, tables: Collection[str], updated: Mapping[str, AbstractSet[str]] = UNKNOWN
    ) -> None:
        """See :meth:`Backend.check_constraints`: the database knows itself which rows were written."""
        try:
            with transaction.atomic(using=self.using):
                self.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except Error as error:
            super().check_constraints(
                tables, updated
            )  # names all the rows, if a reference is broken
            raise self.failure(f"database {self.using!r}", error) from error

    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        return foreign_keys(self.fetch(FOREIGN_KEYS, [list(tables), list(tables)]))

    # Writing

    def insert(self, table: str, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> int:
        """See :meth:`Backend.insert`: many rows are copied, which spares both sides the parsing of SQL.

        A statement is used where it would do something else, for values that it converts and for tables with
        rules; and where the copy is refused, so that there is one way in which errors come.
        """
        rows = list(rows)
        plain = all(column.cast == "%s" or _CAST.fullmatch(column.cast) for column in columns)
        if len(rows) < _COPIED or not plain or table not in self._copyable:
            return super().insert(table, columns, rows)
        quoted = self.connection.ops.quote_name
        names = ", ".join(quoted(column.name) for column in columns)
        try:
            with transaction.atomic(using=self.using):
                self._copy(f"COPY {quoted(table)} ({names}) FROM STDIN", rows)
        except Error as error:
            if self.is_over(error):
                raise
            return super().insert(table, columns, rows)
        return len(rows)

    def _copy(self, sql: str, rows: Rows) -> None:
        def run(sql: str, *_: object) -> None:
            with cursor.copy(sql) as copy:
                for row in rows:
                    copy.write_row(row)

        with self.connection.cursor() as cursor, self.connection.wrap_database_errors:
            told: Callable[..., object] = run
            for wrapper in reversed(self.connection.execute_wrappers):
                told = partial(wrapper, told)
            told(sql, None, False, {"connection": self.connection, "cursor": cursor})

    @cached_property
    def _copyable(self) -> frozenset[str]:
        """The names of the tables into which rows can be copied."""
        with self.connection.cursor() as cursor:
            if not hasattr(cursor, "copy"):  # an older driver
                return frozenset()
        return frozenset(name for (name,) in self.fetch(COPYABLE))

    def last_key(self, table: str, column: str) -> int:
        sql = (
            "SELECT CASE WHEN has_sequence_privilege(s.name, 'USAGE, SELECT')"
            " THEN pg_sequence_last_value(s.name) END"
            " FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name) s"
        )
        ((found,),) = self.fetch(sql, [self.quoted(table).replace("%%", "%"), column])
        return found or 0

    def reset_sequences(self, models: Iterable[type[Model]]) -> None:
        """See :meth:`Backend.reset_sequences`.

        Sequences are outside of transactions: others may have moved them to keys that this snapshot
        does not show. So a sequence is only moved forward, unlike in ``sqlsequencereset``.
        """
        parts: list[str] = []
        parameters: list[str] = []
        fields = (field for model in models for field in model._meta.local_concrete_fields)
        for field in fields:
            if not isinstance(field, AutoField):
                continue
            table, column = self.quoted(field.model._meta.db_table), self.quoted(field.column)
            parts.append(
                "SELECT setval(s.name, m.top) FROM"  # noqa: S608
                " (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name) s,"
                f" (SELECT max({column}) AS top FROM {table}) m"
                " WHERE m.top > coalesce(pg_sequence_last_value(s.name), 0)"
            )
            parameters += [table.replace("%%", "%"), field.column]
        if parts:
            self.execute(" UNION ALL ".join(parts), parameters)

    def reserve(self, field: AutoField[Any, Any], number: int) -> None:
        """See :meth:`Backend.reserve`."""
        table = self.quoted(field.model._meta.db_table).replace("%%", "%")
        self.execute(
            "SELECT setval(s.name, %s) FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name) s"
            " WHERE %s > coalesce(pg_sequence_last_value(s.name), 0)",
            [number, table, field.column, number],
        )


def _state(error: Error) -> str | None:
    cause = error.__cause__
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state
