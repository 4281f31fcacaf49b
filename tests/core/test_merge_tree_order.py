"""Orders that number a tree: examples, and what holds for every one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.merge import FieldConflict
from contentgit.merge.preorder import parent_field
from tests.core.oracle import Merge, three_way

POSITION = FieldSchema("position", FieldKind.INTEGER, order_within=("place",))
PARENT = FieldSchema("parent", FieldKind.REFERENCE, null=True, target="cms.plugin")
PLUGIN = ModelSchema(
    "cms.plugin",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (POSITION, PARENT, FieldSchema("place", FieldKind.TEXT), FieldSchema("text", FieldKind.TEXT)),
)
MODELS = {PLUGIN.label: PLUGIN}
Snapshot = dict[RecordKey, Record]
Below = dict[str | None, list[str]]


def key(name: str) -> RecordKey:
    return RecordKey("cms.plugin", name)


def tree(text: str, start: int = 1, step: int = 1) -> Snapshot:
    """``"a(bc)d"``: a at 1, b and c below it at 2 and 3, d at 4."""
    found: Snapshot = {}
    above: list[str] = []
    last = ""
    for letter in text:
        if letter == "(":
            above.append(last)
        elif letter == ")":
            above.pop()
        else:
            last = letter
            number = start + step * len(found)
            found[key(letter)] = row(letter, above[-1] if above else None, number)
    return found


def row(name: str, parent: str | None, position: int) -> Record:
    values = {"position": position, "parent": parent and f"cms.plugin:{parent}", "place": "main"}
    return Record(key(name), {**values, "text": ""})


def outline(records: Any) -> str:
    """The text for which :func:`tree` gives the records; with a row out of place, a number and its name."""
    listed = sorted(records.values(), key=lambda each: each.fields["position"])
    below: Below = {}
    for each in listed:
        parent = each.fields["parent"] and each.fields["parent"].partition(":")[2]
        below.setdefault(parent if parent and key(parent) in records else None, []).append(
            each.key.key
        )
    walked = [*walk(below)]
    places = [(each.key.key, each.fields["position"]) for each in listed]
    assert places == [*zip(walked, range(1, len(walked) + 1), strict=True)]
    return shown(below)


def walk(below: Below, name: str | None = None) -> Iterator[str]:
    for each in below.get(name, []):
        yield each
        yield from walk(below, each)


def shown(below: Below, name: str | None = None) -> str:
    return "".join(
        f"{each}({shown(below, each)})" if below.get(each) else each for each in below.get(name, [])
    )


def merged(base: Any, ours: Any, theirs: Any) -> Merge:
    """Either way round."""
    one, other = three_way(base, ours, theirs, MODELS), three_way(base, theirs, ours, MODELS)
    assert [each.key for each in one.conflicts] == [each.key for each in other.conflicts]
    if not one.conflicts:
        assert one.records == other.records
    return one


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        # One moves what the other puts a row below.
        ("a(b)c(d)", "c(d)a(b)", "a(bx)c(d)", "c(d)a(bx)"),
        ("a(bc)d", "da(bc)", "a(bcx(y))d", "da(bcx(y))"),
        ("a(b)cd", "a(b(c))d", "a(bx)cd", "a(b(c)x)d"),
        # Both put in at one place, below and beside a row.
        ("r(a)", "r(a(x))", "r(ay)", "r(a(x)y)"),
        ("r(a)s", "r(ax)s", "r(ay)s", "r(axy)s"),
        # One takes a row out of another, which gives it no other number.
        ("a(c)", "ac", "a(cd)", "a(d)c"),
        ("ab", "a(b)", "axb", "a(b)x"),
        # What is taken out leaves no gap.
        ("abc", "ac", "abcd", "acd"),
        ("a(bc)d", "a(c)d", "a(bc)de(f)", "a(c)de(f)"),
        ("a(b)c(d)", "c(d)", "a(b)c(de)", "c(de)"),
        # Rows of a row that is gone.
        ("", "a", "b(c)", "ab(c)"),
        ("ab", "b", "a", ""),
    ],
)
def test_trees(base: str, ours: str, theirs: str, expected: str) -> None:
    found = merged(tree(base), tree(ours), tree(theirs))
    assert not found.conflicts
    assert outline(found.records) == expected


def test_other_numbers_of_such_rows_are_no_tree() -> None:
    """A comment and its answers, say, by their time."""
    base, ours, theirs = tree("abc", step=10), tree("xabc", step=10), tree("abcy", step=10)
    found = merged(base, ours, theirs)
    numbers = {each.key: record.fields["position"] for each, record in found.records.items()}
    assert numbers == {"x": 1, "a": 11, "b": 21, "c": 31, "y": 41}


def test_what_both_take_to_different_rows_is_a_conflict() -> None:
    found = merged(tree("abc"), tree("a(c)b"), tree("ab(c)"))
    (conflict,) = found.conflicts
    assert conflict.key == key("c")
    assert [each.name for each in conflict.fields] == ["parent"]


def test_what_both_move_apart_is_a_conflict_on_the_number() -> None:
    found = merged(tree("r(abcd)"), tree("r(dabc)"), tree("r(adbc)"))
    (conflict,) = found.conflicts
    assert (conflict.key, conflict.fields) == (key("d"), (FieldConflict("position", 5, 2, 3),))


def test_rows_below_each_other_get_numbers_too() -> None:
    """The circle is for others to find."""
    found = merged(tree("abc"), tree("b(a)c"), tree("a(b)c"))
    positions = sorted(each.fields["position"] for each in found.records.values())
    assert positions == [1, 2, 3]


def test_one_field_says_what_a_row_is_below() -> None:
    assert parent_field(PLUGIN, POSITION) == "parent"
    within = FieldSchema("position", FieldKind.INTEGER, order_within=("parent",))
    assert parent_field(PLUGIN, within) is None
    other = FieldSchema("alias", FieldKind.REFERENCE, null=True, target="cms.plugin")
    fields = (POSITION, PARENT, other)
    two = ModelSchema("cms.plugin", KeyKind.INTEGER, Layout.INTEGER, fields)
    assert parent_field(two, POSITION) is None


class Edited:
    """A tree that somebody edits at random, by names."""

    def __init__(self, below: Below, seed: int) -> None:
        self.below = {parent: [*names] for parent, names in below.items()}
        self.random = random.Random(seed)

    def edit(self, new: str) -> None:
        """Puts in, moves, takes out."""
        names = [*walk(self.below)]
        for letter in new:
            name = self.random.choice(names) if names else None
            what = self.random.random()
            if what < 0.5 or name is None:
                self.put(letter, self.random.choice([None, *names]))
            elif what < 0.8:
                self.take(name)
                inside = {name, *walk(self.below, name)}
                self.put(name, self.random.choice([None, *(set(names) - inside)]))
            else:
                self.take(name)
                for gone in (name, *walk(self.below, name)):
                    self.below.pop(gone, None)
            names = [*walk(self.below)]

    def put(self, name: str, parent: str | None) -> None:
        among = self.below.setdefault(parent, [])
        among.insert(self.random.randint(0, len(among)), name)

    def take(self, name: str) -> None:
        for among in self.below.values():
            if name in among:
                among.remove(name)


@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(1, 4), st.integers(1, 4))
def test_a_tree_that_both_edit_is_numbered_as_a_tree(
    seed: int, size: int, ours: int, theirs: int
) -> None:
    start = Edited({}, seed)
    start.edit("abcdefgh"[:size])
    sides = [Edited(start.below, seed + number) for number in (1, 2)]
    sides[0].edit("stuv"[:ours])
    sides[1].edit("wxyz"[:theirs])
    found = merged(*(tree(shown(each.below)) for each in (start, *sides)))
    assume(not found.conflicts)
    parents = {each: record.fields["parent"] for each, record in found.records.items()}
    assume(all(_ends(each, parents) for each in parents))
    outline(found.records)  # asserts it
    # Rows that one side alone has stay in that side's order where nobody moved them to another row.
    for side in sides:
        for parent, names in side.below.items():
            kept = [each for each in names if key(each) in found.records]
            put_in = [each for each in kept if each in "stuvwxyz"]
            by_number = sorted(put_in, key=lambda each: found.records[key(each)].fields["position"])
            same = all(parents[key(each)] == (parent and f"cms.plugin:{parent}") for each in put_in)
            assert not same or put_in == by_number


def _ends(name: RecordKey, parents: dict[RecordKey, str | None]) -> bool:
    """Whether the rows above do not lead in a circle."""
    seen = set()
    above = parents[name]
    while above is not None and above not in seen:
        seen.add(above)
        above = parents.get(RecordKey.parse(above))
    return above is None
