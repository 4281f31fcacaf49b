"""References in JSON that is a text."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from contentgit.references.html import Html
from contentgit.references.paths import JsonPlaces, JsonRules, places_in
from contentgit.references.places import (
    ANY,
    Edit,
    Names,
    References,
    edited,
    edits_between,
    models_in,
)

_TOKEN: Final = re.compile(
    r"[ \t\n\r]*+(?:(?P<mark>[\[\]{},:\"])"
    r"|(?P<integer>-?(?:0|[1-9][0-9]*+))(?P<rest>(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)"
    r"|true|false|null|NaN|-?Infinity)"
)
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)"
)
_READER: Final = json.JSONDecoder()
_DIGITS: Final = 640  # so many Python always reads; no primary key has more
_LITERAL: Final = "0"  # stands for the beginning of a number or a word
_VALUE: Final = f'{{["{_LITERAL}'


class _Number(int):
    """A number, and where it is in the text."""

    start: int
    end: int


class _String(str):
    """A string, and where its characters are in the text, without the quotes."""

    __slots__ = ("end", "start")
    start: int
    end: int


@dataclass
class JsonText:
    """Like :class:`~contentgit.references.Json`, for a text that is JSON.

    Only the characters of primary keys change, and numbers get quotes. Primary keys that are written with
    escapes, or like ``1.0``, are left alone, and so is a text that is not JSON. Where a name is twice in an
    object, the last counts.
    """

    rules: JsonRules | JsonPlaces
    paths: JsonPlaces = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.paths = places_in(self.rules)

    @property
    def models(self) -> frozenset[str]:
        """The labels of models that the rules name."""
        return models_in(self.paths.targets)

    def named(self, value: Any, names: Names) -> Any:
        """The value with what ``names`` gives in place of each primary key, and else unchanged."""
        return edited(value, self.edits(value, names)) if isinstance(value, str) else value

    def edits(self, text: str, names: Names) -> list[Edit]:
        """What changes, in order."""
        found: list[Edit] = []

        def leaf(each: Any, target: str | References) -> Any:
            edits = _edits(text, each, target, names)
            found.extend(edits)
            return None if edits else each

        for value in _values(text):
            self.paths.mapped(value, leaf)
        return sorted(found)


def _edits(text: str, value: Any, target: str | References, names: Names) -> list[Edit]:
    """What changes where a value is in the text."""
    if isinstance(value, _Number) and isinstance(target, str) and target != ANY:
        mark = names.number(target, int(value))
        return [Edit(value.start, value.end, json.dumps(mark))] if isinstance(mark, str) else []
    if not isinstance(value, _String):
        return []
    string, literal = str(value), text[value.start : value.end]
    if isinstance(target, str):
        edits = edits_between(string, 0, len(string), target, names)
    elif isinstance(target, (Html, JsonText)):
        edits = target.edits(string, names)
    else:  # a project's own references, which give the whole string
        new = target.named(string, names)
        written = json.dumps(new, ensure_ascii=literal.isascii())[1:-1]
        return [Edit(value.start, value.end, written)] if new != string else []
    return [*_in_literal(edits, string, literal, value.start)] if edits else []


def _in_literal(edits: Iterable[Edit], string: str, literal: str, start: int) -> Iterator[Edit]:
    """Edits of a string as those of the text in which its literal begins at ``start``."""
    # Where escapes end in the string, and how much longer the literal is from there on.
    ends, longer = list[int](), [0]
    for escape in _ESCAPE.finditer(literal):
        ends.append(escape.start() - longer[-1] + 1)
        longer.append(escape.end() - ends[-1])
    for edit in edits:
        first, last = (at + longer[bisect_right(ends, at)] for at in edit[:2])
        # How it was escaped could not be known again.
        if literal[first:last] == string[edit.start : edit.end]:
            yield Edit(start + first, start + last, json.dumps(edit.new)[1:-1])


def _values(text: str) -> list[Any]:
    """The value in the text as the only one; none if it is not JSON.

    Words, and numbers that are no primary keys, are None. There is no recursion, since JSON may be deep.
    """
    holder: Any = []
    holders: list[Any] = [holder]
    expected, name, at = _VALUE, "", 0
    while token := _TOKEN.match(text, at):
        mark, at = token[1] or _LITERAL, token.end()
        if mark not in expected:
            return []
        if mark in ",:":
            expected = _VALUE if mark == ":" or isinstance(holder, list) else '"'
            continue
        if mark in "]}":
            holders.pop()
        else:
            value = _value(text, token)
            if mark == '"':
                if value is None:
                    return []
                at = value.end + 1
            if _LITERAL not in expected:
                name, expected = str(value), ":"
                continue
            if isinstance(holder, dict):
                holder[name] = value
            else:
                holder.append(value)
            if mark in "[{":
                holders.append(value)
        holder = holders[-1]
        if mark in "[{":
            expected = f"{_VALUE}]" if mark == "[" else '"}'
        else:
            expected = ",}" if isinstance(holder, dict) else ",]" if len(holders) > 1 else ""
    is_whole = not expected and not text[at:].strip(" \t\n\r")
    return holders[0] if is_whole else []


def _value(text: str, token: re.Match[str]) -> Any:
    """The value that begins with a token; None for a string without an end, too."""
    mark, digits = token["mark"], token["integer"]
    if mark == '"':
        try:
            decoded, end = _READER.raw_decode(text, token.start("mark"))
        except ValueError:
            return None
        string = _String(decoded)
        string.start, string.end = token.end(), end - 1
        return string
    if mark:
        return [] if mark == "[" else {}
    if not digits or token["rest"] or digits == "-0" or len(digits) > _DIGITS:
        return None
    number = _Number(digits)
    number.start, number.end = token.span("integer")
    return number
