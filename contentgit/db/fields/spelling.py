"""Which spelling of a value counts, where the database takes several for equal.

MariaDB finds the row ``Red`` where ``RED`` or ``"red "`` is looked for, and so does a column with a collation
of its own, or of type ``citext``. A reference is then to the row that the database finds: its column is
read as that row has the value.
"""

from __future__ import annotations

import re

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from contentgit.db.fields.plain import AnyField, leaf, plain

_OF_ONE_FORM = (
    models.IntegerField,
    models.UUIDField,
    models.DateField,
    models.TimeField,
    models.DurationField,
    models.BooleanField,
    models.BinaryField,
    models.FloatField,
)
_PLAIN_TEXT = re.compile(r"(varchar|char|text)\b(?!.*collate)", re.IGNORECASE | re.DOTALL)


def is_exact(field: AnyField, connection: BaseDatabaseWrapper) -> bool:
    """Whether values of the column that the database takes for equal are the same content."""
    found = plain(field) or field
    if isinstance(found, _OF_ONE_FORM):
        return True
    if isinstance(found, models.DecimalField) and found.decimal_places is not None:
        return True
    given = field.db_parameters(connection)
    folding = connection.vendor == "mysql" or given.get("collation")
    return not folding and bool(_PLAIN_TEXT.match(given["type"] or ""))


def referred(field: AnyField, connection: BaseDatabaseWrapper, depth: int = 0) -> str:
    """The expression that reads a reference's column, ``%s``, as the row that it refers to has it.

    The column's own value where there is no such row; ``"%s"`` where equal values are the same.
    """
    if not field.is_relation or is_exact(leaf(field), connection):
        return "%s"
    target: AnyField = field.target_field  # type: ignore[attr-defined]
    quote, alias = connection.ops.quote_name, f"cg{depth}"
    column = f"{alias}.{quote(target.column)}"
    value = referred(target, connection, depth + 1).replace("%s", column)
    rows = f"{quote(target.model._meta.db_table)} {alias} WHERE {column} = %s"
    return f"COALESCE((SELECT {value} FROM {rows}), %s)"  # noqa: S608
