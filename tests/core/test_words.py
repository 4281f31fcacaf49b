"""The words that changed."""

from __future__ import annotations

import random
import time
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content import alignment
from contentgit.content.words import words
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


def test_texts_that_repeat_themselves_are_compared_in_time() -> None:
    kinds = [("-+" * 95, "+--+" * 48), ("a b " * 48, "a b b a " * 24), ("so. " * 45, "s. o " * 45)]
    pieces = [
        (f" Number{n} {old}", f" Number{n} {new}") for n, (old, new) in enumerate(kinds * 150)
    ]
    before, after = ("".join(sides) for sides in zip(*pieces, strict=True))
    began = time.process_time()
    result = words(before, after)
    assert time.process_time() - began < 4  # twice that, where all pairs are looked at
    assert "".join(text for kind, text in result if kind != "insert") == before
    assert "".join(text for kind, text in result if kind != "delete") == after


def test_a_sentence_that_stands_often_still_shows_its_words() -> None:
    result = words("A cat sat on the mat. " * 9, "A dog sat on the mat. " * 9)
    assert [(kind, text) for kind, text in result if kind != "equal"] == [
        ("delete", "cat"),
        ("insert", "dog"),
    ] * 9


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("ab ."), max_size=60), st.lists(st.sampled_from("ab ."), max_size=60)
)
def test_beyond_the_limit_of_work_as_much_stays_as_can(old: list[str], new: list[str]) -> None:
    found = alignment._longest(old, new)
    assert all(old[i] == new[j] for i, j in found)
    assert all(i < x and j < y for (i, j), (x, y) in pairwise(found))
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for (i, one), (j, other) in product(enumerate(old), enumerate(new)):
        longer = lengths[i][j] + 1 if one == other else 0
        lengths[i + 1][j + 1] = max(longer, lengths[i][j + 1], lengths[i + 1][j])
    assert len(found) == lengths[-1][-1]
