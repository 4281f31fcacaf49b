"""Hostile repositories of ``tests/hostile``: every verb that reads ends on each, soon, in our own words.

``CONTENTGIT_TEST_EVERY=1`` makes each call of every verb; else it is one of each verb that can notice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contentgit.cli.parser import VERBS
from contentgit.history.lenses import PREFIX
from tests.databases import Cleaner
from tests.fuzz import judge
from tests.fuzz.run import Ground
from tests.hostile import MEMBERS, Place
from tests.hostile.reading import AS_OTHERS, CALLS, NOT_CALLED, OF_THE_REPOSITORY, calls, read_all

EVERY = bool(os.environ.get("CONTENTGIT_TEST_EVERY"))
CPU_SECONDS = 5.0
"""So much may one call take, git's part too; the sound site takes less than 0.1."""
LINES = 250
"""So many lines may an error have without ``--full``: 200 things that it lists, and what to do."""


@pytest.fixture(scope="module")
def ground(
    _cleaners: dict[str, Cleaner], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    _cleaners["default"].clean()
    yield Ground.build(tmp_path_factory.mktemp("hostile"))
    _cleaners["default"].clean()


@pytest.mark.parametrize("name", MEMBERS)
def test_every_reading_verb_ends(ground: Ground, name: str) -> None:
    member, folder = MEMBERS[name], ground.case_folder
    ground.site.copy(folder)
    place = Place(folder, ground.site.repository)
    member.write(place)
    before = _refs(place.git_dir)
    whole, done = read_all(folder, calls(content=member.is_content and not EVERY, every=EVERY))
    for words, ended in done:
        shown = f"contentgit {' '.join(words)}\n{ended.out[-2000:]}{ended.err}"
        assert not judge.faults(ended, words), (judge.faults(ended, words), shown)
        assert ended.cpu < CPU_SECONDS, f"{ended.cpu:.1f} s: {shown}"
        assert not ended.code or "--full" in words or ended.err.count("\n") <= LINES, shown
    assert not judge.faults(whole, []), whole.err
    check = next(ended for words, ended in done if words[0] == "check")
    said = check.out + check.err
    assert (check.code, member.says in said) == (member.code, True), said
    assert _refs(place.git_dir) == before


def _refs(git_dir: Path) -> dict[Path, bytes]:
    """All but those that keep what a lens made."""
    files = [git_dir / "HEAD", git_dir / "packed-refs", *sorted((git_dir / "refs").rglob("*"))]
    lenses = git_dir / PREFIX
    return {
        path: path.read_bytes()
        for path in files
        if path.is_file() and not path.is_relative_to(lenses)
    }


def test_every_verb_is_called_or_named() -> None:
    assert {*CALLS, *NOT_CALLED} == set(VERBS)
    assert set(CALLS) > OF_THE_REPOSITORY | AS_OTHERS


def test_a_call_that_does_not_end_is_named(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.site.copy(ground.case_folder)
    monkeypatch.setattr(judge, "contentgit", lambda words: {}["x"] if words[0] == "tag" else 0)
    _, done = read_all(ground.case_folder, calls(content=False, every=False))
    assert [words[0] for words, ended in done if ended.trace] == ["tag"]
