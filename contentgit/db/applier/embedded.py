"""Rows that hold references inside follow the rows that get other primary keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from contentgit.content.embedded import keys_in, redirected
from contentgit.content.portions import batches
from contentgit.content.records import RecordKey, Value
from contentgit.db.applier.rows import Update
from contentgit.db.backends import backend
from contentgit.db.identity import Identities
from contentgit.db.queries import among, execute, python_rows, select
from contentgit.db.reader.encoding import RowEncoder
from contentgit.db.tables import Table, Tables

_TOGETHER = 200
"""Rows that are read together: their texts may be long."""


class ReferringRow(NamedTuple):
    """A row whose values of some fields refer to rows that move, as they are to be afterwards."""

    table: Table
    key: RecordKey
    values: Mapping[str, Value]


def referring(
    tables: Tables, keys: Mapping[RecordKey, RecordKey], identities: Identities
) -> list[ReferringRow]:
    """The rows, in a dump or not, that refer inside of fields to what gets another of ``keys``.

    Call it before the rows move, with all rows called as they are.

    Raises:
        RecordError: a row has no exact record.
    """
    moved = _moved(keys, identities)
    return [*chain.from_iterable(_rows(each, moved, identities) for each in tables.values())]


def follow(rows: Sequence[ReferringRow], identities: Identities) -> set[str]:
    """Write the references anew, after the rows have moved; the names of the tables that were written.

    Raises:
        DatabaseError: the database refuses.
    """
    written = set[str]()
    for table, key, values in rows:
        update = Update(table, tuple(values))
        parameters = update.rows([key], [values])
        backend(identities.using).update(table.name, update.given, table.key_columns, parameters)
        written.add(table.name)
    return written


def _moved(
    keys: Mapping[RecordKey, RecordKey], identities: Identities
) -> Callable[[RecordKey], RecordKey]:
    """What a row is called afterwards; it shares its key with those of its multi-table parents."""
    by_base = {(identities.base(old.model), old.key): new.key for old, new in keys.items()}
    bases: dict[str, str] = {}

    def moved(key: RecordKey) -> RecordKey:
        if key.model not in bases:
            known = identities.is_model(key.model)
            bases[key.model] = identities.base(key.model) if known else ""
        return RecordKey(key.model, by_base.get((bases[key.model], key.key), key.key))

    return moved


def _rows(
    table: Table, moved: Callable[[RecordKey], RecordKey], identities: Identities
) -> Iterator[ReferringRow]:
    fields = tuple(each for each in table.fields if each.schema.embeds)
    if not fields:
        return
    using, columns = identities.using, table.key_columns
    encoder = RowEncoder(replace(table, fields=fields, relations=()))
    pks = python_rows(columns, execute((select(table.name, columns, using), ()), using))
    for some in batches(pks, _TOGETHER):
        given = [tuple(c.param(pk) for c, pk in zip(columns, each, strict=True)) for each in some]
        where, parameters = among(columns, given, using, table.name)
        head = select(table.name, encoder.columns, using)
        rows = execute((f"{head} WHERE {where}", parameters), using)
        found = encoder.pks(rows)
        values = zip(*encoder.values(rows, found, []), strict=True)
        for key, each in zip(encoder.keys(found), values, strict=True):
            changed = {
                name: redirected(value, moved)
                for name, value in zip(encoder.names, each, strict=True)
                if any(moved(inside) != inside for inside in keys_in(value))
            }
            if changed:
                yield ReferringRow(table, moved(key), changed)
