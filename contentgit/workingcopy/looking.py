"""What is read of a dump where not all of its rows are needed.

A merge into the database reads what the commits changed: where base and commit have the same, the database
keeps what it has, so nothing is planned there, and whether a row was edited here does not matter. Of a
tracked dump what was written since is read, too, and then an edit of any row is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from contentgit.content.layout import of_models
from contentgit.content.referring import may_dangle
from contentgit.history.snapshots import between_commits
from contentgit.workingcopy.database_side import Missing, Row
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.looked import Looked, rows_in
from contentgit.workingcopy.planned import DumpPlan
from contentgit.workingcopy.project import Project


class NotReadError(Exception):
    """Rows must be known that a merge has not read: it is to be planned anew with all of them."""


def looked(
    project: Project,
    sides: DumpPlan,
    evolution: Evolution,
    shared: Collection[str],
    *,
    merging: bool,
) -> Looked | None:
    """The part of the dump that is to be read; ``None`` where it is all of it.

    That is so where edits of the database count, unless it is known which there are, and where more than two
    commits decides: migrations since, rows that a former apply has withheld, rows that move or are copied,
    references that are named otherwise now. All rows are read of ``shared`` models, which other dumps have
    too, of those that an order puts into a line, and of those whose references the database may lack. Where
    the commit deletes records, an edit of a row that may refer to them counts.
    """
    base, theirs, row = sides.base, sides.theirs, sides.applied
    plain = theirs.commit == sides.goal.commit and base.commit in (
        sides.base_commit,
        theirs.commit,  # where both have the same of the dump
    )
    if not plain or row is None or row.withheld or sides.rename or project.copy:
        return None
    if evolution.schema_change or any(evolution.added.values()):
        return None
    written = sides.tracked.keys if sides.tracked and sides.tracked.is_complete else None
    if sides.base_commit != row.commit:  # of another commit nobody knows how rows differ
        written = None
    if written is None and not merging:
        return None
    tables = sides.dump.tables
    labels = {label for label, table in tables.items() if table.schema.orders}
    labels |= {*Missing(sides.dump).fields} | (tables.keys() & shared)
    if sides.tracked and written is not None:
        labels |= sides.tracked.whole(sides.dump)
    changed = between_commits(project.repository, base.commit, theirs.commit, sides.folder)
    paths = {each.path: "" for each in changed}
    if written is None and _deletes(project, base.commit, theirs.commit):
        labels |= {label for label, t in tables.items() if any(map(may_dangle, t.schema.fields))}
    paths |= {sides.dump.path(key): "" for key in written or ()}
    for path in [*of_models(labels, paths)]:
        del paths[path]
    return Looked(frozenset(paths), frozenset(labels), is_complete=written is not None)


def _deletes(project: Project, before: str | None, after: str | None) -> bool:
    """Whether a record of any dump is in the first commit alone."""
    files = project.repository.trees.changed_files(before, after)
    return any(new is None for _, _, new in files)


def rows_of(
    sides: DumpPlan, ids: Mapping[str, str], base_ids: Mapping[str, str]
) -> Iterator[Row] | None:
    """The rows to compare, as :meth:`DatabaseSide.compare` takes them; ``None`` for all of the dump.

    ``ids`` and ``base_ids`` are what commit and base have of what is looked at.
    """
    if sides.looked is None:
        return None
    paths = sides.looked.paths
    there = {path: blob for path, blob in ids.items() if path in paths}
    gone = {path: base_ids[path] for path in paths & base_ids.keys() - there.keys()}
    keys = {*sides.theirs.keys(there), *sides.base.keys(gone)}
    if sides.tracked and sides.looked.is_complete:
        keys |= {*sides.tracked.keys}
    return rows_in(sides.dump, sides.looked, keys)
