"""The ledger: which commit a database holds, written in the same transaction as the content.

Clock and name of whoever calls are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from django.db import Error, connections, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from contentgit.db.backends import backend
from contentgit.db.own_tables import migrating
from contentgit.errors import ContentgitError, DatabaseError
from contentgit.models import AppliedCommit

MERGES = frozenset({"merge", "update"})
"""What it calls a ``checkout --merge`` and an ``update``."""

APPLIES = frozenset({"apply", *MERGES})
"""What it calls an apply that wrote something."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the ledger records of one dump.

    ``dump`` is its folder; ``commit`` and ``tree`` are ids, the tree that of the folder; ``action`` is
    ``"apply"``, ``"merge"``, ``"update"``, ``"commit"``, ``"adopt"`` or ``"undo"``; ``at`` is an aware time;
    ``previous`` is the commit applied before, ``""`` if there is none. ``counts`` and ``withheld`` are
    JSON values. ``backup`` is the commit with content of the database that was in no other commit; ``undoes``
    the id of the line that an undo reverts. ``place`` names the schemas of the dump's tables that are not the
    ledger's own, ``""`` if all are in that schema; ``None`` in lines of a contentgit without schemas.
    """

    dump: str
    commit: str
    tree: str
    branch: str
    environment: str
    action: str
    who: str
    at: datetime
    counts: Mapping[str, Any] = field(default_factory=dict)
    withheld: Sequence[Any] = ()
    previous: str = ""
    backup: str = ""
    undoes: int | None = None
    place: str | None = ""


@dataclass(frozen=True, kw_only=True)
class Applied(Entry):
    """A line of the ledger; ``state`` is ``"done"`` or ``"pending"``."""

    id: int
    state: str


_LINES = 100
"""Lines that are read at a time where some may be of other tables."""


def every(_line: Applied) -> bool:
    """A choice of lines: all of them."""
    return True


def lacking(using: str) -> str:
    """Why the database has no readable ledger, in a line; ``""`` if it has one."""
    try:
        ways = backend(using)
        absent = ways.absent()
        if not absent:
            with ways.snapshot():
                applied(using)
    except ContentgitError as error:
        return f"{error.message}; {error.hint}" if error.hint else error.message
    return absent


def applied(using: str, own: Callable[[Applied], bool] = every) -> Mapping[str, Applied]:
    """The latest line of each dump that is done, by dump folder; of the lines for which ``own`` holds."""
    rows = _rows(using).filter(state=AppliedCommit.State.DONE)
    latest = rows.order_by().values("dump", "place").annotate(latest=Max("id")).values("latest")
    with _errors(using):
        lines = [_applied(row, using) for row in _rows(using).filter(id__in=latest)]
    return {line.dump: line for line in lines if own(line)}


def places(using: str) -> set[tuple[str, str | None]]:
    """Folder and place of every dump that has a line that is done."""
    done = _rows(using).filter(state=AppliedCommit.State.DONE).order_by()
    with _errors(using):
        return set(done.values_list("dump", "place").distinct())


def history(
    using: str,
    dump: str | None = None,
    limit: int | None = None,
    own: Callable[[Applied], bool] = every,
    since: int = 0,
) -> list[Applied]:
    """The lines that are done, latest first; of one dump folder only, where it is given.

    Lines for which ``own`` does not hold are left out, and those up to the id ``since``.
    """
    rows = _rows(using).filter(state=AppliedCommit.State.DONE, id__gt=since).order_by("-id")
    if dump is not None:
        rows = rows.filter(dump=dump)
    size = limit if limit is None or own is every else max(limit, _LINES)
    found: list[Applied] = []
    while True:
        with _errors(using):
            lines = [_applied(row, using) for row in rows[:size]]
        found += filter(own, lines)
        if limit is None or len(found) >= limit or len(lines) < (size or 0):
            return found[:limit]
        rows = rows.filter(id__lt=lines[-1].id)


def pending(using: str) -> list[Applied]:
    """The lines whose commit may not exist, oldest first."""
    with _errors(using):
        rows = _rows(using).filter(state=AppliedCommit.State.PENDING)
        return [_applied(row, using) for row in rows]


@dataclass(frozen=True)
class Ledgers:
    """The lines of all ledgers of a database, also pending ones, latest first; ``closed`` are the schemas of
    ledgers that this user cannot read, or that another version of contentgit created."""

    lines: tuple[Sequence[Applied], ...] = ()
    closed: tuple[str, ...] = ()


def ledgers(using: str) -> Ledgers:
    """The session's own ledger, and those that its search path hides.

    Raises:
        DatabaseError: the database cannot be asked, or its own ledger cannot be read.
    """
    if connections[using].settings_dict["ENGINE"] == "django.db.backends.dummy":
        return Ledgers()  # a name without a database
    ways = backend(using)
    if ways.absent():
        return Ledgers()
    name = AppliedCommit._meta.db_table
    with _errors(using), connections[using].cursor() as cursor:
        names = connections[using].introspection.table_names(cursor, include_views=True)
    found = [_lines(using)] if name in names else []
    closed = []
    for schema in sorted(ways.schemas([name], hidden=True) - ways.schemas([name])):
        try:
            found.append(_lines(using, schema))
        except DatabaseError:
            closed.append(schema)
    return Ledgers(tuple(found), tuple(closed))


def _lines(using: str, schema: str = "") -> list[Applied]:
    ways = backend(using)
    with ways.snapshot(), _errors(using):
        if schema:
            ways.look_into(schema)
        return [_applied(row, using) for row in _rows(using).order_by("-id")]


def write(using: str, entries: Sequence[Entry], *, pending: bool = False) -> list[int]:
    """Write the entries, all or none; their ids.

    Raises (as all functions here):
        DatabaseError: the database has no ledger, or refuses.
    """
    state = AppliedCommit.State.PENDING if pending else AppliedCommit.State.DONE
    with _errors(using), transaction.atomic(using=using):
        return [_write(using, entry, state) for entry in entries]


def finish(using: str, ids: Sequence[int]) -> None:
    """Mark pending lines as done."""
    with _errors(using):
        _rows(using).filter(id__in=ids).update(state=AppliedCommit.State.DONE)


def forget(using: str, ids: Sequence[int]) -> None:
    """Delete pending lines; lines that are done stay."""
    with _errors(using):
        _rows(using).filter(id__in=ids, state=AppliedCommit.State.PENDING).delete()


def _rows(using: str) -> QuerySet[AppliedCommit]:
    return AppliedCommit._base_manager.using(using).order_by("id")


NAMES = tuple(each.name for each in fields(Entry))


def _write(using: str, entry: Entry, state: str) -> int:
    values = {name: getattr(entry, name) for name in NAMES}
    values["counts"], values["withheld"] = dict(entry.counts), list(entry.withheld)
    if connections[using].timezone is None:  # USE_TZ is off: columns hold local time
        values["at"] = timezone.make_naive(entry.at)
    row = AppliedCommit(**values, state=state)
    row.save(using=using, force_insert=True)
    return row.id


def _applied(row: AppliedCommit, using: str) -> Applied:
    values = {name: getattr(row, name) for name in NAMES}
    wrong = [name for name, fits in _FITS.items() if not fits(values[name])]
    if wrong:
        raise DatabaseError(
            f"row {row.id} of the ledger of database {using!r} is damaged: {wrong[0]} is "
            f"{values[wrong[0]]!r:.60}",
            hint=_DAMAGED,
        )
    if timezone.is_naive(row.at):
        values["at"] = timezone.make_aware(row.at)
    return Applied(**values, id=row.id, state=str(row.state))


_ID = re.compile(r"|[0-9a-f]{40}|[0-9a-f]{64}")
_FITS: Mapping[str, Callable[[Any], object]] = {
    **dict.fromkeys(("commit", "tree", "previous", "backup"), _ID.fullmatch),
    "at": lambda value: value is not None,
    "counts": lambda value: (
        type(value) is dict and all(type(number) is int for number in value.values())
    ),
    "withheld": lambda value: type(value) is list and all(type(each) is dict for each in value),
}
"""What contentgit writes into the ledger's columns; another program may have written something else."""

_DAMAGED = (
    "restore the table contentgit_ledger from a backup of the database, or delete this row: "
    "its dump is then at the commit of the row before"
)


@contextmanager
def _errors(using: str) -> Iterator[None]:
    ways = backend(using)
    if not ways.connection.in_atomic_block:
        ways.connect()
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:  # Django cannot read a column
        raise DatabaseError(
            f"the ledger of database {using!r} cannot be read: {error!s:.200}", hint=_DAMAGED
        ) from error
    except Error as error:
        if ways.is_missing_table(error):
            raise DatabaseError(
                f"the database {using!r} has no contentgit tables", hint=migrating(using)
            ) from error
        raise ways.failure(f"the ledger of database {using!r}", error) from error
