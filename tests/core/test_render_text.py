"""Changes, passages and values as people read them: the exact lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from contentgit.content.diff import Change
from contentgit.content.documents import UNSEEN
from contentgit.content.records import JSON_NULL, CarriedFile, Record, RecordKey
from contentgit.render.data import plain
from contentgit.render.lines import record_lines
from contentgit.render.passages import PASSAGE, passages
from contentgit.render.plain import plural, safe
from contentgit.render.text import change_lines, count_line, marked, stat_lines
from contentgit.render.values import apart, dump_label, short

KEY = RecordKey("pages.page", "42")
OVEN = (
    "<p>The oven is the heart of the bakery. It is lit at three in the morning, when the village "
    "sleeps. Nobody speaks.</p>\n<p>Flour is weighed by hand, never by the machine, which stands in "
    "its corner and hums. The dough rests for eighteen hours.</p>"
)


def shown(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    references: Mapping[str, str] | None = None,
) -> list[str]:
    """The lines of one change."""
    pair = [None if each is None else Record(KEY, each) for each in (before, after)]
    change = Change(KEY, *pair)
    return [line.plain for line in change_lines(change, "Summer bread", references or {})]


def lines(before: str, after: str) -> list[str]:
    return [marked(line).plain for line in passages(before, after)]


def test_an_update_shows_its_fields_before_and_after() -> None:
    assert shown({"title": "Bread", "price": "1.00"}, {"title": "Loaf", "price": "1.00"}) == [
        "~ pages.page:42  Summer bread",
        '    title: "Bread" → "Loaf"',
    ]


def test_references_are_called_by_their_titles() -> None:
    titles = {"pages.tag:1": "nuts", "pages.tag:2": "rye", "pages.page:7": "Bread"}
    before = {"parent": None, "tags": ["pages.tag:1", "pages.tag:3"]}
    after = {"parent": "pages.page:7", "tags": ["pages.tag:2", "pages.tag:3"]}
    assert shown(before, after, titles) == [
        "~ pages.page:42  Summer bread",
        "    parent: null → pages.page:7 (Bread)",
        "    tags: -pages.tag:1 (nuts) +pages.tag:2 (rye)",
    ]


def test_a_new_record_shows_what_it_holds_and_no_empty_fields() -> None:
    fields = {
        "intro": "",
        "meta": {},
        "parent": "pages.page:7",
        "tags": ["pages.tag:1"],
        "on": None,
    }
    assert shown(None, fields, {"pages.page:7": "Bread", "pages.tag:1": "nuts"}) == [
        "+ pages.page:42  Summer bread",
        "    parent: pages.page:7 (Bread)",
        "    tags: pages.tag:1 (nuts)",
    ]


def test_another_order_of_references_is_shown_whole() -> None:
    before, after = ["pages.tag:1", "pages.tag:2"], ["pages.tag:2", "pages.tag:1", "pages.tag:3"]
    assert shown({"tags": before}, {"tags": after}, {"pages.tag:1": "nuts"})[1:] == [
        "    tags: pages.tag:1 (nuts), pages.tag:2 → pages.tag:2, pages.tag:1 (nuts), pages.tag:3"
    ]


def test_a_deleted_record_shows_what_it_held() -> None:
    assert shown({"title": "Bread"}, None) == [
        "- pages.page:42  Summer bread",
        '    title: "Bread"',
    ]


def test_of_a_json_value_only_the_places_that_differ_are_shown() -> None:
    before = {"meta": {"seo": {"title": "Old", "words": ["a", "b"]}, "n": 1, "gone": True}}
    after = {"meta": {"seo": {"title": "New", "words": ["a", "c"]}, "n": 1, "came": None}}
    assert shown(before, after)[1:] == [
        "    meta.came: (nothing) → null",
        "    meta.gone: true → (nothing)",
        '    meta.seo.title: "Old" → "New"',
        '    meta.seo.words[1]: "b" → "c"',
    ]


def test_a_json_value_that_differs_in_too_many_places_is_shown_whole() -> None:
    before, after = ({"meta": dict.fromkeys("abcdefghijklm", value)} for value in (1, 2))
    assert len(shown(before, after)) == 2


@pytest.mark.parametrize(
    ("value", "text"), [(JSON_NULL, "JSON null"), (None, "null"), (1.0, "1.0")]
)
def test_a_value_on_one_line(value: Any, text: str) -> None:
    assert short(value) == text


def test_content_cannot_write_to_the_terminal() -> None:
    hostile = "\x1b[2J\u202egnp\x00\r\n\ud800\u200b"
    assert safe(hostile) == "\\u001b[2J\\u202egnp\\u0000\\u000d\\u000a\\ud800\\u200b"
    text = "\n".join(shown({"a": hostile, "b": {hostile: 1}}, {"a": "", "b": {hostile: 2}}))
    assert not set(text) & set(hostile) - set("[2Jgnp\n")


def test_changed_sentences_stand_on_a_line_each() -> None:
    after = (
        OVEN.replace("heart", "soul")
        .replace("machine", "new machine")
        .replace("sleeps", "is asleep")
    )
    assert lines(OVEN, after) == [
        "<p>The oven is the [-heart-]{+soul+} of the bakery.",
        "It is lit at three in the morning, when the village [-sleeps-]{+is asleep+}.",
        "<p>Flour is weighed by hand, never by the {+new +}machine, which stands in its corner and hums.",
    ]


def test_a_new_sentence_stands_alone() -> None:
    assert lines(OVEN, OVEN.replace("Nobody", "The cat looks on. Nobody")) == [
        "{+The cat looks on. +}"
    ]


def test_a_new_text_is_shown_sentence_by_sentence() -> None:
    assert lines("", OVEN)[:2] == [
        "{+<p>The oven is the heart of the bakery. +}",
        "{+It is lit at three in the morning, when the village sleeps. +}",
    ]


def test_a_very_long_passage_is_cut_and_says_so() -> None:
    (line,) = lines("", "x" * (PASSAGE + 1500))
    assert line == "{+" + "x" * PASSAGE + " … 1,500 characters more+}"


def test_line_ends_are_visible() -> None:
    assert lines("one", "one\ntwo\r\n") == ["one{+⏎two⏎+}"]


@pytest.mark.parametrize("before", ["", "a", OVEN, "\n", "x" * 500, "a. b. c. " * 40])
@pytest.mark.parametrize("after", ["", "b", OVEN[50:], "\n\n", "x" * 499 + "y", "a. c. b! " * 40])
def test_no_line_is_empty_and_every_change_is_marked(before: str, after: str) -> None:
    found = lines(before, after)
    assert all(line.strip() for line in found)
    assert any("[-" in line or "{+" in line for line in found) == (before != after)


def test_counts_by_model_under_their_dump_where_there_are_several() -> None:
    counts = {
        ("pages", "pages.page"): {"create": 1200, "delete": 1},
        ("districts@42", "app.exam"): {"update": 2},
    }
    assert [line.plain for line in stat_lines(counts)] == [
        "districts:42",
        " app.exam    ~2",
        "pages",
        " pages.page  +1,200 -1",
        " 1,200 created, 2 updated, 1 deleted",
    ]


def test_small_words() -> None:
    assert count_line({}) == "no changes"
    assert (plural(1, "record"), plural(1204, "record")) == ("1 record", "1,204 records")
    assert dump_label("districts@42,43") == "districts:42,43"
    assert dump_label("../no-dump") == "../no-dump"
    assert apart(["a" * 150 + "b", "a" * 150 + "c"]) == [f'"…{"a" * 20}{end}"' for end in "bc"]


LOAF = CarriedFile("news/loaf.jpg", "a" * 64, 48213)


def test_a_file_is_its_name_and_size_and_other_bytes_are_said() -> None:
    other = replace(LOAF, sha256="b" * 64)
    assert shown(None, {"picture": LOAF}) == [
        "+ pages.page:42  Summer bread",
        "    picture: news/loaf.jpg (48 kB)",
    ]

    def change(before: Any, after: Any) -> str:
        return shown({"picture": before}, {"picture": after})[1].strip()

    assert change(LOAF, other) == (
        "picture: news/loaf.jpg (48 kB) → news/loaf.jpg (48 kB, other bytes)"
    )
    assert change(LOAF, replace(other, size=950)).endswith("(950 bytes, other bytes)")
    assert change(LOAF, replace(LOAF, name="a.jpg")).endswith(" → a.jpg (48 kB, same bytes)")
    assert change(LOAF, replace(other, name="a.jpg")).endswith(" → a.jpg (48 kB)")
    assert change("news/loaf.jpg", LOAF) == 'picture: "news/loaf.jpg" → news/loaf.jpg (48 kB)'
    assert change(LOAF, "") == 'picture: news/loaf.jpg (48 kB) → ""'
    assert short(replace(LOAF, name="a/" * 100 + "b.jpg")) == f"…{'a/' * 47}b.jpg (48 kB)"
    assert apart([LOAF, other, None]) == [
        "news/loaf.jpg (48 kB, aaaaaaaa)",
        "news/loaf.jpg (48 kB, bbbbbbbb)",
        "null",
    ]
    assert apart([LOAF, "", [1]]) == ["news/loaf.jpg (48 kB)", '""', "[1]"]


def test_a_file_as_json_and_for_git() -> None:
    document = {"$file": "news/loaf.jpg", "sha256": "a" * 64, "size": 48213}
    assert plain({"picture": [LOAF]}) == {"picture": [document]}
    assert list(record_lines(Record(KEY, {"picture": LOAF}))) == [
        "pages.page:42",
        "picture:",
        "  {",
        '    "$file": "news/loaf.jpg",',
        f'    "sha256": "{"a" * 64}",',
        '    "size": 48213',
        "  }",
    ]


def test_whatever_a_record_escapes_as_invisible_is_visible_in_reports() -> None:
    unseen = [chr(code) for code in range(0x110000) if UNSEEN.match(chr(code))]
    assert not UNSEEN.search(safe("".join(unseen)))
    assert safe("soft\u00adly") == "soft\\u00adly"
    assert safe("a\U000e0041") == "a\\U000e0041"
