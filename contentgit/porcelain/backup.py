"""What ``--force`` overwrites is committed first, under ``refs/contentgit/backup/ENVIRONMENT/TIME``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from contentgit.layout import encode_part
from contentgit.porcelain.project import Project
from contentgit.porcelain.snapshots import Difference, batches
from contentgit.porcelain.working_copy import DatabaseSide

PREFIX = "refs/contentgit/backup"


class Overwritten(Protocol):
    """A dump about to be overwritten: where it differs from the commit, and its own rows."""

    @property
    def folder(self) -> str: ...
    @property
    def differences(self) -> Sequence[Difference]: ...
    @property
    def ours(self) -> DatabaseSide: ...


def back_up(
    project: Project, commit: str, parents: Sequence[str], dumps: Sequence[Overwritten]
) -> str:
    """Commits the dumps as the database holds them now; gives the ref that keeps the commit.

    The tree is that of ``commit``, the one about to be applied, with the database's rows where they
    differ: exactly what the database holds, at the price of the differences.
    """
    tree = project.repository.write_tree(commit, _files(dumps))
    environment = project.config.environment or project.using
    message = f"Back up {environment} before it is overwritten\n"
    new = project.repository.commit_tree(tree, parents, message)
    stamp = project.operator.now.strftime("%Y%m%dT%H%M%S.%f")
    ref = f"{PREFIX}/{encode_part(environment)}/{stamp}"
    project.repository.move_ref(ref, new, None, "contentgit: backup before --force")
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
