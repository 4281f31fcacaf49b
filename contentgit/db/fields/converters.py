"""Django's own conversions of what a driver gives, prepared once for each column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col

from contentgit.db.fields.plain import AnyField


def driver_reader(field: AnyField, connection: BaseDatabaseWrapper) -> Callable[[Any], Any] | None:
    """The backend's conversions for a column of the plain ``field``; ``None`` if there are none."""
    expression = Col("", field)
    converters = connection.ops.get_db_converters(expression)
    if not converters:
        return None

    def read(raw: Any) -> Any:
        value = raw
        try:
            for converter in converters:
                value = converter(value, expression, connection)
        except (AttributeError, TypeError, ValueError, ArithmeticError):
            return raw  # no date, no UUID, no number: the encoder says so, and names the record
        return raw if value is None else value

    return read
