"""SQL that reads: Django compiles the conditions, and rows come from the driver without conversion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections
from django.db.models import BooleanField, F, Field, Func, Model, Q, QuerySet, UniqueConstraint
from django.db.models.expressions import RawSQL

from contentgit.content import portions
from contentgit.content.layout import HIGHEST_KEY
from contentgit.db.tables import Column, Table

SQL: TypeAlias = tuple[str, tuple[Any, ...]]
"""A statement, or a part of one, and its parameters."""

Row: TypeAlias = tuple[Any, ...]

CHUNK = 2000
"""Rows that are held at a time, where they are small."""

_FIRST, _STEP = 16, 128
"""Rows of the first request, and of the largest request of a stream."""

COMPOSITE_CHUNK = 200
"""Rows of one query by keys of several columns: SQLite limits the depth of a condition."""

NOTHING: SQL = ("0 = 1", ())
EVERYTHING: SQL = ("1 = 1", ())


_SIZED = frozenset({str, bytes, bytearray, memoryview})


def weight(row: Sequence[Any]) -> int:
    """How many characters of text and bytes the values of a row or a column hold."""
    return sum([len(value) for value in row if type(value) in _SIZED])


def _weights(rows: Sequence[Row]) -> int:
    return sum(map(weight, zip(*rows, strict=True)))  # by columns, which are fewer


class Portion:
    """How many rows to request next: few at first, then as many as fit by the size of those seen."""

    def __init__(self, most: int) -> None:
        self.size, self._most = min(_FIRST, most), most

    def seen(self, count: int, size: int) -> int:
        """Note how many rows the last portion had, and their size, which it gives."""
        fitting = portions.ROOM * count // size if size else self._most
        self.size = max(1, min(2 * self.size, fitting, self._most))
        return size


class Selected(Func):
    """An expression read as a column's ``select`` says, with ``%s`` for it; raw, without conversions."""

    def __init__(self, expression: Any, select: str) -> None:
        super().__init__(expression, output_field=Field())
        self.select = select

    def as_sql(self, compiler: Any, connection: Any, **_more: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        """See ``Func.as_sql``."""
        sql, params = compiler.compile(self.source_expressions[0])
        return self.select.replace("%s", sql), [*params] * self.select.count("%s")


def rows_of(model: type[Model], using: str) -> QuerySet[Any]:
    """All rows of the table, also those that the model's own managers hide."""
    return QuerySet(model, using=using).order_by()


def instances_of(
    rows: QuerySet[Any], table: Table, keys: Sequence[Row], using: str
) -> Iterator[tuple[str, Any]]:
    """Instances of the rows with these keys, SQL parameters; each with its key's text.

    The key is read from the columns: the value of the project's field may equal nothing and have no hash.
    Raises what the project's code raises while it builds instances.
    """
    columns = table.key_columns
    names = [f"contentgit_key_{number}" for number in range(len(columns))]
    read = {n: Selected(F(c.attname), c.select) for n, c in zip(names, columns, strict=True)}
    for some in portions.batches(keys, chunk_size(columns, using)):
        sql, params = among(columns, some, using, table.name)
        chosen = RawSQL(sql, params, output_field=BooleanField())  # noqa: S611
        for instance in rows.filter(chosen).annotate(**read):
            raw = [instance.__dict__.pop(name) for name in names]
            (values,) = python_rows(columns, [tuple(raw)])
            yield table.encode_key(*values), instance


def key_texts(rows: QuerySet[Any], table: Table, using: str) -> list[str]:
    """The keys of the rows, read from their columns as :func:`instances_of` reads them."""
    columns = table.key_columns
    wanted = [Selected(F(column.attname), column.select) for column in columns]
    found = fetch(rows.values_list(*wanted), using)
    return [table.encode_key(*values) for values in python_rows(columns, found)]


def hashable(value: Any) -> Any:
    """SQL parameters that can be a key of a dictionary; arrays are lists."""
    return tuple(map(hashable, value)) if isinstance(value, (list, tuple)) else value


def table_test(using: str, *, views: bool = False) -> Callable[[str], bool]:
    """A test whether the database has a table of a name, or with ``views`` a view; one query, made now."""
    introspection = connections[using].introspection
    convert = introspection.identifier_converter
    known = {convert(name) for name in introspection.table_names(include_views=views)}
    return lambda name: convert(name.strip('"')) in known


def compiled(queryset: QuerySet[Any], using: str) -> SQL | None:
    """The statement of a queryset; ``None`` if it is known to give no rows."""
    try:
        sql, params = queryset.query.get_compiler(using).as_sql()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


def fetch(queryset: QuerySet[Any], using: str) -> list[Row]:
    """The rows of a ``values_list`` queryset as the driver gives them, without any conversion."""
    statement = compiled(queryset, using)
    return [] if statement is None else execute(statement, using)


def execute(statement: SQL, using: str) -> list[Row]:
    """The rows of a statement."""
    with connections[using].cursor() as cursor:
        cursor.execute(*statement)
        return list(cursor.fetchall())


def stream(statement: SQL, using: str) -> Iterator[list[Row]]:
    """The rows of a statement in chunks, through a server-side cursor where there is one.

    A chunk ends with the rows that fill its room.
    """
    connection = connections[using]
    buffered = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    with connection.cursor() if buffered else connection.chunked_cursor() as cursor:
        cursor.execute(*statement)
        portion, rows, heavy = Portion(_STEP), list[Row](), 0
        while some := cursor.fetchmany(min(portion.size, CHUNK - len(rows))):
            rows += some
            heavy += portion.seen(len(some), _weights(some))
            if len(rows) == CHUNK or heavy >= portions.ROOM:
                yield rows
                rows, heavy = [], 0
        if rows:
            yield rows


def rows_at(
    keys: Sequence[Row], portion: Portion, read: Callable[[Sequence[Row]], list[Row]]
) -> Iterator[list[Row]]:
    """What ``read`` gives for the keys, as many at a time as there is room for."""
    start = 0
    while start < len(keys):
        some = keys[start : start + portion.size]
        start += len(some)
        rows = read(some)
        portion.seen(len(rows), _weights(rows))
        if rows:
            yield rows


def quoted(name: str, using: str) -> str:
    """A name, quoted for SQL."""
    return str(connections[using].ops.quote_name(name))


def names(table: str, columns: Sequence[Column], using: str) -> list[str]:
    """Column names with their table: SQLite reads an unknown name without a table as a text."""
    before = f"{quoted(table, using)}." if table else ""
    return [f"{before}{quoted(column.name, using)}" for column in columns]


def is_empty(table: str, using: str) -> bool:
    """Whether the table has no row: one query that spares those for many keys."""
    return not execute((f"SELECT 1 FROM {quoted(table, using)} LIMIT 1", ()), using)  # noqa: S608


def select(table: str, columns: Sequence[Column], using: str) -> str:
    """``SELECT … FROM table``."""
    pairs = zip(columns, names(table, columns, using), strict=True)
    wanted = ", ".join(column.reading(name) for column, name in pairs)
    return f"SELECT {wanted} FROM {quoted(table, using)}"  # noqa: S608


def chunk_size(columns: Sequence[Column], using: str) -> int:
    """How many keys one statement can name."""
    if len(columns) > 1:
        return COMPOSITE_CHUNK
    return min(connections[using].features.max_query_params or CHUNK, CHUNK)


def among(columns: Sequence[Column], keys: Sequence[Row], using: str, table: str = "") -> SQL:
    """The condition that the columns hold one of the keys; a key is one parameter per column."""
    if not keys:
        return NOTHING
    params = tuple(param for key in keys for param in key)
    left = names(table, columns, using)
    if len(columns) == 1:
        marks = ", ".join([columns[0].cast] * len(keys))
        return f"{left[0]} IN ({marks})", params
    pairs = zip(columns, left, strict=True)
    one = " AND ".join(f"{name} = {column.cast}" for column, name in pairs)
    return f"({' OR '.join([f'({one})'] * len(keys))})", params


def matching(table: Table, filters: Sequence[Mapping[str, Any]], using: str) -> SQL | None:
    """The condition that a row matches one of the filters; ``None`` if every row does.

    A subquery of keys: a filter through many-to-many relations gives a row several times, and
    DISTINCT would compare whole texts.
    """
    if not filters or not all(filters):
        return None
    wanted = [field.attname for field in table.model._meta.pk_fields]
    parts = []
    params: tuple[Any, ...] = ()
    for each in filters:
        queryset = rows_of(table.model, using).filter(**each).values_list(*wanted)
        statement = compiled(queryset, using)
        if statement is not None:
            parts.append(statement[0])
            params += statement[1]
    if not parts:
        return NOTHING
    columns = ", ".join(names(table.name, table.key_columns, using))
    left = f"({columns})" if len(table.key_columns) > 1 else columns
    return f"({' OR '.join(f'{left} IN ({part})' for part in parts)})", params


def where(model: type[Model], condition: Q, using: str) -> SQL:
    """A condition on the columns of the model's own table, in SQL."""
    query = rows_of(model, using).filter(condition).query
    try:
        sql, params = query.where.as_sql(query.get_compiler(using), connections[using])
    except EmptyResultSet:
        return NOTHING
    except FullResultSet:
        return EVERYTHING
    return sql, tuple(params)


def highest(table: Table, using: str) -> int:
    """The highest number that is a primary key of the table; 0 if there is none above."""
    column = quoted(table.key_columns[0].name, using)
    ((found,),) = execute((f"SELECT MAX({column}) FROM {quoted(table.name, using)}", ()), using)  # noqa: S608
    return max(0, found or 0)


def highest_possible(table: Table, using: str) -> int:
    """The highest number that the column of the primary key can hold."""
    kind = table.model._meta.pk.get_internal_type()
    try:
        _, found = connections[using].ops.integer_field_range(kind)
    except KeyError:  # a type of the project's own
        found = None
    return HIGHEST_KEY if found is None else found


def unique_constraint(model: type[Model], name: str) -> UniqueConstraint | None:
    """The constraint of the model's ``Meta`` with this name."""
    unique = (one for one in model._meta.constraints if isinstance(one, UniqueConstraint))
    return next((constraint for constraint in unique if constraint.name == name), None)


def rows_among(
    table: str,
    columns: Sequence[Column],
    wanted: Sequence[Column],
    keys: Sequence[Row],
    using: str,
    condition: SQL | None = None,
) -> Iterator[Row]:
    """Python values of ``columns`` in the rows whose columns ``wanted`` hold one of the keys, in chunks.

    Of these only the rows that meet the condition.
    """
    head, (rest, more) = select(table, columns, using), condition or EVERYTHING
    for some in portions.batches(keys, chunk_size(wanted, using)):
        sql, params = among(wanted, some, using, table)
        statement = f"{head} WHERE {sql} AND {rest}", (*params, *more)
        yield from python_rows(columns, execute(statement, using))


def python_rows(columns: Sequence[Column], rows: Sequence[Row]) -> list[Row]:
    """The Python values of rows."""
    return list(zip(*python_values(columns, rows), strict=True)) if rows else []


def python_values(columns: Sequence[Column], rows: Sequence[Row]) -> list[Sequence[Any]]:
    """The Python values of rows, column by column."""
    return [
        values
        if column.read is None
        else [None if value is None else column.read(value) for value in values]
        for column, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
