"""Orders of records on three sides: examples, and what holds for every one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.merge import (
    FieldConflict,
    Reason,
    Side,
    group_of,
    merge_record,
    settle,
    touched_groups,
)
from contentgit.merge.arrangement import Ordered, merge_places, unmoved
from tests.core.oracle import Merge, Snapshot, between, three_way

PLUGIN = ModelSchema(
    "pages.plugin",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("ordering", FieldKind.INTEGER, order_within=("parent", "region")),
        FieldSchema("parent", FieldKind.REFERENCE, target="pages.page"),
        FieldSchema("region", FieldKind.TEXT),
        FieldSchema("text", FieldKind.TEXT),
    ),
)
MODELS = {PLUGIN.label: PLUGIN}


def key(name: str | int) -> RecordKey:
    return RecordKey("pages.plugin", str(name))


def places(**numbers: int) -> dict[RecordKey, int]:
    return {key(name): number for name, number in numbers.items()}


def rows(text: str, step: int = 10) -> dict[RecordKey, int]:
    """``"abc"``: a at 10, b at 20, c at 30."""
    return {key(name): step * number for number, name in enumerate(text, 1)}


def shown(numbers: Mapping[RecordKey, int]) -> dict[str, int]:
    return {each.key: number for each, number in numbers.items()}


def union(*sides: Mapping[RecordKey, int]) -> dict[RecordKey, int]:
    """What a merge of sets keeps of the base and of two sides."""
    base, ours, theirs = sides
    keys = (ours.keys() & theirs.keys()) | (ours.keys() - base.keys())
    keys |= theirs.keys() - base.keys()
    return {each: ours.get(each, theirs.get(each, 0)) for each in sorted(keys)}


def merged(base: Any, ours: Any, theirs: Any) -> Ordered:
    one = merge_places(base, ours, theirs, union(base, ours, theirs))
    other = merge_places(base, theirs, ours, union(base, ours, theirs))
    assert one.apart == other.apart
    if not one.apart:
        assert [*one.places.items()] == [*other.places.items()]
    return one


# Sequences and numbers


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        # Both append, both put in front, both put in at one place, both into an empty order.
        ("abc", "abcx", "abcy", {"a": 10, "b": 20, "c": 30, "x": 40, "y": 50}),
        ("abc", "abcy", "abcx", {"a": 10, "b": 20, "c": 30, "x": 40, "y": 50}),
        ("ab", "xab", "yab", {"x": 10, "y": 15, "a": 20, "b": 30}),
        ("abc", "axbc", "aybc", {"a": 10, "x": 20, "y": 25, "b": 30, "c": 40}),
        ("", "x", "y", {"x": 10, "y": 20}),
        # Runs stay together.
        ("a", "axz", "ayw", {"a": 10, "y": 20, "w": 30, "x": 40, "z": 50}),
        # At different places.
        ("abc", "axbc", "abyc", {"a": 10, "x": 20, "b": 30, "y": 35, "c": 40}),
        # One appends, the other takes out or moves.
        ("abc", "abcx", "bc", {"b": 10, "c": 20, "x": 40}),
        ("abc", "abcx", "cab", {"c": 10, "a": 20, "b": 30, "x": 40}),
        # One moves to the front what the other's new row at the front shifts.
        ("abc", "cab", "xabc", {"c": 10, "x": 15, "a": 20, "b": 30}),
        # Both move the same row to the same place, and one adds behind it.
        ("abc", "bca", "bcax", {"b": 10, "c": 20, "a": 30, "x": 40}),
        ("abc", "bcxa", "bca", {"b": 10, "c": 20, "x": 30, "a": 40}),
        # Two different moves.
        ("abcd", "bacd", "abdc", {"b": 10, "a": 20, "d": 30, "c": 40}),
    ],
)
def test_orders(base: str, ours: str, theirs: str, expected: dict[str, int]) -> None:
    found = merged(rows(base), rows(ours), rows(theirs))
    assert not found.apart
    assert [*shown(found.places).items()] == [*expected.items()]


def test_what_a_side_has_not_numbered_anew_it_has_not_moved() -> None:
    base = places(a=10, b=20, c=30)
    found = merged(base, {**base, key("b"): 5}, {**base, key("c"): 15})
    assert [*shown(found.places).items()] == [("b", 5), ("a", 10), ("c", 15)]


def test_numbers_without_gaps_stay_without_gaps() -> None:
    base = {key(name): number for number, name in enumerate("abc")}
    ours = {key(name): number for number, name in enumerate("axbc")}
    theirs = {key(name): number for number, name in enumerate("abyc")}
    found = merged(base, ours, theirs)
    assert [*shown(found.places).items()] == [*zip("axbyc", range(5), strict=True)]


def test_numbers_never_go_below_zero() -> None:
    base, ours, theirs = places(a=0, b=1), places(x=0, a=1, b=2), places(y=0, a=1, b=2)
    found = merged(base, ours, theirs)
    assert [*shown(found.places).items()] == [("x", 0), ("y", 1), ("a", 2), ("b", 3)]


def test_rows_that_nobody_puts_in_an_order_stay_as_they_are() -> None:
    base = places(a=0, b=0, c=0)
    found = merged(base, {**base, **places(x=0)}, {**base, **places(d=0)})
    assert set(found.places.values()) == {0}
    assert len(found.places) == 5


def test_old_ties_stay_when_others_are_settled() -> None:
    base = places(a=5, b=5, c=10)
    found = merged(base, {**base, **places(x=20)}, {**base, **places(y=20)})
    assert shown(found.places) == {"a": 5, "b": 5, "c": 10, "x": 20, "y": 25}


def test_the_same_row_moved_to_different_places_is_a_conflict() -> None:
    base, ours, theirs = rows("abcd"), rows("dabc"), rows("adbc")
    found = merged(base, ours, theirs)
    assert found.apart == {key("d")}
    assert [each.key for each in found.places] == [*"dabc"]
    preferred = merge_places(base, ours, theirs, rows("abcd"), Side.THEIRS)
    assert [each.key for each in preferred.places] == [*"adbc"]
    assert preferred.apart == {key("d")}


# Snapshots


def snapshot(**fields: Any) -> dict[RecordKey, Record]:
    """``a=(10, "1")``: plugin a at 10 in page 1; a third value is its text."""
    found = {}
    for name, (number, page, *text) in fields.items():
        values = {
            "ordering": number,
            "parent": f"pages.page:{page}",
            "region": "main",
            "text": text[0] if text else "",
        }
        found[key(name)] = Record(key(name), values)
    return found


def numbers(found: Merge) -> dict[str, int]:
    return {each.key.key: each.fields["ordering"] for each in found.records.values()}


def test_both_append_to_the_same_page() -> None:
    base = snapshot(a=(10, 1), z=(10, 2))
    found = three_way(base, base | snapshot(b=(20, 1)), base | snapshot(c=(20, 1)), MODELS)
    assert not found.conflicts
    assert numbers(found) == {"a": 10, "b": 20, "c": 30, "z": 10}


def test_numbers_shifted_by_both_differently_are_no_conflict() -> None:
    base = snapshot(a=(10, 1), b=(20, 1))
    ours = snapshot(x=(10, 1), a=(20, 1), b=(30, 1, "edited"))
    theirs = snapshot(v=(10, 1), w=(20, 1), a=(30, 1), b=(40, 1))
    found = three_way(base, ours, theirs, MODELS)
    assert not found.conflicts
    assert numbers(found) == {"v": 10, "w": 20, "x": 25, "a": 30, "b": 40}
    assert found.records[key("b")].fields["text"] == "edited"


def test_a_shifted_row_may_be_deleted() -> None:
    base = snapshot(a=(10, 1), b=(20, 1), c=(30, 1))
    ours = snapshot(a=(10, 1), c=(30, 1))
    theirs = snapshot(x=(10, 1), a=(20, 1), b=(30, 1), c=(40, 1))
    for sides in ((ours, theirs), (theirs, ours)):
        found = three_way(base, *sides, MODELS)
        assert not found.conflicts
        assert numbers(found) == {"x": 10, "a": 20, "c": 40}


def test_a_moved_or_edited_row_may_not_be_deleted() -> None:
    base = snapshot(a=(10, 1), b=(20, 1), c=(30, 1))
    ours = snapshot(a=(10, 1), b=(20, 1))
    moved = snapshot(c=(5, 1), a=(10, 1), b=(20, 1))
    (conflict,) = three_way(base, ours, moved, MODELS).conflicts
    assert conflict.reason is Reason.DELETED_BY_US
    assert [each.name for each in conflict.fields] == ["ordering"]
    edited = snapshot(x=(10, 1), a=(20, 1), b=(30, 1), c=(40, 1, "edited"))
    (conflict,) = three_way(base, ours, edited, MODELS).conflicts
    assert [each.name for each in conflict.fields] == ["text"]


def test_a_row_moved_to_another_page_takes_its_place_there() -> None:
    base = snapshot(a=(10, 1), b=(20, 1), c=(10, 2))
    ours = snapshot(a=(10, 1), b=(20, 2), c=(10, 2))  # b goes to page 2
    theirs = snapshot(b=(10, 1), a=(20, 1), c=(10, 2), d=(20, 2))  # and is moved, and d is added
    found = three_way(base, ours, theirs, MODELS)
    assert not found.conflicts
    assert found.records[key("b")].fields["parent"] == "pages.page:2"
    assert numbers(found) == {"a": 20, "b": 20, "c": 10, "d": 30}


def test_what_both_moved_apart_is_a_conflict_on_the_field_alone() -> None:
    base = snapshot(a=(10, 1), b=(20, 1), c=(30, 1), d=(40, 1))
    ours = base | snapshot(d=(5, 1, "ours"))
    theirs = base | snapshot(d=(15, 1))
    found = three_way(base, ours, theirs, MODELS)
    (conflict,) = found.conflicts
    assert conflict.key == key("d")
    assert conflict.reason is Reason.EDITED
    assert conflict.fields == (FieldConflict("ordering", 40, 5, 15),)
    assert numbers(found) == {"a": 10, "b": 20, "c": 30, "d": 5}
    assert numbers(three_way(base, ours, theirs, MODELS, Side.THEIRS))["d"] == 15


def test_a_row_taken_to_two_pages_keeps_both_conflicts() -> None:
    base = snapshot(a=(10, 1))
    found = three_way(base, snapshot(a=(20, 2)), snapshot(a=(30, 3)), MODELS)
    assert [each.name for each in found.conflicts[0].fields] == ["ordering", "parent"]


def test_the_same_row_added_on_both_sides_among_others() -> None:
    base = snapshot(a=(10, 1))
    ours = base | snapshot(b=(20, 1), k=(30, 1))
    theirs = base | snapshot(k=(20, 1))
    found = three_way(base, ours, theirs, MODELS)
    assert not found.conflicts
    assert numbers(found) == {"a": 10, "b": 20, "k": 30}


def test_rows_without_a_number_and_other_models_are_left_alone() -> None:
    base = snapshot(a=(None, 1), b=(10, 1))
    ours = snapshot(a=(None, 1, "x"), b=(10, 1), c=(20, 1))
    theirs = snapshot(a=(None, 1), b=(10, 1), d=(20, 1))
    found = three_way(base, ours, theirs, MODELS)
    assert numbers(found) == {"a": None, "b": 10, "c": 20, "d": 30}
    without = FieldSchema("ordering", FieldKind.INTEGER)
    assert group_of(base[key("b")], without) is None
    bare = Record(key("b"), {"ordering": 1})
    assert group_of(bare, PLUGIN.by_name["ordering"]) is None


def test_touched_groups_are_those_that_both_sides_changed() -> None:
    base = snapshot(a=(10, 1), b=(10, 2), c=(10, 3), d=(20, 3))
    ours = base | snapshot(a=(20, 1), b=(20, 2), d=(20, 3, "text"))
    theirs = base | snapshot(a=(30, 1), c=(30, 3))
    field = PLUGIN.by_name["ordering"]
    found = touched_groups(between(base, ours), between(base, theirs), PLUGIN)
    assert found == {group_of(base[key("a")], field)}


# Laws

orders = st.dictionaries(
    st.sampled_from([key(name) for name in "abcdefg"]), st.integers(0, 6), max_size=7
)
strict_orders = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=7).map(
    lambda names: rows("".join(names))
)


@given(orders, orders)
def test_the_numbers_of_one_side_are_taken_as_they_are(base: Any, side: Any) -> None:
    for found in (
        merge_places(base, side, base, side),
        merge_places(base, base, side, side),
        merge_places(base, side, side, side),
    ):
        assert found.places == side
        assert not found.apart


@given(orders, orders, orders)
def test_no_key_is_lost_and_sides_may_be_swapped(base: Any, ours: Any, theirs: Any) -> None:
    members = union(base, ours, theirs)
    one = merge_places(base, ours, theirs, members, Side.OURS)
    other = merge_places(base, theirs, ours, members, Side.THEIRS)
    assert one.places.keys() == members.keys()
    assert [*one.places.items()] == [*other.places.items()]
    assert one.apart == other.apart
    found = [*one.places.values()]
    assert found == sorted(found)
    assert all(number >= 0 for number in found)
    merged(base, ours, theirs)


@given(strict_orders, strict_orders, strict_orders)
def test_new_keys_stay_in_the_order_of_their_side(base: Any, ours: Any, theirs: Any) -> None:
    found = merged(base, ours, theirs)
    at = {each: index for index, each in enumerate(found.places)}
    assert len(set(found.places.values())) == len(found.places)
    for side, other in ((ours, theirs), (theirs, ours)):
        new = [each for each in side if each not in base and each not in other]
        assert [at[each] for each in new] == sorted(at[each] for each in new)


@given(strict_orders, strict_orders)
def test_what_both_sides_have_in_one_order_stays_so(base: Any, side: Any) -> None:
    """One side moves, the other adds at the end: nothing of the one's order is lost."""
    theirs = {**base, key("z"): 990}
    found = merged(base, side, theirs)
    order = [each for each in found.places if each in side]
    assert order == list(side)


