"""Long texts and many rows, against the limits that a database sets to one statement."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import F, Value
from django.db.models.functions import Concat

from contentgit.content import canonical, portions
from contentgit.content.records import Record
from contentgit.content.schema import KeyKind
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")
ROWS = 1200


def longest_statement(alias: str) -> int | None:
    """Bytes of the longest statement that the server takes; ``None``: as long as memory lasts."""
    if connections[alias].vendor != "mysql":
        return None
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("key", ["41", "99"])
def test_a_record_longer_than_a_statement_is_named(
    databases: tuple[str, str], ok: Ok, run: Run, git: Ok, repository_path: Path, key: str
) -> None:
    """An update and a new row. Quotes take two bytes in a statement, so half the limit is too much."""
    fill()
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    limit = longest_statement("other")
    body = '"' * ((limit or 2**20) * 6 // 10)
    folder = repository_path / "shop/bakery.product/0/0"
    there = canonical.decode((folder / "41.json").read_bytes())
    fields = {**there.fields, "body": body, "slug": f"long-{key}"}
    longer = Record(type(there.key)(there.key.model, key), fields)
    (folder / f"{key}.json").write_bytes(canonical.encode(longer, KeyKind.INTEGER))
    git("add", "-A")
    git("commit", "-qm", "Long")
    before = raw.snapshot("other")
    said = run(*APPLY)
    if limit is None:
        assert said.code == 0, said
        assert Product._base_manager.using("other").get(pk=key).body == body
        return
    assert said.code == 1
    size = int(said.err.split(" bytes")[0].split()[-1])
    assert size > limit
    wanted = (size + 10_000 + 2**20 - 1) // 2**20 * 2**20
    assert said.err == (
        f"error: bakery.product:{key} in database 'other': it takes {size} bytes in a statement, and "
        f"max_allowed_packet of the server is {limit}\n"
        f"hint: nothing has changed; set max_allowed_packet of the server to {wanted}, in its "
        f"configuration or with SET GLOBAL max_allowed_packet = {wanted}, then run the command again\n"
    )
    assert raw.snapshot("other") == before
    assert "clean" in ok("status", "--database=other")


def test_thousands_of_rows_with_long_texts(databases: tuple[str, str], ok: Ok) -> None:
    """More rows than a statement has parameters, more text than a statement has bytes."""
    fill()
    category = Category.objects.create(pk=9, name="Long", slug="long")
    body = 'One "loaf" of bread\u00e9\U0001f35e\\. ' * 60
    products = [
        Product(pk=100 + n, name=f"{n}", slug=f"p-{n}", category=category, price=1, body=body)
        for n in range(ROWS)
    ]
    Product._base_manager.bulk_create(products, batch_size=100)
    Tag.objects.bulk_create(Tag(pk=100 + n, name=f"{n}", slug=f"t-{n}") for n in range(ROWS))
    through = Product.tags.through
    through._default_manager.bulk_create(
        through(product_id=100 + n, tag_id=100 + (n + k) % ROWS)
        for n in range(ROWS)
        for k in (0, 7)
    )
    ok("init")
    ok("commit", "-m", "Many")
    ok(*APPLY)
    assert raw.snapshot("other") == raw.snapshot("default")
    Product._base_manager.filter(pk__gte=100).update(body=body[:-1], price=2)
    Tag.objects.filter(pk__gte=100, pk__lt=100 + ROWS // 2).delete()
    ok("commit", "-m", "Fewer")
    ok(*APPLY)
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")


Peak = Callable[..., float]


@pytest.fixture
def peak(ok: Ok, monkeypatch: pytest.MonkeyPatch) -> Peak:
    """The megabytes that a verb holds at once, where a portion of content is 100 kB."""
    monkeypatch.setattr(portions, "ROOM", 100_000)

    def measured(*words: str) -> float:
        gc.collect()
        tracemalloc.start()
        ok(*words)
        _, most = tracemalloc.get_traced_memory()
        gc.collect()
        now, _ = tracemalloc.get_traced_memory()  # what stays are modules
        tracemalloc.stop()
        return (most - now) / 1e6

    return measured


MOST = 6
"""Megabytes that a verb may hold of 6 on each side: what any call takes, and some rows of 100 kB."""


def fill_with_long_texts() -> None:
    fill()
    category = Category.objects.create(pk=9, name="Long", slug="long")
    for n in range(60):
        body = f"Bread {n}. " + "rye " * 25_000 + ". It is good."
        Product._base_manager.create(
            pk=100 + n, name=f"{n}", slug=f"p-{n}", category=category, price=1, body=body
        )


def edit_long_texts(alias: str) -> None:
    body = ("body", Value("!")) if alias == "default" else (Value("Now. "), "body")
    rows = Product._base_manager.using(alias).filter(pk__gte=100)
    rows.update(body=Concat(*body), price=F("price") + 1)


def test_many_long_texts_are_not_read_together(
    databases: tuple[str, str], ok: Ok, peak: Peak, tmp_path: Path
) -> None:
    fill_with_long_texts()
    ok("init")
    ok("commit", "-m", "Long")
    edit_long_texts("default")
    report = str(tmp_path / "report.html")
    calls = (
        ("status",),
        ("diff",),
        ("diff", "--format", "html", "-o", report),
        ("commit", "-m", "Longer"),
        ("show",),
        ("check", "--no-code"),
    )
    peaks = {words: peak(*words) for words in calls}
    assert max(peaks.values()) < MOST, peaks


def test_rows_of_a_first_commit_leave_no_more_than_their_paths(db: str, ok: Ok, peak: Peak) -> None:
    ok("init", "--bare")
    names = [f"name-{n}" for n in range(20_000)]
    Tag.objects.bulk_create(Tag(name=name, slug=name) for name in names)
    proved = peak("commit", "shop", "-m", "Many", "--dry-run")
    written = peak("commit", "shop", "-m", "Many")
    assert max(proved, written - proved) < MOST, (proved, written)


def test_many_long_texts_are_not_written_together(
    databases: tuple[str, str], ok: Ok, peak: Peak
) -> None:
    fill_with_long_texts()
    ok("init")
    ok("commit", "-m", "Long")
    peaks = {
        "first plan": peak("checkout", "main", "--database=other"),
        "first apply": peak(*APPLY),
    }
    edit_long_texts("default")
    ok("commit", "-m", "Longer")
    peaks["plan"] = peak("checkout", "main", "--database=other")
    peaks["apply"] = peak(*APPLY)
    assert max(peaks.values()) < MOST, peaks


def test_many_long_texts_are_not_merged_together(
    databases: tuple[str, str], ok: Ok, peak: Peak
) -> None:
    fill_with_long_texts()
    ok("init")
    ok("commit", "-m", "Long")
    ok(*APPLY)
    edit_long_texts("default")
    ok("commit", "-m", "Longer")
    edit_long_texts("other")
    peaks = {
        "update": peak("update", "--yes", "--database=other"),
        "undo": peak("undo", "--yes", "--database=other"),
    }
    ok("commit", "--branch=draft", "-m", "Draft", "--database=other")
    peaks["merge"] = peak("merge", "draft")
    peaks["check"] = peak("check", "HEAD~1..HEAD", "--no-code")
    assert max(peaks.values()) < MOST, peaks
