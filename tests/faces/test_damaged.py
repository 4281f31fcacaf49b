"""Sites damaged at random, and every verb that reads: a small part of ``scripts/proofs/fuzz.py``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from contentgit.cli.parser import VERBS
from tests.fuzz import judge, words
from tests.fuzz.run import Ground

SEEDS = range(700, 708)


def test_damage_is_said_in_our_own_words(db: str, tmp_path: Path) -> None:
    ground = Ground.build(tmp_path)
    for seed in SEEDS:
        for did in ground.case(seed, 5):
            assert not did.faults, f"seed {seed} ({did.damage}): {did.shown}\n{did.faults}"


def test_every_verb_is_called_with_words_that_its_parser_takes() -> None:
    assert set(words.USUAL) == set(words.verbs())
    assert set(words.verbs()) | set(words.NOT_CALLED) == set(VERBS)
    for verb, parser in words.parsers().items():
        for action in parser._actions if verb not in words.NOT_CALLED else ():
            named = action.option_strings and (action.nargs == 0 or action.dest in words.LEFT_OUT)
            assert named or action.choices or action.metavar in words.VALUES, action


def raises(_words: Sequence[str]) -> int:
    return {}["x"]  # type: ignore[no-any-return]


def holds(_words: Sequence[str]) -> int:
    return len(b"x" * (judge.MEGABYTES + 50) * 2**20) * 0


def waits(_words: Sequence[str]) -> int:
    time.sleep(60)
    return 0


def says(text: str, code: int = 1) -> judge.Program:
    def program(_words: Sequence[str]) -> int:
        print(text)  # noqa: T201
        return code

    return program


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        (raises, "traceback: KeyError: "),
        (holds, "held "),
        (waits, "still running after "),
        (says("", 70), "unknown exit code 70"),
        (says("", 3), "exit code 3 and not a word"),
        (says("\x1b[31m"), "a control character in the output"),
        (says("\ud800"), "traceback: UnicodeEncodeError"),
        (says("{", 0), "--json gave no JSON"),
    ],
)
def test_what_is_looked_for_is_found(
    db: str, tmp_path: Path, program: Callable[[Sequence[str]], int], fault: str
) -> None:
    call = ["log", "--json"] if fault.startswith("--json") else ["log"]
    ended = judge.call(call, tmp_path, program, seconds=2 if program is waits else judge.SECONDS)
    assert [each for each in judge.faults(ended, call) if each.startswith(fault)], ended
    fine = judge.call(["log"], tmp_path, says("all is well", 0))
    assert judge.faults(fine, ["log"]) == []
