"""Django's conditions and expressions as values, as far as these can represent them; no query is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Final, NamedTuple

from django.core.exceptions import EmptyResultSet, FieldError, FullResultSet
from django.db.models import CheckConstraint, Model
from django.db.models.expressions import Col, F, OrderBy, Value
from django.db.models.functions import Coalesce, Lower, LTrim, RTrim, Trim, Upper
from django.db.models.lookups import Lookup
from django.db.models.sql.query import Query
from django.db.models.sql.where import WhereNode

from contentgit.content.conditions import (
    Comparison,
    Condition,
    Constant,
    Every,
    How,
    Negated,
    Other,
    Some,
    Unknown,
    bounded,
    fields_of,
)
from contentgit.content.schema import CheckRule, FieldKind, Function, UniquePart
from contentgit.db.fields.plain import AnyField
from contentgit.db.identity.paths import points_at_key
from contentgit.db.tables import BoundField
from contentgit.errors import RecordError

KEY: Final = "$key"

_FUNCTIONS: Final[Mapping[type[Any], Function]] = {
    Lower: Function.LOWER,
    Upper: Function.UPPER,
    Trim: Function.TRIM,
    LTrim: Function.LTRIM,
    RTrim: Function.RTRIM,
}
_NUMBERS: Final = frozenset({FieldKind.INTEGER, FieldKind.FLOAT, FieldKind.DECIMAL})
_MOMENTS: Final = frozenset({FieldKind.DATE, FieldKind.TIME, FieldKind.DATETIME})
_ORDERED: Final = _NUMBERS | _MOMENTS | {FieldKind.DURATION}
_EQUAL: Final = _ORDERED | {FieldKind.TEXT, FieldKind.FILE, FieldKind.BOOLEAN, FieldKind.UUID}
_LARGEST_INTEGER: Final = 2**63


def named(model: Any, expression: Any) -> Iterator[str]:
    """The fields that an expression is made of."""
    if isinstance(expression, str):
        yield expression
    else:
        yield from (reference[0] for reference in model._get_expr_references(expression))


def written(model: type[Model], name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The fields that are written: of a generated one those that it is made of."""
    if name == "pk":
        yield from (each.name for each in model._meta.pk_fields)
        return
    each: Any = model._meta.get_field(name)
    if not getattr(each, "generated", False):
        yield name
    elif name not in seen:
        for one in named(model, each.expression):
            yield from written(model, one, seen | {name})


