"""What holds of every merge of two valid edits, whatever they are."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from contentgit.branches.check_merges import differing
from contentgit.branches.merging import abort, merge
from contentgit.branches.merging.deciding import Decision, resolve, take_all
from contentgit.branches.merging.picking import Picking, cherry_pick, revert
from contentgit.branches.operation import Operation, current
from contentgit.branches.trees import TreeMerge, merge_commits
from contentgit.check import Finding, Level
from contentgit.content import canonical
from contentgit.content.description import parse_schema
from contentgit.content.diff import ABSENT
from contentgit.content.documents import parse_document
from contentgit.content.layout import DATASET_FILE, record_path
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.errors import ConflictError, RefusedError
from contentgit.git import Repository
from contentgit.history.check import check
from contentgit.integrity.relations import references
from contentgit.merge import (
    Place,
    Reason,
    Resolution,
    Side,
    Take,
    TreeConflict,
    renumbered,
    value_at,
)
from tests.editors import Editor, Records, problems

WHOLE = (Reason.DELETED_BY_US, Reason.DELETED_BY_THEM)


@dataclass
class Start:
    """A repository whose branch main has a site's content, and editors' commits on top of it."""

    repository: Repository
    commit: str
    models: dict[str, ModelSchema] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _decoded: dict[str, Record] = field(default_factory=dict)
    _trees: dict[str, dict[RecordKey, Record]] = field(default_factory=dict)

    @classmethod
    def at(cls, repository: Repository) -> Start:
        """The content of the branch main."""
        (repository.git_dir / "info" / "attributes").unlink(
            missing_ok=True
        )  # as hosts are: no drivers
        start = cls(repository, repository.refs.resolve("main"))
        for folder in repository.trees.folders(start.commit):
            data = repository.blob(start.commit, f"{folder}/{DATASET_FILE}")
            assert data is not None
            for label, schema in parse_schema(parse_document(data)).models.items():
                start.models[label], start.folders[label] = schema, folder
        return start

    def path(self, key: RecordKey) -> str:
        """Where a record lies."""
        return f"{self.folders[key.model]}/{record_path(key, self.models[key.model].layout)}"

    def records(self, revision: str) -> dict[RecordKey, Record]:
        """Every record of a commit or tree, each canonical and in its place."""
        tree = self.repository.trees.root(revision)
        if tree not in self._trees:
            self._trees.clear()
            self._trees[tree] = dict(self._read(tree))
        return dict(self._trees[tree])

    def _read(self, tree: str) -> Iterable[tuple[RecordKey, Record]]:
        found = {
            f"{folder}/{path}": blob
            for folder in {*self.folders.values()}
            for path, blob in self.repository.trees.entries(tree, folder)
            if path != DATASET_FILE
        }
        fresh = {*found.values()} - self._decoded.keys()
        for blob, data in zip(fresh, self.repository.objects.blobs(fresh), strict=True):
            assert canonical.is_canonical(data), data
            self._decoded[blob] = canonical.decode(data)
        for path, blob in found.items():
            record = self._decoded[blob]
            assert self.path(record.key) == path
            yield record.key, record

    def write(self, parent: str, records: Records, *parents: str) -> str:
        """A commit that has these records and no others."""
        before = self.records(parent)
        gone = [(self.path(key), None) for key in before.keys() - records.keys()]
        come = [
            (self.path(key), canonical.encode(each, self.models[key.model].key_kind))
            for key, each in records.items()
            if before.get(key) != each
        ]
        tree = self.repository.writer.write_tree(parent, [*gone, *come])
        return self.repository.writer.commit_tree(tree, [parent, *parents], "Edits\n")

    def editor(self, name: str, seed: str, commit: str = "", **how: Any) -> Editor:
        """Somebody who edits what a commit has."""
        first = 10_000 if name == "ann" else 20_000
        records = self.records(commit or self.commit)
        return Editor(name, f"{name} {seed}", records, self.models, first, **how)

    # Simulations

    def clash(self, seed: str, times: int = 12) -> None:
        """Two people edit the same site; every law of their merge is asserted."""
        sides = []
        busy, shares = self._busy(random.Random(f"busy {seed}"))
        for name in ("ann", "bob"):
            editor = self.editor(name, seed, busy=busy, shares=shares)
            editor.work(times)
            sides.append(self.write(self.commit, editor.records))
        self.counts["merges"] += 1
        try:
            Laws(self, self.commit, *sides).hold()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error

    def _busy(self, chance: random.Random) -> tuple[list[RecordKey], float]:
        """Records that both work on: any, or those of one model, whose new keys they give alike."""
        everything = sorted(self.records(self.commit))
        if chance.random() < 0.5:
            return chance.sample(everything, 15), 0.15
        label = chance.choice(everything).model
        return [each for each in everything if each.model == label][:5], 0.7

    def both_kept(self, seed: str, times: int = 12) -> None:
        """Two people give the same keys to records of their own: all stay, decided one by one."""
        chance = random.Random(f"kept {seed}")
        everything = sorted(self.records(self.commit))
        label = chance.choice([each.model for each in everything])
        sides = []
        for name in ("ann", "bob"):
            editor = self.editor(name, f"kept {seed}", shares=0)
            editor.busy = [each for each in everything if each.model == label]
            editor.work(times)
            editor.add(30_000, times // 2)
            sides.append(self.write(self.commit, editor.records))
        ours, theirs = sides
        self._on(ours)
        with suppress(ConflictError):
            merge(self.repository, theirs)
        operation = current(self.repository)
        if operation is None:
            return
        side = chance.choice([*Side])
        keys = self._renumbered(chance, side)
        operation = current(self.repository)
        assert operation is not None
        found = operation.tree(self.repository)
        abort(self.repository)
        self.counts["new keys"] += len(keys)
        known = {key for each in (self.commit, *sides) for key in self.records(each)}
        assert len({*keys.values()}) == len(keys), f"seed {seed}: {keys}"
        assert not known & {*keys.values()}, f"seed {seed}: {keys}"
        whole, tree = (
            (ours, found.as_merged.ours) if side is Side.OURS else (theirs, found.as_merged.theirs)
        )
        there = {keys.get(key, key): each for key, each in self.records(whole).items()}
        moved = self.records(tree)
        assert moved.keys() == there.keys(), f"seed {seed}: {keys}"
        for key, each in there.items():
            assert moved[key] == renumbered(each, self.models[key.model], keys), (
                f"seed {seed}: {key}"
            )
        tree = self.repository.trees.root(tree)
        commit = self.repository.writer.commit_tree(tree, [self.commit], "New keys\n")
        if side is Side.OURS:
            ours = commit
        else:
            theirs = commit
        assert merge_commits(self.repository, ours, theirs).tree == found.tree, f"seed {seed}"
        try:
            Laws(self, self.commit, ours, theirs).hold()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error

    def _renumbered(self, chance: random.Random, side: Side) -> dict[RecordKey, RecordKey]:
        """The keys that are given for those that both sides gave, a call for each; some are given anew."""
        keys: dict[RecordKey, RecordKey] = {}
        refused: set[RecordKey] = set()
        while operation := current(self.repository):
            conflicts = operation.tree(self.repository).conflicts
            places = [each.places[0].place for each in conflicts if each.reason is Reason.ADDED]
            fresh = sorted({place.key for place in places if place} - refused)
            if not fresh:
                break
            again = sorted(keys) if chance.random() < 0.2 else []
            key = chance.choice(again or fresh)
            try:
                done = resolve(self.repository, [str(key)], Decision(renumber=side))
            except RefusedError:  # its key is no number, or part of others
                refused.add(key)
                continue
            for each in done.resolutions:
                assert each.place is not None
                keys[each.place.key] = RecordKey(each.place.key.model, each.key)
        return keys

    def disjoint(self, seed: str, times: int = 40) -> None:
        """Edits of different fields of the same records: git alone merges them, and as contentgit does."""
        sides = []
        for number, name in enumerate(("ann", "bob")):

            def mine(key: RecordKey, field: str, number: int = number) -> bool:
                group = self.models[key.model].companions(field)  # which git does not know
                return random.Random(f"{seed} {key} {group[0]}").randrange(2) == number

            editor = self.editor(name, seed, may_edit=mine, shares=0)
            editor.edit_fields(times)
            sides.append(self.write(self.commit, editor.records))
        done = self._by_git(sides)
        self.counts["plain git merges"] += 1
        assert done.returncode == 0, f"seed {seed}: {done.stdout}"
        found = merge_commits(self.repository, sides[0], sides[1])
        assert not found.conflicts, (seed, found.conflicts)
        assert found.tree == done.stdout.strip(), seed

    def renamed(self, seed: str) -> None:
        """Git takes a record that replaces another for that one, renamed; ``check --merges`` tells."""
        chance = random.Random(f"renamed {seed}")
        records = self.records(self.commit)
        texts = [
            (key, name)
            for key, each in sorted(records.items())
            for name, value in each.fields.items()
            if isinstance(value, str)
            and " " in value
            and self.models[key.model].layout == "integer"
        ]
        key, name = chance.choice(texts)
        fields, other = (
            dict(records[key].fields),
            RecordKey(key.model, str(chance.randint(500, 999))),
        )
        # A reference to itself follows; else it would dangle, and what dangles is for people to decide.
        moved = {**records, other: renumbered(records[key], self.models[key.model], {key: other})}
        del moved[key]
        edited = {**records, key: Record(key, {**fields, name: f"{fields[name]} bob1q"})}
        sides = [self.write(self.commit, each) for each in (moved, edited)]
        done = self._by_git(sides)
        self.counts["plain git merges of a record that was replaced"] += 1
        assert merge_commits(self.repository, sides[0], sides[1]).conflicts, seed
        if done.returncode == 0:
            commit = self.repository.writer.commit_tree(done.stdout.strip(), sides, "Merge\n")
            found: list[Finding] = []
            assert differing(self.repository, f"{self.commit}..{commit}", found.append) == 1
            path = self.path(other)
            assert [each.path for each in found if each.path == path], f"seed {seed}: {found}"
            self.counts["plain git merges that moved an edit into another record, all seen"] += 1

    def _by_git(self, sides: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "merge-tree", "--write-tree", *sides],
            cwd=self.repository.path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def taken_back(self, seed: str) -> None:
        """A revert gives what was before; a cherry-pick onto its own parent gives the same."""
        repository = self.repository
        editor = self.editor("ann", f"revert {seed}")
        editor.work(12)
        commit = self.write(self.commit, editor.records)
        other = self.editor("bob", f"revert {seed}", shares=0)
        other.work(4)
        branch = self.write(self.commit, other.records)
        before, after = repository.trees.root(self.commit), repository.trees.root(commit)
        self._on(commit)
        revert(repository, commit)
        assert self._head() == before, f"seed {seed}: revert of {editor.done}"
        self._on(self.commit)
        cherry_pick(repository, commit)
        assert self._head() == after, f"seed {seed}: pick of {editor.done}"
        self._on(commit)
        merged = merge(repository, branch, take=Take.THEIRS).commit
        if repository.trees.root(merged) != after:
            revert(repository, merged, Picking(mainline=1))
        assert self._head() == after, f"seed {seed}: revert of a merge"
        self.counts["reverts"] += 1

    def _head(self) -> str:
        return self.repository.trees.root(self.repository.refs.resolve("work"))

    def _on(self, commit: str) -> None:
        repository = self.repository
        repository.refs.set_head("work")
        repository.refs.move("refs/heads/work", commit, repository.refs.tip("work"), "test")

    def crossing(self, seed: str, rounds: int = 4) -> None:
        """Two branches that take each other's tips and go on; at last both have the same."""
        chance = random.Random(f"crossing {seed}")
        ann = bob = self.commit
        for number in range(rounds):
            ann, bob = (
                self._edited(name, f"{seed} {number}", tip)
                for name, tip in (("ann", ann), ("bob", bob))
            )
            ways = chance.choice([(Take.OURS, Take.OURS), (Take.THEIRS, Take.OURS)])
            ann, bob = self._merged(ann, bob, ways[0]), self._merged(bob, ann, ways[1])
            self.counts["crossed merges"] += 2
        ann, bob = self._merged(ann, bob, Take.THEIRS), self._merged(bob, ann, Take.OURS)
        trees = {self.repository.trees.root(each) for each in (ann, bob)}
        assert len(trees) == 1, f"seed {seed}"

    def _edited(self, name: str, seed: str, tip: str) -> str:
        editor = self.editor(name, f"crossing {seed}", tip)
        editor.first_key += 100 * int(seed.split()[-1])
        editor.work(4)
        return self.write(tip, editor.records)

    def _merged(self, ours: str, theirs: str, take: Take) -> str:
        tree = taken(self.repository, ours, theirs, take)[0].tree
        wrong = problems(self.records(tree), self.models)
        wrong -= {
            each for side in (self.commit, ours, theirs)
            for each in problems(self.records(side), self.models)
        }  # fmt: skip
        assert not wrong, wrong
        return self.repository.writer.commit_tree(tree, [ours, theirs], "Merge\n")


