"""Which constraints a record breaks, as far as that can be computed without the database.

SQL has three truth values, and databases compare texts by collations and decimals as floats. So a condition
gives the *set* of what a database can find: a rule is certainly broken where that is false alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from itertools import chain, product
from typing import Final, TypeAlias

from contentgit.content.conditions import (
    Comparison,
    Condition,
    Every,
    How,
    Negated,
    Other,
    Some,
    Unknown,
    is_whole,
    words,
)
from contentgit.content.diff import ABSENT
from contentgit.content.records import JSON_NULL, CarriedFile, Record, Value
from contentgit.content.schema import (
    CheckRule,
    FieldKind,
    Function,
    ModelSchema,
    UniquePart,
    UniqueSet,
)
from contentgit.integrity.relations import PARENT, Claim, claims, hashable

Truth: TypeAlias = frozenset[bool | None]
"""The truth values that a database may find; ``None`` is SQL's NULL."""

TRUE: Final[Truth] = frozenset({True})
FALSE: Final[Truth] = frozenset({False})
NULL: Final[Truth] = frozenset({None})
DOUBT: Final[Truth] = frozenset({True, False})
ANY: Final[Truth] = frozenset({True, False, None})

_DURATION = re.compile(r"(-?)P(\d+)DT(\d\d)H(\d\d)M(\d\d)\.(\d{6})S")
_TEXTS = frozenset({FieldKind.TEXT, FieldKind.FILE})
_NUMBERS = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.FLOAT})
_MOMENTS = frozenset({FieldKind.DATE, FieldKind.TIME, FieldKind.DATETIME})


# Check constraints


def broken(record: Record, model: ModelSchema) -> Iterator[tuple[CheckRule, bool]]:
    """The check constraints that the record breaks, each with whether that is certain.

    One that cannot be computed as a whole is left out, unless it is broken whatever the rest gives.
    """
    for rule in model.checks:
        found = holds(rule.condition, record, model)
        if found == FALSE:
            yield rule, True
        elif False in found and is_whole(rule.condition):
            yield rule, False


def holds(condition: Condition, record: Record, model: ModelSchema) -> Truth:
    """What a database can find the condition to be."""
    if isinstance(condition, Every):
        return _folded(_and, True, (holds(part, record, model) for part in condition.parts))
    if isinstance(condition, Some):
        return _folded(_or, False, (holds(part, record, model) for part in condition.parts))
    if isinstance(condition, Negated):
        found = holds(condition.part, record, model)
        return frozenset(None if truth is None else not truth for truth in found)
    if isinstance(condition, Unknown):
        return ANY
    return _compared(condition, record, model)


def _folded(
    join: Callable[[bool | None, bool | None], bool | None], start: bool, parts: Iterable[Truth]
) -> Truth:
    found: Truth = frozenset({start})
    for part in parts:
        found = frozenset(join(a, b) for a, b in product(found, part))
    return found


def _and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    return True if a or b else None if a is None or b is None else False


def _compared(one: Comparison, record: Record, model: ModelSchema) -> Truth:
    left = _operand(one.field, record)
    if left is ABSENT:
        return ANY
    if one.how is How.ISNULL:
        return _is_null(left, one, model)
    right = one.right
    if isinstance(right, Other):
        value = _operand(right.field, record)
        if value is ABSENT:
            return ANY
        pairs = [(value, _kind(right.field, model))]
    else:
        listed = right if isinstance(right, tuple) else (right,)
        pairs = [(value, _kind(one.field, model)) for value in listed]
    kind = _kind(one.field, model)
    if one.how is How.IN:
        return _folded(_or, False, (_pair(How.EXACT, left, kind, *pair) for pair in pairs))
    if one.how is How.RANGE:
        ends = zip((How.GTE, How.LTE), pairs, strict=True)
        return _folded(_and, True, (_pair(how, left, kind, *pair) for how, pair in ends))
    return _pair(one.how, left, kind, *pairs[0])


