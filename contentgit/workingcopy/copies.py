"""Which calls see a dump as a copy: those that say so, and those of dumps whose specs say so.

A copy has a line of the ledger and a map of its own. So the rows that have the keys of the records may be at
another commit, or in no dump at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Final

from contentgit.content.layout import dump_folder, dump_name, of_models
from contentgit.datasets import parse_dump_argument
from contentgit.db import ledger
from contentgit.db.copying import rows_of_copy
from contentgit.db.ledger import APPLIES, Applied
from contentgit.errors import RefusedError, UsageError
from contentgit.render.plain import plural
from contentgit.render.values import dump_label
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.missing import found_commit
from contentgit.workingcopy.places import copy_at, is_own
from contentgit.workingcopy.project import AS_NEW, BY_SPEC, Copy, Dump, Project
from contentgit.workingcopy.unapplied import Unapplied

if TYPE_CHECKING:
    from contentgit.content.records import RecordKey
    from contentgit.history.snapshots import CommitSide
    from contentgit.workingcopy.request import Request

_SHOWN: Final = 3


def seen_by(project: Project, request: Request) -> Project:
    """The database as the call sees it: as a copy, or as it is.

    Raises:
        UsageError: the call names several dumps, or none, where one of them is a copy; or
            there is no copy to be undone.
        UnknownNameError: the code defines no such dump.
    """
    if request.verb == "undo":
        return _undone(project, request)
    if request.as_new:
        if len(request.names) != 1:
            raise UsageError(
                "--as-new copies one dump, which the call names",
                hint=f"contentgit checkout {request.revision} DUMP --apply --as-new",
            )
        return project.seen_as(Copy(_defined(project, request.names[0]), AS_NEW))
    named = [name for name in request.names if is_saved_as_new(project, name)]
    if not named:
        return project
    if len(request.names) > 1:
        others = " ".join(name for name in request.names if name not in named)
        raise UsageError(
            f"rows of {named[0]} are saved as new, which is done dump by dump",
            hint=f"{replace(request, names=(named[0],)).command()}\n"
            f"{replace(request, names=tuple(others.split())).command()}",
        )
    return project.seen_as(Copy(_defined(project, named[0]), BY_SPEC))


def _defined(project: Project, name: str) -> str:
    """The folder of a dump that the code defines."""
    project.datasets([name])
    return dump_folder(*parse_dump_argument(name))


def is_saved_as_new(project: Project, name: str) -> bool:
    """Whether an apply of the dump makes a copy here: its specs say so, and it was not committed here."""
    found, arguments = parse_dump_argument(name)
    definition = project.definitions.get(found)
    if definition is None or not any(s.save_as_new for s in definition.dump(arguments).specs):
        return False
    with project.snapshot():
        return dump_folder(found, arguments) not in current(project)


def copies(project: Project) -> list[Project]:
    """The database seen as each copy that it has and the code defines, also those that were undone."""
    known = (
        copy_at(folder, place) for folder, place in sorted(ledger.places(project.using), key=str)
    )
    found = [copy for copy in known if copy and dump_name(copy.folder)[0] in project.definitions]
    return [project.seen_as(copy) for copy in found]


def rows_of_copies(project: Project, keys: Iterable[RecordKey]) -> dict[RecordKey, str]:
    """Those of the keys whose rows belong to copies in the database, each with the dump that is copied."""
    found: dict[RecordKey, str] = {}
    # Rows of the copy that the call is about have the names of its map, and no other's.
    own = [key for key in keys if key.model not in project.identities.copies]
    places = sorted(ledger.places(project.using), key=str) if own else ()
    known = (copy_at(folder, place) for folder, place in places)
    for copy in dict.fromkeys(each for each in known if each and each != project.copy):
        for key in rows_of_copy(own, *copy, project.identities):
            found.setdefault(key, dump_label(copy.folder))
    return found


def refuse_lost_map(project: Project, dump: Dump, applied: CommitSide, row: Applied) -> None:
    """Refuses to take for deleted what the copy has as it was ``applied``, where the map never had it.

    Raises:
        RefusedError: the map is lost, or older than the rows.
    """
    lost = sorted(map(project.shown_key, _lost(dump, applied)))
    if lost:
        named = ", ".join(map(str, lost[:_SHOWN]))
        more = ", …" if len(lost) > _SHOWN else ""
        as_new = " --as-new" if project.copy and project.copy.kind == AS_NEW else ""
        words = f"{quote(row.branch or row.commit[:10])} {quote(dump.dataset.label)}"
        raise RefusedError(
            f"database {project.using!r} does not know which rows are the copies of "
            f"{plural(len(lost), 'record')} of commit {row.commit[:10]}: {named}{more}",
            hint="restore the table contentgit_identity from the backup that the rows are of\n"
            f"contentgit checkout {words} --apply{as_new} --adopt  (gives these rows up: they stay as rows "
            "of no copy, and the copy gets others)",
            data={"models": sorted({key.model for key in lost}), "lost": len(lost)},
        )


def has_lost_map(project: Project, dump: Dump, row: Applied) -> bool:
    """Whether :func:`refuse_lost_map` refuses the dump as it was applied."""
    at = found_commit(project, row) if dump.copied else ""
    if not at:
        return False
    side = Unapplied.since(project, Evolution.since(project, dump, at), row).side
    lost = _lost(dump, side)
    identities = dump.reader.identities
    for label in dump.copied:  # what other rows are called depends on the commit that is applied
        identities.reload(identities.base(label))
    return bool(lost)


def _lost(dump: Dump, applied: CommitSide) -> list[RecordKey]:
    """The records of the copy as it was ``applied`` that the map never had."""
    identities, ids = dump.reader.identities, applied.ids() if dump.copied else {}
    lost = []
    for label in sorted(dump.copied):
        copied = identities.copied(label)
        known = copied.ever_copied() if copied else set()
        keys = applied.keys(of_models([label], ids))
        lost += [key for key in keys if key.key not in known]
    return lost


def without_copies(
    project: Project, dumps: Sequence[Dump], names: Sequence[str], rows: Mapping[str, Applied]
) -> list[Dump]:
    """The dumps whose rows have the keys of their records: those of which a copy was made here are left out.

    Raises:
        UsageError: one of the ``names`` is such a copy.
    """
    made = {
        copy.copy.folder: current(copy)
        for copy in copies(project)
        if copy.copy and copy.copy.kind == BY_SPEC
    }
    left = [dump for dump in dumps if made.get(dump.folder) and dump.folder not in rows]
    for dump in left:
        if dump.dataset.label in names:
            raise UsageError(
                f"{dump.dataset.label} is a copy in database {project.using!r}, which is not committed",
                hint="commit where the rows have the keys of the records\n"
                f"contentgit status {dump.dataset.label}  (shows what was edited in the copy)",
            )
    return [dump for dump in dumps if dump not in left]


def _undone(project: Project, request: Request) -> Project:
    """The database as it was seen by the last apply that was not undone.

    Raises:
        UsageError: that of a copy is to be undone, and there is none.
    """
    folders = {dump_folder(*parse_dump_argument(name)) for name in request.names}
    every = copies(project) if request.as_new else [project, *copies(project)]
    last, n = max(((_last(each, folders), n) for n, each in enumerate(every)), default=(0, 0))
    if request.as_new and not last:
        of = f" of {' or '.join(request.names)}" if request.names else ""
        raise UsageError(
            f"database {project.using!r} has no copy{of} that could be undone",
            hint="contentgit log --applied  (lists what was applied and committed)\n"
            f"{replace(request, as_new=False).command()}  (undoes the last apply that is no copy)",
        )
    return every[n]


def _last(project: Project, folders: Collection[str]) -> int:
    """The id of the last line that an undo takes back; 0 if there is none."""
    history = ledger.history(project.using, own=is_own(project))
    undone = {line.undoes for line in history}
    wanted = (line for line in history if line.action in APPLIES and line.id not in undone)
    return next((line.id for line in wanted if not folders or line.dump in folders), 0)
