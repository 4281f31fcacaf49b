"""Random rows for models, and random damage to them, from a seed."""

from __future__ import annotations

import datetime as dt
import decimal
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connections, models, transaction
from django.db.models import Model, QuerySet

from tests import raw
from tests.fieldzoo.fields import Money

TEXTS = ("", "bread", "Rye & <b>salt</b>", "ä\u202eß", "two\r\nlines\n", "long " * 60, "'%s'")


@dataclass(frozen=True)
class Population:
    """Models whose rows can be grown, in an order in which they can be made.

    ``tables`` are the prefixes of their tables' names, ``tagged`` what generic references refer to.
    ``makers`` give the values of fields that cannot be just any, by ``Model.field``; ``adders`` make rows
    that cannot be made one by one. ``within`` is the context in which the models let themselves be used.
    """

    models: tuple[type[Model], ...]
    tables: tuple[str, ...]
    tagged: tuple[type[Model], ...] = ()
    makers: Mapping[str, Callable[[random.Random], Any]] = field(default_factory=dict)
    adders: Mapping[type[Model], Callable[[Grower], None]] = field(default_factory=dict)
    within: Callable[[], AbstractContextManager[object]] = nullcontext


class Grower:
    """Makes and damages rows of one database; the same seed makes the same rows."""

    def __init__(self, population: Population, seed: int, using: str) -> None:
        self.population = population
        self.random = random.Random(seed)
        self.using = using
        self.count = 0

    def rows(self, model: type[Model]) -> QuerySet[Any]:
        """All rows, whatever the managers hide."""
        return QuerySet(model).using(self.using)

    def grow(self, size: int = 4) -> None:
        """Adds up to ``size`` rows of each model, and links between them."""
        with self.population.within():
            for model in self.population.models:
                for _ in range(self.random.randint(1, size)):
                    self._try(lambda model=model: self._add(model))
            self._link()

    def damage(self, times: int = 50) -> None:
        """Edits, deletes, adds, moves and renames rows, and swaps values, as editors do."""
        kinds: list[Callable[[], object]] = [
            *[self._edit] * 4,
            *[self._rotate] * 4,
            *[self._delete] * 2,
            *[self._recreate] * 2,
            *[self._rename] * 2,
            lambda: self._add(self._model()),
            lambda: self._adopt(self._model()),
        ]
        with self.population.within():
            for _ in range(times):
                self._try(self.random.choice(kinds))
            if self.random.random() < 0.3:
                self._try(self.random.choice([self._clear, self._clear_table]))
            self._link()

    def meddle(self) -> None:
        """Writes one row or a few, as a receiver of the project's may at any moment."""
        kinds = (self._edit, self._edit, self._delete, lambda: self._add(self._model()))
        with self.population.within():
            self._try(self.random.choice(kinds))

    def _try(self, work: Callable[[], object]) -> None:
        """What the database, PROTECT or a row without its parent's refuses was not done."""
        refusals = (DatabaseError, models.ProtectedError, models.RestrictedError)
        try:
            with transaction.atomic(using=self.using):
                work()
        except (*refusals, ObjectDoesNotExist):
            return

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """References may point nowhere in here, though not behind it.

        Elsewhere than on MariaDB, Django's foreign keys wait for the end of the transaction anyway.
        """
        connection = connections[self.using]
        with connection.constraint_checks_disabled():
            yield
            if connection.vendor == "mysql":
                raw.check_references(self.using)

    def number(self) -> int:
        """A key that no row has."""
        return self.random.randint(10**6, 10**9)

    def unique(self, field: Any) -> Any:
        """A value that no row has."""
        self.count += 1
        if isinstance(field, models.UUIDField):
            return uuid.UUID(int=self.random.getrandbits(128))
        if isinstance(field, models.DateTimeField):
            moment = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
            return moment + dt.timedelta(hours=self.count, microseconds=self.random.randrange(10))
        if isinstance(field, models.DateField):
            return dt.date(2000, 1, 1) + dt.timedelta(days=self.count)
        if isinstance(field, models.DurationField):
            return dt.timedelta(hours=self.count, microseconds=self.random.randrange(10))
        if isinstance(field, models.DecimalField):
            return decimal.Decimal(self.number()).scaleb(-field.decimal_places)
        if isinstance(field, models.JSONField):
            number = self.number()
            return self.random.choice(
                [number, str(number), [number, None], {"a": True, "b": number}]
            )
        if isinstance(field, models.BooleanField):
            return self.random.random() < 0.5
        if isinstance(field, models.IntegerField):
            return self.number()
        return f"{self.random.choice('abcÄß ,/.')}{self.count}"

    # Rows

    def _model(self) -> type[Model]:
        return self.random.choice(self.population.models)

    def _some(self, model: type[Model] | None = None) -> Any:
        found = list(self.rows(model or self._model()).order_by("pk"))
        return self.random.choice(found) if found else None

    def _add(self, model: type[Model], like: Any = None) -> None:
        """A new row; one ``like`` another has its values under another key."""
        if model in self.population.adders:
            self.population.adders[model](self)
            return
        if like is None and self.random.random() < 0.3:
            self._adopt(model)
        values = {}
        for each in model._meta.concrete_fields:
            if isinstance(each, models.AutoField) or each.generated or each.name == "pk":
                continue
            if each.remote_field and getattr(each.remote_field, "parent_link", False):
                continue
            if like is not None and not each.primary_key:
                values[each.attname] = getattr(like, each.attname)
            elif not (each.has_db_default() and self.random.random() < 0.5):
                values[each.attname] = self._value(each)
        model(**values).save(using=self.using)

    def _adopt(self, model: type[Model]) -> None:
        """A multi-table child of a row that is there already, and may have other children."""
        links: list[Any] = [
            link
            for link in model._meta.local_concrete_fields
            if link.remote_field and getattr(link.remote_field, "parent_link", False)
        ]
        values = {}
        for each in model._meta.local_concrete_fields:
            if each in links:
                taken = set(self.rows(model).values_list(each.attname, flat=True))
                free = self.rows(each.remote_field.model).exclude(pk__in=taken).order_by("pk")
                keys = list(free.values_list("pk", flat=True))
                if not keys:
                    return
                values[each.attname] = self.random.choice(keys)
            elif not (isinstance(each, models.AutoField) or each.generated):
                values[each.attname] = self._value(each)
        if links:
            self._insert(model, values)

    def _insert(self, model: type[Model], values: Mapping[str, Any]) -> None:
        """One row of the model's own table."""
        model(**values).save_base(raw=True, force_insert=True, using=self.using)

    # Values

    def _value(self, field: Any) -> Any:
        self.count += 1
        name = f"{field.model.__name__}.{field.name}"
        if name in self.population.makers:
            return self.population.makers[name](self.random)
        if field.null and self.random.random() < 0.2:
            return None
        if field.is_relation:
            return self._reference(field)
        if field.unique or field.name in {"slug", "code"}:  # slugs of articles are unique folded
            return self.unique(field)
        return self._plain(field)

    def _reference(self, field: Any) -> Any:
        model, name = field.remote_field.model, field.target_field.attname
        if model is ContentType:
            model = self.random.choice(self.population.tagged)
            return ContentType.objects.db_manager(self.using).get_for_model(model).pk
        found = list(self.rows(model).order_by(name).values_list(name, flat=True))
        if field.unique and self.random.random() < 0.8:
            taken = set(self.rows(field.model).values_list(field.attname, flat=True))
            found = [each for each in found if each not in taken]
        return self.random.choice(found) if found else None

    def _plain(self, field: Any) -> Any:
        made = PLAIN.get(type(field).__name__)
        return made(self.random) if made else self.random.choice(TEXTS)[: field.max_length]

    def _link(self) -> None:
        for model in self.population.models:
            for each in model._meta.local_many_to_many:
                through: Any = each.remote_field.through
                if through._meta.auto_created:
                    for row in self.rows(model).order_by("pk"):
                        targets = list(self.rows(each.related_model).order_by("pk"))
                        count = self.random.randint(0, min(len(targets), 6))
                        some = self.random.sample(targets, count)
                        self._try(
                            lambda row=row, some=some, name=each.name: getattr(row, name).set(some)
                        )
                    self._arrange(through)

    def _arrange(self, through: Any) -> None:
        """Numbers for the rows of an ordered many-to-many field, with gaps and equal ones."""
        if through._meta.ordering:
            for row in self.rows(through).order_by("pk"):
                place = {through._meta.ordering[0]: self.random.randint(0, 9)}
                self.rows(through).filter(pk=row.pk).update(**place)

    # Damage

    def _edit(self) -> None:
        row = self._some()
        if row is None:
            return
        fields = own_fields(type(row))
        for each in self.random.sample(fields, min(2, len(fields))):
            self.rows(type(row)).filter(pk=row.pk).update(**{each.attname: self._value(each)})

    def _delete(self) -> None:
        row = self._some()
        if row is not None:
            row.delete(using=self.using)

    def _clear(self) -> None:
        """All rows of a model, and what goes with them; Django sorts rows that it deletes together by key."""
        for row in self.rows(self._model()).order_by("pk"):
            row.delete(using=self.using)

    def _clear_table(self) -> None:
        """All rows of one table, behind everybody's back."""
        found = [name for name in raw.names(self.using) if name.startswith(self.population.tables)]
        with self.unchecked(), connections[self.using].cursor() as cursor:
            quoted = connections[self.using].ops.quote_name(self.random.choice(sorted(found)))
            cursor.execute(f"DELETE FROM {quoted}")

    def _recreate(self) -> None:
        """A row comes back under another key with the same unique values."""
        row = self._some()
        if row is None or type(row) in self.population.adders:
            return
        model = type(row)
        kept = self.rows(model).get(pk=row.pk)
        row.delete(using=self.using)
        self._add(model, like=kept)

    def _rotate(self) -> None:
        """Rows exchange values, in a unique set or anywhere: two swap, more rotate."""
        model = self._model()
        fields = self.random.choice([*unique_sets(model), own_fields(model)])
        if not fields:
            return
        columns = [each.column for each in self.random.sample(fields, min(3, len(fields)))]
        names, rows = raw.rows(self.using, model._meta.db_table)
        hidden = {each.column for each in model._meta.local_concrete_fields if each.generated}
        if len(rows) < 2:
            return
        some = self.random.sample(rows, self.random.randint(2, min(4, len(rows))))
        after = [
            {
                name: (other if name in columns else row)[names.index(name)]
                for name in names
                if name not in hidden
            }
            for row, other in zip(some, [*some[1:], some[0]], strict=True)
        ]
        keys = [each.column for each in model._meta.pk_fields]
        with self.unchecked():
            raw.rewrite(self.using, model._meta.db_table, keys, after)

    def _rename(self) -> None:
        """A row gets another key, or another code that is referred to; references go with it.

        A multi-table child goes to another parent.
        """
        model = self._model()
        columns = model._meta.local_concrete_fields
        fields = [each for each in columns if each.unique and not each.generated]
        row = self._some(model)
        if not fields or row is None:
            return
        each = self.random.choice(fields)
        if each.is_relation:
            new = self._reference(each)
        else:
            new = self.number() if isinstance(each, models.AutoField) else self.unique(each)
        if new is None:
            return
        leaf = each
        while leaf.is_relation:
            leaf = leaf.target_field
        old, new = (
            leaf.get_db_prep_value(value, connections[self.using])
            for value in (getattr(row, each.attname), new)
        )
        with self.unchecked():
            self._move(each, old, new)

    def _move(self, field: Any, old: Any, new: Any) -> None:
        """Write ``new`` for ``old`` in the column and in those that refer to it."""
        if field.model._meta.managed:
            raw.replace(self.using, field.model._meta.db_table, field.column, old, new)
        for relation in field.model._meta.get_fields(include_hidden=True):
            if not relation.auto_created or relation.concrete or relation.many_to_many:
                continue
            other = relation.field
            if other.model._meta.proxy or field.model is not relation.model:
                continue
            if other.concrete and other.target_field is field and other.model._meta.managed:
                self._move(other, old, new)


