"""Chunks of rows to content values, column by column; and the value in a chunk that cannot be read.

One call for each value would be the largest cost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from django.db import DataError

from contentgit.content.columns import RecordsEncoder
from contentgit.content.layout import key_value
from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import FieldKind, KeyKind
from contentgit.db.failures import words
from contentgit.db.queries import CHUNK, SQL, Row, execute, select, stream
from contentgit.db.tables import BoundField, BoundRelation, Column, Table
from contentgit.errors import RecordError

Links: TypeAlias = Mapping[Any, Sequence[str]]
"""The references of a many-to-many field by the Python value of the key they hang on."""

FAILURES = (DataError, ValueError)
"""What drivers raise for a value that Python does not have, such as a date before the year 1.
They raise for a chunk of rows, and name neither row nor column."""

_SortKey: TypeAlias = tuple[str, int, int, str]


class RowEncoder:
    """Turns rows of ``columns`` into keys and values, in the order of ``names``."""

    def __init__(self, table: Table) -> None:
        self.table = table
        read = [column for each in table.fields for column in (*each.columns, *each.beside)]
        self.columns: tuple[Column, ...] = (*table.key_columns, *read)
        self.names = (
            *(field.name for field in table.fields),
            *(relation.name for relation in table.relations),
        )

    @cached_property
    def bytes(self) -> RecordsEncoder:
        """What writes the values."""
        return RecordsEncoder(self.table.label, self.names)

    @cached_property
    def _places(self) -> list[tuple[BoundField, int, int]]:
        """Each field with the range of its columns in a row."""
        found, start = [], len(self.table.key_columns)
        for field in self.table.fields:
            end = start + len(field.columns) + len(field.beside)
            found.append((field, start, end))
            start = end
        return found

    @cached_property
    def generic(self) -> list[int]:
        """The places of the generic foreign keys among the values."""
        fields = enumerate(self.table.fields)
        return [n for n, field in fields if field.schema.kind is FieldKind.GENERIC]

    @cached_property
    def carried(self) -> list[int]:
        """The places of the files that travel with their rows among the values."""
        return [n for n, field in enumerate(self.table.fields) if field.place is not None]

    def field_at(self, place: int) -> str | None:
        """The field of the column at this place; ``None`` for one of the key's."""
        found = (field.name for field, start, end in self._places if start <= place < end)
        return next(found, None)

    def pks(self, rows: Sequence[Row]) -> list[Any]:
        """The primary keys as Python values."""
        try:
            columns = self._python(self._raw(rows), range(len(self.table.key_columns)))
        except RecordError as error:
            raise RecordError(f"{self.table.label}: a primary key: {error.message}") from error
        return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))

    def keys(self, pks: Sequence[Any]) -> list[RecordKey]:
        """The keys of rows with these primary keys."""
        label, encode = self.table.label, self.table.encode_key
        if len(self.table.key_columns) == 1:
            return [RecordKey(label, encode(pk)) for pk in pks]
        return [RecordKey(label, encode(*pk)) for pk in pks]

    def key_values(self, keys: Sequence[RecordKey]) -> Sequence[Any]:
        """The values of ``$key``."""
        kind = self.table.schema.key_kind
        if kind is KeyKind.INTEGER:
            return [int(key.key) for key in keys]
        return [key_value(key.key, kind) for key in keys]

    def values(
        self, rows: Sequence[Row], pks: Sequence[Any], links: Sequence[Links]
    ) -> list[Sequence[Value]]:
        """The values of the rows, field by field; ``links`` are those of the table's relations.

        Raises:
            RecordError: a value has no exact form; the message names record and field.
        """
        try:
            raw = self._raw(rows)
            columns = [self._field(raw, *place) for place in self._places]
        except RecordError as error:
            raise self._named(rows, pks) or error from error
        return columns + [[list(each.get(pk, ())) for pk in pks] for each in links]

    def _raw(self, rows: Sequence[Row]) -> Sequence[Sequence[Any]]:
        return [*zip(*rows, strict=True)] if rows else [()] * len(self.columns)

    def _field(
        self, raw: Sequence[Sequence[Any]], field: BoundField, start: int, end: int
    ) -> Sequence[Value]:
        python = self._python(raw, range(start, end))
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

    def _python(self, raw: Sequence[Sequence[Any]], places: range) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        for place in places:
            read, values = self.columns[place].read, raw[place]
            if read is not None:
                values = [None if value is None else read(value) for value in values]
            found.append(values)
        return found

    def _named(self, rows: Sequence[Row], pks: Sequence[Any]) -> RecordError | None:
        """The error of the first value that has no exact form, with its record and field."""
        for row, pk in zip(rows, pks, strict=True):
            for place in self._places:
                try:
                    self._field(self._raw([row]), *place)
                except RecordError as error:
                    (key,) = self.keys([pk])
                    name = place[0].name
                    return RecordError(
                        f"{key}: field {name!r}: {error.message}",
                        hint=error.hint or _way_on(self.table, name, pk, "of the field's kind"),
                    )
        return None


