"""Which value a driver cannot read: it raises for a chunk of rows, and names neither row nor column."""

from __future__ import annotations

from django.db import DataError

from contentgit.db.failures import words
from contentgit.db.queries import CHUNK, SQL, execute, select, stream
from contentgit.db.reader.encoding import RowEncoder
from contentgit.db.tables import Column
from contentgit.errors import RecordError

FAILURES = (DataError, ValueError)
"""What drivers raise for a value that Python does not have, such as a date before the year 1."""


def unreadable(encoder: RowEncoder, rows: SQL, using: str) -> RecordError | None:
    """The error for the first such value, with record and field; ``None`` where all can be read.

    ``rows`` is what follows ``SELECT … FROM table``, with an order.
    """
    for place, column in enumerate(encoder.columns):
        start = _failing_chunk(encoder, column, rows, using)
        if start is not None:
            return _named(encoder, place, rows, start, using)
    return None


def _failing_chunk(encoder: RowEncoder, column: Column, rows: SQL, using: str) -> int | None:
    """How many rows come before the chunk in which the column cannot be read."""
    read = 0
    try:
        for chunk in stream(_reading(encoder, (column,), rows, using), using):
            read += len(chunk)
    except FAILURES:
        return read
    return None


def _named(
    encoder: RowEncoder, place: int, rows: SQL, start: int, using: str
) -> RecordError | None:
    count = CHUNK
    while count > 1:
        half = count // 2
        if _error(encoder, place, rows, (half, start), using) is None:
            start += half
            count -= half
        else:
            count = half
    error = _error(encoder, place, rows, (1, start), using)
    if error is None:
        return None
    label, field = encoder.table.label, encoder.field_at(place)
    if field is None:
        return RecordError(f"{label}: a primary key: {words(error)}")
    statement = _reading(encoder, encoder.table.key_columns, _part(rows, (1, start)), using)
    (key,) = encoder.keys(encoder.pks(execute(statement, using)))
    return RecordError(
        f"{key}: field {field!r}: {words(error)}",
        hint="give the row a value that Python can read, or leave the field out: 'exclude' of the spec",
    )


def _error(
    encoder: RowEncoder, place: int, rows: SQL, part: tuple[int, int], using: str
) -> Exception | None:
    columns = (encoder.columns[place],)
    try:
        execute(_reading(encoder, columns, _part(rows, part), using), using)
    except FAILURES as error:
        return error
    return None


def _reading(encoder: RowEncoder, columns: tuple[Column, ...], rows: SQL, using: str) -> SQL:
    return f"{select(encoder.table.name, columns, using)}{rows[0]}", rows[1]


def _part(rows: SQL, part: tuple[int, int]) -> SQL:
    return f"{rows[0]} LIMIT %s OFFSET %s", (*rows[1], *part)
