"""Two editors change a site at the same time, at random: nothing is lost, whatever they do.

More of the same: ``python scripts/proofs/merges.py 200``.
"""

from __future__ import annotations

import os

import pytest

from tests.databases import Cleaner
from tests.merge_laws import Start
from tests.merge_starts import STARTS

SEEDS = range(int(os.environ.get("CONTENTGIT_TEST_SEEDS", "2")))
_MADE: dict[str, Start] = {}


@pytest.fixture(params=STARTS)
def start(
    request: pytest.FixtureRequest,
    _cleaners: dict[str, Cleaner],
    tmp_path_factory: pytest.TempPathFactory,
) -> Start:
    """A site's repository, the same for all tests: they move no branch but ``work``."""
    name = request.param
    if name not in _MADE:
        _cleaners["default"].clean()
        _MADE[name] = STARTS[name](tmp_path_factory.mktemp("merges") / name)
    return _MADE[name]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_law_of_a_merge_holds(start: Start, seed: int) -> None:
    start.clash(str(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_records_that_both_gave_one_key_are_kept(start: Start, seed: int) -> None:
    start.both_kept(str(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_git_alone_merges_edits_of_different_fields(start: Start, seed: int) -> None:
    start.disjoint(str(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_git_alone_puts_into_another_record_is_seen(start: Start, seed: int) -> None:
    start.renamed(str(seed))


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_what_was_done_can_be_taken_back(start: Start, seed: int) -> None:
    start.taken_back(str(seed))


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_branches_that_take_each_others_tips(start: Start, seed: int) -> None:
    start.crossing(str(seed), rounds=2)
