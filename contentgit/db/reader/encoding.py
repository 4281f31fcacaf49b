"""Chunks of rows to content values, column by column: a call for each value would cost the most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from contentgit.content.canonical import RecordEncoder
from contentgit.content.layout import key_value
from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import FieldKind, KeyKind
from contentgit.db.queries import Row
from contentgit.db.tables import BoundField, BoundRelation, Column, Table
from contentgit.errors import RecordError

Links: TypeAlias = Mapping[Any, Sequence[str]]
"""The references of a many-to-many field by the Python value of the key they hang on."""

_SortKey: TypeAlias = tuple[str, int, int, str]


class RowEncoder:
    """Turns rows of ``columns`` into keys and values, in the order of ``names``."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns: tuple[Column, ...] = (*table.key_columns, *table.columns)
        self.names = (
            *(field.name for field in table.fields),
            *(relation.name for relation in table.relations),
        )

    @cached_property
    def bytes(self) -> RecordEncoder:
        """What writes the values."""
        return RecordEncoder(self.table.label, self.names)

    @cached_property
    def _places(self) -> list[tuple[BoundField, int, int]]:
        """Each field with the range of its columns in a row."""
        found, start = [], len(self.table.key_columns)
        for field in self.table.fields:
            found.append((field, start, start + len(field.columns)))
            start += len(field.columns)
        return found

    def field_at(self, place: int) -> str | None:
        """The field of the column at this place; ``None`` for one of the key's."""
        for field, start, end in self._places:
            if start <= place < end:
                return field.name
        return None

    def pks(self, rows: Sequence[Row]) -> list[Any]:
        """The primary keys as Python values."""
        try:
            columns = self._python(rows, range(len(self.table.key_columns)))
        except RecordError as error:
            raise RecordError(f"{self.table.label}: a primary key: {error.message}") from error
        return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))

    def keys(self, pks: Sequence[Any]) -> list[RecordKey]:
        """The keys of rows with these primary keys."""
        label, encode = self.table.label, self.table.encode_key
        if len(self.table.key_columns) == 1:
            return [RecordKey(label, encode(pk)) for pk in pks]
        return [RecordKey(label, encode(*pk)) for pk in pks]

    def key_values(self, keys: Sequence[RecordKey]) -> Iterable[Any]:
        """The values of ``$key``."""
        kind = self.table.schema.key_kind
        if kind is KeyKind.INTEGER:
            return [int(key.key) for key in keys]
        return [key_value(key.key, kind) for key in keys]

    def values(
        self, rows: Sequence[Row], pks: Sequence[Any], links: Sequence[Links]
    ) -> list[tuple[Value, ...]]:
        """The values of each row; ``links`` are those of the table's relations.

        Raises:
            RecordError: a value has no exact form; the message names record and field.
        """
        try:
            columns = [self._field(rows, *place) for place in self._places]
        except RecordError as error:
            raise self._named(rows, pks) or error from error
        columns += [[list(each.get(pk, ())) for pk in pks] for each in links]
        return list(zip(*columns, strict=True)) if columns else [()] * len(rows)

    def _field(
        self, rows: Sequence[Row], field: BoundField, start: int, end: int
    ) -> Sequence[Value]:
        python = self._python(rows, range(start, end))
        if field.prepare is not None:
            field.prepare(*python)
        if len(python) > 1:
            return list(map(field.encode, *python))
        (values,) = python
        if field.same.issuperset(map(type, values)):
            return values
        encode = field.encode
        if field.schema.kind is FieldKind.REFERENCE:
            known = {value: encode(value) for value in set(values)}  # many rows refer to one
            return [known[value] for value in values]
        return [None if value is None else encode(value) for value in values]

    def _python(self, rows: Sequence[Row], places: range) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        for place in places:
            read = self.columns[place].read
            raw = [row[place] for row in rows]
            found.append(
                raw if read is None else [None if value is None else read(value) for value in raw]
            )
        return found

    def _named(self, rows: Sequence[Row], pks: Sequence[Any]) -> RecordError | None:
        """The error of the first value that has no exact form, with its record and field."""
        for row, pk in zip(rows, pks, strict=True):
            for place in self._places:
                try:
                    self._field([row], *place)
                except RecordError as error:
                    (key,) = self.keys([pk])
                    return RecordError(
                        f"{key}: field {place[0].name!r}: {error.message}", hint=error.hint
                    )
        return None


class LinkEncoder:
    """Turns rows of a through table into references; remembers those it has seen.

    They are sorted, but for a relation whose order is content: its rows come in their order.
    """

    def __init__(self, relation: BoundRelation) -> None:
        self.relation = relation
        self._known: dict[Any, tuple[_SortKey, str]] = {}

    def links(self, rows: Iterable[Row]) -> Links:
        """The references by source, for rows of (source, target).

        Raises:
            RecordError: a target has no key; the message names the field.
        """
        targets: dict[Any, dict[Any, None]] = {}
        ordered = self.relation.schema.ordered
        read_source, read_target = self.relation.source.read, self.relation.target.read
        for source, target in rows:
            key = source if read_source is None else read_source(source)
            value = target if read_target is None else read_target(target)
            found = targets.setdefault(key, {})
            if ordered and value in found:
                raise self._listed_twice(key, value)
            found[value] = None
        return {source: self._references(found) for source, found in targets.items()}

    def _references(self, targets: Iterable[Any]) -> list[str]:
        found = [self._known.get(target) or self._learn(target) for target in targets]
        if len(found) > 1 and not self.relation.schema.ordered:
            found.sort()
        return [reference for _, reference in found]

    def _listed_twice(self, source: Any, target: Any) -> RecordError:
        reference = self.relation.encode_target(target)
        return RecordError(
            f"field {self.relation.name!r}: the row with primary key {source!r} lists {reference} twice",
            hint=f"delete one of the two rows of table {self.relation.table!r}",
        )

    def _learn(self, target: Any) -> tuple[_SortKey, str]:
        try:
            reference = self.relation.encode_target(target)
        except RecordError as error:
            raise RecordError(f"field {self.relation.name!r}: {error.message}") from error
        self._known[target] = RecordKey.parse(reference).sort_key, reference
        return self._known[target]
