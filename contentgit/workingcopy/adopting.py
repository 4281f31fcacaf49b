"""``identity adopt``: rows of this database get the names of the records of a commit that they are.

For databases that grew apart, and for one whose names are lost. Only names are written, never a row.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from contentgit.content.pairing import Doubt, Pairing, paired
from contentgit.content.records import RecordKey
from contentgit.db.identity.uuids import rename_rows
from contentgit.errors import RefusedError, UsageError
from contentgit.render.plain import plural
from contentgit.workingcopy.adoption_reading import AdoptionReading
from contentgit.workingcopy.earlier import EarlierNames
from contentgit.workingcopy.ledger import current, settle
from contentgit.workingcopy.pairs_file import GivenPair
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.request import Request
from contentgit.workingcopy.standing import refuse_pending
from contentgit.workingcopy.targets import dumps_of, target_of


@dataclass(frozen=True)
class AdoptRequest:
    """Which records are to be paired, and how.

    ``revision`` has them, in the dumps ``names`` (none: all). ``by`` are fields by model that are compared
    alone, ``pairs`` what a person has decided. With ``leave_unpaired``, records of the applied commit that
    pair with nothing count as deleted here.
    """

    revision: str
    names: tuple[str, ...] = ()
    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pairs: tuple[GivenPair, ...] = ()
    leave_unpaired: bool = False


class Match(NamedTuple):
    """A record and the primary key of the row that it is."""

    record: RecordKey
    pk: str


class OnlyRow(NamedTuple):
    """A row that no record is known to be."""

    model: str
    pk: str
    title: str = ""


class OnlyRecord(NamedTuple):
    """A record that no row is known to be."""

    record: RecordKey
    title: str = ""


class DoubtfulRows(NamedTuple):
    """Rows and records that may be the same, and why that is not known."""

    reason: str
    rows: tuple[OnlyRow, ...]
    records: tuple[OnlyRecord, ...]


class ModelCounts(NamedTuple):
    """How many rows of a model are what.

    ``named`` are those whose name the applied commit or this one has: they keep it. ``doubtful`` are rows,
    ``doubtful_there`` records.
    """

    model: str
    matched: int
    named: int
    doubtful: int
    doubtful_there: int
    new_here: int
    new_there: int


@dataclass(frozen=True)
class Adoption:
    """Which rows are which records of a ``commit``.

    ``unpaired`` are records of the applied commit whose names are lost and that pair with nothing.
    """

    commit: str
    revision: str
    counts: tuple[ModelCounts, ...]
    matched: tuple[Match, ...]
    doubtful: tuple[DoubtfulRows, ...]
    new_here: tuple[OnlyRow, ...]
    new_there: tuple[OnlyRecord, ...]
    unpaired: tuple[OnlyRecord, ...]

    @cached_property
    def digest(self) -> str:
        """Of what would be written."""
        lines = sorted(map(repr, (*self.matched, *(each.record for each in self.unpaired))))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def adoption(project: Project, request: AdoptRequest) -> Adoption:
    """What :func:`adopt` would write; nothing is written.

    Raises:
        UnknownNameError: the revision or a dump does not exist.
        UsageError: the request names rows, records or fields that are not there.
        RefusedError: names of other records than those of this commit are lost.
    """
    with _trusting(project), project.backend.snapshot():
        return _Decision(project, request).adoption


def adopt(project: Project, request: AdoptRequest, *, digest: str | None = None) -> Adoption:
    """Gives the rows that pair with records the names of these, in one transaction.

    With ``digest`` the pairs must be those that were shown.

    Raises:
        RefusedError: as :func:`adoption`; or records of the applied commit pair with nothing; or the pairs
            are not those that were shown.
        BusyError: an apply holds the database, or another call has named rows meanwhile.
    """
    settle(project)
    with _trusting(project), project.exclusive():
        decision = _Decision(project, request)
        found = decision.adoption
        if digest is not None and digest != found.digest:
            raise RefusedError(
                "commit or database have changed since the pairs were shown; nothing has been written",
                hint=f"contentgit identity adopt {request.revision}  (shows the pairs as they are now)",
            )
        if found.unpaired and not request.leave_unpaired:
            raise _unpaired(project, found)
        for base, names, gone, forgotten in decision.entries():
            rename_rows(project.using, base, names, gone=gone, forgotten=forgotten)
        return found


@contextmanager
def _trusting(project: Project) -> Iterator[None]:
    """Rows and names are read anew, and lost names are no error."""
    before, project.earlier_names = project.earlier_names, EarlierNames(trusting=True)
    project.forget_rows()
    try:
        yield
    finally:
        project.earlier_names = before
        project.forget_rows()  # nor are names saved that nobody has decided on


def _unpaired(project: Project, found: Adoption) -> RefusedError:
    return RefusedError(
        f"database {project.using!r} has no row for {plural(len(found.unpaired), 'record')} of the applied "
        f"commit {found.commit[:10]}; nothing has been written",
        items=[f"{each.record}  {each.title}".rstrip() for each in found.unpaired],
        hint="contentgit identity adopt REV --apply --pairs FILE  (says which rows they are)\n"
        "contentgit identity adopt REV --apply --leave-unpaired  (they count as deleted here)".replace(
            "REV", found.revision
        ),
        data={"records": [str(each.record) for each in found.unpaired]},
    )


class _Decision:
    """Which rows are which records, as far as content and a person say."""

    def __init__(self, project: Project, request: AdoptRequest) -> None:
        self.project, self.request = project, request
        rows = current(project)
        self.target = target_of(project, Request("checkout", request.revision))
        dumps, _, _ = dumps_of(project, self.target, request.names, rows)
        refuse_pending(project, dumps)
        self.read = AdoptionReading(project, self.target.commit, dumps, request.by)
        self._refuse_lost_elsewhere()

    def _refuse_lost_elsewhere(self) -> None:
        read = self.read
        elsewhere = sorted(read.lost - read.there.keys())
        if elsewhere:
            commits = read.commits_of(elsewhere)
            raise RefusedError(
                f"names of {plural(len(elsewhere), 'record')} are lost that {self.request.revision} does not "
                "have",
                items=elsewhere[:10],
                hint="\n".join(
                    f"contentgit identity adopt {each[:10]}  (the commit that the database is at)"
                    for each in commits
                ),
            )

    @cached_property
    def given(self) -> Mapping[str, str]:
        """Records by rows as a person has paired them.

        Raises:
            UsageError: a pair names what is not there, or what has another name already.
        """
        found, problems = {}, []
        for pair in self.request.pairs:
            row, record, problem = self._given(pair)
            if problem:
                problems.append(f"{pair.where}: {problem}")
            elif row != record:
                found[row] = record
        if problems:
            raise UsageError(
                f"{plural(len(problems), 'pair')} cannot be; nothing has been written",
                items=problems,
            )
        return found

    def _given(self, pair: GivenPair) -> tuple[str, str, str]:
        read, label = self.read, pair.record.model
        if label not in read.rules.models:
            return "", "", f"{label} is not in these dumps, or not named by UUIDs"
        base = read.rules.bases[label]
        record, row = read.rules.name(pair.record), read.named(base, pair.pk)
        if record not in read.there:
            return "", "", f"{self.request.revision} has no record {pair.record}"
        if not row:
            return "", "", f"there is no row {pair.pk} of {label} in the dumps"
        if row == record:
            return row, record, ""
        if read.is_joined(record):
            return "", "", f"{pair.record} is the name of row {read.pk(record)}"
        if read.is_joined(row) or row in self.settled:
            return "", "", f"row {pair.pk} of {label} keeps its name: a commit has it"
        if {*read.here[row]} != {*read.there[record]}:
            return (
                "",
                "",
                f"row {pair.pk} is one of {' and '.join(read.here[row])}, the record is not",
            )
        return row, record, ""

    @cached_property
    def settled(self) -> frozenset[str]:
        """Rows whose names the applied commit has, and this commit has not."""
        read = self.read
        return frozenset(
            each for each in read.here if each in read.applied and each not in read.there
        )

    @cached_property
    def pairing(self) -> Pairing:
        """The pairs and the doubts."""
        read, given = self.read, dict(self.given)
        taken = {*given, *given.values()}
        rows = [each for each in read.here if not read.is_joined(each) and each not in taken]
        records = [each for each in read.there if not read.is_joined(each) and each not in taken]
        found = self._paired(rows, records, given)
        # Where names are lost, those that are left say what content does not.
        used = {*found.pairs.values()}
        stay = [each for each in rows if each in read.there and each not in (*taken, *used)]
        stay = [each for each in stay if each not in found.pairs]
        if stay:
            known = {**given, **found.pairs, **{each: each for each in stay}}
            done = {*known, *known.values()}
            left = ([e for e in rows if e not in known], [e for e in records if e not in done])
            more = self._paired(*left, known)
            return Pairing({**known, **more.pairs}, more.doubts)
        return Pairing({**given, **found.pairs}, found.doubts)

    def _paired(
        self, rows: Sequence[str], records: Sequence[str], known: Mapping[str, str]
    ) -> Pairing:
        return paired(
            self.read.rows.paired(rows),
            self.read.records.paired(records),
            known=known,
            settled=self.settled,
        )

    # What comes of it

    @cached_property
    def unpaired(self) -> Sequence[str]:
        """Records whose names are lost and that pair with nothing."""
        return sorted(self.read.lost - {*self.pairing.pairs.values()})

    def entries(self) -> Iterator[tuple[str, dict[str, str], list[str], list[str]]]:
        """What to write for each model: UUIDs by row, those of rows that are gone, rows without a name."""
        read, pairs = self.read, self.pairing.pairs
        for base in read.bases:
            own = {row: record for row, record in pairs.items() if row.startswith(f"{base}:")}
            names = {read.pk(row): record.partition(":")[2] for row, record in own.items()}
            gone = [e.partition(":")[2] for e in self.unpaired if e.startswith(f"{base}:")]
            forgotten = [
                read.pk(row)
                for row in read.here
                if base in read.doubted
                and row.startswith(f"{base}:")
                and row not in own
                and row not in self.settled
            ]
            yield base, names, gone, forgotten

    @cached_property
    def adoption(self) -> Adoption:
        """The result, for people."""
        read, pairing = self.read, self.pairing
        pairs = pairing.pairs
        unpaired = {*self.unpaired}
        doubtful = {row for each in pairing.doubts for row in each.rows}
        doubtful_there = {record for each in pairing.doubts for record in each.records}
        known = {*pairs, *doubtful, *self.settled}
        new_here = [e for e in read.here if e not in known and not read.is_joined(e)]
        there = {*pairs.values(), *doubtful_there, *unpaired}
        new_there = [e for e in read.there if e not in there and not read.is_joined(e)]
        titles = read.row_titles([*doubtful, *new_here])
        titles_there = read.record_titles([*doubtful_there, *new_there, *unpaired])

        def row(name: str) -> OnlyRow:
            return OnlyRow(self._model(name), read.pk(name), titles.get(name, ""))

        def record(name: str) -> OnlyRecord:
            return OnlyRecord(self._record(name), titles_there.get(name, ""))

        doubts = [
            DoubtfulRows(
                self._reason(each),
                tuple(sorted(map(row, each.rows), key=_in_order)),
                tuple(map(record, each.records)),
            )
            for each in pairing.doubts
        ]
        matched = [Match(self._record(there), read.pk(here)) for here, there in pairs.items()]
        return Adoption(
            self.target.commit,
            self.target.revision,
            tuple(self._counts(new_here, new_there)),
            tuple(sorted(matched)),
            tuple(sorted(doubts, key=lambda each: (each.reason, _in_order(each.rows[0])))),
            tuple(sorted(map(row, new_here), key=_in_order)),
            tuple(sorted(map(record, new_there))),
            tuple(sorted(map(record, unpaired))),
        )

    def _counts(self, new_here: Sequence[str], new_there: Sequence[str]) -> Iterator[ModelCounts]:
        read, pairing = self.read, self.pairing
        kept = [each for each in read.here if read.is_joined(each) or each in self.settled]
        doubts = [each for doubt in pairing.doubts for each in doubt.rows if each not in kept]
        doubts_there = [each for doubt in pairing.doubts for each in doubt.records]
        some = ([*pairing.pairs], kept, doubts, doubts_there, new_here, new_there)
        counted = [Counter(map(self._model, each)) for each in some]
        for model in sorted({label for each in counted for label in each}):
            yield ModelCounts(model, *(each[model] for each in counted))

    def _reason(self, doubt: Doubt) -> str:
        model = self._model(doubt.rows[0])
        if doubt.refers_to:
            target = f"row {self.read.pk(doubt.refers_to)} of {self._model(doubt.refers_to)}"
            return f"{model}: refers to {target}, which pairs with no record"
        if not self.settled.isdisjoint(doubt.rows):
            return f"{model}: the applied commit has the name of the row, which it keeps"
        rule = self.read.rules.rule(self.read.here[doubt.rows[0]])
        what = f"the same {', '.join(self.request.by[rule])}" if rule else "equal content"
        rows, records = plural(len(doubt.rows), "row"), plural(len(doubt.records), "record")
        return f"{model}: {rows} and {records} with {what}"

    def _model(self, name: str) -> str:
        read = self.read
        return read.rules.model(read.here.get(name) or read.there[name])

    def _record(self, name: str) -> RecordKey:
        return RecordKey(self.read.rules.model(self.read.there[name]), name.partition(":")[2])


def _in_order(row: OnlyRow) -> tuple[str, int, int, str]:
    """By model and primary key as people count: 2 before 10."""
    return RecordKey(row.model, row.pk).sort_key
