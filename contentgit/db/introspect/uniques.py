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
    other fields too, or half of a generic foreign key, is not plain: only the database can tell.
    """
    found = {each.name: each for each in _sets(model, managed)}
    return tuple(found[name] for name in sorted(found))


def _sets(model: type[Model], managed: Mapping[str, str]) -> Iterator[UniqueSet]:
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield from _set(field.name, [field.name], managed)
    for names in model._meta.unique_together:
        yield from _set("_".join(names), names, managed)
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from _of_constraint(model, constraint, managed)


def _of_constraint(
    model: type[Model], constraint: UniqueConstraint, managed: Mapping[str, str]
) -> Iterator[UniqueSet]:
    plain = not (
        constraint.condition or constraint.expressions or getattr(constraint, "opclasses", ())
    )
    names = constraint.fields or tuple(_expression_fields(model, constraint))
    distinct = constraint.nulls_distinct is not False
    yield from _set(constraint.name, names, managed, plain=plain, nulls_distinct=distinct)


def _expression_fields(model: type[Model], constraint: UniqueConstraint) -> Iterator[str]:
    for expression in constraint.expressions:
        for reference in model._get_expr_references(expression):  # type: ignore[attr-defined]
            yield reference[0]


def _set(
    name: str,
    names: Sequence[str],
    managed: Mapping[str, str],
    *,
    plain: bool = True,
    nulls_distinct: bool = True,
) -> Iterator[UniqueSet]:
    fields = tuple(dict.fromkeys(managed[each] for each in names if each in managed))
    whole = all(each in managed for each in names) and all(
        _halves(field, managed) <= set(names) for field in fields if field != KEY
    )
    if fields:
        yield UniqueSet(str(name), fields, plain and whole, nulls_distinct)


def _halves(field: str, managed: Mapping[str, Any]) -> set[str]:
    return {name for name, content in managed.items() if content == field}
