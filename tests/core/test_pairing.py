"""Rows and records of equal content pair, references included; what is ambiguous is never guessed."""

from __future__ import annotations

import time
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.pairing import Doubt, Paired, Pairing, References, paired

Side = dict[str, Paired]


def pairing(rows: Mapping[str, Paired], records: Mapping[str, Paired], **more: object) -> Pairing:
    """``paired`` where nothing is known already."""
    return paired(rows, records, **{"known": {}, **more})  # type: ignore[arg-type]


def member(content: str, *targets: str) -> Paired:
    """Content that refers to others, one in each field."""
    return Paired(content, tuple((each,) for each in targets))


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, Side]:
    """Two sides that grew apart: some of the rows of each are copies of those of the other."""
    rows = draw(side("r"))
    renamed = {name: f"c{name}" for name in rows}
    copies = {
        renamed[name]: Paired(each.content, referring(each.references, renamed))
        for name, each in rows.items()
        if draw(st.booleans())
    }
    return rows, copies | draw(side("n"))


@st.composite
def side(draw: st.DrawFn, letter: str) -> Side:
    names = [f"{letter}{number}" for number in range(draw(st.integers(0, 8)))]
    targets = st.sampled_from([*names, "outside"])
    field = st.one_of(st.tuples(targets), st.frozensets(targets, max_size=3))
    return {
        name: Paired(draw(st.sampled_from("abc")), tuple(draw(st.lists(field, max_size=2))))
        for name in names
    }


def referring(references: References, names: Mapping[str, str]) -> References:
    """References with other names."""
    return tuple(type(field)(names.get(each, each) for each in field) for field in references)


@given(sides())
def test_a_pair_is_alike_in_all_and_stands_alone(both: tuple[Side, Side]) -> None:
    rows, records = both
    found = pairing(rows, records)
    assert len({*found.pairs.values()}) == len(found.pairs)
    for row, record in found.pairs.items():
        assert rows[row].content == records[record].content
        assert referring(rows[row].references, found.pairs) == records[record].references
        assert {each for field in rows[row].references for each in field} <= {
            *found.pairs,
            "outside",
        }


@given(sides(), st.randoms())
def test_neither_order_nor_names_matter(both: tuple[Side, Side], random: object) -> None:
    rows, records = both
    found = pairing(rows, records)
    shuffled = [list(each.items()) for each in both]
    for each in shuffled:
        random.shuffle(each)  # type: ignore[attr-defined]
    assert pairing(dict(shuffled[0]), dict(shuffled[1])) == found
    names = {name: f"x{name}" for name in rows}
    renamed = {
        names[name]: Paired(each.content, referring(each.references, names))
        for name, each in shuffled[0]
    }
    again = pairing(renamed, records)
    assert again.pairs == {names[row]: record for row, record in found.pairs.items()}


@given(sides())
def test_the_same_comes_of_looking_at_everything_again_and_again(both: tuple[Side, Side]) -> None:
    """Until nothing gets finer: what the quick way gives."""
    every = {(at, name): each for at, side in enumerate(both) for name, each in side.items()}
    classes: dict[tuple[int, str], object] = {key: each.content for key, each in every.items()}
    for _ in every:
        seen = {
            (at, name): (
                classes[at, name],
                tuple(
                    (type(field), tuple(sorted(repr(classes.get((at, e), e)) for e in field)))
                    if isinstance(field, frozenset)
                    else (type(field), tuple(repr(classes.get((at, e), e)) for e in field))
                    for field in each.references
                ),
            )
            for (at, name), each in every.items()
        }
        numbers = {each: number for number, each in enumerate(dict.fromkeys(seen.values()))}
        classes = {key: numbers[each] for key, each in seen.items()}
    found = pairing(*both)
    together = {frozenset({*doubt.rows, *doubt.records}) for doubt in found.doubts}
    together |= {frozenset(pair) for pair in found.pairs.items()}
    groups: dict[object, list[tuple[int, str]]] = {}
    for key, number in classes.items():
        groups.setdefault(number, []).append(key)
    wanted = (each for each in groups.values() if {at for at, _ in each} == {0, 1})
    assert together == {frozenset(name for _, name in each) for each in wanted}


@given(sides())
def test_the_sides_change_places(both: tuple[Side, Side]) -> None:
    rows, records = both
    there = pairing(records, rows).pairs
    assert pairing(rows, records).pairs == {row: record for record, row in there.items()}


@given(side("r"))
def test_content_that_is_single_pairs_in_circles_too(rows: Side) -> None:
    single = {name: each._replace(content=name) for name, each in rows.items()}
    assert pairing(single, single).pairs == {name: name for name in single}


@given(sides())
def test_everything_is_in_a_pair_a_doubt_or_on_one_side(both: tuple[Side, Side]) -> None:
    rows, records = both
    found = pairing(rows, records)
    doubtful = [name for doubt in found.doubts for name in (*doubt.rows, *doubt.records)]
    assert len({*doubtful}) == len(doubtful)
    assert not {*doubtful} & {*found.pairs, *found.pairs.values()}
    for doubt in found.doubts:
        assert doubt.rows
        assert doubt.records


def test_a_child_is_told_apart_by_its_parent() -> None:
    rows = {
        "1": member("Rye"),
        "2": member("Oat"),
        "3": member("Good.", "1"),
        "4": member("Good.", "2"),
    }
    records = {
        "b": member("Oat"),
        "c": member("Good.", "b"),
        "a": member("Rye"),
        "d": member("Good.", "a"),
    }
    assert pairing(rows, records) == Pairing({"1": "a", "2": "b", "3": "d", "4": "c"}, ())


def test_a_child_of_doubtful_parents_is_doubtful() -> None:
    rows = {"1": member("Rye"), "2": member("Rye"), "3": member("Good.", "1")}
    records = {"a": member("Rye"), "c": member("Good.", "a")}
    found = pairing(rows, records)
    assert found.pairs == {}
    assert found.doubts == (Doubt(("1", "2"), ("a",)), Doubt(("3",), ("c",), "1"))


def test_a_child_of_another_parent_is_another() -> None:
    rows = {"1": member("Rye"), "3": member("Good.", "1")}
    records = {"a": member("Oat"), "c": member("Good.", "a")}
    assert pairing(rows, records) == Pairing({}, ())


def test_what_is_known_is_the_same_whatever_its_content() -> None:
    found = pairing({"3": member("Good.", "1")}, {"c": member("Good.", "a")}, known={"1": "a"})
    assert found.pairs == {"3": "c"}


def test_a_settled_row_is_a_doubt_and_so_is_what_refers_to_it() -> None:
    rows = {"1": member("Rye"), "3": member("Good.", "1")}
    records = {"a": member("Rye"), "c": member("Good.", "a")}
    found = pairing(rows, records, settled={"1"})
    assert found.pairs == {}
    assert found.doubts == (Doubt(("1",), ("a",)), Doubt(("3",), ("c",), "1"))


def test_a_long_chain_takes_no_square_of_time() -> None:
    def chain(letter: str, first: str) -> Side:
        others = {
            f"{letter}{number}": member("same", f"{letter}{number - 1}")
            for number in range(1, 20_000)
        }
        return {f"{letter}0": member(first)} | others

    began = time.process_time()
    assert len(pairing(chain("r", "first"), chain("c", "first")).pairs) == 20_000
    assert pairing(chain("r", "first"), chain("c", "another")).pairs == {}
    assert time.process_time() - began < 20
