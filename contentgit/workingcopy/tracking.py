"""Tracked dumps: which records may differ from the applied commit, as far as triggers have written it down.

What nobody can vouch for is a *gap*: then all rows are read, and it is said why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf

from django.db import transaction

from contentgit import __version__
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import NO_STANDING
from contentgit.content.records import RecordKey
from contentgit.db.introspect import outside_names, schema
from contentgit.db.ledger import Applied
from contentgit.db.tracking import log as tracking
from contentgit.db.tracking.log import Log, Tracking
from contentgit.db.tracking.scope import Scope, key_texts, row_text
from contentgit.db.tracking.triggers import Followed
from contentgit.errors import ContentgitError
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.looked import Looked, see_names
from contentgit.workingcopy.places import place
from contentgit.workingcopy.project import Dump, Project


@dataclass(frozen=True)
class Tracked:
    """What is known of a tracked dump within a transaction.

    ``keys`` are the records that may differ from the applied commit, all of them if ``gap`` is ``""``. It
    says otherwise why that is not known. ``fits`` is whether the triggers are for the code as it is.
    """

    tracking: Tracking
    log: Log
    gap: str
    fits: bool
    keys: tuple[RecordKey, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all other rows are as the applied commit has them, but those of :meth:`whole` models."""
        return not self.gap

    def whole(self, dump: Dump) -> frozenset[str]:
        """The models of the dump that are read whole: nobody writes down their rows, or changes of files."""
        files = {
            label for label, table in dump.tables.items() if any(f.place for f in table.fields)
        }
        return frozenset(dump.tables.keys() - {each.label for each in self.tracking.scope}) | files

    def part(self, dump: Dump) -> Looked | None:
        """The part of the dump in which it may differ from the applied commit; ``None`` if nobody knows."""
        if self.gap:
            return None
        paths = frozenset(map(dump.path, self.keys))
        return Looked(paths, self.whole(dump), is_complete=True)


def written_down(project: Project, dump: Dump, row: Applied | None) -> Tracked | None:
    """What was written down of a dump that is at ``row``; ``None`` if it is not tracked.

    Call it in the transaction that reads the rows.
    """
    found = tracking_of(project, dump)
    if found is None:
        return None
    log = tracking.read(project.using, found)
    fits = found.digest == _digest(dump, Scope.of(dump.reader))
    gap = _gap(project, found, row, fits=fits) or log.gap
    if gap:
        return Tracked(found, log, gap, fits)
    see_names(dump)
    keys = set[RecordKey]()
    for label, texts in log.keys.items():
        for text, key in key_texts(dump.reader.identities, label, texts):
            if key is None:
                gap = f"nobody knows what the row {text} of {label} is called"
                return Tracked(found, log, gap, fits)
            keys.add(RecordKey(label, key))
    return Tracked(found, log, "", fits, tuple(sorted(keys)))


def tracked_dumps(project: Project) -> Sequence[Tracking]:
    """The dumps of the database whose changes triggers write down, as last read; none of a copy."""
    if project.tracked is None:
        project.tracked = [] if project.copy else tracking.tracked(project.using)
    return project.tracked


def tracking_of(project: Project, dump: Dump) -> Tracking | None:
    """What the database says of the dump's triggers; ``None`` if it has none."""
    named = [each for each in tracked_dumps(project) if each.dump == dump.folder]
    at = place(project, dump.folder) if named else ""
    return next((each for each in named if each.place == at), None)


def _gap(project: Project, found: Tracking, row: Applied | None, *, fits: bool) -> str:
    if row is None:
        return "the database was never at a commit"
    if not tracking.is_intact(project.using, found):
        return "tables or triggers were altered since"
    if found.line is None:
        return "its rows have not been compared with a commit since triggers were made"
    if found.line != row.id:
        return f"nobody has compared its rows with commit {row.commit[:10]}"
    if not fits:
        return "the dataset or the code of its models has changed since"
    if any(not entry.get("blob") for entry in row.withheld):
        return "the last apply has left something out"
    return ""


