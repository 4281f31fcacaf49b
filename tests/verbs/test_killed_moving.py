"""Killed, or the connection lost, while rows get other primary keys: all have moved, or none.

As :mod:`test_killed` and :mod:`test_lost` do it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import raw
from tests.verbs import test_killed, test_lost, test_moving
from tests.verbs.conftest import Run
from tests.verbs.test_moving import APPLY, OTHER, around, both_made, copied, keys, whole

pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
main = test_killed.main
twins = test_moving.twins
own_datasets = test_moving.own_datasets


def has_moved(ok: Ok, before: dict[str, Any]) -> bool:
    """Whether the apply has happened; if not, nothing of it has."""
    assert "clean" in ok("status", OTHER)
    if raw.snapshot("other") == before:
        return False
    assert around("other", "Oatmeal") == whole("Oatmeal")
    assert around("other", "Barley") == copied("Barley")
    assert (keys("other", "Oatmeal"), keys("other", "Barley")) == ({901}, {900})
    return True


def test_a_killed_apply(
    twins: None, run: Run, ok: Ok, main: Callable[[list[str]], int], repository_path: object
) -> None:
    both_made(ok, run)
    before = raw.snapshot("other")
    for _step in test_killed.every_step(lambda: main([*APPLY, f"--repository={repository_path}"])):
        if has_moved(ok, before):
            break
    ok(*APPLY)
    assert has_moved(ok, before)


def test_an_apply_that_loses_its_connection(twins: None, run: Run, ok: Ok) -> None:
    both_made(ok, run)
    before = raw.snapshot("other")
    for said in test_lost.every_step("other", lambda: run(*APPLY)):
        test_lost.check_words(said, "other")
        if has_moved(ok, before):
            ok("undo", "--yes", OTHER)
            assert raw.snapshot("other") == before
    assert has_moved(ok, before)
