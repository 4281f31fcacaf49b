"""Changes, plans and refusals as styled lines for a terminal; nothing here prints.

Content is hostile: it may hold escape sequences, so every piece of it passes :func:`safe`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rich.text import Text

from contentgit.diff import Change, FieldChange
from contentgit.records import RecordKey, Value
from contentgit.render.values import safe, short
from contentgit.steps import Action
from contentgit.words import words

SIGNS: Final = {"create": "+", "update": "~", "delete": "-"}
STYLES: Final = {"create": "green", "update": "yellow", "delete": "red"}
ACTION_SIGNS: Final = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.CASCADE: "-",
    Action.CLEAR: "~",
}
ACTION_STYLES: Final = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.DELETE: "red",
    Action.CASCADE: "bold red",
    Action.CLEAR: "bold yellow",
}
CONTEXT: Final = 40
"""Characters of unchanged text that are shown on each side of a changed place."""


def heading(sign: str, style: str, key: RecordKey, title: str) -> Text:
    """``~ pages.page:42  Summer bread``."""
    line = Text()
    line.append(f"{sign} {key}", style=style)
    if title:
        line.append(f"  {safe(title)}", style="bold")
    return line


def change_lines(change: Change, title: str, references: Mapping[str, str]) -> Iterator[Text]:
    """A change in full: its heading, then each field."""
    yield heading(SIGNS[change.kind], STYLES[change.kind], change.key, title)
    yield from field_lines(change, references)


def field_lines(change: Change, references: Mapping[str, str]) -> Iterator[Text]:
    """The fields of a change with before and after; of a new or deleted record, what it holds."""
    for field in change.fields:
        if change.kind == "update":
            yield from _changed(field, references)
        else:
            value = field.after if change.kind == "create" else field.before
            if value not in ("", None, []):
                yield Text(f"    {field.name}: {short(value)}", style="dim")


def _changed(field: FieldChange, references: Mapping[str, str]) -> Iterator[Text]:
    before, after = field.before, field.after
    if isinstance(before, list) and isinstance(after, list) and _are_references(before + after):
        yield _set_change(field.name, before, after, references)
    elif isinstance(before, str) and isinstance(after, str) and len(before) + len(after) > 60:
        yield Text(f"    {field.name}:")
        yield from _text_change(before, after)
    else:
        line = Text(f"    {field.name}: ")
        line.append(_named(before, references), style="red")
        line.append(" → ")
        line.append(_named(after, references), style="green")
        yield line


def _are_references(values: Iterable[Value]) -> bool:
    return all(
        isinstance(each, str) and re.match(r"[a-z0-9_]+\.[a-z0-9_]+:", each) for each in values
    )


def _named(value: Value, references: Mapping[str, str]) -> str:
    title = references.get(value, "") if isinstance(value, str) else ""
    return f"{safe(value)} ({safe(title)})" if title else short(value)


def _set_change(
    name: str, before: list[str], after: list[str], references: Mapping[str, str]
) -> Text:
    line = Text(f"    {name}:")
    for value in before:
        if value not in after:
            line.append(f" -{_named(value, references).strip(chr(34))}", style="red")
    for value in after:
        if value not in before:
            line.append(f" +{_named(value, references).strip(chr(34))}", style="green")
    return line


def _text_change(before: str, after: str) -> Iterator[Text]:
    """The changed words of a long text with a little of what stands around them.

    Deleted words stand in ``[-…-]`` and inserted ones in ``{+…+}``, as ``git diff --word-diff`` has them, so
    that the lines can be read without colours.
    """
    pieces = words(before, after)
    line = Text("      ")
    for index, (kind, text) in enumerate(pieces):
        if kind == "equal":
            line.append(_around(text, first=index == 0, last=index == len(pieces) - 1))
        elif kind == "delete":
            line.append(f"[-{_visible(text)}-]", style="red")
        else:
            line.append(f"{{+{_visible(text)}+}}", style="green")
    yield line


def _around(text: str, *, first: bool, last: bool) -> str:
    if first:
        return _visible(text if len(text) <= CONTEXT else f"…{text[-CONTEXT:]}")
    if last:
        return _visible(text if len(text) <= CONTEXT else f"{text[:CONTEXT]}…")
    if len(text) <= 2 * CONTEXT:
        return _visible(text)
    return f"{_visible(text[:CONTEXT])} … {_visible(text[-CONTEXT:])}"


def _visible(text: str) -> str:
    return safe(text.replace("\r\n", "\n").replace("\n", "⏎"))


def stat_lines(counts: Mapping[tuple[str, str], Mapping[str, int]]) -> Iterator[Text]:
    """A line per dump and model with how many records were created, updated and deleted."""
    width = max((len(model) for _, model in counts), default=0)
    total = {"create": 0, "update": 0, "delete": 0}
    for (_dump, model), kinds in sorted(counts.items()):
        line = Text(f" {model.ljust(width)} ")
        for kind, sign in SIGNS.items():
            count = kinds.get(kind, 0)
            total[kind] += count
            if count:
                line.append(f" {sign}{count}", style=STYLES[kind])
        yield line
    yield Text(f" {count_line(total)}")


def count_line(counts: Mapping[str, int]) -> str:
    """``3 created, 1 updated, 2 deleted``; what is nought is left out."""
    named = [("create", "created"), ("update", "updated"), ("delete", "deleted")]
    parts = [f"{counts[kind]:,} {word}" for kind, word in named if counts.get(kind)]
    return ", ".join(parts) or "no changes"
