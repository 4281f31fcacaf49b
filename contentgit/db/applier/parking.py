"""Rows that give up unique values temporarily, so that other rows can take these.

Two rows may swap a slug, three may rotate a position: unique constraints are checked at once, so no order
of plain updates works. A parked row holds NULL or a random value until its own update. If the database
accepts neither, the whole row is moved to a temporary table and restored by its update, with all its
columns, also those that contentgit does not know.
"""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import Error, models, transaction

from contentgit.content.schema import FieldKind
from contentgit.db.applier.codes import Codes
from contentgit.db.applier.rows import StandIn
from contentgit.db.backends.base import Backend
from contentgit.db.tables import BoundField, Column, Rows, Table, model_field
from contentgit.errors import DatabaseError

ATTEMPTS = 8
"""Placeholders that are tried for a row before it is put away."""

LETTERS = string.ascii_lowercase + string.digits
NOBODYS_LETTERS = "".join(map(chr, range(0xE000, 0xF900)))
"""Unicode's private use area: short texts of these are none that others take."""

FUTURE = datetime(3000, 1, 1, tzinfo=UTC)
FEWEST_LETTERS = 6
FEWEST_DIGITS = 9
"""A placeholder must be none of the values that the other rows are about to take, so fields with
few values have none."""

Key = tuple[Any, ...]


