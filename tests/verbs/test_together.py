"""Fields that are one value where a commit meets a database: drift, merges and what decides them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Opening
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)
MERGE = (*APPLY, "--merge")


def hours() -> dict[str, Any]:
    """A shop opens and closes: a span of time."""
    spec = {"delete_missing": True, "together": [["opens", "closes"]]}
    return {"hours": {"specs": lambda _: specs_for_models([Opening], spec)}}


@pytest.fixture
def parted(databases: tuple[str, str], ok: Ok) -> Iterator[None]:
    """Both databases open at 6 and close at 12:30; then one opens later, the other closes later."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.hours", "ENVIRONMENT": "test"}):
        fill()
        ok("init")
        ok("commit", "-m", "The hours")
        ok(*APPLY)
        Opening.objects.using("other").update(opens=dt.time(8))
        Opening.objects.update(closes=dt.time(14))
        ok("commit", "-m", "Longer")
        yield


def span() -> tuple[int, int]:
    found = Opening.objects.using("other").get()
    return found.opens.hour, found.closes.hour


def test_a_value_of_which_a_part_was_edited_here_is_not_overwritten(
    parted: None, ok: Ok, run: Run
) -> None:
    before = raw.snapshot("other")
    said = run(*APPLY)
    assert said.code == 3
    assert "bakery.opening:1 was edited here and would be overwritten: closes, opens" in said.err
    assert raw.snapshot("other") == before
    ok(*APPLY, "--force")
    assert span() == (6, 14)
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_a_part_that_the_commit_leaves_alone_is_no_reason_to_overwrite_the_other(
    parted: None, ok: Ok, run: Run
) -> None:
    Opening.objects.update(opens=dt.time(8))
    ok("commit", "-m", "Later")
    said = run(*APPLY)
    assert said.code == 3
    assert "would be overwritten: closes, opens" in said.err


@pytest.mark.parametrize(("side", "expected"), [("ours", (8, 12)), ("theirs", (6, 14))])
def test_a_merge_takes_the_value_of_one_side(
    parted: None, ok: Ok, run: Run, side: str, expected: tuple[int, int]
) -> None:
    before = raw.snapshot("other")
    said = run(*MERGE)
    assert said.code == 3
    assert "was edited here and is changed by main: closes, opens" in said.err
    assert raw.snapshot("other") == before
    ok(*MERGE, f"--take={side}")
    assert span() == expected
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_what_is_one_value_is_recorded(parted: None, git: Ok) -> None:
    assert '"together": [["closes", "opens"]]' in " ".join(
        git("show", "main:hours/dataset.json").split()
    ).replace("[ ", "[").replace(" ]", "]")
