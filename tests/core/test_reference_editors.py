"""What editors write, and the rules of docs/references.md for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contentgit.content import embedded
from contentgit.content.layout import decode_part, encode_part
from contentgit.content.records import RecordKey
from contentgit.references import Html, Json, JsonText, References


class Marks:
    """Every text and number is the primary key of a row."""

    def text(self, model: str, pk: str) -> str:
        return embedded.text_mark(RecordKey(model, encode_part(pk)))

    def number(self, model: str, pk: int) -> int | str:
        return embedded.number_mark(RecordKey(model, encode_part(str(pk))))


CKEDITOR_MENTION = (
    '<p>Thanks, <a class="mention" data-mention="@ann" data-user-id="3" href="/ann/">@ann</a>!'
    ' <a href="/3/" data-id="3">3</a></p>'
)
PROSE_EDITOR_FIGURE = (
    '<figure class="figure"><img src="/media/a.jpg" alt="3" data-file="7">'
    '<figcaption>A</figcaption></figure><p><a href="/x/">x</a></p><img src="/7.jpg">'
)
TIPTAP_HTML = (
    '<p><a data-type="page" data-id="3" href="/x/">x</a> <a data-type="file" data-id="3">y</a>'
    ' <span data-type="mention" data-id="5" data-label="Ann">@Ann</span></p>'
)
TIPTAP: dict[str, Any] = {
    "type": "doc",
    "content": [
        {
            "type": "paragraph",
            "attrs": {"textAlign": "left"},
            "content": [
                {"type": "mention", "attrs": {"id": "5", "label": "3"}},
                {
                    "type": "text",
                    "text": "3",
                    "marks": [
                        {"type": "bold"},
                        {
                            "type": "link",
                            "attrs": {"href": "/x/", "target": None, "data-id": 3},
                        },
                    ],
                },
                {"type": "image", "attrs": {"src": "/3.jpg", "data-id": 3}},
            ],
        }
    ],
}
EDITORJS: dict[str, Any] = {
    "time": 1635603431943,
    "blocks": [
        {"id": "sheNwCUP5A", "type": "header", "data": {"text": "3", "level": 2}},
        {
            "id": "12iM3lqzcm",
            "type": "paragraph",
            "data": {"text": 'See <a href="/x/" data-page="3">x</a>.'},
        },
        {
            "id": "fvZGuFXHmK",
            "type": "image",
            "data": {"file": {"url": "/7.jpg", "id": 7}, "caption": "7", "stretched": False},
        },
        {"id": "a", "type": "attaches", "data": {"file": {"url": "/7.pdf", "id": 7}, "title": "7"}},
    ],
    "version": "2.30.7",
}
MARKS: dict[str, str | References] = {
    "**[type=link].attrs.data-id": "pages.page",
    "**[type=mention].attrs.id": "auth.user",
}
BLOCKS: dict[str, Any] = {
    "blocks.*[type=image].data.file.id": "images.image",
    "blocks.*[type=paragraph].data.text": {"a[data-page]": "pages.page"},
}


@pytest.mark.parametrize(
    ("references", "value", "marks"),
    [
        (
            Html({"a[data-user-id]": "auth.user"}),
            CKEDITOR_MENTION,
            {'data-user-id="3"': 'data-user-id="$ref(auth.user:3)"'},
        ),
        (
            Html({"img[data-file]": "cabinet.file"}),
            PROSE_EDITOR_FIGURE,
            {'data-file="7"': 'data-file="$ref(cabinet.file:7)"'},
        ),
        (
            Html(
                {
                    "a[data-type=page][data-id]": "pages.page",
                    "span[data-type=mention][data-id]": "auth.user",
                }
            ),
            TIPTAP_HTML,
            {
                'data-type="page" data-id="3"': 'data-type="page" data-id="$ref(pages.page:3)"',
                'data-id="5"': 'data-id="$ref(auth.user:5)"',
            },
        ),
        (
            Json(MARKS),
            TIPTAP,
            {
                '"target": null, "data-id": 3': '"target": null, "data-id": "$num(pages.page:3)"',
                '{"id": "5"': '{"id": "$ref(auth.user:5)"',
            },
        ),
        (
            Json(BLOCKS),
            EDITORJS,
            {
                '"/7.jpg", "id": 7': '"/7.jpg", "id": "$num(images.image:7)"',
                'data-page=\\"3\\"': 'data-page=\\"$ref(pages.page:3)\\"',
            },
        ),
    ],
)
def test_what_an_editor_writes(references: Any, value: Any, marks: dict[str, str]) -> None:
    """The rules name these places, and no others; also where the JSON is in a text."""
    text = expected = value if isinstance(value, str) else json.dumps(value)
    for plain, named in marks.items():
        assert expected.count(plain) == 1
        expected = expected.replace(plain, named)
    if value is not text:
        assert json.dumps(references.named(value, Marks())) == expected
        references = JsonText(references.rules)
    named = references.named(text, Marks())
    assert named == expected
    assert embedded.filled(named, lambda key: decode_part(key.key)) == text
