"""Many-to-many fields whose order is content: who is in the list, and in which place."""

from __future__ import annotations

from collections.abc import Sequence

from contentgit.content.records import RecordKey
from contentgit.merge.arrangement import Ordered, merge_places
from contentgit.merge.side import Side


def merge_lists(
    base: Sequence[RecordKey],
    ours: Sequence[RecordKey],
    theirs: Sequence[RecordKey],
    prefer: Side | None = None,
) -> Ordered:
    """The list with the changes of both sides; ``apart`` are the keys that both moved differently.

    As in a set, each key is there or not, so that sides cannot contradict each other in that.
    """
    was, here, there = (
        {key: place for place, key in enumerate(side)} for side in (base, ours, theirs)
    )
    members = {
        key: place
        for side in (there, here)
        for key, place in side.items()
        if (key in here and key in there) or key not in was
    }
    return merge_places(was, here, there, members, prefer)
