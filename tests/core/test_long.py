"""Long text and large values: the same bytes as short ones, in a few times their own room."""

from __future__ import annotations

import math
import time
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content import canonical, long_values
from contentgit.content.canonical import decode, encode, is_canonical, same
from contentgit.content.documents import parse_document
from contentgit.content.long_values import are_lines_of, without_long
from contentgit.content.records import JSON_NULL, Record, RecordKey
from contentgit.content.text import PART, parts, segments
from contentgit.errors import FormatError
from tests.core import reference_format
from tests.core.strategies import texts
from tests.memory import printed

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
    wrong = DATA.replace(b'  "body": {', b'  "outer": { \n  "body": {').replace(
        b'  },\n\n  "other"', b'  }\n},\n\n  "other"'
    )
    assert without_long(wrong, parse_document)[1].keys() == {"body", "other"}
    assert decode(wrong).fields["outer"] == {"body": TEXT}


ROWS = [{"id": n, "name": f"Loaf {n}", "size": [n, 1.5, None, True]} for n in range(4000)]
LARGE = {
    "list": ROWS,
    "list of texts": [f"Loaf {n}" for n in range(9000)],
    "object": {f"n{n:05}": n for n in range(9000)},
    "inner": {"blocks": [1, {"rows": ROWS, "z": 1}, *ROWS], "more": [TEXT, {"t": TEXT}], "z": [{}]},
    "deep": [[[[[[[[[[[ROWS], 1]]]]]]]]]],
    "names of our own": [{"$": n, "$$text": ["a"], "$int": "1"} for n in range(4000)],
    "forms": [[2**70 + n, math.inf, JSON_NULL, 1e16, 1e-7, "a\nb"] for n in range(2000)],
    "one long string": ["bread" * PART, {"bread": "\u200b" * PART}],
    "beside short ones": [*range(9), ROWS, *range(9000), ROWS, "end"],
}


@pytest.mark.parametrize("name", LARGE)
def test_large_values_are_read_in_parts_as_they_are_whole(name: str) -> None:
    record = Record(KEY, {"a": 1, "data": LARGE[name], "z": "short"})
    data = encode(record)
    assert same(decode(data).fields["data"], LARGE[name])
    assert decode(data).fields.keys() == record.fields.keys()
    if name != "deep":  # that is read at once
        assert without_long(data, parse_document)[1].keys() == {"data"}


RECORD = encode(
    Record(KEY, {"a": 1, "data": LARGE["inner"], "list": ROWS, "object": LARGE["object"]})
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"n00007"', b'"n08000"'),  # a name twice, far apart
        (b'"n00007"', b'"n00008"'),
        (b'"blocks": [', b'"more": ['),
        (b'"list": [', b'"list": {'),
        (b'    {\n      "id": 2000', b'    {\n      "id": 2000, "id": 7'),
        (b'"name": "Loaf 2000"', b'"name" "Loaf 2000"'),
        (b'"name": "Loaf 2000"', b'"id": 2000'),
        (b'"name": "Loaf 2000"', b'"name": "Loaf\n    },\n    {2000"'),
        (b'\n  ],\n\n  "object"', b'\n  ]],\n\n  "object"'),
        (b'\n  ],\n\n  "object"', b',\n  ],\n\n  "object"'),
        (b'      "name": "Loaf 2000"', b'    ],\n    ["name": "Loaf 2000"'),
        (b'    "z": [', b'    "z": [,'),
        (b'"blocks": [\n      1,', b'"blocks": [\n      ,'),
        (b'"$text": [\n  ', b'"$text": [\n, '),
        (b"1.5", b"1e999"),
        (b'    ],\n    "more"', b'    ]0,\n    "more"'),
        (b'"rows": [', b"["),
        (b"      1,\n      {\n", b'      1,\n      "x": {\n'),
    ],
)
def test_what_is_wrong_in_a_large_value_is_refused(old: bytes, new: bytes) -> None:
    assert old in RECORD
    with pytest.raises(FormatError):
        decode(RECORD.replace(old, new))


SMALL = encode(
    Record(
        KEY,
        {
            "data": {"blocks": [1, {"rows": ROWS[:20], "z": 1}, *ROWS[:9]], "more": [TEXT[:800]]},
            "list": [*range(30), ROWS[:9], *range(30)],
            "text": TEXT[:900],
        },
    )
)