@dataclass(frozen=True)
class Describer:
    """Describes the constraints of one model in terms of its content.

    ``managed`` maps each model field that is content or key to its content field, ``bound`` has the
    content fields with columns of their own, by name.
    """

    model: type[Model]
    managed: Mapping[str, str]
    bound: Mapping[str, BoundField] = field(default_factory=dict)

    def checks(self) -> tuple[CheckRule, ...]:
        """The check constraints that name content, by name."""
        found = {}
        for each in self.model._meta.constraints:
            if isinstance(each, CheckConstraint):
                condition = self.condition(each.condition)
                fields = tuple(name for name in fields_of(condition) if name != KEY)
                if fields:
                    found[str(each.name)] = CheckRule(str(each.name), fields, condition)
        return tuple(found[name] for name in sorted(found))

    def condition(self, condition: Any) -> Condition:
        """The condition as Django would put it into SQL, NULLs included."""
        try:
            where = Query(self.model, alias_cols=False).build_where(condition)
        except (FieldError, EmptyResultSet, FullResultSet, TypeError, ValueError):
            return self._unknown(condition)
        return bounded(self._where(where))

    def part(self, expression: Any) -> UniquePart | None:
        """What a unique constraint compares; ``None`` if only the database knows."""
        if isinstance(expression, OrderBy):
            return self.part(expression.expression)
        if isinstance(expression, (str, F)):
            return self._field_part(expression if isinstance(expression, str) else expression.name)
        function = _FUNCTIONS.get(type(expression))
        sources = list(getattr(expression, "source_expressions", ()))
        if function and len(sources) == 1:
            return _applied(self.part(sources[0]), (function, None))
        if type(expression) is Coalesce and len(sources) == 2 and isinstance(sources[1], Value):
            constant = _plain(sources[1].value)
            return _applied(self.part(sources[0]), (Function.COALESCE, constant))
        return None

    def _field_part(self, name: str) -> UniquePart | None:
        if name == "pk":
            return None
        each: Any = self.model._meta.get_field(name)
        if getattr(each, "generated", False):
            return self.part(each.expression)
        content = self.managed.get(name)
        # A generic reference is two columns, and a key may be several.
        alone = list(self.managed.values()).count(content or "") == 1
        return UniquePart(content) if content and alone else None

    def _unknown(self, expression: Any) -> Unknown:
        """An expression by the fields that are content in it."""
        names: list[str] = []
        flatten = getattr(expression, "flatten", None)
        for each in flatten() if flatten else ():
            if isinstance(each, Col):
                names.append(each.target.name)
            elif isinstance(each, F):
                names.append(each.name)
        names = names or list(named(self.model, expression))
        written_ones = [name for each in names for name in written(self.model, each)]
        found = [self.managed[name] for name in written_ones if name in self.managed]
        return Unknown(tuple(dict.fromkeys(found)))

    def _where(self, node: Any) -> Condition:
        if not isinstance(node, WhereNode):
            return self._lookup(node)
        parts = tuple(self._where(each) for each in node.children)
        found: Condition
        if node.connector == "XOR" and len(parts) > 1:
            found = Unknown(tuple(dict.fromkeys(n for each in parts for n in fields_of(each))))
        elif len(parts) == 1:
            found = parts[0]
        else:
            found = Some(parts) if node.connector == "OR" else Every(parts)
        return Negated(found) if node.negated else found

    def _lookup(self, lookup: Any) -> Condition:
        if not isinstance(lookup, Lookup):
            return self._unknown(lookup)
        how = next((each for each in How if each.value == lookup.lookup_name), None)
        left = self._column(lookup.lhs)
        right = self._right(how, left, lookup.rhs) if how and left else None
        if how is None or left is None or right is None:
            return self._unknown(lookup)
        return Comparison(left.name, how, right)

    def _column(self, expression: Any) -> _ConditionColumn | None:
        """A content field or the key, without functions."""
        if not isinstance(expression, Col) or getattr(expression.target, "generated", False):
            return None
        target = expression.target
        part = self._field_part(target.name)
        if part is None:
            return None
        bound = self.bound.get(part.field)
        return _ConditionColumn(part.field, bound, target) if bound or part.field == KEY else None

    def _right(
        self, how: How, left: _ConditionColumn, right: Any
    ) -> Constant | Other | tuple[Constant, ...] | None:
        if how is How.ISNULL:
            return right if isinstance(right, bool) else None
        kinds = _EQUAL if how in (How.EXACT, How.IN) else _ORDERED
        if isinstance(right, Col):
            other = self._column(right)
            comparable = other and _are_comparable(left, other, kinds)
            return Other(other.name) if other and comparable else None
        if left.kind not in kinds:
            return None
        if how not in (How.IN, How.RANGE):
            return left.constant(right)
        try:
            listed = [left.constant(each) for each in right]
        except TypeError:  # a query
            return None
        found = tuple(each for each in listed if each is not None)
        return found if found and len(found) == len(listed) else None


class _ConditionColumn(NamedTuple):
    """A content field with a column, or the key."""

    name: str
    bound: BoundField | None
    target: AnyField

    @property
    def kind(self) -> FieldKind | None:
        return self.bound.schema.kind if self.bound else None

    @property
    def refers_to(self) -> tuple[str, bool]:
        """The model whose row it names, and whether by that row's key."""
        if self.bound is None:
            return (self.target.model._meta.label_lower, True)
        return (self.bound.schema.target, points_at_key(self.target))

    def constant(self, value: Any) -> Constant | None:
        """The constant as content of the field; ``None`` if it has no plain form."""
        value = value.value if isinstance(value, Enum) else value
        if self.kind in _NUMBERS or self.bound is None:
            return _plain(value)
        try:
            return _plain(self.bound.encode(value))
        except (RecordError, TypeError, ValueError, AttributeError):
            return None


def _are_comparable(
    left: _ConditionColumn, right: _ConditionColumn, kinds: frozenset[FieldKind]
) -> bool:
    if left.kind in _NUMBERS and right.kind in _NUMBERS:
        return True
    references = [each.bound is None or each.kind is FieldKind.REFERENCE for each in (left, right)]
    if any(references):
        equality = kinds is _EQUAL
        return equality and all(references) and left.refers_to == right.refers_to
    return left.kind is right.kind and left.kind in kinds


def _applied(
    part: UniquePart | None, function: tuple[Function, Constant | None]
) -> UniquePart | None:
    if part is None or (function[0] is Function.COALESCE and function[1] is None):
        return None
    return UniquePart(part.field, (*part.functions, function))


def _plain(value: Any) -> Constant | None:
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else None
    if type(value) is int:
        return value if abs(value) < _LARGEST_INTEGER else None
    if type(value) is float:
        return value if abs(value) < float("inf") else None
    return value if type(value) in (str, bool) else None
