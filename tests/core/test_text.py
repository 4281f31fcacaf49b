"""The cutting of text: exact, local, and where a person would begin a new line."""

from __future__ import annotations

import random
import re
import time
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content.text import _CUTS, segments
from tests.core.strategies import PIECES, texts

CUTS = [
    ("", []),
    ("One line", ["One line"]),
    ("One.", ["One."]),
    # Line ends, of every kind
    ("a\nb\r\nc\rd\n", ["a\n", "b\r\n", "c\r", "d\n"]),
    ("a\n\nb", ["a\n", "\n", "b"]),
    ("\n\r", ["\n", "\r"]),
    # Sentences keep the space behind them
    ("One. Two! Three? Four… Five", ["One. ", "Two! ", "Three? ", "Four… ", "Five"]),
    ("One.  \nTwo", ["One.  \n", "Two"]),
    ("One.\nTwo", ["One.\n", "Two"]),
    ("One.\u00a0Two.\tThree", ["One.\u00a0", "Two.\t", "Three"]),
    ('He said "Yes." Then (he left.) Well', ['He said "Yes." ', "Then (he left.) ", "Well"]),
    ("«Oui.» Il sort.” Fin", ["«Oui.» ", "Il sort.” ", "Fin"]),
    ("<b>Bold.</b> <i>Then</i>", ["<b>Bold.</b> ", "<i>Then</i>"]),
    ("What?! No... yes", ["What?! ", "No... ", "yes"]),
    ("all lower case. no capitals. none", ["all lower case. ", "no capitals. ", "none"]),
    ("Accès. Procès. Fin", ["Accès. ", "Procès. ", "Fin"]),
    ("Line 12. Line 13. End", ["Line 12. ", "Line 13. ", "End"]),
    # No sentence ends there
    ("Pi is 3.14 or 3.1. Fine", ["Pi is 3.14 or 3.1. ", "Fine"]),
    ("example.com/a.html?b=c!d", ["example.com/a.html?b=c!d"]),
    ("Dr. Who met Mrs. Peel and Prof. Moriarty.", ["Dr. Who met Mrs. Peel and Prof. Moriarty."]),
    ("J. R. R. Tolkien, z. B. or e.g. this", ["J. R. R. Tolkien, z. B. or e.g. this"]),
    ("1. Flour\n12. Water\n", ["1. Flour\n", "12. Water\n"]),
    ("<li>2. Salt. Pepper</li>", ["<li>2. Salt. ", "Pepper</li>"]),
    # The blocks of HTML
    ("<p>One</p><p>Two</p>", ["<p>One</p>", "<p>Two</p>"]),
    ("<p>One.</p>\n\n<P>Two.</P> <p>", ["<p>One.</p>\n", "\n", "<P>Two.</P> ", "<p>"]),
    ("<ul><li>a</li></ul>", ["<ul><li>a</li>", "</ul>"]),
    ("a<br>b<br/>c<br />d<hr class='x'>e", ["a<br>", "b<br/>", "c<br />", "d<hr class='x'>", "e"]),
    ("a<bring>b</b>c</link>d</pp>e", ["a<bring>b</b>c</link>d</pp>e"]),
    ("<h2>a</h2><pre>b</pre></td></tr>", ["<h2>a</h2>", "<pre>b</pre>", "</td>", "</tr>"]),
    # Scripts that write no space
    ("今日は。元気ですか？！「はい。」終", ["今日は。", "元気ですか？！", "「はい。」", "終"]),
    # Not the business of the format, and not lost either
    ("a\u2028b\x0bc\x85d\x00\ud800", ["a\u2028b\x0bc\x85d\x00\ud800"]),
]


@pytest.mark.parametrize(("text", "pieces"), CUTS)
def test_cuts(text: str, pieces: list[str]) -> None:
    assert segments(text) == pieces


@settings(deadline=None)
@given(texts)
def test_joined_they_are_the_text(text: str) -> None:
    pieces = segments(text)
    assert "".join(pieces) == text
    assert all(pieces)


REACH = 130
"""So far from an edit, in characters, a cut may come or go: the longest tag, and some space."""


@settings(deadline=None, max_examples=3 * settings().max_examples)
@given(
    st.lists(st.sampled_from(PIECES), min_size=50, max_size=250).map("".join),
    st.data(),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
def test_an_edit_changes_cuts_near_it_only(text: str, data: st.DataObject, new: str) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    before = set(accumulate(map(len, segments(text))))
    after = set(accumulate(map(len, segments(text[:start] + new + text[end:]))))
    shift = start + len(new) - end
    assert {cut for cut in before if cut < start - REACH} == {
        cut for cut in after if cut < start - REACH
    }
    assert {cut + shift for cut in before if cut > end + REACH} == {
        cut for cut in after if cut > end + REACH + shift
    }


def test_a_changed_word_changes_one_segment() -> None:
    body = "".join(
        f"<p>Loaf {number} is made of rye. It rests for two hours! Then Dr. Crumb bakes it.</p>\n"
        for number in range(100)
    )
    old = segments(body)
    new = segments(body.replace("Loaf 50 is", "Loaf 50 was"))
    assert len(old) == len(new) == 300
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == [
        ("<p>Loaf 50 is made of rye. ", "<p>Loaf 50 was made of rye. ")
    ]


@pytest.mark.parametrize(
    "piece",
    [".", ". ", '."', "<br ", "</p", ".</b>", "\n", "。", "<br x", "a. ", "A.", "\r", "…)", "1."],
)
def test_time_grows_with_the_length_only(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert "".join(segments(text)) == text


@pytest.mark.parametrize("head", [".", "<br ", "。", "</"])
@pytest.mark.parametrize("run", ['"', " ", "x", "</b>"])
def test_a_long_run_takes_no_long_time(head: str, run: str) -> None:
    text = (head + run * 250_000) * 2
    assert "".join(segments(text)) == text


def test_a_megabyte_takes_well_under_a_second() -> None:
    letters = random.Random(7)
    text = "".join(letters.choice(PIECES) for _ in range(400_000))
    began = time.process_time()
    assert "".join(segments(text)) == text
    assert time.process_time() - began < 2


def test_one_search_for_segments_finds_what_a_search_for_all_cuts_would() -> None:
    one = re.compile("|".join(_CUTS.values()), re.ASCII | re.MULTILINE)
    letters = random.Random(11)
    tags = ["<br a. b>", "<Hr x! y。z? >", "<br /> ", f"<br {'. ' * 60}>", "<br "]
    for _ in range(20_000):
        text = "".join(letters.choices([*PIECES, *tags], k=letters.choice([2, 5, 12, 40])))
        ends = [*(match.end() for match in one.finditer(text)), len(text)]
        pieces = [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        assert segments(text) == [piece for piece in pieces if piece]
