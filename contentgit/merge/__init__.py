"""Three snapshots become one: what each side changed since the base, both sides' changes together.

Pure functions, the same for databases and for branches. What both sides changed in different ways is a
conflict, and a conflict is a value; nothing is ever marked inside a record. Swapping the sides gives the
same result and the same conflicts with their sides swapped.
"""

from __future__ import annotations

from contentgit.merge.contested import Contested, TreeConflict, files_of
from contentgit.merge.derived import counts
from contentgit.merge.explained import Deleted, without_explained
from contentgit.merge.ordered import OrderedModel, Settled
from contentgit.merge.ordering import group_of, settle, touched_groups
from contentgit.merge.places import Place, Values, value_at, with_values
from contentgit.merge.records import Conflict, MergedRecord, Reason, Three, merge_record
from contentgit.merge.resolutions import (
    Resolution,
    Take,
    added,
    new_keys,
    renumbered,
    resolved,
    taken_together,
)
from contentgit.merge.side import Side
from contentgit.merge.values import FieldConflict, merge_value

__all__ = [
    "Conflict",
    "Contested",
    "Deleted",
    "FieldConflict",
    "MergedRecord",
    "OrderedModel",
    "Place",
    "Reason",
    "Resolution",
    "Settled",
    "Side",
    "Take",
    "Three",
    "TreeConflict",
    "Values",
    "added",
    "counts",
    "files_of",
    "group_of",
    "merge_record",
    "merge_value",
    "new_keys",
    "renumbered",
    "resolved",
    "settle",
    "taken_together",
    "touched_groups",
    "value_at",
    "with_values",
    "without_explained",
]
