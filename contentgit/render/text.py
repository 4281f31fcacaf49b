"""Changes as styled lines for a terminal; nothing here prints.

Content is hostile: it may hold escape sequences, so every piece of it passes :func:`safe`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Final

from contentgit.render.plain import safe
from contentgit.render.styled import Text
from contentgit.render.values import dump_label
from contentgit.render.views import TERMINAL, Extent, field_views

if TYPE_CHECKING:
    from contentgit.content.diff import Change
    from contentgit.content.records import RecordKey
    from contentgit.render.passages import Line

DONE: Final = {"create": "created", "update": "updated", "delete": "deleted"}
SIGNS: Final = {"create": "+", "update": "~", "delete": "-"}
STYLES: Final = {"create": "green", "update": "yellow", "delete": "red"}

MARKS: Final = {
    "equal": ("", "", ""),
    "delete": ("[-", "-]", "red"),
    "insert": ("{+", "+}", "green"),
}


def heading(sign: str, style: str, key: RecordKey, title: str) -> Text:
    """``~ pages.page:42  Summer bread``."""
    line = Text()
    line.append(f"{sign} {key}", style=style)
    if title:
        line.append(f"  {safe(title)}", style="bold")
    return line


def change_lines(
    change: Change, title: str, references: Mapping[str, str], extent: Extent = TERMINAL
) -> Iterator[Text]:
    """A change in full: its heading, then each field."""
    yield heading(SIGNS[change.kind], STYLES[change.kind], change.key, title)
    yield from field_lines(change, references, extent)


def field_lines(
    change: Change, references: Mapping[str, str], extent: Extent = TERMINAL
) -> Iterator[Text]:
    """The fields of a change with before and after; of a new or deleted record, what it holds."""
    for view in field_views(change, references, extent):
        if view.form == "passages":
            yield Text(f"    {view.name}:")
            yield from (Text("      ").append_text(marked(line)) for line in view.lines)
        elif view.form == "value":
            yield Text(f"    {view.name}: {view.lines[0][0][1]}", style="dim")
        elif view.form == "members":
            line = Text(f"    {view.name}:")
            for kind, name in view.lines[0]:
                line.append(f" {'-' if kind == 'delete' else '+'}{name}", style=MARKS[kind][2])
            yield line
        else:
            (_, before), (_, after) = view.lines[0]
            line = Text(f"    {view.name}: ")
            yield line.append(before, style="red").append(" → ").append(after, style="green")


def marked(line: Line) -> Text:
    """Deleted words in ``[-…-]`` and inserted ones in ``{+…+}``, as ``git diff --word-diff`` has them.

    So the line can be read without colours.
    """
    text = Text()
    for kind, words in line:
        opening, closing, style = MARKS[kind]
        text.append(f"{opening}{words}{closing}", style=style)
    return text


def stat_lines(counts: Mapping[tuple[str, str], Mapping[str, int]]) -> Iterator[Text]:
    """A line per model, by dump, with how many records were created, updated and deleted."""
    width = max((len(model) for _, model in counts), default=0)
    total = dict.fromkeys(DONE, 0)
    several = len({dump for dump, _ in counts}) > 1
    for dump, models in groupby(sorted(counts.items()), key=lambda item: item[0][0]):
        if several:
            yield dump_line(dump)
        for (_, model), kinds in models:
            line = Text(f" {model.ljust(width)} ")
            for kind, sign in SIGNS.items():
                total[kind] += kinds.get(kind, 0)
                if kinds.get(kind):
                    line.append(f" {sign}{kinds[kind]:,}", style=STYLES[kind])
            yield line
    yield Text(f" {count_line(total)}")


def dump_line(folder: str) -> Text:
    """The dump that the lines below belong to, as it is named in a call: ``districts:42``."""
    return Text(safe(dump_label(folder)), style="bold underline")


def count_line(counts: Mapping[str, int]) -> str:
    """``3 created, 1 updated, 2 deleted``; zeros are left out. Of an apply, also rows that moved."""
    words = {**DONE, "move": "given another key"}
    parts = [f"{counts[kind]:,} {word}" for kind, word in words.items() if counts.get(kind)]
    return ", ".join(parts) or "no changes"
