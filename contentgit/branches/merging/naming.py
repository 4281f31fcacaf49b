"""What the records are called that conflicts refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from contentgit.branches.merging.operation import Operation
from contentgit.content.records import RecordKey
from contentgit.git import Repository
from contentgit.history.dumps import Titles
from contentgit.merge import TreeConflict

_REFERENCE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+:[a-z0-9._%,-]+")


def reference_titles(
    repository: Repository, operation: Operation, conflicts: Sequence[TreeConflict]
) -> dict[str, str]:
    """What the records are called that the sides of conflicts refer to, by reference."""
    places = [each for conflict in conflicts for each in conflict.places]
    edits = [each for conflict in conflicts for each in conflict.edits]
    values = [
        *(value for each in places for value in (each.base, each.ours, each.theirs)),
        *(value for each in edits for value in (each.base, each.ours, each.theirs)),
    ]
    keys = {key for value in values for key in _keys_in(value)}
    found: dict[str, str] = {}
    for side in (operation.ours, operation.theirs):
        wanted = sorted(key for key in keys if str(key) not in found)
        titles = Titles(repository, side).of(wanted)
        found |= {str(key): title for key, title in titles.items() if title}
    return found


def _keys_in(value: object) -> Iterator[RecordKey]:
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and _REFERENCE.fullmatch(text):
            yield RecordKey.parse(text)