@given(
    st.lists(st.sampled_from("abcdefg"), unique=True, min_size=2, max_size=7),
    st.lists(st.integers(0, 90).filter(lambda n: n % 10), min_size=2, max_size=2, unique=True),
)
def test_two_rows_moved_by_one_side_each_go_where_their_numbers_say(
    names: list[str], numbers: list[int]
) -> None:
    base = rows("".join(sorted(names)))
    ours, theirs = (
        {**base, key(name): number} for name, number in zip(names, numbers, strict=False)
    )
    for name, side in zip(names, (ours, theirs), strict=False):
        assume(key(name) not in unmoved(base, side))
    one, other = key(names[0]), key(names[1])
    before = {ours[one] < ours[other], theirs[one] < theirs[other]}
    assume(before != {numbers[0] > numbers[1]})  # else that counts on which both sides agree
    assert dict(merged(base, ours, theirs).places) == {**ours, key(names[1]): numbers[1]}


plugins = st.dictionaries(
    st.sampled_from("abcde"),
    st.tuples(st.integers(0, 5), st.integers(1, 3), st.sampled_from(["", "x"])),
    max_size=5,
).map(lambda found: snapshot(**found))


@given(plugins, plugins)
def test_snapshots_of_which_one_side_changed(base: Snapshot, side: Snapshot) -> None:
    for found in (
        three_way(base, base, side, MODELS),
        three_way(base, side, base, MODELS),
        three_way(base, side, side, MODELS),
    ):
        assert found.records == side
        assert not found.conflicts


