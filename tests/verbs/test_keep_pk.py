"""``"keep_pk"``: rows named by UUIDs get the primary key that they had where they were made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.test import override_settings

from tests.bakery.models import Category, NewsPage, Page, Tag

Ok = Callable[..., str]


def datasets() -> dict[str, Any]:
    """Rows that were made here stay, so that they can be in the way."""
    kept = {"identity": "uuid", "keep_pk": True, "delete_missing": "owned"}
    specs = [
        *({"model": f"bakery.{name}", **kept} for name in ("tag", "category", "page")),
        {"model": "bakery.newspage", "identity": "uuid"},
    ]
    return {"shop": {"specs": lambda _: specs}}


def plainly() -> dict[str, Any]:
    """The same without ``keep_pk``."""
    specs = [{"model": "bakery.tag", "identity": "uuid"}]
    return {"shop": {"specs": lambda _: specs}}


def settings(name: str = "datasets") -> override_settings:
    return override_settings(
        CONTENTGIT={"DATASETS": f"tests.verbs.test_keep_pk.{name}", "ENVIRONMENT": "test"}
    )


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with settings():
        yield


def tags(using: str, *pks: int, of: str = "") -> None:
    for pk in pks:
        Tag.objects.using(using).create(pk=pk, name=f"{of}{pk}", slug=f"{of}{pk}")


def slugs(using: str = "other") -> dict[str, int]:
    return dict(Tag.objects.using(using).values_list("slug", "pk"))


def apply(ok: Ok) -> str:
    return ok("checkout", "main", "--apply", "--yes", "--database=other")


def test_rows_keep_their_keys_around_those_that_are_in_the_way(
    databases: tuple[str, str], ok: Ok
) -> None:
    tags("default", *range(1, 31))
    tags("other", *range(1, 11), 17, of="own")
    ok("init")
    ok("commit", "-m", "Thirty")
    apply(ok)
    found = slugs()
    pks = {int(slug): pk for slug, pk in found.items() if not slug.startswith("own")}
    kept = {*range(11, 31)} - {17}
    assert {first for first, pk in pks.items() if first == pk} == kept
    moved = [pk for first, pk in pks.items() if first not in kept]
    assert len(moved) == 11
    assert min(moved) > 30
    assert {slug: pk for slug, pk in found.items() if slug.startswith("own")} == {
        f"own{pk}": pk for pk in (*range(1, 11), 17)
    }
    assert Tag.objects.using("other").create(name="Next", slug="next").pk > max(moved)


def test_a_row_that_comes_back_has_its_key_again(databases: tuple[str, str], ok: Ok) -> None:
    tags("default", 5, 9)
    tags("other", 5, of="own")
    ok("init")
    ok("commit", "-m", "Two")
    apply(ok)
    before = slugs()
    assert (before["9"], before["own5"]) == (9, 5)
    ok("undo", "--yes", "--database=other")
    assert slugs() == {"own5": 5}
    apply(ok)
    assert slugs() == before


def test_references_and_children_follow(databases: tuple[str, str], ok: Ok) -> None:
    for pk, parent in ((4, None), (3, 4), (8, 3)):
        Category.objects.create(pk=pk, name=f"C{pk}", slug=f"c{pk}", parent_id=parent)
    NewsPage.objects.create(pk=12, title="News", slug="news", day=date(2026, 11, 30))
    Page.objects.create(pk=11, title="Plain", slug="plain")
    Category.objects.using("other").create(pk=3, name="Own", slug="own")
    ok("init")
    ok("commit", "-m", "All")
    apply(ok)
    rows = Category.objects.using("other").values_list("slug", "pk", "parent__slug")
    found = {slug: (pk, parent) for slug, pk, parent in rows}
    pk, parent = found.pop("c3")
    assert (pk > 8, parent) == (True, "c4")
    assert found == {"own": (3, None), "c4": (4, None), "c8": (8, "c3")}
    pages = Page.objects.using("other").values_list("slug", "pk", "newspage__pk")
    assert {*pages} == {("news", 12, 12), ("plain", 11, None)}
    assert "Nothing to commit" not in ok("commit", "-m", "Own", "--database=other")
    assert "clean" in ok("status", "--database=other")


def test_without_it_the_database_gives_the_next_key(databases: tuple[str, str], ok: Ok) -> None:
    with settings("plainly"):
        tags("default", 5, 9)
        tags("other", 1, of="own")
        ok("init")
        ok("commit", "-m", "Two")
        apply(ok)
    assert max(slugs().values()) < 5
