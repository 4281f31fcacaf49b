"""The laws of ``test_law`` with models named by unique fields, where the database gives the primary key.

Primary keys are then no content: a row that comes back may have another one. So content is compared, as
records, and not the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.db.models import Model
from django.test import override_settings
from django.utils import timezone

from contentgit.config import read
from contentgit.datasets import specs_for_models
from contentgit.db.spec_rules.models import has_automatic_key
from contentgit.workingcopy.project import Operator, Project
from tests.growing import Grower
from tests.verbs.conftest import Run
from tests.verbs.test_law import SEEDS
from tests.zoo.growing import POPULATION as ZOO

Ok = Callable[..., str]


def _unique(model: type[Model]) -> list[str]:
    """The first field that can name the rows; multi-table children have the names of their parents."""
    if not has_automatic_key(model) or model._meta.parents:
        return []
    fields = [each for each in model._meta.local_concrete_fields if not each.generated]
    plain = [f.name for f in fields if f.unique and not (f.primary_key or f.null or f.is_relation)]
    return plain[:1]


def datasets() -> dict[str, Any]:
    found = specs_for_models(ZOO.models, {"delete_missing": True})
    names = {each._meta.label_lower: _unique(each) for each in ZOO.models}
    specs = [{**each, "identity": names[each["model"]] or "pk"} for each in found]
    return {"zoo": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


def content(using: str) -> Mapping[str, bytes]:
    """All records of the database, by their paths."""
    project = Project(read(), using, Operator("test", timezone.now()))
    (dump,) = project.dumps(["zoo"])
    with project.snapshot():
        return {path: data for path, _, data in dump.reader.entries()}


def test_some_models_have_unique_fields() -> None:
    assert len([each for each in ZOO.models if _unique(each)]) > 5


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_committed_comes_back(db: str, ok: Ok, run: Run, seed: int) -> None:
    grower = Grower(ZOO, seed, db)
    grower.grow()
    ok("init", "--bare")
    ok("commit", "-m", "As it was")
    before = content(db)
    grower.damage()
    ok("commit", "--branch=damaged", "-m", "Damaged")
    damaged = content(db)
    for revision, wanted in (("main", before), ("damaged", damaged), ("main", before)):
        if seed % 2:
            grower.damage(10)
        ok("checkout", revision, "--apply", "--yes", "--force", "--allow-empty")
        assert content(db) == wanted, revision
        assert "clean" in ok("status")
    assert "Nothing to commit" in ok("commit", "--dry-run")


@pytest.mark.parametrize("seed", SEEDS)
def test_what_an_apply_did_is_undone(db: str, ok: Ok, run: Run, seed: int) -> None:
    grower = Grower(ZOO, seed, db)
    grower.grow()
    ok("init", "--bare")
    ok("commit", "-m", "As it was")
    grower.damage(12)
    ok("commit", "--branch=theirs", "-m", "Theirs")
    ok("checkout", "main", "--apply", "--yes", "--force", "--allow-empty")
    grower.damage(12)
    for way in (["--merge"], ["--merge", "--take=ours"], ["--merge", "--take=theirs"], ["--force"]):
        before = content(db)
        said = run("checkout", "theirs", "--apply", "--yes", "--allow-empty", *way)
        assert said.code in (0, 3), said
        if said.code == 0:
            done = run("undo", "--yes", "--allow-empty")
            assert done.code == 0, (way, done)
        assert content(db) == before, way
