"""Content values on one line, for people; pure text without styles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from contentgit.content.diff import ABSENT
from contentgit.content.layout import dump_name
from contentgit.content.records import JSON_NULL, CarriedFile, Value
from contentgit.errors import FormatError
from contentgit.render.plain import safe, visible

WIDTH: Final = 100
"""Characters of a value that are shown on one line."""

LEAD: Final = 20
"""Characters that are shown before the place where long texts begin to differ."""


def dump_label(folder: str) -> str:
    """The dump in a folder as it is named in a call: ``districts:42,43`` of ``districts@42,43``."""
    try:
        name, arguments = dump_name(folder)
    except FormatError:
        return folder
    return f"{name}:{arguments}" if arguments else name


def copy_words(kind: str) -> str:
    """What a copy is called: a dump can be here as one by specs and as one by ``--as-new``."""
    return "a copy by specs" if kind == "save_as_new" else "a copy"


def byte_size(size: int) -> str:
    """A number of bytes for people: ``950 bytes``, ``48 kB``, ``1.2 GB``."""
    if size < 1000:
        return f"{size} byte{'s' * (size != 1)}"
    number = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        number /= 1000
        if number < 999.5 or unit == "TB":
            break
    return f"{number:.1f} {unit}" if number < 9.95 else f"{number:,.0f} {unit}"


def file_words(file: CarriedFile, before: Value = ABSENT, width: int | None = WIDTH) -> str:
    """``news/loaf.jpg (48 kB)``; beside the file ``before`` with what name and size do not say."""
    known = [byte_size(file.size)]
    if type(before) is CarriedFile and before != file:
        if before.sha256 == file.sha256:
            known.append("same bytes")
        elif before.name == file.name:
            known.append("other bytes")
    name = visible(file.name)
    if width is not None and len(name) > width:
        name = f"…{name[1 - width :]}"  # of a path, the end says most
    return f"{name} ({', '.join(known)})"


def short(value: Value, width: int | None = WIDTH) -> str:
    """A value on one line, cut to ``width`` characters; ``None`` shows all."""
    if value is ABSENT:
        return "(nothing)"
    if value is None:
        return "null"
    if value is JSON_NULL:
        return "JSON null"
    if type(value) is CarriedFile:
        return file_words(value, width=width)
    if isinstance(value, str):
        quoted = f'"{visible(value)}"'
    else:
        quoted = safe(json.dumps(value, ensure_ascii=False, default=repr, sort_keys=True))
    return quoted if width is None or len(quoted) <= width else f"{quoted[: width - 1]}…"


def apart(values: Sequence[Value]) -> list[str]:
    """The values on a line each; long texts from shortly before the place where they differ.

    Files of one name have the beginning of their SHA-256, too.
    """
    files = {value for value in values if type(value) is CarriedFile}
    if len(files) > len({file.name for file in files}):
        return [
            f"{short(each)[:-1]}, {each.sha256[:8]})" if type(each) is CarriedFile else short(each)
            for each in values
        ]
    texts = [value for value in values if isinstance(value, str)]
    same = _same_start(texts)
    cut = max(0, same - LEAD) if any(len(text) > WIDTH for text in texts) else 0
    return [
        short(f"…{value[cut:]}" if cut and isinstance(value, str) else value) for value in values
    ]


def _same_start(texts: Sequence[str]) -> int:
    """The length of the common start of all texts; 0 for fewer than two texts."""
    if len(texts) < 2:
        return 0
    for place, characters in enumerate(zip(*texts, strict=False)):
        if len(set(characters)) > 1:
            return place
    return min(map(len, texts))
