"""The titles of the records that conflicts refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from contentgit.branches.trees import TreeMerge
from contentgit.content.records import RecordKey
from contentgit.git import Repository
from contentgit.history.dumps import Titles
from contentgit.merge import Contested, FieldConflict

_REFERENCE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+:[a-z0-9._%,-]+")


def reference_titles(repository: Repository, merge: TreeMerge) -> dict[str, str]:
    """The titles of the records that the sides of conflicts refer to, by reference."""
    places: Iterator[Contested | FieldConflict] = chain.from_iterable(
        (*conflict.places, *conflict.edits) for conflict in merge.conflicts
    )
    values = (value for place in places for value in (place.base, place.ours, place.theirs))
    texts = {
        text
        for value in values
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str) and _REFERENCE.fullmatch(text)
    }
    found: dict[str, str] = {}
    for side in (merge.sides.ours, merge.sides.theirs):
        wanted = sorted(map(RecordKey.parse, texts - found.keys()))
        titles = Titles(repository, side).of(wanted)
        found |= {str(key): title for key, title in titles.items() if title}
    return found
