"""Triggers that run once a statement: PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from contentgit.db.backends.catalog import OWN_TRIGGERS
from contentgit.db.tracking.triggers import PATIENCE, Followed, Triggers, is_among


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
                yield table, "it is not a table"
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
            return f"{self.append(tracked, number, op, key, side)}{rest};"

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
        rows = [row for row in self._all() if is_among(row[0], numbers)]
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
