"""A record that each side added to another dump: one row of a database, which both dumps would write."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contentgit.branches.trees.files import whole
from contentgit.branches.trees.sides import Sides
from contentgit.merge import Reason, TreeConflict


def added_twice(sides: Sides, result: Callable[[str], str]) -> Iterator[TreeConflict]:
    """The conflicts over such records; ``result`` tells a file's blob id in the merged tree."""
    ours = {_rest(path): path for path, change in sides.by_ours.items() if change[0] is None}
    pairs = [
        (ours[_rest(path)], path)
        for path, change in sides.by_theirs.items()
        if change[0] is None and ours.get(_rest(path), path) != path and sides.is_record(path)
    ]
    wanted = [each for each in pairs if result(each[0]) not in ("", result(each[1]))]
    found = dict(sides.records(path for pair in wanted for path in pair))
    for here, there in wanted:
        if result(there):
            three = (None, found[here][1], found[there][2])
            if three[1] and three[2]:
                place = whole(here, three, sides.title(here, three))
                yield TreeConflict(Reason.ADDED, (place,))


def _rest(path: str) -> str:
    return path.partition("/")[2]
