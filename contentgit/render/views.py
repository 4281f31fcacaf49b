"""The fields of a change as people see them, for every format: which words went, which came.

The texts in a view are as they may be shown on a terminal; a format with markup has to escape them still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT, Change, FieldChange
from contentgit.content.embedded import titled
from contentgit.content.records import CarriedFile
from contentgit.render.passages import PASSAGE, Line, Piece, passages
from contentgit.render.plain import safe
from contentgit.render.values import WIDTH, file_words, short

if TYPE_CHECKING:
    from contentgit.content.records import Value

Form: TypeAlias = Literal["value", "replaced", "passages", "members"]

PLACES_SHOWN: Final = 12
"""Changed places within a JSON value that are shown one by one; beyond that the values are."""

_LONG: Final = 60
"""Characters of both texts together, beyond which only what differs in them is shown."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many characters of a value, and of a passage of long text, are shown; ``None``: all."""

    value: int | None = WIDTH
    passage: int | None = PASSAGE


TERMINAL: Final = Extent()
WHOLE: Final = Extent(None, None)


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field, or one place within a JSON value.

    A ``value`` has one line with one equal piece; ``replaced`` one with what went and what came;
    ``passages`` a line for each changed sentence; ``members`` one with the references that went and came.
    """

    name: str
    form: Form
    lines: tuple[Line, ...]


def field_views(
    change: Change, references: Mapping[str, str], extent: Extent = TERMINAL
) -> Iterator[FieldView]:
    """The fields of a change with before and after; of a new or deleted record, what it holds."""
    for field in change.fields:
        if change.kind == "update":
            yield from _changed(field, references, extent)
            continue
        value = titled(field.after if change.kind == "create" else field.before, references)
        if value not in ("", None, [], {}):
            line: Line = (("equal", named(value, references, extent.value)),)
            yield FieldView(safe(field.name), "value", (line,))


def _changed(
    field: FieldChange, references: Mapping[str, str], extent: Extent
) -> Iterator[FieldView]:
    before, after = (titled(value, references) for value in (field.before, field.after))
    if isinstance(before, list) and isinstance(after, list) and _are_references(before + after):
        gone, come = set(before) - set(after), set(after) - set(before)
        if [key for key in before if key not in gone] == [key for key in after if key not in come]:
            line: list[Piece] = [
                ("delete", _bare(key, references)) for key in before if key in gone
            ]
            line += [("insert", _bare(key, references)) for key in after if key in come]
            yield FieldView(safe(field.name), "members", (tuple(line),))
        else:
            yield _replaced(field.name, before, after, references, extent)
    elif isinstance(before, str) and isinstance(after, str) and len(before) + len(after) > _LONG:
        lines = tuple(passages(before, after, extent.passage))
        yield FieldView(safe(field.name), "passages", lines)
    elif inner := _inner_changes(before, after):
        for path, old, new in inner:
            yield _replaced(field.name + path, old, new, references, extent)
    else:
        yield _replaced(field.name, before, after, references, extent)


def _replaced(
    name: str, before: Value, after: Value, references: Mapping[str, str], extent: Extent
) -> FieldView:
    old, new = (named(value, references, extent.value) for value in (before, after))
    if type(after) is CarriedFile:
        new = file_words(after, before, extent.value)
    return FieldView(safe(name), "replaced", ((("delete", old), ("insert", new)),))


def _inner_changes(before: Value, after: Value) -> list[tuple[str, Value, Value]]:
    """The places within a JSON value that differ; none if it is not JSON, or of another type."""
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
        isinstance(value, str) and re.match(r"[a-z0-9_]+\.[a-z0-9_]+:", value) for value in values
    )


def named(value: Value, references: Mapping[str, str], width: int | None = WIDTH) -> str:
    """A value on one line; references with the title of what they refer to."""
    if isinstance(value, list) and value and any(_title(key, references) for key in value):
        return ", ".join(_bare(key, references) for key in value)
    title = _title(value, references)
    return f"{safe(value)} ({safe(title)})" if title else short(value, width)


def _bare(value: Value, references: Mapping[str, str]) -> str:
    return named(value, references).strip(chr(34))


def _title(value: Value, references: Mapping[str, str]) -> str:
    return references.get(value, "") if isinstance(value, str) else ""
