"""What a reference is set to when the row that it refers to goes, where that is not NULL.

The project's code or the database says it (``SET(...)``, ``SET_DEFAULT``, ``DB_SET_DEFAULT``). It is asked
inside of the transaction of an apply, once for each field, and only where a row loses its reference:
such a function may write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import connections
from django.db.models import Model, Value
from django.db.models.sql import Query

from contentgit import calling
from contentgit.db.identity import Identities, label_of
from contentgit.db.tables import Table
from contentgit.errors import RecordError
from contentgit.records import Value as Content
from contentgit.steps import COMPUTED, Plan

NOTHING_CHANGED = (
    "nothing has changed; correct what the field is set to, or keep the row it refers to"
)


def settled(plan: Plan, using: str, identities: Identities, table: Callable[[str], Table]) -> Plan:
    """The plan with the values that its steps clear references to.

    Raises:
        ContentgitError: the project's function raised, or what it gave is no row's.
    """
    known: dict[tuple[str, str], Content] = {}
    steps = list(plan.steps)
    for number, step in enumerate(steps):
        if step.value is COMPUTED:
            (name,) = step.fields
            place = (step.key.model, name)
            if place not in known:
                known[place] = _value(table(step.key.model), name, using, identities)
            steps[number] = replace(step, value=known[place])
    return replace(plan, steps=tuple(steps)) if known else plan


def _value(table: Table, name: str, using: str, identities: Identities) -> Content:
    field: Any = table.model._meta.get_field(name)
    value = _given(field, f"{table.label}: {name}", using)
    if isinstance(value, Model):
        value = getattr(value, field.target_field.attname)
    identities.reload(label_of(field.related_model))  # the row may be new
    try:
        return table.field[name].encode(value)
    except RecordError as error:
        raise RecordError(
            f"{table.label}: {name} is to be set, and {error.message}", hint=NOTHING_CHANGED
        ) from error


def _given(field: Any, what: str, using: str) -> Any:
    """The Python value, or an instance of the model that the field refers to."""
    way = field.remote_field.on_delete
    if hasattr(way, "deconstruct"):
        _, (value,), _ = way.deconstruct()
    elif field.has_default() and getattr(way, "__name__", "") != "DB_SET_DEFAULT":
        value = field.default
    else:
        return _database_default(field, using)
    if callable(value):
        return calling.given(value, f"{what} is to be set", NOTHING_CHANGED)
    return value


def _database_default(field: Any, using: str) -> Any:
    if not field.has_db_default():
        return None
    expression = field._db_default_expression
    if isinstance(expression, Value):
        return field.to_python(expression.value)
    sql, params = Query(field.model).get_compiler(using).compile(expression)
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {sql}", params)
        return field.to_python(cursor.fetchone()[0])
