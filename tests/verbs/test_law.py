"""The one law: fill, commit, damage at random, apply with --force, and every table is as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.fieldzoo.growing import MODELS, TABLES, Grower
from tests.verbs.conftest import Run

Ok = Callable[..., str]
SEEDS = range(int(os.environ.get("CONTENTGIT_TEST_SEEDS", "3")))


def datasets() -> dict[str, Any]:
    specs = specs_for_models(MODELS, {"delete_missing": True})
    return {"zoo": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_law.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_committed_comes_back(db: str, ok: Ok, run: Run, seed: int) -> None:
    grower = Grower(seed, db)
    grower.grow()
    ok("init", "--bare")
    ok("commit", "-m", "As it was")
    assert "Nothing to commit" in ok("commit", "-m", "Again")
    before = raw.snapshot(db, TABLES)
    grower.damage()
    ok("commit", "--branch=damaged", "-m", "Damaged")
    damaged = raw.snapshot(db, TABLES)
    for revision, tables in (("main", before), ("damaged", damaged), ("main", before)):
        if seed % 3 == 2:
            raw.wipe(db, TABLES)
        ok("checkout", revision, "--apply", "--yes", "--force", "--allow-empty")
        for name, rows in raw.snapshot(db, TABLES).items():
            assert rows == tables[name], f"{name} after checkout {revision}"
        assert "clean" in ok("status")
    assert "Nothing to commit" in ok("commit", "--dry-run")
