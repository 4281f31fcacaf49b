"""The titles of records: what their model's ``__str__`` returns, in bulk.

Rows are fetched with the rows that their foreign keys refer to, so that a ``__str__`` that uses these makes
no query of its own. A record without a row is titled by an unsaved instance of its values. All of this
runs the project's code: :class:`QueryAllowance` limits its queries, and an error costs only the title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Self, TypeVar

from django.apps import apps
from django.db import Error, connections
from django.db.models import Model

from contentgit.content.portions import value_size
from contentgit.content.records import JSON_NULL, Record, RecordKey, by_model
from contentgit.content.schema import FieldKind
from contentgit.content.titles import best_text, one_line
from contentgit.db.failures import translated
from contentgit.db.fields.plain import plain
from contentgit.db.fields.values import Codec
from contentgit.db.identity import Identities
from contentgit.db.introspect import table
from contentgit.db.introspect.binding import column_codec
from contentgit.db.queries import Portion, Row, chunk_size, instances_of, rows_of
from contentgit.db.tables import Table, Tables

T = TypeVar("T")

QUERIES = 20
"""Queries that the project's code may make of its own for the titles of one call."""

RETRIES = 20
"""Repeated fetches for the titles of one call, to isolate rows whose instance cannot be built."""

_READS: Final = re.compile(r"[\s(]*(SELECT|WITH|VALUES)\b", re.IGNORECASE)
_NONE: Mapping[RecordKey, Record] = {}


class QueryRefusedError(Exception):
    """The project's code ran a query that it may not run."""


