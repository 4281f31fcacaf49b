"""Columns that keys are made of: their Python values can be hashed, and tell equal rows from others."""

from __future__ import annotations

import json
from typing import Any

from contentgit.content.records import JSON_NULL, Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields.json_values import parsed
from contentgit.db.fields.values import Codec, refused

_UNHASHABLE = {FieldKind.JSON, FieldKind.ARRAY, FieldKind.RANGE, FieldKind.MAPPING}


def as_key(made: Codec, *, text: bool) -> Codec:
    """The codec of the same column where its value is a key or refers to one.

    A list or a mapping becomes its JSON in one form: ``1`` and ``true``, which Python takes for equal, are
    two keys. With ``text`` the database compares JSON as text, so that a row is found only by the text that
    Django writes of that form; JSON in another form is refused.
    """
    if made.kind not in _UNHASHABLE:
        return made

    def read(raw: Any) -> str:
        found = _text(made.encode(raw if made.read is None else made.read(raw)))
        if text and isinstance(raw, str) and write(found) != raw:
            raise refused(raw, "JSON in the form that keys have: names sorted, as Django writes it")
        return found

    def write(key: str) -> Any:
        return made.param(made.value(parsed(key)))

    def check(key: Any) -> str:
        if not isinstance(key, str) or _text(parsed(key)) != key:
            raise refused(key, "JSON in the form that keys have")
        return key

    return Codec(
        FieldKind.TEXT,
        check,
        check,
        write,
        read=read,
        cast=made.cast,
        select=made.select,
    )


def _text(value: Value) -> str:
    if value is JSON_NULL:
        return "null"
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
