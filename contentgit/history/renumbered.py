"""Records that a merge gave another key: what a later commit calls a record of an earlier one.

A merge that gave new keys says so in trailers of its message, for each of its parents. Anybody can write such
a line: it counts only where the records of both commits bear it out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from contentgit.content.records import RecordKey
from contentgit.git import Commit, Repository
from contentgit.git.history import Ancestry
from contentgit.history.dumps import record_files, recorded_layouts, records_at

TRAILER: Final = "Contentgit-Renumbered"
"""``Contentgit-Renumbered: polls.choice:2 of 0123456789… is polls.choice:3``, one for each record."""

_KEY: Final = r"([a-z0-9_]+\.[a-z0-9_]+:(?:0|-?[1-9][0-9]{0,18}))"
_SAID: Final = re.compile(rf"{_KEY} of ([0-9a-f]{{40}}|[0-9a-f]{{64}}) is {_KEY}")

_COMMITS: Final = 100
"""Earlier commits that one message can name: a merge names its parents."""

_SAYS: Final = f"{TRAILER}: "
_REMEMBERED: Final = 10_000


class NewKey(NamedTuple):
    """The record ``old`` of a commit, by its id, is ``new`` in the commit that says so."""

    old: RecordKey
    commit: str
    new: RecordKey

    @property
    def trailer(self) -> str:
        """The line of a message that says so."""
        return f"{TRAILER}: {self.old} of {self.commit} is {self.new}"


def without_new_keys(message: str) -> str:
    """The message of another commit, which says nothing of what is made of that elsewhere."""
    said = f"{TRAILER}:"
    if said not in message:
        return message
    lines = (line for line in message.splitlines() if not line.startswith(said))
    return "\n".join(lines).rstrip() + "\n"


def said_by(commit: Commit) -> Iterator[NewKey]:
    """What a commit's message says; lines that contentgit does not write are passed over."""
    for line in commit.trailers.get(TRAILER, "").splitlines():
        if found := _SAID.fullmatch(line):
            old, new = RecordKey.parse(found[1]), RecordKey.parse(found[3])
            if old.model == new.model and old != new:
                yield NewKey(old, found[2], new)


def borne_out(repository: Repository, commit: Commit) -> list[NewKey]:
    """What a commit says of its parents' records, as far as the records of both bear it out."""
    proof = _Proof(repository, Ancestry({}, {}), {commit.id: _by_commit(said_by(commit))})
    return [each for some in proof.by(commit).values() for each in some]


def new_keys_since(
    repository: Repository, before: str, after: str
) -> Mapping[RecordKey, RecordKey]:
    """The keys in the commit ``after`` of those records of ``before`` that have others there.

    Whether ``before`` has them is not looked at. Where one is not an ancestor of the other, it is gone back
    to what both come from, and only records count that are there: a key that both sides gave since is not one
    record.
    """
    known = _known(repository).since
    if (before, after) not in known:
        if sum(map(len, known.values()), len(known)) > _REMEMBERED:
            known.clear()
        known[before, after] = _new_keys_since(repository, before, after)
    return known[before, after]


def _new_keys_since(repository: Repository, before: str, after: str) -> dict[RecordKey, RecordKey]:
    if before == after:
        return {}
    if repository.history.is_ancestor(before, after):
        return _between(repository, before, after)
    base = next(iter(repository.history.merge_bases(before, after)), None)
    if base is None:
        return {}
    on, since = (
        _common(repository, base, _between(repository, base, each)) for each in (after, before)
    )
    back = {new: old for old, new in since.items()}
    moved, taken = {*back.values()}, {*on.values()}
    both = {key: on.get(old, old) for key, old in back.items() if old in on or old not in taken}
    # What has the name of a record that went elsewhere on the way came later: it has none before.
    both |= {key: newer for key, newer in on.items() if key not in moved and key not in back}
    return {key: newer for key, newer in both.items() if key != newer}


def _common(
    repository: Repository, base: str, keys: Mapping[RecordKey, RecordKey]
) -> dict[RecordKey, RecordKey]:
    """Those of the keys that are of records which the base has: all others came later, on one side alone."""
    there = records_at(repository, base, keys) if keys else set()
    models = _models(repository, base) if keys else set()
    return {key: new for key, new in keys.items() if key in there or key.model not in models}


