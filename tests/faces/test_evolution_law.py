"""A few histories of ``tests/evolving_laws.py``; ``scripts/proofs/evolution.py`` runs many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evolving_laws import Law


@pytest.mark.parametrize("seed", [17])
def test_merged_and_applied_is_what_migrate_makes_in_place(tmp_path: Path, seed: int) -> None:
    Law(tmp_path / "project", seed).check()
