"""The value of every field type: to content, to bytes, and back to the same column."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import JSONField, Model, Value
from django.test import override_settings

from contentgit.content import canonical
from contentgit.content.records import JSON_NULL
from contentgit.errors import RecordError
from tests.fieldzoo.fields import Money
from tests.fieldzoo.models import Custom, Everything, Numbers, Order
from tests.fieldzoo.reading import all_bytes, all_records, only, raw, reader, rewrite, store

GOLDEN = Path(__file__).parent / "golden"

PAST = dt.timezone(dt.timedelta(hours=-9, minutes=-30))

FULL: dict[str, tuple[Any, Any]] = {
    "big": (-(2**63), -(2**63)),
    "binary": (b"\x00\xff'%s", "AP8nJXM="),
    "boolean": (False, False),
    "char": ("ä\U0001f35e '%s' \\ \u202e", "ä\U0001f35e '%s' \\ \u202e"),
    "date": (dt.date(1, 2, 3), "0001-02-03")
    if connection.vendor != "mysql"
    else (dt.date(1001, 2, 3), "1001-02-03"),
    "datetime": (
        dt.datetime(2026, 10, 25, 2, 30, 0, 7, tzinfo=PAST),
        "2026-10-25T12:00:00.000007Z",
    ),
    "decimal": (Decimal("-12.5"), "-12.500"),
    "duration": (dt.timedelta(days=-1, hours=2, microseconds=5), "-P0DT21H59M59.999995S"),
    "email": ("a@example.com", "a@example.com"),
    "file": ("a/ü.png", "a/ü.png"),
    "file_path": ("/etc", "/etc"),
    "float": (0.1 + 0.2, 0.30000000000000004),
    "ip": ("2001:db8::1", "2001:db8::1"),
    "integer": (-5, -5),
    "json": ({"b": [1, 1.0, True, None, "\u0007"], "a": {"$x": ""}}, None),
    "positive": (0, 0),
    "positive_big": (2**63 - 1, 2**63 - 1),
    "positive_small": (1, 1),
    "slug": ("", ""),
    "small": (-32768, -32768),
    "text": ("a\r\nb\n" * 40, "a\r\nb\n" * 40),
    "time": (dt.time(23, 59, 59, 999999), "23:59:59.999999"),
    "url": ("https://example.com", "https://example.com"),
    "uuid": (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
}


def round_trip(model: type[Model]) -> list[dict[str, Any]]:
    """The records' values, after a proof that they give the same columns and bytes again."""
    found = reader(model)
    rows, data = raw(model), all_bytes(found)
    records = all_records(found)
    for record in records:
        assert canonical.encode(canonical.decode(data_of(data, record.key.key))) == data_of(
            data, record.key.key
        )
    rewrite(found)
    assert repr(raw(model)) == repr(rows)  # NaN is not equal to itself
    assert all_bytes(reader(model)) == data
    return [dict(record.fields) for record in records]


def data_of(data: dict[str, bytes], key: str) -> bytes:
    return next(each for path, each in data.items() if path.endswith(f"/{key}.json"))


def test_every_type(db: str) -> None:
    Everything.objects.create(**{name: value for name, (value, _) in FULL.items()})
    (values,) = round_trip(Everything)
    expected = {name: content for name, (_, content) in FULL.items()}
    expected["json"] = FULL["json"][0]
    assert values == expected


def test_the_bytes_are_the_same_on_every_database(db: str) -> None:
    values = {name: value for name, (value, _) in FULL.items()} | {"date": dt.date(2026, 1, 2)}
    Everything.objects.create(pk=1, **values)
    ((path, data),) = all_bytes(reader(Everything)).items()
    assert path == "fieldzoo.everything/0/0/1.json"
    assert data == (GOLDEN / "everything.json").read_bytes()


