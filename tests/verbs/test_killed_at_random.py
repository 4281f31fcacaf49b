"""Verbs killed at random moments: a small part of ``scripts/proofs/kills.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kills.killing import Killing
from tests.kills.place import Place

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
VERBS = {"commit", "apply", "merge", "merge in conflict", "merge --continue", "update", "undo"}


def test_all_is_in_order_after_the_next_call(databases: tuple[str, str], tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert set(place.states) == VERBS
    for verb in place.states:
        killing, seed = Killing(place, verb, measured=1), 0
        while killing.tally.kills < 2:
            assert killing.kill(seed) == []
            seed += 1
