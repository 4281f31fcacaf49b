"""Rows that cannot follow where a merge has given their records other keys: the call is refused."""

from __future__ import annotations

from typing import Final

from contentgit.content.layout import record_paths
from contentgit.errors import RefusedError
from contentgit.history.renumbered import new_keys_since
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.request import Request

_BEFORE: Final = "apply a commit from before the UUIDs with the code of then, which moves the rows"


def refuse_renumbered(project: Project, dump: Dump, request: Request, since: str, to: str) -> None:
    """Refuses to let rows become other records, as a merge has given their records other keys.

    Rows of a copy cannot follow, nor rows that are named by UUIDs since: those follow from older keys.

    Raises:
        RefusedError: that is so in a commit between these two, and is not forced.
    """
    uuids = project.identities.uuids
    labels = dump.copied or {each for each in dump.tables if uuids(project.identities.base(each))}
    if not labels or not since or request.licences.force:
        return
    given = new_keys_since(project.repository, since, to)
    known = [key for key in sorted(given) if key.model in labels]
    places = {f"{dump.folder}/{path}": key for key in known for path in record_paths(key)}
    found = project.repository.trees.files_at(since, [*places])
    if found:
        items = [
            f"{key} becomes {given[key]}" for key in dict.fromkeys(places[each] for each in found)
        ]
        whose = "a copy" if dump.copied else "this code, which names them by UUIDs,"
        before = "" if dump.copied else f"{_BEFORE}\n"
        there = request.revision or "the branch"
        raise RefusedError(
            f"{there} gives records of {dump.dataset.label} other keys, which rows of {whose} "
            "cannot follow",
            items=items,
            hint=f"{before}{request.command('--force')}  (each row becomes the record that has its key now; "
            "what is no content of it stays)",
        )
