"""The values that references are set to when the row that they refer to is deleted, other than NULL.

The project's code or the database gives them (``SET(...)``, ``SET_DEFAULT``, ``DB_SET_DEFAULT``), inside the
transaction of an apply, once for each field, and only if a row loses its reference: such a function may
write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet, Value
from django.db.models.sql import Query

from contentgit.content.records import Value as Content
from contentgit.db import calling
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import label_of
from contentgit.db.tables import Table
from contentgit.errors import RecordError
from contentgit.plan.steps import COMPUTED, Action, Plan

NOTHING_CHANGED = (
    "nothing has changed; correct what the field is set to, or keep the row it refers to"
)


def settled(plan: Plan, using: str, identities: Identities, table: Callable[[str], Table]) -> Plan:
    """The plan with the values that its steps clear references to.

    Raises:
        ContentgitError: the project's function raised, or returned a value that no row has.
    """
    known: dict[tuple[str, str], Content] = {}
    steps = list(plan.steps)
    for number, step in enumerate(steps):
        if step.value is COMPUTED:
            (name,) = step.fields
            place = (step.key.model, name)
            if place not in known:
                known[place] = _value(plan, table(step.key.model), name, using, identities)
            steps[number] = step._replace(value=known[place])
    return replace(plan, steps=tuple(steps)) if known else plan


def _value(plan: Plan, table: Table, name: str, using: str, identities: Identities) -> Content:
    field: Any = table.model._meta.get_field(name)
    what = f"{table.label}: {name}"
    value, source = _given(field, what, using)

    def refused(why: str, hint: str = NOTHING_CHANGED) -> RecordError:
        return RecordError(f"{what} is to be set, and {source} gives {why}", hint=hint)

    if isinstance(value, Model):
        if value.pk is None:
            raise refused(f"a {label_of(type(value))} that is not saved")
        value = getattr(value, field.target_field.attname)
    identities.reload(label_of(field.related_model))  # the row may be new
    bound = table.field[name]
    try:
        content = bound.encode(value)
    except RecordError as error:
        raise refused(f"no reference: {error.message}") from error
    if content is None and not bound.schema.null:
        raise refused("None, which the field does not take")
    if content is not None and bound.schema.constrained:
        steps = [step for step in plan.steps if str(step.key) == content]
        if any(step.action in (Action.DELETE, Action.CASCADE) for step in steps):
            hint = f"nothing has changed; commit {content} first, or apply with --merge to keep it"
            raise refused(f"{content}, which this apply deletes", hint)
        rows: QuerySet[Model] = QuerySet(field.related_model, using=using)
        if not steps and not rows.filter(**{field.target_field.attname: value}).exists():
            raise refused(f"{content}, which does not exist")
    return content


def _given(field: Any, what: str, using: str) -> tuple[Any, str]:
    """The Python value, or an instance of the model that the field refers to; and what gave it."""
    way = field.remote_field.on_delete
    source = "its default"
    if hasattr(way, "deconstruct"):
        _, (value,), _ = way.deconstruct()
        source = "its on_delete"
    elif field.has_default() and getattr(way, "__name__", "") != "DB_SET_DEFAULT":
        value = field.default
    else:
        return _database_default(field, using), "its default in the database"
    if callable(value):
        given = calling.call(value, f"{what} is to be set", NOTHING_CHANGED)
        return given, calling.name_of(value)
    return value, source


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
