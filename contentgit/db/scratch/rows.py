"""Records as rows of a scratch database, written as columns: no model is saved, and no receiver called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from django.apps import apps
from django.apps.registry import Apps
from django.db import Error, connection, transaction

from contentgit.content.diff import ABSENT
from contentgit.content.layout import decode_part, key_text
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema
from contentgit.db.applier.rows import decoded
from contentgit.db.applier.trees import TreeWriter
from contentgit.db.backends import Backend, backend
from contentgit.db.introspect import table
from contentgit.db.scratch.identities import ScratchIdentities
from contentgit.db.scratch.marks import Marks
from contentgit.db.tables import Column, Table
from contentgit.errors import DatabaseError, FormatError, RefusedError

Records: TypeAlias = Callable[[], Iterator[Record]]
"""The records of a commit from the beginning, those of all dumps."""

_ROWS = 500
_LINKS = (FieldKind.REFERENCE, FieldKind.REFERENCES)
_TYPES = "contenttypes.contenttype"
_PERMISSIONS = "auth.permission"


def empty(models: Apps) -> None:
    """Deletes the rows that migrations have made: the commit has what became of them."""
    there = {*connection.introspection.table_names()}
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        for model in models.get_models(include_auto_created=True):
            meta = model._meta
            if meta.managed and not meta.proxy and meta.db_table in there:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(meta.db_table)}")  # noqa: S608


def forget_content_types() -> None:
    """Forgets the rows of content types that this process knows: others are there now."""
    if apps.is_installed("django.contrib.contenttypes"):
        from django.contrib.contenttypes.models import ContentType  # needs its app

        ContentType.objects.clear_cache()


@dataclass
class Load:
    """Loads records into the empty ``tables`` of the models ``models``.

    ``embedded`` are the fields with references inside, by model.

    ``notes`` counts the references that lead out of the commit and become NULL or are left out, by model,
    field and target.
    """

    tables: Mapping[str, Table]
    identities: ScratchIdentities
    models: Apps
    embedded: Mapping[str, list[FieldSchema]] = field(default_factory=dict)
    notes: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    _present: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _lost: list[str] = field(default_factory=list)
    _twice: set[RecordKey] = field(default_factory=set)
    _own: dict[str, Table] = field(default_factory=dict)
    _count: int = 0

    def run(self, records: Records, progress: Callable[[str, int, int | None], None]) -> int:
        """Loads all records; how many they are.

        Raises:
            RefusedError: a reference that may not be NULL leads out of the commit; all such are listed.
            RecordError: a value does not fit its column.
            DatabaseError: the database refuses; the message names the record.
        """
        self._survey(records())
        written: set[RecordKey] = set()
        writer = _Writer(backend(self.identities.using))
        trees = TreeWriter(writer.backend, self.identities)
        with connection.constraint_checks_disabled(), transaction.atomic():
            for number, record in enumerate(records()):
                if not number % _ROWS:
                    progress("loading the commit", number, self._count)
                if record.key not in written:
                    self._add(writer, trees, self._within(record))
                written |= {record.key} & self._twice
            self._add_own(writer)
            writer.flush()
            if not self._lost:
                trees.write()
        self._refuse_lost()
        try:
            writer.backend.check_constraints(sorted(connection.introspection.table_names()))
        except DatabaseError as error:
            raise DatabaseError(
                "the commit's records refer to rows that the scratch database does not have",
                items=error.items,
            ) from error
        filled = (*self.tables.values(), *self._own.values())
        writer.backend.reset_sequences([each.model for each in filled])
        return self._count

    @cached_property
    def marks(self) -> Marks:
        """The references inside of texts and JSON as primary keys, once all records are known."""
        return Marks(self.identities, self.embedded, lambda key: self._has(str(key)))

    # What there is

    def _survey(self, records: Iterable[Record]) -> None:
        """Learns the keys of all records, and the values by which others refer to them."""
        by_value: dict[str, set[str]] = defaultdict(set)
        for bound in self.tables.values():
            for each in bound.schema.fields:
                if each.by_value:
                    link: Any = bound.model._meta.get_field(each.name)
                    by_value[each.target].add(link.target_field.name)
        for record in records:
            label, text = record.key
            self._check(record)
            self._count += 1
            if text in self._present[label]:
                self._twice.add(record.key)
            self._present[label].add(text)
            self.identities.learn(record)
            for name in by_value.get(label, ()):
                values = self.identities.values.setdefault((label, name), {})
                values[text] = record.fields.get(name, decode_part(text))
        self.identities.close()

    def _check(self, record: Record) -> None:
        """Refuses a record that is not of a recorded model, with its fields."""
        bound = self.tables.get(record.key.model)
        if bound is None:
            raise FormatError(f"{record.key} is of a model that dataset.json does not have")
        for each in bound.schema.fields:
            value = record.fields.get(each.name, ABSENT)
            if value is ABSENT:
                raise FormatError(f"{record.key} lacks the field {each.name}")
            links = [value] if each.kind is FieldKind.REFERENCE else value
            if each.kind in _LINKS and value is not None:
                fits = isinstance(links, list) and all(map(_is_reference, links))
                if not fits:
                    raise FormatError(f"{record.key} {each.name}: this is no reference: {value!r}")

    def _has(self, reference: str) -> bool:
        key = RecordKey.parse(reference)
        return key.key in self._present.get(key.model, ()) or key.model in self.identities.open

    # References

    def _within(self, record: Record) -> Record:
        """The record without references to what neither the commit nor every site has."""
        bound = self.tables[record.key.model]
        values = dict(record.fields)
        for each in bound.schema.fields:
            value = values.get(each.name)
            if not value:
                continue
            if each.kind is FieldKind.REFERENCE and not self._has(value):
                values[each.name] = self._led_out(record.key, each, value)
            elif each.kind is FieldKind.REFERENCES:
                kept = [target for target in value if self._has(target)]
                for target in {*value} - {*kept}:
                    self._note(record.key.model, each.name, target)
                values[each.name] = kept
            elif each.kind is FieldKind.GENERIC and self._is_lost(value):
                values[each.name] = self._led_out(record.key, each, value)
        shared = len(bound.key_columns) == 1 and not self._holds_key(bound)
        if shared and bound.schema.parent_constrained:
            for parent in bound.schema.key_targets:
                if not self._has(f"{parent}:{record.key.key}"):
                    self._lost.append(f"{record.key}: its row of {parent}")
        return self.marks.without(Record(record.key, values))

    def _holds_key(self, bound: Table) -> bool:
        """Whether records hold the primary key, since their key is made of other fields."""
        return any(each.name in bound.schema.by_name for each in bound.model._meta.pk_fields)

    def _is_lost(self, value: Any) -> bool:
        """Whether a generic reference leads to a row whose primary key only the commit could give."""
        if not _is_reference(value):
            return False
        key, identities = RecordKey.parse(value), self.identities
        local = identities.is_model(key.model) and identities.fields(key.model)
        return bool(local) and not self._has(value)

    def _led_out(self, key: RecordKey, each: FieldSchema, value: str) -> Any:
        if not each.constrained and not self.identities.fields(each.target):
            return value
        if each.null:
            self._note(key.model, each.name, value)
        else:
            self._lost.append(f"{key} {each.name}: {value}")
        return None

    def _note(self, model: str, name: str, target: str) -> None:
        self.notes[model, name, target] += 1

    def _refuse_lost(self) -> None:
        if self._lost:
            raise RefusedError(
                f"{len(self._lost)} references lead to records that the commit does not have, and may "
                "not be NULL",
                items=self._lost,
                hint="apply the commit on a site that has these rows and the code of that time, migrate that "
                "site, and commit its content to a branch",
                data={"missing": self._lost},
            )

    # Rows

    def _add(self, writer: _Writer, trees: TreeWriter, record: Record) -> None:
        if not self._lost:
            bound = self.tables[record.key.model]
            trees.make(bound, record.key, record.fields)
            writer.add(bound, record)

    def _add_own(self, writer: _Writer) -> None:
        """The rows that each site makes itself: those of ``post_migrate``, and what records refer to."""
        given = self.identities.given
        for label, text in self._by_post_migrate():
            if self.identities.is_model(label) and label in self.identities.open:
                self.identities.pk(label, text)
        made: set[RecordKey] = set()
        while True:
            wanted = {
                RecordKey(label, text)
                for label in self.identities.open & given.keys()
                for text in given[label].pks
            }
            if wanted <= made:
                return
            for key in sorted(wanted - made):
                fields = _OWN[key.model](*map(decode_part, key.key.split(",")))
                writer.add(self._own_table(key.model, fields.keys()), Record(key, fields))
            made |= wanted

    def _by_post_migrate(self) -> Iterator[tuple[str, str]]:
        """The models and keys of content types and permissions of the state."""
        for model in self.models.get_models():
            meta = model._meta
            place = [meta.app_label, str(meta.model_name)]
            yield _TYPES, key_text(place)
            names = [f"{action}_{meta.model_name}" for action in meta.default_permissions]
            for name in (*names, *(name for name, _ in meta.permissions)):
                yield _PERMISSIONS, key_text([name, *place])

    def _own_table(self, label: str, names: Collection[str]) -> Table:
        if label not in self._own:
            model = self.models.get_model(label)
            fields = (*model._meta.local_concrete_fields, *model._meta.local_many_to_many)
            rest = frozenset(each.name for each in fields) - {*names}
            self._own[label] = table(model, self.identities, self.identities.using, rest)
        return self._own[label]


def _is_reference(value: object) -> bool:
    """Whether the value can be parsed as a reference."""
    try:
        return isinstance(value, str) and bool(RecordKey.parse(value))
    except ValueError:
        return False


_OWN: Mapping[str, Callable[..., dict[str, Any]]] = {
    _TYPES: lambda label, model: {"app_label": label, "model": model},
    _PERMISSIONS: lambda name, label, model: {
        "codename": name,
        "name": name,
        "content_type": f"{_TYPES}:{key_text([label, model])}",
    },
    "auth.group": lambda name: {"name": name},
    "sites.site": lambda domain: {"domain": domain, "name": domain[:50]},
    "wagtailcore.locale": lambda language: {"language_code": language},
}
"""The fields of a row that each site makes itself, by the parts of its key."""


class _Waiting(NamedTuple):
    """Rows of a table that are not written yet, each with the record that it is of."""

    columns: tuple[Column, ...]
    rows: list[tuple[RecordKey, tuple[Any, ...]]]


class _Writer:
    """Writes rows in batches."""

    def __init__(self, used: Backend) -> None:
        self.backend = used
        self._waiting: dict[str, _Waiting] = {}

    def add(self, table: Table, record: Record) -> None:
        """The record's row, and those of its many-to-many fields."""
        pairs: dict[str, tuple[Column, Any]] = {}
        for one in table.fields:
            if one.placed:
                continue
            parameters = decoded(record.key, one.name, one.decode, record.fields[one.name])
            for column, parameter in zip(one.columns, parameters, strict=True):
                pairs[column.name] = column, parameter
        key = table.decode_key(record.key.key)
        for column, parameter in zip(table.key_columns, key, strict=True):
            pairs.setdefault(column.name, (column, parameter))
        for column, make in table.fill:
            if column.name not in pairs:
                pairs[column.name] = column, make()
        columns, row = zip(*pairs.values(), strict=True)
        self._put(table.name, columns, record.key, row)
        for relation in table.relations:
            order = () if relation.order is None else (relation.order,)
            columns = (relation.source, relation.target, *order)
            for place, target in enumerate(record.fields[relation.name], start=1):
                other = decoded(record.key, relation.name, relation.decode_target, target)
                number = tuple(each.param(place) for each in order)
                self._put(relation.table, columns, record.key, (*key, other, *number))

    def _put(self, name: str, columns: tuple[Column, ...], key: RecordKey, row: Any) -> None:
        waiting = self._waiting.setdefault(name, _Waiting(columns, []))
        waiting.rows.append((key, row))
        if len(waiting.rows) >= _ROWS:
            self._write(name)

    def flush(self) -> None:
        """Writes what waits."""
        for name in list(self._waiting):
            self._write(name)

    def _write(self, name: str) -> None:
        columns, rows = self._waiting.pop(name)
        try:
            with transaction.atomic():
                self.backend.insert(name, columns, [row for _, row in rows])
        except Error:
            for key, row in rows:
                try:
                    with transaction.atomic():
                        self.backend.insert(name, columns, [row])
                except Error as error:
                    raise self.backend.failure(f"{key} in the scratch database", error) from error
            raise