def taken(
    repository: Repository, ours: str, theirs: str, take: Take
) -> tuple[TreeMerge, tuple[Resolution, ...]]:
    """The merge with every conflict decided for one side."""
    operation = Operation("merge", theirs, "main", ours, theirs, (ours, theirs), "Merge\n")
    operation = take_all(repository, operation, take)
    return operation.tree(repository), operation.resolutions


class Laws:
    """What must hold of the merge of two commits."""

    def __init__(self, start: Start, base: str, ours: str, theirs: str) -> None:
        self.start = start
        self.base_commit, self.commits = base, (ours, theirs)
        self.base, self.ours, self.theirs = (start.records(each) for each in (base, ours, theirs))
        self.known = set[tuple[str, ...]]()
        for side in (self.base, self.ours, self.theirs):
            self.known |= problems(side, start.models)

    def hold(self) -> None:
        """Asserts all of them."""
        repository = self.start.repository
        found = merge_commits(repository, *self.commits)
        swapped = merge_commits(repository, *self.commits[::-1])
        labels = {frozenset(each.labels) for each in found.conflicts}
        assert {frozenset(each.labels) for each in swapped.conflicts} == labels
        result = self.start.records(found.tree)
        self._nothing_is_lost(result, _places(found.conflicts))
        for each in found.conflicts:
            self.start.counts[f"conflicts {each.reason}"] += 1
            self._both_did(each, result)
        self.start.counts["merges with conflicts" if labels else "clean merges"] += 1
        if not labels:
            assert swapped.tree == found.tree
            self._is_valid(result, found.tree)
            return
        for take in (Take.OURS, Take.THEIRS):
            self._can_be_decided(take)

    def _is_valid(self, result: Records, tree: str) -> None:
        """Nothing is wrong but what was wrong on a side, by the editors' rules and by ``check``'s."""
        wrong = problems(result, self.start.models) - self.known
        assert not wrong, wrong
        commit = self.start.repository.writer.commit_tree(tree, self.commits, "Merge\n")
        errors = self._errors(commit)
        if errors:
            errors -= {each for side in self.commits for each in self._errors(side)}
        assert not errors, errors

    def _errors(self, commit: str) -> set[tuple[str, ...]]:
        found = check(self.start.repository, f"{self.base_commit}..{commit}").findings
        return {each.identity for each in found if each.level is Level.ERROR}

    # No edit is lost

    def _nothing_is_lost(self, result: Records, open_: Mapping[RecordKey, set[str]]) -> None:
        for key in {*self.base, *self.ours, *self.theirs}:
            places = open_.get(key, set())
            if "" in places:
                continue
            three = self.base.get(key), self.ours.get(key), self.theirs.get(key)
            expected = self._there(*three)
            assert (key in result) == (expected is not None), (
                f"{key}: {three} gave {result.get(key)}"
            )
            if expected is not None:
                self._fields_hold(three, result[key], places)

    def _there(self, base: Any, ours: Any, theirs: Any) -> Any:
        if base is None or (ours and theirs):
            return ours or theirs
        left = ours or theirs
        if left is not None:
            # A number that grew with those in front is no edit: the record stands where it stood. Nor is
            # what the project computes.
            known = self.start.models[left.key.model].by_name
            edits = [
                name
                for name, value in left.fields.items()
                if value != base.fields[name]
                and known[name].order_within is None
                and not known[name].derived
            ]
            assert not edits, f"{left.key} was edited in {edits}, deleted and is no conflict"
        return None

    def _fields_hold(self, three: Any, result: Record, places: set[str]) -> None:
        base, ours, theirs = three
        schema = self.start.models[result.key.model]
        for name in result.fields:
            known = schema.by_name[name]
            if name in places or known.derived or known.order_within is not None:
                continue  # what counts and orders records is merged by rules of its own
            sides = [each.fields.get(name, ABSENT) if each else ABSENT for each in three]
            if base is None and (ours is None or theirs is None):
                sides = [ABSENT, sides[1], sides[1]] if ours else [ABSENT, sides[2], sides[2]]
            at = f"{result.key}/{name}: {sides} gave {result.fields[name]!r}"
            assert both_hold(known, *sides, result.fields[name]), at
        for group in schema.together:
            of_sides = [[each.fields.get(name) for name in group] for each in three if each]
            found = [result.fields.get(name) for name in group]
            assert found in of_sides, f"{result.key}: {group} of {of_sides} gave {found}"

    # Conflicts are where both did something

    def _both_did(self, conflict: TreeConflict, result: Records) -> None:
        key = conflict.places[0].place.key if conflict.places[0].place else RecordKey("", "")
        sides = [self.ours, self.theirs]
        if conflict.reason in WHOLE:
            gone, left = sides if conflict.reason is Reason.DELETED_BY_US else sides[::-1]
            assert key not in gone, conflict
            assert left[key] != self.base[key], conflict
        elif conflict.reason is Reason.MISSING:
            self._one_deleted_the_other_refers(conflict, key, result)
        elif conflict.reason is Reason.SAME_VALUE:
            self._each_alone_is_right(conflict, "twice")
        elif conflict.reason is Reason.BROKEN:
            held = [each.get(key) for each in sides]
            assert held[0] != held[1], conflict
            assert self.base.get(key) not in held, conflict
        elif conflict.reason is Reason.CYCLE:
            self._each_alone_is_right(conflict, "circle")
            keys = [each.place.key for each in conflict.places if each.place]
            for side in sides:
                assert any(self._has_other(side, key, conflict.about) for key in keys), conflict
        else:
            place = conflict.places[0].place
            assert place is not None
            group = self.start.models[key.model].companions(place.field)
            values = [
                [value_at(each.get(key), place._replace(field=name)) for name in group]
                for each in (self.base, *sides)
            ]
            assert (key in self.base) == (conflict.reason is Reason.EDITED), conflict
            assert values[1] != values[2], conflict
            assert values[0] not in values[1:], conflict

    def _has_other(self, side: Records, key: RecordKey, name: str) -> bool:
        here = side[key].fields.get(name) if key in side else None
        before = self.base[key].fields.get(name) if key in self.base else None
        return here != before

    def _one_deleted_the_other_refers(
        self, conflict: TreeConflict, key: RecordKey, result: Records
    ) -> None:
        assert key not in result, conflict
        assert (key in self.ours) != (key in self.theirs), conflict
        holder = self.ours if key in self.ours else self.theirs
        for each in conflict.places[1:]:
            assert each.place is not None
            other = each.place.key
            schema = self.start.models[other.model]
            assert key in {one.target for one in references(result[other], schema)}, conflict
            assert holder[other] != self.base.get(other), conflict

    def _each_alone_is_right(self, conflict: TreeConflict, what: str) -> None:
        """The problem that the conflict is about is in the merge of both and in none of them."""
        keys = {str(each.place.key) for each in conflict.places if each.place}
        for side in (self.base, self.ours, self.theirs):
            found = problems(side, self.start.models)
            assert not any(each[0] == what and keys == {*each[2:]} for each in found), conflict

    # Decisions

    def _can_be_decided(self, take: Take) -> None:
        found, resolutions = taken(self.start.repository, *self.commits, take)
        assert not found.conflicts
        result = self.start.records(found.tree)
        self._is_valid(result, found.tree)
        side = self.ours if take is Take.OURS else self.theirs
        places: dict[RecordKey, set[str]] = {}
        for each in resolutions:
            assert each.place is not None
            self._stands(each.place, side, result)
            places.setdefault(each.place.key, set()).add(each.place.field)
        self._nothing_is_lost(result, places)

    def _stands(self, place: Place, side: Records, result: Records) -> None:
        key = place.key
        if not place.field:
            assert result.get(key) == side.get(key), place
        elif key in result:
            assert value_at(result[key], place) == value_at(side.get(key), place), place


