"""The rows that hold unique values which records of the commit are to have.

The database decides whether two values are equal: on MariaDB, or with a collation of the column, ``Foo``
equals ``foo``. So the database looks for the values. If a row that it finds holds another spelling, the
database compares it with every value that has no holder yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from contentgit.content.portions import batches
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import Function, UniquePart, UniqueSet
from contentgit.db.facts.referrers import Source
from contentgit.db.queries import (
    COMPOSITE_CHUNK,
    EVERYTHING,
    SQL,
    Row,
    among,
    execute,
    is_empty,
    names,
    python_rows,
    quoted,
    select,
    unique_constraint,
    where,
)
from contentgit.db.tables import Column, Table
from contentgit.errors import RecordError
from contentgit.integrity.relations import PARENT, Claim, hashable, plain
from contentgit.integrity.rules import compared


def fetch_holders(source: Source) -> Iterator[tuple[Claim, RecordKey]]:
    """Each claim whose values a row holds, with that row; values are compared as the constraint does.

    Two equal values that no row holds yet are not found: the database refuses the second one when it is
    written.
    """
    by_set: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in source.survey.claims:
        by_set[claim[0], claim[1]].append(claim)
    for (label, name), claims in by_set.items():
        table = source.table(label)
        if len(claims) > COMPOSITE_CHUNK and is_empty(table.name, source.using):
            continue
        (unique,) = (each for each in table.enforced.unique if each.name == name)
        try:
            values = _HeldValues(table, unique, source.using)
        except RecordError:
            continue  # a constant that is no value of its field: the database alone compares
        for chunk in batches(claims, COMPOSITE_CHUNK):
            yield from _among_claims(source, values, chunk)


class _HeldValues:
    """The columns of one unique set, what it compares, and how its values go in and come out.

    Raises:
        RecordError: a constant of the set fits no column of its field.
    """

    def __init__(self, table: Table, unique: UniqueSet, using: str) -> None:
        self.table = table
        self.unique = unique
        self.using = using
        self.parts = unique.parts or tuple(map(UniquePart, unique.fields))
        self.bound: list[_Bound] = [
            (table.key_columns, table.decode_key, table.encode_key)
            if part.field == PARENT
            else ((field := table.field[part.field]).columns, field.decode, field.encode)
            for part in self.parts
        ]
        self.constants = [
            [param for _, each in part.functions if each is not None for param in decode(each)]
            for part, (_, decode, _) in zip(self.parts, self.bound, strict=True)
        ]
        self.columns = tuple(column for columns, _, _ in self.bound for column in columns)

    @cached_property
    def about(self) -> SQL:
        """The condition that the constraint applies to a row."""
        found = unique_constraint(self.table.model, self.unique.name)
        if found is None or not found.condition:
            return EVERYTHING
        return where(self.table.model, found.condition, self.using)

    def parameters(self, values: Sequence[Value]) -> Row | None:
        """SQL parameters; ``None`` if a value fits no column, so that no row holds it."""
        try:
            return tuple(
                parameter
                for (_, decode, _), value in zip(self.bound, values, strict=True)
                for parameter in decode(plain(value))
            )
        except RecordError:
            return None

    def values(self, key: RecordKey, row: Row) -> tuple[Value, ...] | None:
        """The values in a row of :attr:`columns`, in the form of a claim."""
        fields, start = {}, 0
        for part, (columns, _, encode) in zip(self.parts, self.bound, strict=True):
            fields[part.field] = encode(*row[start : start + len(columns)])
            start += len(columns)
        if self.unique.parts:
            return compared(Record(key, fields), self.unique)
        return tuple(map(hashable, fields.values()))

    def condition(self, row: Row) -> SQL:
        """The condition that the columns equal these parameters for the unique set."""
        sql, params, values = [], [], iter(row)
        for part, (columns, _, _), constants in zip(
            self.parts, self.bound, self.constants, strict=True
        ):
            for column, name in zip(
                columns, names(self.table.name, columns, self.using), strict=True
            ):
                left, value = _applied(part, name, column), next(values)
                right = "IS NULL" if value is None else f"= {_applied(part, column.cast, column)}"
                sql.append(f"{left} {right}")
                params += constants if value is None else [*constants, value, *constants]
        return f"({' AND '.join(sql)})", tuple(params)


_Bound: TypeAlias = tuple[tuple[Column, ...], Callable[[Value], Row], Callable[..., Value]]
"""The columns of a field, and how its content goes into them and comes out of them."""


def _applied(part: UniquePart, sql: str, column: Column) -> str:
    """A column or a value with the part's functions applied; their constants are parameters."""
    for function, _ in part.functions:
        if function is Function.COALESCE:
            sql = f"COALESCE({sql}, {column.cast})"
        else:
            sql = f"{function.value.upper()}({sql})"
    return sql


def _among_claims(
    source: Source, values: _HeldValues, claims: list[Claim]
) -> Iterator[tuple[Claim, RecordKey]]:
    wanted = {claim: values.parameters(claim[2]) for claim in claims}
    parameters = {claim: row for claim, row in wanted.items() if row is not None}
    if not parameters:
        return
    table = values.table
    width = len(table.key_columns)
    conditions = [values.condition(row) for row in parameters.values()]
    sql = " OR ".join(condition for condition, _ in conditions)
    params = [param for _, given in conditions for param in given]
    about, more = values.about
    columns = (*table.key_columns, *values.columns)
    others = []
    head = select(table.name, columns, source.using)
    found = execute((f"{head} WHERE {about} AND ({sql})", (*more, *params)), source.using)
    for row in python_rows(columns, found):
        key = RecordKey(table.label, table.encode_key(*row[:width]))
        held = values.values(key, row[width:])
        claim = (table.label, claims[0][1], held or ())
        if claim in parameters:
            yield claim, key
            del parameters[claim]
        else:
            others.append(key)
    if others and parameters:
        yield from _folded(source, values, others, parameters)


def _folded(
    source: Source, values: _HeldValues, keys: list[RecordKey], parameters: dict[Claim, Row]
) -> Iterator[tuple[Claim, RecordKey]]:
    """The claims whose values the database considers equal to those of the rows, with the rows."""
    table, using = values.table, source.using
    conditions = {claim: values.condition(row) for claim, row in parameters.items()}
    looks = ", ".join(f"CASE WHEN {sql} THEN 1 ELSE 0 END" for sql, _ in conditions.values())
    looked = tuple(param for _, params in conditions.values() for param in params)
    keyed = zip(table.key_columns, names(table.name, table.key_columns, using), strict=True)
    columns = ", ".join(column.reading(name) for column, name in keyed)
    parameters_of_keys = table.decode_keys([key.key for key in keys])
    where, given = among(table.key_columns, parameters_of_keys, using, table.name)
    sql = f"SELECT {looks}, {columns} FROM {quoted(table.name, using)} WHERE {where}"  # noqa: S608
    for row in execute((sql, (*looked, *given)), using):
        (held,) = python_rows(table.key_columns, [row[len(conditions) :]])
        key = RecordKey(table.label, table.encode_key(*held))
        for claim, holds in zip(conditions, row, strict=False):
            if holds:
                yield claim, key