class QueryAllowance:
    """Limits the queries of the body on every open connection, and rolls them back.

    The body may run ``queries`` queries, which only read. They run in a savepoint, created for the first of
    them, so that a failing query does not end the transaction. The query within :meth:`own` is not counted.
    """

    def __init__(self, queries: int) -> None:
        self._left = queries
        self._free = 0
        self._failed = False
        self._savepoints: dict[str, Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for connection in connections.all(initialized_only=True):
            self._stack.enter_context(connection.execute_wrapper(self._execute))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for alias, savepoint in self._savepoints.items():
            with suppress(Error):  # the next query reports a lost connection
                connections[alias].savepoint_rollback(savepoint)
                connections[alias].savepoint_commit(savepoint)

    @contextmanager
    def own(self) -> Iterator[None]:
        """The next query belongs to contentgit, not to the project's code."""
        self._free, self._failed = 1, False
        try:
            yield
        finally:
            self._free = 0

    def result(self, call: Callable[[], T]) -> T | None:
        """The result of ``call``; ``None`` if the project's code raises in it.

        Raises:
            Error: the database refuses a query of contentgit.
        """
        try:
            return call()
        except Exception:
            if self._failed:
                raise
            return None

    def _execute(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        if self._free:
            self._free -= 1
            try:
                return execute(sql, params, many, context)
            except Error:
                self._failed = True
                raise
        if self._left <= 0 or not _READS.match(str(sql)):
            raise QueryRefusedError(sql)
        self._left -= 1
        connection = context["connection"]
        if connection.alias not in self._savepoints and connection.in_atomic_block:
            self._free = 1
            self._savepoints[connection.alias] = connection.savepoint()
        savepoint = self._savepoints.get(connection.alias)
        try:
            return execute(sql, params, many, context)
        except Error:
            if savepoint:
                self._free = 1
                connection.savepoint_rollback(savepoint)
            raise


def titles(
    using: str,
    tables: Tables,
    keys: Sequence[RecordKey],
    records: Mapping[RecordKey, Record] = _NONE,
    identities: Identities | None = None,
) -> dict[RecordKey, str]:
    """The title of each key, in one line; ``""`` if nothing is known of it.

    ``keys`` may be of any model of the project. ``records`` holds the content of those that have no
    row, and of those whose ``__str__`` fails or makes more than :data:`QUERIES` queries in all.
    ``identities`` are those of the tables, where these are not identified by what their schemas say alone.

    Raises:
        DatabaseError: the database refuses.
    """
    with QueryAllowance(QUERIES) as allowance:
        identities = identities or Identities(
            using, {label: each.schema.identity or "pk" for label, each in tables.items()}
        )
        namer = _Namer(using, dict(tables), records, allowance, identities)
        found: dict[RecordKey, str] = {}
        for some in namer.rows(keys):  # a row goes as soon as it has its title
            found |= {key: namer.title(key, instance) for key, instance in some.items()}
        absent = [key for key in keys if key not in found and key in records]
        for some in namer.rows([*namer.parents(absent), *namer.references(absent)]):
            namer.instances |= some
        return {key: found[key] if key in found else namer.title(key) for key in keys}


@dataclass
class _Namer:
    """Titles of rows, and of records by the instances that they refer to."""

    using: str
    tables: dict[str, Table]
    records: Mapping[RecordKey, Record]
    allowance: QueryAllowance
    identities: Identities
    retries: int = RETRIES
    instances: dict[RecordKey, Model] = field(default_factory=dict)
    codecs: dict[Any, Codec | None] = field(default_factory=dict)

    def title(self, key: RecordKey, instance: Model | None = None) -> str:
        """What ``__str__`` of the instance returns, else the best text of its record or row."""
        if instance is None:  # an instance may be false: its class may define __len__
            instance = self._unsaved(key, depth=1)
        title = _said(instance) if instance is not None else ""
        if title:
            return title
        record = self.records.get(key)
        if record is None and instance is not None:
            values = _values(instance).items()
            record = Record(key, {n: value for n, value in values if isinstance(value, str)})
        bound = self.tables.get(key.model)
        return best_text(record, bound.schema if bound else None) if record else ""

    # Rows

    def rows(self, keys: Iterable[RecordKey]) -> Iterator[dict[RecordKey, Model]]:
        """The instances of the keys that have rows: one query for each model and portion."""
        for label, some in by_model(dict.fromkeys(keys)).items():
            bound = self._bound(label)
            if bound is not None:
                yield from self._fetched(bound, some)

    def _bound(self, label: str) -> Table | None:
        if label not in self.tables:
            if not self.identities.is_model(label):
                return None
            self.tables[label] = table(label, self.identities, self.using)
        return self.tables[label]

    def _fetched(self, bound: Table, keys: Sequence[RecordKey]) -> Iterator[dict[RecordKey, Model]]:
        wanted = [bound.decode_key(key.key) for key in self.identities.possible(keys)]
        forward = [each.name for each in bound.model._meta.concrete_fields if each.is_relation]
        rows = rows_of(bound.model, self.using)
        if forward:  # without a name it would follow every relation
            rows = rows.select_related(*forward)
        waiting, portion = iter(wanted), Portion(chunk_size(bound.key_columns, self.using))
        while some := list(islice(waiting, portion.size)):
            with translated(f"cannot read {bound.label} in database {self.using!r}"):
                found = self._built(bound, rows, some)
            portion.seen(len(found), sum(_size(row) for _, row in found))
            yield {RecordKey(keys[0].model, key): row for key, row in found}

    def _built(self, bound: Table, rows: Any, keys: Sequence[Row]) -> list[tuple[str, Model]]:
        """The instances of rows, without those that the project's code fails to build."""
        with self.allowance.own():
            found = self.allowance.result(lambda: list(instances_of(rows, bound, keys, self.using)))
        if found is not None:
            return found
        if len(keys) == 1 or self.retries <= 0:
            return []
        self.retries -= 1
        middle = len(keys) // 2
        halves = (keys[:middle], keys[middle:])
        return [pair for half in halves for pair in self._built(bound, rows, half)]

    # Records without a row

    def parents(self, keys: Iterable[RecordKey]) -> Iterator[RecordKey]:
        """The multi-table parents of records."""
        for key in keys:
            if not self.identities.is_model(key.model):
                continue  # a commit may hold records of any name
            for model in apps.get_model(key.model)._meta.get_parent_list():
                yield RecordKey(model._meta.label_lower, key.key)

    def references(self, keys: Iterable[RecordKey]) -> Iterator[RecordKey]:
        """What records, and their multi-table parents' records, refer to by foreign keys."""
        for key in (*keys, *self.parents(keys)):
            record, bound = self.records.get(key), self._bound(key.model)
            if record is None or bound is None:
                continue
            for each in bound.fields:
                value = record.fields.get(each.name)
                if each.schema.kind is FieldKind.REFERENCE and isinstance(value, str):
                    with suppress(ValueError):
                        yield RecordKey.parse(value)

    def _unsaved(self, key: RecordKey, depth: int) -> Model | None:
        """An unsaved instance of the record's values, with references up to ``depth``."""
        if key not in self.records or self._bound(key.model) is None:
            return None
        try:
            model: type[Model] = apps.get_model(key.model)
            # Without values the model would call the project's defaults, which may write.
            instance = model(*[None] * len(model._meta.concrete_fields))
            instance._state.db = self.using
            for each in (*self.parents([key]), key):
                self._give(instance, each, depth)
        except Exception:  # the project's own code
            return None
        return instance

    def _give(self, instance: Model, key: RecordKey, depth: int) -> None:
        """Give the instance the values of one record, its own or that of a parent."""
        record, bound = self.records.get(key), self._bound(key.model)
        if record is None or bound is None:
            there = self.instances.get(key)
            instance.__dict__.update({} if there is None else _values(there))
            return
        if not bound.schema.local_key:
            pk = self.identities.pk(bound.label, key.key)
            values = pk if isinstance(pk, tuple) else (pk,)
            for column, value in zip(bound.key_columns, values, strict=True):
                setattr(instance, column.attname, value)
        for name, value in record.fields.items():
            if name in bound.field and bound.field[name].schema.kind is not FieldKind.GENERIC:
                field: Any = bound.model._meta.get_field(name)
                if field.is_relation:
                    self._point(instance, name, value, depth)
                else:
                    setattr(instance, field.attname, self._python(field, value))

    def _point(self, instance: Model, name: str, value: Any, depth: int) -> None:
        """Set the instance's reference to the row or record that it refers to, if that is known."""
        if isinstance(value, str):
            key = RecordKey.parse(value)
            target = self.instances.get(key)
            if target is None and depth:
                target = self._unsaved(key, depth - 1)
            if target is not None:
                setattr(instance, name, target)

    def _python(self, field: Any, value: Any) -> Any:
        """What an instance holds for a content value."""
        if field not in self.codecs:
            self.codecs[field] = column_codec(field, self.using)
        codec = self.codecs[field]
        if value is None or codec is None:
            return None
        python = codec.value(value)
        own = plain(field) is not field
        if not own:
            return None if python is JSON_NULL else field.to_python(python)
        if hasattr(field, "from_db_value"):
            raw = codec.param(python) if codec.kind is FieldKind.JSON else python
            return field.from_db_value(raw, None, connections[self.using])
        return field.to_python(python)


def _said(instance: Model) -> str:
    if type(instance).__str__ is Model.__str__:
        return ""  # "Page object (1)" says nothing that the key does not say
    try:
        return one_line(str(instance))
    except Exception:  # the project's own code
        return ""


def _values(instance: Model) -> dict[str, Any]:
    return {
        each.attname: instance.__dict__[each.attname]
        for each in instance._meta.concrete_fields
        if each.attname in instance.__dict__
    }


def _size(instance: Model) -> int:
    """The approximate number of characters in the row and in the rows that it refers to."""
    related = instance._state.fields_cache.values()
    rows = [instance, *(each for each in related if isinstance(each, Model))]
    return sum(value_size(value) for row in rows for value in _values(row).values())
