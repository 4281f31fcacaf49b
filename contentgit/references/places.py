"""What places in all kinds of values have in common: names, targets, and edits of a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeGuard

ANY: Final = "*"
"""The target of a rule whose place holds the model, too: ``app.model:pk``."""


class Names(Protocol):
    """What stands in content in place of a primary key; that itself where it cannot be one."""

    def text(self, model: str, pk: str) -> str:
        """For a primary key that is a part of a text, or a text of JSON."""

    def number(self, model: str, pk: int) -> int | str:
        """For a primary key that is a number of JSON."""


class References(Protocol):
    """The places of references in the values of a field."""

    def named(self, value: Any, names: Names) -> Any:
        """The value with what ``names`` gives in place of each primary key, and else unchanged."""


@dataclass(frozen=True)
class Generic:
    """The target of a rule whose place is an object of JSON with a model's label and a primary key.

    ``model`` and ``pk`` are the names of these in the object.
    """

    model: str = "model"
    pk: str = "pk"


Target: TypeAlias = str | References | Generic
"""A string is a label, or :data:`ANY`."""


class Edit(NamedTuple):
    """Other characters for those of a text from ``start`` up to ``end``."""

    start: int
    end: int
    new: str


LABEL: Final = re.compile(r"[A-Za-z0-9_]+\.[A-Za-z0-9_]+")
_LABELLED: Final = re.compile(rf"({LABEL.pattern}):")


def is_references(raw: object) -> TypeGuard[References]:
    """Whether a project has given an object, of ours or its own."""
    return not isinstance(raw, type) and callable(getattr(raw, "named", None))


def rules_in(raw: object, hint: str) -> list[tuple[str, Any]]:
    """Places with their targets.

    Raises:
        ValueError: there are none, or ``raw`` is neither a dictionary nor a list of them.
    """
    pairs = [*(raw.items() if isinstance(raw, Mapping) else raw if isinstance(raw, list) else ())]
    if not pairs:
        raise ValueError("must be a dictionary of places, and have one at least", hint)
    for place, _ in pairs:
        if not isinstance(place, str):
            raise ValueError(f"must have strings as places, not {place!r}", hint)
    return pairs


def label_in(target: object, place: str) -> str:
    """The label of a model, or :data:`ANY`.

    Raises:
        ValueError: ``target`` is neither.
    """
    if isinstance(target, str) and (target == ANY or LABEL.fullmatch(target)):
        return target.lower()
    raise ValueError(f"must have a model's label for {place!r}", "write 'app.model'")


def models_in(targets: Iterable[Target]) -> frozenset[str]:
    """The labels among the targets and in them."""
    found: set[str] = set()
    for each in targets:
        found |= {each} - {ANY} if isinstance(each, str) else getattr(each, "models", frozenset())
    return frozenset(found)


def edits_between(text: str, start: int, end: int, target: str, names: Names) -> list[Edit]:
    """What changes in a text that has a primary key there, with its model if that is any."""
    model = target
    if target == ANY:
        labelled = _LABELLED.match(text, start, end)
        if not labelled:
            return []
        model, start = labelled[1].lower(), labelled.end()
    pk = text[start:end]
    if not pk or pk != pk.strip():
        return []
    new = names.text(model, pk)
    return [Edit(start, end, new)] if new != pk else []


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits, which are in order."""
    pieces, at = [], 0
    for start, end, new in edits:
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text
