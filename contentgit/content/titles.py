"""The title of a record without a database: its best text; and changes with their titles."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from contentgit.content.diff import Change
from contentgit.content.records import CarriedFile, Record
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema

LENGTH = 80
"""Characters of a title; a longer one ends in an ellipsis."""

_NAMES = ("title", "name", "headline", "heading", "label", "subject", "question", "caption", "slug")
"""Fields that name a record, the best first."""

_SHORT = 200
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class TitledChange(NamedTuple):
    """A change with the folder of its dump, its record's title, and the titles of what it refers to."""

    dump: str
    change: Change
    title: str
    references: Mapping[str, str]


def best_text(record: Record, schema: ModelSchema | None) -> str:
    """The text of the record that names it best, in one line; ``""`` if it has none.

    A field called ``title``, ``name`` and the like, or one that ends so; else the first short text, or the
    name of a file.
    """
    known = schema.by_name if schema else {}
    texts = {
        name: value
        for name, value in record.fields.items()
        if isinstance(value, str) and value.strip() and (name not in known or _names(known[name]))
    }
    for name in _NAMES:
        for field in sorted(texts, key=lambda field: (field != name, field)):
            if field == name or field.startswith(f"{name}_") or field.endswith(f"_{name}"):
                return one_line(texts[field])
    short = [texts[field] for field in sorted(texts) if len(texts[field]) <= _SHORT]
    files = (file.name for _, file in sorted(record.fields.items()) if type(file) is CarriedFile)
    return one_line(next(chain(short, files), ""))


def _names(field: FieldSchema) -> bool:
    return field.kind in {FieldKind.TEXT, FieldKind.COLUMN} and not field.embeds


def one_line(text: str) -> str:
    """The text in one line without invisible characters, at most :data:`LENGTH` characters."""
    spaced = "".join(" " if character in "\t\n\r\v\f" else character for character in text[:2000])
    visible = "".join(each for each in spaced if unicodedata.category(each) not in _INVISIBLE)
    line = " ".join(visible.split())
    return line if len(line) <= LENGTH else f"{line[: LENGTH - 1].rstrip()}…"
