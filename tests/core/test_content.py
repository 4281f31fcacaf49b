"""When two content values are the same, and how they stand in ``--json``."""

from __future__ import annotations

import enum
import json
import math

import pytest
from hypothesis import given, settings

from contentgit.content.diff import ABSENT
from contentgit.content.records import JSON_NULL, Value, in_order
from contentgit.content.values import content_value, json_value, same
from contentgit.errors import RecordError
from tests.core.strategies import values


class Colour(enum.StrEnum):
    RED = "red"


DIFFERENT: list[Value] = [
    None, JSON_NULL, ABSENT, True, False, 1, 0, 1.0, 0.0, -0.0, math.nan, math.inf, 10**40, 1e40,
    "", "1", "null", [], {}, [1], [True], [1.0], [[1]], {"a": 1}, {"a": True}, {"a": 1.0},
    {"b": 1}, {"a": None}, {"a": JSON_NULL}, [1, 2], [2, 1], "é", "e\u0301",
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(DIFFERENT)))
def test_values_are_the_same_as_themselves_only(index: int) -> None:
    alike = [other for other, value in enumerate(DIFFERENT) if same(DIFFERENT[index], value)]
    assert alike == [index]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (float("nan"), -float("nan")),
        ([float("nan")], [float("nan")]),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
        ((1, 2), [1, 2]),
        (Colour.RED, "red"),
        ({Colour.RED: (Colour.RED,)}, {"red": ["red"]}),
        (10**40, int("1" + "0" * 40)),
    ],
)
def test_the_same_content_in_another_guise(a: Value, b: Value) -> None:
    assert same(a, b)
    assert same(b, a)


def test_endless_depth_is_compared() -> None:
    a: Value = []
    b: Value = []
    for _ in range(100_000):
        a, b = [a], [b]
    assert same(a, b)
    assert not same(a, [b])


def test_what_is_no_content_is_the_same_as_itself() -> None:
    thing = object()
    assert same(thing, thing)
    assert not same(thing, object())
    assert not same(b"a", "a")


@settings(deadline=None)
@given(values)
def test_any_value_as_json(value: Value) -> None:
    text = json.dumps(json_value(value), allow_nan=False)
    assert same(content_value(json_value(value)), value)
    assert same(json_value(content_value(json_value(value))), json_value(value))
    assert text


def test_text_stays_one_string_in_json() -> None:
    value = {"$a": "one\ntwo", "n": [math.nan, 2**64, JSON_NULL, None], "c": Colour.RED}
    assert json_value(value) == {
        "$$a": "one\ntwo",
        "n": [{"$float": "nan"}, {"$int": "18446744073709551616"}, {"$json": None}, None],
        "c": "red",
    }
    assert type(json_value(Colour.RED)) is str


@pytest.mark.parametrize("value", [b"a", [object()], {1: 2}, ABSENT])
def test_what_is_no_content_has_no_json(value: object) -> None:
    with pytest.raises(RecordError, match="cannot be written"):
        json_value(value)


def test_too_deep_a_value_has_no_json() -> None:
    value: Value = []
    for _ in range(200):
        value = [value]
    with pytest.raises(RecordError, match="more than 200 deep"):
        json_value(value)


def test_references_are_listed_by_their_keys() -> None:
    texts = ["a.b:10", "a.b:x", "a.b:9", "a.a:2", "a.b:-1", "none", ":", ""]
    assert in_order(texts) == [":", "", "a.a:2", "a.b:-1", "a.b:9", "a.b:10", "a.b:x", "none"]