def _operand(name: str, record: Record) -> Value:
    """A field's value as its column has it: the name of a file, the key for the row of a parent."""
    value = str(record.key) if name == PARENT else record.fields.get(name, ABSENT)
    return value.name if type(value) is CarriedFile else value


def _kind(name: str, model: ModelSchema) -> FieldKind | None:
    if name == PARENT:
        return FieldKind.REFERENCE
    field = model.by_name.get(name)
    return field.kind if field else None


def _is_null(value: Value, one: Comparison, model: ModelSchema) -> Truth:
    if one.field == PARENT:
        return _said(one.right is False)
    if _kind(one.field, model) is FieldKind.GENERIC and value is not None:
        return ANY  # one of two columns
    return _said((value is None) == one.right)


def _said(truth: bool) -> Truth:
    return TRUE if truth else FALSE


def _pair(
    how: How, left: Value, left_kind: FieldKind | None, right: Value, right_kind: FieldKind | None
) -> Truth:
    if left is None or right is None:
        return NULL
    if left_kind in _NUMBERS and right_kind in _NUMBERS:
        return _numbers(how, left, right, floats=FieldKind.FLOAT in (left_kind, right_kind))
    if left_kind is not right_kind:
        return ANY
    if left_kind in _TEXTS:
        return _texts(how, left, right)
    if left_kind in _MOMENTS and isinstance(left, str) and isinstance(right, str):
        one_form = left.endswith("Z") == right.endswith("Z") and len(left) == len(right)
        return _ordered(how, left, right) if one_form else ANY
    if left_kind is FieldKind.DURATION:
        first, second = _microseconds(left), _microseconds(right)
        return ANY if first is None or second is None else _ordered(how, first, second)
    if left_kind in (FieldKind.BOOLEAN, FieldKind.UUID, FieldKind.REFERENCE):
        fits = type(left) is type(right) and how is How.EXACT
        return _said(left == right) if fits else ANY
    return ANY


def _ordered(how: How, left: Value, right: Value) -> Truth:
    ways = {
        How.EXACT: left == right,
        How.GT: left > right,
        How.GTE: left >= right,
        How.LT: left < right,
        How.LTE: left <= right,
    }
    return _said(ways[how])


def _numbers(how: How, left: Value, right: Value, *, floats: bool) -> Truth:
    try:
        first, second = _number(left), _number(right)
    except (InvalidOperation, ValueError, TypeError):
        return ANY
    if not (first.is_finite() and second.is_finite()):
        return ANY
    exact = isinstance(left, int) and isinstance(right, int)
    exact = exact or (isinstance(left, float) and isinstance(right, float))
    # SQLite keeps decimals as floats, and beside a float all databases compare floats.
    near = first != second and math.isclose(first, second, rel_tol=1e-9 if floats else 1e-14)
    return DOUBT if near and not exact else _ordered(how, first, second)


def _number(value: Value) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(value)
    return Decimal(value)


def _texts(how: How, left: Value, right: Value) -> Truth:
    """Equal texts are equal everywhere; what else a collation finds equal is known for ASCII only."""
    if not isinstance(left, str) or not isinstance(right, str):
        return ANY
    if left == right:
        return _said(how in (How.EXACT, How.GTE, How.LTE))
    if how is not How.EXACT:
        return DOUBT
    known = all(text.isascii() and text.isprintable() for text in (left, right))
    apart = left.rstrip(" ").lower() != right.rstrip(" ").lower()
    return FALSE if known and apart else DOUBT


def _microseconds(value: Value) -> int | None:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    days, hours, minutes, seconds, rest = map(int, found.groups()[1:])
    total = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000 + rest
    return -total if found[1] else total


# Unique constraints


def wanted(
    record: Record, model: ModelSchema, sets: Iterable[UniqueSet] | None = None
) -> Iterator[Claim]:
    """The unique values that the record wants for certain, those with functions and conditions too.

    ``sets`` are those of the model's unique sets that count; by default all.
    """
    unique_sets = model.unique if sets is None else tuple(sets)
    plain = claims(record, unique_sets)
    return chain(plain, _computed(record, model, unique_sets)) if model.computes else plain


