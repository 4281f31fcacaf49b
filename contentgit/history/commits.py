"""Two commits side by side, and one commit by itself, said in records.

Nothing here needs settings or a database: it runs in CI and on a bare clone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

from contentgit.content.canonical import FORMAT_VERSION, dump_document, parse_document
from contentgit.content.diff import Change
from contentgit.content.evolution import SchemaChange
from contentgit.content.layout import (
    CONFLICTS_FOLDER,
    REPOSITORY_FILE,
    decode_part,
    dump_folder,
    encode_part,
    record_paths,
)
from contentgit.content.records import CarriedFile, Record, RecordKey
from contentgit.content.referring import targets
from contentgit.content.schema import ModelSchema
from contentgit.content.titles import TitledChange, best_text
from contentgit.errors import ConflictError, FormatError, UnknownNameError
from contentgit.git import Commit, Repository
from contentgit.history.carried import read_file
from contentgit.history.dumps import Titles, dump_folders, recorded_schema
from contentgit.history.keys import key_in, keys_until, places_of
from contentgit.history.lenses import meeting
from contentgit.history.snapshots import (
    CommitSide,
    between_commits,
    change_batches,
    changes,
    in_order,
)

_RECORD = re.compile(r"\A[a-z0-9_]+\.[a-z0-9_]+:.", re.IGNORECASE)


def repository_document() -> bytes:
    """The bytes of ``contentgit.json``."""
    return dump_document({"format": FORMAT_VERSION})


def check_format(repository: Repository, commit: str) -> int:
    """The format of a commit; refuses one that is not contentgit's, or that a newer contentgit wrote.

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
    return number


def refuse_recorded(repository: Repository, commit: str) -> None:
    """Refuses a commit with conflicts in it: what stands at their places was never decided.

    Raises:
        ConflictError: it has some.
    """
    names = [path for path, _ in repository.trees.entries(commit, CONFLICTS_FOLDER)]
    if names:
        raise ConflictError(
            f"commit {commit[:10]} holds {len(names):,} undecided conflict"
            f"{'' if len(names) == 1 else 's'} of a merge",
            items=[f"{CONFLICTS_FOLDER}/{name}" for name in sorted(names)],
            hint="contentgit conflicts  (shows them)\n"
            "contentgit resolve LABEL --take ours|theirs  (decides one in a commit)",
            data={"conflicts": sorted(names)},
        )


class CommitTrees(NamedTuple):
    """Two commits by id, and the folders of all dumps that the second one has."""

    repository: Repository
    before: str
    after: str
    folders: Sequence[str]


@dataclass(frozen=True)
class CommitComparison:
    """Two snapshots by name, how many dumps they have, and what differs between them.

    ``read`` streams the changes, each time anew. ``trees`` is None where one side is a database.
    ``read_file`` gives the bytes of a small file of either side, ``b""`` where nobody has it.
    """

    before: str
    after: str
    dumps: int
    read: Callable[[], Iterator[TitledChange]]
    find_schemas: Callable[[], Mapping[str, Mapping[str, ModelSchema]]]
    trees: CommitTrees | None = None
    find_schema_changes: Callable[[], Sequence[SchemaChange]] = tuple
    read_file: Callable[[CarriedFile], bytes] = lambda _: b""

    @cached_property
    def schema_changes(self) -> Sequence[SchemaChange]:
        """What happened to the schemas of the dumps."""
        return self.find_schema_changes()

    @property
    def changes(self) -> Iterator[TitledChange]:
        """The changes from the beginning, streamed."""
        return self.read()

    @cached_property
    def schemas(self) -> Mapping[str, Mapping[str, ModelSchema]]:
        """The models of each dump's folder, as they are after the change."""
        return self.find_schemas()


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

    def wants(self, path: str) -> bool:
        """Whether the path is one of a wanted record."""
        return not self.records or path in self.paths

    @cached_property
    def paths(self) -> set[str]:
        """Where the wanted records may lie in a dump's folder."""
        return {path for key in self.records for path in record_paths(key)}

    def in_commits(self, repository: Repository, commits: Iterable[str], folder: str) -> Selection:
        """The same records with the labels that their models have in the commits."""
        keys = (
            key_in(repository, commit, folder, key) for commit in commits for key in self.records
        )
        return Selection(self.dumps, tuple(dict.fromkeys(keys)))

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


def names_record(word: str) -> bool:
    """Whether a word of a call looks like a record's key."""
    return bool(_RECORD.match(word))


def split_name(text: str) -> tuple[str, str]:
    """Name and arguments of ``districts:42``."""
    name, _, arguments = text.partition(":")
    return name, arguments


def compare_commits(
    repository: Repository, before: str, after: str, selection: Selection
) -> CommitComparison:
    """What differs between two commits; needs neither settings nor a database.

    Raises:
        UnknownNameError: a revision or dump does not exist.
        FormatError: a commit holds what contentgit does not write.
    """
    ids = [repository.refs.resolve(each) for each in (before, after)]
    for commit in ids:
        check_format(repository, commit)
    folders = selection.folders(repository, ids)
    trees = CommitTrees(repository, ids[0], ids[1], dump_folders(repository, ids[1]))
    return CommitComparison(
        before,
        after,
        len(folders),
        partial(commit_changes, repository, ids[0], ids[1], folders, selection),
        partial(_schemas, repository, ids, {*folders, *trees.folders}),
        trees,
        partial(schema_changes, repository, ids[0], ids[1], folders),
        partial(read_file, repository, ids),
    )


def schema_changes(
    repository: Repository, before: str | None, after: str, folders: Iterable[str]
) -> list[SchemaChange]:
    """What happened to the schemas of dumps between two commits."""
    return [
        change
        for folder in folders
        for change in meeting(repository, before or "", after, folder).changes
    ]