class Parking:
    """The parked rows of one apply.

    ``away`` are the rows that were moved out of their table. Only the database knows which of them are
    restored: a savepoint may roll that back.
    """

    def __init__(self, backend: Backend, codes: Codes) -> None:
        self.backend = backend
        self.codes = codes
        self.away: dict[str, set[Key]] = {}
        self._columns: dict[str, list[str]] = {}

    def park(self, table: Table, fields: Sequence[str], keys: Rows) -> int:
        """The rows give up their values in ``fields``; the number of rows that were there.

        Of each unique set one field suffices.
        """
        if _leaves_a_condition(table, fields):
            return sum(self._put_away(table, key) for key in keys)
        # Of a generic reference the column of the row's key, not of its type.
        columns = [field.columns[-1] for field in chosen(table, fields)]
        rows = [(*(self._first(table, column) for column in columns), *key) for key in keys]
        try:
            if all(
                self._first(table, column) is not None or self._null_is_free(table, column)
                for column in columns
            ):
                with transaction.atomic(using=self.backend.using):
                    return self.codes.update(table, columns, rows)
        except Error as error:
            if self.backend.is_over(error):
                raise
        return sum(self._park_one(table, columns, key) for key in keys)

    def bring_back(self, table: Table, columns: Sequence[Column], row: Key) -> int:
        """Put the row back that was put away, with new values; ``row`` is as for an update.

        Gives 1, or 0 where it is back already.
        """
        key = row[len(columns) :]
        shelf, names = self._shelf(table), ", ".join(self._names(table))
        if columns:
            self.backend.update(shelf, columns, table.key_columns, [row])
        count = self.backend.execute(
            f"INSERT INTO {self.backend.quoted(table.name)} ({names}) SELECT {names}"  # noqa: S608
            f" FROM {self.backend.quoted(shelf)} WHERE {self.backend.where(table.key_columns)}",
            key,
        )
        self.backend.delete(shelf, table.key_columns, [key])
        return count

    def close(self) -> None:
        """Clear up; to be called while the transaction is open and whole."""
        for label in self.away:
            shelf = self.backend.quoted(_shelf_name(label))
            self.backend.execute(f"{self.backend.drop_temporary} {shelf}")

    def stand_in(self, table: Table, field: BoundField, *, filled: bool = False) -> StandIn | None:
        """What a row can hold in the field until its value is known; ``None`` if there is nothing.

        ``filled`` is for fields that must not be NULL meanwhile.
        """
        found: list[Any] = []
        for column in field.columns:
            found += islice(self._parameters(table, column, filled=filled), 1)
        return StandIn(tuple(found)) if len(found) == len(field.columns) else None

    def _first(self, table: Table, column: Column) -> Any:
        return next(self._parameters(table, column), None)

    def _null_is_free(self, table: Table, column: Column) -> bool:
        """Whether a row with NULL there collides with none, and nothing would have to follow."""
        names = {field.name for field in table.fields if column in field.columns}
        sets = [each for each in table.schema.unique if names & set(each.fields)]
        free = all(each.plain and each.nulls_distinct for each in sets)
        return free and not self.codes.is_held(table, [column])

    def _parameters(self, table: Table, column: Column, *, filled: bool = False) -> Iterator[Any]:
        """The placeholders that the column may hold meanwhile, as parameters."""
        for value in placeholders(model_field(table.model, column), self.backend):
            if value is not None or (not filled and self._null_is_free(table, column)):
                yield column.param(value)

    def _park_one(self, table: Table, columns: Sequence[Column], key: Key) -> int:
        """Other placeholders one after the other; the last resort is to put the row away."""
        sources = [self._parameters(table, column) for column in columns]
        for values in islice(zip(*sources, strict=False), ATTEMPTS):
            try:
                with transaction.atomic(using=self.backend.using):
                    return self.codes.update(table, columns, [(*values, *key)])
            except Error as error:
                if self.backend.is_over(error):
                    raise
        return self._put_away(table, key)

    def _put_away(self, table: Table, key: Key) -> int:
        if self.codes.in_use(table, key) or self._is_followed(table, key):
            raise DatabaseError(
                f"{table.label}:{', '.join(map(str, key))} has to give up a value to another row, but the "
                "database accepts no other one meanwhile, and rows that refer to it would go with it",
                hint="change the values of the two rows one after the other, in two commits",
            )
        shelf, names = self._shelf(table), ", ".join(self._names(table))
        self.backend.execute(
            f"INSERT INTO {self.backend.quoted(shelf)} SELECT {names}"  # noqa: S608
            f" FROM {self.backend.quoted(table.name)} WHERE {self.backend.where(table.key_columns)}",
            key,
        )
        self.away[table.label].add(key)
        return self.backend.delete(table.name, table.key_columns, [key])

    def _is_followed(self, table: Table, key: Key) -> bool:
        """Whether the database itself would delete or change other rows along with the row."""
        quoted = self.backend.quoted
        row = " AND ".join(f"b.{quoted(each.name)} = {each.cast}" for each in table.key_columns)
        for each in self.backend.acting_keys(table.name):
            pairs = zip(each.columns, each.target_columns, strict=True)
            joined = " AND ".join(f"a.{quoted(own)} = b.{quoted(to)}" for own, to in pairs)
            rows = f"{quoted(each.table)} a JOIN {quoted(table.name)} b ON {joined}"
            if self.backend.fetch(f"SELECT 1 FROM {rows} WHERE {row} LIMIT 1", key):  # noqa: S608
                return True
        return False

    def _shelf(self, table: Table) -> str:
        """The temporary table for rows of ``table``; within the database nothing is lost on the way."""
        name = _shelf_name(table.label)
        if table.label not in self.away:
            shelf, names = self.backend.quoted(name), ", ".join(self._names(table))
            self.backend.execute(f"{self.backend.drop_temporary} IF EXISTS {shelf}")
            self.backend.execute(
                f"CREATE TEMPORARY TABLE {shelf} AS"  # noqa: S608
                f" SELECT {names} FROM {self.backend.quoted(table.name)} WHERE 1 = 0"
            )
            self.away[table.label] = set()
        return name

    def _names(self, table: Table) -> list[str]:
        """Every column of the table that can be written, quoted."""
        if table.label not in self._columns:
            connection = self.backend.connection
            generated = {f.column for f in table.model._meta.concrete_fields if f.generated}
            with connection.cursor() as cursor:
                found = connection.introspection.get_table_description(cursor, table.name)
            names = [self.backend.quoted(each.name) for each in found if each.name not in generated]
            self._columns[table.label] = names
        return self._columns[table.label]


def _shelf_name(label: str) -> str:
    return f"contentgit_away_{label.replace('.', '_')}"[:63]


def _leaves_a_condition(table: Table, names: Sequence[str]) -> bool:
    """Whether rows give up a unique value only as a condition holds no more: no placeholder does that."""
    changed = set(names)
    return any(
        changed & set(each.named) and not changed & set(each.fields)
        for each in table.enforced.unique
        if each.condition is not None
    )


