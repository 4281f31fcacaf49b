"""Which rows of a dump were written since a commit: triggers append their keys to a table.

It is an index and never the truth. What it says counts only where it is provably complete: as long as
triggers and tables are as they were when they were made, the ledger is where it was, and as many rows are
there as came and went. Otherwise nothing is known, and whoever asks reads all rows.

Whoever has compared rows with a commit deletes just the changes that were there before the rows were read.
"""

from __future__ import annotations

import secrets
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from django.db import Error, connections, transaction
from django.db.models import QuerySet

from contentgit.content.portions import batches
from contentgit.db.backends import backend
from contentgit.db.failures import translated
from contentgit.db.own_tables import migrating
from contentgit.db.queries import quoted, rows_of
from contentgit.db.tracking.by_row import MySQLTriggers, SQLiteTriggers
from contentgit.db.tracking.by_statement import PostgreSQLTriggers
from contentgit.db.tracking.triggers import OWN_TABLES, Followed, Triggers, is_readable, is_there
from contentgit.errors import DatabaseError
from contentgit.models import RowChange, TrackedDump

MOST: Final = 20_000
"""So many changes are followed; where there are more, reading all rows is not much slower."""

_TOGETHER: Final = 500

_KINDS: Final[Mapping[str, type[Triggers]]] = {
    "sqlite": SQLiteTriggers,
    "postgresql": PostgreSQLTriggers,
    "mysql": MySQLTriggers,
}


@dataclass(frozen=True)
class Tracking:
    """A dump that is tracked: what :class:`TrackedDump` says of it."""

    id: int
    dump: str
    place: str
    scope: tuple[Followed, ...]
    digest: str
    proof: str
    line: int | None
    counts: tuple[int, ...]

    def numbers(self) -> Mapping[str, int]:
        """The number under which the rows of each model are written down."""
        return {each.label: n for n, each in reversed([*enumerate(self.scope)]) if each.label}


@dataclass(frozen=True)
class Log:
    """What triggers wrote down of a dump, as the caller's transaction sees it.

    ``keys`` are the primary keys of the rows, as text, by model. They are all where ``gap`` is ``""``; that
    else says why not, and so does ``loss`` where keys are not just too many. ``seqs`` are the numbers of
    these changes, ``counts`` the rows of each table.
    """

    gap: str
    loss: str
    keys: Mapping[str, frozenset[str]]
    seqs: Sequence[int]
    counts: tuple[int, ...]


def triggers(using: str) -> Triggers:
    """The triggers in the database ``using``."""
    return _KINDS[connections[using].vendor](backend(using))


def tracked(using: str, dump: str | None = None) -> list[Tracking]:
    """The tracked dumps, or those in the folder ``dump``, oldest first; none where there is no table of them.

    Raises (as all functions here):
        DatabaseError: the database refuses.
    """
    rows = _rows(using).order_by("id")
    if dump is not None:
        rows = rows.filter(dump=dump)
    with _reading(using):
        return [_tracking(row) for row in rows] if is_readable(connections[using]) else []


def unfit(using: str, scope: Sequence[Followed]) -> dict[str, str]:
    """Why triggers would not see all that happens to a table in this database, by table."""
    with translated(f"database {using!r}"):
        return triggers(using).unfit(scope)


def begin(using: str, dump: str, place: str, scope: Sequence[Followed], digest: str) -> Tracking:
    """Make the triggers of a dump, in place of those that it has; nothing is known of its rows yet.

    Call it outside of a transaction: it waits for those that write to the tables, and others see all of it.
    """
    ways = triggers(using)
    check_tables(using)
    with _altering(using), _proved(using):
        for each in tracked(using, dump):
            if each.place == place:
                _end(using, each)
        row = TrackedDump(
            dump=dump,
            place=place,
            token=secrets.token_hex(4),
            scope=[[*each] for each in scope],
            digest=digest,
        )
        row.save(using=using, force_insert=True)
        _sweep(using)
        ways.make(row.id, row.token, scope)
        ways.settle(scope)
        row.proof = ways.proof(row.id, scope)
        row.save(using=using, update_fields=["proof"])
    return _tracking(row)


