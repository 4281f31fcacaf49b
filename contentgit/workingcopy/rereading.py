"""What receivers and triggers wrote into the dumps while an apply ran: found, made right, or refused.

Only tables that they may have written are read a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from contentgit.content.diff import Change, Delta
from contentgit.content.layout import of_models, record_key
from contentgit.content.records import Record, RecordKey
from contentgit.db.applier.watch import ANY, Watch, Write, plain_name
from contentgit.db.backends import Trigger
from contentgit.db.facts.referrers import Source
from contentgit.db.tables import Table
from contentgit.errors import RefusedError
from contentgit.history.snapshots import batches
from contentgit.plan import Candidate, Licences, Size, survey
from contentgit.plan.steps import Action, Plan, Step
from contentgit.render.plain import plural
from contentgit.specs import Dataset
from contentgit.workingcopy.as_placed import placed, positions_here
from contentgit.workingcopy.database_side import DatabaseSide, Missing
from contentgit.workingcopy.looking import NotReadError
from contentgit.workingcopy.outside import OUTSIDE
from contentgit.workingcopy.planned import DumpPlan, Planned
from contentgit.workingcopy.planning import decided
from contentgit.workingcopy.project import Project, all_tables
from contentgit.workingcopy.written import refuse_other_places

ON_DELETE = "on_delete"
"""Why a function of the project is called that says what references are set to."""

SHOWN = 10
"""Records, and functions of the project, that a refusal names."""


@dataclass(frozen=True)
class Rereading:
    """The dumps of an apply under way, and who else writes to them.

    ``own`` are the tables that the plan wrote, ``steps`` those of its steps that were run, or will be.
    """

    project: Project
    planned: Planned
    watch: Watch
    own: AbstractSet[str] = frozenset()
    steps: Sequence[Step] = ()

    # Who wrote, and where

    @cached_property
    def triggers(self) -> list[Trigger]:
        """The triggers on what the plan, receivers and other triggers wrote."""
        backend = self.project.backend
        asks = bool(self.own or self.watch.writes) and not backend.connection.needs_rollback
        waiting = backend.triggers() if asks else []
        names = {*self._tables, *(plain_name(trigger.table) for trigger in waiting)}
        written = {*map(plain_name, self.own), *self.watch.tables}
        found: list[Trigger] = []
        while ran := [t for t in waiting if ANY in written or plain_name(t.table) in written]:
            found += ran
            waiting = [trigger for trigger in waiting if trigger not in ran]
            written = written.union(*(trigger.reached(names) for trigger in ran))
        return found

    @cached_property
    def _tables(self) -> set[str]:
        """The plain names of the dumps' tables."""
        bound = (table for work in self.planned.dumps for table in work.dump.tables.values())
        return {name for table in bound for name in _names(table)}

    @cached_property
    def written(self) -> set[str]:
        """The plain names of the tables that others than the plan may have written."""
        if ANY in self.watch.tables:
            return self._tables
        return self.watch.tables.union(*(ran.reached(self._tables) for ran in self.triggers))

    def labels(self, work: DumpPlan) -> list[str]:
        """The models of the dump whose rows others may have written, or moved into or out of it."""
        if not self.written:
            return []
        return [
            label
            for label, bound in work.dump.tables.items()
            if not self.written.isdisjoint(_names(bound))
            or any(name in work.dump.reader.condition(label).casefold() for name in self.written)
        ]

    # What differs

    def differences(self, work: DumpPlan, labels: Collection[str]) -> Iterator[Candidate]:
        """Where the models' rows are not what the plan's steps should have left.

        ``ours`` is what is there, and the ``base`` too, ``theirs`` what is wanted.
        """
        for label in labels:
            self.project.identities.reload(label)
        wanted, local = self._wanted(work, labels)
        gone = (Action.DELETE, Action.CASCADE)  # such a row is there again: somebody has made it
        written = {step.key for step in self.steps if step.action not in gone}
        side = DatabaseSide(work.dump, self.project.repository.algorithm)
        found = [
            delta
            for delta in side.deltas(wanted, work.dump.reader.entries(labels))
            if delta.commit or delta.key not in written
        ]
        edited = [str(d.key) for d in found if d.path in local]
        edited += [path for path in wanted if path in local]
        if edited:
            raise self.refused([f"{edited[0]} was edited here, and is in no commit"])
        for path, blob in wanted.items():
            key = record_key(path) or next(self.planned.contents.records([blob])).key
            found.append(Delta(key, path, "", blob))
        positions = positions_here(work.dump, found, self._in_commit, exact=True)
        for batch in batches(found):
            yield from self._compared(work, side, batch, positions)

    def _wanted(self, work: DumpPlan, labels: Collection[str]) -> tuple[dict[str, str], set[str]]:
        """The blob id of each record by its path, and the paths of those whose content is in no commit.

        Raises:
            NotReadError: what was here of these models before is not known.
        """
        part = work.looked
        if part and not part.is_complete and not part.labels.issuperset(labels):
            raise NotReadError
        ids = of_models(labels, work.theirs.ids())
        local: set[str] = set()
        for delta in work.deltas:
            if delta.key.model not in labels:
                continue
            ids.pop(delta.path, None)
            if delta.database:
                ids[delta.path] = delta.database
                local.add(delta.path)
        for step in self.steps:
            if step.key.model not in labels:
                continue
            fields = work.dump.tables[step.key.model].field
            path = work.dump.path(step.key)
            cleared = step.action is Action.CLEAR and step.fields[0] in fields
            if cleared or step.action in (Action.DELETE, Action.CASCADE):
                # A row that only loses a reference is in no commit, neither before nor after.
                ids.pop(path, None)
                local.discard(path)
            elif step.after and (step.dump == work.folder or path in ids):
                ids[path] = step.after
                local.discard(path)
        return ids, local

    def _compared(
        self,
        work: DumpPlan,
        side: DatabaseSide,
        batch: Sequence[Delta],
        positions: Mapping[RecordKey, int],
    ) -> Iterator[Candidate]:
        wanted = (each and placed(work.dump, each, positions) for each in self._in_commit(batch))
        here = side.records([delta.row for delta in batch])
        pairs = Missing(work.dump).trimmed(zip(here, wanted, strict=True))
        for delta, (ours, theirs) in zip(batch, pairs, strict=True):
            one_sided = (ours is None) is not (theirs is None)
            if one_sided or (ours and Change(delta.key, ours, theirs).fields):
                yield Candidate(delta._replace(database=""), work.folder, ours, ours, theirs)

    def _in_commit(self, deltas: Sequence[Delta]) -> Iterator[Record | None]:
        """What is wanted of each delta."""
        contents = self.planned.contents.records([d.commit for d in deltas if d.commit])
        return (next(contents) if delta.commit else None for delta in deltas)

    # What follows

    def rewrite(self, steps: Sequence[Step], own: AbstractSet[str]) -> Sequence[Step]:
        """The steps that make the rows of models that are written last what the commit says.

        ``steps`` are the plan's, which do where nobody else has written such rows.

        Raises:
            RefusedError: an edit of this database is gone, or the rows cannot be made so.
        """
        now = replace(self, own=own)
        dump_plans = self.planned.dumps
        last = {
            work.folder: [label for label, table in work.dump.tables.items() if table.write_last]
            for work in dump_plans
        }
        if all(set(last[work.folder]).isdisjoint(now.labels(work)) for work in dump_plans):
            return steps
        built = now._plan(last)
        if built.problems:
            raise now.refused([problem.text for problem in built.problems])
        tables = all_tables([work.dump for work in dump_plans])
        labels = chain.from_iterable(last.values())
        names = {name for label in labels for name in _names(tables[label])}
        self.watch.forget(names)
        # What is no content of these rows, an undo brings back from beside the dumps.
        made = {step.key for step in built.steps}
        beside = [step for step in steps if step.dump == OUTSIDE and step.key not in made]
        return [*built.steps, *beside]

    def _plan(self, labels: dict[str, list[str]]) -> Plan:
        """The plan that makes the rows of these models, by dump, what they should be."""
        dump_plans = self.planned.dumps
        tables = all_tables([work.dump for work in dump_plans])
        found = survey(
            chain.from_iterable(self.differences(w, labels[w.folder]) for w in dump_plans),
            models={label: bound.enforced for label, bound in tables.items()},
            datasets={
                work.folder: _licensed(work.dump.dataset, labels[work.folder])
                for work in dump_plans
            },
            first=set(),
            sizes={work.folder: Size(1, 1, 1) for work in dump_plans},
        )
        readers = {work.folder: work.dump.reader for work in dump_plans}
        source = Source(self.project.using, tables, found, readers)
        return decided(source, Licences(force=True, allow_cascade=True))

    def check(self) -> None:
        """Compares the rows that others may have written with what the plan's steps should have left.

        Raises:
            RefusedError: they differ; the message names who wrote.
        """
        lines = []
        for work in self.planned.dumps:
            labels = self.labels(work)
            for candidate in self.differences(work, labels) if labels else ():
                if candidate.ours and candidate.theirs:
                    refuse_other_places(work, candidate.ours, candidate.theirs)
                verb = "was changed" if candidate.ours and candidate.theirs else "was created"
                lines.append(f"{candidate.delta.key} {verb if candidate.ours else 'was deleted'}")
        if lines:
            raise self.refused(lines)

    # Words

    def refused(self, lines: Sequence[str]) -> RefusedError:
        """The error about records that others have written."""
        who = "a function of on_delete" if self._asked else "receivers or triggers"
        what = f"{plural(len(lines), 'record')} of the dumps"
        return RefusedError(
            f"{who} wrote to {what} during the apply, so they would differ from the commit; "
            "nothing has changed",
            items=[*_shown(lines), *self.culprits()],
            hint=self.hint(),
        )

    @property
    def _writes(self) -> list[Write]:
        return [write for write in self.watch.writes if write.table in {ANY, *self._tables}]

    @property
    def _asked(self) -> bool:
        """Whether only functions that say what references are set to wrote rows of the dumps."""
        causes = {write.cause for write in self._writes}
        return causes == {ON_DELETE} and not any(t.reached(self._tables) for t in self.triggers)

    def culprits(self) -> list[str]:
        """A line for each function and trigger that may have written rows of the dumps."""
        ran = [trigger for trigger in self.triggers if trigger.reached(self._tables)]
        return [
            *_shown(sorted(map(str, self._writes))),
            *_shown([f"trigger {trigger.name} of table {trigger.table}" for trigger in ran]),
        ]

    def hint(self) -> str:
        """The ways on."""
        if self._asked:
            names = " and ".join(sorted({write.function for write in self._writes}))
            again = "run this again" if self.planned.request.merging else "apply with --merge"
            return (
                f"call {names} in a shell of this database, so that what it makes is there; then "
                f"{again}, which keeps it\n"
                "or first set what refers to the records to be deleted to others"
            )
        models = {
            label
            for work in self.planned.dumps
            for label, bound in work.dump.tables.items()
            if not self.written.isdisjoint(_names(bound)) and not bound.write_last
        }
        causes = {write.model for write in self._writes if write.model}
        ways = []
        if models:
            ways.append(
                f'write "write_last": True into the spec of {", ".join(sorted(models))}  (overwrites '
                "what receivers and triggers write there)"
            )
        if causes:
            ways.append(
                f'write "signals": False into the spec of {", ".join(sorted(causes))}  (calls no '
                "receivers)"
            )
        return "\n".join(ways)


def _names(bound: Table) -> set[str]:
    relations = [relation.table for relation in bound.relations]
    return {plain_name(name) for name in (bound.name, *relations)}


def _licensed(dataset: Dataset, labels: Collection[str]) -> Dataset:
    """The dataset with the licence to delete rows of these models."""
    specs = (replace(s, delete_missing=True) if s.model in labels else s for s in dataset.specs)
    return replace(dataset, specs=tuple(specs))


def _shown(lines: Sequence[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"… {more:,} more"] if more > 0 else [])]
