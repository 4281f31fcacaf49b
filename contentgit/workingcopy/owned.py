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
from contentgit.history.keys import keys_until
from contentgit.plan import Survey
from contentgit.workingcopy.places import is_own
from contentgit.workingcopy.planned import DumpPlan
from contentgit.workingcopy.project import Project


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
    yield from {paths[path] for path in found}


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