def end(using: str, tracking: Tracking) -> None:
    """Drop the triggers of a dump, and forget what they wrote down."""
    with _altering(using), _proved(using):
        _end(using, tracking)


def check_tables(using: str) -> None:
    """Refuses to go on where nobody can say which dumps are tracked.

    Raises:
        DatabaseError: the tables are not there, or the user may not read them.
    """
    with translated(f"database {using!r}"):
        if is_readable(connections[using]):
            return
        if is_there(connections[using]):
            raise DatabaseError(
                f"the user of database {using!r} may not read {' and '.join(OWN_TABLES)}",
                hint="grant SELECT, INSERT, UPDATE and DELETE on them",
            )
    raise DatabaseError(f"the database {using!r} has no table for tracking", hint=migrating(using))


@contextmanager
def _proved(using: str) -> Iterator[None]:
    """The body alters triggers of some dumps; what proved those of others before it is renewed behind it.

    On SQLite any change of a schema counts. Only where one transaction holds it all: in between nobody alters
    anything.
    """
    whole = connections[using].features.can_rollback_ddl
    before = [each for each in tracked(using) if whole and is_intact(using, each)]
    yield
    for each in before:
        _rows(using).filter(id=each.id).update(proof=triggers(using).proof(each.id, each.scope))


def _end(using: str, tracking: Tracking) -> None:
    triggers(using).drop([tracking.id])
    _changes(using, tracking.id)._raw_delete(using)
    _rows(using).filter(id=tracking.id).delete()


def sweep(using: str) -> None:
    """Drop triggers of dumps that nobody tracks any more, as the table of these was emptied."""
    with _altering(using), _proved(using):
        _sweep(using)


def _sweep(using: str) -> None:
    """The same, and triggers under the number of a dump that has none yet, and what these wrote down."""
    ways = triggers(using)
    left = ways.numbers() - {each.id for each in tracked(using) if each.proof}
    if left:
        ways.drop(left)
        rows_of(RowChange, using).filter(tracked__in=left)._raw_delete(using)


def describe(using: str, tracking: Tracking, digest: str) -> None:
    """Note that the code is another one, whose records need the same tables; nothing is known of the rows."""
    with _reading(using):
        _rows(using).filter(id=tracking.id).update(digest=digest, line=None)


def suspend(using: str) -> None:
    """Drop all triggers, so that tables can be altered; dumps stay tracked, and nothing is known of them."""
    with _altering(using):
        triggers(using).drop()


def doubt(using: str) -> None:
    """Note that nothing is known of the rows of tracked dumps, as they may be called otherwise now."""
    with _reading(using):
        if tracked(using):
            _rows(using).update(line=None)


@contextmanager
def _altering(using: str) -> Iterator[None]:
    with (
        translated(f"the triggers of contentgit in database {using!r}"),
        triggers(using).changing(),
    ):
        yield


def is_intact(using: str, tracking: Tracking) -> bool:
    """Whether triggers and tables are as they were when the triggers were made."""
    with translated(f"database {using!r}"):
        return bool(tracking.proof) and tracking.proof == triggers(using).proof(
            tracking.id, tracking.scope
        )


