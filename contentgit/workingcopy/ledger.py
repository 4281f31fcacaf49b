"""The ledger and the branch in agreement, whatever breaks between the two.

A commit is first written down as *pending*, then the branch moves, then the row is *done*. A pending
row that is met later is decided by the branch: if the commit is part of it, the row is done; if not,
the commit has not come about, or not yet. Of a dump's rows the latest counts, so a pending row is
dropped only when a later one is done: its call may still be under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contentgit.db import ledger
from contentgit.db.identity.uuids import count_names
from contentgit.errors import BusyError, DatabaseError, UnknownNameError
from contentgit.workingcopy.places import is_own

if TYPE_CHECKING:
    from contentgit.db.ledger import Applied, Entry
    from contentgit.workingcopy.project import Project

NAMES: Final = "names of "
"""Before a model in the counts of an entry: how many names its rows had, also those that were gone."""


def settle(project: Project) -> None:
    """Decides the rows that a killed commit has left pending, as far as that can be told."""
    own = is_own(project)
    done = ledger.applied(project.using, own)
    for row in filter(own, ledger.pending(project.using)):
        if _is_later(done.get(row.dump), row):
            ledger.forget(project.using, [row.id])
        elif _published(project, row):
            ledger.finish(project.using, [row.id])


def current(project: Project) -> dict[str, Applied]:
    """What each dump of the database is at: the last done row, or a later pending one that came true.

    A dump whose first apply was undone is at none. Rows of other schemas do not count.
    """
    own = is_own(project)
    rows = dict(ledger.applied(project.using, own))
    for row in filter(own, ledger.pending(project.using)):
        if not _is_later(rows.get(row.dump), row) and _published(project, row):
            rows[row.dump] = row
    return {dump: row for dump, row in rows.items() if row.commit}


def _is_later(one: Applied | None, other: Applied) -> bool:
    return one is not None and one.id > other.id


def _published(project: Project, row: Entry) -> bool:
    tip = project.repository.refs.tip(row.branch)
    try:
        commit = project.repository.refs.resolve(row.commit)
    except UnknownNameError:  # it lies in another clone, or nowhere
        return False
    return tip is not None and project.repository.history.is_ancestor(commit, tip)


def enter(
    project: Project,
    entries: Sequence[Entry],
    expected: Mapping[str, Applied | None],
    *,
    pending: bool = False,
) -> list[int]:
    """Writes the entries down, all or none, if the dumps still are where ``expected`` says; their ids.

    No apply runs meanwhile: what it is about to write would come before these rows and count less.

    Raises:
        BusyError: another call has changed the ledger since ``expected`` was read, or is about to.
    """
    with project.exclusive():
        now = current(project)
        if any(now.get(folder) != before for folder, before in expected.items()):
            raise BusyError(
                f"database {project.using!r} was applied or committed by another call at the same time",
                hint="run the command again; nothing has been committed",
            )
        return write(project, entries, pending=pending)


def write(project: Project, entries: Sequence[Entry], *, pending: bool = False) -> list[int]:
    """Writes the entries with the names of rows, inside of the caller's transaction; their ids.

    Each has the number of names that the database has then: a table with fewer is an older one.
    """
    project.save_names()
    identities = project.identities
    if any(identities.uuids(each) for each in identities.chosen if identities.is_model(each)):
        names = {f"{NAMES}{label}": n for label, n in count_names(project.using).items()}
        entries = [replace(each, counts={**each.counts, **names}) for each in entries]
    return ledger.write(project.using, entries, pending=pending)


@contextmanager
def pending(
    project: Project, entries: Sequence[Entry], expected: Mapping[str, Applied | None]
) -> Iterator[None]:
    """The entries stand as pending while the body moves the branch, and as done behind it.

    Raises:
        BusyError: as :func:`enter`.
    """
    ids = enter(project, entries, expected, pending=True)
    try:
        yield
    except BaseException:
        if all(_published(project, entry) for entry in entries):
            _finish(project, entries, ids)
        else:
            ledger.forget(project.using, ids)
        raise
    _finish(project, entries, ids)


def _finish(project: Project, entries: Sequence[Entry], ids: Sequence[int]) -> None:
    try:
        ledger.finish(project.using, ids)
    except (BusyError, DatabaseError) as error:
        made = entries[0]  # one commit of all
        error.message = f"commit {made.commit[:10]} is on branch {made.branch}, but {error.message}"
        error.hint = error.hint.replace(
            "nothing has changed", "the next call that can write it notes the commit"
        )
        raise
