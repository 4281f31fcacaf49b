"""A review in words: the verdict, and what a reviewer must look at; the same for every format.

A piece of a line is either words or a :class:`~contentgit.review.Named` record. Each format has to escape
both: records are content, and words hold names of migrations, models and dumps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from contentgit.render.plain import plural, safe
from contentgit.render.schema import every_line, schema_data
from contentgit.render.text import DONE, count_line
from contentgit.render.values import dump_label
from contentgit.review import CountedRecords, Named, Review

if TYPE_CHECKING:
    from contentgit.content.evolution import SchemaChange
    from contentgit.content.records import RecordKey
    from contentgit.content.titles import TitledChange

Words: TypeAlias = tuple[str | Named, ...]

_SHOWN = 10  # lines under a note
_SCHEMA_LINES = 50
_REACHES: Final = {
    "taken": "takes with it",
    "cleared": "is no longer referred to by",
    "dangling": "is still referred to by",
}

# Of one record and of several.
_DANGLING: Final = (
    "still refers to a deleted record and would dangle",
    "still refer to a deleted record and would dangle",
)
_CLEARED: Final = (
    "stays and loses its reference to a deleted record",
    "stay and lose their reference to a deleted record",
)


@dataclass(frozen=True)
class Note:
    """Something to look at. ``grave`` is whether the change is likely to be wrong; ``more`` counts the
    lines that are not given.
    """

    kind: str
    text: str
    grave: bool = False
    lines: tuple[Words, ...] = ()
    more: int = 0


def verdict(review: Review) -> str:
    """The whole change in one sentence."""
    if not review.records:
        return "The schema changes, and no content." if review.schema else "Nothing changes."
    kinds = {kind: review.count(kind) for kind in DONE}
    verb = "changes" if review.records == 1 else "change"
    models = plural(len({model for _, model in review.counts}), "model")
    return f"{plural(review.records, 'record')} {verb} in {models}: {count_line(kinds)}."


def notes(review: Review) -> list[Note]:
    """What a reviewer must look at, the gravest first."""
    found = [
        *map(_schema, review.schema),
        _reached(review, "dangling", _DANGLING, grave=True),
        _moved(review),
        _deleted(review),
    ]
    if review.kept:
        does = "leaves a dump and stays" if review.kept == 1 else "leave a dump and stay"
        found.append(Note("kept", f"{plural(review.kept, 'record')} {does} in another one."))
    found.append(_reached(review, "cleared", _CLEARED))
    if review.unread:
        unread = plural(review.unread, "record")
        found.append(
            Note("unread", f"{unread} more were not checked for references to deleted records.")
        )
    return [note for note in found if note is not None]


def _schema(change: SchemaChange) -> Note:
    """What migrations did to the schema of a dump; its values are compared as the newer schema has them."""
    lines = [*every_line(change)]
    text = f"The schema of {dump_label(change.dump)} changes."
    if change.words:
        text += f" {change.words[0].upper()}{change.words[1:]}."
    shown: tuple[Words, ...] = tuple((line,) for line in lines[:_SCHEMA_LINES])
    return Note("schema", text, bool(change.lost), shown, max(0, len(lines) - _SCHEMA_LINES))


def _deleted(review: Review) -> Note | None:
    count, taken = review.count("delete") - review.kept, review.totals.get("taken", 0)
    if not count:
        return None
    text = f"{plural(count, 'record')} {'is' if count == 1 else 'are'} deleted"
    if taken:
        text += f"; {taken:,} of them require another deleted record"
    return Note("delete", f"{text}.", False, *_reaching(review, "taken"))


def _reached(
    review: Review, how: str, words: tuple[str, str], *, grave: bool = False
) -> Note | None:
    count = review.totals.get(how, 0)
    if not count:
        return None
    text = f"{plural(count, 'record')} {words[0] if count == 1 else words[1]}."
    return Note(how, text, grave, *_reaching(review, how))


def _reaching(review: Review, how: str) -> tuple[tuple[Words, ...], int]:
    """The lines of a note about deletes that reach others, and how many more there are."""
    reaches = [reach for reach in review.reaches.values() if getattr(reach, how).count]
    lines = tuple(
        (reach.deleted, f" {_REACHES[how]} ", *_listed(getattr(reach, how)))
        for reach in reaches[:_SHOWN]
    )
    return lines, max(0, len(reaches) - _SHOWN)


def _moved(review: Review) -> Note | None:
    count = len(review.moved)
    if not count:
        return None
    gets = "seems to get another key" if count == 1 else "seem to get other keys"
    text = f"{plural(count, 'record')} {gets}; references to the old key are not updated."
    lines: tuple[Words, ...] = tuple((old, " → ", new) for old, new in review.moved[:_SHOWN])
    return Note("key", text, True, lines, max(0, count - _SHOWN))


def reach_lines(review: Review, key: RecordKey) -> Iterator[tuple[str, Words]]:
    """What the delete of a record reaches, for that record's own place: words and records."""
    reach = review.reaches.get(key)
    for how, words in _REACHES.items():
        group: CountedRecords = getattr(reach, how) if reach else CountedRecords()
        if group.count:
            yield words, _listed(group)


def _listed(group: CountedRecords) -> Words:
    words: list[str | Named] = []
    for place, named in enumerate(group.shown):
        words += [", ", named] if place else [named]
    if group.count > len(group.shown):
        words.append(f" and {group.count - len(group.shown):,} more")
    return tuple(words)


def label(named: Named) -> str:
    """``Summer bread (pages.page:42)``."""
    return safe(f"{named.title} ({named.key})" if named.title else str(named.key))


def joined(
    words: Iterable[str | Named],
    named: Callable[[Named], str] = label,
    escaped: Callable[[str], str] = safe,
) -> str:
    """Words as ``escaped`` gives them and records as ``named`` does; by default safe to print."""
    return "".join(escaped(word) if isinstance(word, str) else named(word) for word in words)


def place_of(entry: TitledChange) -> tuple[str, str]:
    """The dump and the model of a change: its section of a report."""
    return entry.dump, entry.change.key.model


def lines(review: Review) -> Iterator[str]:
    """Verdict, notes and the table by model, as plain text."""
    yield verdict(review)
    for note in notes(review):
        yield f"{'!' if note.grave else '*'} {safe(note.text)}"
        yield from (f"    {joined(line)}" for line in note.lines)
        if note.more:
            yield f"    and {note.more:,} more"
    yield ""


def data(review: Review) -> dict[str, Any]:
    """Verdict, table and notes as JSON values."""
    return {
        "verdict": verdict(review),
        "schema": schema_data(review.schema),
        "models": [
            {"dump": dump, "model": model, **{kind: kinds.get(kind, 0) for kind in DONE}}
            for (dump, model), kinds in review.counts.items()
        ],
        "notes": [
            {
                "kind": note.kind,
                "text": note.text,
                "grave": note.grave,
                "records": [
                    [str(word.key) for word in words if isinstance(word, Named)]
                    for words in note.lines
                ],
                "more": note.more,
            }
            for note in notes(review)
        ],
    }


def rows(review: Review) -> Iterator[tuple[str, str, Mapping[str, int]]]:
    """The table: a dump as it is named in a call, a model, and its counts."""
    for (dump, model), kinds in review.counts.items():
        yield safe(dump_label(dump)), safe(model), kinds
