"""Rows to records, streamed; and which rows there are.

Everything is read within the caller's transaction, and past the models' own managers: a default
manager that hides drafts must not lose them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, TypeAlias, TypeVar

from django.apps import apps
from django.db import Error, connections, router
from django.db.models import Manager, Q

from contentgit.content.layout import decode_part, key_text, paths_of
from contentgit.content.portions import batches
from contentgit.content.records import CarriedFile, Record, RecordKey, Value, by_model
from contentgit.content.schema import FieldKind
from contentgit.content.values import same
from contentgit.db.backends import backend
from contentgit.db.behind import way_to_tables
from contentgit.db.copying import copied_filter
from contentgit.db.failures import words
from contentgit.db.identity import Identities
from contentgit.db.identity.copies import CopyKeys
from contentgit.db.introspect import missing_tables, table
from contentgit.db.queries import (
    COMPOSITE_CHUNK,
    SQL,
    Portion,
    Row,
    among,
    chunk_size,
    execute,
    is_empty,
    matching,
    names,
    python_rows,
    quoted,
    rows_among,
    rows_at,
    rows_of,
    select,
    stream,
)
from contentgit.db.reader.encoding import FAILURES, LinkEncoder, Links, RowEncoder, unreadable
from contentgit.db.tables import BoundRelation, Table, Tables
from contentgit.errors import ConfigurationError, DatabaseError, RecordError
from contentgit.specs import Dataset, ModelSpec

_BUFFERING = {"mysql"}
"""Databases whose driver fetches a whole result into memory, whatever the cursor."""

_SPAN = 8
"""Through rows are read by a range of keys where it holds at most so many times the keys wanted."""

T = TypeVar("T")

RecordsBefore: TypeAlias = Callable[[Sequence[RecordKey]], Mapping[RecordKey, Record]]
"""The records of these keys in the commit that a dump is at, as far as it has them."""


class Reader:
    """Reads the rows of one dump in the database ``using``.

    A generic foreign key to a row that is gone has the name that the row has in ``before``: the number
    which Django leaves behind names another row in other databases.

    Raises (all methods):
        RecordError: a row has no exact record; the message names record and field.
        DatabaseError: a table is missing, or the database refuses.
    """

    def __init__(
        self,
        using: str,
        dataset: Dataset,
        tables: Tables,
        identities: Identities,
        before: RecordsBefore = lambda _keys: {},
    ) -> None:
        self.using = using
        self._before = before
        self.dataset = dataset
        self.tables = tables
        self.identities = identities
        self._encoders: dict[str, RowEncoder] = {}
        self._link_encoders: dict[tuple[str, str], LinkEncoder] = {}
        self._generation = identities.generation
        self._others: dict[str, Table | None] = {}
        self._portions: dict[str, Portion] = {}

    # Whole tables

    def entries(
        self, labels: Iterable[str] | None = None
    ) -> Iterator[tuple[str, RecordKey, bytes]]:
        """(path in the dump's folder, key, canonical bytes) of every row of the dump, streamed.

        ``labels`` are the models, if not all of them.
        """
        for label in self.tables if labels is None else labels:
            layout = self.tables[label].schema.layout
            for keys, records in self._streamed(label):
                yield from zip(paths_of(keys, layout), keys, records, strict=True)

    def stream(self, label: str) -> Iterator[tuple[RecordKey, bytes]]:
        """Key and canonical bytes of every row of the model that belongs to the dump."""
        for keys, records in self._streamed(label):
            yield from zip(keys, records, strict=True)

    def _streamed(self, label: str) -> Iterator[tuple[list[RecordKey], Iterator[bytes]]]:
        bound = self._table(label)
        if bound.tree is not None:
            bound.tree.forget()
        uuids = self.identities.uuids(label)
        if uuids is not None:
            uuids.see()  # also that all rows are gone
        copied = self.identities.copied(label)
        for rows in self._chunks(bound) if copied is None else self._copied(bound, copied):
            yield self._encoded(bound, rows)

    def counts(self) -> Mapping[str, int]:
        """The number of rows of the dump, by model."""
        return {label: self._count(self._table(label)) for label in self.tables}

    def hidden(self) -> Mapping[str, int]:
        """How many of these rows the model's default manager hides, by model.

        All of them if the manager raises: some do as long as no scope is set.
        """
        found = {}
        for label in self.tables:
            bound = self._table(label)
            hides = type(bound.model._default_manager).get_queryset is not Manager.get_queryset
            found[label] = self._count(bound) - self._visible(bound) if hides else 0
        return found

    def generic_targets(self, label: str) -> Iterator[tuple[str, str]]:
        """Field and model, by label, of what generic foreign keys of rows of the dump refer to."""
        bound = self._table(label)
        for each in bound.fields:
            if each.schema.kind is not FieldKind.GENERIC:
                continue
            column = each.columns[0]
            head = select(bound.name, (column,), self.using).replace("SELECT", "SELECT DISTINCT", 1)
            with self._reading(bound.label):
                rows = execute(self._where(head, bound, self._condition(bound)), self.using)
            for (kind,) in python_rows((column,), rows):
                value = each.encode(kind, None)
                if isinstance(value, dict):
                    parts = str(value["content_type"]).partition(":")[2].split(",")
                    yield each.name, ".".join(map(decode_part, parts))

    # Rows by their keys

    def records(self, keys: Iterable[RecordKey]) -> Iterator[Record]:
        """The records with these keys, whether the dump's filter matches or not, in no set order.

        Keys without a row are left out.
        """
        for fields, found, values in self.values(keys):
            for key, each in zip(found, values, strict=True):
                yield Record(key, dict(zip(fields, each, strict=True)))

    def values(
        self, keys: Iterable[RecordKey]
    ) -> Iterator[tuple[Sequence[str], list[RecordKey], list[tuple[Value, ...]]]]:
        """Like :meth:`records`: the names of fields, the keys of some rows, and the values of each."""
        wanted = set(keys)
        for bound, rows in self._wanted(wanted):
            found, values = self._values(bound, rows)
            fields = self._encoder(bound).names
            each_row = list(zip(*values, strict=True)) if fields else [()] * len(found)
            if not wanted.issuperset(found):  # a database may find "A" where "a" was asked for
                pairs = [pair for pair in zip(found, each_row, strict=True) if pair[0] in wanted]
                found, each_row = [key for key, _ in pairs], [each for _, each in pairs]
            yield fields, found, each_row

    def encoded(
        self, keys: Iterable[RecordKey], lock: bool = False
    ) -> Iterator[tuple[RecordKey, bytes]]:
        """Like :meth:`records`, as canonical bytes. ``lock`` locks the rows against writes until the
        transaction ends, if the database can do so."""
        wanted = set(keys)
        for bound, rows in self._wanted(wanted, lock=lock):
            for key, data in zip(*self._encoded(bound, rows), strict=True):
                if key in wanted:
                    yield key, data

    def members(self, label: str, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """The keys that have a row which belongs to the dump."""
        bound = self._table(label)
        copied = self.identities.copied(label)
        if copied is not None:
            keys = (key for key in keys if copied.pk_of_copy(key.key) is not None)
        return self._present(bound, keys, self._condition(bound))

    def holds_all(self, label: str) -> bool:
        """Whether every row of the model belongs to the dump."""
        return self.identities.copied(label) is None and self._condition(self.tables[label]) is None

    def existing(self, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """The keys, of any model of the project, that have a row."""
        found: set[RecordKey] = set()
        for label, some in by_model(keys).items():
            bound = self._any_table(label)
            if bound is not None and not self._has_none(bound, some):
                there = self._present(bound, [RecordKey(bound.label, key.key) for key in some])
                found |= {key for key in some if RecordKey(bound.label, key.key) in there}
        return found

    def filter_of(self, spec: ModelSpec) -> Mapping[str, Any]:
        """The spec's filter, as it is in this database: where it goes to copied rows, to the copies."""
        if not self.identities.copies or not spec.filter:
            return spec.filter
        return copied_filter(self.tables[spec.model].model, spec.filter, self.identities)

    def chosen(self, label: str) -> SQL | None:
        """The condition that a row belongs to the dump, in SQL; ``None`` if every row does."""
        return self._condition(self.tables[label])

    def condition(self, label: str) -> str:
        """The SQL of the condition that a row belongs to the dump; ``""`` if every row does."""
        found = self._condition(self.tables[label])
        return found[0] if found else ""

    # Tables

    @cached_property
    def _missing(self) -> frozenset[str]:
        with self._reading("its tables"):
            return frozenset(missing_tables(self.tables, self.using))

    def _table(self, label: str) -> Table:
        """The bound model, whose tables exist."""
        bound = self.tables[label]
        names = (bound.name, *(relation.table for relation in bound.relations))
        missing = next((name for name in names if name in self._missing), None)
        if missing is None:
            return bound
        if not router.allow_migrate_model(self.using, bound.model):
            raise ConfigurationError(
                f"database {self.using!r} has no table for {bound.label}: a database router keeps it "
                "out",
                hint="name the dumps that this database has, or leave the model out of the dataset",
            )
        raise DatabaseError(
            f"table {missing!r} of {bound.label} does not exist in database {self.using!r}",
            hint=way_to_tables(label, self.using),
        )

    def _any_table(self, label: str) -> Table | None:
        """A model in or outside the dump; ``None`` if it, or its table, does not exist."""
        if label in self.tables:
            return self._table(label)
        if label not in self._others:
            self._others[label] = None
            if self.identities.is_model(label):
                bound = table(apps.get_model(label), self.identities, self.using)
                with self._reading(label):
                    missing = missing_tables({label: bound}, self.using)
                self._others[label] = None if bound.name in missing else bound
        return self._others[label]

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except Error as error:
            ways, where = backend(self.using), f"cannot read {what} in database {self.using!r}"
            if ways.is_missing_table(error):
                raise DatabaseError(
                    f"{where}: {words(error)}",
                    hint=way_to_tables(what, self.using),
                ) from error
            raise ways.failure(where, error) from error

    def _filters(self, label: str) -> list[Mapping[str, Any]]:
        return [self.filter_of(spec) for spec in self.dataset.specs_of(label)]

    # Queries

    def _condition(self, bound: Table) -> SQL | None:
        """The condition that a row belongs to the dump; ``None`` if every row does."""
        return matching(bound, self._filters(bound.label), self.using)

    def _chunks(self, bound: Table) -> Iterator[list[Row]]:
        condition = self._condition(bound)
        if connections[self.using].vendor in _BUFFERING:
            yield from self._chunks_by_key(bound, condition)
            return
        head = select(bound.name, self._encoder(bound).columns, self.using)
        statement = self._where(head, bound, condition, order=True)
        yield from self._translated(bound, condition, stream(statement, self.using))

    def _copied(self, bound: Table, copied: CopyKeys) -> Iterator[list[Row]]:
        """The rows that are copies: the map says which."""
        keys = bound.decode_keys([*copied.copied()])
        yield from rows_at(keys, self._portion(bound), partial(self._rows, bound))

    def _chunks_by_key(self, bound: Table, condition: SQL | None) -> Iterator[list[Row]]:
        """All keys first, then the rows in chunks: only the keys are all in memory."""
        head = select(bound.name, bound.key_columns, self.using)
        with self._reading(bound.label):
            keys = execute(self._where(head, bound, condition, order=True), self.using)
        yield from rows_at(
            keys,
            self._portion(bound),
            lambda some: self._rows(bound, self._parameters(bound, some)),
        )

    def _translated(self, bound: Table, condition: SQL | None, chunks: Iterator[T]) -> Iterator[T]:
        while True:
            with self._reading(bound.label):
                try:
                    chunk = next(chunks, None)
                except FAILURES as error:
                    rows = self._where("", bound, condition, order=True)
                    named = unreadable(self._encoder(bound), rows, self.using)
                    what = f"cannot read {bound.label} in database {self.using!r}: {words(error)}"
                    raise named or DatabaseError(what) from error
            if chunk is None:
                return
            yield chunk

    def _where(self, head: str, bound: Table, condition: SQL | None, *, order: bool = False) -> SQL:
        where, params = condition or ("", ())
        keys = ", ".join(names(bound.name, bound.key_columns, self.using))
        tail = f" ORDER BY {keys}" if order else ""
        return f"{head}{' WHERE ' if where else ''}{where}{tail}", params

    def _rows(self, bound: Table, keys: Sequence[Row], *, lock: bool = False) -> list[Row]:
        """The rows whose key columns have these parameters."""
        connection = connections[self.using]
        head = select(bound.name, self._encoder(bound).columns, self.using)
        sql, params = self._where(
            head, bound, among(bound.key_columns, keys, self.using, bound.name)
        )
        if lock and connection.features.has_select_for_update:
            sql = f"{sql} {connection.ops.for_update_sql()}"
        with self._reading(bound.label):
            return execute((sql, params), self.using)

    def _parameters(self, bound: Table, rows: Sequence[Row]) -> list[Row]:
        """Key columns as the driver gave them, as parameters."""
        pks = self._encoder(bound).pks(rows)
        if len(bound.key_columns) == 1:
            (column,) = bound.key_columns
            return [(column.param(pk),) for pk in pks]
        return [
            tuple(c.param(value) for c, value in zip(bound.key_columns, pk, strict=True))
            for pk in pks
        ]

    def _wanted(
        self, keys: Iterable[RecordKey], *, lock: bool = False
    ) -> Iterator[tuple[Table, list[Row]]]:
        for label, some in by_model(keys).items():
            if label not in self.tables:
                continue
            bound = self._table(label)
            known = self._parameters_of(bound, some)
            read = partial(self._rows, bound, lock=lock)
            for rows in rows_at(known, self._portion(bound), read):
                yield bound, rows

    def _parameters_of(self, bound: Table, keys: Collection[RecordKey]) -> list[Row]:
        """The parameters of those of the keys that a row can have."""
        try:
            return bound.decode_keys([key.key for key in keys])
        except RecordError:
            return bound.decode_keys([key.key for key in self.identities.possible(keys)])

    def _portion(self, bound: Table) -> Portion:
        size = chunk_size(bound.key_columns, self.using)
        return self._portions.setdefault(bound.label, Portion(size))

    def _present(
        self, bound: Table, keys: Iterable[RecordKey], condition: SQL | None = None
    ) -> set[RecordKey]:
        """The keys that have a row for which the condition holds."""
        wanted, columns = set(keys), bound.key_columns
        if self._has_none(bound, wanted):
            return set()
        known = self._parameters_of(bound, wanted)
        with self._reading(bound.label):
            rows = list(rows_among(bound.name, columns, columns, known, self.using, condition))
        found = {RecordKey(bound.label, bound.encode_key(*row)) for row in rows}
        # A database may find "A" where "a" was asked for.
        return found & wanted

    def _has_none(self, bound: Table, keys: Collection[RecordKey]) -> bool:
        """Whether the table is known to have none of the keys, as it is empty; asked only for many keys."""
        with self._reading(bound.label):
            return len(keys) > COMPOSITE_CHUNK and is_empty(bound.name, self.using)

    def _count(self, bound: Table) -> int:
        copied = self.identities.copied(bound.label)
        if copied is not None:
            return sum(map(len, self._copied(bound, copied)))
        head = f"SELECT COUNT(*) FROM {quoted(bound.name, self.using)}"  # noqa: S608
        statement = self._where(head, bound, self._condition(bound))
        with self._reading(bound.label):
            ((count,),) = execute(statement, self.using)
        return int(count)

    def _visible(self, bound: Table) -> int:
        """How many rows of the dump the default manager shows."""
        rows = rows_of(bound.model, self.using)
        wanted = Q()
        for each in self._filters(bound.label):
            wanted |= Q(pk__in=rows.filter(**each).values("pk"))
        with self._reading(bound.label):
            try:
                shown = bound.model._default_manager.using(self.using).order_by()
                return int(shown.filter(wanted).values("pk").distinct().count())
            except Error:
                raise
            except Exception:  # the project's own code
                return 0

    # Encoding

    def _encoder(self, bound: Table) -> RowEncoder:
        found = self._encoders.get(bound.label)
        if found is None:
            found = self._encoders[bound.label] = RowEncoder(bound)
        return found

    def _values(
        self, bound: Table, rows: Sequence[Row]
    ) -> tuple[list[RecordKey], list[Sequence[Value]]]:
        """The keys of the rows, and their values field by field."""
        encoder = self._encoder(bound)
        pks = encoder.pks(rows)
        links = [self._links(bound, relation, pks) for relation in bound.relations]
        keys, values = encoder.keys(pks), encoder.values(rows, pks, links)
        self._know_gone(encoder, keys, values)
        return keys, values

    def _know_gone(
        self, encoder: RowEncoder, keys: Sequence[RecordKey], values: list[Sequence[Value]]
    ) -> None:
        """Put what rows referred to that is gone into the values: the name of a row, or a file.

        The name of a file stands alone where it did so in a row that is the same otherwise.
        """
        open_ = [
            (n, place)
            for places, kind in ((encoder.generic, dict), (encoder.carried, str))
            for place in places
            for n, value in enumerate(values[place])
            if value and type(value) is kind
        ]
        open_ += [
            (n, place)
            for place in encoder.carried
            if (names := encoder.table.fields[place].alone())
            for n, value in enumerate(values[place])
            if type(value) is CarriedFile and value.name in names
        ]
        before = self._before([keys[n] for n, _ in open_]) if open_ else {}
        columns = {place: list(values[place]) for place in {place for _, place in open_}}
        for n, place in open_:
            record = before.get(keys[n])
            was = record.fields.get(encoder.names[place]) if record else None
            if type(was) is CarriedFile:
                known = was.name == columns[place][n]
            elif record and type(columns[place][n]) is CarriedFile:
                row = zip(encoder.names, (column[n] for column in values), strict=True)
                known = all(_is_as(record, name, value) for name, value in row)
            else:
                known = isinstance(was, str) and self._is_gone(was, columns[place][n])
            if known:
                columns[place][n] = was
        for place, column in columns.items():
            values[place] = column

    def _is_gone(self, name: str, columns: Value) -> bool:
        """Whether the reference is to a row that is not here, of the model that the columns refer to."""
        if not isinstance(columns, Mapping):
            return False
        label, _, key = name.partition(":")
        content_type = str(columns["content_type"]).partition(":")[2]
        if columns["object_id"] is None or content_type != key_text(label.split(".")):
            return False
        return self.identities.is_model(label) and self.identities.pk(label, key) is None

    def _encoded(
        self, bound: Table, rows: Sequence[Row]
    ) -> tuple[list[RecordKey], Iterator[bytes]]:
        """The keys of the rows, and their canonical bytes."""
        keys, values = self._values(bound, rows)
        encoder = self._encoder(bound)
        return keys, encoder.bytes.encode_all(encoder.key_values(keys), values)

    def _links(self, bound: Table, relation: BoundRelation, pks: Sequence[Any]) -> Links:
        """The references of one many-to-many field for these rows, with one query."""
        if self._generation != self.identities.generation:  # rows are called otherwise by now
            self._generation = self.identities.generation
            self._link_encoders.clear()
        known = self._link_encoders.get((bound.label, relation.name))
        if known is None:
            known = self._link_encoders[bound.label, relation.name] = LinkEncoder(relation)
        columns = (relation.source, relation.target)
        head = select(relation.table, columns, self.using)
        order = () if relation.order is None else (relation.order, *relation.ties)
        tail = f" ORDER BY {', '.join(names(relation.table, order, self.using))}" if order else ""
        rows: list[Row] = []
        with self._reading(f"{bound.label}.{relation.name}"):
            for where, params in self._sources(relation, pks):
                rows += execute((f"{head} WHERE {where}{tail}", params), self.using)
        try:
            return known.links(rows)
        except RecordError as error:
            raise RecordError(f"{bound.label}: {error.message}", hint=error.hint) from error

    def _sources(self, relation: BoundRelation, pks: Sequence[Any]) -> Iterator[SQL]:
        source = relation.source
        if set(map(type, pks)) == {int}:
            first, last = min(pks), max(pks)
            if last - first < _SPAN * len(pks):
                (name,) = names(relation.table, (source,), self.using)
                yield f"{name} BETWEEN %s AND %s", (first, last)
                return
        for some in batches(pks, chunk_size((source,), self.using)):
            keys = [(source.param(pk),) for pk in some]
            yield among((source,), keys, self.using, relation.table)


def _is_as(record: Record, name: str, value: Value) -> bool:
    """Whether a row has what a record has in a field, or the file of which that has the name alone."""
    was = record.fields.get(name)
    return same(was, value) or (type(value) is CarriedFile and value.name == was)
