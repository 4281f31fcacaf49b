"""Numbers of trees: what holds for every tree, and what the libraries leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.db.trees.nested import NestedSets
from contentgit.db.trees.numbering import Numbering, Place, arranged
from contentgit.db.trees.paths import Paths

PATHS = Paths("parent", "position", steplen=2, alphabet="0123456789", length=255)
NESTED = NestedSets("parent", "position", ("tree_id", "lft", "rgt", "depth"), first_depth=1)
LINKED = NestedSets("parent", "position", ("tree_id", "lft", "rght", "level"), linked=True)


def numbered(numbering: Numbering, places: Mapping[Any, Place]) -> dict[Any, tuple[Any, ...]]:
    return dict(numbering.numbers(arranged(places, str)))


@st.composite
def trees(draw: st.DrawFn) -> dict[int, Place]:
    """Rows below earlier ones, each with a position that no other one has there."""
    places: dict[int, Place] = {}
    taken: set[Place] = set()
    for pk in range(draw(st.integers(0, 25))):
        parent = draw(st.none() | st.sampled_from(sorted(places))) if places else None
        place = Place(parent, draw(st.integers(1, 30)))
        if place not in taken:
            taken.add(place)
            places[pk] = place
    return places


@given(trees())
def test_paths_say_where_each_row_stands(places: dict[int, Place]) -> None:
    rows = numbered(PATHS, places)
    assert PATHS.places(rows, {}) == places
    for pk, (path, depth, children) in rows.items():
        assert len(path) == 2 * depth
        assert children == sum(place.parent == pk for place in places.values())


@given(trees())
def test_nested_sets_say_where_each_row_stands(places: dict[int, Place]) -> None:
    parents = {pk: place.parent for pk, place in places.items() if place.parent is not None}
    for numbering in (NESTED, LINKED):
        rows = numbered(numbering, places)
        found = numbering.places(rows, parents)
        assert {pk: place.parent for pk, place in found.items()} == {
            pk: place.parent for pk, place in places.items()
        }
        assert numbered(numbering, found) == rows  # so the order of siblings is the same
        for tree in {row[0] for row in rows.values()}:
            ends = [end for row in rows.values() if row[0] == tree for end in row[1:3]]
            assert sorted(ends) == list(range(1, len(ends) + 1))


def test_rows_at_one_position_stand_one_after_the_other() -> None:
    places = {1: Place(None, 3), 2: Place(None, 3), 3: Place(None, 5), 4: Place(None, 4)}
    assert numbered(PATHS, places) == {
        1: ("03", 1, 0),
        2: ("04", 1, 0),
        4: ("05", 1, 0),
        3: ("06", 1, 0),
    }


def test_gaps_are_closed_where_digits_run_out() -> None:
    places = {1: Place(None, 7), 2: Place(None, 99), 3: Place(None, 99)}
    assert [row[0] for row in numbered(PATHS, places).values()] == ["01", "02", "03"]


def test_too_many_rows_below_one() -> None:
    places = {pk: Place(None, pk) for pk in range(1, 101)}
    with pytest.raises(OverflowError, match="at most 99 rows"):
        numbered(PATHS, places)


def test_a_path_that_is_too_deep() -> None:
    shallow = Paths("parent", "position", steplen=2, alphabet="0123456789", length=4)
    places = {1: Place(None, 1), 2: Place(1, 1), 3: Place(2, 1)}
    with pytest.raises(OverflowError, match="at most 2 steps"):
        numbered(shallow, places)


@pytest.mark.parametrize("path", ["", "0", "01x1", "0503", "~01234"])
def test_a_row_that_stands_nowhere(path: str) -> None:
    assert PATHS.places({1: ("01", 1, 0), 2: (path, 1, 0)}, {}) == {1: Place(None, 1)}


def test_a_row_below_itself_has_no_number() -> None:
    places = {1: Place(None, 1), 2: Place(3, 1), 3: Place(2, 1)}
    for numbering in (PATHS, NESTED):
        assert numbered(numbering, places).keys() == {1}


def test_a_chain_that_is_longer_than_any_stack() -> None:
    places = {pk: Place(pk - 1 if pk else None, 1) for pk in range(20_000)}
    rows = numbered(NESTED, places)
    assert rows[19_999] == (1, 20_000, 20_001, 20_000)
    assert NESTED.places(rows, {}) == places


@pytest.mark.parametrize(
    "broken",
    [
        {2: (1, 2, 3, 2), 3: (1, 2, 5, 2)},  # two begin at one number
        {2: (1, 2, 4, 2), 3: (1, 3, 5, 3)},  # one ends within the other
        {2: (1, 2, 3, 3)},  # the depth is that of another place
    ],
)
def test_nested_sets_that_do_not_nest_have_no_place(
    broken: dict[int, tuple[int, int, int, int]],
) -> None:
    found = NESTED.places({1: (1, 1, 8, 1), **broken}, {})
    assert found[1] == Place(None, 1)
    assert found.keys() < {1, *broken}
