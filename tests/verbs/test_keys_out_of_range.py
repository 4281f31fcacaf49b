"""Records whose key no row of this database can have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings

from contentgit.content.layout import key_text, record_path
from contentgit.content.records import RecordKey
from contentgit.content.schema import Layout
from contentgit.datasets import specs_for_models
from contentgit.models import AppliedCommit
from tests import raw
from tests.fieldzoo.models import CodeKey, DecimalKey, FoldedKey, Folding, TextKey, UuidKey
from tests.verbs.conftest import Run

Ok = Callable[..., str]
HALF = "it has half a character"


def datasets() -> dict[str, dict[str, Any]]:
    models = (TextKey, CodeKey, UuidKey, DecimalKey, FoldedKey, Folding, Group)
    return {"all": {"specs": lambda _: specs_for_models(models, {"delete_missing": True})}}


@pytest.fixture(autouse=True)
def _datasets(db: str) -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


@pytest.fixture
def write(ok: Ok, git: Ok, repository_path: Path) -> Callable[..., str]:
    """Commits a record by plain git, as a pull request may bring it."""
    TextKey.objects.create(code="a", name="a")
    Folding.objects.create(pk=1)
    ok("init")
    ok("commit", "-m", "All")

    def commit(label: str, key: Any, /, **fields: Any) -> str:
        record = RecordKey(label, key_text(key))
        layout = Layout.INTEGER if isinstance(key, int) else Layout.HASHED
        file = repository_path / "all" / record_path(record, layout)
        file.parent.mkdir(parents=True, exist_ok=True)
        found = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**found, "$key": key, "$model": label, **fields}))
        git("add", "-A")
        git("commit", "-qm", f"Write {label}")
        return str(record)

    return commit


@pytest.mark.parametrize(
    ("label", "key", "fields", "field", "says"),
    [
        ("fieldzoo.textkey", "\ud800", {"name": "x"}, "$key", HALF),
        ("fieldzoo.codekey", "\udfff", {"name": "x"}, "$key", HALF),
        ("fieldzoo.foldedkey", "\ud800", {"name": "x"}, "$key", HALF),
        ("fieldzoo.uuidkey", "1", {"name": "x", "friends": [], "texts": []}, "$key", "a UUID"),
        ("fieldzoo.decimalkey", "1e999", {"name": "x"}, "$key", "not a key of fieldzoo.decimalkey"),
        ("auth.group", "\ud800", {"name": "\ud800", "permissions": []}, "name", HALF),
        ("fieldzoo.folding", 1, {"target": "fieldzoo.foldedkey:%ed%a0%80"}, "target", HALF),
        ("fieldzoo.folding", 1, {"key": "fieldzoo.foldedkey:%ed%a0%80"}, "key", "neither"),
        ("fieldzoo.folding", 1, {"keys": ["fieldzoo.foldedkey:%ed%a0%80"]}, "keys", "neither"),
    ],
)
def test_record_and_field_are_told(
    write: Callable[..., str], run: Run, git: Ok, db: str, label: str, key: Any,
    fields: dict[str, Any], field: str, says: str,
) -> None:  # fmt: skip
    before = raw.snapshot("default", ("fieldzoo_", "auth_group"))
    record = write(label, key, **fields)
    for words in (["status"], ["diff", "main"], ["update", "--dry-run"], ["checkout", "main"]):
        assert run(*words).code in (0, 1, 3)
    for words in (["checkout", "main", "--apply", "--yes"], ["update", "--yes"]):
        said = run(*words)
        assert said.code in (1, 3)
        assert record in said.err, said.err
        assert field in said.err
        assert says in said.err
        assert raw.snapshot("default", ("fieldzoo_", "auth_group")) == before
    AppliedCommit.objects.update(commit=git("rev-parse", "main"))
    for words in (["status"], ["diff"], ["checkout", "main~1"], ["update", "--dry-run"]):
        said = run(*words)
        assert said.code in (0, 1, 3), said
