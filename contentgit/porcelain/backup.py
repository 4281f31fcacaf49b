"""What an apply overwrites although it is in no commit is committed first.

It lies under ``refs/contentgit/backup/ENVIRONMENT/TIME``: the dumps as the database holds them, and the
rows outside them that cascades reach in a folder ``outside``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Protocol

from contentgit.db.introspect import table
from contentgit.db.reader import Reader
from contentgit.layout import encode_part, record_path
from contentgit.porcelain.project import Project
from contentgit.porcelain.snapshots import Difference, batches
from contentgit.porcelain.working_copy import DatabaseSide
from contentgit.records import RecordKey
from contentgit.specs import Dataset

PREFIX = "refs/contentgit/backup"

OUTSIDE = "outside"
"""The folder, in a backup, of rows that are in no dump."""


class Overwritten(Protocol):
    """A dump about to be overwritten: where it differs from the commit, and its own rows."""

    @property
    def folder(self) -> str: ...
    @property
    def differences(self) -> Sequence[Difference]: ...
    @property
    def ours(self) -> DatabaseSide: ...


def back_up(
    project: Project,
    commit: str,
    parents: Sequence[str],
    dumps: Sequence[Overwritten],
    outside: Sequence[RecordKey],
) -> str:
    """Commits the dumps as the database holds them now; gives the ref that keeps the commit.

    The tree is that of ``commit``, the one about to be applied, with the database's rows where they
    differ: exactly what the database holds, at the price of the differences. ``outside`` are the rows that
    no dump holds.
    """
    tree = project.repository.write_tree(commit, chain(_files(dumps), _rows(project, outside)))
    environment = project.config.environment or project.using
    message = f"Back up {environment} before it is overwritten\n"
    new = project.repository.commit_tree(tree, parents, message)
    stamp = project.operator.now.strftime("%Y%m%dT%H%M%S.%f")
    ref = f"{PREFIX}/{encode_part(environment)}/{stamp}"
    project.repository.move_ref(ref, new, None, "contentgit: backup before an apply")
    return ref


def _files(dumps: Sequence[Overwritten]) -> Iterator[tuple[str, bytes | None]]:
    for dump in dumps:
        # A difference reads from the commit to the database: ``after`` is the database's side.
        for each in dump.differences:
            if not each.after:
                yield f"{dump.folder}/{each.path}", None
        rows = ((each.path, each.after) for each in dump.differences if each.after)
        for batch in batches(rows):
            for path, data in dump.ours.encoded(batch):
                yield f"{dump.folder}/{path}", data


def outside_reader(project: Project, keys: Iterable[RecordKey]) -> Reader:
    """Reads rows of any models, whole: every field that a record can hold."""
    labels = sorted({key.model for key in keys})
    tables = {label: table(label, project.identities, project.using) for label in labels}
    return Reader(project.using, Dataset(OUTSIDE, "", ()), tables, project.identities)


def _rows(project: Project, keys: Sequence[RecordKey]) -> Iterator[tuple[str, bytes | None]]:
    reader = outside_reader(project, keys)
    for batch in batches(keys):
        for key, data in reader.encoded(batch):
            layout = reader.tables[key.model].schema.layout
            yield f"{OUTSIDE}/{record_path(key, layout)}", data
