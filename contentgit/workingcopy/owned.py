"""Which rows a dump owns in this database: those that a commit had which was applied or made here.

``delete_missing: "owned"`` licenses the deletion of these alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from contentgit.content.layout import record_paths
from contentgit.content.records import RecordKey, by_model
from contentgit.db import ledger
from contentgit.db.ledger import Applied
from contentgit.history.keys import keys_until
from contentgit.plan import Survey
from contentgit.workingcopy.places import is_own
from contentgit.workingcopy.planned import DumpPlan
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.withheld import WithheldBefore


def with_held(project: Project, dump_plans: Sequence[DumpPlan], survey: Survey) -> Survey:
    """The survey with the records to be deleted that commits of the ledger had.

    A record whose key was another in a commit counts as its own only while the database is at that commit.
    What is not known to be held stays.
    """
    asked: dict[str, list[RecordKey]] = defaultdict(list)
    for items in survey.deletes.values():
        for item in items:
            if survey.asks_whether_held(item):
                asked[item.dump].append(item.key)
    works = [work for work in dump_plans if work.folder in asked]
    held = (
        (work.folder, key) for work in works for key in _held(project, work, asked[work.folder])
    )
    return replace(survey, held=frozenset(held)) if works else survey


def _held(project: Project, work: DumpPlan, keys: Sequence[RecordKey]) -> Iterator[RecordKey]:
    line = work.goal.undoes or work.applied
    is_applied = line is not None and work.base_commit == line.commit
    rest = []
    for key in keys:
        if is_applied and work.dump.path(key) in work.base_ids:
            yield key
        else:
            rest.append(key)
    if not rest:
        return
    lines = ledger.history(project.using, work.folder, own=is_own(project))
    trees = [line.tree for line in lines if line.tree]
    paths = _paths(project, work, rest)
    found = project.repository.trees.in_any(trees, paths)
    yield from _there_since(project, lines, {path: paths[path] for path in found})


def _there_since(
    project: Project, lines: Sequence[Applied], paths: dict[str, RecordKey]
) -> Iterator[RecordKey]:
    """Those of the records that this database has had ever since a commit had them.

    Where a later commit lacks a record, and its row was not left here, the row was deleted: one that has the
    key now was made here since.
    """
    for line in lines:
        if not paths:
            return
        held = {paths[path] for path in project.repository.trees.in_any([line.tree], paths)}
        yield from held
        stayed = WithheldBefore.by(line).undeleted
        paths = {path: key for path, key in paths.items() if key not in held and str(key) in stayed}


def _paths(project: Project, work: DumpPlan, keys: Sequence[RecordKey]) -> Mapping[str, RecordKey]:
    """Where each record may have been, by path in the dump's folder."""
    commit = work.goal.commit or work.base_commit
    found = {}
    for some in by_model(keys).values():
        names = keys_until(project.repository, commit, work.folder, some[0])
        for key in some:
            for name in names:
                places = record_paths(key._replace(model=name.model))
                found.update(dict.fromkeys(places, key))
    return found
