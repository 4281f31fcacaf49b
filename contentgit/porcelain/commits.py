"""Two commits side by side, and one commit by itself, said in records.

Nothing here needs settings or a database: it runs in CI and on a bare clone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from contentgit.canonical import FORMAT_VERSION, dump_document, parse_document
from contentgit.description import parse_schema
from contentgit.diff import Change
from contentgit.errors import FormatError, UnknownNameError
from contentgit.layout import DATASET_FILE, REPOSITORY_FILE, decode_part, dump_folder, encode_part
from contentgit.porcelain.snapshots import (
    CommitSide,
    Difference,
    between_commits,
    changes,
    paths_of,
)
from contentgit.records import Record, RecordKey
from contentgit.repository import Commit, Repository
from contentgit.schema import ModelSchema
from contentgit.titles import best_text

_RECORD = re.compile(r"\A[a-z0-9_]+\.[a-z0-9_]+:.", re.IGNORECASE)


def repository_document() -> bytes:
    """The bytes of ``contentgit.json``."""
    return dump_document({"format": FORMAT_VERSION})


def check_format(repository: Repository, commit: str) -> None:
    """Refuses a commit that is not contentgit's, or that a newer contentgit wrote.

    Raises:
        FormatError: the commit has no ``contentgit.json``, a broken one, or one with a newer format.
    """
    data = repository.blob(commit, REPOSITORY_FILE)
    if data is None:
        raise FormatError(
            f"commit {commit[:10]} has no {REPOSITORY_FILE}: it is not content of contentgit",
            hint="name another revision, or run 'contentgit init' in a repository of its own",
        )
    try:
        document = parse_document(data)
    except FormatError as error:
        raise FormatError(f"{REPOSITORY_FILE} of commit {commit[:10]}: {error.message}") from error
    number = document.get("format") if isinstance(document, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise FormatError(f"{REPOSITORY_FILE} of commit {commit[:10]} names no format number")
    if number > FORMAT_VERSION:
        raise FormatError(
            f"commit {commit[:10]} has format {number}; this contentgit reads up to format "
            f"{FORMAT_VERSION}",
            hint="upgrade contentgit: pip install -U contentgit",
        )


@dataclass(frozen=True)
class TitledChange:
    """A change with the dump it belongs to, its record's title, and titles of what it refers to."""

    dump: str
    change: Change
    title: str
    references: Mapping[str, str]


@dataclass(frozen=True)
class Comparison:
    """Two snapshots by name, and what differs from the first to the second, streamed."""

    before: str
    after: str
    changes: Iterator[TitledChange]


def _typed_key(text: str) -> RecordKey:
    """The key of a record as people type it: encoded as we print it, or plain (``auth.group:Editors``)."""
    key = RecordKey.parse(text)
    try:
        for part in key.key.split(","):
            decode_part(part)
    except ValueError:
        return RecordKey(key.model.lower(), encode_part(key.key))
    return RecordKey(key.model.lower(), key.key)


@dataclass(frozen=True)
class Selection:
    """Which dumps and records of a comparison are wanted; nothing named means all."""

    dumps: tuple[str, ...] = ()
    records: tuple[RecordKey, ...] = ()

    @classmethod
    def parse(cls, names: Sequence[str]) -> Selection:
        """Names of dumps (``pages``, ``districts:42``) and records (``pages.page:42``)."""
        records = [name for name in names if _RECORD.match(name)]
        dumps = [name for name in names if name not in records]
        return cls(tuple(dumps), tuple(map(_typed_key, records)))

    def wants(self, difference: Difference) -> bool:
        """Whether the path is one of a wanted record."""
        return not self.records or difference.path in self.paths

    @cached_property
    def paths(self) -> set[str]:
        """Where the wanted records may lie in a dump's folder."""
        return {path for key in self.records for path in paths_of(key)}

    def folders(self, repository: Repository, commits: Sequence[str]) -> list[str]:
        """The wanted dumps' folders in the commits, in the order of their names.

        Raises:
            UnknownNameError: none of the commits has the dump.
        """
        known = {folder: None for commit in commits for folder in dump_folders(repository, commit)}
        wanted = [dump_folder(*split_name(name)) for name in self.dumps] or sorted(known)
        for folder in wanted:
            if folder not in known:
                raise UnknownNameError(
                    f"no dump {folder!r} in {' or '.join(each[:10] for each in commits)}",
                    hint=f"dumps there: {', '.join(sorted(known)) or 'none'}",
                )
        return wanted


