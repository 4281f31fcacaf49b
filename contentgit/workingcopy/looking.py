"""What a merge into the database reads of it: what the commits changed, and not the tables.

Where base and commit have the same, the database keeps what it has. So nothing is planned there, and
whether a row was edited here does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from contentgit.content.layout import of_models
from contentgit.content.records import RecordKey, by_model
from contentgit.history.snapshots import batches, between_commits
from contentgit.workingcopy.database_side import Missing, Row
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.planned import DumpPlan, Looked
from contentgit.workingcopy.project import Dump, Project


class NotReadError(Exception):
    """Rows must be known that a merge has not read: it is to be planned anew with all of them."""


def looked(
    project: Project, sides: DumpPlan, evolution: Evolution, shared: Collection[str]
) -> Looked | None:
    """The part of the dump that a merge reads; ``None`` where it must read all.

    That is so where more than the two commits decides: migrations since, rows that a former apply has
    withheld, rows that move or are copied, references that are named otherwise now. All rows are read of
    ``shared`` models, which other dumps have too, of those that an order puts into a line, and of those
    whose references the database may lack.
    """
    base, theirs = sides.base, sides.theirs
    plain = (base.commit, theirs.commit) == (sides.base_commit, sides.goal.commit)
    row = sides.applied
    if not plain or row is None or row.withheld or sides.rename or project.copy:
        return None
    if evolution.schema_change or any(evolution.added.values()):
        return None
    tables = sides.dump.tables
    labels = {label for label, table in tables.items() if table.schema.orders}
    labels |= {*Missing(sides.dump).fields} | (tables.keys() & shared)
    changed = between_commits(project.repository, base.commit, theirs.commit, sides.folder)
    paths = {each.path: "" for each in changed}
    for path in [*of_models(labels, paths)]:
        del paths[path]
    return Looked(frozenset(paths), frozenset(labels))


def rows_of(
    sides: DumpPlan, ids: Mapping[str, str], base_ids: Mapping[str, str]
) -> Iterator[Row] | None:
    """The rows to compare, as :meth:`DatabaseSide.compare` takes them; ``None`` for all of the dump.

    ``ids`` and ``base_ids`` are what commit and base have of what is looked at.
    """
    if sides.looked is None:
        return None
    paths, labels = sides.looked
    there = {path: blob for path, blob in ids.items() if path in paths}
    gone = {path: base_ids[path] for path in paths - there.keys()}
    keys = [*sides.theirs.keys(there), *sides.base.keys(gone)]
    _see_names(sides.dump)
    return chain(sides.dump.reader.entries(sorted(labels)), _rows_at(sides.dump, keys))


def _see_names(dump: Dump) -> None:
    """Learns which rows are gone, and which UUIDs are lost, as for every call that reads the tables."""
    identities = dump.reader.identities
    for label in dump.tables:
        uuids = identities.uuids(label)
        if uuids is not None:
            uuids.see()


def _rows_at(dump: Dump, keys: Sequence[RecordKey]) -> Iterator[Row]:
    """The rows of the dump that have these keys."""
    for batch in batches(keys):
        for label, some in by_model(batch).items():
            if label in dump.tables:
                there = dump.reader.members(label, some)
                for key, data in dump.reader.encoded(there):
                    yield dump.path(key), key, data
