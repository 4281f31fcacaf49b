"""Random rows for the field zoo, and random damage to them, from a seed."""

from __future__ import annotations

import datetime as dt
import decimal
import random
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, models, transaction
from django.db.models import Model, QuerySet

from tests.fieldzoo import models as zoo
from tests.fieldzoo.fields import Money

MODELS: tuple[type[Model], ...] = (
    zoo.Everything,
    zoo.Custom,
    zoo.Moments,
    zoo.Order,
    zoo.Placed,
    zoo.TextKey,
    zoo.UuidKey,
    zoo.DateKey,
    zoo.SharedKey,
    zoo.SharedTwice,
    zoo.CompositeKey,
    zoo.Coded,
    zoo.Parent,
    zoo.OtherParent,
    zoo.Child,
    zoo.GrandChild,
    zoo.Pointing,
    zoo.Member,
    zoo.Club,
    zoo.Membership,
    zoo.Tagged,
    zoo.NumberTag,
    zoo.TextTag,
    zoo.Section,
    zoo.Article,
    zoo.LongArticle,
    zoo.Draft,
    zoo.Scoped,
)
"""In an order in which rows can be made; no Django model of the zoo that has rows is missing."""

TABLES = ("fieldzoo_", "group")
TEXTS = ("", "bread", "Rye & <b>salt</b>", "ä\u202eß", "two\r\nlines\n", "long " * 60, "'%s'")


class Grower:
    """Makes and damages rows of one database; the same seed makes the same rows."""

    def __init__(self, seed: int, using: str) -> None:
        self.random = random.Random(seed)
        self.using = using
        self.count = 0

    def rows(self, model: type[Model]) -> QuerySet[Any]:
        """All rows, whatever the managers hide."""
        return QuerySet(model).using(self.using)

    def grow(self, size: int = 4) -> None:
        """Adds up to ``size`` rows of each model, and links between them."""
        for model in MODELS:
            for _ in range(self.random.randint(1, size)):
                self._add(model)
        self._link()

    def damage(self, times: int = 40) -> None:
        """Edits, deletes and adds rows, and swaps unique values, as editors do."""
        kinds: list[Callable[[], object]] = [self._edit, self._edit, self._delete, self._swap]
        for _ in range(times):
            self._try(self.random.choice([*kinds, lambda: self._add(self.random.choice(MODELS))]))
        self._link()

    def _try(self, work: Callable[[], object]) -> None:
        """What the database or PROTECT refuses was not done."""
        try:
            with transaction.atomic(using=self.using):
                work()
        except (DatabaseError, models.ProtectedError, models.RestrictedError):
            return

    def _add(self, model: type[Model]) -> None:
        values = {}
        for field in model._meta.concrete_fields:
            if isinstance(field, models.AutoField) or field.generated or field.name == "pk":
                continue
            if field.remote_field and getattr(field.remote_field, "parent_link", False):
                continue
            values[field.attname] = self._value(field)
        self._try(lambda: model(**values).save(using=self.using))

    def _value(self, field: Any) -> Any:
        self.count += 1
        if field.name == "dangling_code":
            return None  # a reference by another field that leads nowhere has no record
        if field.null and self.random.random() < 0.2:
            return None
        if field.is_relation:
            return self._reference(field)
        if field.unique or field.name in {"slug", "code"}:  # slugs of articles are unique folded
            return self._unique(field)
        return self._plain(field)

    def _reference(self, field: Any) -> Any:
        model, name = field.remote_field.model, field.target_field.attname
        if model is ContentType:
            model = self.random.choice([zoo.Tagged, zoo.Coded, zoo.UuidKey])
            return ContentType.objects.db_manager(self.using).get_for_model(model).pk
        found = list(self.rows(model).order_by(name).values_list(name, flat=True))
        return self.random.choice(found) if found else None

    def _unique(self, field: Any) -> Any:
        if isinstance(field, models.UUIDField):
            return uuid.UUID(int=self.random.getrandbits(128))
        if isinstance(field, models.DateField):
            return dt.date(2000, 1, 1) + dt.timedelta(days=self.count)
        return f"{self.random.choice('abcÄß ,/.')}{self.count}"

    def _plain(self, field: Any) -> Any:
        made = PLAIN.get(type(field).__name__)
        return made(self.random) if made else self.random.choice(TEXTS)[: field.max_length]

    def _link(self) -> None:
        for model in MODELS:
            for field in model._meta.local_many_to_many:
                through: Any = field.remote_field.through
                if through._meta.auto_created:
                    for row in self.rows(model):
                        targets = list(self.rows(field.related_model).order_by("pk"))
                        some = self.random.sample(targets, self.random.randint(0, len(targets)))
                        self._try(
                            lambda row=row, some=some, name=field.name: getattr(row, name).set(some)
                        )

    def _some(self) -> Any:
        model = self.random.choice(MODELS)
        found = list(self.rows(model).order_by("pk"))
        return self.random.choice(found) if found else None

    def _edit(self) -> None:
        row = self._some()
        if row is None:
            return
        fields = [
            f for f in row._meta.local_concrete_fields if not f.primary_key and not f.generated
        ]
        fields = [
            f for f in fields if f.name not in {"text_key", "number"} or f.model is zoo.Article
        ]
        for field in self.random.sample(fields, min(2, len(fields))):
            self.rows(type(row)).filter(pk=row.pk).update(**{field.attname: self._value(field)})

    def _delete(self) -> None:
        row = self._some()
        if row is not None:
            row.delete(using=self.using)

    def _swap(self) -> None:
        """Two rows change their unique values."""
        model, name = self.random.choice(
            [
                (zoo.Coded, "code"),
                (zoo.Section, "slug"),
                (zoo.Article, "slug"),
                (zoo.OtherParent, "subtitle"),
            ]
        )
        rows = list(self.rows(model).order_by("pk"))
        if len(rows) < 2:
            return
        one, two = self.random.sample(rows, 2)
        for row, value in ((one, "tmp"), (two, getattr(one, name)), (one, getattr(two, name))):
            self.rows(model).filter(pk=row.pk).update(**{name: value})


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
