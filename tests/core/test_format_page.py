"""The examples of docs/format.md are what the program writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from contentgit.content import text
from contentgit.content.canonical import encode
from contentgit.content.documents import UNSEEN
from contentgit.content.layout import record_key
from contentgit.content.records import RecordKey
from contentgit.content.text import segments
from tests.core.golden_records import RECORDS

PAGE = (Path(__file__).parents[2] / "docs/format.md").read_text(encoding="utf-8")

INLINE = [
    "a",
    "abbr",
    "b",
    "bdi",
    "body",
    "br",
    "caption",
    "code",
    "dfn",
    "dir",
    "em",
    "head",
    "hr",
    "html",
    "i",
    "img",
    "label",
    "legend",
    "link",
    "pp",
    "q",
]


def section(title: str) -> str:
    """What stands below a heading, up to the next one."""
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def block(title: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_record() -> None:
    assert block("A record", "json").encode() == encode(RECORDS["page"][0])


def test_the_segments() -> None:
    examples = [json.loads(line) for line in block("Text in segments", "text").splitlines()]
    assert len(examples) == 5
    for pieces in examples:
        assert segments("".join(pieces)) == pieces


def test_the_blocks_and_abbreviations_are_all_named() -> None:
    words = section("Text in segments")
    blocks = re.search(r"The \*blocks\* are (.*?)\.\n", words, re.DOTALL)
    assert blocks
    names = set(re.findall(r"`(\w+)`", blocks[1]))
    assert {name for name in {*names, *INLINE} if len(segments(f"a</{name}>b")) == 2} == names
    short = re.search(r"after one of (.*?), exactly", words, re.DOTALL)
    assert short
    named = set(re.findall(r"`(\w+)`", short[1]))
    assert named == set(re.findall(r"(?<=[:|])([A-Za-z]{2,4})(?=[|)])", text._SENTENCE_END))
    assert all(segments(f"a {word}. B") == [f"a {word}. B"] for word in named)


def test_the_escapes() -> None:
    ranges = re.findall(r"U\+([0-9A-F]{4,5})(?:–([0-9A-F]{4,5}))?", section("Strings"))
    escaped = {
        code for low, high in ranges for code in range(int(low, 16), int(high or low, 16) + 1)
    }
    assert escaped == {*range(0x20), *(c for c in range(0x110000) if UNSEEN.match(chr(c)))}


def test_the_paths() -> None:
    for line in block("Paths", "text").splitlines():
        reference, path = line.split()
        assert record_key(path) == RecordKey.parse(reference)