def test_null_everywhere(db: str) -> None:
    store(Everything, {"big": None})
    (values,) = round_trip(Everything)
    assert values == dict.fromkeys(FULL)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "",
        "null",
        '{"a": 1}',
        0,
        False,
        -1.5,
        1e16,
        1e300,
        1e-7,
        2**70,
        [None, [None]],
        {"b": 1, "a": {"d": 1, "c": 2}},
        "\U0001f35e ü",
        12345678901234567890.0,
        [0.1 + 0.2, 5e-324, 1.7976931348623157e308],
    ],
)
def test_json_as_it_is(db: str, value: Any) -> None:
    found = reader(Everything)
    Everything.objects.create(pk=1)
    decode = found.tables["fieldzoo.everything"].field["json"].decode
    with connection.cursor() as cursor:
        cast = found.tables["fieldzoo.everything"].field["json"].columns[0].cast
        cursor.execute(f"UPDATE fieldzoo_everything SET json = {cast}", decode(value))
    content = round_trip(Everything)[0]["json"]
    assert canonical.same(content, value)


def test_sql_null_and_json_null(db: str) -> None:
    Everything.objects.create(pk=1, json=None)
    Everything.objects.create(pk=2, json=Value(None, JSONField()))
    nothing, null = round_trip(Everything)
    assert nothing["json"] is None
    assert null["json"] is JSON_NULL
    assert Everything.objects.filter(json__isnull=True).get().pk == 1


def test_the_order_of_json_keys_does_not_matter(db: str) -> None:
    Everything.objects.create(pk=1, json={"a": 1, "bb": {"x": 1, "y": 2}})
    first = all_bytes(reader(Everything))
    Everything.objects.update(json={"bb": {"y": 2, "x": 1}, "a": 1})
    assert all_bytes(reader(Everything)) == first


def test_numbers_in_json_that_no_float_holds(db: str) -> None:
    store(Everything, {"json": '{"x": 0.12345678901234567891}'})
    with pytest.raises(RecordError, match=r"field 'json': the number 0\.1234.* more digits"):
        all_bytes(reader(Everything))


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e308, 1 / 3, -123456789.123456789])
def test_floats(db: str, value: float) -> None:
    Everything.objects.create(float=value)
    assert canonical.same(round_trip(Everything)[0]["float"], value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_odd_floats_survive_or_are_refused(db: str, value: float) -> None:
    field = reader(Everything).tables["fieldzoo.everything"].field["float"]
    held = {"postgresql": True, "mysql": False, "sqlite": math.isinf(value)}
    if not held[connection.vendor]:
        with pytest.raises(RecordError, match=r"is not a number that .* can hold"):
            field.decode(value)
        return
    Everything.objects.create(float=1.0)
    with connection.cursor() as cursor:
        cast = field.columns[0].cast
        cursor.execute(f"UPDATE fieldzoo_everything SET float = {cast}", field.decode(value))
    assert repr(round_trip(Everything)[0]["float"]) == repr(value)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("0", "0.000"),
        ("-0.001", "-0.001"),
        ("123456789.999", "123456789.999"),
        ("1E+3", "1000.000"),
    ],
)
def test_decimals(db: str, value: str, content: str) -> None:
    Everything.objects.create(decimal=Decimal(value))
    assert round_trip(Everything)[0]["decimal"] == content


def test_decimals_beyond_the_digits_of_a_float(db: str) -> None:
    found = reader(Everything).tables["fieldzoo.everything"].field["decimal"]
    assert found.encode(Decimal("12345678901234567890.123")) == "12345678901234567890.123"
    assert found.encode(Decimal("NaN")) == "NaN"
    if connection.vendor == "sqlite":
        with pytest.raises(RecordError, match="is not a decimal number that SQLite can hold"):
            found.decode("12345678901234567890.123")
    else:
        assert found.decode("12345678901234567890.123") == ("12345678901234567890.123",)
    for content in ("NaN", "Infinity"):
        if connection.vendor != "postgresql":
            with pytest.raises(RecordError, match=r"is not a decimal number that .* can hold"):
                found.decode(content)


