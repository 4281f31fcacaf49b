"""Records that merges gave other keys: under which keys the commits of a merge are read.

Where one side was given a new key for a record, the other side and what both come from have it under the old
one, which may be another record's by now. So a merge reads all of them with one key for each record. No
record is lost by that: one that already has such a key, and is another one, gets a key that is free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice, product
from typing import Final

from contentgit.branches.trees.sides import Keys, OneKeyEach, family
from contentgit.content.layout import HIGHEST_KEY, integer_key, model_folder
from contentgit.content.records import RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.errors import RefusedError
from contentgit.git import Commit, Repository
from contentgit.history.dumps import dump_folders, models_at, recorded_schema, records_at
from contentgit.history.keys import recorded_labels
from contentgit.history.renumbered import TRAILER, new_keys_since

_MOST: Final = 20
"""Merges of which is looked at what they come from."""


@dataclass
class _Record:
    """A record with several keys: those in the commits, and those of which it is to have one, best first."""

    names: dict[str, RecordKey]
    wanted: tuple[RecordKey, ...]


def merged_keys(repository: Repository, bases: Sequence[str], ours: str, theirs: str) -> OneKeyEach:
    """The keys with which each commit is merged, so that a record has one key in all of them.

    ``bases`` are what both sides come from. A record has the new key of ours, or else that of theirs.
    """
    given = _given(repository, bases, (ours, theirs))
    if not given:
        return OneKeyEach()
    commits = [*dict.fromkeys((*bases, ours, theirs))]
    families = _Families(repository, commits)
    known: dict[RecordKey, _Record] = {}
    moved: dict[str, Keys] = {}
    for base in bases:
        here, there = (
            families.first(new_keys_since(repository, base, side)) for side in (ours, theirs)
        )
        moved[base] = here
        for key in sorted(families.of(base, {*here, *there})):
            new, other = here.get(key, key), there.get(key, key)
            record = known.setdefault(new, _Record({ours: new, theirs: other}, (other, new)))
            record.names[base] = key
            if new != key:
                record.wanted = (new,)
    for base, (new, record) in product(bases, known.items()):
        if new not in moved[base]:  # then what has this key there is that record
            record.names.setdefault(base, new)
    first = sorted(known.values(), key=lambda each: (len(each.wanted), each.wanted))
    return families.one_key_each(first, given)


def _given(repository: Repository, bases: Iterable[str], sides: Sequence[str]) -> Sequence[Commit]:
    """The commits since the bases that gave a record another key, parents first."""
    mentioning, text = repository.history.mentioning, f"{TRAILER}: "
    # Mostly there is none, which one look at all sides shows.
    found = (
        mentioning(base, side, text=text)
        for base in bases
        if mentioning(base, *sides, text=text)
        for side in sides
    )
    return [*{each.id: each for some in found for each in some}.values()]


def keys_of(repository: Repository, head: str, before: str, after: str) -> OneKeyEach:
    """How two commits, one made from the other, are read so that records have the keys of ``head``."""
    commits = [*dict.fromkeys((before, after))]
    bases = repository.history.merge_bases(before, head)
    given = _given(repository, bases, (head, *commits))
    if not given:
        return OneKeyEach()
    families = _Families(repository, [*dict.fromkeys((*commits, head))], fixed=head)
    moved = {
        new
        for commit in commits
        for key, new in families.shared(commit, head).items()
        if key != new
    }
    between = {key: new for key, new in families.shared(before, after).items() if key != new}
    known = {key: _Record({head: key}, (key,)) for key in sorted(moved)}
    for commit in commits:
        for key, new in families.shared(commit, head, moved).items():
            if new in known:
                known[new].names[commit] = key
    taken = {(commit, key) for each in known.values() for commit, key in each.names.items()}
    others = [
        _Record({before: key, after: new}, (new,))
        for key, new in sorted(between.items())
        if (before, key) not in taken and (after, new) not in taken
    ]
    return families.one_key_each([*known.values(), *others], given)


def composed(keys: Keys, later: Keys) -> Keys:
    """The keys that a commit's records have after both."""
    moved = {*keys.values()}
    found = {key: later.get(new, new) for key, new in keys.items()}
    return {
        **found,
        **{key: new for key, new in later.items() if key not in moved and key not in found},
    }


