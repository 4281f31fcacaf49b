"""Undo gives links back to rows that the apply has left, and that lost them with a deleted row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from tests import raw
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run
from tests.zoo.models import Animal, Parade

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", "--allow-cascade", OTHER)
UNDO = ("undo", "--yes", OTHER)
KEYS: dict[str, Any] = {}


def datasets() -> dict[str, Any]:
    """Products and parades stay, and lose the tags and animals that go."""
    specs = [
        {"model": "bakery.category"},
        {"model": "bakery.tag", "delete_missing": True},
        {"model": "bakery.product", **KEYS},
        {"model": "zoo.animal", "delete_missing": True},
        {"model": "zoo.parade"},
    ]
    return {"shop": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    KEYS.clear()
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def begin(ok: Ok) -> None:
    """A product with two of three tags, in both databases."""
    category = Category.objects.create(pk=1, name="Bread", slug="bread")
    loaf = Product.objects.create(pk=1, name="Loaf", slug="loaf", category=category, price=1)
    tags = [Tag.objects.create(pk=pk, name=f"t{pk}", slug=f"t{pk}") for pk in (1, 2, 3)]
    loaf.tags.set(tags[:2])
    ok("init")
    ok("commit", "-m", "A loaf")
    ok(*APPLY)


def take_away(ok: Ok, *, product: bool = True) -> None:
    """Main lacks a tag of the product, which is deleted there too and stays in the other database."""
    if product:
        Product.objects.get(pk=1).delete()
    Tag.objects.get(pk=1).delete()
    ok("commit", "-m", "Less")
    ok(*APPLY)
    assert 1 not in tags()


def loaf() -> Product:
    return Product.objects.using("other").get(pk=1)


def tags() -> list[int]:
    return sorted(loaf().tags.values_list("pk", flat=True))


@pytest.mark.parametrize("keys", [{}, {"exclude": ["tags"]}])
def test_a_link_comes_back_once(databases: tuple[str, str], ok: Ok, keys: dict[str, Any]) -> None:
    KEYS.update(keys)
    begin(ok)
    if keys:  # no content, and so not in the commit
        loaf().tags.set([1, 2])
    before = raw.snapshot("other")
    take_away(ok)
    after = raw.snapshot("other")
    ok(*UNDO)
    assert raw.snapshot("other") == before
    assert "clean" in ok("status", OTHER)
    ok(*APPLY)
    assert raw.snapshot("other") == after
    ok(*UNDO)
    assert raw.snapshot("other") == before


def test_a_link_that_the_commit_still_has_comes_back_once(
    databases: tuple[str, str], ok: Ok
) -> None:
    KEYS["ignore_missing_m2m"] = ["tags"]
    begin(ok)
    before = raw.snapshot("other")
    take_away(ok, product=False)
    ok(*UNDO)
    assert raw.snapshot("other") == before


def test_edits_made_since_stay(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    take_away(ok)
    loaf().tags.set([3])
    Product.objects.using("other").filter(pk=1).update(name="Edited since")
    ok(*UNDO)
    assert (loaf().name, tags()) == ("Edited since", [1, 3])


def test_edits_made_before_stay(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    loaf().tags.add(3)
    before = raw.snapshot("other")
    take_away(ok)
    ok(*UNDO)
    assert raw.snapshot("other") == before


def test_a_row_that_was_deleted_since_comes_back_with_its_links(
    databases: tuple[str, str], ok: Ok
) -> None:
    begin(ok)
    before = raw.snapshot("other")
    take_away(ok)
    loaf().delete()
    ok(*UNDO)
    assert raw.snapshot("other") == before


def test_what_is_committed_since_is_no_conflict(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    take_away(ok)
    Product.objects.using("other").filter(pk=1).update(name="Edited since")
    ok("commit", "-m", "Edited", OTHER)
    ok(*UNDO)
    assert (loaf().name, tags()) == ("Edited since", [1, 2])


def test_the_order_of_the_links_comes_back(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    for pk, name in enumerate("abc", start=1):
        Animal.objects.create(pk=pk, name=name, tag=name)
    Parade.objects.create(pk=1, name="May")
    through: Any = Parade.animals.through
    for place, pk in enumerate((3, 1, 2)):
        through.objects.create(parade_id=1, animal_id=pk, place=place)
    ok("init")
    ok("commit", "-m", "May")
    ok(*APPLY)
    Parade.objects.all().delete()
    Animal.objects.get(pk=1).delete()
    ok("commit", "-m", "Neither")
    ok(*APPLY)
    ok(*UNDO)
    rows = through.objects.using("other").order_by("place")
    assert [row.animal_id for row in rows] == [3, 1, 2]
    assert "clean" in ok("status", OTHER)