class LinkEncoder:
    """Turns rows of a through table into references; remembers those it has seen.

    References are sorted, unless the relation's order is content: then the rows come in that order.
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
        result, known = {}, self._known.get
        for source, listed in targets.items():
            pairs = [known(target) or self._learn(target) for target in listed]
            if len(pairs) > 1 and not ordered:
                pairs.sort()
            result[source] = [reference for _, reference in pairs]
        return result

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


def unreadable(encoder: RowEncoder, rows: SQL, using: str) -> RecordError | None:
    """The error for the first value that cannot be read; ``None`` if all can be read.

    ``rows`` is what follows ``SELECT … FROM table``, with an order.
    """
    for place, column in enumerate(encoder.columns):
        start = _failing_chunk(encoder, column, rows, using)
        if start is not None:
            return _unreadable_at(encoder, place, rows, start, using)
    return None


def _failing_chunk(encoder: RowEncoder, column: Column, rows: SQL, using: str) -> int | None:
    """How many rows come before the chunk in which the column cannot be read."""
    read = 0
    try:
        for chunk in stream(_statement(encoder, (column,), rows, using), using):
            read += len(chunk)
    except FAILURES:
        return read
    return None


def _unreadable_at(
    encoder: RowEncoder, place: int, rows: SQL, start: int, using: str
) -> RecordError | None:
    counts = range(1, CHUNK)  # of rows that can be read with the first one that cannot
    start += bisect_left(
        counts, True, key=lambda n: _error(encoder, place, rows, (n, start), using) is not None
    )
    error = _error(encoder, place, rows, (1, start), using)
    if error is None:
        return None
    label, field = encoder.table.label, encoder.field_at(place)
    if field is None:
        return RecordError(f"{label}: a primary key: {words(error)}")
    statement = _statement(encoder, encoder.table.key_columns, _part(rows, (1, start)), using)
    pks = encoder.pks(execute(statement, using))
    (key,) = encoder.keys(pks)
    return RecordError(
        f"{key}: field {field!r}: {words(error)}",
        hint=_way_on(encoder.table, field, pks[0], "that Python can read"),
    )


def _way_on(table: Table, name: str, pk: Any, wanted: str) -> str:
    """What helps where a row has a value in a field that no record can hold."""
    place = table.model._meta.get_field(name).model._meta.db_table
    return (
        f"give the row of table {place} with primary key {pk} a value {wanted}\n"
        f"or leave the field out: 'exclude': [{name!r}] in the spec of {table.label}"
    )


def _error(
    encoder: RowEncoder, place: int, rows: SQL, part: tuple[int, int], using: str
) -> Exception | None:
    columns = (encoder.columns[place],)
    try:
        execute(_statement(encoder, columns, _part(rows, part), using), using)
    except FAILURES as error:
        return error
    return None


def _statement(encoder: RowEncoder, columns: tuple[Column, ...], rows: SQL, using: str) -> SQL:
    return f"{select(encoder.table.name, columns, using)}{rows[0]}", rows[1]


def _part(rows: SQL, part: tuple[int, int]) -> SQL:
    return f"{rows[0]} LIMIT %s OFFSET %s", (*rows[1], *part)