def _computed(record: Record, model: ModelSchema, sets: Iterable[UniqueSet]) -> Iterator[Claim]:
    for unique in sets:
        if unique.parts and _binds(unique, record, model) == TRUE:
            values = compared(record, unique)
            if values is not None:
                yield (record.key.model, unique.name, values)


def compared(record: Record, unique: UniqueSet) -> tuple[Value, ...] | None:
    """The values that a set with ``parts`` compares: equal only where every database finds them equal.

    ``None`` where they collide with nothing or cannot be computed.
    """
    return _values(unique, record, surely)


def said(rule: CheckRule, record: Record) -> str:
    """A check constraint that the record breaks: its name, what it demands, and the record's values."""
    there = [name for name in rule.fields if name in record.fields]
    values = ", ".join(f"{name}={_operand(name, record)!r:.60}" for name in there)
    return f"the check constraint {rule.name}, {words(rule.condition)}: {values}"


def digest(values: object) -> bytes:
    """Sixteen bytes that identify values of any length."""
    # Not hash(): there -1 is -2 and 1 is True, and two of a million may collide.
    return blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def doubtful(
    record: Record, model: ModelSchema, *, whole: bool = False, parts: bool = False
) -> Iterator[Claim]:
    """What the record wants of the sets that are not plain: equal where a database may find it equal.

    All records want the same of a set that only the database knows. ``parts`` leaves out such sets, ``whole``
    also those whose condition only the database knows.
    """
    for unique in model.unique:
        if unique.plain or not unique.fields or True not in _binds(unique, record, model):
            continue
        if (parts or whole) and not unique.parts:
            continue
        if whole and unique.condition is not None and not is_whole(unique.condition):
            continue
        values = _values(unique, record, perhaps) if unique.parts else ()
        if values is not None:
            yield (record.key.model, unique.name, values)


def _binds(unique: UniqueSet, record: Record, model: ModelSchema) -> Truth:
    """Whether the constraint applies to the record."""
    return TRUE if unique.condition is None else holds(unique.condition, record, model)


def _values(
    unique: UniqueSet, record: Record, form: Callable[[str, Function], str]
) -> tuple[Value, ...] | None:
    """The values that are compared; ``None`` where they collide with nothing or cannot be computed."""
    found = tuple(_part(part, record, form) for part in unique.parts)
    if ABSENT in found or (unique.nulls_distinct and None in found):
        return None
    return found


def _part(part: UniquePart, record: Record, form: Callable[[str, Function], str]) -> Value:
    value = record.key.key if part.field == PARENT else _operand(part.field, record)
    if value is JSON_NULL:
        return ABSENT
    for function, constant in part.functions:
        if function is Function.COALESCE:
            value = constant if value is None else value
        elif isinstance(value, str):
            value = form(value, function)
        elif value is not None:
            return ABSENT
    return hashable(value)


def surely(text: str, function: Function) -> str:
    """The text after the function: equal only where every database finds it equal.

    SQLite knows the case of ASCII alone.
    """
    if function is Function.LOWER:
        return "".join(char.lower() if char.isascii() else char for char in text)
    if function is Function.UPPER:
        return "".join(char.upper() if char.isascii() else char for char in text)
    return _stripped(text, function)


def perhaps(text: str, function: Function) -> str:
    """The text after the function: equal wherever a database may find it equal."""
    if function in (Function.LOWER, Function.UPPER):
        return text.casefold()
    return _stripped(text, function)


def _stripped(text: str, function: Function) -> str:
    if function is Function.TRIM:
        return text.strip(" ")
    return text.lstrip(" ") if function is Function.LTRIM else text.rstrip(" ")


def names_of(unique: UniqueSet) -> Sequence[str]:
    """What a set compares, as Django writes it: ``lower(name)``."""
    if not unique.parts:
        return unique.fields
    found = []
    for part in unique.parts:
        name = part.field
        for function, _ in part.functions:
            name = f"{function.value}({name})"
        found.append(name)
    return found
