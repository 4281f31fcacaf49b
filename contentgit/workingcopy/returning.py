"""Rows that stayed and made room for others, and whose records are in the commit again."""

from __future__ import annotations

from collections.abc import Mapping

from contentgit.content.records import RecordKey
from contentgit.db.ledger import Applied
from contentgit.history.renumbered import new_keys_since
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.withheld import ASIDE


def returning(
    project: Project, dump: Dump, line: Applied, commit: str
) -> dict[RecordKey, RecordKey]:
    """The keys in the commit of the rows that made room, by those that the line has for them."""
    rows: dict[str, dict[RecordKey, RecordKey]] = {}
    for entry in line.withheld:
        if entry.get(ASIDE):
            row, key = RecordKey.parse(entry["record"]), RecordKey.parse(entry[ASIDE])
            rows.setdefault(entry["of"], {})[row] = key
    found: dict[RecordKey, RecordKey] = {}
    for older, keys in rows.items():
        if _comes_from(project, commit, older):
            found |= _there(project, dump, commit, older, keys)
    return found


def _there(
    project: Project, dump: Dump, commit: str, older: str, rows: Mapping[RecordKey, RecordKey]
) -> dict[RecordKey, RecordKey]:
    """Those of the rows whose records of an older commit the later one has, with their keys there."""
    given = new_keys_since(project.repository, older, commit)
    taken = {*given.values()} - given.keys()  # they are other records' by now
    keys = {row: given.get(key, key) for row, key in rows.items() if key not in taken}
    paths = {row: f"{dump.folder}/{dump.path(key)}" for row, key in keys.items()}
    there = project.repository.trees.files_at(commit, [*paths.values()])
    return {row: key for row, key in keys.items() if paths[row] in there}


def _comes_from(project: Project, commit: str, older: str) -> bool:
    """Whether an older commit is there, and is this one or one of its ancestors."""
    repository = project.repository
    known = bool(commit) and repository.objects.has(older)
    return known and repository.history.is_ancestor(older, commit)
