"""Long text and large values: the same bytes as short ones, in a few times their own room."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.canonical import decode, encode, is_canonical
from contentgit.errors import FormatError
from contentgit.long_texts import are_lines_of, without_texts
from contentgit.records import Record, RecordKey
from contentgit.text import PART, parts, segments
from tests.core import reference_format
from tests.core.strategies import texts

KEY = RecordKey("a.b", "1")
TEXT = "".join(
    f"Loaf {number} is made of rye. <br title='a. b'>It rests!\n" for number in range(2600)
)
LONG = {
    "sentences": TEXT,
    "one line": TEXT.replace("\n", " "),
    "line ends": "\n" * (PART // 4),
    "one word": "bread" * (PART // 2),
    "wide": TEXT.replace("rye", "„Rüben“ 👩"),
    "quotes": TEXT.replace("rye", '"\\"'),
    "unseen": TEXT.replace("rye", "r\u00adye\u200b"),
    "surrogates": TEXT.replace("rye", "\ud83d\ude00 \ud800"),
}


@settings(deadline=None)
@given(texts, st.integers(1, 90))
def test_long_text_is_cut_as_short_text_is(text: str, size: int) -> None:
    assert list(chain.from_iterable(parts(text, size))) == segments(text)


@pytest.mark.parametrize("name", LONG)
def test_long_text_and_back(name: str) -> None:
    record = Record(KEY, {"a": 1, "body": LONG[name], "more": [{"body": LONG[name]}], "z": "short"})
    data = encode(record)
    assert data.decode() == reference_format.record_text(record, 1)
    assert decode(data) == record
    assert list(decode(data).fields) == ["a", "body", "more", "z"]
    assert is_canonical(data)


DATA = encode(Record(KEY, {"a": None, "body": TEXT, "other": TEXT, "z": [1.5, 2]}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'Loaf 9 is made of rye. ",', b'Loaf 9 is made of rye. ",,'),
        (b'"Loaf 2599 is made of rye. ",', b'"Loaf 2599 is made of rye. "'),
        (b'    ]\n  },\n\n  "other"', b'    ],\n  },\n\n  "other"'),
        (b'    ]\n  },\n\n  "z"', b'    ],\n\n  "z"'),
        (b'"other": {', b'"body": {'),
        (b'"a": null', b'"body": null'),
        (b'"Loaf 9 is made of rye. "', b'["Loaf 9 is made of rye. "]'),
        (b'"Loaf 9 is made of rye. "', b"9"),
        (b'"Loaf 9 is made of rye. "', b'"Loaf 9 is made of \xff rye. "'),
        (b'"Loaf 9 is made of rye. "', b'"Loaf 9 is made\n\n      of rye. "'),
        (b'    ]\n  },\n\n  "other"', b'    ],\n    "x": 1\n  },\n\n  "other"'),
    ],
)
def test_what_is_wrong_in_a_long_file_is_refused(old: bytes, new: bytes) -> None:
    assert old in DATA
    with pytest.raises(FormatError):
        decode(DATA.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b",\n\n      ", b",\n      "),
        (b"\n", b"\r\n"),
        (b"  ", b"\t"),
        (b'"Loaf 9 is', b'"\\u004coaf 9 is'),
        (b"1.5", b"15e-1"),
        (b'"a": null,\n\n  "body"', b'"a": null, "body"'),
    ],
)
def test_other_bytes_of_a_long_record_are_read_alike(old: bytes, new: bytes) -> None:
    data = DATA.replace(old, new)
    assert data != DATA
    assert decode(data) == decode(DATA)
    assert not is_canonical(data)


def test_an_object_inside_of_a_value_is_not_taken_for_a_field() -> None:
    wrong = DATA.replace(b'  "body": {', b'  "outer": {\n  "body": {').replace(
        b'  },\n\n  "other"', b'  }\n},\n\n  "other"'
    )
    assert without_texts(wrong)[1].keys() == {"body", "other"}
    assert decode(wrong).fields["outer"] == {"body": TEXT}


def test_lines_are_compared_to_the_end() -> None:
    lines = DATA.replace(b"\n\n", b"\n")
    assert are_lines_of(lines, DATA)
    for other in (lines[:-1], lines + b"\n", lines.replace(b"Loaf 2599", b"Loaf 2598")):
        assert not are_lines_of(other, DATA)
        assert not are_lines_of(lines, other.replace(b"\n", b"\n\n"))


# ------------------------------------------------------------------------------------------ memory

COST = """
import resource, sys
from contentgit.canonical import decode, encode
from contentgit.records import Record, RecordKey

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

record = Record(RecordKey("a.b", "1"), {{"f": {value}}})
before = peak()
data = encode(record)
encoded = peak()
del record
decode(data)
print(len(data), encoded - before, peak() - before - len(data))
"""
VALUES = {
    "text": "''.join(f'It takes {n} hours until the loaf is baked. ' for n in range(60_000))",
    "lines": "'\\n' * 300_000",
    "list": "[f'one of many short texts: {n}' for n in range(50_000)]",
    "rows": "[{'id': n, 'name': f'Loaf {n}', 'text': 'It is made of rye from the valley. ' * 7}"
    " for n in range(15_000)]",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_record_costs_at_most_four_times_its_size(name: str) -> None:
    code = COST.format(value=VALUES[name])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    size, encoded, decoded = map(int, done.stdout.split())
    constant = 4_000_000
    assert encoded < 4 * size + constant
    assert decoded < 4 * size + constant