def read(
    using: str,
    tracking: Tracking,
    *,
    known: Sequence[int] | None = None,
    most: float | None = None,
) -> Log:
    """What was written down; within a transaction that sees one moment, as it sees the rows.

    With ``known``, the numbers of changes that the caller has seen in the same transaction, only what came
    since then says something. Not more than ``most`` keys are given, by default :data:`MOST`.
    """
    most = MOST if most is None else most
    found: dict[str, set[str]] = {}
    net, seqs, loss, listed, marked, seen = (
        Counter[int](),
        array("q"),
        "",
        0,
        False,
        {*(known or ())},
    )
    with _reading(using):
        rows = _changes(using, tracking.id).values_list("seq", "number", "op", "key")
        for seq, number, op, key in rows.iterator(chunk_size=_TOGETHER):
            seqs.append(seq)
            net[number] += _NET.get(op, 0)
            marked = marked or op == _MARK
            if op == _MARK or seq in seen:
                continue
            each = tracking.scope[number] if 0 <= number < len(tracking.scope) else None
            text = _text(key)
            if each is None or text is None:
                loss = f"rows of {each.table if each else 'a table'} changed that others depend on"
            elif each.label and (listed := listed + 1) <= most:
                found.setdefault(each.label, set()).add(text)
        counts = tuple(_counted(using, tracking))
    if known is None and tracking.line is not None and not marked:
        loss = "what was written down is gone"
    for number, (count, before) in enumerate(zip(counts, tracking.counts, strict=False)):
        if known is None and not loss and count != before + net[number]:
            table = tracking.scope[number].table
            loss = f"rows of {table} came or went without their triggers"
    gap = f"{listed:,} changes of rows were written down" if listed > most else loss
    keys = {label: frozenset(texts) for label, texts in found.items()}
    return Log(gap, loss, keys, seqs, counts)


def _text(key: str | None) -> str | None:
    """The primary key that a trigger wrote; ``None`` where it is none."""
    try:
        return None if key is None else bytes.fromhex(key).decode()
    except ValueError:
        return None


_NET: Final = {"i": 1, "d": -1}

_MARK: Final = "m"
"""A change that is none: as long as it is there, nobody has emptied the table."""


def _counted(using: str, tracking: Tracking) -> Iterator[int]:
    if triggers(using).counts:
        for each in tracking.scope:
            name = quoted(each.table, using)
            head = "SELECT 0" if each.any else f"SELECT COUNT(*) FROM {name}"  # noqa: S608
            ((count,),) = backend(using).fetch(head)
            yield int(count)


def advance(
    using: str,
    tracking: Tracking,
    line: int | None,
    *,
    counts: Sequence[int],
    seqs: Sequence[int],
    differing: Iterable[tuple[int, str]] = (),
) -> None:
    """Note that rows differ from the commit of another line only in what is written down behind ``seqs``.

    These are deleted, and the ``differing`` rows, by number of table and key, are written down. Nothing is
    done where somebody else has done this since ``tracking`` was read.
    """
    own = _rows(using).filter(id=tracking.id)
    own = own.filter(line__isnull=True) if tracking.line is None else own.filter(line=tracking.line)
    with _reading(using), transaction.atomic(using=using):
        if not own.update(line=line, counts=[*counts]):
            return
        for some in batches(seqs, _TOGETHER):
            triggers(using).forget(some)
        rows = (
            RowChange(tracked=tracking.id, number=number, op="u", key=key.encode().hex())
            for number, key in differing
        )
        mark = RowChange(tracked=tracking.id, number=0, op=_MARK, key="")
        for made in batches(rows if line is None else chain([mark], rows), _TOGETHER):
            RowChange._base_manager.using(using).bulk_create(made)


def _rows(using: str) -> QuerySet[Any]:
    return rows_of(TrackedDump, using)


def _changes(using: str, tracked_id: int) -> QuerySet[Any]:
    return rows_of(RowChange, using).filter(tracked=tracked_id)


def _tracking(row: TrackedDump) -> Tracking:
    try:
        scope = tuple(
            Followed(table, label, key, tuple(decisive), any_)
            for table, label, key, decisive, any_ in row.scope
        )
        counts = tuple(map(int, row.counts))
    except (TypeError, ValueError):
        scope, counts = (), ()  # somebody has written to the table; its proof is of other tables
    return Tracking(row.id, row.dump, row.place, scope, row.digest, row.proof, row.line, counts)


@contextmanager
def _reading(using: str) -> Iterator[None]:
    try:
        yield
    except Error as error:
        ways = backend(using)
        raise ways.failure(f"what is tracked in database {using!r}", error) from error
