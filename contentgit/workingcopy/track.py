"""``track`` and ``untrack``: whether triggers write down which rows of a dump are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from contentgit.content.layout import dump_folder
from contentgit.content.records import RecordKey
from contentgit.datasets import parse_dump_argument
from contentgit.db.ledger import Applied
from contentgit.db.tracking import log as tracking
from contentgit.errors import ContentgitError, RefusedError, UsageError
from contentgit.render.values import dump_label
from contentgit.workingcopy.database_side import DatabaseSide
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.missing import found_commit
from contentgit.workingcopy.places import place
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.tracking import (
    begin,
    compared,
    followed,
    is_plain,
    tracked_dumps,
    written_down,
)


class Begun(NamedTuple):
    """A dump that is tracked from now on: how many tables, and records that differ from its commit.

    ``whole`` says of the models that cannot be tracked why not: of these all rows are read.
    ``commit`` is ``""`` where the rows cannot be told from those of a commit yet: the next commit or apply of
    the dump is what tracking begins at.
    """

    dump: str
    tables: int
    whole: Mapping[str, str]
    commit: str
    differing: int


def track(project: Project, names: Sequence[str]) -> list[Begun]:
    """Makes triggers for the dumps, in place of those that they have, and compares all their rows.

    Without names for all that are at a commit: of others nobody would delete what triggers write down.

    Raises:
        UsageError: no dump is at a commit, and none is named.
        RefusedError: triggers would not see all that happens to their rows.
        UnknownNameError: a dump does not exist.
        DatabaseError: a table is missing, or the database refuses.
    """
    dumps = project.dumps(names)
    if not names:
        rows = current(project)
        dumps = [dump for dump in project.dumps([], also=[*rows]) if dump.folder in rows]
        if not dumps:
            raise UsageError(
                f"database {project.using!r} has never been at a commit",
                hint="contentgit commit  (makes the first commit of this database)",
            )
    for dump in dumps:
        dump.reader.counts()  # which says that a table is missing, and how it is made
    found = [followed(project, dump) for dump in dumps]
    none = [dump for dump, (tables, _) in zip(dumps, found, strict=True) if not tables]
    if none:
        labels = " and ".join(dump.dataset.label for dump in none)
        unfit = dict(chain.from_iterable(each.items() for tables, each in found if not tables))
        raise RefusedError(
            f"changes of {labels} cannot be tracked in database {project.using!r}",
            items=[f"{label}: {why}" for label, why in unfit.items()],
            hint="nothing has changed; of what is not tracked all rows are read, as before",
        )
    for dump, (tables, _) in zip(dumps, found, strict=True):
        begin(project, dump, tables)
    return [
        _compare(project, dump, len(tables), unfit)
        for dump, (tables, unfit) in zip(dumps, found, strict=True)
    ]


def _compare(project: Project, dump: Dump, tables: int, unfit: Mapping[str, str]) -> Begun:
    """Compares all rows of a dump with its commit, and writes down which of them differ."""
    project.forget_rows()
    dump = project.bind(dump.dataset)
    with project.snapshot():
        row = current(project).get(dump.folder)
        tracked = written_down(project, dump, row)
        at, differing = _differing(project, dump, row)
    if not row or not at:
        return Begun(dump.dataset.label, tables, unfit, "", 0)
    compared(project, dump, tracked, line=row.id, differing=differing)
    return Begun(dump.dataset.label, tables, unfit, at, len(differing))


def _differing(project: Project, dump: Dump, row: Applied | None) -> tuple[str, set[RecordKey]]:
    """The commit that the dump is at, and the records that differ from it; ``""`` where nobody can tell."""
    with suppress(ContentgitError):
        at = found_commit(project, row) if row else ""
        evolution = Evolution.since(project, dump, at)
        if row and at and is_plain(evolution, row):
            side = DatabaseSide(dump, project.repository.algorithm, project.progress)
            found = side.compare(evolution.side, evolution.side.ids())
            return at, {delta.key for delta in found}
    return "", set()


def untrack(project: Project, names: Sequence[str]) -> list[str]:
    """Drops the triggers of these dumps alone, without names of all; the labels of those that were tracked.

    Raises:
        UnknownNameError: a dump does not exist.
        DatabaseError: the database refuses.
    """
    tracking.check_tables(project.using)
    wanted = {dump_folder(*parse_dump_argument(name)): name for name in names}
    own = [each for each in tracked_dumps(project) if each.place == place(project, each.dump)]
    known = {each.dump for each in own}
    for folder, name in wanted.items():
        if folder not in known:
            project.datasets([name])  # which says that there is none
    ended = [each for each in own if not names or each.dump in wanted]
    for each in ended:
        tracking.end(project.using, each)
    if not names:
        tracking.sweep(project.using)
    project.tracked = None
    return [dump_label(each.dump) for each in ended]
