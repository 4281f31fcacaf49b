"""Format 1 written a second time, slowly and without any library, to compare the fast one with."""

from __future__ import annotations

import math
import re
from typing import Any

from contentgit.content.records import JSON_NULL, Record
from contentgit.content.text import segments

SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
UNSEEN = [
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F),
    (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xD800, 0xDFFF),
    (0xE0000, 0xE007F),
]  # fmt: skip


def record_text(record: Record, key: Any) -> str:
    rows = [f'"$key": {item(key, 1, plain=True)}', f'"$model": {string(record.key.model)}']
    rows += [f"{string(name)}: {item(value, 1)}" for name, value in sorted(record.fields.items())]
    return "{\n  " + ",\n\n  ".join(rows) + "\n}\n"


def item(value: Any, level: int, *, plain: bool = False) -> str:
    if value is JSON_NULL:
        return block("{}", ['"$json": null'], level)
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        inside = -(2**63) <= value < 2**64
        return str(value) if inside else block("{}", [f'"$int": "{value}"'], level)
    if isinstance(value, float):
        number = repr(value)
        return number if math.isfinite(value) else block("{}", [f'"$float": "{number}"'], level)
    if isinstance(value, list):
        return block("[]", [item(each, level + 1, plain=plain) for each in value], level)
    if isinstance(value, dict):
        named = sorted(("$" * name.startswith("$") + name, each) for name, each in value.items())
        return block(
            "{}", [f"{string(name)}: {item(each, level + 1)}" for name, each in named], level
        )
    paired = re.search("[\ud800-\udbff][\udc00-\udfff]", value)
    if not plain and (len(value) > 100 or "\n" in value or "\r" in value or paired):
        rows = [string(piece) for piece in pieces(value)]
        return block("{}", ['"$text": ' + block("[]", rows, level + 1, between=",\n")], level)
    return string(value)


def pieces(text: str) -> list[str]:
    split = "(?<=[\ud800-\udbff])(?=[\udc00-\udfff])"
    return [half for piece in segments(text) for half in re.split(split, piece)]


def block(brackets: str, rows: list[str], level: int, between: str = ",") -> str:
    if not rows:
        return brackets
    line = "\n" + "  " * (level + 1)
    end = "\n" + "  " * level
    return brackets[0] + line + (between + line).join(rows) + end + brackets[1]


def string(text: str) -> str:
    return '"' + "".join(map(character, text)) + '"'


def character(char: str) -> str:
    code = ord(char)
    if char in SHORT:
        return SHORT[char]
    if not any(low <= code <= high for low, high in UNSEEN):
        return char
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
