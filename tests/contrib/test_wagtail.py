"""References in the content of Wagtail: by their shapes alone, and of a site's own definitions."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from contentgit.content import embedded
from contentgit.content.layout import decode_part, encode_part
from contentgit.content.records import RecordKey
from contentgit.contrib.wagtail.shapes import Each, Fields, Items, Stream, Table
from contentgit.references import Html, Json, JsonText

HERE = Path(__file__).parent
RICH = Html({'a[linktype="page"][id]': "site.page"})
CARD = Fields({"page": "site.page", "text": RICH})
SHAPE = Stream(
    {
        "page": "site.page",
        "text": RICH,
        "card": CARD,
        "pages": Items("site.page"),
        "cards": Items(CARD),
        "image": Fields({"image": "site.image"}, "site.image"),
        "table": Table({"page": "site.page", "text": RICH}),
        "each": Each("site.page"),
    }
)


class Marks:
    """Every text and number is the primary key of a row, but for what has been escaped."""

    def text(self, model: str, pk: str) -> str:
        return pk if "$" in pk else embedded.text_mark(RecordKey(model, encode_part(pk)))

    def number(self, model: str, pk: int) -> int | str:
        return embedded.number_mark(RecordKey(model, encode_part(str(pk))))


def block(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "id": "1"}


LINK = '<a linktype="page" id="6">six</a> <a id="7">none</a>'
NAMED = '<a linktype="page" id="$ref(site.page:6)">six</a> <a id="7">none</a>'
SIX, SEVEN = "$num(site.page:6)", "$num(site.page:7)"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("page", 6, SIX),
        ("page", None, None),
        ("page", "six", "$ref(site.page:six)"),  # a primary key may be a text
        ("text", LINK, NAMED),
        ("heading", LINK, LINK),
        ("heading", 6, 6),
        ("card", {"page": 6, "text": LINK, "number": 6}, {"page": SIX, "text": NAMED, "number": 6}),
        ("card", 6, 6),
        ("pages", [6, 7], [SIX, SEVEN]),
        ("pages", [block("item", 6), block("page", 6)], [block("item", SIX), block("page", 6)]),
        ("cards", [block("item", {"page": 6})], [block("item", {"page": SIX})]),
        ("cards", [{"page": 6, "id": 6}], [{"page": SIX, "id": 6}]),
        ("image", 6, "$num(site.image:6)"),
        ("image", {"image": 6, "alt_text": "6"}, {"image": "$num(site.image:6)", "alt_text": "6"}),
        (
            "table",
            {
                "columns": [block("page", 6), block("text", 6), 6],
                "rows": [{"values": [6, LINK, 6]}],
            },
            {
                "columns": [block("page", 6), block("text", 6), 6],
                "rows": [{"values": [SIX, NAMED, 6]}],
            },
        ),
        ("table", {"columns": [block("page", 6)], "rows": [{"values": [6, 6]}, 6]}, None),
        ("table", {"columns": 6, "rows": 6}, None),
        ("table", 6, 6),
        ("each", [6, "6", None], [SIX, "$ref(site.page:6)", None]),
        ("each", 6, 6),
        ("pages", 6, 6),
    ],
)
def test_what_a_block_holds(kind: str, value: Any, expected: Any) -> None:
    """In values, and in the characters of a text with every other byte kept."""
    same = kind == "table" and expected is None
    raw = [block(kind, value), {"type": kind}, {"type": [], "value": 6}, 6]
    wanted = [block(kind, value if same else expected), *raw[1:]]
    before = deepcopy(raw)
    assert Json(SHAPE).named(raw, Marks()) == wanted
    assert raw == before
    for indent in (None, 1):
        text = json.dumps(raw, indent=indent)
        named = JsonText(SHAPE).named(text, Marks())
        assert json.loads(named) == wanted
        assert embedded.filled(named, lambda key: decode_part(key.key)) == text


@pytest.mark.parametrize("raw", [6, None, "[", "6", {"type": "page", "value": 6}, []])
def test_what_is_no_stream_is_left_alone(raw: Any) -> None:
    assert Json(SHAPE).named(raw, Marks()) == raw
    assert JsonText(SHAPE).named(json.dumps(raw), Marks()) == json.dumps(raw)


def test_the_models_are_those_that_are_chosen_at_any_depth() -> None:
    assert Json(SHAPE).models == {"site.page", "site.image"}
    round_about: dict[str, Any] = {"page": "site.page"}
    round_about["self"] = Each(Fields(round_about))
    assert Json(Fields(round_about)).models == {"site.page"}


def test_a_row_and_what_its_generic_key_refers_to() -> None:
    shape = Fields(
        {"kind": "contenttypes.contenttype"},
        generic=(("kind", "pk"), ("none", "pk")),
        label=lambda mark: "site.page" if mark else None,
    )
    assert Json(shape).named({"kind": 3, "pk": "6"}, Marks()) == {
        "kind": "$num(contenttypes.contenttype:3)",
        "pk": "$ref(site.page:6)",
    }
    assert Json(shape).named({"kind": None, "pk": 6}, Marks()) == {"kind": None, "pk": 6}


@pytest.mark.skipif(find_spec("wagtail") is None, reason="Wagtail is not installed")
def test_a_site_of_wagtail() -> None:
    """Another process has the settings of one."""
    done = subprocess.run(
        [sys.executable, HERE / "wagtail_site.py"], check=False, text=True, capture_output=True
    )
    assert (done.returncode, done.stdout) == (0, "as expected\n"), done.stderr
