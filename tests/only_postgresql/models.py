"""Fields that only PostgreSQL has."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    HStoreField,
    IntegerRangeField,
    RangeOperators,
)
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tests.fieldzoo.fields import MoneyField


class ChoicesField(ArrayField):  # type: ignore[type-arg]
    """A project's own array."""


class TypedField(models.Field):  # type: ignore[type-arg]
    """A column of any type."""

    def __init__(self, db_type: str = "text", **options: Any) -> None:
        self.type = db_type
        super().__init__(**options)

    def db_type(self, connection: Any) -> str:
        return self.type

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, [self.type, *args], options


class Sized(models.Model):
    """Columns of types whose bare name means one bit, or one character."""

    bits = TypedField("bit(5)", null=True)
    varying = TypedField("bit varying(5)", null=True)
    char = TypedField("char(3)", null=True)
    character = TypedField("character(3)", null=True)
    national = TypedField("NATIONAL CHARACTER (3)", null=True)
    text = TypedField("character varying(5)", null=True)
    list = ArrayField(TypedField("bit(3)"), null=True)
    places = TypedField("numeric(10, 2)", null=True)


class Postgres(models.Model):
    numbers = ArrayField(models.IntegerField(), null=True)
    nested = ArrayField(ArrayField(models.CharField(max_length=10)), null=True)
    moments = ArrayField(models.DateTimeField(), null=True)
    decimals = ArrayField(models.DecimalField(max_digits=8, decimal_places=2), null=True)
    jsons = ArrayField(models.JSONField(), null=True)
    uuids = ArrayField(models.UUIDField(), null=True)
    money = ArrayField(MoneyField(), null=True)
    own = ChoicesField(models.TextField(), null=True)
    mapping = HStoreField(null=True)
    integers = IntegerRangeField(null=True)
    bigs = BigIntegerRangeField(null=True)
    fractions = DecimalRangeField(null=True)
    days = DateRangeField(null=True)
    times = DateTimeRangeField(null=True)
    search = SearchVectorField(null=True)


class Booking(models.Model):
    """Spans that must not overlap, and a name that is looked at when all is written."""

    span = IntegerRangeField()
    name = models.CharField(max_length=20)

    class Meta:
        constraints: ClassVar = [
            ExclusionConstraint(
                name="only_postgresql_booking_span", expressions=[("span", RangeOperators.OVERLAPS)]
            ),
            models.UniqueConstraint(
                fields=["name"],
                name="only_postgresql_booking_name",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]