@dataclass
class _Families:
    """Models whose records share their keys, in all commits of a merge; a family goes by its first label.

    The records of ``fixed`` keep their keys.
    """

    repository: Repository
    commits: Sequence[str]
    fixed: str = ""
    _last: dict[str, int] = field(default_factory=dict)
    _labels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _models(self) -> Mapping[str, ModelSchema]:
        found: dict[str, ModelSchema] = {}
        for commit in self.commits:
            for folder in dump_folders(self.repository, commit):
                found |= recorded_schema(self.repository, commit, folder)
        return found

    def _family(self, label: str) -> tuple[str, ...]:
        if label not in self._labels:
            found: set[str] = set()
            more = {label}
            while more:
                found |= more
                related = (
                    name
                    for each in more
                    for name in (*family(self._models, each), *self._same[each])
                )
                more = {*related} - found
            self._labels[label] = tuple(sorted(found))
        return self._labels[label]

    @cached_property
    def _same(self) -> Mapping[str, set[str]]:
        """The other labels that the model of a label had or got, if no commit has both for two models."""
        found: dict[str, set[str]] = defaultdict(set)
        there = [models_at(self.repository, each) for each in self.commits]
        for commit in self.commits:
            for folder in dump_folders(self.repository, commit):
                labels = recorded_labels(self.repository, commit, folder)
                for label in recorded_schema(self.repository, commit, folder):
                    for older in labels.every(labels.origin(label)):
                        if older != label and not any({older, label} <= each for each in there):
                            found[label].add(older)
                            found[older].add(label)
        return found

    def _members(self, key: RecordKey) -> Iterator[RecordKey]:
        return (key._replace(model=label) for label in self._family(key.model))

    def first(self, keys: Keys) -> Keys:
        """The keys by the first labels."""
        found: dict[RecordKey, RecordKey] = {}
        for key, new in sorted(keys.items()):
            label = self._family(key.model)[0]
            found.setdefault(key._replace(model=label), new._replace(model=label))
        return found

    def of(self, commit: str, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """Those of the keys that a record of the commit has, of any model of the family."""
        members = {each: key for key in keys for each in self._members(key)}
        return {members[each] for each in records_at(self.repository, commit, members)}

    def shared(
        self, commit: str, other: str, known: Collection[RecordKey] = ()
    ) -> Mapping[RecordKey, RecordKey]:
        """What another commit calls records of a commit, where both come from one that has them.

        Of those with the same key in both only those that are ``known``, by the other's keys.
        """
        found: dict[RecordKey, RecordKey] = {}
        for base in self.repository.history.merge_bases(commit, other):
            here, there = (
                self.first(new_keys_since(self.repository, base, each)) for each in (commit, other)
            )
            back = {new: key for key, new in there.items()}
            wanted = {back.get(key, key) for key in known if key in back or key not in there}
            for key in sorted(self.of(base, {*here, *there, *wanted})):
                found.setdefault(here.get(key, key), there.get(key, key))
        return found

    def one_key_each(self, records: Sequence[_Record], merges: Iterable[Commit]) -> OneKeyEach:
        """New keys for these records, and for others that have one of these keys already.

        ``merges`` are the commits that gave records other keys.
        """
        found: dict[str, dict[RecordKey, RecordKey]] = {each: {} for each in self.commits}
        given: set[RecordKey] = set()
        free: set[RecordKey] = set()
        for record in records:
            new = next((each for each in record.wanted if each not in given), None)
            if new is None:
                free.add(new := self._unused(record.wanted[0].model, records))
            given.add(new)
            for commit, key in record.names.items():
                found[commit].setdefault(key, new)
        others: dict[RecordKey, RecordKey] = {}
        for commit, keys in found.items():
            if commit == self.fixed:
                continue
            for key in sorted(self.of(commit, given - keys.keys())):
                if key not in others:
                    others[key] = self._unused(key.model, records)
                keys[key] = others[key]
        free |= {*others.values()}
        moved = {key for keys in found.values() for key, new in keys.items() if key != new}
        return OneKeyEach(
            {commit: self._for_all(keys) for commit, keys in found.items()},
            frozenset(each for key in free for each in self._members(key)),
            self._before(merges, moved) if moved else "",
        )

    def _before(self, merges: Iterable[Commit], keys: Collection[RecordKey]) -> str:
        """A commit that has none of the keys; ``""`` where none is known.

        Mostly what the sides of the first merge come from: both added records since.
        """
        bases = self.repository.history.merge_bases
        for merge in islice((each for each in merges if len(each.parents) == 2), _MOST):
            for commit in bases(*merge.parents):
                if not self.of(commit, keys):
                    return commit
        return ""

    def _for_all(self, keys: Keys) -> Keys:
        """The keys for each model of a family, without those that stay."""
        moved = ((key, new) for key, new in keys.items() if key != new)
        return {
            each: new._replace(model=each.model)
            for key, new in moved
            for each in self._members(key)
        }

    def _unused(self, label: str, records: Iterable[_Record]) -> RecordKey:
        """A key that no record has in any of the commits, or is to have."""
        if label not in self._last:
            named = [key for each in records for key in (*each.names.values(), *each.wanted)]
            used = (key.key for key in named if key.model == label)
            numbers = (integer_key(each) or 0 for each in chain(used, self._names(label)))
            self._last[label] = max(0, max(numbers, default=0))
        self._last[label] += 1
        if self._last[label] > HIGHEST_KEY:
            raise RefusedError(
                f"records of {label} that a merge gave other keys need a key that is free, and none is above "
                f"{label}:{HIGHEST_KEY}",
                hint="commit the record with that key under a lower one first",
            )
        return RecordKey(label, str(self._last[label]))

    def _names(self, label: str) -> Iterator[str]:
        """The keys of all records of a family."""
        trees = self.repository.trees
        for commit in self.commits:
            for folder, each in product(dump_folders(self.repository, commit), self._family(label)):
                for path, _ in trees.entries(commit, model_folder(folder, each)):
                    yield path.rpartition("/")[2].removesuffix(".json")
