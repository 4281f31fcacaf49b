"""Damage in the database: rows that other programs, or a restored dump, may leave."""

from __future__ import annotations

from typing import Final

from tests.fuzz.case import Case
from tests.fuzz.objects import NOTHING

_COLUMNS: Final = (
    "dump",
    "commit",
    "tree",
    "branch",
    "environment",
    "action",
    "state",
    "counts",
    "withheld",
    "previous",
    "backup",
    "who",
    "place",
    "at",
    "undoes",
)


def ledger(case: Case) -> None:
    """A line of the ledger, as another program or a restored dump may leave it."""
    from django.db import DatabaseError, connection

    random = case.random
    column = random.choice(_COLUMNS)
    ids = [case.resolve(each) for each in ("v1", "v2", "v1^{tree}")]
    texts = (
        *ids,
        NOTHING,
        "f" * 40,
        "",
        "x",
        "main",
        "nosuch",
        "shop",
        "a/b",
        "../x",
        "-x",
        "[" * 3000,
        "{}",
        "[1]",
        '{"create": "x"}',
        "null",
        "pending",
        "2026-01-01 00:00:00",
        "\x1b[31m",
        "7",
        "-1",
        "1,2",
    )
    name = connection.ops.quote_name(column)
    where = random.choice(
        ("", " WHERE id = (SELECT MAX(id) FROM (SELECT id FROM contentgit_ledger) AS a)")
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE contentgit_ledger SET {name} = %s{where}", [random.choice(texts)]
            )
    except DatabaseError:  # a database that keeps such a value out
        return


def row(case: Case) -> None:
    """A row that no code of Django's would have written."""
    from django.db import DatabaseError, connection

    random = case.random
    table, column = random.choice(
        (
            ("tag", "name"),
            ("tag", "slug"),
            ("product", "price"),
            ("product", "created"),
            ("product", "body"),
            ("product", "category_id"),
            ("product", "published"),
            ("opening", "opens"),
            ("category", "parent_id"),
            ("category", "position"),
            ("ingredient", "grams"),
            ("product_tags", "tag_id"),
            ("newspage", "day"),
        )
    )
    values = (
        "",
        "x",
        "\x00",
        "-1",
        0,
        2**31,
        2**63 - 1,
        1.5,
        "2026-02-30",
        "9999-12-31 23:59:59",
        b"\xff",
        "NaN",
        "1e400",
        "x" * 5000,
        "12:61",
        None,
        "\x1b[31m",
        "\u202e",
        "\ue000",
    )
    try:
        with connection.constraint_checks_disabled(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE bakery_{table} SET {column} = %s", [random.choice(values)])
    except (DatabaseError, ValueError):
        return
