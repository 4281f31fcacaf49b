"""A repository of pages, made by git alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contentgit.content.canonical import encode
from contentgit.content.description import schema_document
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
)
from contentgit.specs import Dataset, ModelSpec
from tests.git.plain import git

SENTENCES = [f"This is the sentence number {number} of a text. " for number in range(8)]
MODEL = ModelSchema(
    "pages.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", FieldKind.TEXT),
        FieldSchema("tags", FieldKind.REFERENCES, target="tags.tag"),
        FieldSchema("title", FieldKind.TEXT),
    ),
)
DATASET = schema_document(
    Dataset("pages", "", (ModelSpec("pages.page"),)), Schema({"pages.page": MODEL})
)


def path_of(number: int) -> str:
    return f"pages/pages.page/0/{number // 100}/{number}.json"


def page(number: int = 42, **fields: Value) -> bytes:
    values = {"body": "".join(SENTENCES), "tags": ["tags.tag:1"], "title": "Bread", **fields}
    return encode(Record(RecordKey("pages.page", str(number)), values), KeyKind.INTEGER)


def body(**edits: str) -> str:
    pieces = list(SENTENCES)
    for name, text in edits.items():
        pieces[int(name[1:])] = text
    return "".join(pieces)


def change(folder: Path, files: Mapping[str, bytes | None]) -> None:
    for path, data in files.items():
        if data is None:
            (folder / path).unlink()
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "Change things")
