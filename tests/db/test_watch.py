"""What a statement of the project's own writes."""

from __future__ import annotations

import pytest
from django.db import connections

from contentgit.db.applier.watch import ANY, Watch, Write, plain_name, written_table


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ('INSERT INTO "app_row" ("id") VALUES (1)', "app_row"),
        ("INSERT OR IGNORE INTO app_row VALUES (1)", "app_row"),
        ("insert ignore into `App_Row` values (1)", "app_row"),
        ("REPLACE INTO `app_row` VALUES (1)", "app_row"),
        ('UPDATE "it\'s ""a"" row" SET x = 1', 'it\'s ""a"" row'),
        ('UPDATE ONLY "public"."app_row" SET x = 1', "app_row"),
        ('\n  DELETE FROM public . app_row WHERE "id" IN (SELECT 1)', "app_row"),
        ('WITH x AS (SELECT 1) DELETE FROM "app_row"', ANY),
        ("CALL refresh()", ANY),
        ("TRUNCATE app_row", ANY),
        ("-- a comment\nUPDATE app_row SET x = 1", ANY),
        ("SELECT 1", None),
        ('(SELECT 1) UNION (SELECT "updated" FROM x)', None),
        ("WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x", None),
        ('SAVEPOINT "s1"', None),
        ('RELEASE SAVEPOINT "s1"', None),
    ],
)
def test_the_table_of_a_statement(sql: str, table: str | None) -> None:
    assert written_table(sql) == table


def test_names_are_compared_without_schema_and_quotes() -> None:
    names = ["row", '"Row"', '"a"."row"', "`a`.`row`", "a.row", '"a" . "row"']
    assert {plain_name(name) for name in names} == {"row"}


def test_the_function_of_the_project_is_named_and_told_once(db: str) -> None:
    def writes() -> None:
        with connections[db].cursor() as cursor:
            for _ in range(2):
                cursor.execute("UPDATE bakery_tag SET name = name")

    watch = Watch(db)
    writes()
    assert not watch.writes
    with watch.calling("a test", "bakery.tag"):
        writes()
    (write,) = watch.writes
    assert isinstance(write, Write)
    assert (write.table, write.cause, write.model) == ("bakery_tag", "a test", "bakery.tag")
    assert str(write).endswith(" (a test) wrote to table bakery_tag")
    watch.forget({"bakery_tag"})
    assert not watch.writes
