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
    if len(converters) == 1:
        (only,) = converters
        return lambda raw: only(raw, expression, connection)

    def read(raw: Any) -> Any:
        for converter in converters:
            raw = converter(raw, expression, connection)
        return raw

    return read
