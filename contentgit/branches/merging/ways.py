"""What decides the conflicts of an operation, as commands that can be typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contentgit.branches.merging.new_keys import NewKeys
from contentgit.branches.trees import Sides, TreeMerge
from contentgit.git import Repository
from contentgit.integrity.relations import PARENT
from contentgit.merge import Reason, TreeConflict

_KEPT = {
    "merge": "keeps both new records, theirs under a new key",
    "revert": "brings the deleted record back under a new key",
}
_KEPT_OF_COMMIT = "takes the commit's record under a new key"


def ways(repository: Repository, verb: str, ours: str, found: TreeMerge) -> Iterator[str]:
    """What decides the conflicts better than taking a side: a command with what it does, one each."""
    new_keys = NewKeys(Sides(repository, found.base, ours, found.theirs), ())
    key = new_keys.first(found.conflicts)
    if key is not None:
        yield f"contentgit resolve {key} --renumber  ({_KEPT.get(verb, _KEPT_OF_COMMIT)})"
    yield from _values(found.conflicts)


def _values(conflicts: Iterable[TreeConflict]) -> Iterator[str]:
    """The first field that can be given a value of its own, so that it differs from the others."""
    for conflict in conflicts:
        fields = conflict.about.split(", ")
        place = conflict.places[-1].place
        if conflict.reason is Reason.SAME_VALUE and place and PARENT not in fields:
            name = fields[-1]
            yield f"contentgit resolve {place.key}/{name} --value JSON  (gives it another {name})"
            return
