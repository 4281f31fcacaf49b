"""Which rows hold the unique values that records of the commit want.

Whether two values are equal is the database's affair: MariaDB takes ``Foo`` for ``foo``, and so does a
column with a collation of its own anywhere. So the database looks for the values. A row that it
finds and that holds another spelling is then compared with every value still without a holder,
again by the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from contentgit.db.facts.referrers import Source, chunks
from contentgit.db.queries import COMPOSITE_CHUNK, SQL, Row, among, execute, names, quoted
from contentgit.db.tables import Column, Table
from contentgit.errors import RecordError
from contentgit.records import RecordKey, Value
from contentgit.relations import Claim, hashable
from contentgit.schema import UniqueSet


def fetch_holders(source: Source) -> Iterator[tuple[Claim, RecordKey]]:
    """Each claim whose values a row holds, with that row.

    Two values that the database takes for equal and that nobody holds yet are not found: the database
    refuses the second when it is written.
    """
    by_set: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in source.survey.claims:
        by_set[claim[0], claim[1]].append(claim)
    for (label, name), claims in by_set.items():
        table = source.table(label)
        (unique,) = (each for each in table.enforced.unique if each.name == name)
        values = _Values(table, unique)
        for chunk in chunks(claims, COMPOSITE_CHUNK):
            yield from _among_claims(source, values, chunk)


class _Values:
    """The columns of one unique set, and how its values go into them and come out of them."""

    def __init__(self, table: Table, unique: UniqueSet) -> None:
        self.table = table
        self.parts: list[
            tuple[tuple[Column, ...], Callable[[Value], Row], Callable[..., Value]]
        ] = [
            (table.key_columns, table.decode_key, table.encode_key)
            if name == "$key"
            else (table.field[name].columns, table.field[name].decode, table.field[name].encode)
            for name in unique.fields
        ]
        self.columns = tuple(column for columns, _, _ in self.parts for column in columns)

    def parameters(self, values: Sequence[Value]) -> Row | None:
        """SQL parameters; ``None`` where a value fits no column, and so no row holds it."""
        try:
            return tuple(
                parameter
                for (_, decode, _), value in zip(self.parts, values, strict=True)
                for parameter in decode(_plain(value))
            )
        except RecordError:
            return None

    def values(self, row: Row) -> tuple[Value, ...]:
        """The values in a row of :attr:`columns`, as they stand in a claim."""
        found, start = [], 0
        for columns, _, encode in self.parts:
            found.append(hashable(encode(*row[start : start + len(columns)])))
            start += len(columns)
        return tuple(found)

    def condition(self, row: Row, using: str) -> SQL:
        """That the columns hold these parameters."""
        parts, params = [], []
        left = names(self.table.name, self.columns, using)
        for column, name, value in zip(self.columns, left, row, strict=True):
            parts.append(f"{name} IS NULL" if value is None else f"{name} = {column.cast}")
            params += [] if value is None else [value]
        return f"({' AND '.join(parts)})", tuple(params)


def _plain(value: Value) -> Value:
    """The content value that :func:`contentgit.facts.hashable` was given."""
    if isinstance(value, tuple):
        kind, *items = value
        if kind == "[":
            return [_plain(each) for each in items]
        return {name: _plain(each) for name, each in items}
    return value


def _among_claims(
    source: Source, values: _Values, claims: list[Claim]
) -> Iterator[tuple[Claim, RecordKey]]:
    wanted = {claim: values.parameters(claim[2]) for claim in claims}
    parameters = {claim: row for claim, row in wanted.items() if row is not None}
    if not parameters:
        return
    table = values.table
    width = len(table.key_columns)
    sql, params = _any([values.condition(row, source.using) for row in parameters.values()])
    others = []
    for row in source.rows(table.name, (*table.key_columns, *values.columns), sql, params):
        key = RecordKey(table.label, table.encode_key(*row[:width]))
        claim = (table.label, claims[0][1], values.values(row[width:]))
        if claim in parameters:
            yield claim, key
            del parameters[claim]
        else:
            others.append(key)
    if others and parameters:
        yield from _folded(source, values, others, parameters)


def _any(conditions: list[SQL]) -> SQL:
    sql = " OR ".join(each for each, _ in conditions)
    return f"({sql})", tuple(param for _, params in conditions for param in params)


def _folded(
    source: Source, values: _Values, keys: list[RecordKey], parameters: dict[Claim, Row]
) -> Iterator[tuple[Claim, RecordKey]]:
    """Which of the rows holds what the database takes for the values of which claim."""
    table, using = values.table, source.using
    conditions = {claim: values.condition(row, using) for claim, row in parameters.items()}
    looks = ", ".join(f"CASE WHEN {sql} THEN 1 ELSE 0 END" for sql, _ in conditions.values())
    looked = tuple(param for _, params in conditions.values() for param in params)
    keyed = zip(table.key_columns, names(table.name, table.key_columns, using), strict=True)
    columns = ", ".join(column.reading(name) for column, name in keyed)
    parameters_of_keys = [table.decode_key(key.key) for key in keys]
    where, given = among(table.key_columns, parameters_of_keys, using, table.name)
    sql = f"SELECT {looks}, {columns} FROM {quoted(table.name, using)} WHERE {where}"  # noqa: S608
    for row in execute((sql, (*looked, *given)), using):
        key = _key(table, row[len(conditions) :])
        for claim, holds in zip(conditions, row, strict=False):
            if holds:
                yield claim, key


def _key(table: Table, raw: Row) -> RecordKey:
    pairs = zip(table.key_columns, raw, strict=True)
    values = [value if column.read is None else column.read(value) for column, value in pairs]
    return RecordKey(table.label, table.encode_key(*values))
