"""What the database does of its own accord when a row goes is in the plan, and only that is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests.since_61.models import Fallback, Leaf, Loop, Plain, Root, Soft

Ok = Callable[..., str]
MODELS: list[Any] = []


def datasets() -> dict[str, Any]:
    specs = specs_for_models(MODELS, {"delete_missing": True})
    return {"d": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": "tests.since_61.test_on_delete.datasets"}):
        yield
    MODELS.clear()


def begin(ok: Ok, *models: Any) -> None:
    MODELS.extend(models)
    for pk in (1, 2):
        Root.objects.create(pk=pk, name=f"r{pk}")
    ok("init")
    ok("commit", "d", "-m", "Two roots")
    Root.objects.create(pk=3, name="r3")


def test_rows_outside_do_what_the_database_would_do(db: str, ok: Ok, run: Any) -> None:
    begin(ok, Root)
    Leaf.objects.create(root_id=3, name="a")
    Leaf.objects.create(root_id=2, name="b")
    Soft.objects.create(root_id=3, only_id=3, name="a")
    Fallback.objects.create(root_id=3, name="a")
    Plain.objects.create(root_id=3, name="a")
    refused = run("checkout", "main", "--apply", "--force", "--yes")
    assert refused.code == 3
    assert "clears root of since_61.fallback:1" in refused.out + refused.err
    ok("checkout", "main", "--apply", "--force", "--allow-cascade", "--yes")
    assert list(Leaf.objects.values_list("name")) == [("b",)]
    assert list(Soft.objects.values_list("root", "only")) == [(None, None)]
    assert [each.root_id for each in (Fallback.objects.get(), Plain.objects.get())] == [1, 1]
    ok("undo", "--yes")
    assert set(Leaf.objects.values_list("name", "root")) == {("a", 3), ("b", 2)}
    assert list(Soft.objects.values_list("root", "only")) == [(3, 3)]
    assert [each.root_id for each in (Fallback.objects.get(), Plain.objects.get())] == [3, 3]


def test_a_row_that_stays_is_not_deleted_by_the_database(db: str, ok: Ok) -> None:
    """In the commit it refers to another row than the one that goes."""
    begin(ok, Root, Leaf, Soft)
    Leaf.objects.create(pk=1, root_id=2, name="a")
    Leaf.objects.create(pk=2, root_id=2, name="b")
    Soft.objects.create(pk=1, root_id=2, only_id=2, name="a")
    ok("commit", "d", "-m", "Leaves")
    Root.objects.filter(pk=2).update(name="r")
    Root.objects.create(pk=4, name="r4")
    Leaf.objects.update(root_id=4)
    Soft.objects.update(root_id=4, only_id=4)
    ok("checkout", "main", "--apply", "--force", "--yes")
    assert set(Leaf.objects.values_list("pk", "root", "name")) == {(1, 2, "a"), (2, 2, "b")}
    assert list(Soft.objects.values_list("root", "only")) == [(2, 2)]
    assert not Root.objects.filter(pk=4).exists()
    assert "clean" in ok("status")


def test_rows_of_a_circle_go_together(db: str, ok: Ok) -> None:
    begin(ok, Loop)
    Loop.objects.create(pk=1, name="stays")
    ok("commit", "d", "-m", "One")
    Loop.objects.create(pk=2, up_id=1, name="a")
    Loop.objects.create(pk=3, up_id=2, twin_id=2, name="b")
    Loop.objects.filter(pk=2).update(up_id=3, twin_id=3)
    Loop.objects.filter(pk=1).update(up_id=2, twin_id=1)
    ok("checkout", "main", "--apply", "--force", "--yes")
    assert list(Loop.objects.values_list("pk", "up", "twin")) == [(1, None, None)]
    assert "clean" in ok("status")
