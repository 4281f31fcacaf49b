"""What must be unique in a table, in terms of its content fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import CheckConstraint, Model, UniqueConstraint

from contentgit.content.schema import UniquePart, UniqueSet
from contentgit.db.introspect.conditions import Describer, named, written


def unique_sets(describer: Describer) -> tuple[UniqueSet, ...]:
    """The unique sets of the model's own table, by name.

    A set that names other fields than content too, a generated one, or a part of a key or of a generic
    foreign key, is not plain: a database compares something else than values of content. So are the
    exclusion constraints of PostgreSQL.
    """
    found = {each.name: each for each in _sets(describer)}
    return tuple(found[name] for name in sorted(found))


def unenforced(model: type[Model], features: Any) -> frozenset[str]:
    """The names of constraints that a database with these features does not have.

    Django skips them there, with a warning of its system checks.
    """
    constraints = model._meta.constraints
    return frozenset(str(each.name) for each in constraints if not _can_have(features, each))


def _can_have(features: Any, constraint: Any) -> bool:
    if isinstance(constraint, CheckConstraint):
        return bool(features.supports_table_check_constraints)
    if not isinstance(constraint, UniqueConstraint):
        return True
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


def _sets(describer: Describer) -> Iterator[UniqueSet]:
    model = describer.model
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield from _set(describer, field.name, [field.name])
    for names in model._meta.unique_together:
        yield from _set(describer, "_".join(names), names)
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from _set(
                describer,
                constraint.name,
                constraint.fields or constraint.expressions,
                only_database=bool(getattr(constraint, "opclasses", ())),
                nulls_distinct=constraint.nulls_distinct is not False,
                condition=constraint.condition,
            )
        elif hasattr(constraint, "expressions"):  # PostgreSQL's exclusion constraint
            parts = [name for each, _ in constraint.expressions for name in named(model, each)]
            condition = getattr(constraint, "condition", None)
            yield from _set(
                describer, constraint.name, parts, only_database=True, condition=condition
            )


def _set(
    describer: Describer,
    name: str,
    compared: Sequence[Any],
    *,
    only_database: bool = False,
    nulls_distinct: bool = True,
    condition: Any = None,
) -> Iterator[UniqueSet]:
    model, managed = describer.model, describer.managed
    named_ones = [each for one in compared for each in named(model, one)]
    names = list(dict.fromkeys(each for one in named_ones for each in written(model, one)))
    fields = tuple(dict.fromkeys(managed[each] for each in names if each in managed))
    # Of a generic foreign key both columns must be compared.
    columns_of_fields = {name for name, content in managed.items() if content in fields}
    whole = managed.keys() >= set(names) >= columns_of_fields
    columns = all(isinstance(each, str) for each in compared) and names == [*compared]
    plain = columns and whole and not only_database
    parts = [] if plain or only_database else [describer.part(each) for each in compared]
    known = () if None in parts else tuple(each for each in parts if each)
    if condition and plain:
        known = tuple(map(UniquePart, fields))
    if fields:
        given = describer.condition(condition) if condition else None
        yield UniqueSet(str(name), fields, plain and not condition, nulls_distinct, known, given)
