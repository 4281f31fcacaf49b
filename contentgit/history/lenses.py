"""A dump of a commit as a newer schema has it: a tree that is written once, and then read like any other.

The tree follows from the commit's records by a pure function. It is in no branch. A ref keeps it, and a file
in the git directory says that it was made here: a ref alone can be pushed by others.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from contentgit.content import canonical
from contentgit.content.description import with_models
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.evolution import (
    KEY,
    LostValues,
    Migration,
    SchemaChange,
    Standing,
)
from contentgit.content.evolution.documents import history_document
from contentgit.content.layout import DATASET_FILE, model_of, record_path
from contentgit.content.lenses import Lens
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.errors import ContentgitError, RecordError
from contentgit.git import Repository
from contentgit.git.trees import PLAIN_FILE
from contentgit.git.values import FileEntry, Placed
from contentgit.history.dumps import recorded_schema, recorded_standing
from contentgit.history.snapshots import LOST_VALUES, CommitSide, batches

PREFIX = "refs/contentgit/lens"
"""The refs that keep such trees."""

_FORM: Final = b"3"
"""Another form of these trees has another number: those of before are not read."""

_LOST: Final = "lost.json"


class Seen(NamedTuple):
    """A tree with the dump's folder as the newer schema has it, and the values that are not in it."""

    tree: str
    lost: tuple[LostValues, ...] = ()


@dataclass(frozen=True)
class View:
    """How a dump is to be read: its ``migrations`` since then, and the newer models with their document.

    ``fill`` is that of :class:`contentgit.content.lenses.Lens`.
    """

    migrations: Sequence[Migration]
    models: Mapping[str, ModelSchema]
    document: bytes
    fill: bool = True


def seen_through(repository: Repository, commit: str, folder: str, view: View) -> Seen:
    """The dump in ``folder`` of a commit, or of a tree, as the view has it.

    Of a tree that is like one seen before, only the records that differ are read.

    Raises:
        FormatError: a file is no record, or two records have one key in the newer schema.
        RepositoryError: git cannot write.
    """
    tree = repository.trees.folder_id(commit, folder)
    if tree is None:
        return Seen(repository.trees.root(commit))
    kept = _Kept(repository, _name(repository, commit, folder, view))
    found = kept.read(tree)
    if found is None:
        repository.writer.allow_reading_only()
        made = _Made(repository, folder, view, recorded_schema(repository, commit, folder))
        like = kept.latest()
        found = made.tree(tree, *like) if like else made.tree(tree)
        kept.write(tree, found)
    return Seen(found, _lost(repository, found))


def folder_of(repository: Repository) -> Path:
    """Where files say which trees were made here; without it, and the refs, they are made again."""
    return repository.git_dir / "contentgit" / "lenses"


def _lost(repository: Repository, tree: str) -> tuple[LostValues, ...]:
    data = repository.blob(tree, _LOST)
    return tuple(LostValues(*each) for each in (parse_document(data) if data else ()))


def _name(repository: Repository, commit: str, folder: str, view: View) -> str:
    history = dump_document(history_document(view.migrations))
    older = repository.blob(commit, f"{folder}/{DATASET_FILE}") or b""
    parts = (_FORM, folder.encode(), older, history, view.document, b"%d" % view.fill)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@dataclass(frozen=True)
