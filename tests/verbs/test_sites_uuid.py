"""Two sites that work on the same rows under the same primary keys: see ``tests/uuid_laws.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from tests.bakery.models import Tag
from tests.uuid_laws import Sites
from tests.uuid_sites import SETTING

Ok = Callable[..., str]
SEEDS = range(int(os.environ.get("CONTENTGIT_TEST_SEEDS", "3")))
ROUNDS = 2
OTHER = "--database=other"


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT=SETTING):
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_two_sites_agree_after_each_round(
    databases: tuple[str, str], repository_path: Path, seed: int
) -> None:
    sites = Sites(repository_path, seed)
    sites.begin()
    for _ in range(ROUNDS):
        sites.play()


def test_new_rows_come_beside_keys_that_the_database_did_not_give(
    databases: object, ok: Ok
) -> None:
    """Fixtures and scripts give keys; the next one of PostgreSQL's sequence is taken then."""
    Tag.objects.create(name="Vegan", slug="vegan")
    Tag.objects.using("other").create(pk=1, name="Sweet", slug="sweet")
    ok("init")
    ok("commit", "-m", "Vegan")
    ok("commit", "-m", "Sweet", "--branch=live", OTHER)
    ok("merge", "live")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    found = Tag.objects.using("other").order_by("pk").values_list("pk", "slug")
    assert list(found) == [(1, "sweet"), (2, "vegan")]
