"""``blame``: which commit last changed each field of a record, and each sentence of its texts.

As git does it for lines: what a commit has is passed on to the first parent that has the same, and what no
parent has is the commit's own. Older records are read as the newest schema has them, so a renamed field keeps
its commits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from contentgit.content import canonical
from contentgit.content.alignment import runs
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.text import in_segments, segments
from contentgit.errors import FormatError
from contentgit.git import Commit, Repository, Version
from contentgit.history.commits import check_format, no_record
from contentgit.history.keys import places_of
from contentgit.history.newest import NewestSchema
from contentgit.history.snapshots import batches

BATCH = 200
"""Versions of the record that are read at a time; most blames need few."""

_Pieces: TypeAlias = Sequence[Hashable]
_Reader: TypeAlias = Callable[[str], _Pieces]


@dataclass(frozen=True)
class BlamedPiece:
    """A sentence of a text, and the commit that wrote it."""

    text: str
    commit: str


@dataclass(frozen=True)
class BlamedField:
    """A field, the commit that last changed it, and of a long text each sentence."""

    name: str
    value: Value
    commit: str
    pieces: tuple[BlamedPiece, ...] = ()


@dataclass(frozen=True)
class Blame:
    """A record as the dump in ``folder`` has it, and who wrote what; ``commits`` by id."""

    key: RecordKey
    folder: str
    fields: tuple[BlamedField, ...]
    commits: Mapping[str, Commit]


def blame(repository: Repository, revision: str, key: RecordKey) -> Blame:
    """Who last changed each field of a record, as of ``revision``; of several dumps with it, in the first.

    Raises:
        UnknownNameError: the revision does not exist, or has no such record.
        FormatError: the record there cannot be read.
    """
    commit = repository.refs.resolve(revision)
    check_format(repository, commit)
    folder, key = _place(repository, commit, revision, key)
    newest = NewestSchema(repository, commit, folder, key)
    found = repository.history.versions(commit, newest.paths)
    records = _Records(newest, found)
    record = records.of(found[0].commit)
    if record is None:
        raise FormatError(
            f"{key} in {revision} cannot be read as a record",
            hint=f"contentgit show {revision} -- {key}  says why",
        )
    fields = [_blamed(name, value, found, records) for name, value in sorted(record.fields.items())]
    ids = {each.commit for each in fields} | {p.commit for each in fields for p in each.pieces}
    return Blame(key, folder, tuple(fields), repository.history.commits(sorted(ids)))


def _place(
    repository: Repository, commit: str, revision: str, key: RecordKey
) -> tuple[str, RecordKey]:
    """The folder of the first dump that has the record, and the record's key there."""
    for each in places_of(repository, commit, key):
        if "\n" not in each.folder:
            return each.folder, each.key
    raise no_record(revision, key)


class _Records:
    """The record of each version, read in batches when the first of a batch is asked for."""

    def __init__(self, newest: NewestSchema, versions: Sequence[Version]) -> None:
        named = ((each.commit, newest.blob(each)) for each in versions)
        self._newest = newest
        self._versions = {each.commit: each for each in versions}
        self._blobs = {commit: blob for commit, blob in named if blob}
        self._waiting = batches(dict.fromkeys(self._blobs.values()), BATCH)
        self._read: dict[str, Record | None] = {}
        self._newer: dict[str, Record | None] = {}

    def of(self, commit: str) -> Record | None:
        """The record as a commit has it; ``None`` where it has none, or one that cannot be read."""
        blob = self._blobs.get(commit)
        if blob is None:
            return None
        while blob not in self._read:
            batch = next(self._waiting)
            for each, data in zip(batch, self._newest.repository.objects.blobs(batch), strict=True):
                self._read[each] = _decoded(data)
        if commit not in self._newer:
            record = self._read[blob]
            self._newer[commit] = record and self._newest.read(self._versions[commit], record)
        return self._newer[commit]


def _decoded(data: bytes) -> Record | None:
    try:
        return canonical.decode(data)
    except FormatError:
        return None


def _blamed(name: str, value: Value, found: Sequence[Version], records: _Records) -> BlamedField:
    def whole(commit: str) -> _Pieces:
        record = records.of(commit)
        return [_Same(record.fields[name])] if record and name in record.fields else []

    def sentences(commit: str) -> _Pieces:
        record = records.of(commit)
        text = record.fields.get(name) if record else None
        return segments(text) if isinstance(text, str) else []

    (commit,) = _commits(found, whole)
    if not isinstance(value, str) or not in_segments(value):
        return BlamedField(name, value, commit)
    pairs = zip(segments(value), _commits(found, sentences), strict=True)
    return BlamedField(name, value, commit, tuple(BlamedPiece(*pair) for pair in pairs))


@dataclass(frozen=True)
class _Same:
    """A value that equals another only if it is the same content."""

    value: Value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and canonical.same(self.value, other.value)

    def __hash__(self) -> int:
        return 0


def _commits(found: Sequence[Version], pieces: _Reader) -> list[str]:
    """The commit that each piece of the first version comes from."""
    first = found[0].commit
    result = [first] * len(pieces(first))
    # By commit: place in it of each piece whose commit is not known, and its place in the result.
    waiting: dict[str, dict[int, list[int]]] = {first: {n: [n] for n in range(len(result))}}
    for version in found:
        own = waiting.pop(version.commit, {})
        for parent in version.parents:
            if not own:
                break
            passed = waiting.setdefault(parent, {})
            for before, here in _matching(pieces(parent), pieces(version.commit)):
                if here in own:
                    passed.setdefault(before, []).extend(own.pop(here))
        for places in own.values():
            for place in places:
                result[place] = version.commit
        if not any(waiting.values()):
            break
    return result


def _matching(before: _Pieces, after: _Pieces) -> list[tuple[int, int]]:
    """The places of pieces that correspond."""
    if before == after:
        return [(place, place) for place in range(len(after))]
    pairs, i, j = [], 0, 0
    for old, new in runs(before, after):
        if old == new:
            pairs += [(i + step, j + step) for step in range(len(old))]
        i, j = i + len(old), j + len(new)
    return pairs
