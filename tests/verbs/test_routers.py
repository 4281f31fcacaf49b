"""Several databases in one project: each call reads and writes the one that it names, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import connections, models
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.test import override_settings

from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Note, Product, Review, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]


class Sends:
    """A router that sends all reads and writes to one alias, as one with a replica does."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return self.alias

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        return self.alias

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return False


class KeepsOut:
    """A router that has no table of one model on one alias."""

    def __init__(self, alias: str, model: str) -> None:
        self.alias, self.model = alias, model

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        return False if (db, f"{app_label}.{model_name}") == (self.alias, self.model) else None


@contextmanager
def untouched(alias: str) -> Iterator[list[str]]:
    """Nothing is asked of the alias, and nothing written."""
    asked: list[str] = []

    def look(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connections[alias].execute_wrapper(look):
        yield asked
    assert asked == []


@pytest.mark.parametrize(("used", "unused"), [("default", "other"), ("other", "default")])
def test_a_call_asks_its_own_database_and_no_other(
    databases: tuple[str, str], ok: Ok, run: Run, git: Ok, used: str, unused: str
) -> None:
    """Whatever the project's routers say, and with every way in which an apply writes."""
    fill(used)
    ok("init")
    here = f"--database={used}"
    heard: list[object] = []
    product_type = connected_type(used)
    with ExitStack() as stack:
        stack.enter_context(override_settings(DATABASE_ROUTERS=[Sends(unused)]))
        stack.enter_context(listening(heard))
        stack.enter_context(untouched(unused))
        ok("datasets", here)
        ok("commit", "-m", "Before", here)
        Tag.objects.using(used).filter(pk=3).update(slug="tmp")
        Tag.objects.using(used).filter(pk=12).update(slug="organic")
        Tag.objects.using(used).filter(pk=3).update(slug="vegan")
        Product._base_manager.using(used).get(pk=41).delete(using=used)
        Category(pk=9, name="Cake", slug="cake").save(using=used)
        ok("commit", "-m", "After", here)
        after = raw.snapshot(used)
        Review(pk=1, product_id=42, text="Best").save(using=used)
        Note(pk=1, content_type_id=product_type, object_id=42, text="Best").save(using=used)
        for revision in ("main~1", "main"):
            for words in (("status",), ("diff", revision), ("diff",), ("checkout", revision)):
                assert run(*words, here).code == 0, words
            ok("checkout", revision, "--apply", "--yes", here)
        Tag.objects.using(used).filter(pk=3).update(name="Bio")
        assert run("checkout", "main", "--apply", "--yes", here).code == 3
        ok("checkout", "main", "--apply", "--yes", "--force", here)
        ok("checkout", "main~1", "--apply", "--yes", "--allow-cascade", here)
        ok("checkout", "main", "--apply", "--yes", "--allow-cascade", here)
        ok("log", "--applied", here)
        assert "clean" in ok("status", here)
    assert set(heard) == {used}
    kept = {"bakery_review", "bakery_note"}
    now = raw.snapshot(used)
    assert {k: now[k] for k in now.keys() - kept} == {k: after[k] for k in after.keys() - kept}


def connected_type(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT id FROM django_content_type WHERE app_label = 'bakery' AND model = 'product'"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def listening(heard: list[object]) -> Iterator[None]:
    """Receivers of the project, which are told the alias that is written."""

    def receive(sender: Any, using: str, **_: Any) -> None:
        heard.append(using)

    signals = (pre_save, post_save, post_delete, m2m_changed)
    for signal in signals:
        signal.connect(receive)
    try:
        yield
    finally:
        for signal in signals:
            signal.disconnect(receive)


@contextmanager
def kept_out(alias: str, model: str, table: str) -> Iterator[None]:
    """A router has no table of the model on the alias, and so there is none."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        with override_settings(DATABASE_ROUTERS=[KeepsOut(alias, model)]):
            yield
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


@pytest.mark.parametrize("words", [("commit", "-m", "x"), ("checkout", "main", "--apply", "--yes")])
def test_a_model_that_a_router_keeps_out_of_a_database_is_named(
    databases: tuple[str, str], ok: Ok, run: Run, words: tuple[str, ...]
) -> None:
    """Nothing is left out without a word, and the other dumps go on."""
    fill()
    ok("init")
    ok("commit", "-m", "All")
    before = raw.snapshot("other")
    with kept_out("other", "bakery.opening", "bakery_opening"):
        said = run(*words, "--database=other")
        assert said.code == 2, said
        assert said.err == (
            "error: database 'other' has no table for bakery.opening: a database router keeps it "
            "out\n"
            "hint: name the dumps that this database has, or leave the model out of the dataset\n"
        )
        ok("checkout", "main", "shop", "--apply", "--yes", "--database=other")
        Tag.objects.using("other").filter(pk=3).update(name="Bio")
        ok("commit", "shop", "-m", "Bio", "--database=other")
        assert "clean" in ok("status", "shop", "--database=other")
    assert raw.snapshot("other")["bakery_opening"] == before["bakery_opening"]


def test_a_model_kept_out_refers_to_nothing(databases: tuple[str, str], ok: Ok) -> None:
    """A delete looks for what would go along; there is no table to look into."""
    fill()
    ok("init")
    ok("commit", "-m", "All")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")
    with kept_out("other", "bakery.review", "bakery_review"):
        ok("checkout", "main", "--apply", "--yes", "--database=other")
        assert "clean" in ok("status", "--database=other")
    assert not Product._base_manager.using("other").filter(pk=41).exists()
