"""A user of the machine who may read the database's file and the repository, and write neither."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from contentgit.cli.main import main
from tests.bakery.content import fill
from tests.bakery.models import Tag

NOBODY = 65534


@pytest.fixture
def place(db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with a commit of the shop, to which this process loses its right to write."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory(prefix="contentgit-test-") as name:
        top = Path(name)
        top.chmod(0o755)
        (top / "config").write_text("[user]\n\tname = A\n\temail = a@b\n[safe]\n\tdirectory = *\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(top / "config"))
        monkeypatch.setenv("HOME", name)
        fill()
        assert main(["init", str(top / "content")]) == 0
        assert main(["commit", f"--repository={top / 'content'}", "-m", "The whole shop"]) == 0
        Tag.objects.filter(pk=3).update(name="Bio")
        connections["default"].close()
        Path(connections["default"].settings_dict["NAME"]).chmod(0o644)
        os.seteuid(NOBODY)
        try:
            yield top / "content"
        finally:
            connections["default"].close()
            os.seteuid(0)


CALLS = [
    ["status"],
    ["diff"],
    ["log"],
    ["log", "--applied"],
    ["show"],
    ["blame", "bakery.tag:3"],
    ["check"],
    ["checkout", "main", "--force"],
    ["update", "--dry-run"],
    ["gc", "--dry-run"],
]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_who_may_read_can_look(place: Path, words: list[str]) -> None:
    assert main([*words, f"--repository={place}"]) == 0


@pytest.mark.parametrize(
    "words", [["commit", "-m", "x"], ["checkout", "main", "--apply", "--yes", "--force"]]
)
def test_who_may_read_cannot_write(
    place: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, f"--repository={place}"]) == 1
    said = capsys.readouterr().err
    assert "it takes no writes" in said or f"cannot write to {place}" in said
