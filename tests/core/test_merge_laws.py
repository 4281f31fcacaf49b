"""What holds for every merge."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.canonical import encode_value
from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.merge import FieldConflict, Side, merge_value
from contentgit.merge.sequences import merge_sequences
from tests.core import strategies
from tests.core.oracle import Merge, Snapshot, between, patch, three_way

NAMES = {
    "body": FieldKind.TEXT,
    "data": FieldKind.JSON,
    "number": FieldKind.INTEGER,
    "tags": FieldKind.REFERENCES,
}
PAGE = ModelSchema(
    "pages.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", FieldKind.TEXT),
        FieldSchema("data", FieldKind.JSON),
        FieldSchema("number", FieldKind.INTEGER),
        FieldSchema("tags", FieldKind.REFERENCES),
    ),
)
MODELS = {"pages.page": PAGE}
TOGETHER = {"pages.page": replace(PAGE, together=(("data", "number", "tags"),))}
SENTENCES = [
    "One two three four five six. ",
    "Another one, not much longer. ",
    "Short.\n",
    "<p>x</p>",
]

texts = st.lists(st.sampled_from(SENTENCES), max_size=8).map("".join)
elements = st.lists(
    st.fixed_dictionaries({"id": st.integers(1, 4), "x": st.integers(0, 2)}),
    max_size=4,
    unique_by=lambda each: each["id"],
)
documents = st.dictionaries(
    st.sampled_from("abc"), st.one_of(st.integers(0, 2), elements, texts), max_size=3
)
references = st.sets(st.integers(1, 5), max_size=4).map(
    lambda keys: [f"tags.tag:{key}" for key in sorted(keys)]
)
fields = st.fixed_dictionaries(
    {"body": texts, "data": documents, "number": st.integers(0, 2), "tags": references}
)
snapshots = st.dictionaries(st.integers(1, 4).map(str), fields, max_size=4).map(
    lambda found: {
        RecordKey("pages.page", key): Record(RecordKey("pages.page", key), values)
        for key, values in found.items()
    }
)


def merge(base: Snapshot, ours: Snapshot, theirs: Snapshot, prefer: Side | None = None) -> Merge:
    return three_way(base, ours, theirs, MODELS, prefer)


def same(a: Snapshot, b: Snapshot) -> bool:
    return not list(between(a, b))


@given(snapshots, snapshots)
def test_what_one_side_did_alone_is_the_result(base: Snapshot, side: Snapshot) -> None:
    for merged in (merge(base, base, side), merge(base, side, base), merge(base, side, side)):
        assert same(merged.records, side)
        assert not merged.conflicts


@given(snapshots, snapshots, snapshots)
def test_swapped_sides_conflict_alike_and_agree_elsewhere(
    base: Snapshot, ours: Snapshot, theirs: Snapshot
) -> None:
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert [_places(each.fields) for each in one.conflicts] == [
        _places(tuple(FieldConflict(f.name, f.base, f.theirs, f.ours, f.path) for f in each.fields))
        for each in other.conflicts
    ]
    if not one.conflicts:
        assert same(one.records, other.records)
    preferred = merge(base, theirs, ours, Side.THEIRS)
    assert same(merge(base, ours, theirs, Side.OURS).records, preferred.records)


def _places(found: tuple[FieldConflict, ...]) -> list[str]:
    return sorted(map(repr, found))


@given(snapshots, snapshots, snapshots)
def test_no_edit_of_either_side_is_lost_without_a_conflict(
    base: Snapshot, ours: Snapshot, theirs: Snapshot
) -> None:
    """Whatever a side changed alone, in a record or field, is in the result as that side has it."""
    merged = merge(base, ours, theirs)
    conflicting = {(each.key, f.name) for each in merged.conflicts for f in each.fields}
    records = {each.key for each in merged.conflicts}
    for side, other in ((ours, theirs), (theirs, ours)):
        others = {(c.key, f.name) for c in between(base, other) for f in c.fields}
        gone = {change.key for change in between(base, other) if change.kind != "update"}
        for change in between(base, side):
            if change.key in gone or change.key in records:
                continue
            if change.after is None:
                assert change.key not in merged.records
                continue
            for each in change.fields:
                if (change.key, each.name) not in others | conflicting:
                    assert merged.records[change.key].fields[each.name] == each.after


@given(snapshots, snapshots, snapshots, st.sampled_from([None, *Side]))
def test_fields_that_are_one_value_come_from_one_side(
    base: Snapshot, ours: Snapshot, theirs: Snapshot, prefer: Side | None
) -> None:
    merged = three_way(base, ours, theirs, TOGETHER, prefer)
    swapped = three_way(base, theirs, ours, TOGETHER)
    for key, record in merged.records.items():
        sides = [each[key] for each in (base, ours, theirs) if key in each]
        assert _value(record) in map(_value, sides)
    names = [{f.name for f in each.fields} for each in merged.conflicts]
    assert names == [{f.name for f in each.fields} for each in swapped.conflicts]
    if not merged.conflicts:
        assert same(merged.records, swapped.records)


def _value(record: Record) -> bytes:
    return encode_value([record.fields[name] for name in ("data", "number", "tags")])


@given(snapshots, snapshots, snapshots)
def test_a_merge_does_not_depend_on_how_a_side_was_reached(
    base: Snapshot, ours: Snapshot, theirs: Snapshot
) -> None:
    merged = merge(base, ours, theirs)
    copied = patch(base, between(base, ours))
    assert merge(base, copied, theirs) == merged


@given(
    st.lists(st.sampled_from("abc"), max_size=8),
    st.lists(st.sampled_from("abcd"), max_size=8),
    st.lists(st.sampled_from("abcd"), max_size=8),
)
def test_sequences(base: list[str], ours: list[str], theirs: list[str]) -> None:
    merged = merge_sequences(base, ours, theirs)
    assert merged == merge_sequences(base, theirs, ours)
    assert merge_sequences(base, ours, base) == ours
    assert merge_sequences(base, ours, ours) == ours
    if merged is not None:  # what a side put in is there as often as the sides have it
        for piece in "abcd":
            added = [max(0, side.count(piece) - base.count(piece)) for side in (ours, theirs)]
            assert merged.count(piece) >= max(added)


@given(strategies.values, strategies.values, strategies.values, st.sampled_from(FieldKind))
def test_any_content_of_any_kind_merges_or_conflicts(
    base: object, ours: object, theirs: object, kind: FieldKind
) -> None:
    schema = FieldSchema("f", kind)
    merged, conflicts = merge_value(schema, "f", base, ours, theirs)
    assert merged is not ABSENT
    assert len(conflicts) == len(merge_value(schema, "f", base, theirs, ours)[1])


@given(strategies.values, strategies.values, strategies.values, st.sampled_from(FieldKind))
def test_derived_content_of_any_kind_merges_alike_from_both_sides(
    base: object, ours: object, theirs: object, kind: FieldKind
) -> None:
    schema = FieldSchema("f", kind, derived=True)
    merged, conflicts = merge_value(schema, "f", base, ours, theirs)
    assert not conflicts
    assert encode_value(merged) == encode_value(merge_value(schema, "f", base, theirs, ours)[0])
    for taken in (
        merge_value(schema, "f", base, base, theirs)[0],
        merge_value(schema, "f", base, theirs, base)[0],
    ):
        assert encode_value(taken) == encode_value(theirs)
