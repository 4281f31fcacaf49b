"""The records whose bytes stand in ``golden/``, by the names of the files there.

A file that no longer comes out of its record means a new format number, and stays as the old
format's golden file.
"""

from __future__ import annotations

import math

from contentgit.content.layout import key_text
from contentgit.content.records import JSON_NULL, Record, RecordKey
from contentgit.content.schema import KeyKind

PAGE = RecordKey("pages.page", "42")

RECORDS: dict[str, tuple[Record, KeyKind | None]] = {
    "page": (
        Record(
            PAGE,
            {
                "title": "Summer bread",
                "tags": ["tags.tag:3", "tags.tag:12"],
                "intro": "",
                "body": "<p>First sentence. Second.</p>\n<p>Next paragraph.</p>",
                "author": "people.person:17",
            },
        ),
        None,
    ),
    "kinds": (
        Record(
            PAGE,
            {
                "text": "Käse & Brot",
                "integer": -12,
                "float": 0.1,
                "decimal": "12.50",
                "boolean": True,
                "date": "2026-11-22",
                "time": "13:05:00.000000",
                "datetime": "2026-11-22T13:05:00.000001Z",
                "duration": "P1DT02H03M04.000005S",
                "uuid": "0c9a32de-9a5b-4a62-8d5e-0a3bb6d2c8aa",
                "binary": "AAECaGVsbG8=",
                "json": {"b": [1, 1.0, True, None, {}], "a": {"nested": []}},
                "file": "photos/2026/bread.jpg",
                "reference": "people.person:17",
                "references": [],
                "generic": "shop.product:7,de",
                "array": ["a", None, ["b"]],
                "mapping": {"colour": "brown", "size": None},
                "range": {"bounds": "[)", "lower": 1, "upper": None},
                "empty_range": {"empty": True},
                "column": False,
                "nothing": None,
            },
        ),
        None,
    ),
    "empty": (Record(RecordKey("a.b", "0"), {}), None),
    "numbers": (
        Record(
            PAGE,
            {
                "integers": [0, -(2**63), 2**64 - 1, -(2**63) - 1, 2**64, 10**30],
                "floats": [
                    0.0, -0.0, 1.0, 1e15, 1e16, 1e22, 1.5e300, 1e-5, 1e-7, 5e-324, 0.1 + 0.2,
                    math.nan, math.inf, -math.inf,
                ],
            },
        ),
        None,
    ),
    "special": (
        Record(
            PAGE,
            {
                "json_null": JSON_NULL,
                "sql_null": None,
                "in_list": [JSON_NULL, None],
                "our_names": {"$text": "no text", "$": 1, "$$key": 2, "#": 3, "%": 4},
                "one_name": {"$int": "5"},
                "sorted": {"é": 1, "z": 2, "Z": 3, "10": 4, "9": 5, "": 6, "😀": 7, "\uffff": 8},
            },
        ),
        None,
    ),
    "text": (
        Record(
            PAGE,
            {
                "a_hundred": "x" * 100,
                "a_hundred_and_one": "x" * 101,
                "bread": "🍞" * 101,
                "line_ends": "one\ntwo\r\nthree\rfour",
                "one_line_end": "\n",
                "sentences": "One. Two! Dr. Three? Four… (Five.) Six.\n",
                "html": '<h2>Rye</h2><p>It is <b>good.</b> Eat it.</p>\n\n<ul><li>1. A</li></ul>x<br/>y',
                "japanese": "今日は。「元気ですか？」はい！\n",
                "in_json": [{"type": "paragraph", "value": "<p>One.</p>\n<p>Two.</p>"}],
            },
        ),
        None,
    ),
    "unseen": (
        Record(
            PAGE,
            {
                "c0": "".join(map(chr, range(0x20))).replace("\n", "").replace("\r", ""),
                "quotes": "\" \\ / ' < > &",
                "del_c1": "\x7f\x80\x85\x9f\xa0",
                "bidi": "\u061c\u200e\u200f\u202a\u202e\u2066\u2069",
                "zero_width": "\xad\u180e\u200b\u200c\u200d\u2060\u2064\ufeff",
                "lines": "\u2028\u2029",
                "tags": "\U000e0001\U000e007f",
                "annotations": "\ufff9\ufffb",
                "plain": "é 中 😀 \ufffd \u0301 \ufe0f",
                "surrogates": "\ud83d \ude00",
                "surrogate_pair": "\ud83d\ude00 is not 😀",
                "long": "soft\xadhyphen and\u200b space. " * 5,
                "names": {"\u202e": "\x00", "\ud800": 1, '"': 2},
            },
        ),
        None,
    ),
    "key_text": (Record(RecordKey("tags.tag", "summer"), {"name": "Summer"}), None),
    "key_encoded": (Record(RecordKey("tags.tag", key_text("Été, \u200b😀\n")), {"n": 1}), None),
    "key_long": (Record(RecordKey("tags.tag", "long-" * 40), {"n": 1}), None),
    "key_digits": (Record(RecordKey("tags.tag", "42"), {"n": 1}), KeyKind.TEXT),
    "key_negative": (Record(RecordKey("tags.tag", "-1"), {"n": 1}), KeyKind.INTEGER),
    "key_composite": (Record(RecordKey("shop.price", key_text([7, "De"])), {"n": 1}), None),
}  # fmt: skip
