"""Rows that get other primary keys in an apply, so that each stays the record that it is.

A merge may have given a record of this database another key (``resolve --renumber``): then the row moves
there, with what refers to it and with its fields that are no content, instead of taking over the content of
another record. A row that is in the way gets a key that nobody has: so do rows made here under the keys of
new records of the commit, if that is asked for (``--renumber``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, NamedTuple

from contentgit.branches.trees.following import composed
from contentgit.branches.trees.rekeying import may_refer, rekeyed
from contentgit.branches.trees.sides import PLAIN
from contentgit.content.layout import of_models
from contentgit.content.records import RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.db.applier.moving import Moving
from contentgit.db.introspect import schema
from contentgit.db.ledger import Applied
from contentgit.git import FileEntry
from contentgit.history.renumbered import new_keys_since
from contentgit.history.snapshots import CommitSide
from contentgit.plan.steps import Action, Plan, Problem, ProblemKind, Step
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.fresh_keys import FreshKeys
from contentgit.workingcopy.held_records import held_by, held_elsewhere
from contentgit.workingcopy.moved_since import Keys, MovedSince, moved_by
from contentgit.workingcopy.planned import DumpPlan, Goal
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.returning import returning
from contentgit.workingcopy.staying import has_staying, with_new_keys
from contentgit.workingcopy.undo import Undone

RENUMBER: Final = "--renumber"
"""What permits a row to make room for a record."""


class Start(NamedTuple):
    """Where a dump stands before an apply: ``at`` is the commit that the database holds, ``commit`` what that
    and the ``goal`` come from; both ``""`` where nothing was applied."""

    dump: Dump
    applied: Applied | None
    at: str
    commit: str
    goal: Goal


@dataclass(frozen=True)
class Moves:
    """The rows that move, by the keys of the models that give them.

    ``recorded`` are the records that have another key in the commit, by the dump's folder, and ``rows`` the
    rows that move for that; ``aside`` are the rows that make room, and those that go back where they have
    made room. ``origins`` are the commits of the former. Where an apply is undone, ``back`` are the keys that
    it gave and those of before: the rows move behind all other steps. ``gone`` are the keys of rows that
    were deleted here, to which something still refers.
    """

    project: Project
    starts: Sequence[Start] = ()
    recorded: Mapping[str, Keys] = field(default_factory=dict)
    rows: Keys = field(default_factory=dict)
    aside: Keys = field(default_factory=dict)
    origins: Mapping[RecordKey, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    back: Keys = field(default_factory=dict)
    gone: AbstractSet[RecordKey] = frozenset()

    @property
    def dumps(self) -> Sequence[Dump]:
        """The dumps of the apply."""
        return [start.dump for start in self.starts]

    @property
    def made_room(self) -> Mapping[str, tuple[str, str]]:
        """The keys that rows had, with the commit that they had them in, by their new ones."""
        return {str(self.aside[key]): (str(key), commit) for key, commit in self.origins.items()}

    @cached_property
    def keys(self) -> Keys:
        """All of them."""
        return {**self.aside, **self.back, **self.rows}

    def into(self, plan: Plan, *, permitted: bool) -> Plan:
        """The plan with a step for each row, in a dump that has its model."""
        left = (each for each in self.problems if not (permitted and each.permit))
        plan = replace(plan, problems=(*plan.problems, *left))
        if self.back:
            return replace(plan, steps=(*plan.steps, *self._steps(self.keys)))
        return replace(plan, steps=(*self._steps(self.keys), *plan.steps))

    def _steps(self, keys: Keys) -> Iterator[Step]:
        for old, new in sorted(keys.items()):
            via = old if old in self.gone else None
            yield Step(Action.MOVE, old, self._folder(old.model), value=str(new), via=via)

    def after(self, plan: Plan) -> Moves:
        """For an undo: the moves of the rows that are there once the plan's steps are run."""
        if not self.back:
            return self
        gone = {s.key for s in plan.steps if s.action in (Action.DELETE, Action.CASCADE)}
        made = {s.key for s in plan.steps if s.action is Action.CREATE}
        return _Finding(self.project, self.starts).back(self.back, gone, made)

    def _folder(self, label: str) -> str:
        return _start_of(self.project, self.starts, label).dump.folder

    def before(self, side: CommitSide, dump: Dump) -> CommitSide:
        """What the database held before an apply that is undone, as its rows are called now."""
        keys = {new: old for old, new in self.back.items()}
        return _with_keys(side, dump, self.family(keys)) if keys else side

    def base(self, side: CommitSide, dump: Dump) -> CommitSide:
        """What the database held, as its rows are called now that they move."""
        keys = {**self.aside, **self.recorded.get(dump.folder, {})}
        return _with_keys(side, dump, self.family(keys)) if keys else side

    def called(self, start: Start) -> Start:
        """Where a dump stands, with the rows that applies left in it as they are called now."""
        line = start.applied
        if line is None or not has_staying(line):
            return start
        keys = composed(MovedSince(self.project, [line]).keys(line), self.keys)
        algorithm = self.project.repository.algorithm
        line = with_new_keys(line, start.dump, self.family(keys), algorithm)
        return start._replace(applied=line)

    def permitted(self, plan: Plan, dump_plans: Sequence[DumpPlan], *, undoing: bool) -> Plan:
        """The plan with new keys as a way on for its problems only where the row can get one."""
        asked = {each.key for each in plan.problems if each.key and each.permit == RENUMBER}
        finding = _Finding(self.project, self.starts)
        can = set() if undoing else finding.can_make_room(asked, dump_plans)
        problems = (
            each._replace(permit="") if each.permit == RENUMBER and each.key not in can else each
            for each in plan.problems
        )
        return replace(plan, problems=tuple(problems)) if asked else plan

    def family(self, keys: Keys) -> Keys:
        """The keys with those of multi-table children, which share them."""
        identities = self.project.identities
        found = dict(keys)
        labels = {label for dump in self.dumps for label in dump.tables}
        for label in labels:
            base = identities.base(label)
            for old, new in keys.items() if base != label else ():
                if old.model == base:
                    found[RecordKey(label, old.key)] = RecordKey(label, new.key)
        return found