def _schemas(
    repository: Repository, commits: Sequence[str], folders: Iterable[str]
) -> Mapping[str, Mapping[str, ModelSchema]]:
    """The models of each folder as the last of the commits has them, or an earlier one."""
    found: dict[str, dict[str, ModelSchema]] = {}
    for folder in sorted(folders):
        found[folder] = {}
        for commit in commits:
            found[folder].update(recorded_schema(repository, commit, folder))
    return found


def commit_changes(
    repository: Repository,
    before: str | None,
    after: str,
    folders: Sequence[str],
    selection: Selection = Selection(),
) -> Iterator[TitledChange]:
    """The changes between two commits (``before`` may be ``None``: everything is new)."""
    titles = [Titles(repository, commit) for commit in (after, before) if commit]
    for folder in folders:
        met = meeting(repository, before or "", after, folder)
        differences = between_commits(repository, met.before or None, met.after, folder)
        sides = met.commits(before, after) if differences else ()
        wanted = selection.in_commits(repository, sides, folder)
        found = [each for each in differences if wanted.wants(each.path)]
        if not found:
            continue
        schema = recorded_schema(repository, after, folder) or (
            recorded_schema(repository, before, folder) if before else {}
        )
        schema = recorded_schema(repository, met.after, folder) or schema
        old = CommitSide(repository, met.before, folder)
        new = CommitSide(repository, met.after, folder)
        for batch in change_batches(changes(in_order(found), old, new)):
            yield from _titled(titles, folder, batch, schema)


def _titled(
    sources: Sequence[Titles],
    folder: str,
    batch: Sequence[Change],
    models: Mapping[str, ModelSchema],
) -> Iterator[TitledChange]:
    referring = {
        change.key: {*references_of(change, models.get(change.key.model))} for change in batch
    }
    titles: dict[RecordKey, str] = {}
    for source in sources:
        wanted = {key for keys in referring.values() for key in keys} - titles.keys()
        titles |= source.of(sorted(wanted), first=folder)
    for change in batch:
        record = change.after or change.before
        assert record is not None
        title = best_text(record, models.get(record.key.model))
        known = {str(key): titles[key] for key in referring[change.key] if titles.get(key)}
        yield TitledChange(folder, change, title, known)


def references_of(change: Change, schema: ModelSchema | None) -> Iterator[RecordKey]:
    """The keys in those fields of a change that are references, or hold some."""
    for field in change.fields:
        known = schema.by_name.get(field.name) if schema else None
        if known is not None:
            for value in (field.before, field.after):
                yield from targets(value, known)


class Shown(NamedTuple):
    """A commit, how many dumps it has, and what it changes against its first parent, records streamed."""

    commit: Commit
    dumps: int
    changes: Iterator[TitledChange]
    schema_changes: Sequence[SchemaChange] = ()


def log(
    repository: Repository, revision: str, names: Sequence[str], limit: int | None
) -> Iterator[Commit]:
    """The commits of a revision that touch the dumps or records called ``names``, newest first.

    Raises:
        UnknownNameError: the revision does not exist, or none of its commits has such a dump.
    """
    selection = Selection.parse(names)
    paths = [dump_folder(*split_name(name)) for name in selection.dumps]
    if selection.records:
        tip = repository.refs.resolve(revision.rpartition(".")[2] or "HEAD")
        folders = dump_folders(repository, tip)
        paths += [
            f"{folder}/{path}"
            for folder in folders
            for each in selection.records
            for key in keys_until(repository, tip, folder, each)
            for path in record_paths(key)
        ]
    none = True
    for commit in repository.history.log(revision, paths=paths, limit=limit):
        none = False
        yield commit
    if none and names and limit != 0:
        raise UnknownNameError(
            f"no commit of {revision} touches {', '.join(names)}",
            hint="contentgit log shows them all; names look like pages, districts:42, app.model:42",
        )


def shown(repository: Repository, commit: Commit, selection: Selection) -> Shown:
    """A commit with its changes.

    Raises:
        UnknownNameError: a dump does not exist.
    """
    check_format(repository, commit.id)
    parent = commit.parents[0] if commit.parents else None
    commits = [commit.id, parent] if parent else [commit.id]
    folders = selection.folders(repository, commits) if dump_folders(repository, commit.id) else []
    found = commit_changes(repository, parent, commit.id, folders, selection)
    evolved = schema_changes(repository, parent, commit.id, folders)
    return Shown(commit, len(folders), found, evolved)


def records_at(
    repository: Repository, revision: str, key: RecordKey
) -> list[tuple[str, Record, Mapping[str, str]]]:
    """A record as the dumps of a commit have it: folder, record, titles of what it refers to.

    A dump is left out where it has the same content as one before it.

    Raises:
        UnknownNameError: no dump of the commit has the record.
    """
    commit = repository.refs.resolve(revision)
    check_format(repository, commit)
    titles = Titles(repository, commit)
    found: dict[str, tuple[str, Record, Mapping[str, str]]] = {}
    for folder, _, path, blob in places_of(repository, commit, key):
        if blob in found:
            continue
        (record,) = CommitSide(repository, commit, folder).records([(path, blob)])
        assert record is not None
        models = recorded_schema(repository, commit, folder)
        (entry,) = _titled([titles], folder, [Change(record.key, None, record)], models)
        found[blob] = folder, record, entry.references
    if not found:
        raise no_record(revision, key)
    return list(found.values())


def no_record(revision: str, key: RecordKey) -> UnknownNameError:
    """The error that a revision lacks a record."""
    return UnknownNameError(
        f"{revision} has no record {key}",
        hint=f"contentgit log -- {key}  (lists the commits that have it); record keys look like "
        "app.model:42",
    )