@pytest.mark.parametrize(
    ("values", "content"),
    [
        (["1.5", "1.50", "1.500000"], "1.5"),
        (["0", "-0", "0.00"], "0"),
        (["1000", "1000.0", "1E+3"], "1000"),
        (["-0.00001", "-0.000010"], "-0.00001"),
        (["123456789012345678"], "123456789012345678"),
        (["0.1234567890123456"], "0.1234567890123456"),
    ],
)
def test_a_decimal_without_digits_has_one_form(db: str, values: list[str], content: str) -> None:
    field = reader(Numbers).tables["fieldzoo.numbers"].field["digits"]
    for value in values:
        assert field.encode(Decimal(value)) == content
        Numbers.objects.all().delete()
        store(Numbers, {"digits": value})
        assert only(reader(Numbers))["digits"] == content
        data = all_bytes(reader(Numbers))
        rewrite(reader(Numbers))
        assert all_bytes(reader(Numbers)) == data


def test_decimals_that_a_database_would_round_are_refused(db: str) -> None:
    decode = reader(Numbers).tables["fieldzoo.numbers"].field["digits"].decode
    content = "0.1234567890123456789"
    if connection.vendor == "sqlite":
        with pytest.raises(RecordError, match="is not a decimal number that SQLite can hold"):
            decode(content)
    else:
        assert decode(content) == (content,)


def test_zero_has_no_sign(db: str) -> None:
    """PostgreSQL alone has a negative zero, which is equal to the other."""
    Everything.objects.create(pk=1)
    Numbers.objects.create(pk=1)
    found = {
        **reader(Everything).tables["fieldzoo.everything"].field,
        **reader(Numbers).tables["fieldzoo.numbers"].field,
    }
    for table, name in (("everything", "float"), ("numbers", "number")):
        cast = found[name].columns[0].cast
        with connection.cursor() as cursor:
            quoted = connection.ops.quote_name(name)
            cursor.execute(f"UPDATE fieldzoo_{table} SET {quoted} = {cast}", ["-0.0"])
    assert repr(only(reader(Everything))["float"]) == "0.0"
    assert repr(only(reader(Numbers))["number"]) == "0.0"
    with pytest.raises(RecordError, match=r"-0\.0 is not .*: write 0\.0"):
        found["float"].decode(-0.0)
    if connection.vendor != "postgresql":  # whose jsonb refuses the sign itself
        store(Everything, {"id": 2, "json": '{"x": [-0.0, -0]}'})
        _, second = all_records(reader(Everything))
        assert repr(second.fields["json"]) == "{'x': [0.0, 0]}"


def nested(depth: int) -> Any:
    value: Any = {}
    for level in range(depth - 1):
        value = [value] if level % 2 else {"x": value}
    return value


def test_what_one_database_cannot_hold_is_refused_by_field(db: str) -> None:
    found = reader(Everything).tables["fieldzoo.everything"].field
    refused = {
        "postgresql": [("text", "a\0b"), ("json", {"a": ["\0"]}), ("json", {"\0": 1})],
        "mysql": [("json", nested(32)), ("duration", "P999999999DT00H00M00.000000S")],
        "sqlite": [("duration", "P999999999DT00H00M00.000000S")],
    }
    for name, content in refused[connection.vendor]:
        with pytest.raises(RecordError):
            found[name].decode(content)
    held = {"json": nested(31)}, {"json": {"a": "\\u0000"}}, {"duration": "-P100DT00H00M00.000000S"}
    for pk, values in enumerate(held):
        Everything.objects.create(pk=pk + 1)
        ((name, content),) = values.items()
        cast = found[name].columns[0].cast
        with connection.cursor() as cursor:
            sql = f"UPDATE fieldzoo_everything SET {name} = {cast} WHERE id = {pk + 1}"
            cursor.execute(sql, found[name].decode(content))
    for values, record in zip(held, round_trip(Everything), strict=True):
        assert values.items() <= record.items()


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (dt.timedelta(), "P0DT00H00M00.000000S"),
        (dt.timedelta(days=400, microseconds=1), "P400DT00H00M00.000001S"),
        (dt.timedelta(microseconds=-1), "-P0DT00H00M00.000001S"),
        (dt.timedelta(days=-3), "-P3DT00H00M00.000000S"),
        (dt.timedelta(days=99999, seconds=86399, microseconds=999999), None),
    ],
)
def test_durations(db: str, value: dt.timedelta, content: str | None) -> None:
    Everything.objects.create(duration=value)
    found = round_trip(Everything)[0]["duration"]
    assert found == (content or "P99999DT23H59M59.999999S")


