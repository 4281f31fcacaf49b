"""One commit is one moment: it never holds half of what somebody else wrote in one transaction."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Page, Product, Tag
from tests.connecting import isolations, options
from tests.verbs.conftest import Run

Ok = Callable[..., str]
WAYS = isolations(connections["default"].vendor)
COMMITS = 5
PAUSE = 0.005
"""Seconds between two transactions: who locks a whole file must let others in sometimes."""
WEIGHT = 1_000_000


@pytest.fixture(params=list(WAYS))
def isolation(request: pytest.FixtureRequest, databases: tuple[str, str]) -> Iterator[str]:
    with options("default", WAYS[request.param]), options("other", WAYS[request.param]):
        yield request.param
    connection = connections["default"]
    if connection.vendor == "sqlite":
        for alias in databases:
            with connections[alias].cursor() as cursor:
                cursor.execute("PRAGMA journal_mode = DELETE")


def write(using: str, number: int) -> None:
    """One transaction over five tables and a link table; everything in it says ``number``."""
    with transaction.atomic(using=using):
        Ingredient.objects.using(using).filter(pk=8).update(grams=WEIGHT - number)
        Page.objects.using(using).filter(pk=5).update(title=f"{number}")
        product = Product._base_manager.using(using).get(pk=42)
        product.tags.set([12 if number % 2 else 20])
        Category.objects.using(using).filter(pk=2).update(position=number)
        NewsPage.objects.using(using).filter(pk=5).update(body=f"{number}")
        Tag.objects.using(using).filter(slug__startswith="made").delete()
        tag = Tag.objects.using(using).create(
            pk=99 + number, name=f"{number}", slug=f"made-{number}"
        )
        product.tags.add(tag)
        Ingredient.objects.using(using).filter(pk=7).update(grams=number)


class Writer:
    """Writes one transaction after the other, on a connection of its own, until it is stopped."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.number = 1
        self.ending = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.ending.wait(PAUSE):
                write(self.using, self.number + 1)
                self.number += 1
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()


@contextmanager
def writing(using: str) -> Iterator[Writer]:
    write(using, 1)
    writer = Writer(using)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        yield writer
    finally:
        writer.ending.set()
        thread.join(60)
    assert not thread.is_alive()
    assert writer.error is None, writer.error


def numbers(records: dict[str, Any]) -> set[int]:
    """What each record says the number is: one, where all are of one moment."""
    (made,) = [path for path in records if records[path].get("slug", "").startswith("made-")]
    tags = records["bakery.product:42"]["tags"]
    assert made in tags
    found = {
        records["bakery.category:2"]["position"],
        records["bakery.ingredient:7"]["grams"],
        WEIGHT - records["bakery.ingredient:8"]["grams"],
        int(records["bakery.page:5"]["title"]),
        int(records["bakery.newspage:5"]["body"]),
        int(records[made]["name"]),
    }
    assert set(tags) - {made} == {"bakery.tag:12" if max(found) % 2 else "bakery.tag:20"}
    return found


def committed(folder: Path) -> dict[str, Any]:
    """Every record of the worktree, by key."""
    return {
        f"{path.relative_to(folder).parts[1]}:{path.stem}": json.loads(path.read_bytes())
        for path in folder.glob("*/bakery.*/**/*.json")
    }


def test_no_commit_holds_half_a_transaction(
    isolation: str, ok: Ok, git: Ok, repository_path: Path
) -> None:
    fill()
    ok("init")
    seen = []
    with writing("default"):
        for _ in range(COMMITS):
            ok("commit", "-m", "One moment")
            (number,) = numbers(committed(repository_path))
            seen.append(number)
    assert git("status", "--porcelain") == ""
    assert seen == sorted(seen)
    assert len(set(seen)) > COMMITS / 2, "hardly anything was written meanwhile"


def test_no_difference_is_half_a_transaction(isolation: str, ok: Ok, run: Run) -> None:
    """The records read again for their values are of the moment in which they were compared."""
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    seen = set()
    with writing("default"):
        for _ in range(COMMITS):
            (number,) = shown(run("diff", "--json").json)
            seen.add(number)
    assert len(seen) > COMMITS / 2, "hardly anything was written meanwhile"


def shown(document: dict[str, Any]) -> set[int]:
    after = {
        (each["record"], field["name"]): field["after"]
        for each in document["changes"]
        for field in each["fields"]
    }
    made = {int(v) for (key, name), v in after.items() if name == "slug" for v in [v[5:]]}
    return {
        after["bakery.category:2", "position"],
        after["bakery.ingredient:7", "grams"],
        WEIGHT - after["bakery.ingredient:8", "grams"],
        int(after["bakery.page:5", "title"]),
        int(after["bakery.newspage:5", "body"]),
        *made,
    }


def test_an_apply_among_writers_is_whole_or_refused(
    isolation: str, databases: tuple[str, str], ok: Ok, run: Run, git: Ok
) -> None:
    """The other database is written all the time, in rows that are none of the apply's."""
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    Category.objects.filter(pk=1).update(name="Loaves")
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "shop", "-m", "After")
    ok("branch", "edits", "main~")
    with busy("other"):
        for _ in range(2):
            for revision in ("main", "edits"):
                words = ("checkout", revision, "shop", "--apply", "--yes", "--database=other")
                said = run(*words)
                while said.code == 3:
                    assert "run the command again" in said.err, said
                    said = run(*words)
                assert said.code == 0, said
                assert "clean" in ok("status", "shop", "--database=other")
                name = Category.objects.using("other").get(pk=1).name
                assert (name, Tag.objects.using("other").get(pk=3).name) == (
                    ("Loaves", "Bio") if revision == "main" else ("Bread", "Organic")
                )


@contextmanager
def busy(using: str) -> Iterator[None]:
    """Somebody edits pages, which the dump does not hold, all the time."""
    ending = threading.Event()
    errors: list[BaseException] = []

    def edit() -> None:
        number = 0
        try:
            while not ending.wait(PAUSE):
                number += 1
                with transaction.atomic(using=using):
                    Page.objects.using(using).filter(pk=5).update(title=f"{number}")
                    NewsPage.objects.using(using).filter(pk=5).update(body=f"{number}")
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(60)
    assert not errors, errors
