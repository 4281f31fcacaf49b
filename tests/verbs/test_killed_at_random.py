"""Verbs killed at random moments: a small part of ``scripts/proofs/kills.py``.

Those that have a small share in it are killed before their n-th step instead. The suite takes every 13th;
``CONTENTGIT_TEST_EVERY=1`` takes each.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kills.killing import Killing
from tests.kills.place import SELDOM, Place

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
EVERY = int(os.environ.get("CONTENTGIT_TEST_EVERY") or "13")
VERBS = {
    *(
        "commit",
        "apply",
        "merge",
        "merge in conflict",
        "merge --continue",
        "merge --abort",
        "update",
        "undo",
    ),
    *("pull", "pull that merges", "checkout -b", "cherry-pick", "revert", "restore", "check --fix"),
}


def test_all_is_in_order_after_the_next_call(databases: tuple[str, str], tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert set(place.states) == VERBS
    for verb, state in place.states.items():
        killing, number = Killing(place, verb, measured=1), 0
        if state.share == SELDOM:
            while not killing.tally.finished:
                assert killing.kill_before(number * EVERY + 1) == []
                number += 1
        while killing.tally.kills < 2 and state.share != SELDOM:
            assert killing.kill(number) == []
            number += 1