def split_name(text: str) -> tuple[str, str]:
    """Name and arguments of ``districts:42``."""
    name, _, arguments = text.partition(":")
    return name, arguments


def dump_folders(repository: Repository, commit: str) -> list[str]:
    """The folders of a commit that hold dumps."""
    return [each for each in repository.folders(commit) if not each.startswith(".")]


def compare_commits(
    repository: Repository, before: str, after: str, selection: Selection
) -> Comparison:
    """What differs between two commits; needs neither settings nor a database.

    Raises:
        UnknownNameError: a revision or dump does not exist.
        FormatError: a commit holds what contentgit does not write.
    """
    ids = [repository.resolve(each) for each in (before, after)]
    for commit in ids:
        check_format(repository, commit)
    folders = selection.folders(repository, ids)
    return Comparison(before, after, commit_changes(repository, ids[0], ids[1], folders, selection))


def commit_changes(
    repository: Repository,
    before: str | None,
    after: str,
    folders: Sequence[str],
    selection: Selection = Selection(),
) -> Iterator[TitledChange]:
    """The changes between two commits (``before`` may be ``None``: everything is new)."""
    for folder in folders:
        schema = recorded_schema(repository, after, folder) or (
            recorded_schema(repository, before, folder) if before else {}
        )
        found = filter(selection.wants, between_commits(repository, before, after, folder))
        old = CommitSide(repository, before or "", folder)
        new = CommitSide(repository, after, folder)
        for change in changes(found, old, new):
            record = change.after or change.before
            assert record is not None
            title = best_text(record, schema.get(record.key.model))
            yield TitledChange(folder, change, title, {})


def recorded_schema(repository: Repository, commit: str, folder: str) -> Mapping[str, ModelSchema]:
    """The models of a dump as ``dataset.json`` of a commit has them; empty where there is none."""
    data = repository.blob(commit, f"{folder}/{DATASET_FILE}")
    return parse_schema(parse_document(data)).models if data is not None else {}


@dataclass(frozen=True)
class Shown:
    """A commit and what it changes against its first parent, streamed."""

    commit: Commit
    changes: Iterator[TitledChange]


def log(
    repository: Repository, revision: str, names: Sequence[str], limit: int | None
) -> Iterator[Commit]:
    """The commits of a revision that touch the dumps, newest first.

    Raises:
        UnknownNameError: the revision does not exist.
    """
    folders = [dump_folder(name, arguments) for name, arguments in map(split_name, names)]
    yield from repository.log(revision, folders=folders, limit=limit)


def show(repository: Repository, revision: str, selection: Selection) -> Shown:
    """A commit with its changes.

    Raises:
        UnknownNameError: the revision or a dump does not exist.
    """
    commit = repository.commit(repository.resolve(revision))
    check_format(repository, commit.id)
    parent = commit.parents[0] if commit.parents else None
    commits = [commit.id, parent] if parent else [commit.id]
    folders = selection.folders(repository, commits) if dump_folders(repository, commit.id) else []
    return Shown(commit, commit_changes(repository, parent, commit.id, folders, selection))


def record_at(repository: Repository, revision: str, key: RecordKey) -> tuple[str, Record]:
    """A record as a commit has it, with the folder of its dump.

    Raises:
        UnknownNameError: no dump of the commit has the record.
    """
    commit = repository.resolve(revision)
    check_format(repository, commit)
    selection = Selection(records=(key,))
    for folder in dump_folders(repository, commit):
        side = CommitSide(repository, commit, folder)
        for path in sorted(selection.paths):
            blob = repository.entry(commit, f"{folder}/{path}")
            if blob is not None:
                (record,) = side.records([(path, blob)])
                assert record is not None
                return folder, record
    raise UnknownNameError(
        f"{revision} has no record {key}",
        hint=f"contentgit log -- {key.model} lists commits; record keys look like app.model:42",
    )