def _digest(dump: Dump, scope: Scope) -> str:
    """Of all that decides what a record holds, beside the rows."""
    tables = dump.tables
    names = outside_names(tables, dump.reader.identities)
    document = schema_document(dump.dataset, schema(tables), NO_STANDING, names)
    filters = [(label, repr(dump.reader.chosen(label))) for label in tables]
    said = (__version__, dump_document(document), scope.followed, filters)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def is_plain(evolution: Evolution, row: Applied) -> bool:
    """Whether the commit of ``evolution`` has what that of the line has, and this code the same schema."""
    if (
        evolution.schema_change
        or any(evolution.added.values())
        or evolution.seen.tree != evolution.commit
    ):
        return False
    tree = evolution.repository.trees.folder_id(evolution.commit, row.dump)
    return bool(evolution.commit) and tree == row.tree


# Beginning


def followed(project: Project, dump: Dump) -> tuple[Sequence[Followed], Mapping[str, str]]:
    """The tables of a dump that triggers can follow in this database, and of each other model why not."""
    scope = Scope.of(dump.reader)
    return scope.without(tracking.unfit(project.using, scope.followed))


def begin(project: Project, dump: Dump, tables: Sequence[Followed]) -> None:
    """Makes the triggers of a dump, in place of those that it has; nothing is known of its rows yet."""
    at, digest = place(project, dump.folder), _digest(dump, Scope.of(dump.reader))
    tracking.begin(project.using, dump.folder, at, tables, digest)
    project.tracked = None


def renew(project: Project, names: Sequence[str] = ()) -> None:
    """Makes triggers anew that are gone, or do not fit any more; before all rows are read anyway.

    Where the database takes no triggers of this user, all rows are read at each call.
    """
    with suppress(ContentgitError):
        folders = [each.dump for each in tracked_dumps(project)]
        if not folders:
            return
        for dump in project.dumps(names, also=folders):
            found = tracking_of(project, dump)
            if found is None:
                continue
            digest = _digest(dump, Scope.of(dump.reader))
            is_intact = tracking.is_intact(project.using, found)
            if is_intact and found.digest == digest:
                continue
            tables = followed(project, dump)[0]
            if is_intact and (*tables,) == found.scope:
                tracking.describe(project.using, found, digest)
            elif tables:
                begin(project, dump, tables)
    project.forget_rows()


# Going on


def compared(
    project: Project,
    dump: Dump,
    tracked: Tracked | None,
    *,
    line: int | None,
    differing: Collection[RecordKey] = (),
) -> None:
    """Notes that rows are as the commit of a line has them, but for the records ``differing``.

    ``tracked`` is what was known in the transaction that read the rows; what was written down until then is
    looked at no more.
    """
    if tracked is None:
        return
    numbers, identities = tracked.tracking.numbers(), dump.reader.identities
    keys = (key for key in differing if key.model in numbers)
    pairs = {(key.model, row_text(identities, key.model, key.key)) for key in keys}
    rows = [(numbers[label], text) for label, text in pairs if text is not None]
    if not tracked.fits or len(rows) < len(pairs) or len(rows) > tracking.MOST:
        line, rows = None, []
    log = tracked.log
    tracking.advance(
        project.using, tracked.tracking, line, counts=log.counts, seqs=log.seqs, differing=rows
    )


def after(
    project: Project,
    dump: Dump,
    before: Tracked,
    *,
    line: int | None,
    differing: Collection[RecordKey],
    written: Collection[RecordKey],
) -> None:
    """Notes behind an apply, in its transaction, that rows differ from the commit of a line as it says.

    ``written`` are the records that it wrote; whatever else was written meanwhile may differ, too.

    Raises:
        DatabaseError: the database refuses; what the apply wrote stays.
    """
    with transaction.atomic(using=project.using):
        log = tracking.read(project.using, before.tracking, known=before.log.seqs, most=inf)
        found, identities = {*differing}, dump.reader.identities
        for label, texts in log.keys.items():
            for _, key in key_texts(identities, label, texts):
                if key is None:
                    line = None
                elif RecordKey(label, key) not in written:
                    found.add(RecordKey(label, key))
        line = None if log.loss else line
        now = Tracked(before.tracking, log, "", before.fits)
        compared(project, dump, now, line=line, differing=found)


def compared_with(
    project: Project, found: Iterable[tuple[Dump, Tracked | None, Collection[RecordKey]]]
) -> None:
    """Notes for dumps what of them differs from the commits that they are at by now.

    What the database refuses is read anew by the next call.
    """
    tracked = [each for each in found if each[1] is not None]
    if tracked:
        rows = current(project)
        for dump, known_before, differing in tracked:
            row = rows.get(dump.folder)
            with suppress(ContentgitError):
                line = row.id if row else None
                compared(project, dump, known_before, line=line, differing=differing)
