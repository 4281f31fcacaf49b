"""How rows spell their primary keys, where the database finds them by other spellings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import connections

from contentgit.content.records import Value
from contentgit.db.failures import translated
from contentgit.db.fields.plain import AnyField
from contentgit.db.queries import execute, table_test

_TOGETHER = 200
"""Values that one statement looks for."""


class Spellings:
    """How rows spell ``key``, the primary key of a model, where the database finds them by other spellings.

    For values that no constraint ties to the row: those of generic foreign keys.
    """

    def __init__(self, key: AnyField, select: str, cast: str, using: str) -> None:
        self._key = key
        self._select = select
        self._cast = cast
        self._using = using
        self._known: dict[Value, Value] = {}

    def of(self, values: Iterable[Value]) -> Mapping[Value, Value]:
        """The spellings found for all values so far, these included; each text is looked up once."""
        texts = {value for value in values if isinstance(value, str)}
        wanted = sorted(texts - self._known.keys())
        if wanted and table_test(self._using)(self._key.model._meta.db_table):
            for start in range(0, len(wanted), _TOGETHER):
                self._learn(wanted[start : start + _TOGETHER])
        self._known |= {value: value for value in wanted if value not in self._known}
        return self._known

    def _learn(self, wanted: Sequence[str]) -> None:
        quote = connections[self._using].ops.quote_name
        column, table = quote(self._key.column), quote(self._key.model._meta.db_table)
        rows = f"FROM {table} WHERE {column} = {self._cast}"
        parts = [
            f"SELECT {number}, {self._select.replace('%s', column)} {rows}"
            for number in range(len(wanted))
        ]
        with translated(f"{self._key.model._meta.label_lower} in database {self._using!r}"):
            found = execute((" UNION ALL ".join(parts), tuple(wanted)), self._using)
        self._known |= {wanted[number]: text for number, text in found}
