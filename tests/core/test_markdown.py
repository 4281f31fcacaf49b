"""A report as a comment: within its limit, cut where it may be cut, and deaf to what content says."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from contentgit.content.diff import Change
from contentgit.content.records import Record, RecordKey
from contentgit.content.titles import TitledChange
from contentgit.render.markdown import LIMITS, MARKER, inert, markdown
from contentgit.render.plain import visible
from tests.core.strategies import texts
from tests.reviewing import Snapshot, entries, review

ATTACKS = [
    "@octocat", "mail bob@example.com", "#123", "group/project#1", "!45", "~bug", "%v1.0", "&7", "$3",
    "/close", "\n/assign @root", "\r\n/merge\n", "<script>alert(1)</script>", "<img src=x onerror=y>",
    "</code></details>", "<!--", "-->", "```\n", "`a`", "**b**", "__c__", "~~d~~", "| x | y |\n|---|",
    "[a](javascript:b)", "![a](https://e.org/x.png)", "[[wiki]]", "http://e.org", "www.e.org", ":tada:",
    "&#64;user", "&commat;user", "\\@user", "- [ ] task", "# heading", "> quote", "    code", "[^1]: x",
    "\u202e", "\u200b@x", "{{ x }}", "%{project_path}", "$$x$$", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "GH-12", "<details open>", "\u2028/close", "\x85/close", "mailto:a@b.org", "xmpp:a@b.org", "https://e.org",
]  # fmt: skip
hostile = st.one_of(
    st.lists(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=4)), max_size=6).map("".join),
    texts,
)
names = hostile.filter(bool)


def report(before: Snapshot, after: Snapshot, limit: int | None = LIMITS["github"]) -> str:
    pieces = markdown(
        review(before, after), entries(before, after), limit=limit, command="contentgit diff a...b"
    )
    return "".join(pieces)


class Page(HTMLParser):
    """Whether elements are balanced, which there are, and the text that stands in no ``code``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.free = ""
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.free += data


def rendered(text: str) -> Page:
    """The page that CommonMark with tables and raw HTML makes of the report."""
    made = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    page = Page()
    page.feed(made)
    page.close()
    assert page.open == []
    return page


def test_a_report_as_it_is_written() -> None:
    before: Snapshot = {"shop.category:1": {"name": "Bread"}, "shop.tag:1": {"name": "nuts_"}}
    after: Snapshot = {"shop.category:1": {"name": "Loaves"}}
    assert (
        report(before, after)
        == f"""{MARKER}
### 2 records change in 2 models: 1 updated, 1 deleted.

From <code>main</code> to <code>summer</code>.

- **1 record is deleted.**

| dump | model | created | updated | deleted |
|---|---|--:|--:|--:|
| <code>shop</code> | <code>shop.category</code> |  | 1 |  |
| <code>shop</code> | <code>shop.tag</code> |  |  | 1 |

#### <code>shop</code> <code>shop.category</code>: 1 updated

<b>updated</b> <b><code>Loaves</code></b> <code>shop.category&#58;1</code>

- <code>name</code>: <del><code>"Bread"</code></del> → <ins><code>"Loaves"</code></ins>


#### <code>shop</code> <code>shop.tag</code>: 1 deleted

<b>deleted</b> <b><code>nuts&#95;</code></b> <code>shop.tag&#58;1</code>

- <code>name</code>: <code>"nuts&#95;"</code>

"""
    )


@settings(deadline=None)
@given(st.one_of(st.sampled_from(ATTACKS), hostile))
def test_inert_text_reads_as_before_and_stays_on_its_line(text: str) -> None:
    made = inert(text)
    assert html.unescape(made).replace("\u200b", "") == visible(text)
    assert not set(made) & set("\n\r<>@`*_[]|~\\:\u2028\x85")


@settings(max_examples=60, deadline=None)
@given(names, hostile, hostile, hostile)
def test_nothing_in_content_acts(name: str, title: str, before: str, after: str) -> None:
    key = RecordKey("shop.product", "5")
    fields: tuple[dict[str, Any], ...] = (
        {"body": before, name: before, "json": {before: [1, before]}},
        {"body": after, name: after, "json": {before: [1, after]}},
    )
    pairs = [fields, (fields[0], None), (None, fields[1])]
    changes = [
        Change(key, *(None if each is None else Record(key, each) for each in pair))
        for pair in pairs
    ]
    found = [TitledChange(before or "shop", each, title, {}) for each in changes]
    text = "".join(markdown(review({}, {}), found, limit=65_000))
    for line in text.splitlines():
        assert re.match(
            r"(<b>|<details>|</details>|#|<!-- contentgit -->|- |  - |From |$)", line
        ), line
    page = rendered(text)
    own = {"code", "b", "del", "ins", "details", "summary", "p", "ul", "li", "h3", "h4", "strong"}
    assert page.seen <= own
    assert page.attributes == []
    assert not re.search(r"[@#!~$%&/]", page.free)
    assert not re.search(r"@\w|www\.|:/", html.unescape(text))


