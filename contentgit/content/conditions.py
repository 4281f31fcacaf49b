"""Conditions on the fields of one row, as values: what a check demands, which rows must be unique.

They are data. Nothing in them is code or SQL, and what has no plain form here is :class:`Unknown`, with the
fields that it is about. :mod:`contentgit.integrity.rules` evaluates them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

LARGEST: Final = 200
"""The most comparisons of a condition; of a larger one only the fields are known."""

DEEPEST: Final = 30

Constant: TypeAlias = str | int | float | bool


class How(enum.StrEnum):
    """How a field is compared; the words are those of Django's lookups."""

    EXACT = "exact"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    RANGE = "range"
    ISNULL = "isnull"


@dataclass(frozen=True, slots=True)
class Other:
    """The other field of a comparison, in the same row."""

    field: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field`` beside a constant, constants, or another field; constants are content of the field."""

    field: str
    how: How
    right: Constant | Other | tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """This does not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something about these fields that only the database can evaluate."""

    fields: tuple[str, ...] = ()


Condition: TypeAlias = Comparison | Every | Some | Negated | Unknown


def leaves(condition: Condition) -> Iterator[Comparison | Unknown]:
    """The comparisons that a condition is made of, and what is unknown of it."""
    if isinstance(condition, (Every, Some)):
        for each in condition.parts:
            yield from leaves(each)
    elif isinstance(condition, Negated):
        yield from leaves(condition.part)
    else:
        yield condition


def fields_of(condition: Condition) -> tuple[str, ...]:
    """The fields that a condition names, each once."""
    found: dict[str, None] = {}
    for each in leaves(condition):
        if isinstance(each, Unknown):
            found |= dict.fromkeys(each.fields)
            continue
        found[each.field] = None
        if isinstance(each.right, Other):
            found[each.right.field] = None
    return tuple(found)


def is_whole(condition: Condition) -> bool:
    """Whether nothing of it is unknown."""
    return not any(isinstance(each, Unknown) for each in leaves(condition))


def bounded(condition: Condition) -> Condition:
    """The condition; what is too large for ``dataset.json`` only by its fields."""
    count = 0
    for leaf in leaves(condition):
        right = leaf.right if isinstance(leaf, Comparison) else leaf.fields
        count += 1 + (len(right) if isinstance(right, tuple) else 0)
    return condition if count <= LARGEST else Unknown(fields_of(condition))


# In words

_SIGNS: Final = {How.EXACT: "=", How.GT: ">", How.GTE: ">=", How.LT: "<", How.LTE: "<="}


def words(condition: Condition) -> str:
    """The condition for people: ``start < end and place < 100``."""
    if isinstance(condition, Every):
        return " and ".join(_inner(each) for each in condition.parts)
    if isinstance(condition, Some):
        return " or ".join(_inner(each) for each in condition.parts)
    if isinstance(condition, Negated):
        return f"not ({words(condition.part)})"
    if isinstance(condition, Unknown):
        return f"a rule on {', '.join(condition.fields)}"
    right = condition.right
    if condition.how is How.ISNULL:
        return f"{condition.field} is {'' if right else 'not '}null"
    if isinstance(right, tuple):
        shown = ", ".join(map(_shown, right))
        if condition.how is How.IN:
            return f"{condition.field} in ({shown})"
        return f"{condition.field} between {shown.replace(', ', ' and ', 1)}"
    return f"{condition.field} {_SIGNS[condition.how]} {_shown(right)}"


def _inner(condition: Condition) -> str:
    text = words(condition)
    return f"({text})" if isinstance(condition, (Every, Some)) else text


def _shown(right: Constant | Other) -> str:
    if isinstance(right, Other):
        return right.field
    return str(right).lower() if isinstance(right, bool) else repr(right)


# As a document


def condition_document(condition: Condition) -> dict[str, Any]:
    """The condition as JSON values."""
    if isinstance(condition, Every):
        return {"and": [condition_document(each) for each in condition.parts]}
    if isinstance(condition, Some):
        return {"or": [condition_document(each) for each in condition.parts]}
    if isinstance(condition, Negated):
        return {"not": condition_document(condition.part)}
    if isinstance(condition, Unknown):
        return {"unknown": list(condition.fields)}
    right: Any = condition.right
    if isinstance(right, Other):
        right = {"field": right.field}
    return {
        "field": condition.field,
        condition.how.value: list(right) if isinstance(right, tuple) else right,
    }


def parse_condition(document: Any) -> Condition:
    """The condition of a document; parts of a later format that are not understood are :class:`Unknown`."""
    return bounded(_parsed(document, DEEPEST))


def _parsed(document: Any, depth: int) -> Condition:
    if not isinstance(document, dict) or not depth:
        return Unknown()
    if document.keys() == {"not"}:
        return Negated(_parsed(document["not"], depth - 1))
    for name, cls in (("and", Every), ("or", Some)):
        parts = document.get(name)
        if document.keys() == {name} and isinstance(parts, list):
            return cls(tuple(_parsed(each, depth - 1) for each in parts))
    if document.keys() == {"unknown"} and isinstance(document["unknown"], list):
        return Unknown(tuple(each for each in document["unknown"] if isinstance(each, str)))
    return _comparison(document)


def _comparison(document: dict[str, Any]) -> Condition:
    field = document.get("field")
    how = next((each for each in How if document.keys() == {"field", each.value}), None)
    if not isinstance(field, str):
        return Unknown()
    right = _right(how, document[how.value]) if how else None
    return Unknown((field,)) if how is None or right is None else Comparison(field, how, right)


def _right(how: How, right: Any) -> Constant | Other | tuple[Constant, ...] | None:
    """The right side as a value; ``None`` where it does not fit."""
    if how is How.ISNULL:
        return right if isinstance(right, bool) else None
    if how in (How.IN, How.RANGE):
        whole = isinstance(right, list) and all(isinstance(each, Constant) for each in right)
        return tuple(right) if whole and (how is How.IN or len(right) == 2) else None
    if isinstance(right, dict) and right.keys() == {"field"} and isinstance(right["field"], str):
        return Other(right["field"])
    return right if isinstance(right, Constant) else None
