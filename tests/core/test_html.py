"""A report as a page: whole, without scripts, deaf to what content says; pictures from the folder alone."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from contentgit.cli.pictures import ALL, LARGEST, Pictures
from contentgit.content.diff import Change
from contentgit.content.records import CarriedFile, Record, RecordKey
from contentgit.content.titles import TitledChange
from contentgit.render.html import POLICY, html
from tests.core.test_markdown import hostile, names
from tests.reviewing import Snapshot, entries, review

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
ALONE = {"meta", "img", "!doctype"}


class Page(HTMLParser):
    """Fails where elements are not balanced; collects elements, attributes, and text by element."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def page(before: Snapshot, after: Snapshot, **options: Any) -> str:
    return "".join(html(review(before, after), entries(before, after), **options))


LOAF = {"name": "Loaf", "category": "shop.category:1", "photo": "a/loaf.png"}


def test_the_page_says_what_the_other_formats_say() -> None:
    before: Snapshot = {"shop.category:1": {"name": "Bread"}, "shop.product:5": LOAF}
    made = page(before, {})
    words = " ".join(Page(made).words.split())
    assert "2 records change in 2 models: 2 deleted." in words
    assert "2 records are deleted; 1 of them require another deleted record." in words
    assert "takes with it Loaf shop.product:5" in words
    assert '<dt>category</dt><dd><span class="value">shop.category:1 (Bread)</span>' in made
    assert '<a href="#m2">shop.product</a>' in made
    assert '<section class="model" id="m2">' in made


def test_words_of_a_text_that_went_and_came() -> None:
    body = "It is lit at three in the morning, when the village sleeps. Nobody speaks & eats."
    before: Snapshot = {"shop.product:5": {"body": body}}
    after: Snapshot = {"shop.product:5": {"body": body.replace("three", "four")}}
    assert "lit at <del>three</del><ins>four</ins> in the morning" in page(before, after)


def test_nothing_is_fetched_or_run() -> None:
    seen = Page(page({"shop.product:5": LOAF}, {}))
    assert ("content", POLICY) in seen.attributes
    assert not seen.seen & {"script", "link", "iframe", "object", "base", "form"}
    assert "url(" not in page({}, {})
    assert "@import" not in page({}, {})


@settings(max_examples=60, deadline=None)
@given(names, hostile, hostile, hostile)
def test_nothing_in_content_is_markup(name: str, title: str, before: str, after: str) -> None:
    key = RecordKey("shop.product", name)
    old, new = ({name: text, "json": {text: [text]}, "photo": text} for text in (before, after))
    found = [
        TitledChange(name, Change(key, Record(key, old), Record(key, new)), title, {before: after}),
        TitledChange("shop", Change(key, None, Record(key, new)), title, {}),
    ]
    seen = Page(
        "".join(html(review({}, {}), found, picture=lambda _: "data:image/png;base64,AAAA"))
    )
    calm = Page(page({"shop.product:5": LOAF}, {"shop.product:5": {**LOAF, "name": "x", "photo": "y"}},
                     picture=lambda _: "data:image/png;base64,AAAA"))  # fmt: skip
    assert seen.seen <= calm.seen | {"p", "code", "b", "span", "div", "figure", "figcaption", "img"}
    attributes = {name for name, _ in seen.attributes}
    assert attributes <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "open", "src", "alt", "aria-label"
    }  # fmt: skip
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", seen.words)


def test_of_many_new_records_each_is_closed() -> None:
    few = page({}, {f"shop.tag:{number}": {"name": "x"} for number in range(40)})
    many = page({}, {f"shop.tag:{number}": {"name": "x"} for number in range(41)})
    assert few.count('<details class="record create" open>') == 40
    assert many.count('<details class="record create">') == 41


# Pictures


def test_a_picture_stands_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(PNG)
    (tmp_path / "new.gif").write_bytes(b"GIF89a" + b"\0" * 9)
    before: Snapshot = {"shop.product:5": {"name": "old.png", "photo": "old.png"}}
    after: Snapshot = {"shop.product:5": {"name": "old.png", "photo": "new.gif"}}
    made = page(before, after, picture=Pictures(tmp_path).uri)
    assert re.findall(r'<figure class="(\w+)"><img src="data:image/(\w+);base64', made) == [
        ("before", "png"),
        ("after", "gif"),
    ]
    assert 'alt="photo after: new.gif"' in made


def test_pictures_of_files_that_travel_are_those_of_the_commits(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    old, new = (CarriedFile("a.png", digit * 64, 40) for digit in "ab")
    bytes_of = {old: PNG, new: b"GIF89a" + b"\0" * 9}
    asked: list[CarriedFile] = []

    def read(file: CarriedFile) -> bytes:
        asked.append(file)
        return bytes_of[file]

    pictures = Pictures(tmp_path, read=read)
    before: Snapshot = {"shop.product:5": {"photo": old}}
    after: Snapshot = {"shop.product:5": {"photo": new}}
    made = page(before, after, picture=pictures.uri)
    assert re.findall(r'<figure class="(\w+)"><img src="data:image/(\w+);base64', made) == [
        ("before", "png"),
        ("after", "gif"),
    ]
    assert 'alt="photo after: a.png"' in made
    assert "<del>a.png (40 bytes)</del>" in made
    assert "<ins>a.png (40 bytes, other bytes)</ins>" in made
    asked.clear()
    large, script = replace(old, size=LARGEST + 1), replace(old, name="a.svg")
    assert (pictures.uri(large), pictures.uri(script), asked) == ("", "", [])
    assert Pictures(tmp_path).uri(old) == ""


def test_a_field_that_holds_no_file_has_no_picture(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(PNG)
    made = page({}, {"shop.tag:1": {"name": "old.png"}}, picture=Pictures(tmp_path).uri)
    assert "<img" not in made


@pytest.mark.parametrize(
    "name",
    [
        "../outside.png", "a/../../outside.png", "{outside}", "link.png", "folder.png", "text.png",
        "drawing.svg", "large.png", "nothing.png", "\0.png", "\ud800.png", "pipe.png", "ring.png", "", ".png",
        "a" * 5000 + ".png",
    ],
)  # fmt: skip
def test_what_is_no_small_picture_in_the_folder_is_not_shown(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "media"
    (folder / "folder.png").mkdir(parents=True)
    (folder / "a").mkdir()
    (tmp_path / "outside.png").write_bytes(PNG)
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    (folder / "text.png").write_bytes(b"<script>")
    (folder / "drawing.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "large.png").write_bytes(PNG.ljust(LARGEST + 1, b"\0"))
    os.mkfifo(folder / "pipe.png")
    assert Pictures(folder).uri(name.format(outside=tmp_path / "outside.png")) == ""


def test_all_pictures_together_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG.ljust(LARGEST, b"\0"))
    pictures = Pictures(tmp_path)
    shown = [bool(pictures.uri("a.png")) for _ in range(ALL // LARGEST + 3)]
    assert shown == [True] * (ALL // LARGEST) + [False] * 3


def test_half_surrogates_and_other_scripts_can_be_written() -> None:
    made = page({}, {"shop.tag:1": {"name": "\ud800 Смак 日本 🍞"}})
    assert "\\ud800 Смак 日本 🍞" in made
    assert made.encode("utf-8")
