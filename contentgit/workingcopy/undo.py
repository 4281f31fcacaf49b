"""Which apply is undone, and where the database is behind that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contentgit.branches.fetching import fetching
from contentgit.content.layout import dump_folder
from contentgit.datasets import parse_dump_argument
from contentgit.db import ledger
from contentgit.db.ledger import APPLIES, Applied
from contentgit.errors import RepositoryError, UnknownNameError, UsageError
from contentgit.render.values import dump_label
from contentgit.workingcopy.anchors import backups
from contentgit.workingcopy.places import is_own
from contentgit.workingcopy.planned import Goal

if TYPE_CHECKING:
    from contentgit.git import Repository
    from contentgit.workingcopy.project import Dump, Project

_ELSEWHERE = "contentgit checkout REV --apply  (brings the database to another commit instead)"


@dataclass(frozen=True)
class Undone:
    """One dump of the apply that is undone: its line in the ledger, and where the dump is now.

    ``before`` is the commit with what the database held before the apply, ``""`` where that was nothing.
    ``whole`` tells whether nothing of the apply is left with this undo.
    """

    dump: Dump
    line: Applied
    now: Applied | None
    before: str
    goal: Goal
    whole: bool


def to_undo(project: Project, names: Sequence[str], rows: Mapping[str, Applied]) -> list[Undone]:
    """The dumps of the last apply that was not undone, or of the last that touched one of ``names``.

    Raises:
        UsageError: there is no such apply.
        UnknownNameError: the code does not define a dump.
    """
    history = ledger.history(project.using, own=is_own(project))
    folders = list(dict.fromkeys(line.dump for line in history))
    named = {dump_folder(*parse_dump_argument(name)) for name in names}
    dumps = {
        dump.folder: dump
        for dump in project.dumps(names, also=folders)
        if not named or dump.folder in named  # not those that they depend on
    }
    lines = [line for line in history if line.dump in dumps]
    undone = {line.undoes for line in history if line.undoes}
    open_ = [line for line in history if line.action in APPLIES and line.id not in undone]
    left = [line for line in open_ if line.dump in dumps]
    if not names and open_:
        _refuse_unknown(open_[0], dumps, left)
    if not left:
        raise UsageError(
            f"nothing was applied to database {project.using!r} that could be undone",
            hint="contentgit log --applied  (lists what was applied and committed)",
        )
    last = left[0]
    found = [  # those of the same call: it wrote them at one moment
        line
        for line in reversed(history)
        if (line.at, line.who, line.commit) == (last.at, last.who, last.commit)
        and line.id not in undone
    ]
    whole = all(line.dump in dumps for line in found)
    undone_dumps = []
    for line in found:
        if line.dump in dumps:
            now = rows.get(line.dump)
            before, goal = _before(project, line), _goal(line, lines, now)
            dump = _deletable(dumps[line.dump])
            undone_dumps.append(Undone(dump, line, now, before, goal, whole))
    return undone_dumps


def _deletable(dump: Dump) -> Dump:
    """The dump with a licence to delete rows of a copy, which are rows that applies have made."""
    specs = (
        replace(spec, delete_missing=True) if spec.model in dump.copied else spec
        for spec in dump.dataset.specs
    )
    return replace(dump, dataset=replace(dump.dataset, specs=tuple(specs)))


def _refuse_unknown(last: Applied, dumps: Mapping[str, Dump], left: Sequence[Applied]) -> None:
    """Without names the last apply is meant: not one before it, since the code lacks its dump."""
    if last.dump in dumps:
        return
    others = " ".join(dict.fromkeys(dumps[line.dump].dataset.label for line in left))
    raise UnknownNameError(
        f"the last apply, of commit {last.commit[:10]}, was of {dump_label(last.dump)}, which this project's "
        "code does not define",
        hint=f"contentgit undo {others}  (undoes the last apply of what it defines)"
        if others
        else "",
    )


def _goal(line: Applied, lines: Sequence[Applied], now: Applied | None) -> Goal:
    """Where the dump is once the apply of the ``line`` is undone."""
    at = next((one for one in lines if one.dump == line.dump and one.id < line.id), None)
    if now is not None and now.commit != line.commit:
        at = now  # it was committed since: the database stays there, and what is undone is an edit
    elif not line.previous:
        at = None
    if at is None:
        return Goal("", "", "", (), line)
    return Goal(at.commit, at.tree, at.branch, at.withheld, line)


def _before(project: Project, line: Applied) -> str:
    """The commit with what the database held before the apply: its backup, else the one applied before."""
    commit = line.backup or line.previous
    if not commit:
        return ""
    try:
        return project.repository.refs.resolve(commit)
    except UnknownNameError as error:
        fetched = fetching(project.repository, commit, f"{backups(project)}/{commit[:10]}")
        raise RepositoryError(
            f"what database {project.using!r} held before the apply of {line.commit[:10]} is in commit "
            f"{commit[:10]}, which is not in the repository {project.repository.path}",
            hint="\n".join([*fetched, _ELSEWHERE]),
        ) from error


def origin_of(repository: Repository, undone: Undone) -> str | None:
    """The base of the merge that is undone; ``None`` where the repository has it no more."""
    commit = undone.line.previous
    with suppress(UnknownNameError):
        at = repository.refs.resolve(commit) if commit else ""
        if at and undone.line.action == "update":
            at = next(iter(repository.history.merge_bases(at, undone.line.commit)), at)
        return at
    return None