@pytest.mark.parametrize("attack", ATTACKS)
def test_neither_names_of_dumps_nor_of_models_act(attack: str) -> None:
    change = Change(RecordKey(attack, attack), Record(RecordKey(attack, attack), {"a": "b"}), None)
    entry = TitledChange(attack, change, attack, {})
    page = rendered("".join(markdown(review({}, {}), [entry], limit=65_000)))
    assert not re.search(r"[@#!~$%&/]", page.free)


PARAGRAPH = (
    "<p>The oven is the heart of the *bakery*. It is lit at three, @anna says. Nobody speaks.</p>\n"
)


def long_change(count: int) -> tuple[Snapshot, Snapshot]:
    before: dict[str, Any] = {
        f"shop.product:{number}": {"name": f"Loaf no. {number}", "body": PARAGRAPH * 8}
        for number in range(count)
    }
    after: dict[str, Any] = {
        key: {**fields, "body": fields["body"].replace("heart", "soul").replace("three", "four")}
        for key, fields in before.items()
    }
    return before, after


def test_500_records_with_long_texts_are_a_comment_that_says_how_it_is_cut() -> None:
    text = report(*long_change(500))
    assert 60_000 < len(text.encode()) <= 65_000
    assert text.startswith(f"{MARKER}\n### 500 records change in 1 model: 500 updated.\n")
    whole = text.count("<details>") + text.count("\n<b>updated</b>")
    titled = text.count("\n- <b>updated</b>")
    assert whole > 10
    assert titled > 50
    assert text.endswith(
        f"\n**This report is cut here: {500 - whole - titled} records not shown, {titled} by title only.** "
        "<code>contentgit diff a...b</code> shows all in full, and so does the HTML report.\n"
    )
    rendered(text)


def test_a_note_on_gitlab_has_room_for_them_all() -> None:
    text = report(*long_change(200), limit=LIMITS["gitlab"])
    assert "This report is cut here" not in text
    assert 65_000 < len(text.encode()) <= 990_000
    assert text.count("soul") >= 200


@pytest.mark.parametrize("limit", [8_000, 8_500, 20_000])
@pytest.mark.parametrize("count", [1, 3, 7, 40, 300])
def test_no_limit_is_passed_and_no_record_lost(limit: int, count: int) -> None:
    text = report(*long_change(count), limit=limit)
    assert len(text.encode()) <= limit
    rendered(text)
    more = re.search(r"here: ([\d,]+) records? not shown", text)
    named = len(set(re.findall(r"shop\.product&#58;\d+", text)))
    assert named + (int(more[1].replace(",", "")) if more else 0) == count


def test_a_hostile_flood_stays_within_the_limit() -> None:
    flood = "@<`*_\U0001f35e" * 300
    before: dict[str, Any] = {
        f"a{number}.b{number}:1": {"name": flood, "parent": f"shop.tag:{number}"}
        for number in range(1_000)
    }
    before |= {f"shop.tag:{number}": {"name": flood} for number in range(50)}
    before |= {f"shop.note:{n}": {"text": flood, "about": f"shop.tag:{n}"} for n in range(50)}
    found = review(
        before, {f"shop.note:{n}": {"text": flood, "about": f"shop.tag:{n}"} for n in range(50)}
    )
    text = "".join(markdown(found, entries(before, {}), limit=8_000, command="x" * 5_000))
    assert len(text.encode()) <= 8_000
    assert "models more" in text
    assert "This report is cut here" in text
    rendered(text)


def test_a_record_with_many_fields_says_how_many_are_left_out() -> None:
    after: Snapshot = {"shop.tag:1": {f"field{number}": "x" * 200 for number in range(100)}}
    text = report({}, after)
    assert re.search(r"\n- and \d+ fields more\n", text)
    assert "fields more" not in report({}, after, limit=None)


def test_one_record_alone_has_more_room_than_one_of_many() -> None:
    after: Snapshot = {"shop.tag:1": {f"field{number}": "x" * 200 for number in range(100)}}
    assert "fields more" not in report({}, after, limit=LIMITS["gitlab"])
    assert len(report({}, after)) > 3 * len(report({}, after, limit=8_000))
