"""The words that changed."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings

from contentgit.diff import words
from tests.core.strategies import texts

CASES = [
    ("", "", []),
    ("same", "same", [("equal", "same")]),
    ("", "new", [("insert", "new")]),
    ("old", "", [("delete", "old")]),
    (
        "It was red.",
        "It is red.",
        [("equal", "It "), ("delete", "was"), ("insert", "is"), ("equal", " red.")],
    ),
    # Space between two changed words changes with them
    (
        "The quick brown fox",
        "The slow green fox",
        [("equal", "The "), ("delete", "quick brown"), ("insert", "slow green"), ("equal", " fox")],
    ),
    ("A cat", "A black cat", [("equal", "A "), ("insert", "black "), ("equal", "cat")]),
    (
        "<p>One.</p>",
        '<p class="x">One.</p>',
        [("delete", "<p>"), ("insert", '<p class="x">'), ("equal", "One.</p>")],
    ),
    (
        "今日は晴れ",
        "今日は雨",
        [("equal", "今日は"), ("delete", "晴れ"), ("insert", "雨")],
    ),
    (
        "First. Second. Third. ",
        "First. Third. ",
        [("equal", "First. "), ("delete", "Second. "), ("equal", "Third. ")],
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_words(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    assert words(before, after) == expected


@settings(deadline=None)
@given(texts, texts)
def test_both_sides_are_in_it(before: str, after: str) -> None:
    result = words(before, after)
    assert "".join(text for kind, text in result if kind != "insert") == before
    assert "".join(text for kind, text in result if kind != "delete") == after
    kinds = [kind for kind, _ in result]
    assert all(kind != following for kind, following in pairwise(kinds))
    assert ("insert", "delete") not in pairwise(kinds)


def test_long_texts_with_many_edits_are_compared_in_time() -> None:
    chance = random.Random(3)
    vocabulary = [f"word{number}" for number in range(2000)]
    sentences = [" ".join(chance.choices(vocabulary, k=9)) + ". " for _ in range(1500)]
    changed = [
        sentence.replace(" ", " very ", 1) if chance.random() < 0.3 else sentence
        for sentence in sentences
    ]
    before, after = "".join(sentences), "".join(changed)
    began = time.process_time()
    result = words(before, after)
    assert time.process_time() - began < 3
    assert {text.strip() for kind, text in result if kind != "equal"} == {"very"}


def test_texts_without_anything_in_common_are_compared_in_time() -> None:
    chance = random.Random(5)
    before, after = (" ".join(chance.choices("abcdefgh", k=50_000)) for _ in range(2))
    began = time.process_time()
    assert words(before, after)
    assert time.process_time() - began < 3
