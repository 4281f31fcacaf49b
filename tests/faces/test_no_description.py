"""A commit whose ``dataset.json`` is missing or does not describe a dump."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import raw
from tests.verbs.conftest import Run

Ok = Callable[..., str]
PATH = "shop/dataset.json"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ('{"models": 7}', "does not describe a dump"),
        ("[]", "does not describe a dump"),
        ('{"specs": []}', "'models' is missing"),
        ("{", "not JSON"),
        (None, "is missing"),
    ],
)
def test_it_is_not_applied(
    committed: None, run: Run, ok: Ok, git: Ok, repository_path: Path, data: str | None, says: str
) -> None:
    git("checkout", "-qb", "other")
    if data is None:
        (repository_path / PATH).unlink()
    else:
        (repository_path / PATH).write_text(data)
    git("commit", "-qam", "Describe")
    before = raw.snapshot()
    tip = git("rev-parse", "--short=10", "other")
    calls = [
        "checkout other", "checkout other shop", "checkout other --apply --yes",
        "checkout other --apply --yes --force", "update --dry-run", "update --yes",
    ]  # fmt: skip
    for words in calls:
        said = run(*words.split())
        assert said.code == 1, words
        assert f"{PATH} in {tip}" in said.err, (words, said)
        assert says in said.err, (words, said)
        assert raw.snapshot() == before
    assert git("symbolic-ref", "HEAD") == "refs/heads/other"
    ok("checkout", "other", "hours")
    ok("commit", "-m", "Describe again")
    assert "Nothing to do" in ok("checkout", "other")
