"""Rows that are copied hold what statements would have written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import Model

from contentgit.db.applier.rows import Creation
from contentgit.db.backends import backend, postgresql
from contentgit.db.fields.values import itself
from contentgit.db.tables import Column
from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.db.test_fields import FULL
from tests.fieldzoo.models import Everything
from tests.fieldzoo.reading import all_bytes, all_records, raw, reader
from tests.only_postgresql.models import Postgres, Sized
from tests.only_postgresql.test_fields import VALUES

ID, NAME, SLUG = (Column(name, name, itself) for name in ("id", "name", "slug"))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The first words of what is executed."""
    found: list[str] = []

    def note(execute: Any, sql: str, *more: Any) -> Any:
        found.append(sql.split()[0])
        return execute(sql, *more)

    with connections["default"].execute_wrapper(note):
        yield found


def copied(model: type[Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that a copy of the rows' records gives the rows again."""
    found = reader(model)
    rows, data, records = raw(model), all_bytes(found), all_records(found)
    model._base_manager.all().delete()
    (bound,) = found.tables.values()
    creation = Creation(bound, tuple(field.name for field in bound.fields))
    made = creation.rows([each.key for each in records], [each.fields for each in records])
    monkeypatch.setattr(postgresql, "_COPIED", 1)
    with statements() as executed, transaction.atomic():
        assert backend("default").insert(bound.name, creation.columns, made) == len(rows)
    assert "COPY" in executed
    assert "INSERT" not in executed
    assert repr(raw(model)) == repr(rows)  # NaN is not equal to itself
    assert all_bytes(reader(model)) == data


def test_every_type(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Everything.objects.create(**{name: value for name, (value, _) in FULL.items()})
    Everything.objects.create()
    copied(Everything, monkeypatch)


@pytest.mark.parametrize("name", VALUES)
def test_types_of_postgresql(db: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, _ in VALUES[name]:
        Postgres.objects.create(**{name: value})
    copied(Postgres, monkeypatch)


def test_types_with_a_length(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Sized.objects.create(bits="10110", varying="101", char="abc", text="abcde", list=["101", "010"])
    copied(Sized, monkeypatch)


@pytest.mark.parametrize("text", ["", "\\N", "\\.", "a\tb\nc\rd\\", "NULL", "%s", "\\\\n", "é😀"])
def test_texts(db: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Tag.objects.create(name=text, slug="a")
    copied(Tag, monkeypatch)


def test_a_refused_row_is_refused_as_by_a_statement(db: str) -> None:
    fill()
    rows = [(1000, "New", "new"), (1001, "Again", "new")]
    with (
        statements() as executed,
        pytest.raises(IntegrityError, match="slug"),
        transaction.atomic(),
    ):
        backend(db).insert(Tag._meta.db_table, [ID, NAME, SLUG], rows)
    assert [word for word in executed if word in ("COPY", "INSERT")] == ["COPY", "INSERT"]


def test_rules_of_a_table_hold(db: str) -> None:
    """A copy would pass them by."""
    table = Tag._meta.db_table
    with connections[db].cursor() as cursor:
        cursor.execute(f"CREATE RULE none AS ON INSERT TO {table} DO INSTEAD NOTHING")
    try:
        backend(db).insert(table, [ID, NAME, SLUG], [(n, f"{n}", f"{n}") for n in range(100, 200)])
        assert not Tag.objects.filter(pk__gte=100).exists()
    finally:
        with connections[db].cursor() as cursor:
            cursor.execute(f"DROP RULE none ON {table}")
