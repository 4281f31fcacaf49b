"""Which keys dumps hold as those of records, of whichever model: such a row is not one that was made here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from contentgit.content.layout import record_paths
from contentgit.content.records import RecordKey
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.planned import DumpPlan
from contentgit.workingcopy.project import Project


def held_by(
    project: Project, keys: Collection[RecordKey], dump_plans: Sequence[DumpPlan]
) -> set[RecordKey]:
    """Those of the keys that a dump of the plan had, or that another one of the database has."""
    members = _members(project, keys)
    found: set[RecordKey] = set()
    for work in dump_plans:
        paths = {path: key for each, key in members.items() if (path := work.dump.path(each))}
        found |= {paths[path] for path in work.base.ids_at(paths)}
    left = [key for key in keys if key not in found]
    return found | held_elsewhere(project, left, [work.folder for work in dump_plans])


def held_elsewhere(
    project: Project, keys: Collection[RecordKey], folders: Collection[str]
) -> set[RecordKey]:
    """Those of the keys that dumps of the database have, but for those in the folders."""
    members = _members(project, keys)
    paths = {path: key for each, key in members.items() for path in record_paths(each)}
    lines = current(project).values() if paths else ()
    trees = [line.tree for line in lines if line.dump not in folders]
    return {paths[path] for path in project.repository.trees.in_any(trees, paths)}


def _members(project: Project, keys: Collection[RecordKey]) -> Mapping[RecordKey, RecordKey]:
    """The keys by those of all models whose rows share them."""
    family = project.identities.family
    families = {label: family(label) for label in {key.model for key in keys}}
    return {RecordKey(each, key.key): key for key in keys for each in families[key.model]}
