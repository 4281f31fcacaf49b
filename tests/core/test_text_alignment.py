"""Segments of long texts, matched without a list of all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content import text_alignment
from contentgit.content.alignment import rough_runs, runs
from contentgit.content.text import segments
from contentgit.content.text_alignment import TextRun, common_end, common_start, text_runs
from contentgit.content.words import words
from contentgit.merge.sequences import merge_sequences, merge_texts
from tests.core.strategies import texts
from tests.memory import printed


def sentences(count: int) -> list[str]:
    return [f"Loaf {n} is made of rye. " for n in range(count)]


LONG = sentences(6_000)
LARGE = sentences(120_000)

EDITS = {
    "nothing": {},
    "the first": {0: "Bread. "},
    "the last": {-1: "Bread. "},
    "both ends": {0: "Bread. ", -1: "Crust. "},
    "a word": {3_000: "Loaf 3000 is made of wheat. "},
    "gone": {3_000: "", 4_000: ""},
    "put in": {
        3_000: "Loaf 3000 is made of rye. Salt. ",
        5_999: "Loaf 5999 is made of rye. Salt. ",
    },
    "the same once more": {3_000: "Loaf 3000 is made of rye. " * 2},
}


def edited(text: list[str], edits: dict[int, str]) -> str:
    changed = list(text)
    for place, sentence in edits.items():
        changed[place] = sentence
    return "".join(changed)


def merged(found: Iterator[TextRun]) -> list[TextRun]:
    """Without empty runs, and with those together that are equal, or are not."""
    some = groupby((run for run in found if any(run)), key=lambda run: run[0] == run[1])
    pairs = [list(zip(*each, strict=True)) for _, each in some]
    return [("".join(old), "".join(new)) for old, new in pairs]


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("align", [runs, rough_runs])
def test_long_texts_have_the_runs_of_their_segments(name: str, align: text_alignment.Align) -> None:
    old, new = "".join(LONG), edited(LONG, EDITS[name])
    whole = (("".join(a), "".join(b)) for a, b in align(segments(old), segments(new)))
    assert merged(text_runs(old, new, align)) == merged(whole)


@settings(deadline=None, max_examples=3 * settings().max_examples)
@given(texts, texts, texts, texts)
def test_runs_are_both_texts(head: str, old: str, new: str, tail: str) -> None:
    """With limits so low that ends, chunks and replacements all come in."""
    a, b = head * 3 + old + tail * 3, head * 3 + new + tail * 3
    limits = {"LONG_TEXT": 20, "_CHUNKED": 60, "_REPLACED": 400, "_WINDOW": 60, "_MARGIN": 9}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(text_alignment, name, value)
        found = list(text_runs(a, b, runs))
    assert "".join(each for each, _ in found) == a
    assert "".join(each for _, each in found) == b
    assert all(x is y for x, y in found if x == y and x)


def test_a_sentence_at_each_end_of_a_large_text() -> None:
    old, new = "".join(LARGE), f"Bread. {''.join(LARGE)}Crust."
    began = time.process_time()
    found = [run for run in text_runs(old, new, runs) if run[0] != run[1]]
    assert time.process_time() - began < 3
    assert [run for run in merged(iter(found)) if any(run)] == [("", "Bread. Crust.")]
    assert [(kind, text) for kind, text in words(old, new) if kind != "equal"] == [
        ("insert", "Bread. "),
        ("insert", "Crust."),
    ]


def test_a_chunk_is_not_believed_to_be_the_same_by_its_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_alignment, "hash", lambda text: len(text), raising=False)
    old = "".join(LARGE)
    new = f"Bread. {old.replace('Loaf 60000 ', 'Loaf 60001 ')}Crust."
    found = list(text_runs(old, new, runs))
    assert "".join(each for each, _ in found) == old
    assert "".join(each for _, each in found) == new


def test_a_changed_word_in_a_text_without_sentences() -> None:
    old = "crumb " * 300_000
    new = f"{old[:900_000]}crust {old[900_006:]}"
    assert [(kind, text) for kind, text in words(old, new) if kind != "equal"] == [
        ("delete", "crumb"),
        ("insert", "crust"),
    ]


def test_large_texts_without_anything_in_common_are_one_replacement() -> None:
    old = ("".join(LARGE) * 4)[:-1]
    new = old.upper()
    began = time.process_time()
    assert words(old, new) == [("delete", old), ("insert", new)]
    assert time.process_time() - began < 3


@pytest.mark.parametrize("ours", EDITS)
@pytest.mark.parametrize("theirs", EDITS)
def test_long_texts_are_merged_as_their_segments_are(ours: str, theirs: str) -> None:
    base, here, there = "".join(LONG), edited(LONG, EDITS[ours]), edited(LONG, EDITS[theirs])
    expected = merge_sequences(*map(segments, (base, here, there)))
    assert merge_texts(base, here, there) == (None if expected is None else "".join(expected))


@pytest.mark.parametrize(
    ("old", "new", "start", "end"),
    [
        ("", "", 0, 0),
        ("a", "", 0, 0),
        ("ab", "ab", 2, 0),
        ("abc", "abd", 2, 0),
        ("xbc", "ybc", 0, 2),
        ("abab", "ab", 2, 0),
        ("a" * 40_000, "a" * 39_999 + "b", 39_999, 0),
        ("b" + "a" * 40_000, "c" + "a" * 40_001, 0, 40_000),
        ("a" * 20_000 + "b" + "a" * 20_000, "a" * 20_000 + "c" + "a" * 20_000, 20_000, 20_000),
    ],
)
def test_common_ends(old: str, new: str, start: int, end: int) -> None:
    assert common_start(old, new) == start
    assert common_end(old, new, min(len(old), len(new)) - start) == end


@given(st.text("ab", max_size=9), st.text("ab", max_size=9))
def test_common_ends_of_any_texts(old: str, new: str) -> None:
    start = common_start(old, new)
    assert old[:start] == new[:start]
    assert old[start : start + 1] != new[start : start + 1] or start == len(old) == len(new)
    end = common_end(old, new, min(len(old), len(new)) - start)
    assert old[len(old) - end :] == new[len(new) - end :]


COST = """
from contentgit.merge.sequences import merge_texts
from contentgit.render.passages import passages

def text():
    found = ""
    for start in range(0, 200_000, 100):
        found += "".join(f"It takes {n} hours until the loaf is baked. " for n in range(start, start + 100))
    return found

old = text()
new = eval(sys.argv[1])
print(len(old), peak())
list(passages(old, new))
merge_texts(old, new, old + "Crust.")
print(peak())
"""


@pytest.mark.parametrize(
    "new",
    [
        'old.replace("takes 100000", "took 100000")',
        'f"Bread. {old}Crust."',
        "old.upper()",
        'old.replace(". ", " ")',
    ],
)
def test_what_changed_in_a_long_text_costs_at_most_three_times_its_size(new: str) -> None:
    size, before, after = printed(COST, new)
    assert after - before < 3 * size + 4_000_000, (after - before) / size
