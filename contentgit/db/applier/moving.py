"""Rows get other primary keys, and everything that refers to them follows, also where no dump holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db.models import CharField, IntegerField, Model, TextField

from contentgit.content.layout import key_text
from contentgit.content.records import RecordKey, by_model
from contentgit.db.backends import Backend, backend
from contentgit.db.fields.values import itself
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import concrete, points_at_key
from contentgit.db.queries import highest, highest_possible, rows_among, rows_of, table_test
from contentgit.db.tables import Column, Table
from contentgit.errors import OvertakenError, RefusedError
from contentgit.models import RowIdentity

_UNDECLARED: Final = {"admin.logentry": ("content_type", "object_id")}
"""Generic references of Django that no ``GenericForeignKey`` declares."""

_TEXTS: Final = ("CharField", "TextField")
"""What fields of the project's own are that hold texts."""


class _Reference(NamedTuple):
    """A column that holds primary keys; with ``types``, where another column has one of these values."""

    table: str
    column: Column
    types: tuple[Column, tuple[Any, ...]] | None = None
    as_text: bool = False


@dataclass(frozen=True)
class Moving:
    """Moves rows in the transaction of an apply; ``table`` binds any model."""

    identities: Identities

    @property
    def _backend(self) -> Backend:
        return backend(self.identities.using)

    def left_behind(self, keys: Iterable[RecordKey], tables: Mapping[str, Table]) -> set[RecordKey]:
        """Those of the keys, of rows that are gone, to which something still refers.

        Raises:
            DatabaseError: the database refuses.
        """
        found: set[RecordKey] = set()
        for label, some in by_model(keys).items():
            texts = [key.key for key in some]
            for name, column, types, as_text in self._references(tables[label]):
                wanted = [column]
                rows: list[tuple[Any, ...]]
                rows = [(text if as_text else int(text),) for text in texts]
                if types is not None:
                    wanted.append(types[0])
                    rows = [(*row, each) for row in rows for each in types[1]]
                held = rows_among(name, (column,), wanted, rows, self.identities.using)
                found |= {RecordKey(label, str(value)) for (value,) in held}
        return found

    def move(
        self,
        keys: Mapping[RecordKey, RecordKey],
        tables: Mapping[str, Table],
        gone: AbstractSet[RecordKey] = frozenset(),
    ) -> set[str]:
        """Give each row its new key. No row has one that is not given up; ``tables`` are those of the models.

        Of rows that are ``gone`` only what refers to them follows.

        Returns:
            The names of the tables that were written.

        Raises:
            OvertakenError: a row is gone.
            RefusedError: a key is too high for the column.
            DatabaseError: the database refuses.
        """
        self._backend.defer_constraints()
        written: set[str] = set()
        for label, some in by_model(keys).items():
            table = tables[label]
            references = [*self._references(table), *self._names(label)]
            pairs = {int(old.key): int(keys[old].key) for old in some}
            absent = {int(key.key) for key in gone if key.model == label}
            for wave in waves(pairs, highest(table, self.identities.using)):
                self._refuse_too_high(table, wave)
                self._move(table, references, wave, len(wave.keys() - absent))
                absent = {wave.get(number, number) for number in absent}
            written |= {table.name, *(each.table for each in references)}
        self._backend.check_constraints(written)
        self._backend.reset_sequences([tables[label].model for label in by_model(keys)])
        return written

    def _refuse_too_high(self, table: Table, pairs: Mapping[int, int]) -> None:
        top, new = highest_possible(table, self.identities.using), max(pairs.values())
        if new > top:
            raise RefusedError(
                f"{table.label}:{new} cannot be the key of a row: {top} is the highest possible",
                hint=f"give the row or record with the highest key of {table.label} a lower one",
            )

    def _move(
        self, table: Table, references: Sequence[_Reference], pairs: Mapping[int, int], count: int
    ) -> None:
        (key,) = table.key_columns
        rows = [(new, old) for old, new in pairs.items()]
        if self._backend.update(table.name, [key], [key], rows) != count:
            raise OvertakenError(
                f"a row of {table.label} was deleted while the apply was about to move it",
                hint="run the command again: the plan will show it",
            )
        for name, column, types, as_text in references:
            values = [(str(new), str(old)) for new, old in rows] if as_text else rows
            if types is None:
                self._backend.update(name, [column], [column], values)
                continue
            of_types = [(*pair, each) for pair in values for each in types[1]]
            self._backend.update(name, [column], [column, types[0]], of_types)

    # What holds the keys

    def _references(self, table: Table) -> Iterator[_Reference]:
        """Every column of the database that refers to the model's rows by their primary keys."""
        family = [table.model]
        for target in family:  # which grows: a row shares its key with its multi-table children
            for field in self._fields:
                if concrete(field.related_model) is target and points_at_key(field):
                    yield _Reference(field.model._meta.db_table, _column(field))
                    if field.primary_key and field.model not in family:
                        family.append(field.model)
        types = tuple(self._types({*family}))
        for first, second in self._generic if types else ():
            as_text = not _is_integer(second)
            table_name = second.model._meta.db_table
            yield _Reference(table_name, _column(second), (_column(first), types), as_text)

    def _names(self, label: str) -> Iterator[_Reference]:
        """The names that rows have in copies."""
        meta = RowIdentity._meta
        if RowIdentity not in self._models:
            return
        rows = rows_of(RowIdentity, self.identities.using).filter(label__endswith=f" {label}")
        labels = tuple(rows.values_list("label", flat=True).distinct())
        if labels:
            row, held = _column(meta.get_field("row")), _column(meta.get_field("label"))
            yield _Reference(meta.db_table, row, (held, labels), as_text=True)

    @cached_property
    def _models(self) -> list[type[Model]]:
        """The models whose tables are in the database."""
        exists = table_test(self.identities.using)
        models = apps.get_models(include_auto_created=True)
        return [each for each in models if concrete(each) is each and exists(each._meta.db_table)]

    @cached_property
    def _fields(self) -> list[Any]:
        """The columns that refer to rows."""
        return [
            field
            for model in self._models
            for field in model._meta.local_concrete_fields
            if field.is_relation and field.related_model
        ]

    def _types(self, models: set[type[Model]]) -> Iterator[Any]:
        """The content types of the models, and of their proxies."""
        types = "contenttypes.contenttype"
        for model in apps.get_models() if self.identities.is_model(types) else ():
            if concrete(model) in models:
                name = key_text([model._meta.app_label, str(model._meta.model_name)])
                pk = self.identities.pk(types, name)
                if pk is not None:
                    yield pk

    @property
    def _generic(self) -> Iterator[tuple[Any, Any]]:
        """The columns of content type and key of each generic reference that can hold a number."""
        for model in self._models:
            names = [
                (field.ct_field, field.fk_field)
                for field in model._meta.private_fields
                if hasattr(field, "ct_field") and hasattr(field, "fk_field")
            ]
            if model._meta.label_lower in _UNDECLARED:
                names.append(_UNDECLARED[model._meta.label_lower])
            for each in names:
                first, second = map(model._meta.get_field, each)
                if second.model is model and (_is_integer(second) or _is_text(second)):
                    yield first, second


def _is_integer(field: Any) -> bool:
    return isinstance(field, IntegerField) and not field.is_relation


def _is_text(field: Any) -> bool:
    return isinstance(field, (CharField, TextField)) or field.get_internal_type() in _TEXTS


def _column(field: Any) -> Column:
    """The column, for values that the driver takes as they are."""
    return Column(str(field.column), field.attname, itself)


def waves(pairs: Mapping[int, int], highest: int = 0) -> list[dict[int, int]]:
    """The pairs of old and new key in parts that can be moved one after the other.

    No new key of a part is in use when its turn comes. Where rows change places, one goes through a key
    above the ``highest``.
    """
    left, found = dict(pairs), list[dict[int, int]]()
    spare = max([highest, *pairs, *pairs.values()]) + 1
    while left:
        free = {old: new for old, new in left.items() if new not in left}
        if not free:
            old, new = next(iter(left.items()))
            free, left[spare] = {old: spare}, new
            spare += 1
        for old in free:
            del left[old]
        found.append(free)
    return found
