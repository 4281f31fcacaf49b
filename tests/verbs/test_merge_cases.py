"""What two branches do to each other, as people meet it: the words, the decision, the database after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"


@pytest.fixture(autouse=True)
def _twins(databases: tuple[str, str], ok: Ok) -> None:
    """Two databases with the same shop: ``default`` goes on with main, ``other`` with a branch."""
    for alias in databases:
        fill(alias)
        for key, name in ((5, "Cakes"), (6, "Tarts")):
            category(alias).create(pk=key, name=name, slug=name.lower(), parent_id=1)
    ok("init")
    ok("commit", "shop", "-m", "The shop")
    ok("checkout", "main", "shop", "--apply", "--yes", OTHER)


def category(alias: str) -> Any:
    return Category.objects.using(alias)


def refused(ok: Ok, run: Run) -> str:
    """What is said of the merge of both databases' edits."""
    ok("commit", "shop", "-m", "Here")
    ok("commit", "shop", "--branch=summer", "-m", "There", OTHER)
    said = run("merge", "summer")
    assert (said.code, said.out) == (3, "")
    head, *rest = said.err.splitlines()
    items = [each for each in rest if not each.startswith("hint: ")]
    count = "1 conflict" if len(items) == 1 else f"{len(items)} conflicts"
    assert head == (
        f"refused: merge of summer into main: {count} to decide on; the branch has not moved"
    )
    assert rest[len(items)].startswith("hint: contentgit conflicts ")
    return "\n".join(item.strip() for item in items)


def decided(ok: Ok, *words: str) -> None:
    """Resolves, concludes, and brings both databases there."""
    ok("resolve", *words)
    ok("merge", "--continue")
    for alias in ("default", "other"):
        ok("checkout", "main", "shop", "--apply", "--yes", f"--database={alias}")
        assert "clean" in ok("status", "shop", f"--database={alias}")
    assert raw.snapshot("default") == raw.snapshot("other")


def test_deleted_here_and_edited_there(ok: Ok, run: Run) -> None:
    Product._base_manager.filter(pk=43).delete()
    Product._base_manager.using("other").filter(pk=43).update(name="Open loaf")
    assert refused(ok, run) == "bakery.product:43  Open loaf: we deleted it, they edited it"
    decided(ok, "bakery.product:43", "--take=theirs")
    assert Product._base_manager.get(pk=43).name == "Open loaf"


def test_parent_deleted_here_and_child_added_there(ok: Ok, run: Run) -> None:
    category("default").filter(pk=5).delete()
    category("other").create(pk=9, name="Cheesecakes", slug="cheesecakes", parent_id=5)
    assert refused(ok, run) == (
        "bakery.category:5  Cakes: we deleted it, and what they changed refers to it: "
        "bakery.category:9"
    )
    decided(ok, "bakery.category:5", "--take=theirs")
    assert category("default").get(pk=9).parent.name == "Cakes"


def test_the_same_slug_twice(ok: Ok, run: Run) -> None:
    Tag.objects.create(pk=30, name="New", slug="new")
    Tag.objects.using("other").create(pk=31, name="Newest", slug="new")
    assert refused(ok, run) == 'bakery.tag:30  New: has the same slug "new" as bakery.tag:31'
    decided(ok, "bakery.tag:31/slug", "--value", '"newest"')
    assert [*Tag.objects.filter(pk__gte=30).values_list("slug", flat=True)] == ["new", "newest"]


def test_the_same_primary_key_twice(ok: Ok, run: Run) -> None:
    category("default").create(pk=9, name="Pies", slug="pies")
    category("other").create(pk=9, name="Rolls", slug="rolls")
    category("other").create(pk=8, name="Small rolls", slug="small-rolls", parent_id=9)
    assert refused(ok, run) == (
        "bakery.category:9/name  Pies: both sides added this record, with different content\n"
        "bakery.category:9/slug  Pies: both sides added this record, with different content"
    )
    decided(ok, "bakery.category:9", "--renumber")
    assert [*category("default").filter(pk__gt=7).order_by("pk").values_list("name", "parent")] == [
        ("Small rolls", 10), ("Pies", None), ("Rolls", None),
    ]  # fmt: skip


def test_two_moved_into_each_other(ok: Ok, run: Run) -> None:
    category("default").filter(pk=5).update(parent_id=6)
    category("other").filter(pk=6).update(parent_id=5)
    assert refused(ok, run) == (
        "bakery.category:5/parent  Cakes: became its own ancestor by parent, with bakery.category:6"
    )
    decided(ok, "bakery.category:5", "--take=theirs")
    assert category("default").get(pk=5).parent_id == 1
    assert category("default").get(pk=6).parent_id == 5
