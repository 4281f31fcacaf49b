"""Verbs killed at random moments: a small part of ``scripts/proofs/kills.py``.

Those that have a small share in it are killed before their n-th step instead. The suite takes every 13th;
``CONTENTGIT_TEST_EVERY=1`` takes each.
"""

from __future__ import annotations

import os

import pytest

from tests.databases import Cleaner
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


UNTOUCHED = {"update", "undo", "merge in conflict", "merge --abort"}
"""These write neither a branch nor a worktree."""

LOCKS = {
    **{verb: ["index.lock"] for verb in sorted(VERBS - UNTOUCHED)},
    "commit": ["index.lock", "HEAD.lock", "refs/heads/main.lock"],
    "apply": ["index.lock", "HEAD.lock"],
}


@pytest.fixture(scope="module")
def place(_cleaners: dict[str, Cleaner], tmp_path_factory: pytest.TempPathFactory) -> Place:
    for cleaner in _cleaners.values():
        cleaner.clean()
    return Place(tmp_path_factory.mktemp("killed"))


def test_all_is_in_order_after_the_next_call(place: Place) -> None:
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


def test_a_lock_that_was_left_is_named_and_all_is_in_order_without_it(place: Place) -> None:
    for verb, locks in LOCKS.items():
        killing = Killing(place, verb, measured=1)
        for lock in locks:
            assert killing.lock_out(lock) == []
