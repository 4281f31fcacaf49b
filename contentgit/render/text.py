"""Changes, plans and refusals as styled lines for a terminal; nothing here prints.

Content is hostile: it may hold escape sequences, so every piece of it passes :func:`safe`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Final

from rich.text import Text

from contentgit.canonical import same
from contentgit.diff import ABSENT, Change, FieldChange
from contentgit.records import RecordKey, Value
from contentgit.render.passages import passages
from contentgit.render.plain import safe
from contentgit.render.values import dump_label, short
from contentgit.steps import Action

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
PLACES_SHOWN: Final = 12
"""Changed places within a JSON value that are shown one by one; beyond that the values are."""


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
            if value not in ("", None, [], {}):
                yield Text(f"    {field.name}: {named(value, references)}", style="dim")


def _changed(field: FieldChange, references: Mapping[str, str]) -> Iterator[Text]:
    before, after = field.before, field.after
    if isinstance(before, list) and isinstance(after, list) and _are_references(before + after):
        yield _set_change(field.name, before, after, references)
    elif isinstance(before, str) and isinstance(after, str) and len(before) + len(after) > 60:
        yield Text(f"    {field.name}:")
        for line in passages(before, after):
            yield Text("      ").append_text(line)
    elif inner := _inner_changes(before, after):
        for path, old, new in inner:
            yield _replaced(field.name + path, old, new, references)
    else:
        yield _replaced(field.name, before, after, references)


def _replaced(name: str, before: Value, after: Value, references: Mapping[str, str]) -> Text:
    line = Text(f"    {safe(name)}: ")
    line.append(named(before, references), style="red")
    line.append(" → ")
    return line.append(named(after, references), style="green")


def _inner_changes(before: Value, after: Value) -> list[tuple[str, Value, Value]]:
    """The places within a JSON value that differ; none where it is no JSON, or another one."""
    if not (isinstance(before, dict | list) and type(before) is type(after)):
        return []
    found = list(islice(_places(before, after, ""), PLACES_SHOWN + 1))
    return found if len(found) <= PLACES_SHOWN else []


def _places(before: Value, after: Value, path: str) -> Iterator[tuple[str, Value, Value]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            pair = before.get(name, ABSENT), after.get(name, ABSENT)
            yield from _places(*pair, f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _places(*pair, f"{path}[{index}]")
    elif not same(before, after):
        yield path, before, after


def _are_references(values: Iterable[Value]) -> bool:
    return all(
        isinstance(each, str) and re.match(r"[a-z0-9_]+\.[a-z0-9_]+:", each) for each in values
    )


def named(value: Value, references: Mapping[str, str]) -> str:
    """A value on one line; references with the title of what they refer to."""
    if isinstance(value, list) and value and any(_title(each, references) for each in value):
        return ", ".join(named(each, references).strip(chr(34)) for each in value)
    title = _title(value, references)
    return f"{safe(value)} ({safe(title)})" if title else short(value)


def _title(value: Value, references: Mapping[str, str]) -> str:
    return references.get(value, "") if isinstance(value, str) else ""


def _set_change(
    name: str, before: list[str], after: list[str], references: Mapping[str, str]
) -> Text:
    line = Text(f"    {name}:")
    for value in before:
        if value not in after:
            line.append(f" -{named(value, references).strip(chr(34))}", style="red")
    for value in after:
        if value not in before:
            line.append(f" +{named(value, references).strip(chr(34))}", style="green")
    return line


def stat_lines(counts: Mapping[tuple[str, str], Mapping[str, int]]) -> Iterator[Text]:
    """A line per model, by dump, with how many records were created, updated and deleted."""
    width = max((len(model) for _, model in counts), default=0)
    total = {"create": 0, "update": 0, "delete": 0}
    several = len({dump for dump, _ in counts}) > 1
    for dump, models in groupby(sorted(counts.items()), key=lambda item: item[0][0]):
        if several:
            yield dump_line(dump)
        for (_, model), kinds in models:
            yield _stat_line(model.ljust(width), kinds)
            for kind in total:
                total[kind] += kinds.get(kind, 0)
    yield Text(f" {count_line(total)}")


def _stat_line(model: str, kinds: Mapping[str, int]) -> Text:
    line = Text(f" {model} ")
    for kind, sign in SIGNS.items():
        if kinds.get(kind):
            line.append(f" {sign}{kinds[kind]:,}", style=STYLES[kind])
    return line


def dump_line(folder: str) -> Text:
    """The dump that the lines below belong to, as it is named in a call: ``districts:42``."""
    return Text(safe(dump_label(folder)), style="bold underline")


def count_line(counts: Mapping[str, int]) -> str:
    """``3 created, 1 updated, 2 deleted``; what is nought is left out."""
    named = [("create", "created"), ("update", "updated"), ("delete", "deleted")]
    parts = [f"{counts[kind]:,} {word}" for kind, word in named if counts.get(kind)]
    return ", ".join(parts) or "no changes"
