"""The plan that turns the database into a commit: three snapshots read, one pure decision made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from contentgit.content.evolution import KEY
from contentgit.content.layout import of_models
from contentgit.content.records import RecordKey
from contentgit.db import facts
from contentgit.db.facts.referrers import Source
from contentgit.db.ledger import MERGES, Applied
from contentgit.errors import RefusedError
from contentgit.history.snapshots import CommitSide
from contentgit.plan import Candidate, Choice, Licences, Size, build, choose, survey
from contentgit.plan.steps import Plan
from contentgit.render.problems import conflicting, named_rows
from contentgit.workingcopy.as_committed import AsCommitted
from contentgit.workingcopy.as_placed import as_placed, base_as_placed
from contentgit.workingcopy.broken_links import broken_links, with_links
from contentgit.workingcopy.candidates import candidates, merged_candidates
from contentgit.workingcopy.carrying import file_plan
from contentgit.workingcopy.copies import has_lost_map, refuse_lost_map, rows_of_copies
from contentgit.workingcopy.copy_problems import learn_references, shown
from contentgit.workingcopy.database_side import DatabaseSide
from contentgit.workingcopy.effects import called_outside
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.kept_files import absent_files
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.looking import looked, rows_of
from contentgit.workingcopy.missing import applied_commit, found_commit
from contentgit.workingcopy.missing_rows import without_missing
from contentgit.workingcopy.moving import (
    Moves,
    Start,
    moved_back,
    recorded_moves,
    with_collisions,
)
from contentgit.workingcopy.outside import with_outside
from contentgit.workingcopy.owned import with_held
from contentgit.workingcopy.planned import Contents, DumpPlan, Goal, Planned, Target, held_twice
from contentgit.workingcopy.project import Dump, Project, all_tables
from contentgit.workingcopy.renaming import as_named_here, refuse_renamed
from contentgit.workingcopy.renumbered import refuse_renumbered
from contentgit.workingcopy.request import Request
from contentgit.workingcopy.shifted_rows import shifted_rows
from contentgit.workingcopy.standing import refuse_pending
from contentgit.workingcopy.targets import dumps_of, target_of
from contentgit.workingcopy.tracking import written_down
from contentgit.workingcopy.unapplied import Unapplied
from contentgit.workingcopy.undo import Undone, origin_of, to_undo
from contentgit.workingcopy.unreadable import refuse_unreadable

Copied: TypeAlias = Callable[[Choice], Mapping[RecordKey, str]]


def plan(
    project: Project, request: Request, *, whole: bool = False, writing: bool = False
) -> Planned:
    """What an apply would do now, and what of it is refused. Nothing is written.

    Call it inside ``project.snapshot()``, as its records are read on demand. With ``whole`` all rows of the
    dumps are read, also where a merge could do without. ``writing`` tells that the apply follows.

    Raises:
        UnknownNameError: the revision, or a dump in it, does not exist.
        UsageError: there is no branch to update from, or nothing to undo.
        FormatError: the commit holds something that is no record.
    """
    rows = current(project)
    if request.verb == "undo":
        undone = to_undo(project, request.names, rows)
        target = Target(f"commit {undone[0].line.commit[:10]}", undone[0].line.commit, "")
        dumps = [one.dump for one in undone]
        refuse_pending(project, dumps)
        moves = moved_back(project, undone)
        planning = _Planning(project, request, target, _shared(dumps), moves, True, writing)
        dump_plans = planning.without_missing([planning.undo_plan(one) for one in undone])
        dump_plans, outside = with_outside(project, undone, dump_plans)
        return planning.decide(dump_plans, outside=outside)
    target = target_of(project, request)
    dumps, skipped, copied = dumps_of(project, target, request.names, rows)
    refuse_pending(project, dumps)
    moves = Moves(project)
    planning = _Planning(project, request, target, _shared(dumps), moves, whole, writing)
    starts = [planning.start(dump, rows.get(dump.folder)) for dump in dumps]
    dump_plans, planning = planning.moved(starts)
    planned = planning.decide(planning.without_missing(dump_plans), skipped)
    return replace(planned, apart=tuple(copied))


def _shared(dumps: Sequence[Dump]) -> frozenset[str]:
    """The labels of models that several of the dumps hold."""
    labels = Counter(label for dump in dumps for label in dump.tables)
    return frozenset(label for label, count in labels.items() if count > 1)


def decided(source: Source, licences: Licences, copied: Copied = lambda _choice: {}) -> Plan:
    """The plan of a survey: asks the database which rows there are, and then what the choice brings about.

    ``copied`` says whose copies have rows that are about to be taken over.
    """
    presence = facts.present(source)
    choice = choose(source.survey, presence)
    found = facts.consequences(source, presence, choice)
    found = replace(found, copied=copied(choice))
    return build(source.survey, choice, found, licences)


class _Planning(NamedTuple):
    """A call under way; ``shared`` are the labels of models that several of its dumps hold.

    With ``whole`` all rows of the dumps are read, and what was read for an apply that is ``writing`` is kept.
    """

    project: Project
    request: Request
    target: Target
    shared: frozenset[str]
    moves: Moves
    whole: bool = True
    writing: bool = False

    # The snapshots of a dump

    def moved(self, starts: Sequence[Start]) -> tuple[list[DumpPlan], _Planning]:
        """The snapshots of the dumps with each row as the record that it is, and what moves for that."""
        moves = recorded_moves(self.project, starts)
        dump_plans, planning = self._with(moves)
        if self.request.renumber:
            more = with_collisions(moves, dump_plans)
            if more.keys != moves.keys:
                return planning._with(more)
        return dump_plans, planning

    def _with(self, moves: Moves) -> tuple[list[DumpPlan], _Planning]:
        planning = self._replace(moves=moves)
        self.project.identities.call(moves.keys)
        return [planning.dump_plan(moves.called(start)) for start in moves.starts], planning

    def start(self, dump: Dump, row: Applied | None) -> Start:
        """Where a dump stands that is to become what the target commit has."""
        project, target, request = self.project, self.target, self.request
        repository, update = project.repository, request.verb == "update"
        tree = repository.trees.folder_id(target.commit, dump.folder) or ""
        goal = Goal(target.commit, tree, target.branch)
        named = target.revision if request.verb == "checkout" else ""
        if row and request.adopt:
            there = found_commit(project, row, named) and not has_lost_map(project, dump, row)
            row = row if there else None  # as at a first apply
        at = applied_commit(project, row, named) if row else ""
        start = self._common(at) if row and update else at
        if row and update and start == target.commit:
            goal = Goal(at, row.tree, row.branch)  # it has all of the branch, and perhaps more
        return Start(dump, row, at, start, goal)

    def dump_plan(self, standing: Start) -> DumpPlan:
        """The snapshots of such a dump."""
        project, (dump, row, at, start, goal) = self.project, standing
        refuse_renumbered(project, dump, self.request, at, goal.commit)
        evolution = Evolution.since(project, dump, goal.commit)
        theirs = evolution.side
        evolution.expect_copies()
        ours = self._ours(dump)
        if row and row.tree == goal.tree:
            unapplied = Unapplied.since(project, evolution, row)
            base = self.moves.base(unapplied.side, dump)
            refuse_lost_map(project, dump, base, row)
            sides = DumpPlan(dump, row, goal, goal.tree, base, ours, theirs, base_commit=at)
            sides = self._as_committed(sides, unapplied)
            return self._compared(self._looked(sides, evolution), evolution)
        since = Evolution.since(project, dump, start)
        unapplied = Unapplied.since(project, since, row)
        base = self.moves.base(unapplied.side, dump)
        if row and start == at:
            refuse_lost_map(project, dump, base, row)
        sides = DumpPlan(dump, row, goal, goal.tree, base, ours, theirs, base_commit=start)
        if start == at:  # this database held it
            sides = replace(sides, rename=as_named_here(project, since))
        sides = self._as_committed(sides, unapplied)
        recording = since.recording(goal.commit)
        if recording:
            return self._as_migrated(self._compared(sides, evolution), recording)
        return self._compared(self._looked(sides, evolution), evolution)

    def _as_committed(self, sides: DumpPlan, unapplied: Unapplied) -> DumpPlan:
        """The dump's plan with what its commits have in place of what is written for missing rows.

        It is not needed where no edit counts.
        """
        if not self.request.merging and (not sides.applied or self.request.licences.force):
            return sides
        base = self.moves.base(unapplied.evolution.side, sides.dump)
        before, rename = unapplied.replaced.by_record, sides.rename
        return replace(sides, committed=AsCommitted(base, sides.theirs, before, rename=rename))

    def undo_plan(self, undone: Undone) -> DumpPlan:
        """The snapshots of a dump that is to become what it was before an apply."""
        repository, dump = self.project.repository, undone.dump
        tree = repository.trees.folder_id(undone.before, dump.folder) if undone.before else None
        at = applied_commit(self.project, undone.line)
        left = Evolution.since(self.project, dump, at)
        evolution = Evolution.since(self.project, dump, undone.before)
        ours, goal = self._ours(dump), undone.goal
        theirs = Unapplied.by(self.project, evolution, goal.withheld).side
        if not undone.line.backup:  # which calls the rows as they are called now
            theirs = self.moves.before(theirs, dump)
        left.expect_copies()
        evolution.expect_copies()
        base = Unapplied.since(self.project, left, undone.line).side
        if self.project.copy:
            refuse_lost_map(self.project, dump, base, undone.line)
        sides = DumpPlan(dump, undone.now, goal, tree or "", base, ours, theirs, base_commit=at)
        sides = replace(sides, rename=as_named_here(self.project, left))
        if undone.line.action in MERGES:
            origin = origin_of(repository, undone)
            if origin is not None:
                since = Evolution.since(self.project, dump, origin)
                start = Unapplied.by(self.project, since, goal.withheld).side
                sides = replace(sides, origin=self.moves.before(start, dump))
        return self._compared(sides, evolution)

    def _side(self, dump: Dump, commit: str) -> CommitSide:
        """The snapshot of a dump in a commit, as this code has it."""
        return Evolution.since(self.project, dump, commit).side

    def _ours(self, dump: Dump) -> DatabaseSide:
        return DatabaseSide(dump, self.project.repository.algorithm, self.project.progress)

    def _common(self, applied: str) -> str:
        """What an update starts from: where the applied commit and the branch parted, as for any merge.

        What was committed from here to another branch would else count as taken back by this one.

        Raises:
            RefusedError: they have no commit in common.
        """
        revision = self.target.revision
        bases = self.project.repository.history.merge_bases(applied, self.target.commit)
        if not bases:
            raise RefusedError(
                f"database {self.project.using!r} is at commit {applied[:10]}, which has no history in "
                f"common with {revision}",
                hint=f"contentgit checkout {revision} --apply --merge  (takes commit {applied[:10]} as "
                "the base)",
            )
        return bases[0]

    def _looked(self, sides: DumpPlan, evolution: Evolution) -> DumpPlan:
        """The snapshots with the part of them that this call has to read."""
        sides = replace(sides, tracked=written_down(self.project, sides.dump, sides.applied))
        merging = self.request.merging
        # What nobody knows is learned for the next call, where all rows are compared.
        unknown = sides.tracked is not None and not sides.tracked.is_complete
        if self.whole or self.moves.keys or unknown or not (merging or sides.tracked):
            return sides
        part = looked(self.project, sides, evolution, self.shared, merging=merging)
        return replace(sides, looked=part)

    def _compared(self, sides: DumpPlan, evolution: Evolution) -> DumpPlan:
        """Looks by blob ids alone where the database differs from what it is to become.

        Raises:
            RefusedError: it does, and the commit cannot be read as this code has it; or the commit names
                rows outside of the dump otherwise than this code.
        """
        refuse_renamed(self.project, evolution, undoing=self.request.verb == "undo")
        ids = sides.ids_of(sides.theirs)
        base_ids = dict(ids) if sides.base == sides.theirs else sides.ids_of(sides.base)
        trees = {label for label, table in sides.dump.tables.items() if table.tree is not None}
        there = of_models(trees, ids)
        deltas = sides.ours.compare(sides.theirs, ids, rows_of(sides, ids, base_ids))
        here = {**there, **{each.path: each.database for each in deltas}}
        base, base_ids = base_as_placed(sides.dump, sides.base, base_ids, of_models(trees, here))
        theirs, deltas = as_placed(sides.dump, sides.theirs, deltas, exact=True)
        if deltas or any(each.field == KEY for each in evolution.seen.lost):
            held = sides.applied is not None and sides.applied.tree == sides.tree
            # Of what the database held, its own migrations have converted the rows that are still there.
            come = not self.request.merging and any(not each.database for each in deltas)
            refuse_unreadable(evolution, self.request, retyped=come or not held)
        found = replace(
            sides,
            base=base,
            theirs=theirs,
            deltas=deltas,
            # What an undo brings back was here, also in fields that the commit does not have.
            added={} if self.request.verb == "undo" else evolution.added,
            schema_change=evolution.schema_change,
            not_here=evolution.not_here,
            base_ids=base_ids,
            origin_ids=sides.origin.ids() if sides.origin else {},
        )
        return self._indexed(found)

    def _indexed(self, sides: DumpPlan) -> DumpPlan:
        """The dump's plan with what its ids in base and theirs say beside the deltas."""
        tables, ids, base_ids = sides.dump.tables, sides.ids_of(sides.theirs), sides.base_ids
        ordered = [label for label, table in tables.items() if table.schema.orders]
        changed = {path: blob for path, blob in ids.items() if base_ids.get(path) != blob}
        changed |= dict.fromkeys(base_ids.keys() - ids.keys(), "")
        differing = {delta.path for delta in sides.deltas}
        return replace(
            sides,
            size=Size(len(base_ids), self._rows(sides), len(ids) or int(not sides.theirs.is_empty)),
            agreed={path: blob for path, blob in changed.items() if path not in differing},
            shared_ids=of_models(self.shared & tables.keys(), ids),
            ordered_ids=of_models(ordered if self.request.merging else (), ids),
        )

    def _rows(self, sides: DumpPlan) -> int:
        """How many rows the dump has here, where that matters; else how many were read."""
        if sides.looked is None or self.request.licences.max_deletes_percent is None:
            return sides.ours.size
        return sum(sides.dump.reader.counts().values())

    def without_missing(self, dump_plans: Sequence[DumpPlan]) -> list[DumpPlan]:
        """The plans with what is written in place of references to missing rows."""
        found = without_missing(self.project, dump_plans, self.request.take)
        pairs = zip(found, dump_plans, strict=True)
        return [work if work is was else self._indexed(work) for work, was in pairs]

    def _as_migrated(self, sides: DumpPlan, recording: str) -> DumpPlan:
        """The dump's plan where a row is no edit that is as the commit ``recording`` has it.

        A migration ran here and where that commit was made.
        """
        there = self._side(sides.dump, recording).ids()
        alike = {
            delta.path: delta.database
            for delta in sides.deltas
            if delta.database and there.get(delta.path) == delta.database
        }
        return replace(sides, base_ids={**sides.base_ids, **alike})

    # What is done

    def decide(
        self,
        dump_plans: Sequence[DumpPlan],
        skipped: Sequence[str] = (),
        outside: DumpPlan | None = None,
    ) -> Planned:
        """The plan of all dumps, and of the rows outside of them that an undo brings back."""
        project, request = self.project, self.request
        every = [*dump_plans, outside] if outside else dump_plans
        tables = all_tables([work.dump for work in every])
        contents = Contents(project.repository, keeping=self.writing)
        found = survey(
            contents.keep(self._candidates(every, contents)),
            models={label: bound.enforced for label, bound in tables.items()},
            datasets={work.folder: work.dump.dataset for work in every},
            first={work.folder for work in dump_plans if work.applied is None},
            sizes={work.folder: work.size for work in dump_plans},
            merging=request.merging,
            shared=self.shared,
        )
        found = with_links(dump_plans, with_held(project, dump_plans, found))
        if project.copy:
            found = replace(found, called=project.shown_key)
        readers = {work.folder: work.dump.reader for work in dump_plans}
        source = Source(project.using, tables, found, readers)
        built = decided(source, request.licences, partial(self._copied, dump_plans))
        built = self.moves.permitted(built, dump_plans, undoing=request.verb == "undo")
        moves = self.moves.after(built)
        built = moves.into(built, permitted=request.renumber or request.licences.force)
        if self.shared:
            twice = held_twice(contents, dump_plans, found.results, built)
            built = replace(built, problems=(*built.problems, *twice))
        files = file_plan(project, dump_plans, built, contents)
        built = replace(built, problems=(*built.problems, *files.problems()))
        named = list(dict.fromkeys(key for one in built.problems for key in named_rows(one)))
        called = called_outside(project, tables, named) if named else {}
        if project.copy:
            learn_references(project, self.target.commit, built.problems)
            built = replace(built, problems=tuple(shown(project, one) for one in built.problems))
            called = {project.shown_key(key): title for key, title in called.items()}
        planned = Planned(
            request,
            self.target,
            tuple(dump_plans),
            built,
            contents,
            tuple(skipped),
            outside,
            called,
            copy=project.copy.kind if project.copy else "",
            shown=project.shown,
            made_room=moves.made_room,
            files=files,
            links=() if self.writing else broken_links(project, dump_plans, built),
            shifted=() if self.writing else shifted_rows(project, every, built, contents),
        )
        return planned if self.writing else replace(planned, absent=absent_files(planned))

    def _copied(self, dump_plans: Sequence[DumpPlan], choice: Choice) -> dict[RecordKey, str]:
        """The rows of copies that records would take over which were never applied here."""
        held = {
            key
            for key in choice.updated - choice.outside
            if any(work.dump.path(key) in work.base_ids for work in dump_plans)
        }
        return rows_of_copies(self.project, choice.updated - held)

    def _candidates(
        self, dump_plans: Sequence[DumpPlan], contents: Contents
    ) -> Iterator[Candidate]:
        there = f"{'the undo of ' * (self.request.verb == 'undo')}{self.target.revision}"
        deleted = cache(lambda side, key: any(e.has_deleted(side, key) for e in dump_plans))
        for work in dump_plans:
            if self.request.merging:
                problem = partial(conflicting, folder=work.folder, there=there)
                yield from merged_candidates(work, contents, self.request.take, problem, deleted)
            else:
                yield from candidates(work, contents)
