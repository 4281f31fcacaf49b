"""Laws of copies: random rows become a copy in another database, which follows the commits and can be undone.

Models are saved as new where the database or a default gives the primary key; the others keep their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import Model
from django.test import override_settings

from contentgit.datasets import specs_for_models
from contentgit.db.fields.plain import generic_keys
from contentgit.db.spec_rules.models import has_automatic_key
from tests import raw
from tests.growing import Grower
from tests.verbs.conftest import Run
from tests.verbs.test_law import POPULATIONS, SEEDS

Ok = Callable[..., str]
OTHER = "--database=other"


def datasets() -> dict[str, Any]:
    def specs(name: str) -> Any:
        models = [each for each in POPULATIONS[name].models if not _may_dangle(each)]
        found = specs_for_models(models, {"delete_missing": True})
        new = {each._meta.label_lower for each in filter(has_automatic_key, models)}
        for model in models:  # a key that is content may be made of references
            if not has_automatic_key(model):
                fields = (each for each in model._meta.pk_fields if each.is_relation)
                new -= {each.related_model._meta.label_lower for each in fields}
        listed = [{**each, "save_as_new": each["model"] in new} for each in found]
        return {"specs": lambda _arguments: listed}

    return {name: specs(name) for name in POPULATIONS}


def _may_dangle(model: type[Model]) -> bool:
    """Whether rows may refer to others that are nowhere, or are named by others: no copy can have these."""
    keys = [each for each in model._meta.concrete_fields if each.is_relation]
    named = len(model._meta.pk_fields) > 1 and any(
        each.is_relation for each in model._meta.pk_fields
    )
    return named or bool(generic_keys(model)) or not all(each.db_constraint for each in keys)


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_copy_is_what_the_commits_say(
    databases: tuple[str, str], ok: Ok, run: Run, seed: int, name: str
) -> None:
    tables = POPULATIONS[name].tables
    grower = Grower(POPULATIONS[name], seed, "default")
    grower.grow()
    ok("init", "--bare")
    ok("commit", name, "-m", "As it was")
    grower.damage(12)
    ok("commit", name, "--branch=damaged", "-m", "Damaged")
    states = [raw.snapshot("other", tables)]
    for revision in ("main", "damaged", "main"):
        words = ("checkout", revision, name, "--apply", "--yes", "--allow-empty", OTHER)
        assert "a copy of" in ok(*words)
        states.append(raw.snapshot("other", tables))
        dumps = run("status", name, "--json", OTHER).json["dumps"]
        assert [(one["copy"], one["changes"]) for one in dumps] == [("save_as_new", [])]
        assert "nothing to write" in ok(*words)
        assert raw.snapshot("other", tables) == states[-1]
    for before in reversed(states[:-1]):
        ok("undo", "--yes", "--allow-empty", OTHER)
        for table, rows in raw.snapshot("other", tables).items():
            assert rows == before[table], table