@settings(deadline=None, max_examples=5 * settings().max_examples)
@given(
    st.integers(0, len(SMALL) - 1),
    st.sampled_from(
        [b"", b" ", b"\n", b",", b"]", b"}", b'"', b"[", b"1", b",\n    ", b",\n      "]
    ),
)
def test_any_change_of_a_large_record_is_read_as_the_whole_is(place: int, new: bytes) -> None:
    changed = SMALL[:place] + new + SMALL[place + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "without_long", lambda data, _read: (data, {}))
        try:
            whole = decode(changed)
        except FormatError:
            whole = None
    with pytest.MonkeyPatch.context() as patch:
        for module in (canonical, long_values):
            patch.setattr(module, "LONG_TEXT", 200)
        patch.setattr(long_values, "PART", 50)
        try:
            found = decode(changed)
        except FormatError:
            found = None
    assert found == whole


def nested(value: Any, levels: int) -> Any:
    return nested([value], levels - 1) if levels else value


@pytest.mark.parametrize(
    "value",
    [
        [*([*range(1600)] * 2), "bread " * 3 * PART] * 40,
        nested([f"one of many short texts: {n}" for n in range(50_000)], 150),
    ],
)
def test_what_lies_around_large_values_is_read_in_time(value: Any) -> None:
    data = encode(Record(KEY, {"data": value}))
    began = time.process_time()
    assert decode(data).fields["data"] == value
    assert time.process_time() - began < 1.5


def test_what_is_nested_deeper_than_the_stack_is_refused() -> None:
    pads = [b"\n" + b"  " * level for level in range(2, 1500)]
    opening = b"".join(pad + b"[" for pad in pads)
    closing = b"".join(pad + b"]" for pad in reversed(pads))
    value = b'"data": [%b%b\n  ],\n\n  "else": {' % (opening, closing)
    with pytest.raises(FormatError, match="deep"):
        decode(RECORD.replace(b'"data": {', value))


def test_lines_are_compared_to_the_end() -> None:
    lines = DATA.replace(b"\n\n", b"\n")
    assert are_lines_of(lines, DATA)
    for other in (lines[:-1], lines + b"\n", lines.replace(b"Loaf 2599", b"Loaf 2598")):
        assert not are_lines_of(other, DATA)
        assert not are_lines_of(lines, other.replace(b"\n", b"\n\n"))


# ------------------------------------------------------------------------------------------ memory

COST = """
from contentgit.content.canonical import decode, encode
from contentgit.content.records import Record, RecordKey

if len(sys.argv) > 2:
    record = Record(RecordKey("a.b", "1"), {"f": eval(sys.argv[2])})
    before = peak()
    data = encode(record)
    print(len(data), peak() - before)
    open(sys.argv[1], "wb").write(data)
else:
    data = open(sys.argv[1], "rb").read()
    before = peak()
    decode(data)
    print(len(data), peak() - before)
"""
VALUES = {
    "text": "''.join(f'It takes {n} hours until the loaf is baked. ' for n in range(200_000))",
    "lines": "'\\n' * 600_000",
    "list": "[f'one of many short texts: {n}' for n in range(300_000)]",
    "short texts": "[f'short {n}' for n in range(300_000)]",
    "rows": "[{'id': n, 'name': f'Loaf {n}', 'text': 'It is made of rye from the valley. ' * 7}"
    " for n in range(40_000)]",
    "inner texts": "{'a': 1, 'blocks': [f'short {n}' for n in range(300_000)], 'z': 1}",
}

CONSTANT = 4_000_000


@pytest.mark.parametrize("name", VALUES)
def test_a_record_costs_at_most_four_times_its_size(name: str, tmp_path: Path) -> None:
    file = str(tmp_path / "record.json")
    for words in ((file, VALUES[name]), (file,)):
        size, more = printed(COST, *words)
        assert more < 4 * size + CONSTANT, more / size


def test_of_a_long_text_no_copy_is_made(tmp_path: Path) -> None:
    file, text = (
        str(tmp_path / "record.json"),
        "'It takes 7 hours until the loaf is baked. ' * 400_000",
    )
    for words in ((file, text), (file,)):
        size, more = printed(COST, *words)
        assert more < 1.3 * size + CONSTANT, more / size
