"""A merge into the database reads what the commits changed, and plans what it would plan with all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models.signals import post_save
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contentgit import config
from contentgit.plan import Licences
from contentgit.workingcopy.planned import Planned
from contentgit.workingcopy.planning import plan
from contentgit.workingcopy.project import Operator, Project
from contentgit.workingcopy.request import Request
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.growing import Grower
from tests.verbs.conftest import Run
from tests.verbs.test_law import POPULATIONS, SEEDS

Ok = Callable[..., str]
OTHER = "--database=other"
UPDATE = ("update", "--yes", OTHER)


@contextmanager
def laws() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_law.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


def planned(repository: Path, request: Request) -> tuple[Planned, Planned]:
    """The plan as it is made, and as it is made of all rows."""
    made = []
    for whole in (False, True):
        operator = Operator("test", timezone.now())
        project = Project(config.read(), "other", operator, repository_path=repository)
        with project.snapshot():
            made.append(plan(project, request, whole=whole))
    return made[0], made[1]


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_is_that_of_all_rows(
    databases: tuple[str, str], ok: Ok, repository_path: Path, seed: int, name: str
) -> None:
    population = POPULATIONS[name]
    here, there = (Grower(population, seed + n, using) for n, using in enumerate(databases))
    here.grow()
    with laws():
        ok("init", "--bare")
        ok("commit", name, "-m", "As it was")
        ok("checkout", "main", name, "--apply", "--yes", OTHER)
        here.damage(20)
        there.damage(20)
        ok("commit", name, "-m", "Went on")
        for licences in (Licences(), Licences(force=True, allow_cascade=True)):
            request = Request("update", "main", (name,), licences)
            partly, wholly = planned(repository_path, request)
            assert partly.plan == wholly.plan
            assert partly.digest == wholly.digest
            assert [work.looked is None for work in partly.dumps] == [False]


@pytest.fixture
def twins(databases: tuple[str, str], ok: Ok) -> None:
    """Two databases at the same commit; the other one has edits of its own."""
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    Product._base_manager.using("other").filter(pk=43).update(name="Edited there")
    Tag.objects.using("other").create(pk=900, name="Own", slug="own")


def test_no_table_is_read(twins: None, ok: Ok) -> None:
    Product._base_manager.filter(pk=42).update(name="Changed")
    ok("commit", "-m", "Changed")
    table = connection.ops.quote_name("bakery_product")
    with CaptureQueriesContext(connections["other"]) as made:
        ok(*UPDATE)
    said = (each["sql"] for each in made.captured_queries)
    # The database itself looks for references to nothing, and gives back none.
    queries = [sql for sql in said if f"FROM {table}" in sql and " referring " not in sql]
    assert queries
    assert [sql for sql in queries if not re.search(r"\b(IN|=|BETWEEN)\b.*42", sql)] == []
    names = dict(Product._base_manager.using("other").values_list("pk", "name"))
    assert (names[42], names[43]) == ("Changed", "Edited there")
    assert Tag.objects.using("other").filter(pk=900).exists()
    said = ok("status", OTHER)
    assert "bakery.product:43" in said
    assert "bakery.tag:900" in said


def test_an_undo_leaves_edits_that_were_not_read(twins: None, ok: Ok) -> None:
    Product._base_manager.filter(pk=42).update(name="Changed")
    ok("commit", "-m", "Changed")
    before = raw.snapshot("other", ("bakery_",))
    ok(*UPDATE)
    Product._base_manager.using("other").filter(pk=41).update(name="Edited later")
    ok("undo", "--yes", OTHER)
    Product._base_manager.using("other").filter(pk=41).update(
        name=Product._base_manager.get(pk=41).name
    )
    assert raw.snapshot("other", ("bakery_",)) == before


def test_a_backup_holds_the_dump_as_it_is(twins: None, ok: Ok, git: Ok) -> None:
    """Where an edit is overwritten: with all others, so that a checkout of it brings back just that."""
    for using, name in (("default", "Theirs"), ("other", "Ours")):
        Product._base_manager.using(using).filter(pk=42).update(name=name)
    ok("commit", "-m", "Theirs")
    before = raw.snapshot("other", ("bakery_",))
    said = ok(*UPDATE, "--take", "theirs")
    (ref,) = re.findall(r"refs/contentgit/backup/\S+", said)
    for text in ("Ours", "Edited there", "Own"):
        assert git("grep", "-F", f'"name": "{text}"', ref, "--", "shop")
    ok("checkout", ref, "--apply", "--yes", "--force", OTHER)
    assert raw.snapshot("other", ("bakery_",)) == before


def test_nothing_but_edits_of_this_database(twins: None, ok: Ok) -> None:
    """The commit changes another folder: nothing is read, and the database is at the new commit."""
    ok("branch", "other")
    before = raw.snapshot("other", ("bakery_",))
    ok(*UPDATE)
    assert raw.snapshot("other", ("bakery_",)) == before
    assert "bakery.product:43" in ok("status", OTHER)


def test_where_receivers_write_all_rows_are_read(twins: None, ok: Ok) -> None:
    """What they have done can only be told from edits of this database if these are known."""
    Product._base_manager.filter(pk=42).update(name="Changed")
    ok("commit", "-m", "Changed")
    seen = []

    def receive(using: str, **_: Any) -> None:
        seen.append(using)
        rows = Product._base_manager.using(using).filter(pk=42)
        rows.update(name=rows.get().name)

    post_save.connect(receive, sender=Product, weak=False)
    try:
        ok(*UPDATE)
    finally:
        post_save.disconnect(receive, sender=Product)
    assert seen == ["other", "other"]
    names = dict(Product._base_manager.using("other").values_list("pk", "name"))
    assert (names[42], names[43]) == ("Changed", "Edited there")


def test_what_a_receiver_changes_is_refused(twins: None, ok: Ok, run: Run) -> None:
    Product._base_manager.filter(pk=42).update(name="Changed")
    ok("commit", "-m", "Changed")
    before = raw.snapshot("other", ("bakery_",))

    def receive(using: str, **_: Any) -> None:
        Category.objects.using(using).update(name="Overwritten")

    post_save.connect(receive, sender=Product, weak=False)
    try:
        said = run(*UPDATE)
    finally:
        post_save.disconnect(receive, sender=Product)
    assert said.code == 3
    assert "receivers or triggers wrote to" in said.err
    assert raw.snapshot("other", ("bakery_",)) == before


def staying() -> dict[str, Any]:
    """Tags that no apply deletes."""
    return {"tags": {"specs": lambda _: [{"model": "bakery.tag"}]}}


def test_a_row_that_only_stays_is_not_forgotten(databases: tuple[str, str], ok: Ok) -> None:
    """It is in no commit any more, and no edit: the next update must know it, which does not change it."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.staying"}):
        fill()
        ok("init")
        ok("commit", "-m", "Tags")
        ok("checkout", "main", "--apply", "--yes", OTHER)
        Tag.objects.get(pk=3).delete()
        ok("commit", "-m", "One less")
        ok(*UPDATE)
        assert "clean" in ok("status", OTHER)
        Tag.objects.filter(pk=12).update(name="Vegan, really")
        ok("commit", "-m", "Changed")
        ok(*UPDATE)
        assert Tag.objects.using("other").filter(pk=3).exists()
        assert "clean" in ok("status", OTHER)
