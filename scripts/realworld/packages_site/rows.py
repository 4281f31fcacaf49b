"""All rows of the site in raw SQL, with titles in place of keys: ``python -m packages_site.rows``.

A foreign key is one by the database; of other columns that hold keys the module of the package says of which
table (``KEYS``), or in which column the content type is. ``TITLES`` names the column that is a row's title,
``VALUES`` what makes a value of a column comparable, ``LOCAL`` the columns that are left out, ``BOTH`` the
tables in which both sides edit one row.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from typing import Any

import django
from django.conf import settings

OWN = ("contentgit_", "sqlite_", "django_migrations", "django_admin_log", "django_session")
TITLES = {
    "auth_user": "username",
    "auth_group": "name",
    "auth_permission": "codename",
    "django_content_type": "model",
    "django_site": "domain",
}


class Rows:
    """The rows of a database, which are read once."""

    def __init__(self, connection: sqlite3.Connection, site: Any) -> None:
        self.connection, self.site = connection, site
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name for (name,) in connection.execute(query)]
        skip = (*OWN, *getattr(site, "SKIP", ()))
        self.tables = [name for name in names if not name.startswith(skip)]
        self.rows = {each: self._read(each) for each in self.tables}
        self.targets = {each: self._targets(each) for each in self.tables}
        self.keys = {each: self._key(each) for each in self.tables}
        self.titles = TITLES | site.TITLES
        found = connection.execute("SELECT id, app_label, model FROM django_content_type")
        self.kinds = {pk: f"{label}_{model}" for pk, label, model in found}

    def _read(self, table: str) -> list[Mapping[str, Any]]:
        found = self.connection.execute(f'SELECT * FROM "{table}"')
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def _targets(self, table: str) -> dict[str, tuple[str, str]]:
        found = self.connection.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
        # A column may refer to several tables, as a child of a child does.
        return {row[3]: (row[2], row[4] or "") for row in found}

    def _key(self, table: str) -> str:
        found = self.connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        return str(next((row[1] for row in found if row[5]), ""))

    def title(self, table: str, pk: Any, column: str = "") -> str:
        """The title of a row, or what is not one."""
        if pk is None or pk == "":
            return "nothing"
        column = column or self.keys[table]
        rows = [each for each in self.rows[table] if str(each[column]) == str(pk)]
        if not rows:
            return f"{table}, which is not there"
        name = self.titles.get(table)
        if name:
            return f"{table} {rows[0][name]}"
        if column in self.targets[table]:  # a child by its parent
            return self.title(self.targets[table][column][0], pk, self.targets[table][column][1])
        raise LookupError(f"{table} has no title")

    def said(self, table: str, row: Mapping[str, Any]) -> str:
        """A row with titles in place of keys."""
        keys = getattr(self.site, "KEYS", {}).get(table, {})
        values = getattr(self.site, "VALUES", {}).get(table, {})
        local = getattr(self.site, "LOCAL", {}).get(table, ())
        found = []
        for name, value in row.items():
            if name in self.targets[table]:
                target = self.targets[table][name]
                found.append(f"{name}={self.title(target[0], value, target[1])}")
            elif name in keys:
                of = keys[name]
                of = self.kinds.get(row[of], "nothing") if of in row else of
                found.append(f"{name}={self.title(of, value) if of in self.rows else value}")
            elif name in values:
                found.append(f"{name}={values[name](value, self.title)}")
            elif name != self.keys[table] and name not in local:
                found.append(f"{name}={value!r}")
        return "  ".join(found)


def main() -> None:
    """Prints the rows by table, and what the package itself says."""
    django.setup()
    site = import_module(f"packages_site.{settings.PACKAGE}")
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as connection:
        rows = Rows(connection, site)
        found = {
            table: sorted(rows.said(table, row) for row in rows.rows[table])
            for table in rows.tables
            if table not in ("auth_permission", "django_content_type")  # migrate makes them
        }
    both = [*getattr(site, "BOTH", ())]
    json.dump({"rows": found, "own": site.own(), "both": both}, sys.stdout)


if __name__ == "__main__":
    main()
