"""Several people at one database at once: nothing of anybody's is lost, and nobody is left with a deadlock.

The long form of this is ``scripts/proofs/operators.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests import raw
from tests.verbs import operators

Ok = Callable[..., str]


def test_two_operators_and_an_editor(
    databases: tuple[str, str], ok: Ok, git: Ok, repository_path: Path
) -> None:
    operators.prepare(ok)
    told = operators.work(repository_path, "other", ("main", "summer"), seconds=4, pause=0.2)
    assert told.unexplained == []
    assert told.codes[0] > 1, told
    assert len(told.words) > 3, told
    assert set(told.words) - operators.kept(repository_path, "other") == set()
    assert git("fsck", "--no-dangling") == ""
    ok("checkout", "summer", "--apply", "--yes", "--force", "--database=other")
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")
