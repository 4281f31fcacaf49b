"""Two sites that give the same primary keys to rows of their own: see ``tests/numbered_laws.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from tests.numbered_laws import NumberedSites
from tests.uuid_sites import NUMBERED

SEEDS = range(int(os.environ.get("CONTENTGIT_TEST_SEEDS", "3")))
ROUNDS = 2


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT=NUMBERED):
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_takes_one_row_for_another(
    databases: tuple[str, str], repository_path: Path, seed: int
) -> None:
    sites = NumberedSites(repository_path, seed)
    sites.begin()
    for _ in range(ROUNDS):
        sites.late()
        sites.play()