def _places(conflicts: Iterable[TreeConflict]) -> dict[RecordKey, set[str]]:
    """The fields that are undecided, by record; ``""`` stands for the whole record."""
    found: dict[RecordKey, set[str]] = {}
    for each in conflicts:
        for one in each.places:
            if one.place and each.reason in (Reason.EDITED, Reason.ADDED, *WHOLE):
                found.setdefault(one.place.key, set()).add(one.place.field)
    return found


def both_hold(known: FieldSchema, base: Value, ours: Value, theirs: Value, result: Value) -> bool:
    """Whether a field has what each side made of it, though both may have changed it."""
    if ours == theirs or theirs == base:
        return bool(result == ours)
    if ours == base:
        return bool(result == theirs)
    if known.moment:
        return bool(result == max(ours, theirs))
    if known.kind is FieldKind.REFERENCES:
        was, here, there = map(set, (base, ours, theirs))
        return set(result) == (here & there) | (here - was) | (there - was)
    if known.kind in (FieldKind.TEXT, FieldKind.JSON, FieldKind.MAPPING):
        there_before = words(base)
        return words(ours) - there_before <= words(result) and (
            words(theirs) - there_before <= words(result)
        )
    return False


def words(value: Value) -> set[str]:
    """The words of a text or of all texts within a value."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return {each for each in text.replace('"', " ").split() if each.endswith("q")}