def recorded_moves(project: Project, starts: Sequence[Start]) -> Moves:
    """The rows whose records have other keys in the commits that the dumps go to, and those in their way."""
    return _Finding(project, starts).recorded()


def with_collisions(moves: Moves, dump_plans: Sequence[DumpPlan]) -> Moves:
    """The moves with those of rows that were made here under keys of new records of the commit."""
    return _Finding(moves.project, moves.starts, moves.keys).with_collisions(moves, dump_plans)


def moved_back(project: Project, undone: Sequence[Undone]) -> Moves:
    """The rows that the applies which are undone have moved, back behind all other steps."""
    since = MovedSince(project, [one.line for one in undone])
    keys: dict[RecordKey, RecordKey] = {}
    for one in undone:
        now = since.keys(one.line)
        keys |= {now.get(new, new): old for old, new in moved_by(one.line).items()}
    starts = [
        Start(one.dump, one.line, one.line.commit, one.line.commit, one.goal) for one in undone
    ]
    return Moves(project, starts, back=keys)


def _start_of(project: Project, starts: Sequence[Start], base: str) -> Start:
    """Where a dump stands that has rows which get their keys from this model."""
    return next(
        start
        for start in starts
        if any(project.identities.base(label) == base for label in start.dump.tables)
    )


@dataclass
class _Finding:
    """Looks for rows that move; ``given`` are keys that rows get already."""

    project: Project
    starts: Sequence[Start]
    given: Keys = field(default_factory=dict)
    _moved: dict[str, Keys] = field(default_factory=dict)

    def back(self, keys: Keys, gone: AbstractSet[RecordKey], made: AbstractSet[RecordKey]) -> Moves:
        """The rows with these keys that are there, and those in their way."""
        base = self.project.identities.base
        known = {base(label) for start in self.starts for label in start.dump.tables}
        wanted = {each for each in (*keys, *keys.values()) if each.model in known}
        there = (self._existing(wanted) - gone) | (made & wanted)
        left = self._left_behind({old for old in keys if old in wanted} - there - gone)
        moving = {old: new for old, new in keys.items() if old in there | left}
        moves = Moves(self.project, self.starts, back=moving, gone=left)
        in_the_way = [new for new in moving.values() if new in there and new not in moving]
        return self._with_room(moves, in_the_way, moves.keys)

    def recorded(self) -> Moves:
        found: dict[str, Keys] = {}
        rows: dict[RecordKey, RecordKey] = {}
        others: dict[RecordKey, RecordKey] = {}
        for start in self.starts:
            keys = self._recorded(start)
            others |= self._others(start, keys)
            found[start.dump.folder] = {old: new for old, new in keys.items() if old != new}
            now = self._now(start)
            rows |= {now.get(old, old): new for old, new in keys.items()}
        rows = {old: new for old, new in rows.items() if old != new}
        there = self._existing(rows)
        gone = self._left_behind(rows.keys() - there)
        moving = {old: new for old, new in rows.items() if old in there | gone}
        moves = Moves(self.project, self.starts, found, moving, self._returning(), gone=gone)
        # Where the row of a record is gone, another one under the new key is not that record either.
        becoming = {**others, **rows, **moves.keys}
        if not becoming:
            return moves
        wanted = [key for key in becoming.values() if key not in moves.keys]
        return self._with_room(moves, self._existing(wanted), becoming)

    def _with_room(self, moves: Moves, in_the_way: Collection[RecordKey], becoming: Keys) -> Moves:
        """The moves with those of rows in their way; those that no commit held are a problem."""
        held = {key for start in self.starts for key in self._held(start, in_the_way)}
        folders = [start.dump.folder for start in self.starts]
        stay = held_elsewhere(self.project, {*in_the_way} - held, folders)
        aside = {key: self._fresh.of(key.model) for key in sorted(in_the_way)}
        whose = {new: old for old, new in becoming.items()}
        problems = [
            _taken(key, whose[key], self._folder(key.model), stays=key in stay)
            for key in aside
            if key not in held
        ]
        origins = {
            key: _start_of(self.project, self.starts, key.model).at for key in aside if key in held
        }
        aside |= moves.aside
        return replace(moves, aside=aside, origins=origins, problems=problems)

    def _returning(self) -> dict[RecordKey, RecordKey]:
        """The rows that made room for others, and whose records are in the commits again."""
        found = {
            self._base_key(row): self._base_key(key)
            for start in self.starts
            if start.applied
            for row, key in returning(
                self.project, start.dump, start.applied, start.goal.commit
            ).items()
            if key.model in self.movable
        }
        rows = self._existing(found)
        return {row: key for row, key in found.items() if row in rows}

    def with_collisions(self, moves: Moves, dump_plans: Sequence[DumpPlan]) -> Moves:
        new = [
            (self._base_key(delta.key), bool(delta.database))
            for work in dump_plans
            for delta in work.deltas
            if delta.commit and delta.path not in work.base_ids
            if delta.key.model in self.movable
        ]
        here = {key for key, is_here in new if is_here}
        # A row that no dump holds, or a copy; but not one whose record only goes to another dump.
        here |= self._existing(key for key, is_here in new if not is_here)
        taken = here - {*moves.keys.values()}
        taken -= held_by(self.project, taken, dump_plans)
        aside = {**moves.aside, **{key: self._fresh.of(key.model) for key in sorted(taken)}}
        return replace(moves, aside=aside)

    def can_make_room(
        self, keys: Iterable[RecordKey], dump_plans: Sequence[DumpPlan]
    ) -> set[RecordKey]:
        """Those of the keys of new records of the commit whose rows can get other keys."""
        bases = {key: self._base_key(key) for key in keys if key.model in self.movable}
        held = held_by(self.project, {*bases.values()}, dump_plans)
        return {key for key, row in bases.items() if row not in held}

    # What is recorded

    def _recorded(self, start: Start) -> Keys:
        """The keys in the goal of those of the dump's records that have others there, or whose rows moved."""
        if not start.commit:
            return {}
        given = self._given(start.commit, start.goal.commit)
        names = {*given, *self._now(start)}
        return {old: given.get(old, old) for old in self._named(start, names)}

    def _others(self, start: Start, keys: Keys) -> Keys:
        """The keys of the dump's records under which the goal has others, which the dump does not have.

        By the keys that those would have in the dump; ``keys`` are those of :meth:`_recorded`.
        """
        if not start.commit:
            return {}
        given, now = self._given(start.commit, start.goal.commit), self._now(start)
        lost = {new: old for old, new in given.items() if old not in keys and new not in given}
        return {lost[key]: now.get(key, key) for key in self._named(start, lost)}

    def _given(self, before: str, after: str) -> Keys:
        """The keys that records of a commit have in another one, where rows can follow."""
        given = new_keys_since(self.project.repository, before, after) if before != after else {}
        return {
            self._base_key(old): self._base_key(new)
            for old, new in given.items()
            if old.model in self.movable
        }

    def _now(self, start: Start) -> Keys:
        """The keys that the rows of the dump's records have now, where these are others."""
        if start.applied is None or not start.commit:
            return {}
        folder = start.dump.folder
        if folder not in self._moved:
            here = self._given(start.commit, start.at)
            self._moved[folder] = composed(here, self._since.keys(start.applied))
        return self._moved[folder]

    @cached_property
    def _since(self) -> MovedSince:
        return MovedSince(self.project, [each.applied for each in self.starts if each.applied])

    def _held(self, start: Start, keys: Collection[RecordKey]) -> Iterator[RecordKey]:
        """Those of the keys whose rows are records of the commit."""
        now = self._now(start)
        before = {new: old for old, new in now.items()}
        names = {before.get(key, key): key for key in keys if key in before or key not in now}
        return (names[name] for name in self._named(start, names))

    def _named(self, start: Start, keys: Collection[RecordKey]) -> Iterator[RecordKey]:
        """Those of the keys under which the commit has a record."""
        dump, base = start.dump, self.project.identities.base
        ids = Evolution.since(self.project, dump, start.commit).side.ids() if keys else {}
        for key in keys:
            family = (RecordKey(each, key.key) for each in dump.tables if base(each) == key.model)
            if any(dump.path(each) in ids for each in family):
                yield key

    @cached_property
    def movable(self) -> AbstractSet[str]:
        """The models whose rows have a number for a key that nothing but references holds."""
        identities = self.project.identities
        models = [
            model for start in self.starts for model in schema(start.dump.tables).models.values()
        ]
        numbered = {
            each.label for each in models if identities.is_number(identities.base(each.label))
        }
        return {label for label in numbered if not any(self._names(each, label) for each in models)}

    def _names(self, model: ModelSchema, label: str) -> bool:
        """Whether the keys of a model's records are made of those of others."""
        targets = {each.target for each in model.fields if each.name in model.identity}
        if not self.project.identities.is_shared(model.label):
            targets |= {*model.key_targets}
        return label in targets

    # What is in the way

    def _existing(self, keys: Iterable[RecordKey]) -> set[RecordKey]:
        keys = [*keys]
        return self.starts[0].dump.reader.existing(keys) if keys else set()

    def _left_behind(self, keys: AbstractSet[RecordKey]) -> set[RecordKey]:
        """The rows that are gone to which something still refers, as generic foreign keys do."""
        tables = {label: self.project.table(label) for label in {key.model for key in keys}}
        return Moving(self.project.identities).left_behind(keys, tables) if keys else set()

    def _base_key(self, key: RecordKey) -> RecordKey:
        return RecordKey(self.project.identities.base(key.model), key.key)

    def _folder(self, label: str) -> str:
        return _start_of(self.project, self.starts, label).dump.folder

    @cached_property
    def _fresh(self) -> FreshKeys:
        commits = {each for start in self.starts for each in (start.commit, start.goal.commit)}
        dumps = [start.dump for start in self.starts]
        return FreshKeys(self.project, dumps, commits, self.given.values())


def _with_keys(side: CommitSide, dump: Dump, keys: Keys) -> CommitSide:
    """A dump's snapshot with other keys for some records, there and where others refer to them."""
    if not side.commit:
        return side
    models, labels = schema(dump.tables).models, {key.model for key in keys}
    wanted = {each for each, it in models.items() if each in labels or may_refer(it, labels)}
    ids = of_models(wanted, side.ids()).items()
    files = [(f"{side.folder}/{path}", FileEntry(PLAIN, blob)) for path, blob in ids]
    writer = side.repository.writer
    writer.allow_reading_only()
    changes = rekeyed(side.repository, files, keys, lambda _folder: models)
    root = side.repository.trees.root(side.commit)
    return side._replace(commit=writer.write_tree(None, changes, {"": root}))


def _taken(key: RecordKey, becoming: RecordKey, folder: str, *, stays: bool) -> Problem:
    what = "a record of another dump" if stays else "another row"
    text = f"{key} is {what} here, and {becoming} is to become {key}"
    return Problem(ProblemKind.TAKEN, text, key, folder, permit="" if stays else RENUMBER)
