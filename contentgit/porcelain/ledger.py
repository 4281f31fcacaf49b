"""The ledger and the branch in agreement, whatever breaks between the two.

A commit is first written down as *pending*, then the branch moves, then the row is *done*. A pending
row that is met later is decided by the branch: if the commit is part of it, the row is done; if not,
the commit never happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from contentgit.db import ledger
from contentgit.db.ledger import Applied, Entry
from contentgit.errors import BusyError, UnknownNameError
from contentgit.porcelain.project import Project


def settle(project: Project) -> None:
    """Decides the rows that a killed commit has left pending."""
    for row in ledger.pending(project.using):
        if _published(project, row):
            ledger.finish(project.using, [row.id])
        else:
            ledger.forget(project.using, [row.id])


def current(project: Project) -> dict[str, Applied]:
    """What each dump of the database is at: the last done row, or a later pending one that came true."""
    rows = dict(ledger.applied(project.using))
    rows.update(
        {row.dump: row for row in ledger.pending(project.using) if _published(project, row)}
    )
    return rows


def _published(project: Project, row: Applied) -> bool:
    tip = project.repository.branch_tip(row.branch)
    try:
        return tip is not None and project.repository.is_ancestor(row.commit, tip)
    except UnknownNameError:
        return False


def enter(project: Project, entries: Sequence[Entry]) -> None:
    """Writes the entries down as done."""
    ledger.write(project.using, entries)


@contextmanager
def pending(
    project: Project, entries: Sequence[Entry], expected: Mapping[str, Applied | None]
) -> Iterator[None]:
    """The entries stand as pending while the body moves the branch, and as done behind it.

    Raises:
        BusyError: another call has changed the ledger since ``expected`` was read.
    """
    now = current(project)
    for folder, before in expected.items():
        if now.get(folder) != before:
            raise BusyError(
                f"database {project.using!r} was applied or committed by another call meanwhile",
                hint="run the command again; nothing has been committed",
            )
    ids = ledger.write(project.using, entries, pending=True)
    try:
        yield
    except BaseException:
        settle(project)
        raise
    ledger.finish(project.using, ids)
