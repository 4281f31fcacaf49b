"""Which edits a delete on the same side explains."""

from __future__ import annotations

import pytest

from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema
from contentgit.merge import Conflict, FieldConflict, MergedRecord, Reason, Side, without_explained

PAGE = RecordKey("site.page", "1")
FIELD = FieldSchema("tags", FieldKind.REFERENCES, target="site.tag")
SCHEMA = ModelSchema("site.page", KeyKind.INTEGER, Layout.FLAT, (FIELD,))
TAGS: list[Value] = ["site.tag:1", "site.tag:2"]


def explained(*fields: FieldConflict, gone: str = "site.tag:1") -> bool:
    """Whether the record goes. They deleted it; our side edited these fields, and deleted ``gone``."""
    conflict = Conflict(PAGE, Reason.DELETED_BY_THEM, fields)
    merged = MergedRecord(Record(PAGE, {}), conflict)

    def deleted(side: Side, key: RecordKey) -> bool:
        return side is Side.OURS and str(key) == gone

    found = without_explained(merged, SCHEMA, deleted)
    assert found in (merged, MergedRecord(None))
    return found.record is None


def tags(before: Value, after: Value) -> FieldConflict:
    return FieldConflict("tags", before, after, ABSENT)


def test_a_member_that_went_with_its_record_is_no_edit() -> None:
    assert explained(tags(TAGS, ["site.tag:2"]))
    assert not explained(tags(TAGS, ["site.tag:1"]))
    assert not explained(tags(TAGS, []))
    assert not explained(tags(TAGS, ["site.tag:2", "site.tag:3"]))


def test_a_conflict_about_a_record_without_fields_stays() -> None:
    """The bases of the merge contradict each other in whether it is there: nothing explains that."""
    assert not explained()


@pytest.mark.parametrize("member", [{"a": 1}, ["site.tag:1"], None])
def test_members_that_are_not_keys_are_an_edit(member: Value) -> None:
    assert not explained(tags([*TAGS, member], ["site.tag:2", member]))
    assert not explained(tags(["site.tag:2", member], ["site.tag:2"]))