def chosen(table: Table, names: Sequence[str]) -> list[BoundField]:
    """Of each unique set that has some of the fields the one that is easiest to give up."""
    found: dict[str, BoundField] = {}
    for unique in table.schema.unique:
        mine = [name for name in unique.fields if name in names and name in table.field]
        if mine and not any(name in found for name in mine):
            easiest = min((table.field[name] for name in mine), key=_cost)
            found[easiest.name] = easiest
    return list(found.values()) or [table.field[name] for name in names]


def _cost(field: BoundField) -> int:
    kind = field.schema.kind
    if kind in (FieldKind.REFERENCE, FieldKind.GENERIC):
        return 5
    if field.schema.null:
        return 0
    order = [FieldKind.TEXT, FieldKind.UUID, FieldKind.INTEGER]
    return 1 + order.index(kind) if kind in order else 4


def placeholders(field: Any, backend: Backend) -> Iterator[Any]:
    """Values of the field that no row is likely to have: NULL if it can be, then random ones."""
    if field.null:
        yield None
    while field.remote_field is not None:
        field = field.target_field
    for kind, make in MAKERS:
        if isinstance(field, kind):
            yield from make(field, backend)
            return


def _texts(field: Any, _backend: Backend) -> Iterator[str]:
    length = min(field.max_length or 32, 32)
    letters = LETTERS if length >= FEWEST_LETTERS else NOBODYS_LETTERS
    while True:
        yield "".join(secrets.choice(letters) for _ in range(length))


def _integers(field: Any, backend: Backend) -> Iterator[int]:
    low, top = backend.connection.ops.integer_field_range(field.get_internal_type())
    low, top = low or 0, top or 2**63 - 1
    while True:  # far away from where people count
        yield low + secrets.randbelow(-low // 2) if low < 0 else top - secrets.randbelow(top // 4)


def _decimals(field: Any, _backend: Backend) -> Iterator[Decimal]:
    digits = field.max_digits or FEWEST_DIGITS
    while digits >= FEWEST_DIGITS:
        yield Decimal(secrets.randbelow(10**digits)).scaleb(-(field.decimal_places or 0))


def _moments(field: Any, backend: Backend) -> Iterator[datetime]:
    aware = backend.connection.timezone is not None  # USE_TZ
    for passed in _durations(field, backend):
        moment = FUTURE + passed
        yield moment if aware else moment.replace(tzinfo=None)


def _durations(_field: Any, _backend: Backend) -> Iterator[timedelta]:
    while True:
        yield timedelta(seconds=secrets.randbelow(10**11), microseconds=secrets.randbelow(10**6))


def _addresses(field: Any, _backend: Backend) -> Iterator[str]:
    while True:
        if field.protocol.lower() == "ipv4":
            yield ".".join(["10", *(str(secrets.randbelow(256)) for _ in range(3))])
        else:
            yield ":".join(["fd00", *(f"{secrets.randbelow(65535) + 1:x}" for _ in range(7))])


def _forever(make: Callable[[], Any]) -> Callable[[Any, Backend], Iterator[Any]]:
    return lambda _field, _backend: iter(make, object())


MAKERS: tuple[tuple[type[Any], Callable[[Any, Backend], Iterator[Any]]], ...] = (
    (models.UUIDField, _forever(uuid.uuid4)),
    (models.IntegerField, _integers),
    (models.DecimalField, _decimals),
    (models.FloatField, _forever(lambda: secrets.randbelow(2**50) / 7)),
    (models.DateTimeField, _moments),
    (models.DateField, lambda field, backend: map(datetime.date, _moments(field, backend))),
    (models.TimeField, lambda field, backend: map(datetime.time, _moments(field, backend))),
    (models.DurationField, _durations),
    (models.BinaryField, _forever(lambda: secrets.token_bytes(16))),
    (models.JSONField, _forever(lambda: secrets.token_hex(16))),
    (models.GenericIPAddressField, _addresses),
    (models.CharField, _texts),
    (models.TextField, _texts),
    (models.FileField, _texts),
)
"""By the kind of field, the most special first; fields of other kinds have no placeholder."""
