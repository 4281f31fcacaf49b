"""The columns that only PostgreSQL has."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.postgres.search import SearchVector, Value
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange, NumericRange

from contentgit.content.schema import UniqueSet
from contentgit.errors import RecordError
from tests.db.test_fields import round_trip
from tests.fieldzoo.fields import Money
from tests.fieldzoo.reading import all_bytes, only, reader, rewrite
from tests.only_postgresql.models import Booking, Postgres, Sized

MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)

VALUES: dict[str, list[tuple[Any, Any]]] = {
    "numbers": [([1, None, -3], [1, None, -3]), ([], []), ([None], [None])],
    "nested": [([["a,b", '"'], ["", "NULL"]], [["a,b", '"'], ["", "NULL"]])],
    "moments": [([MOMENT, None], ["2026-01-02T03:04:05.000006Z", None])],
    "decimals": [([Decimal("1.5")], ["1.50"])],
    "jsons": [([{"a": [None]}, 1.0], [{"a": [None]}, 1.0])],
    "uuids": [([uuid.UUID(int=1)], ["00000000-0000-0000-0000-000000000001"])],
    "money": [([Money(5)], [5])],
    "own": [(["x\n", "\\"], ["x\n", "\\"])],
    "mapping": [({"a": None, 'b"\\': "=>, '"}, {"a": None, 'b"\\': "=>, '"}), ({}, {})],
    "integers": [
        (NumericRange(1, 5, "[]"), {"lower": 1, "upper": 6, "bounds": "[)"}),
        (NumericRange(None, 5), {"lower": None, "upper": 5, "bounds": "()"}),
        (NumericRange(3, 3), {"empty": True}),
        (NumericRange(None, None), {"lower": None, "upper": None, "bounds": "()"}),
    ],
    "bigs": [(NumericRange(2**40, None), {"lower": 2**40, "upper": None, "bounds": "[)"})],
    "fractions": [
        (
            NumericRange(Decimal("1.5"), Decimal(2), "(]"),
            {"lower": "1.5", "upper": "2", "bounds": "(]"},
        )
    ],
    "days": [
        (
            DateRange(dt.date(2026, 1, 1), dt.date(2026, 1, 31), "[]"),
            {"lower": "2026-01-01", "upper": "2026-02-01", "bounds": "[)"},
        )
    ],
    "times": [
        (
            DateTimeTZRange(MOMENT, None, "()"),
            {"lower": "2026-01-02T03:04:05.000006Z", "upper": None, "bounds": "()"},
        )
    ],
}


@pytest.mark.parametrize("name", VALUES)
def test_values(db: str, name: str) -> None:
    for value, content in VALUES[name]:
        Postgres.objects.all().delete()
        Postgres.objects.create(**{name: value})
        assert round_trip(Postgres)[0][name] == content


def test_null(db: str) -> None:
    Postgres.objects.create()
    (values,) = round_trip(Postgres)
    assert set(values.values()) == {None}


def test_the_ends_of_a_range_have_one_form(db: str) -> None:
    for lower in ("1.5", "1.50"):
        Postgres.objects.all().delete()
        Postgres.objects.create(fractions=NumericRange(Decimal(lower), None))
        assert only(reader(Postgres))["fractions"] == {
            "lower": "1.5",
            "upper": None,
            "bounds": "[)",
        }


def test_types_whose_bare_name_means_a_length_of_one(db: str) -> None:
    values = {
        "bits": "10110",
        "varying": "101",
        "char": "abc",
        "character": "abc",
        "national": "abc",
        "text": "abcde",
        "list": ["101", "010"],
        "places": Decimal("1.5"),
    }
    Sized.objects.create(**values)
    data = all_bytes(reader(Sized))
    rewrite(reader(Sized))
    assert all_bytes(reader(Sized)) == data
    assert only(reader(Sized)) == {**values, "places": {"decimal": "1.5"}}


def test_search_vectors(db: str) -> None:
    Postgres.objects.create()
    Postgres.objects.update(search=SearchVector(Value("it's a fat cat"), config="english"))
    assert round_trip(Postgres)[0]["search"] == "'cat':5 'fat':4"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("numbers", ["1"]),
        ("numbers", 1),
        ("nested", [[], []]),
        ("nested", [["a"], []]),
        ("nested", [["a"], ["b", "c"]]),
        ("nested", [["a"], None]),
        ("mapping", {"a": 1}),
        ("mapping", []),
        ("integers", {"lower": 1}),
        ("integers", {"lower": 1, "upper": 2, "bounds": "x"}),
        ("integers", {"lower": "1", "upper": 2, "bounds": "[)"}),
    ],
)
def test_content_that_is_wrong(db: str, name: str, content: Any) -> None:
    decode = reader(Postgres).tables["only_postgresql.postgres"].field[name].decode
    with pytest.raises(RecordError, match="is not "):
        decode(content)


def test_what_excludes_each_other_is_known_as_unique(db: str) -> None:
    assert reader(Booking).tables["only_postgresql.booking"].schema.unique == (
        UniqueSet("only_postgresql_booking_name", ("name",)),
        UniqueSet("only_postgresql_booking_span", ("span",), plain=False),
    )