class _Kept:
    """Where trees are kept that were made in the same way, each by the id of the tree that it was made of."""

    repository: Repository
    name: str

    @property
    def _folder(self) -> Path:
        return folder_of(self.repository) / self.name

    def read(self, source: str) -> str | None:
        try:
            tree = (self._folder / source).read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        return tree if self.repository.refs.read(self._ref(source)) == tree else None

    def latest(self) -> tuple[str, str] | None:
        """The one made last: what it was made of, and the tree."""
        with suppress(OSError):
            files = [(each.stat().st_mtime_ns, each.name) for each in self._folder.iterdir()]
            for _, source in sorted(files, reverse=True)[:1]:
                tree = self.read(source)
                return (source, tree) if tree else None
        return None

    def write(self, source: str, tree: str) -> None:
        ref = self._ref(source)
        # What is not kept is made again.
        with suppress(OSError, ContentgitError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self.repository.refs.move(ref, tree, self.repository.refs.read(ref), "lens")
            (self._folder / source).write_text(tree, "ascii")

    def _ref(self, source: str) -> str:
        return f"{PREFIX}/{self.name}/{source}"


class _Made:
    """Makes the trees of a dump's folder as a view has them."""

    def __init__(
        self, repository: Repository, folder: str, view: View, older: Mapping[str, ModelSchema]
    ) -> None:
        self._repository = repository
        self._folder = folder
        self._view = view
        self._older = older
        self._lens = Lens(older, view.migrations, fill=view.fill, newer=view.models)
        self._reads: dict[str, bool] = {}
        self._lost: Counter[tuple[str, str, str]] = Counter()

    def tree(self, source: str, like: str = "", seen: str = "") -> str:
        """The tree of the folder ``source``; ``seen`` is that of the folder ``like``, if there is one."""
        write = self._repository.writer.write_tree
        root = write(None, (), {self._folder: source})
        if like:
            for model, field, migration, records in _lost(self._repository, seen):
                self._lost[model, field, migration] = records
            before = write(None, (), {self._folder: like})
            differing = self._repository.trees.diff_entries(before, root, self._folder)
            changes = self._changes(before, root, differing)
            start = seen
        else:
            entries = self._repository.trees.entries(root, self._folder)
            changes = self._changes("", root, ((path, None, blob) for path, blob in entries))
            start = root
        made = write(None, changes, {"": start})
        listed = [[*names, count] for names, count in sorted(self._lost.items()) if count]
        lost = dump_document(listed) if listed else None
        if lost == self._repository.blob(made, _LOST):
            return made
        return write(None, [(_LOST, lost)], {"": made})

    def _changes(
        self, before: str, after: str, differing: Iterable[tuple[str, str | None, str | None]]
    ) -> Iterator[tuple[str, Placed]]:
        """What differs in the newer schema: what goes comes before what comes."""
        yield f"{self._folder}/{DATASET_FILE}", self._view.document
        wanted = []
        for path, was, now in differing:
            if path == DATASET_FILE:
                continue
            if self._is_read(path):
                wanted.append((path, was, now))
            elif before:  # as it is
                place = f"{self._folder}/{path}"
                yield place, FileEntry(PLAIN_FILE, now) if now else None
        old = [(path, blob) for path, blob, _ in wanted if blob]
        for path, _, lost, held in self._read(before, old):
            self._lost.subtract(lost)
            yield f"{self._folder}/{path}", None
            if held:
                yield f"{LOST_VALUES}/{path}", None
        new = [(path, blob) for path, _, blob in wanted if blob]
        for path, data, lost, held in self._read(after, new):
            self._lost.update(lost)
            yield f"{self._folder}/{path}", data
            if held:
                yield f"{LOST_VALUES}/{path}", held

    def _is_read(self, path: str) -> bool:
        label = model_of(f"{self._folder}/{path}")
        if label not in self._reads:
            self._reads[label] = self._lens.changes(label)
        return self._reads[label]

    def _read(
        self, tree: str, entries: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[str, bytes | None, list[tuple[str, str, str]], bytes]]:
        """The path and bytes of each record, what it loses, and the bytes of what it held in such fields.

        First that its older path is free.
        """
        side = CommitSide(self._repository, tree, self._folder)
        for batch in batches(entries):
            for (path, _), record in zip(batch, side.records(batch), strict=True):
                assert record is not None
                read = self._lens.read(record)
                lost = [(record.key.model, each.field, each.migration) for each in read.lost]
                if read.record is None:
                    yield path, None, lost, b""
                    continue
                label = read.record.key.model
                model = self._view.models.get(label, self._older[record.key.model])
                place = self._place(read.record.key, model)
                if not place:
                    yield path, None, [(record.key.model, KEY, self._lens.other_keys[-1][0])], b""
                    continue
                if place != path:
                    yield path, None, [], b""
                held = {each.now: each.value for each in read.lost if each.now}
                was = Record(read.record.key, held)
                data = canonical.encode(read.record, model.key_kind)
                yield place, data, lost, canonical.encode(was, model.key_kind) if held else b""

    def _place(self, key: RecordKey, model: ModelSchema) -> str:
        """Where a record goes; ``""`` where only a migration's code knows the key that it gave it."""
        try:
            return record_path(key, model.layout)
        except RecordError:
            if not self._lens.other_keys:
                raise
            return ""


class CommonView(NamedTuple):
    """A dump of two commits in one schema: trees to compare, and how it changed.

    The schema is the newer one's, or where each has migrations of its own, that which both make together.
    """

    before: str
    after: str
    changes: tuple[SchemaChange, ...] = ()

    def commits(self, before: str | None, after: str) -> Sequence[str]:
        """Those of the two commits whose labels the trees have."""
        kept = {(before if each.backwards else after) for each in self.changes}
        return [each for each in (before, after) if each and (not kept or each in kept)]


def meeting(repository: Repository, before: str, after: str, folder: str) -> CommonView:
    """The dump of two commits so that they can be compared.

    Where what is recorded does not say how to read both in one schema, they are as they are.

    Raises:
        FormatError: a ``dataset.json`` or a record is damaged.
    """
    path = f"{folder}/{DATASET_FILE}"
    documents = [repository.blob(commit, path) if commit else None for commit in (before, after)]
    if None in documents or documents[0] == documents[1]:
        return CommonView(before, after)
    older, newer = (recorded_standing(repository, commit, folder) for commit in (before, after))
    for migrations, one, other in (
        (newer.since(older), before, after),
        (older.since(newer), after, before),
    ):
        if migrations and any(each.steps for each in migrations):
            models = recorded_schema(repository, other, folder)
            document = repository.blob(other, path) or b""
            # What older code has left out of a commit is gone, and not what a migration would make of it.
            is_commit = repository.trees.root(other) != other
            dropped = one == after and is_commit and repository.history.is_ancestor(other, one)
            view = View(migrations, models, document, fill=not dropped)
            seen = seen_through(repository, one, folder, view)
            change = SchemaChange(folder, migrations, seen.lost, one == after, dropped=dropped)
            sides = (before, seen.tree) if one == after else (seen.tree, after)
            return CommonView(*sides, (change,))
    if older.begins_like(newer):
        return _apart(repository, (before, after), older.joined(newer), folder)
    return CommonView(before, after)


def _apart(
    repository: Repository, commits: tuple[str, str], joined: Standing, folder: str
) -> CommonView:
    """Two commits of which neither has all migrations of the other, in the schema that both make together."""
    standings = [recorded_standing(repository, each, folder) for each in commits]
    ways = [joined.since(each) or () for each in standings]
    if not any(each.steps for way in ways for each in way):
        return CommonView(*commits)
    schemas = [recorded_schema(repository, each, folder) for each in commits]
    models = _together(schemas, ways)
    described = parse_document(repository.blob(commits[1], f"{folder}/{DATASET_FILE}") or b"")
    document = dump_document(with_models(described, models))
    trees, changes = [], []
    for commit, way, backwards in zip(commits, ways, (False, True), strict=True):
        seen = seen_through(repository, commit, folder, View(way, models, document))
        trees.append(seen.tree)
        if any(each.steps for each in way):
            changes.append(SchemaChange(folder, way, seen.lost, backwards, apart=True))
    return CommonView(trees[0], trees[1], tuple(changes))


def _together(
    schemas: Iterable[Mapping[str, ModelSchema]], ways: Iterable[Sequence[Migration]]
) -> Mapping[str, ModelSchema]:
    """The models of both sides by their newer labels, with the fields that both have in the end."""
    found: dict[str, ModelSchema] = {}
    for models, way in zip(schemas, ways, strict=True):
        lens = Lens(models, way)
        for label, model in models.items():
            newer = lens.newer(label)
            if newer is None:
                continue
            known = found.get(newer.label, replace(model, label=newer.label, fields=()))
            names = ((newer.fields.get(each.name), each) for each in model.fields)
            fields = {name: replace(each, name=name) for name, each in names if name}
            fields |= known.by_name
            found[newer.label] = replace(
                known, fields=tuple(fields[name] for name in sorted(fields))
            )
    return found