def _models(repository: Repository, commit: str) -> set[str]:
    return {label for some in recorded_layouts(repository, commit).values() for label in some}


def saying_of(repository: Repository, before: str | None, after: str) -> list[str]:
    """The commits that ``after`` has and ``before`` has not whose messages speak of new keys."""
    return [each.id for each in repository.history.mentioning(before, after, text=_SAYS)]


def unproven(
    repository: Repository, tip: str, commits: Collection[str]
) -> Iterator[tuple[str, NewKey]]:
    """What messages say of new keys although the records do not bear it out: commit and line.

    ``commits`` are ``tip`` or come before it. A merge may speak of records that it deletes, and of what a
    shallow clone lacks nothing is known.
    """
    history = repository.history
    wanted = {each.id for each in history.commits([*commits]).values() if any(said_by(each))}
    if not wanted:
        return
    saying = history.mentioning(None, tip, text=_SAYS)
    proof = _Proof.of(repository, None, tip, saying)
    is_shallow = history.is_shallow()
    for commit in saying:
        proven = {each for some in proof.by(commit).values() for each in some}
        if commit.id not in wanted:
            continue
        rest = [each for each in dict.fromkeys(said_by(commit)) if each not in proven]
        there = records_at(repository, commit.id, [each.new for each in rest])
        merged = commit.parents if len(commit.parents) > 1 else ()
        for each in rest:
            is_known = not is_shallow or repository.objects.has_commit(each.commit)
            if is_known and (each.new in there or each.commit not in merged):
                yield commit.id, each


class _Facts(NamedTuple):
    """Of what a commit says of an earlier one: what can be, and which of the new keys each of them has."""

    said: Sequence[NewKey]
    before: frozenset[RecordKey]
    after: frozenset[RecordKey]


@dataclass
class _Known:
    """What was found out of commits, which never change."""

    since: dict[tuple[str, str], dict[RecordKey, RecordKey]] = field(default_factory=dict)
    facts: dict[tuple[str, str], _Facts] = field(default_factory=dict)


_KNOWN: Final[WeakKeyDictionary[Repository, _Known]] = WeakKeyDictionary()


def _known(repository: Repository) -> _Known:
    return _KNOWN.setdefault(repository, _Known())


# What the records bear out


def _facts(repository: Repository, commit: Commit, earlier: str, said: Sequence[NewKey]) -> _Facts:
    known = _known(repository).facts
    if (commit.id, earlier) not in known:
        if len(known) >= _REMEMBERED:
            known.clear()
        known[commit.id, earlier] = _looked_up(repository, commit.id, earlier, said)
    return known[commit.id, earlier]


def _looked_up(repository: Repository, commit: str, earlier: str, said: Sequence[NewKey]) -> _Facts:
    keys = {key for each in said for key in (each.old, each.new)}
    before, after = (
        {(path, key): blob for key, path, blob in record_files(repository, each, keys)}
        for each in (earlier, commit)
    )
    there = {key for _, key in before}
    as_it_was = {key for (path, key), blob in before.items() if after.get((path, key)) == blob}
    models = _models(repository, earlier)
    olds, news = Counter(each.old for each in said), Counter(each.new for each in said)
    can_be = [
        each
        for each in said
        if olds[each.old] == news[each.new] == 1
        if each.old in there or each.old.model not in models  # it had another label
        if each.old not in as_it_was
    ]
    new = {each.new for each in can_be}
    return _Facts(can_be, frozenset(new & there), frozenset(new & {key for _, key in after}))