@given(plugins, plugins, plugins)
def test_snapshots_merge_alike_from_both_sides(
    base: Snapshot, ours: Snapshot, theirs: Snapshot
) -> None:
    one, other = (
        three_way(base, ours, theirs, MODELS, Side.OURS),
        three_way(base, theirs, ours, MODELS, Side.THEIRS),
    )
    assert one.records == other.records
    assert [each.key for each in one.conflicts] == [each.key for each in other.conflicts]
    for mine, yours in zip(one.conflicts, other.conflicts, strict=True):
        swapped = [FieldConflict(f.name, f.base, f.theirs, f.ours, f.path) for f in yours.fields]
        assert list(mine.fields) == swapped
    plain = three_way(base, ours, theirs, MODELS)
    for side in (ours, theirs):
        for each in side.keys() - base.keys():
            assert each in plain.records
    assert all(
        f.ours is not ABSENT or f.theirs is not ABSENT for c in plain.conflicts for f in c.fields
    )


@given(plugins, plugins, plugins)
def test_touched_groups_and_their_records_are_all_that_matters(
    base: Snapshot, ours: Snapshot, theirs: Snapshot
) -> None:
    """As a merge of trees has it, which reads no more than it must."""
    field = PLUGIN.by_name["ordering"]
    one_by_one = {
        each: merge_record(base.get(each), ours.get(each), theirs.get(each), PLUGIN)
        for each in base.keys() | ours.keys() | theirs.keys()
    }
    kept = {each: m.record for each, m in one_by_one.items() if m.record is not None}
    sides = (base, ours, theirs, kept)
    every = {group_of(record, field) for side in sides for record in side.values()} - {None}
    whole = settle(PLUGIN, [g for g in every if g], base, ours, theirs, one_by_one)
    groups = touched_groups(between(base, ours), between(base, theirs), PLUGIN)
    some = [
        {each: record for each, record in side.items() if group_of(record, field) in groups}
        for side in sides
    ]
    needed = {each for side in some for each in side}
    few = {each: one_by_one[each] for each in needed}
    assert settle(PLUGIN, groups, some[0], some[1], some[2], few) == whole
