"""Undo gives back what was there before: edits made on both sides alike, and of the named dumps only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Opening, Page, Product, Tag

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply")


@pytest.fixture
def twins(databases: tuple[str, str], ok: Ok) -> None:
    """Two databases at the same commit, which both go on from there."""
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
    ok(*APPLY, "--yes", OTHER)


def product(key: int, alias: str = "other") -> Any:
    return Product._base_manager.using(alias).filter(pk=key)


def _edit_row() -> None:
    for alias in ("default", "other"):
        product(42, alias).update(name="Alike")


def _add_row() -> None:
    for alias in ("default", "other"):
        Tag.objects.using(alias).create(pk=901, name="New", slug="new")


def _delete_row() -> None:
    for alias in ("default", "other"):
        product(43, alias).delete()


def _edit_another_dump() -> None:
    for alias in ("default", "other"):
        Opening.objects.using(alias).update(weekday=2)


@pytest.mark.parametrize("way", [("update",), APPLY])
@pytest.mark.parametrize("edit", [_edit_row, _add_row, _delete_row, _edit_another_dump])
def test_what_was_edited_here_as_in_the_commit_stays(
    edit: Callable[[], None], way: tuple[str, ...], twins: None, ok: Ok
) -> None:
    edit()
    product(41, "default").update(name="Only there")
    ok("commit", "-m", "Edited")
    before = raw.snapshot("other")
    ok(*way, "--yes", OTHER)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_a_dump_that_others_depend_on_stays(twins: None, ok: Ok) -> None:
    Page.objects.filter(pk=5).update(title="New title")
    product(41, "default").update(name="New name")
    ok("commit", "-m", "Pages, and the shop that they depend on")
    ok(*APPLY, "--yes", OTHER)
    ok("undo", "pages", "--yes", OTHER)
    assert Page.objects.using("other").get(pk=5).title == "We open"
    assert product(41).get().name == "New name"
    ok("undo", "--yes", OTHER)
    assert product(41).get().name == "Summer bread"
    assert Page.objects.using("other").get(pk=5).title == "We open"
