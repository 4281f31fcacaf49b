"""What must be unique in a table, in terms of its managed fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Model, UniqueConstraint

from contentgit.schema import UniqueSet

KEY = "$key"


def unique_sets(model: type[Model], managed: Mapping[str, str]) -> tuple[UniqueSet, ...]:
    """The unique sets of the model's own table, by name.

    ``managed`` gives the content field for each model field that is content or key. A set that names
    other fields too, a generated one, or a part of a key or of a generic foreign key, is not plain: only
    the database can tell. So are the exclusion constraints of PostgreSQL.
    """
    found = {each.name: each for each in _sets(model, managed)}
    return tuple(found[name] for name in sorted(found))


def unenforced(model: type[Model], features: Any) -> frozenset[str]:
    """The names of unique constraints that a database with these features does not have.

    Django skips them there, with a warning of its system checks.
    """
    unique = [each for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
    return frozenset(str(each.name) for each in unique if not _can_have(features, each))


def _can_have(features: Any, constraint: UniqueConstraint) -> bool:
    asked = (
        (constraint.condition, features.supports_partial_indexes),
        (constraint.deferrable, features.supports_deferrable_unique_constraints),
        (getattr(constraint, "include", ()), features.supports_covering_indexes),
        (constraint.expressions, features.supports_expression_indexes),
        (
            constraint.nulls_distinct is not None,
            features.supports_nulls_distinct_unique_constraints,
        ),
    )
    return all(supported for wanted, supported in asked if wanted)


def _sets(model: type[Model], managed: Mapping[str, str]) -> Iterator[UniqueSet]:
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield from _set(model, field.name, [field.name], managed)
    for names in model._meta.unique_together:
        yield from _set(model, "_".join(names), names, managed)
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from _of_constraint(model, constraint, managed)
        elif hasattr(constraint, "expressions"):  # PostgreSQL's exclusion constraint
            parts = [name for each, _ in constraint.expressions for name in _named(model, each)]
            yield from _set(model, str(constraint.name), parts, managed, plain=False)


def _of_constraint(
    model: type[Model], constraint: UniqueConstraint, managed: Mapping[str, str]
) -> Iterator[UniqueSet]:
    plain = not (
        constraint.condition or constraint.expressions or getattr(constraint, "opclasses", ())
    )
    expressions = constraint.expressions
    names = constraint.fields or tuple(n for each in expressions for n in _named(model, each))
    distinct = constraint.nulls_distinct is not False
    yield from _set(model, constraint.name, names, managed, plain=plain, nulls_distinct=distinct)


def _named(model: Any, expression: Any) -> Iterator[str]:
    """The fields that an expression is made of."""
    if isinstance(expression, str):
        yield expression
        return
    for reference in model._get_expr_references(expression):
        yield reference[0]


def _written(model: type[Model], name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The fields that are written: of a generated one those that it is made of."""
    field: Any = model._meta.get_field(name)
    if not getattr(field, "generated", False):
        yield name
    elif name not in seen:
        for each in _named(model, field.expression):
            yield from _written(model, each, seen | {name})


def _set(
    model: type[Model],
    name: str,
    names: Sequence[str],
    managed: Mapping[str, str],
    *,
    plain: bool = True,
    nulls_distinct: bool = True,
) -> Iterator[UniqueSet]:
    written = list(dict.fromkeys(each for one in names for each in _written(model, one)))
    plain = plain and written == list(dict.fromkeys(names))
    names = written
    fields = tuple(dict.fromkeys(managed[each] for each in names if each in managed))
    whole = all(each in managed for each in names) and all(
        _halves(field, managed) <= set(names) for field in fields
    )
    if fields:
        yield UniqueSet(str(name), fields, plain and whole, nulls_distinct)


def _halves(field: str, managed: Mapping[str, Any]) -> set[str]:
    return {name for name, content in managed.items() if content == field}
