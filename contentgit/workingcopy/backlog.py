"""The backups that wait for a ``gc``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from contentgit.workingcopy import anchors

if TYPE_CHECKING:
    from contentgit.git import Repository

MANY = 50


@dataclass(frozen=True)
class Backlog:
    """The backups of a repository: how many, and when the oldest was made."""

    count: int
    oldest: datetime


def backlog(repository: Repository) -> Backlog | None:
    """The backups where there are many of them."""
    found = repository.refs.under(anchors.BACKUPS)
    if len(found) <= MANY:
        return None
    times = [made_at(repository, commit, ref.rpartition("/")[2]) for ref, commit in found]
    return Backlog(len(found), min(times))


def made_at(repository: Repository, commit: str, stamp: str) -> datetime:
    """When a ref was made: its name says so, else its commit does."""
    try:
        return datetime.strptime(stamp, anchors.STAMP).replace(tzinfo=UTC)
    except ValueError:
        return repository.history.commit(commit).committed
