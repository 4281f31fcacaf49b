"""A review as one HTML file that needs nothing else: no scripts, no requests, styles and pictures inside.

Content is hostile here too: all of it passes :func:`text`, and the page's own policy forbids whatever
would be run or fetched.
"""

from __future__ import annotations

import html as markup
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Final

from contentgit.content.diff import Change
from contentgit.content.records import CarriedFile, Value
from contentgit.content.titles import TitledChange
from contentgit.render.passages import Line
from contentgit.render.plain import safe
from contentgit.render.report import Note, joined, notes, place_of, reach_lines, rows, verdict
from contentgit.render.text import DONE, count_line
from contentgit.render.values import dump_label
from contentgit.render.views import Extent, FieldView, field_views
from contentgit.review import Named, Review

EXTENT: Final = Extent(1_000, 5_000)

Picture = Callable[[Value], str]
"""The ``data:`` URI of a file's picture, by the value of its field; ``""`` where there is none."""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_OPEN: Final = 40
"""New records of a model that are shown open; where there are more, each has to be opened."""

_MARKS: Final = {"equal": ("", ""), "delete": ("<del>", "</del>"), "insert": ("<ins>", "</ins>")}


def text(content: str) -> str:
    """Content as text of a page; control, bidirectional and invisible characters are visible."""
    return markup.escape(safe(content))


def html(
    review: Review,
    entries: Iterable[TitledChange],
    *,
    extent: Extent = EXTENT,
    picture: Picture | None = None,
) -> Iterator[str]:
    """The page in pieces, streamed."""
    yield from _top(review)
    numbers = {place: number for number, place in enumerate(review.counts, 1)}
    for place, group in groupby(entries, place_of):
        yield _section(review, place, numbers.get(place, 0))
        for entry in group:
            yield from _record(review, entry, extent, picture)
        yield "</section>\n"
    yield "</main>\n</body>\n</html>\n"


@cache
def _style() -> str:
    return files("contentgit.render").joinpath("report.css").read_text(encoding="utf-8")


def _top(review: Review) -> Iterator[str]:
    said = text(verdict(review))
    yield f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{said}</title>
<style>
{_style()}</style>
</head>
<body>
<header>
<p class="from"><span class="mark">content</span>
<b>{text(review.before)}</b> → <b>{text(review.after)}</b></p>
<h1>{said.rstrip(".").partition(":")[0]}</h1>
{_totals(review)}</header>
<main>
"""
    found = notes(review)
    if found:
        yield '<section class="notes">\n<h2>To look at</h2>\n<ul>\n'
        yield from map(_note, found)
        yield "</ul>\n</section>\n"
    if review.counts:
        yield from _table(review)


def _totals(review: Review) -> str:
    shown = " ".join(
        f'<span class="{kind}"><b>{count:,}</b> {done}</span>'
        for kind, done in DONE.items()
        if (count := review.count(kind))
    )
    return f'<p class="totals">{shown}</p>\n' if shown else ""


def _note(note: Note) -> str:
    inner = "".join(f"<li>{joined(words, _named, text)}</li>\n" for words in note.lines)
    if note.more:
        inner += f"<li>and {note.more:,} more</li>\n"
    below = f"\n<ul>\n{inner}</ul>\n" if inner else ""
    return f'<li class="{"grave" if note.grave else "plain"}">{text(note.text)}{below}</li>\n'


def _table(review: Review) -> Iterator[str]:
    yield (
        '<nav aria-label="Models">\n<table>\n<thead><tr><th scope="col">Dump</th>'
        '<th scope="col">Model</th><th scope="col">Created</th><th scope="col">Updated</th>'
        '<th scope="col">Deleted</th></tr></thead>\n<tbody>\n'
    )
    for number, (dump, model, kinds) in enumerate(rows(review), 1):
        cells = "".join(
            f'<td class="{kind}">{kinds[kind]:,}</td>' if kinds.get(kind) else "<td></td>"
            for kind in DONE
        )
        link = f'<a href="#m{number}">{text(model)}</a>'
        yield f'<tr><td>{text(dump)}</td><th scope="row">{link}</th>{cells}</tr>\n'
    yield "</tbody>\n</table>\n</nav>\n"


def _section(review: Review, place: tuple[str, str], number: int) -> str:
    dump, model = place
    counts = count_line(review.counts.get(place, {}))
    return (
        f'<section class="model" id="m{number}">\n'
        f"<h2>{text(model)} <small>{text(dump_label(dump))} · {counts}</small></h2>\n"
    )


def _record(
    review: Review, entry: TitledChange, extent: Extent, picture: Picture | None
) -> Iterator[str]:
    change = entry.change
    many = review.counts.get(place_of(entry), {}).get("create", 0) > _OPEN
    opened = "" if change.kind == "create" and many else " open"
    yield f'<details class="record {change.kind}"{opened}>\n<summary>'
    yield f'<span class="kind">{DONE[change.kind]}</span> {_named(Named(change.key, entry.title))}'
    yield "</summary>\n"
    for words, records in reach_lines(review, change.key):
        yield f'<p class="reach">{words} {joined(records, _named, text)}</p>\n'
    fields = "".join(_fields(review, entry, extent, picture))
    yield f"<dl>\n{fields}</dl>\n" if fields else '<p class="reach">without content</p>\n'
    yield "</details>\n"


def _fields(
    review: Review, entry: TitledChange, extent: Extent, picture: Picture | None
) -> Iterator[str]:
    pictured = review.files.get(entry.change.key.model, frozenset())
    for view in field_views(entry.change, entry.references, extent):
        shown = _shown(view)
        if picture and view.name in pictured:
            shown += _pictures(entry.change, view.name, picture)
        yield f"<div><dt>{text(view.name)}</dt><dd>{shown}</dd></div>\n"


def _shown(view: FieldView) -> str:
    if view.form == "passages":
        return "".join(f'<p class="passage">{_marked(line)}</p>' for line in view.lines)
    if view.form == "replaced":
        before, after = view.lines[0]
        return f'{_marked((before,))} <span class="to">→</span> {_marked((after,))}'
    if view.form == "members":
        return " ".join(_marked((piece,)) for piece in view.lines[0])
    return f'<span class="value">{_marked(view.lines[0])}</span>'


def _marked(line: Line) -> str:
    """The pieces with their marks; a line end is a sign and, as there is room, a line end."""
    marked = "".join(f"{_MARKS[kind][0]}{text(piece)}{_MARKS[kind][1]}" for kind, piece in line)
    return marked.replace("⏎", '<span class="end">⏎</span>\n')


def _pictures(change: Change, name: str, picture: Picture) -> str:
    """The pictures in a file field, before and after."""
    shown = []
    for side, record in (("before", change.before), ("after", change.after)):
        file = record.fields.get(name) if record else None
        uri = picture(file) if file else ""
        if uri:
            called = file.name if type(file) is CarriedFile else file
            alt = text(f"{name} {side}: {called}")
            shown.append(
                f'<figure class="{side}"><img src="{markup.escape(uri)}" alt="{alt}">'
                f"<figcaption>{side}</figcaption></figure>"
            )
    return f'<div class="pictures">{"".join(shown)}</div>' if shown else ""


def _named(named: Named) -> str:
    key = f"<code>{text(str(named.key))}</code>"
    return f'<b class="title">{text(named.title)}</b> {key}' if named.title else key
