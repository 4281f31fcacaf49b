"""Records that a merge gave another key: what a later commit calls a record of an earlier one.

A merge that gave new keys says so in trailers of its message, for each of its parents. Anybody can write such
a line: it counts only where the commit that it names is an earlier one and has the record.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contentgit.content.layout import record_paths
from contentgit.content.records import RecordKey
from contentgit.git import Commit, Repository
from contentgit.history.dumps import dump_folders, recorded_schema

TRAILER: Final = "Contentgit-Renumbered"
"""``Contentgit-Renumbered: polls.choice:2 of 0123456789… is polls.choice:3``, one for each record."""

_KEY: Final = r"([a-z0-9_]+\.[a-z0-9_]+:(?:0|-?[1-9][0-9]{0,18}))"
_SAID: Final = re.compile(rf"{_KEY} of ([0-9a-f]{{40}}|[0-9a-f]{{64}}) is {_KEY}")


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


def new_keys_since(
    repository: Repository, before: str, after: str
) -> Mapping[RecordKey, RecordKey]:
    """The keys in the commit ``after`` of those records of ``before`` that have others there.

    Whether ``before`` has them is not looked at. Where one is not an ancestor of the other, it is gone back
    to what both come from, and only records count that are there: a key that both sides gave since is not one
    record.
    """
    found = _NewKeys(repository)
    if before == after:
        return {}
    if repository.history.is_ancestor(before, after):
        return found.between(before, after)
    base = next(iter(repository.history.merge_bases(before, after)), None)
    if base is None:
        return {}
    back, on = (_common(repository, base, found.between(base, each)) for each in (before, after))
    back = _turned(back)
    moved = {*back.values()}
    both = {key: on.get(older, older) for key, older in back.items()}
    # What has the name of a record that went elsewhere on the way came later: it has none before.
    both |= {key: newer for key, newer in on.items() if key not in moved and key not in back}
    return {key: newer for key, newer in both.items() if key != newer}


def _common(
    repository: Repository, base: str, keys: Mapping[RecordKey, RecordKey]
) -> dict[RecordKey, RecordKey]:
    """Those of the keys that are of records which the base has: all others came later, on one side alone."""
    models = models_at(repository, base) if keys else set()
    there = records_at(repository, base, [key for key in keys if key.model in models])
    return {k: new for k, new in keys.items() if k in there or k.model not in models}


def _turned(keys: Mapping[RecordKey, RecordKey]) -> dict[RecordKey, RecordKey]:
    return {new: old for old, new in keys.items()}


@dataclass
class _NewKeys:
    repository: Repository
    _known: dict[tuple[str, str], dict[RecordKey, RecordKey]] = field(default_factory=dict)

    def between(self, start: str, end: str) -> dict[RecordKey, RecordKey]:
        """The keys in ``end`` of records that a commit which it comes from has under others."""
        if (start, end) not in self._known:
            self._known[start, end] = {}  # what refers to itself says nothing
            found: dict[RecordKey, RecordKey] = {}
            for commit in self.repository.history.mentioning(start, end, f"{TRAILER}: "):
                found |= self._by(start, commit)
            self._known[start, end] = {old: new for old, new in found.items() if old != new}
        return self._known[start, end]

    def _by(self, start: str, commit: Commit) -> dict[RecordKey, RecordKey]:
        """What one commit did to the keys that records have at the start."""
        said: dict[str, list[NewKey]] = {}
        for each in said_by(commit):
            said.setdefault(each.commit, []).append(each)
        found: dict[RecordKey, RecordKey] = {}
        for earlier, some in said.items():
            if not self._has(earlier, commit.id) or not self._has(start, earlier):
                continue
            names = self.between(start, earlier)
            older = _turned(names)
            there = self._gone(earlier, commit.id, {each.old for each in some})
            models = models_at(self.repository, earlier)
            found |= {
                older.get(each.old, each.old): each.new
                for each in some
                if each.old in there or each.old.model not in models  # it had another label
                if each.old in older or each.old not in names
            }
        counts = Counter(found.values())
        return {old: new for old, new in found.items() if counts[new] == 1}

    def _gone(self, earlier: str, later: str, keys: Collection[RecordKey]) -> set[RecordKey]:
        """Those of the keys of which a commit has a record, and a later one not the same any more."""
        paths = _paths(self.repository, earlier, keys)
        before, after = (
            self.repository.trees.files_at(commit, [*paths]) for commit in (earlier, later)
        )
        stays = {paths[path] for path, blob in before.items() if after.get(path) == blob}
        return {paths[path] for path in before} - stays

    def _has(self, one: str, other: str) -> bool:
        """Whether ``one`` is there, and is ``other`` or an ancestor of it."""
        if one == other:
            return True
        return self.repository.objects.has(one) and self.repository.history.is_ancestor(one, other)


def models_at(repository: Repository, commit: str) -> set[str]:
    """The models of a commit's dumps."""
    folders = dump_folders(repository, commit)
    return {label for each in folders for label in recorded_schema(repository, commit, each)}


def records_at(repository: Repository, commit: str, keys: Collection[RecordKey]) -> set[RecordKey]:
    """Those of the keys of which a dump of the commit has a record."""
    paths = _paths(repository, commit, keys)
    return {paths[path] for path in repository.trees.files_at(commit, [*paths])}


def _paths(
    repository: Repository, commit: str, keys: Collection[RecordKey]
) -> dict[str, RecordKey]:
    """Where a commit's dumps can have the records."""
    folders = dump_folders(repository, commit)
    return {
        f"{folder}/{path}": key for key in keys for path in record_paths(key) for folder in folders
    }
