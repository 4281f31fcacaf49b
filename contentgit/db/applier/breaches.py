"""Why a database refuses a row: the constraint and the records that break it, or triggers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import Error, transaction
from django.db.models import F, Model, Q
from django.db.models.expressions import OrderBy, RawSQL
from django.db.models.lookups import Exact

from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import UniqueSet
from contentgit.db.backends import Backend
from contentgit.db.failures import Fault, words
from contentgit.db.queries import key_texts, rows_of, unique_constraint
from contentgit.db.tables import Table
from contentgit.errors import ContentgitError, DatabaseError
from contentgit.integrity.rules import names_of, said
from contentgit.plan.steps import Action, Step

SHOWN = 3
"""So many of the records that have a unique value are named."""


@dataclass(frozen=True)
class Breaches:
    """Explains why the database refuses the row of a step; ``table`` and ``records`` belong to the apply."""

    backend: Backend
    table: Callable[[Step], Table]
    records: Callable[[Sequence[Step]], Iterator[Record]]

    def __call__(self, step: Step, error: Error) -> ContentgitError | None:
        """The error that says what is wrong with the row; ``None`` if that is not known."""
        backend = self.backend
        if backend.is_over(error):
            return None
        table, where = self.table(step), f"{step.key} in database {backend.using!r}"
        written = step.action in (Action.CREATE, Action.UPDATE)
        record = next(self.records([step]), None) if written else None
        if backend.cause(error) is Fault.RAISED:
            return _raised(backend, table, step, where, error)
        name = backend.constraint(error)
        rule = next((check for check in table.schema.checks if check.name == name), None)
        if rule is not None:
            return DatabaseError(
                f"{where}: it breaks {said(rule, record or Record(step.key, {}))}",
                hint=_way_on(step.key, rule.fields),
                data={
                    "constraint": rule.name,
                    "records": [str(step.key)],
                    "database": words(error),
                },
            )
        unique = _unique(backend, table, name)
        if unique is not None:
            return _taken(backend, table, unique, step.key, record, where, error)
        return None


def _raised(
    backend: Backend, table: Table, step: Step, where: str, error: Error
) -> ContentgitError:
    found = sorted(each.name for each in backend.triggers() if each.table == table.name)
    named = f" (triggers of {table.name}: {', '.join(found)})" if found else ""
    if step.action in (Action.DELETE, Action.CASCADE):
        hint = "leave 'delete_missing' out of the spec, or delete the row by hand"
    else:
        fields = ", ".join(step.fields) if step.action is Action.UPDATE else "a field"
        hint = (
            f"correct the record in a commit; if the trigger guards {fields}, name it in 'exclude' of the "
            f"spec of {table.label}"
        )
    return DatabaseError(
        f"{where}: a trigger refuses it{named}: {words(error)}",
        hint=f"nothing has changed; {hint}",
        data={"cause": Fault.RAISED.value, "triggers": found},
    )


def _way_on(key: RecordKey, fields: Sequence[str]) -> str:
    name = fields[0] if fields else "FIELD"
    return (
        f"nothing has changed; correct {' or '.join(fields)} where the content is edited and commit, or "
        f"contentgit restore {key}/{name} --from REV, then apply that commit"
    )


def _unique(backend: Backend, table: Table, name: str) -> UniqueSet | None:
    """The set with this name; by its columns where Django or the database made up the name."""
    sets = table.schema.unique
    found = next((each for each in sets if name and each.name == name), None)
    if found is None and name:
        columns = [each.removeprefix(f"{table.name}.") for each in name.split(", ")]
        with suppress(Error), backend.connection.cursor() as cursor:
            known = backend.connection.introspection.get_constraints(cursor, table.name)
            columns = known[name]["columns"] if name in known else columns
        found = next((each for each in sets if {*_columns(table, each)} == {*columns}), None)
    return found


def _columns(table: Table, unique: UniqueSet) -> list[str]:
    constraint = unique_constraint(table.model, unique.name)
    if constraint is not None and constraint.fields:
        compared: list[Any] = [table.model._meta.get_field(name) for name in constraint.fields]
        return [field.column for field in compared]
    with suppress(FieldDoesNotExist):
        field: Any = table.model._meta.get_field(unique.name)  # a generated one, for instance
        return [field.column] if field.unique else []
    fields = [table.field[name] for name in unique.fields if name in table.field]
    return [column.name for field in fields for column in field.columns]


def _taken(
    backend: Backend,
    table: Table,
    unique: UniqueSet,
    key: RecordKey,
    record: Record | None,
    where: str,
    error: Error,
) -> ContentgitError:
    others: list[RecordKey] = []
    if record is not None:
        # What is not found is not named; the refusal is told all the same.
        with suppress(Error, FieldError, LookupError, TypeError, ValueError, ContentgitError):
            others = _holders(backend, table, unique, record)
    named = f" as {', '.join(map(str, others))}" if others else " as another row"
    return DatabaseError(
        f"{where}: it has the same {', '.join(names_of(unique))}{named}, against the constraint "
        f"{unique.name}: {words(error)}",
        hint=_way_on(key, [name for name in unique.fields if name != "$key"]),
        data={
            "constraint": unique.name,
            "records": [str(key), *map(str, others)],
            "database": words(error),
        },
    )


def _holders(backend: Backend, table: Table, unique: UniqueSet, record: Record) -> list[RecordKey]:
    """The rows that have the values which the record wants, as the database compares them."""
    values = _values(table, record)
    condition = Q()
    constraint = unique_constraint(table.model, unique.name)
    compared: Sequence[Any] = constraint.fields or constraint.expressions if constraint else ()
    if not compared:
        compared = [name for name in unique.fields if name != "$key"]
        with suppress(FieldDoesNotExist):
            compared = [table.model._meta.get_field(unique.name).name]
    for part in compared:
        expression = _expression(table.model, part)
        condition &= Q(Exact(expression, expression.replace_expressions(values)))
    if constraint is not None and constraint.condition:
        condition &= constraint.condition
    found = []
    with transaction.atomic(using=backend.using):
        rows = rows_of(table.model, backend.using).filter(condition)[: SHOWN + 1]
        for text in key_texts(rows, table, backend.using):
            key = RecordKey(table.label, text)
            if key != record.key:
                found.append(key)
    return found[:SHOWN]


def _values(table: Table, record: Record) -> Mapping[Any, Any]:
    """What stands for each field in an expression: its value in the record."""
    found = {}
    for field in table.fields:
        if field.name in record.fields:
            params = field.decode(record.fields[field.name])
            for column, param in zip(field.columns, params, strict=True):
                model_field: Any = table.model._meta.get_field(column.attname)
                value = RawSQL(column.cast, (param,), output_field=model_field)  # noqa: S611
                found[F(model_field.name)] = value
    return found


def _expression(model: type[Model], compared: Any) -> Any:
    """What a part of a unique constraint compares, in terms of fields that are written."""
    if isinstance(compared, OrderBy):
        return _expression(model, compared.expression)
    if isinstance(compared, F):
        compared = compared.name
    if not isinstance(compared, str):
        return compared
    field: Any = model._meta.get_field(compared)
    return (
        _expression(model, field.expression) if getattr(field, "generated", False) else F(compared)
    )
