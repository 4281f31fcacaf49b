"""What the user of a database needs where rows are named by UUIDs: see :mod:`test_privileges`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from contentgit.datasets import specs_for_models
from contentgit.models import RowIdentity
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Product, Tag
from tests.verbs import test_privileges as pk
from tests.verbs.conftest import Run

pytestmark = pk.pytestmark
Ok = Callable[..., str]


def datasets() -> dict[str, Any]:
    how = {"delete_missing": True, "identity": "uuid"}
    return {"shop": {"specs": lambda _arguments: specs_for_models(pk.MODELS, how)}}


@pytest.fixture(autouse=True)
def _project() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


@pytest.fixture
def shop(db: str, ok: Ok) -> Iterator[None]:
    """A commit ``one``, and a database with a tag and a product more, which nobody has looked at."""
    pk.remove()
    fill()
    ok("init")
    ok("commit", "-m", "one")
    ok("tag", "one")
    tag = Tag.objects.create(name="New", slug="new")
    Product._base_manager.create(name="new", slug="new", category_id=1, price=2).tags.add(tag)
    Product._base_manager.get(pk=41).tags.clear()
    yield
    pk.remove()


def names() -> list[tuple[Any, ...]]:
    """The table of UUIDs."""
    return raw.rows("default", RowIdentity._meta.db_table)[1]


def test_who_may_look_sees_new_rows_and_writes_nothing(shop: None, run: Run) -> None:
    pk.execute(*pk.stages()[0])
    before = names()
    calls = (["status", "--json"], ["diff"], ["checkout", "one", "--force"], ["datasets"])
    with pk.as_content():
        said = [run(*words) for words in calls]
    assert [(each.code, each.err) for each in said] == [(0, "")] * len(calls)
    changes = json.loads(said[0].out)["dumps"][0]["changes"]
    assert len(changes) == 3  # two new rows, and a product without its tags
    assert names() == before
    with pk.as_content():
        refused = [
            run("commit", "-m", "two"),
            run("checkout", "one", "--apply", "--yes", "--force"),
        ]
    assert [(each.code, pk.LACKS in each.err) for each in refused] == [(1, True)] * 2
    assert names() == before


def test_who_may_commit_writes_the_names(shop: None, run: Run, ok: Ok, git: Ok) -> None:
    pk.execute(*pk.stages()[0], *pk.stages()[1])
    before = names()
    with pk.as_content():
        assert run("commit", "-m", "two").code == 0
        assert "clean" in run("status").out
    assert len(names()) == len(before) + 2
    assert "shop (+2 ~1 -0)" in git("log", "-1", "--format=%B")


def test_who_may_apply_can_do_everything(shop: None, run: Run, ok: Ok) -> None:
    ok("commit", "-m", "two")
    pk.execute(*pk.every())
    with pk.as_content():
        for words in (
            ["checkout", "one", "--apply", "--yes"],
            ["undo", "--yes"],
            ["update", "--yes"],
        ):
            assert run(*words).code == 0
        assert "clean" in run("status").out
    assert Product._base_manager.get(slug="new").tags.get().slug == "new"


def test_a_table_of_names_that_cannot_be_written(shop: None, run: Run, git: Ok) -> None:
    """The commit is refused: its records would have names that no row has."""
    grants = [*pk.stages()[0], *pk.stages()[1]]
    without = [
        each.replace(", contentgit_identity", "")
        for each in grants
        if "contentgit_identity" not in each or "contentgit_ledger" in each
    ]
    assert without != grants
    pk.execute(*without)
    before = git("rev-parse", "main"), names()
    with pk.as_content():
        said = run("commit", "-m", "two")
        assert (said.code, pk.LACKS in said.err) == (1, True), said
        assert "contentgit_identity" in said.err
        assert run("status").code == 0
    assert (git("rev-parse", "main"), names()) == before
