"""What only both sides together break: a reference to a record that the other side deleted, a unique value
given twice, records that become each other's ancestors.

Each side by itself is assumed to be valid. So only records that a side changed are read, and of those only
the models in which the other side changed something that can meet them. A value of neither side, decided or
merged from both, can also meet records that nobody changed; only then are these read, once.
``check`` judges whole trees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter, itemgetter

from contentgit.branches.trees.constraints import Doubt, Doubts, Together, broken
from contentgit.branches.trees.files import whole
from contentgit.branches.trees.sides import BATCH, File, Sides, decoded, key_at, record_at
from contentgit.branches.trees.survey import (
    By,
    ChangedRecords,
    Found,
    Missing,
    Mixed,
    Owner,
    by_both,
    may_refer,
)
from contentgit.content import canonical
from contentgit.content.layout import dump_of, model_folder, model_of
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import refers_in
from contentgit.content.schema import ModelSchema
from contentgit.history.snapshots import batches
from contentgit.integrity.relations import PARENT, circles, own_references
from contentgit.integrity.rules import digest, wanted
from contentgit.merge import Contested, Place, Reason, Three, TreeConflict, files_of, value_at


@dataclass
class Meeting:
    """A merged tree, and what both sides changed in it.

    ``written`` has the blob ids of files that are neither side's, ``""`` for one that is not there;
    ``decided`` are the paths that people have decided on.
    """

    sides: Sides
    tree: str
    written: Mapping[str, str]
    decided: frozenset[str] = frozenset()
    _gone: dict[RecordKey, Owner] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)
    _aside: set[str] = field(default_factory=set)
    _fields: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def conflicts(self, undecided: Iterable[TreeConflict] = ()) -> Iterator[TreeConflict]:
        """What people must decide on, by kind and key.

        The result of ``undecided`` records is not known yet, so they are skipped.
        """
        self._pending = files_of(undecided)
        self._gone = {key: at for key, at in self._deleted() if at[0] not in self._pending}
        survey = ChangedRecords(self._gone)
        for path, by, record, schema in self._touched():
            survey.add(path, by, record, schema)
        for path, record, schema in self._bystanders(survey):
            survey.add(path, By.NOBODY, record, schema)
        found = [
            *self._missing(survey),
            *(
                Found(
                    Reason.SAME_VALUE,
                    tuple((path, name) for path in paths for name in shared.unique.named),
                    ", ".join(shared.unique.fields),
                    shared.values,
                )
                for paths, shared in sorted(survey.same.items(), key=itemgetter(0))
            ),
            *broken(self._together()),
            *self._cycles(survey),
        ]
        paths = dict.fromkeys(path for one in found for path, _ in one.at)
        changed = {*self._paths()} if found else set()
        self.sides.add_untouched(path for path in paths if path not in changed)
        records = dict(self.sides.records(paths))
        for one in found:
            places = [self._place(path, name, records[path]) for path, name in one.at]
            by_label = {place.label: place for place in places}
            yield TreeConflict(
                one.reason, (*by_label.values(),), about=one.about, shared=one.shared
            )

    def _place(self, path: str, name: str, three: Three) -> Contested:
        """A field on all sides, or the whole record where a side does not have it."""
        base, ours, theirs = three
        title = self.sides.title(path, three)
        if name in ("", PARENT) or ours is None or theirs is None:
            return whole(path, three, title)
        place = Place(ours.key, name)
        was, here, there = (value_at(each, place) for each in (base, ours, theirs))
        return Contested(path, place, was, here, there, title)

    # What was changed

    def _by(self, path: str) -> By:
        if path in self.decided:
            return By.BOTH
        theirs = path in self.sides.by_theirs
        if path in self.sides.by_ours:
            return By.BOTH if theirs else By.OURS
        return By.THEIRS if theirs else By.NOBODY

    def result(self, path: str) -> str:
        """The blob id of a changed file in the merged tree."""
        if path in self.written:
            return self.written[path]
        changed = self.sides.by_theirs.get(path) or self.sides.by_ours[path]
        return changed[1].id if changed[1] else ""

    def doubts(self) -> tuple[Doubt, ...]:
        """The constraints of which both sides changed fields, and which only a database can judge."""
        found = Doubts()
        for merged in self._together():
            found.together(merged)
        models = self._models
        labels = {
            model
            for folder in self.sides.folders
            for model, schema in self.sides.schema(folder).items()
            if not all(unique.plain for unique in schema.unique) and models.get(model) == By.BOTH
        }
        changed = (path for path in self._paths() if self.sides.is_record(path))
        for merged in self._merged(p for p in changed if model_of(p) in labels):
            found.changed(merged)
        return found.found()

    def _together(self) -> Iterator[Together]:
        """The merged records that are neither side's, of models with check constraints."""
        return self._merged(
            path
            for path in sorted(self.written)
            if self.sides.is_record(path)
            if (schema := self.sides.schema(dump_of(path)).get(model_of(path)))
            if schema.checks
        )

    def _merged(self, paths: Iterable[str]) -> Iterator[Together]:
        """The merged records at paths that are in no conflict, beside what all sides have there."""
        wanted = (path for path in paths if self.result(path) and path not in self._pending)
        for batch in batches(wanted, BATCH):
            blobs = self.sides.repository.objects.blobs([self.result(path) for path in batch])
            for (path, three), data in zip(self.sides.records(batch), blobs, strict=True):
                record = record_at(path, data)
                schema = self.sides.model(path, record)
                if schema is not None:
                    yield Together(path, three, record, schema)

    def _paths(self) -> Iterator[str]:
        """What a side changed, or somebody decided."""
        ours, theirs = self.sides.by_ours, self.sides.by_theirs
        yield from ours
        yield from (path for path in theirs if path not in ours)
        yield from (path for path in self.decided if path not in ours and path not in theirs)

    def _deleted(self) -> Iterator[tuple[RecordKey, Owner]]:
        """The keys of records that the base has, or a side alone, and that are not in the merged tree."""
        for path in self._paths():
            known = next((version for version in self.sides.versions(path) if version), None)
            if known is None or self.result(path) or not self.sides.is_record(path):
                continue
            key = key_at(path)
            if key is None:  # the record itself tells it
                (record,) = decoded(self.sides.repository, [(path, known)])
                assert record is not None
                key = record.key
            yield key, (path, self._by(path))

    def _touched(self) -> Iterator[tuple[str, By, Record, ModelSchema]]:
        """The merged records that a side changed, where they can meet what the other side did."""
        wanted = (path for path in self._paths() if self._can_meet(path))
        for batch in batches(wanted, BATCH):
            ids = [each for path in batch for each in (self.result(path), self._before(path))]
            blobs = self.sides.repository.objects.blobs(filter(None, ids))
            for path in batch:
                data = next(blobs)
                before = next(blobs) if self._before(path) else None
                if before and canonical.same_fields(before, data, self._telling(path)):
                    self._aside.add(path)
                    continue
                record = record_at(path, data)
                schema = self.sides.model(path, record)
                if schema is not None:
                    yield path, self._by(path), record, schema

    def _before(self, path: str) -> str:
        """The blob id in the base of a record that one side alone edited, if that can settle that it meets
        nothing: with deletes about, what it refers to matters as well; ``""`` for all others.
        """
        base, ours, theirs = self.sides.versions(path)
        alone = path not in self.decided and path not in self.written and (base in (ours, theirs))
        return base.id if base and alone and not self._gone else ""

    def _telling(self, path: str) -> frozenset[str]:
        """The fields of a record that can meet what the other side did to other records."""
        folder, label = dump_of(path), model_of(path)
        if (folder, label) not in self._fields:
            schema = self.sides.schema(folder).get(label)
            unique = [name for each in schema.unique for name in each.named] if schema else []
            fields = schema.fields if schema else ()
            own = [field.name for field in fields if field.target == label]
            self._fields[folder, label] = frozenset({*unique, *own} - {PARENT})
        return self._fields[folder, label]

    @cached_property
    def _models(self) -> Mapping[str, By]:
        """Who changed something of a model, in whichever dump."""
        who = {
            (model_of(path), self._by(path)) for path in self._paths() if self.sides.is_record(path)
        }
        found: dict[str, By] = defaultdict(lambda: By.NOBODY)
        for model, by in who:
            found[model] |= by
        return found

    def _can_meet(self, path: str) -> bool:
        if path in self._pending or not self.result(path) or not self.sides.is_record(path):
            return False
        if self._gone or path in self.decided:
            return True
        # Only the other side can have given a unique value twice or turned a tree round.
        return self._models[model_of(path)] == By.BOTH

    # Who stands by

    def _bystanders(self, survey: ChangedRecords) -> Iterator[tuple[str, Record, ModelSchema]]:
        """The records that nobody changed, of the models in which some can meet what is neither side's."""
        survey.fresh = set(self._fresh_claims(survey.mixed))
        models = {claim.model for claim in survey.mixed.values()} if survey.fresh else set()
        dropped = {key.model for key, (path, _) in self._gone.items() if all(self._held(path))}
        places = [
            (model_folder(folder, label), schema)
            for folder in sorted(self.sides.folders)
            for label, schema in self.sides.schema(folder).items()
            if label in models or (dropped and may_refer(schema, dropped))
        ]
        known = {*self._paths(), *self.written} - self._aside if places else set()
        for model, schema in places:
            for path, record in self.sides.in_tree(self.tree, model, known):
                yield path, record, schema

    def _held(self, path: str) -> tuple[File, ...]:
        """What ours and theirs have at a path."""
        return self.sides.versions(path)[1:]

    def _fresh_claims(self, mixed: Mapping[str, Mixed]) -> Iterator[bytes]:
        """Unique values that are of neither side, by digest."""
        for path, three in self.sides.records(mixed):
            known = {
                digest(each)
                for record in three[1:]
                if record is not None
                for each in wanted(record, mixed[path].schema)
            }
            yield from (each for each in mixed[path].digests if each not in known)

    # What meets

    def _missing(self, survey: ChangedRecords) -> Iterator[Found]:
        missing = survey.missing()
        # Another dump of the merged tree may have the record; where it is gone, only people brought it back.
        gone = {path for path, _ in self._gone.values()}
        paths = {path: key for key in missing for path in self.sides.paths(key) if path not in gone}
        there = self.sides.repository.trees.files_at(self.tree, list(paths))
        lost = sorted(missing.keys() - {paths[path] for path in there})
        before = {*self._dangled({target: missing[target] for target in lost})}
        for target in lost:
            at = [(each.path, each.field) for each in missing[target]]
            if at := [place for place in at if (target, *place) not in before]:
                yield Found(Reason.MISSING, ((self._gone[target][0], ""), *at))

    def _dangled(
        self, missing: Mapping[RecordKey, Sequence[Missing]]
    ) -> Iterator[tuple[RecordKey, str, str]]:
        """The references that a side has without their record, by target, path and field.

        Only of those that no database sees to.
        """
        loose: dict[str, list[tuple[RecordKey, str]]] = defaultdict(list)
        for target, references in missing.items():
            for path, name, constrained in references:
                if not constrained:
                    loose[path].append((target, name))
        changed = {*self._paths()} if loose else set()
        self.sides.add_untouched(path for path in loose if path not in changed)
        for path, (_, *sides) in self.sides.records(loose):
            for target, name in loose[path]:
                held = self._held(self._gone[target][0])
                for record, file in zip(sides, held, strict=True):
                    schema = self.sides.model(path, record) if record and file is None else None
                    known = schema.by_name.get(name) if schema else None
                    if record and known and refers_in(record, known, target):
                        yield target, path, name

    def _cycles(self, survey: ChangedRecords) -> Iterator[Found]:
        for (label, name), at in sorted(survey.trees.items()):
            moved = dict(self._moved(at, name))
            if not by_both(moved.values()):
                continue
            parents = self._ancestors(label, name, moved)
            for cycle in circles(dict(sorted(parents.items())), attrgetter("sort_key")):
                keys = sorted(key for key in cycle if key in moved)
                # Mates and rings are cycles that a side alone has, and wanted.
                if by_both(moved[key] for key in keys):
                    yield Found(Reason.CYCLE, tuple((at[key][0], name) for key in keys), name)

    def _moved(
        self, at: Mapping[RecordKey, tuple[str, str]], name: str
    ) -> Iterator[tuple[RecordKey, By]]:
        """The records whose reference is not what a side has, with whom it comes from."""
        for batch in batches(at.items(), BATCH):
            files = [(path, file) for _, (path, _) in batch for file in self._held(path)]
            # Only those that are not what the merged tree has are read.
            others = [(path, file) for path, file in files if file and file.id != self.result(path)]
            found = decoded(self.sides.repository, others)
            for key, (path, value) in batch:
                by = By.NOBODY
                # What a side does not have comes from the other one.
                for whose, file in zip((By.THEIRS, By.OURS), self._held(path), strict=True):
                    if file is None:
                        by |= whose
                    elif file.id != self.result(path):
                        record = next(found)
                        by |= whose if record and record.fields.get(name) != value else By.NOBODY
                if by:
                    yield key, by

    def _ancestors(
        self, label: str, name: str, start: Iterable[RecordKey]
    ) -> Mapping[RecordKey, RecordKey]:
        """Each record's parent, from those that were changed upwards, a generation at a time."""
        schemas = {folder: self.sides.schema(folder).get(label) for folder in self.sides.folders}
        parents: dict[RecordKey, RecordKey] = {}
        level, seen = {*start}, set(start)
        while level:
            paths = [path for key in sorted(level) for path in self.sides.paths(key)]
            found = self.sides.repository.trees.files_at(self.tree, paths)
            blobs = self.sides.repository.objects.blobs(found.values())
            level = set()
            for path, data in zip(found, blobs, strict=True):
                record, schema = record_at(path, data), schemas[dump_of(path)]
                for known, key in own_references(record, schema) if schema else ():
                    if known.name == name:
                        parents[record.key] = parent = RecordKey(label, key)
                        if parent not in seen:
                            level.add(parent)
            seen |= level
        return parents