@dataclass
class _Proof:
    """What commits say of new keys, as far as the records bear it out; asked for parents first."""

    repository: Repository
    ancestry: Ancestry
    said: Mapping[str, Mapping[str, Sequence[NewKey]]]
    """By the commit that says so, and by the one that it is about."""
    _other: dict[RecordKey, list[str]] = field(default_factory=dict)
    """By key, the commits whose record with the key is another one than that of commits before."""

    @classmethod
    def of(
        cls, repository: Repository, start: str | None, end: str, commits: Sequence[Commit]
    ) -> _Proof:
        """``commits`` are those between start and end that say something."""
        said = {each.id: _by_commit(said_by(each)) for each in commits}
        named = [*said, *(earlier for each in said.values() for earlier in each)]
        return cls(repository, repository.history.ancestry(start, end, named), said)

    def by(self, commit: Commit) -> Mapping[str, Sequence[NewKey]]:
        """What a commit says, by the earlier commit that it is about."""
        return {
            earlier: self._proven(commit, earlier, said)
            for earlier, said in self.said[commit.id].items()
            if earlier in commit.parents or self.ancestry.has(earlier, commit.id)
        }

    def _proven(self, commit: Commit, earlier: str, said: Sequence[NewKey]) -> Sequence[NewKey]:
        facts = _facts(self.repository, commit, earlier, said)
        found = {
            each.new: each
            for each in facts.said
            if each.new in facts.after or self._is_another(each, commit.id)
        }
        # Nothing takes the key of a record that keeps it.
        keeps = [*facts.before - {each.old for each in found.values()}]
        while keeps:
            taker = found.pop(keeps.pop(), None)
            if taker:
                keeps.append(taker.old)
        for new in found.keys() & facts.after:
            for key in (found[new].old, new):
                self._other.setdefault(key, []).append(commit.id)
        return [*found.values()]

    def _is_another(self, said: NewKey, commit: str) -> bool:
        """Whether what another side of a merge has under the old key is another record.

        Then the record itself is deleted there, and the merge has it under no key.
        """
        return any(
            self.ancestry.has(each, commit) and not self.ancestry.has(each, said.commit)
            for each in self._other.get(said.old, ())
        )


def _by_commit(said: Iterable[NewKey]) -> dict[str, list[NewKey]]:
    found: dict[str, list[NewKey]] = {}
    for each in dict.fromkeys(said):
        if each.commit in found or len(found) < _COMMITS:
            found.setdefault(each.commit, []).append(each)
    return found


# What comes of that for the records of a commit


def _between(repository: Repository, start: str, end: str) -> dict[RecordKey, RecordKey]:
    """The keys in ``end`` of records that ``start``, which it comes from, has under others."""
    commits = repository.history.mentioning(start, end, text=_SAYS)
    if not commits:
        return {}
    proof = _Proof.of(repository, start, end, commits)
    names = _Names(proof.ancestry)
    for commit in commits:
        proven = proof.by(commit).items()
        names.learn(
            commit.id,
            [each for at, some in proven if proof.ancestry.has(start, at) for each in some],
        )
    return names.last()


@dataclass
class _Names:
    """What records of the start are called in the commits after it, learned parents first."""

    ancestry: Ancestry
    _given: dict[RecordKey, list[tuple[str, NewKey]]] = field(default_factory=dict)
    """By the key at the start, which commit says what."""
    _had_by: dict[RecordKey, dict[RecordKey, None]] = field(default_factory=dict)
    """By key, the records that had it at some time."""

    def learn(self, commit: str, said: Iterable[NewKey]) -> None:
        """What one commit did to the keys that records have."""
        found: dict[RecordKey, NewKey] = {}
        for each in said:
            record = self._record(each.old, each.commit)
            if record:
                found[record] = each
        counts = Counter(each.new for each in found.values())
        for record, each in found.items():
            if counts[each.new] == 1:
                given = self._given.pop(record, [])
                given.append((commit, each))
                self._given[record] = given  # the last one given comes last
                had_by = self._had_by.setdefault(each.new, {})
                had_by.pop(record, None)
                had_by[record] = None

    def _name(self, record: RecordKey, commit: str) -> RecordKey:
        given = reversed(self._given.get(record, ()))
        return next((each.new for at, each in given if self.ancestry.has(at, commit)), record)

    def _record(self, name: RecordKey, commit: str) -> RecordKey | None:
        """The record of the start that is called so in a commit."""
        for record in (*reversed(self._had_by.get(name, ())), name):
            if self._name(record, commit) == name:
                return record
        return None

    def last(self) -> dict[RecordKey, RecordKey]:
        """What the records are called in the end, those that are called something else there."""
        having: dict[RecordKey, list[tuple[RecordKey, str, NewKey]]] = {}
        for record, given in self._given.items():
            commit, said = given[-1]
            having.setdefault(said.new, []).append((record, commit, said))
        found = {}
        for new, (*others, (record, _, said)) in having.items():
            # What had the key before is deleted, if the commit that it was taken from has seen that; or else
            # nobody knows which of them has it.
            seen = all(self.ancestry.has(commit, said.commit) for _, commit, _ in others)
            if seen and record != new:
                found[record] = new
        return found
