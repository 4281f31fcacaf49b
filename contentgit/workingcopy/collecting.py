"""``gc``: backups and other leftovers have an end, but for what an undo needs.

Which commits an undo needs is in the ledgers, so all databases of the project are asked. One that cannot be
reached ends the call. What another environment keeps in the same repository is left to a ``gc`` there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from contentgit import config
from contentgit.content.layout import encode_part
from contentgit.db import ledger
from contentgit.db.ledger import APPLIES, Applied
from contentgit.errors import ContentgitError
from contentgit.history import lenses
from contentgit.workingcopy import anchors
from contentgit.workingcopy.backlog import made_at
from contentgit.workingcopy.project import Project

UNDO: Final = "refs/contentgit/undo"
"""Refs of commits that an undo needs and that nothing else keeps: ``UNDO/ENVIRONMENT/COMMIT``."""


@dataclass(frozen=True)
class Leftover:
    """A ref that keeps commits alive; ``kept`` says why it stays, and is ``""`` where nothing needs it."""

    ref: str
    commit: str
    at: datetime
    kept: str = ""


@dataclass(frozen=True)
class Collected:
    """What a ``gc`` removed, or would remove: refs and temporary files; and the refs that stay.

    ``before`` and ``after`` are git's counts of objects; ``after`` is empty in a dry run.
    """

    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    files: tuple[Path, ...]
    before: dict[str, int]
    after: dict[str, int] = field(default_factory=dict)


class Needs(NamedTuple):
    """What ledgers say: ``commits`` that an undo needs; ``closed`` are schemas whose ledger is not read."""

    commits: frozenset[str]
    closed: tuple[str, ...] = ()


def collect(project: Project, days: int, *, dry_run: bool = False) -> Collected:
    """Removes what is older than ``days`` and needed by no undo, then lets git collect what no ref reaches.

    Raises:
        DatabaseError: a database of the project cannot be asked what it needs.
        BusyError: another git process is at work.
        RepositoryError: git refuses; ``items`` lists what was removed before.
    """
    repository = project.repository
    since = project.operator.now - timedelta(days=days)
    needs = _needs(since)
    found = [*_backups(project, needs, since), *_anchors(project, since)]
    removed = tuple(leftover for leftover in found if not leftover.kept)
    kept = tuple(leftover for leftover in found if leftover.kept)
    files = tuple(repository.housekeeping.temporary_files(project.operator.now - timedelta(days=1)))
    if lenses.folder_of(repository).exists():
        files += (lenses.folder_of(repository),)
    before = repository.housekeeping.space()
    if dry_run:
        return Collected(removed, kept, files, before)
    going = {leftover.ref: leftover.commit for leftover in removed} | _unneeded(project, needs)
    going |= dict(repository.refs.under(lenses.PREFIX))
    _keep(project, needs, going.keys())
    for ref, commit in going.items():
        repository.refs.delete(ref, commit)
    try:
        repository.housekeeping.collect(files)
    except ContentgitError as error:
        error.items = tuple(f"removed {path}" for path in (*going, *files))
        raise
    return Collected(removed, kept, files, before, repository.housekeeping.space())


def _needs(since: datetime) -> Needs:
    found = [ledger.ledgers(alias) for alias in config.aliases()]
    commits = [needed(lines, since) for each in found for lines in each.lines]
    return Needs(frozenset().union(*commits), tuple(name for each in found for name in each.closed))


def needed(lines: Sequence[Applied], since: datetime) -> set[str]:
    """The commits that databases are at, and that an undo needs; ``lines`` are a ledger's, newest first.

    An undo can take back the last apply of each dump, however old, and every apply since ``since``.
    """
    undone = {line.undoes for line in lines if line.undoes}
    at: dict[tuple[str, str | None], Applied] = {}
    last: dict[tuple[str, str | None], Applied] = {}
    recent = []
    commits = {line.commit for line in lines if line.state == "pending"}
    for line in lines:
        if line.state == "pending":
            continue
        place = line.dump, line.place
        at.setdefault(place, line)
        if line.action in APPLIES and line.id not in undone:
            last.setdefault(place, line)
            if line.at >= since:
                recent.append(line)
    calls = {(line.at, line.who, line.commit) for line in last.values()}
    together = [line for line in lines if (line.at, line.who, line.commit) in calls]
    commits |= {line.commit for line in at.values()}
    for line in (*together, *recent):
        commits |= {line.commit, line.backup, line.previous}
    return commits - {""}


def _backups(project: Project, needs: Needs, since: datetime) -> Iterator[Leftover]:
    own = encode_part(project.config.environment)
    for ref, commit in project.repository.refs.under(anchors.BACKUPS):
        environment, _, stamp = ref.removeprefix(f"{anchors.BACKUPS}/").partition("/")
        at = made_at(project.repository, commit, stamp)
        kept = ""
        if environment != own:
            kept = f"of environment {environment}"
        elif commit in needs.commits:
            kept = "an undo needs it"
        elif at >= since:
            kept = "not old enough"
        elif needs.closed:
            kept = f"the ledger of schema {needs.closed[0]}, which cannot be read, may need it"
        yield Leftover(ref, commit, at, kept)


def _anchors(project: Project, since: datetime) -> Iterator[Leftover]:
    """Refs of applied commits of databases that the settings do not have any more."""
    known = {anchors.part(alias) for alias in config.aliases()}
    own = encode_part(project.config.environment)
    for ref, commit in project.repository.refs.under(anchors.PREFIX):
        environment, _, rest = ref.removeprefix(f"{anchors.PREFIX}/").partition("/")
        alias = rest.partition("/")[0].partition("@")[0]
        if environment != own or alias in known:
            continue
        at = made_at(project.repository, commit, "")
        yield Leftover(ref, commit, at, "not old enough" if at >= since else "")


def _unneeded(project: Project, needs: Needs) -> dict[str, str]:
    """Our refs of commits that an undo needed once."""
    there = project.repository.refs.under(_undo_place(project))
    return (
        {}
        if needs.closed
        else {ref: commit for ref, commit in there if commit not in needs.commits}
    )


def _keep(project: Project, needs: Needs, going: AbstractSet[str]) -> None:
    """Gives refs to commits that an undo needs, and that no ref reaches but those that are ``going``."""
    repository = project.repository
    for commit in sorted(needs.commits):
        there = repository.objects.has_commit(commit)
        if there and not set(repository.refs.containing(commit)) - going:
            ref = f"{_undo_place(project)}/{commit}"
            repository.refs.move(ref, commit, None, "contentgit gc: an undo needs it")


def _undo_place(project: Project) -> str:
    return f"{UNDO}/{encode_part(project.config.environment)}"
