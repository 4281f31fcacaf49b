"""A review as Markdown for a comment on GitHub or a note on GitLab, within their limits.

Content is hostile here too: it could mention people, close issues, or be markup. All of it passes
:func:`code`, see docs/decisions/0009-content-in-comments.md for why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from typing import Final

from contentgit.content.titles import TitledChange
from contentgit.render.passages import Line
from contentgit.render.plain import plural, visible
from contentgit.render.report import joined, notes, place_of, reach_lines, rows, verdict
from contentgit.render.text import DONE, count_line
from contentgit.render.values import dump_label
from contentgit.render.views import Extent, FieldView, field_views
from contentgit.review import Named, Review

MARKER: Final = "<!-- contentgit -->"
"""The first line of a report: by it a workflow finds the comment that it wrote before."""

LIMITS: Final = {"github": 65_000, "gitlab": 990_000}
"""Bytes of UTF-8. GitHub takes 65,536 characters a comment, GitLab a million a note; a text has never more
characters, however they are counted, than it has bytes."""

EXTENT: Final = Extent(300, 600)

BLOCK: Final = 6_000
"""Bytes that the fields of one of many records may take; beyond that the others are counted."""

_FOLDED: Final = 900  # bytes of fields from which a record is folded
_NOTES: Final = 0.2  # share of the limit that records in the notes may take
_TABLE: Final = 0.25  # share of the limit that the table may take
_FULL: Final = 0.75  # share of the rest for whole records, where not all have room
_END: Final = 1_000  # bytes kept for the last lines
_NAME: Final = 120  # characters of a key, or of a field's name

_LIVE: Final = re.compile(r"[&<>\\`*_{}\[\]#!|~$^@:%]")
_STARTS: Final = re.compile(r"@|:(?=/)|%(?=\{)|www(?=\.)", re.IGNORECASE)
_BREAK: Final = "\u200b"


def inert(text: str) -> str:
    """The text as people read it, with nothing in it that Markdown, GitHub or GitLab would act upon.

    It stays on its line. What could be markup becomes a character reference. A zero-width space follows an
    ``@`` and splits the start of an address, as some programs read the text without its markup.
    """
    broken = _STARTS.sub(lambda match: match.group() + _BREAK, visible(text))
    return _LIVE.sub(lambda match: f"&#{ord(match.group())};", broken)


def code(text: str) -> str:
    """Content as a ``code`` element, where neither GitHub nor GitLab looks for mentions or references."""
    return f"<code>{inert(text)}</code>"


def markdown(
    review: Review,
    entries: Iterable[TitledChange],
    *,
    limit: int | None = None,
    extent: Extent = EXTENT,
    command: str = "",
) -> Iterator[str]:
    """The report in pieces, of at most ``limit`` bytes in all (at least 8,000 are needed).

    Where not all records have room, some are given in full, more by their titles, and the rest as a number
    with ``command``, which shows them all.
    """
    head = "".join(_head(review, limit))
    yield head
    # One of few records may take more.
    block = max(BLOCK, limit // (3 * max(1, review.changes))) if limit else None
    blocks = _blocks(review, entries, extent, block)
    if limit is None:
        yield from (full for full, _ in blocks)
    else:
        yield from _within(blocks, limit - _size(head) - _END, review.changes, command)


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _within(
    blocks: Iterator[tuple[str, str]], room: int, total: int, command: str
) -> Iterator[str]:
    """As many whole records as there is room for, else fewer and the titles of more."""
    held: list[tuple[str, str]] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += _size(block[0])
        if size > room:
            break
    else:
        yield from (full for full, _ in held)
        return
    whole, used = 0, 0
    while used + _size(held[whole][0]) <= room * _FULL:
        used += _size(held[whole][0])
        whole += 1
    yield from (full for full, _ in held[:whole])
    titled = 0
    for _, short in chain(held[whole:], blocks):
        if used + _size(short) > room:
            break
        if not titled:
            yield "\n#### By title only\n\n"
        used += _size(short)
        titled += 1
        yield short
    yield _rest(total - whole - titled, titled, command)


def _rest(left: int, titled: int, command: str) -> str:
    shown = code(command if len(command) < _NAME else "contentgit diff")
    cut = [f"{plural(left, 'record')} not shown"] if left else []
    cut += [f"{titled:,} by title only"] if titled else []
    return (
        f"\n**This report is cut here: {', '.join(cut)}.** {shown} shows all in full, "
        "and so does the HTML report.\n"
    )


def _head(review: Review, limit: int | None) -> Iterator[str]:
    yield f"{MARKER}\n### {verdict(review)}\n\n"
    yield f"From {code(review.before[:_NAME])} to {code(review.after[:_NAME])}.\n\n"
    yield from _notes(review, limit * _NOTES if limit else None)
    if review.counts:
        yield "| dump | model | created | updated | deleted |\n|---|---|--:|--:|--:|\n"
        yield from _table(review, limit * _TABLE if limit else None)


def _notes(review: Review, room: float | None) -> Iterator[str]:
    found = notes(review)
    for note in found:
        yield f"- {'⚠️ ' if note.grave else ''}**{inert(note.text)}**\n"
        more = note.more
        for words in note.lines:
            line = f"  - {joined(words, _named, inert)}\n"
            if room is not None:
                room -= _size(line)
            if room is not None and room < 0:
                more += 1
            else:
                yield line
        if more:
            yield f"  - and {more:,} more\n"
    if found:
        yield "\n"


def _table(review: Review, room: float | None) -> Iterator[str]:
    found = list(rows(review))
    for place, (dump, model, kinds) in enumerate(found):
        numbers = " | ".join(f"{kinds[kind]:,}" if kinds.get(kind) else "" for kind in DONE)
        row = f"| {code(dump[:_NAME])} | {code(model[:_NAME])} | {numbers} |\n"
        if room is not None:
            room -= _size(row)
            if room < 0:
                yield f"| | and {plural(len(found) - place, 'model')} more | | | |\n"
                return
        yield row


def _blocks(
    review: Review, entries: Iterable[TitledChange], extent: Extent, room: int | None
) -> Iterator[tuple[str, str]]:
    """Each record in full, with the heading of its model where that begins; and as one line."""
    for (dump, model), group in groupby(entries, place_of):
        names = f"{code(dump_label(dump)[:_NAME])} {code(model[:_NAME])}"
        heading = f"\n#### {names}: {count_line(review.counts.get((dump, model), {}))}\n\n"
        for entry in group:
            named = _named(Named(entry.change.key, entry.title))
            title = f"<b>{DONE[entry.change.kind]}</b> {named}"
            body = "".join(_body(review, entry, extent, room))
            full = f"<details><summary>{title}</summary>\n\n{body}\n</details>\n\n"
            if _size(body) < _FOLDED:
                full = f"{title}\n\n{body}\n"
            yield f"{heading}{full}", f"- {title}\n"
            heading = ""


def _named(named: Named) -> str:
    key = code(str(named.key)[:_NAME])
    return f"<b>{code(named.title)}</b> {key}" if named.title else key


def _body(review: Review, entry: TitledChange, extent: Extent, room: int | None) -> Iterator[str]:
    for words, records in reach_lines(review, entry.change.key):
        yield f"- {words} {joined(records, _named, inert)}\n"
    views = list(field_views(entry.change, entry.references, extent))
    for place, view in enumerate(views):
        for line, text in enumerate(_field(view)):
            if room is not None:
                room -= _size(text)
                if room < 0:  # of the first field some lines may be there
                    begun, left = line > 0, len(views) - place
                    yield "  - …\n" if begun else ""
                    yield f"- and {plural(left - begun, 'field')} more\n" if left > begun else ""
                    return
            yield text


def _field(view: FieldView) -> Iterator[str]:
    name = code(view.name[:_NAME])
    if view.form == "passages":
        yield f"- {name}:\n"
        yield from (f"  - <code>{_marked(line)}</code>\n" for line in view.lines)
    elif view.form == "replaced":
        (_, before), (_, after) = view.lines[0]
        yield f"- {name}: <del>{code(before)}</del> → <ins>{code(after)}</ins>\n"
    else:
        pieces = [f"<code>{_marked((piece,))}</code>" for piece in view.lines[0]]
        yield f"- {name}: {' '.join(pieces)}\n"


def _marked(line: Line) -> str:
    marks = {"equal": ("", ""), "delete": ("<del>", "</del>"), "insert": ("<ins>", "</ins>")}
    text = "".join(f"{marks[kind][0]}{inert(text)}{marks[kind][1]}" for kind, text in line)
    return text.replace("</del><ins>", "</del> <ins>")  # without colours they would run together