def own_fields(model: type[Model]) -> list[Any]:
    """The fields of the model's own table that can be edited."""
    keys = model._meta.pk_fields
    return [
        each
        for each in model._meta.local_concrete_fields
        if each not in keys and not each.generated
    ]


def unique_sets(model: type[Model]) -> list[list[Any]]:
    """The editable fields that are unique, alone or together, also by way of a generated column."""
    meta = model._meta
    sets: list[list[str]] = [[each.name] for each in meta.local_concrete_fields if each.unique]
    sets += [list(names) for names in meta.unique_together]
    for constraint in meta.constraints:
        found = list(getattr(constraint, "fields", ()))
        expressions = getattr(constraint, "expressions", ())
        found += [name for each in expressions for name in _named(model, each)]
        sets.append(found)
    own = {each.name: each for each in own_fields(model)}
    generated = {
        each.name: _named(model, each.expression)
        for each in meta.local_concrete_fields
        if each.generated
    }
    whole = [
        [own[name] for each in names for name in generated.get(each, [each]) if name in own]
        for names in sets
    ]
    return [found for found in whole if found]


def _named(model: type[Model], expression: Any) -> list[str]:
    if isinstance(expression, tuple):  # an exclusion constraint's, with its operator
        expression = expression[0]
    if isinstance(expression, str):
        return [expression]
    return [reference[0] for reference in model._get_expr_references(expression)]  # type: ignore[attr-defined]


