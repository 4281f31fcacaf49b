"""Whole SQLite databases in raw SQL, without Django: read, compare, empty, renumber.

What is compared is every row of every table, value for value and type for type; JSON by its value, in
which the order of keys means nothing. Left out are the ids that only one database knows: those of
automatic many-to-many rows, and those of content types, permissions, groups, sites and Wagtail's
locales, for which what names them everywhere is compared.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

Row: TypeAlias = tuple[str, ...]
Snapshot: TypeAlias = dict[str, Counter[Row]]

NAMES = {
    "django_content_type": "SELECT id, app_label || '.' || model FROM django_content_type",
    "auth_permission": (
        "SELECT p.id, c.app_label || '.' || c.model || '.' || p.codename"
        " FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id"
    ),
    "auth_group": "SELECT id, name FROM auth_group",
    "django_site": "SELECT id, domain FROM django_site",
    "wagtailcore_locale": "SELECT id, language_code FROM wagtailcore_locale",
}
"""Tables whose ids are local to a database, and what names a row of theirs everywhere."""

OWN = ("contentgit_", "sqlite_", "django_migrations")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at ``path`` with foreign keys off; committed at the end."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection
        connection.commit()


def names(connection: sqlite3.Connection) -> list[str]:
    """The tables with rows of their own, without those of full-text indexes and of contentgit."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    ).fetchall()
    virtual = [name for name, sql in found if sql and sql.upper().startswith("CREATE VIRTUAL")]
    return sorted(
        name
        for name, _ in found
        if not name.startswith(OWN) and not any(name.startswith(index) for index in virtual)
    )


def read(path: Path, without_ids: Collection[str], skip: Collection[str] = ()) -> Snapshot:
    """All rows by table, except of the tables in ``skip``, without the ids of ``without_ids``."""
    with opened(path) as connection:
        known = names(connection)
        local = {
            table: dict(connection.execute(query).fetchall())
            for table, query in NAMES.items()
            if table in known
        }
        return {
            table: Counter(_rows(connection, table, table in without_ids, local))
            for table in known
            if table not in skip
        }


def _rows(
    connection: sqlite3.Connection, table: str, idless: bool, local: dict[str, dict[object, str]]
) -> Iterator[Row]:
    keys = {column: target for column, target in _references(connection, table) if target in local}
    columns = [name for name, _, _ in _columns(connection, table)]
    if idless or table in local:
        columns.remove("id")
    documents = _documents(connection, table)

    def said(column: str, value: object) -> str:
        if column in keys:
            return str(value and local[keys[column]].get(value, f"dangling {value}"))
        if column in documents and isinstance(value, str):
            return json.dumps(json.loads(value), sort_keys=True)
        return repr(value)

    quoted = ", ".join(f'"{column}"' for column in columns)
    for row in connection.execute(f'SELECT {quoted} FROM "{table}"'):
        yield tuple(f"{name}={said(name, value)}" for name, value in zip(columns, row, strict=True))


def _documents(connection: sqlite3.Connection, table: str) -> set[str]:
    """The columns that hold JSON: Django has SQLite check these."""
    query = "SELECT sql FROM sqlite_master WHERE name = ?"
    (sql,) = connection.execute(query, [table]).fetchone()
    return set(re.findall(r'JSON_VALID\("(\w+)"\)', sql))


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, bool, str]]:
    """Names, sorted, whether each is of the primary key, and its declared type."""
    found = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return sorted((name, bool(key), kind) for _, name, kind, _, _, key in found)


def _references(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    found = connection.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    return [(row[3], row[2]) for row in found]


def differences(before: Snapshot, after: Snapshot, most: int = 5) -> list[str]:
    """A line for each table that differs and for its first rows; empty where both are equal."""
    lines = []
    for table in sorted(before.keys() | after.keys()):
        old, new = before.get(table, Counter()), after.get(table, Counter())
        gone, come = old - new, new - old
        if gone or come:
            lines.append(f"{table}: {old.total()} rows before, {new.total()} after")
            lines += [f"  - {'  '.join(row)}" for row in list(gone)[:most]]
            lines += [f"  + {'  '.join(row)}" for row in list(come)[:most]]
    return lines


def empty(path: Path, tables: Collection[str]) -> int:
    """Deletes all rows of ``tables``; how many there were."""
    with opened(path) as connection:
        return sum(connection.execute(f'DELETE FROM "{table}"').rowcount for table in tables)


def forget(path: Path) -> None:
    """Empties the ledger, as if nothing had ever been applied to the database."""
    with opened(path) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'contentgit_%'"
        )
        for (table,) in found.fetchall():
            connection.execute(f'DELETE FROM "{table}"')


def renumber(path: Path, by: int) -> None:
    """Gives every row with an integer key another one, and brings the references to it along.

    Rows that come later have keys that are as far from those that they would get.
    """
    with opened(path) as connection:
        _begin_later(connection, by)
        for table in names(connection):
            references = dict(_references(connection, table))
            for column, key, kind in _columns(connection, table):
                if not (key or column in references) or not kind.lower().startswith(
                    ("int", "bigint")
                ):
                    continue
                # Twice, so that no row gets the number that its neighbour still has.
                for change in (f'-"{column}" - {by}', f'-"{column}"'):
                    connection.execute(f'UPDATE "{table}" SET "{column}" = {change}')


def _begin_later(connection: sqlite3.Connection, by: int) -> None:
    found = connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    last = dict(found)
    created = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    numbered = [name for name, sql in created.fetchall() if "AUTOINCREMENT" in (sql or "")]
    connection.execute("DELETE FROM sqlite_sequence")
    pairs = [(name, last.get(name, 0) + by * (not name.startswith(OWN))) for name in numbered]
    connection.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", pairs)
