"""``identity adopt``: rows of this database get the names of the records of a commit that they are.

For databases that grew apart, and for one whose names are lost. Only names are written, never a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

from contentgit.content.pairing import Doubt, Pairing, paired
from contentgit.content.records import RecordKey
from contentgit.db.identity.uuids import rename_rows
from contentgit.db.tracking.log import doubt
from contentgit.errors import RefusedError, UsageError
from contentgit.render.plain import plural
from contentgit.workingcopy.adoption import (
    Adoption,
    AdoptRequest,
    DoubtfulRows,
    Match,
    ModelCounts,
    OnlyRecord,
    OnlyRow,
)
from contentgit.workingcopy.adoption_reading import AdoptionReading
from contentgit.workingcopy.earlier import EarlierNames
from contentgit.workingcopy.ledger import current, settle
from contentgit.workingcopy.pairs_file import GivenPair, few
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.request import Request
from contentgit.workingcopy.standing import refuse_pending
from contentgit.workingcopy.targets import dumps_of, target_of


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
                hint=f"{request.call()}  (shows the pairs now)",
            )
        refusal = found.refusal(project.using, request)
        if refusal is not None:
            raise refusal
        for base, names, gone, forgotten in decision.entries():
            retired = decision.read.keys(base).gone
            rename_rows(project.using, base, names, gone=gone, retired=retired, forgotten=forgotten)
        doubt(project.using)
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


_Titles: TypeAlias = tuple[Mapping[str, str], Mapping[str, str]]
"""Of rows and of records, by name."""


class _Decision:
    """Which rows are which records, as far as content and a person say."""

    def __init__(self, project: Project, request: AdoptRequest) -> None:
        self.project, self.request = project, request
        rows = current(project)
        self.target = target_of(project, Request("checkout", request.revision))
        dumps, _, _ = dumps_of(project, self.target, request.names, rows)
        refuse_pending(project, dumps)
        self.read = AdoptionReading(project, self.target.commit, dumps, request.by, request.pairs)
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
                    f"{self.request.call(revision=each[:10])}  (the commit that the database is at)"
                    for each in commits
                ),
            )

    @cached_property
    def given(self) -> Mapping[str, str]:
        """Records by rows as a person has paired them.

        Raises:
            UsageError: a pair names what is not there, has another name already, or is in another pair.
        """
        found, problems = {}, []
        places: dict[tuple[str, str], str] = {}
        for pair in self.request.pairs:
            row, record, problem = self._given(pair)
            if problem:
                problems.append(f"{pair.where}: {problem}")
                continue
            shown = f"row {pair.pk} of {pair.record.model}"
            for what, text in ((("row", row), shown), (("record", record), pair.record)):
                before = places.setdefault(what, pair.where)
                if before != pair.where:
                    problems.append(f"{pair.where}: {text} is in {before}, too")
            if row != record or not self.read.is_joined(row):
                found[row] = record
        if problems:
            raise UsageError(
                f"{plural(len(problems), 'pair')} cannot be; nothing has been written",
                items=few(problems),
                hint=f"{replace(self.request, pairs_file='').call('--all')}  (lists rows and records)",
            )
        return found

    def _given(self, pair: GivenPair) -> tuple[str, str, str]:
        read, label = self.read, pair.record.model
        if label not in read.rules.models:
            return "", "", f"{label} is not in these dumps, or not named by UUIDs"
        base = read.rules.bases[label]
        record, row = read.rules.name(pair.record), read.named(base, pair.pk)
        if label not in read.there.get(record, ()):
            return "", "", f"{self.request.revision} has no record {pair.record}"
        if label not in read.here.get(row, ()):
            return "", "", f"there is no row {pair.pk} of {label} in the dumps"
        if row == record:
            return row, record, ""
        if read.is_joined(record):
            return "", "", f"{pair.record} is the name of row {read.pk(record)}, as a commit has it"
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
        taken = {*given.values()}
        rows = [each for each in read.here if not read.is_joined(each) and each not in given]
        records = [each for each in read.there if not read.is_joined(each) and each not in taken]
        found = self._paired(rows, records, given)
        # Where names are lost, those that are left say which of equal rows it is, and no more.
        stay = {row: row for each in found.doubts for row in each.rows if row in each.records}
        known = {**given, **found.pairs, **stay}
        if stay:
            done = {*known.values()}
            left = ([e for e in rows if e not in known], [e for e in records if e not in done])
            found = self._paired(*left, known)
        pairs = {**known, **found.pairs}
        return Pairing(pairs, (*found.doubts, *self._other_content(pairs, found.doubts)))

    def _other_content(self, pairs: Mapping[str, str], doubts: Sequence[Doubt]) -> Iterator[Doubt]:
        """Rows that have the names of records where names are lost, and not their content."""
        said = {each for doubt in doubts for each in (*doubt.rows, *doubt.records)}
        said |= {*pairs, *pairs.values()}
        for name in sorted(self.read.here.keys() & self.read.there.keys()):
            if name not in said and not self.read.is_joined(name):
                yield Doubt((name,), (name,))

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
        """Records of the applied commit that pair with nothing, of models some of whose names are lost."""
        return sorted(self.read.uncertain - {*self.pairing.pairs.values()})

    def entries(self) -> Iterator[tuple[str, dict[str, str], list[str], list[str]]]:
        """What to write for each model: UUIDs by row, those of records without one, rows without a name."""
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
        pairs, doubts = pairing.pairs, pairing.doubts
        here = {*pairs, *self.settled, *(row for each in doubts for row in each.rows)}
        there = {*pairs.values(), *self.unpaired, *(e for each in doubts for e in each.records)}
        new_here = [e for e in read.here if e not in here and not read.is_joined(e)]
        new_there = [e for e in read.there if e not in there and not read.is_joined(e)]
        reasons = sorted((self._reason(each), self._sorted(each.rows), each) for each in doubts)
        titles = self._titles(
            [new_here, *(each.rows for _, _, each in reasons)],
            [new_there, self.unpaired, *(each.records for _, _, each in reasons)],
        )
        return Adoption(
            self.target.commit,
            self.target.revision,
            tuple(self._counts(new_here, new_there)),
            tuple(sorted(Match(self._record(e), read.pk(row)) for row, e in pairs.items())),
            tuple(
                DoubtfulRows(
                    reason,
                    self._rows(each.rows, titles),
                    self._records(each.records, titles),
                    not self.settled.isdisjoint(each.rows),
                )
                for reason, _, each in reasons
            ),
            self._rows(new_here, titles),
            self._records(new_there, titles),
            self._records(self.unpaired, titles),
        )

    def _titles(self, rows: Sequence[Sequence[str]], records: Sequence[Sequence[str]]) -> _Titles:
        """The titles of as many of each kind, and of so many kinds, as are shown."""
        most = self.request.titles
        few = None if most is None else most + 2
        here = [each for some in rows[:few] for each in self._sorted(some)[:most]]
        there = [each for some in records[:few] for each in sorted(some)[:most]]
        return self.read.row_titles(here), self.read.record_titles(there)

    def _sorted(self, rows: Iterable[str]) -> list[str]:
        """By model and primary key as people count: 2 before 10."""
        return sorted(
            rows, key=lambda each: RecordKey(self._model(each), self.read.pk(each)).sort_key
        )

    def _rows(self, names: Iterable[str], titles: _Titles) -> tuple[OnlyRow, ...]:
        found = self._sorted(names)
        return tuple(OnlyRow(self._model(e), self.read.pk(e), titles[0].get(e, "")) for e in found)

    def _records(self, names: Iterable[str], titles: _Titles) -> tuple[OnlyRecord, ...]:
        return tuple(OnlyRecord(self._record(e), titles[1].get(e, "")) for e in sorted(names))

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
        if doubt.rows == doubt.records:
            return f"{model}: the row has the name of the record, but other content"
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
