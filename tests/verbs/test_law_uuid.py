"""The laws of ``test_law`` with models named by UUIDs, where the database or a default gives the primary key.

But for one to which other rows may refer although it is not there: a UUID cannot name what never was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from contentgit.datasets import specs_for_models
from contentgit.db.spec_rules.models import has_automatic_key
from tests.verbs import test_law
from tests.verbs.conftest import Run
from tests.verbs.test_law import POPULATIONS, SEEDS

Ok = Callable[..., str]


def datasets() -> dict[str, Any]:
    def specs(name: str) -> Any:
        found = specs_for_models(POPULATIONS[name].models, {"delete_missing": True})
        models = filter(has_automatic_key, POPULATIONS[name].models)
        named = {each._meta.label_lower for each in models} - {"fieldzoo.coded"}
        uuids = [{**each, "identity": "uuid"} if each["model"] in named else each for each in found]
        return {"specs": lambda _arguments: uuids}

    return {name: specs(name) for name in POPULATIONS}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_law_uuid.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("seed", SEEDS[::3])
@pytest.mark.parametrize("law", ["comes_back", "lose_nothing", "undone"])
def test_a_law(db: str, ok: Ok, run: Run, seed: int, name: str, law: str) -> None:
    laws: dict[str, Callable[..., None]] = {
        "comes_back": test_law.test_what_was_committed_comes_back,
        "lose_nothing": test_law.test_receivers_that_write_lose_nothing,
        "undone": test_law.test_what_an_apply_did_is_undone,
    }
    laws[law](db, ok, run, seed, name)
