"""Constraints of models as values, beside what the database makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import Error, connection, models, transaction
from django.db.models import F, Func, Model, Q, Value
from django.db.models.functions import Coalesce, Concat, Length, Lower, Trim
from django.db.models.lookups import GreaterThan
from django.test.utils import isolate_apps

from contentgit.content.conditions import (
    Comparison,
    Every,
    How,
    Negated,
    Other,
    Unknown,
    is_whole,
    words,
)
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import (
    CheckRule,
    Function,
    KeyKind,
    Layout,
    ModelSchema,
    UniquePart,
    UniqueSet,
)
from contentgit.db.identity import Identities
from contentgit.db.introspect.binding import bound_field
from contentgit.db.introspect.conditions import Describer
from contentgit.db.introspect.uniques import unique_sets
from contentgit.db.tables import Table
from contentgit.integrity.rules import FALSE, holds
from contentgit.specs import ModelSpec
from tests.fieldzoo.models import Article, TextTag
from tests.fieldzoo.reading import reader
from tests.zoo.models import Generated, Slot


def bound(model: type[Model], **options: Any) -> Table:
    spec = ModelSpec(model._meta.label_lower, **options)
    return reader(spec).tables[model._meta.label_lower]


def test_check_constraints_as_values(db: str) -> None:
    assert bound(Slot).schema.checks == (
        CheckRule("zoo_slot_place", ("place",), Comparison("place", How.LT, 100)),
        CheckRule("zoo_slot_span", ("low", "high"), Comparison("low", How.LT, Other("high"))),
    )


def test_a_constraint_on_what_is_no_content_is_known_by_the_rest(db: str) -> None:
    (place, span) = bound(Slot, exclude=("high",)).schema.checks
    assert place.condition == Comparison("place", How.LT, 100)
    assert (span.fields, span.condition) == (("low",), Unknown(("low",)))
    (span,) = bound(Slot, exclude=("place",)).schema.checks
    assert span.name == "zoo_slot_span"
    assert bound(Slot, exclude=("low", "high", "place")).schema.checks == ()


def test_unique_sets_with_functions_and_conditions(db: str) -> None:
    found = {each.name: each for each in bound(Slot).schema.unique}
    assert found["zoo_slot_name"].parts == (
        UniquePart("name", ((Function.UPPER, None),)),
        UniquePart("active"),
    )
    assert bound(Generated).schema.unique == (
        UniqueSet(
            "folded",
            ("name",),
            plain=False,
            parts=(UniquePart("name", ((Function.LOWER, None),)),),
        ),
        UniqueSet("zoo_generated_area", ("width", "height"), plain=False),
    )
    by_name = {each.name: each for each in bound(Article).schema.unique}
    assert by_name["fieldzoo_article_some"].condition == Comparison("slug", How.EXACT, "a")
    # One column of a generic reference is not what is content.
    (half,) = [each for each in bound(TextTag).schema.unique if each.name.endswith("half")]
    assert (half.plain, half.parts) == (False, ())


class Gauge:
    """A model whose table is made for these tests, with its rows beside what is said of them."""

    def __init__(self) -> None:
        with isolate_apps("tests.zoo"):

            class Gauged(Model):
                a = models.IntegerField(null=True)
                b = models.IntegerField(null=True)
                price = models.DecimalField(max_digits=6, decimal_places=2, null=True)
                name = models.CharField(max_length=20, null=True)
                flag = models.BooleanField(null=True)
                day = models.DateField(null=True)
                lasting = models.DurationField(null=True)

                class Meta:
                    app_label = "zoo"

        self.model = Gauged
        self.values: dict[str, list[Any]] = {
            "a": [None, 0, 3],
            "b": [None, 3, 4],
            "price": [None, Decimal("0.10"), Decimal("9.90")],
            "name": [None, "", "x", "X"],
            "flag": [None, True, False],
            "day": [None, date(2026, 1, 31), date(2026, 2, 1)],
            "lasting": [None, timedelta(days=-1), timedelta(days=2, seconds=3)],
        }

    def describer(self) -> Describer:
        identities = Identities("default", {})
        fields = [each for each in self.model._meta.local_concrete_fields if not each.primary_key]
        made = {each.name: bound_field(each, identities) for each in fields}
        return Describer(self.model, {"id": "$key", **{name: name for name in made}}, made)

    def rows(self, names: list[str]) -> Iterator[dict[str, Any]]:
        for values in product(*(self.values[name] for name in names)):
            yield dict(zip(names, values, strict=True))


CONDITIONS: list[tuple[list[str], Any]] = [
    (["a", "b"], Q(a__lt=F("b"))),
    (["a", "b"], ~Q(a=F("b"))),
    (["a", "b"], Q(a=3) | ~Q(a=0, b=3)),
    (["a", "b"], ~(Q(a__gt=1) | Q(b__isnull=True))),
    (["a"], Q(a__in=[0, 1])),
    (["a"], ~Q(a__in=[0, 1])),
    (["a", "b"], Q(a__range=(1, 3)) & Q(b__range=(0, 3))),
    (["a", "b"], GreaterThan(F("a"), F("b"))),
    (["price"], Q(price__gt=Decimal("0.10"))),
    (["price", "a"], Q(price__gt=F("a"))),
    (["name"], Q(name__in=["x", "y"])),
    (["name"], ~Q(name="x")),
    (["name", "a"], Q(name="x", a__isnull=False) | Q(name__isnull=True, a__isnull=True)),
    (["flag"], Q(flag=True)),
    (["flag", "a"], ~Q(flag=False) | Q(a=None)),
    (["day"], Q(day__gte=date(2026, 2, 1))),
    (["lasting"], Q(lasting__gt=timedelta(0))),
]


@pytest.mark.parametrize(("names", "condition"), CONDITIONS, ids=lambda each: str(each)[:60])
def test_a_condition_is_what_the_database_makes_of_it(
    names: list[str], condition: Any, db: str
) -> None:
    """Every row of some values: what is certain here is what the database does with it."""
    gauge = Gauge()
    constraint = models.CheckConstraint(condition=condition, name="gauged")
    gauge.model._meta.constraints = [constraint]
    with connection.schema_editor() as editor:
        editor.create_model(gauge.model)
    try:
        describer = gauge.describer()
        (rule,) = describer.checks()
        fields = tuple(each.schema for each in describer.bound.values())
        schema = ModelSchema("zoo.gauged", KeyKind.INTEGER, Layout.INTEGER, fields)
        assert {*rule.fields} == {*names}
        assert is_whole(rule.condition), words(rule.condition)
        certain = 0
        for row in gauge.rows(names):
            content = {
                name: describer.bound[name].encode(value) if value is not None else None
                for name, value in row.items()
            }
            record = Record(RecordKey("zoo.gauged", "1"), content)
            truth = holds(rule.condition, record, schema)
            if truth == FALSE or False not in truth:
                certain += 1
                assert _taken(gauge.model, row) == (truth != FALSE), (row, words(rule.condition))
        assert certain > 1
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(gauge.model)


def _taken(model: Any, row: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():
            model.objects.create(**row)
    except Error:
        return False
    return True


def described(condition: Any) -> Any:
    gauge = Gauge()
    gauge.model._meta.constraints = [models.CheckConstraint(condition=condition, name="gauged")]
    (rule,) = gauge.describer().checks()
    return rule.condition


def test_a_negated_comparison_holds_of_null_as_django_writes_it(db: str) -> None:
    assert described(~Q(a=1)) == Negated(
        Every((Comparison("a", How.EXACT, 1), Comparison("a", How.ISNULL, False)))
    )


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        (Q(name__lt=F("name")), ("name",)),
        (Q(name__startswith="a"), ("name",)),
        (Q(name__iexact="a"), ("name",)),
        (Q(a__gt=F("b") + 1), ("a", "b")),
        (GreaterThan(Length("name"), 3), ("name",)),
        (Q(a__in=[F("b"), 1]), ("a", "b")),
        (Func(F("a"), function="ABS", output_field=models.BooleanField()), ("a",)),
        (Q(a=1) ^ Q(b=1), ("a", "b")),
        (Q(day__year=2026), ("day",)),
    ],
    ids=str,
)
def test_what_only_the_database_knows_is_told_by_its_fields(
    condition: Any, fields: tuple[str, ...], db: str
) -> None:
    found = described(condition)
    assert not is_whole(found)
    assert {*found.fields} == {*fields}


@pytest.mark.parametrize(
    ("expressions", "parts"),
    [
        ([Lower("name").desc()], (UniquePart("name", ((Function.LOWER, None),)),)),
        (["a", Lower(Trim("name"))], None),
        (
            [Lower(Trim("name"))],
            (UniquePart("name", ((Function.TRIM, None), (Function.LOWER, None))),),
        ),
        (
            [F("a"), Coalesce("b", Value(0))],
            (UniquePart("a"), UniquePart("b", ((Function.COALESCE, 0),))),
        ),
        ([Concat("name", Value("x"))], ()),
        ([F("a"), Length("name")], ()),
    ],
    ids=str,
)
def test_what_a_unique_constraint_compares(expressions: Any, parts: Any, db: str) -> None:
    gauge = Gauge()
    if parts is None:
        parts = (
            UniquePart("a"),
            UniquePart("name", ((Function.TRIM, None), (Function.LOWER, None))),
        )
    gauge.model._meta.constraints = [models.UniqueConstraint(*expressions, name="gauged")]
    (found,) = unique_sets(gauge.describer())
    assert (found.plain, found.parts) == (False, parts)