# In the order of their keys: it is no content, but text columns keep it and raw SQL shows it.
JSON = ({}, [], {"a": "x" * 120, "b": [1, 1.5, True, None]}, "text", 7)

PLAIN: dict[str, Callable[[random.Random], Any]] = {
    "BigIntegerField": lambda r: r.randint(-(2**63), 2**63 - 1),
    "BinaryField": lambda r: r.randbytes(r.randint(0, 90)),
    "BooleanField": lambda r: r.random() < 0.5,
    "DateField": lambda r: dt.date(1900 + r.randint(0, 200), 2, r.randint(1, 28)),
    "DateTimeField": lambda r: dt.datetime(2026, 10, 25, r.randint(0, 23), 30, 0, 7, tzinfo=dt.UTC),
    "DecimalField": lambda r: decimal.Decimal(r.randint(-(10**9), 10**9)).scaleb(-3),
    "DurationField": lambda r: dt.timedelta(
        days=r.randint(-9, 9), microseconds=r.randint(0, 10**9)
    ),
    "FloatField": lambda r: r.choice([0.0, 0.1 + 0.2, -1e300, 1e16, 5e-10]),
    "GenericIPAddressField": lambda r: r.choice(["127.0.0.1", "2001:db8::1"]),
    "IntegerField": lambda r: r.randint(-(2**20), 2**20),
    "JSONField": lambda r: r.choice(JSON),
    "OrderWrt": lambda r: r.randint(0, 9),
    "MoneyField": lambda r: Money(r.randint(0, 9999)),
    "PositiveBigIntegerField": lambda r: r.randint(0, 2**63 - 1),
    "PositiveIntegerField": lambda r: r.randint(0, 2**31 - 1),
    "PositiveSmallIntegerField": lambda r: r.randint(0, 32767),
    "RawBytesField": lambda r: r.randbytes(5),
    "SmallIntegerField": lambda r: r.randint(-32768, 32767),
    "TimeField": lambda r: dt.time(r.randint(0, 23), 59, 59, 999999),
    "UUIDField": lambda r: uuid.UUID(int=r.getrandbits(128)),
    "WordsField": lambda r: r.choice([[], ["a"], ["rye", "salt"]]),
}