@pytest.mark.parametrize("value", ["10.0.0.1", "::1", "::ffff:10.0.0.1", "2001:db8::ff00:42:8329"])
def test_addresses(db: str, value: str) -> None:
    Everything.objects.create(ip=value)
    assert round_trip(Everything)[0]["ip"] == value


def test_text_with_controls(db: str) -> None:
    text = "".join(map(chr, range(0 if connection.vendor != "postgresql" else 1, 32)))
    Everything.objects.create(text=text, char=text)
    assert round_trip(Everything)[0]["text"] == text


def test_points_in_time_do_not_depend_on_the_session(db: str) -> None:
    moment = dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC)
    Everything.objects.create(datetime=moment)
    first = all_bytes(reader(Everything))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
    try:
        assert only(reader(Everything))["datetime"] == "2026-03-29T01:30:00.000000Z"
        assert all_bytes(reader(Everything)) == first
        rewrite(reader(Everything))
        assert all_bytes(reader(Everything)) == first
    finally:
        connection.close()
    assert Everything.objects.get().datetime == moment


def test_times_without_time_zones(db: str) -> None:
    with override_settings(USE_TZ=False):
        connection.close()
        Everything.objects.create(datetime=dt.datetime(2026, 3, 1, 1, 30))  # noqa: DTZ001
        (values,) = round_trip(Everything)
        decode = reader(Everything).tables["fieldzoo.everything"].field["datetime"].decode
        with pytest.raises(RecordError, match="is not a time without Z, as USE_TZ is off"):
            decode("2026-03-01T01:30:00.000000Z")
    connection.close()
    assert values["datetime"] == "2026-03-01T01:30:00.000000"


WRONG = {
    "big": ["1", 1.0, True, []],
    "binary": ["#", 1, "AP8"],
    "boolean": ["true", 1.0],
    "char": [1, [], True],
    "date": ["2026-1-2", "20260102", "2026-02-30", 1],
    "datetime": [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000000",
        "2026-01-02 03:04:05.000000Z",
    ],
    "decimal": ["x", 1, 1.5],
    "duration": [
        "1",
        "P1D",
        "P1DT25H00M00.000000S",
        "-P0DT00H00M00.000000S",
        "P0DT00H00M60.000000S",
    ],
    "float": [1, "1"],
    "time": ["13:05", "25:00:00.000000"],
    "uuid": ["0" * 32, "X", "ABCDEF00-0000-0000-0000-000000000001"],
}


@pytest.mark.parametrize("name", WRONG)
def test_content_that_is_wrong(db: str, name: str) -> None:
    decode = reader(Everything).tables["fieldzoo.everything"].field[name].decode
    for content in WRONG[name]:
        with pytest.raises(RecordError, match="is not "):
            decode(content)


def test_custom_fields_are_read_below_their_own_conversion(db: str) -> None:
    custom = Custom.objects.create(money=Money(350), upper="quiet", words=["a", "b"])
    assert Custom.objects.get().upper == "QUIET"
    store(Custom, {"id": custom.pk + 1, "raw": "x", "raw_bytes": b"\x00\x01"})
    first, second = round_trip(Custom)
    assert first == {
        "money": 350,
        "raw": None,
        "raw_bytes": None,
        "upper": "quiet",
        "words": '["a", "b"]',
    }
    assert second["raw"] == "x"
    assert second["raw_bytes"] == {"base64": "AAE="}


def test_names_that_are_words_of_sql(db: str) -> None:
    one = Order.objects.create(select=1, order="x")
    two = Order.objects.create(select=2, order="y")
    one.group.add(two)
    first, second = round_trip(Order)
    assert first == {
        "group": [f"fieldzoo.order:{two.pk}"],
        "order": "x",
        "select": 1,
    }
    assert second["group"] == [f"fieldzoo.order:{one.pk}"]
