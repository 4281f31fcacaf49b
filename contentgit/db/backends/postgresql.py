"""PostgreSQL: snapshots by repeatable read, the lock by an advisory lock of the session."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import Error, InterfaceError, OperationalError, transaction
from django.db.models import AutoField, Model

from contentgit.db.backends.base import Backend
from contentgit.db.backends.constraints import ForeignKey
from contentgit.db.backends.triggers import Trigger
from contentgit.db.failures import Fault, translated

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
SELECT c.oid, r.relname, ra.attname, t.relname, ta.attname, c.confdeltype IN ('c', 'n', 'd')
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
"""By SQLSTATE. A session is lost where the server shuts down or starts, or ended it as idle or too long."""

MISSING = {"42P01", "42703"}
"""Undefined table, undefined column."""

TRIGGERS = """
SELECT c.relname, t.tgname, CASE WHEN l.lanname IN ('c', 'internal') THEN '' ELSE p.prosrc END
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND pg_table_is_visible(c.oid)
"""


class PostgreSQL(Backend):
    """A row that somebody else changed after the snapshot refuses to be written."""

    name = "postgresql"
    time_limit = "statement_timeout"

    def cause(self, error: Error) -> Fault | None:
        state = _state(error)
        if state is None:  # the driver's own words; it never was there where there is no session
            own = isinstance(error, (OperationalError, InterfaceError))
            return Fault.LOST if own and self.connection.connection is not None else None
        if state.startswith("08"):
            return Fault.LOST
        diagnosis = getattr(error.__cause__, "diag", None)
        if state.startswith("23") and not getattr(diagnosis, "constraint_name", None):
            # A function may raise with the code of a constraint, but has none.
            in_function = " function " in (getattr(diagnosis, "context", None) or "")
            return Fault.RAISED if in_function else None
        return CAUSES.get(state)

    def constraint(self, error: Error) -> str:
        diagnosis = getattr(error.__cause__, "diag", None)
        return getattr(diagnosis, "constraint_name", None) or ""

    def is_missing_table(self, error: Error) -> bool:
        return _state(error) in MISSING

    def search_path(self) -> Sequence[str]:
        ((names,),) = self._rows("SELECT current_schemas(false)::text[]")
        return tuple(names)

    def schemas(self, tables: Collection[str], *, hidden: bool = False) -> set[str]:
        return {name for (name,) in self._rows(SCHEMAS, [list(tables), hidden])}

    def look_into(self, schema: str) -> None:
        self._rows("SELECT set_config('search_path', quote_ident(%s), true)", [schema])

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with translated(f"database {self.using!r}"), self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def _begin(self, *, writable: bool) -> None:
        access = "READ WRITE" if writable else "READ ONLY"
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ {access}")
            # The moment that is seen is that of the first query. A server, role or project may have
            # set numbers to be rounded on their way out. Where row level security would hide rows, an
            # error says so: rows that are not seen would be committed as deleted.
            cursor.execute(
                "SELECT set_config('extra_float_digits', '1', true), "
                "set_config('row_security', 'off', true)"
            )

    def _acquire(self) -> bool:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            return bool(cursor.fetchone()[0])

    def _release(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    def _holder(self) -> str:
        with self.connection.cursor() as cursor:
            cursor.execute(HOLDER, [LOCK >> 32 & 0xFFFFFFFF, LOCK & 0xFFFFFFFF])
            row = cursor.fetchone()
        if row is None:
            return ""
        process, user, application, address = row
        known = [f"process {process}", f"user {user}", application, address and f"from {address}"]
        return f" ({', '.join(part for part in known if part)})"

    def defer_constraints(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    def triggers(self) -> list[Trigger]:
        return self._triggers(TRIGGERS)

    def check_constraints(self, tables: Collection[str]) -> None:
        try:
            with transaction.atomic(using=self.using), self.connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except Error as error:
            super().check_constraints(tables)  # names all the rows, where a reference is at fault
            raise self.failure(f"database {self.using!r}", error) from error

    def acting_keys(self, table: str) -> list[ForeignKey]:
        return [key for key in self._foreign_keys([table]) if key.acts and key.target == table]

    def _foreign_keys(self, tables: Sequence[str]) -> list[ForeignKey]:
        with self.connection.cursor() as cursor:
            cursor.execute(FOREIGN_KEYS, [list(tables), list(tables)])
            rows = cursor.fetchall()
        found: dict[int, list[tuple[str, str, str, str, bool]]] = {}
        for number, *parts in rows:
            found.setdefault(number, []).append(tuple(parts))
        return [
            ForeignKey(
                parts[0][0],
                tuple(own for _, own, _, _, _ in parts),
                parts[0][2],
                tuple(other for _, _, _, other, _ in parts),
                parts[0][4],
            )
            for parts in found.values()
        ]

    def reset_sequences(self, models: Iterable[type[Model]]) -> None:
        """See :meth:`Backend.reset_sequences`.

        Sequences are outside of transactions: others may have moved them on to keys that this
        snapshot does not show. So one is only ever moved forward, unlike in ``sqlsequencereset``.
        """
        fields = [
            field
            for model in models
            for field in model._meta.local_concrete_fields
            if isinstance(field, AutoField)
        ]
        if not fields:
            return
        parts: list[str] = []
        parameters: list[str] = []
        for field in fields:
            table, column = self.quoted(field.model._meta.db_table), self.quoted(field.column)
            parts.append(
                "SELECT setval(s.name, m.top) FROM"  # noqa: S608
                " (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name) s,"
                f" (SELECT max({column}) AS top FROM {table}) m"
                " WHERE m.top > coalesce(pg_sequence_last_value(s.name), 0)"
            )
            parameters += [table.replace("%%", "%"), field.column]
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), parameters)


def _state(error: Error) -> str | None:
    cause = error.__cause__
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state
