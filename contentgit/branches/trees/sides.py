"""What two sides changed since their base: files, and the records in them.

Files are compared by blob id; memory holds the paths and ids of those that a side changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, product
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from contentgit.content.layout import (
    DATASET_FILE,
    FILES_FOLDER,
    dump_of,
    in_dump,
    record_key,
    record_path,
)
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import Layout, ModelSchema, joined
from contentgit.content.titles import best_text
from contentgit.errors import FormatError, RecordError, RefusedError
from contentgit.git import FileEntry, Repository
from contentgit.history.dumps import recorded_schema
from contentgit.history.naming import refuse_renamed
from contentgit.history.snapshots import batches, record_in
from contentgit.merge import Side, Three

File: TypeAlias = FileEntry | None
Versions: TypeAlias = tuple[File, File, File]
"""A file in base, ours and theirs."""

PLAIN = "100644"
BATCH = 1000
"""Records that are held at a time, each on three sides."""


Keys: TypeAlias = Mapping[RecordKey, RecordKey]
"""Other keys of a commit's records, by those that they have there; records that keep theirs are left out."""


class OneKeyEach(NamedTuple):
    """How commits are read so that a record has one key in all of them.

    ``keys`` has, by commit, its records' other keys; ``free`` are those that no merge gave before. What is as
    in the commit ``since`` refers to none of these records: it has none of them.
    """

    keys: Mapping[str, Keys] = MappingProxyType({})
    free: frozenset[RecordKey] = frozenset()
    since: str = ""


class Base(NamedTuple):
    """The common base: a tree (``None``: nothing), and the commits that it was made from.

    Where the bases of a criss-cross contradict each other, a field is left out of its record, so that
    it is equal to nobody's; at the ``doubtful`` paths a record or file was there on one side alone.
    ``reading`` is how the sides must be read to be merged with the tree.
    """

    tree: str | None
    commits: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()
    reading: OneKeyEach = OneKeyEach()


@dataclass
class Sides:
    """Base, ours and theirs as trees or commits, and which files differ.

    ``untouched`` are files that no side changed and that the merge changes all the same.
    """

    repository: Repository
    base: Base
    ours: str
    theirs: str
    untouched: dict[str, FileEntry] = field(default_factory=dict)
    _schemas: dict[str, Mapping[str, ModelSchema]] = field(default_factory=dict)
    _kinds: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def by_ours(self) -> Mapping[str, tuple[File, File]]:
        """What we changed: path, before and after."""
        return self._changed(self.ours)

    @cached_property
    def by_theirs(self) -> Mapping[str, tuple[File, File]]:
        """What they changed."""
        return self._changed(self.theirs)

    def _changed(self, side: str) -> dict[str, tuple[File, File]]:
        found = self.repository.trees.changed_files(self.base.tree, side)
        # The files of both sides follow from the records that are merged.
        beside = f"{FILES_FOLDER}/"
        return {
            path: (before, after) for path, before, after in found if not path.startswith(beside)
        }

    def versions(self, path: str) -> Versions:
        """A file that a side changed, or an ``untouched`` one, on all three sides."""
        here, there = self.by_ours.get(path), self.by_theirs.get(path)
        known = here or there
        if known is None:
            file = self.untouched.get(path)
            return file, file, file
        base = known[0]
        return base, here[1] if here else base, there[1] if there else base

    def add_untouched(self, paths: Iterable[str]) -> Mapping[str, str]:
        """Takes in files that no side changed: those at ``paths`` that ours has, with their blob ids."""
        there = self.repository.trees.files_at(self.ours, list(paths))
        self.untouched.update({path: FileEntry(PLAIN, blob) for path, blob in there.items()})
        return there

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders that are dumps on a side."""
        names = {name for side in self._trees for name in self.repository.trees.folders(side)}
        return frozenset(
            name for name in names if not name.startswith(".") and name != FILES_FOLDER
        )

    @property
    def _trees(self) -> Sequence[str]:
        return [each for each in (self.base.tree, self.ours, self.theirs) if each]

    def refuse_replaced(self) -> None:
        """Raises FormatError where a dump's folder is something else on another side."""
        for side, folder in product(self._trees, sorted(self.folders)):
            try:
                self.repository.trees.folder_id(side, folder)
            except FormatError:
                description = f"{folder}/{DATASET_FILE}"
                if any(self.repository.trees.entry(each, description) for each in self._trees):
                    raise

    def schema(self, folder: str) -> Mapping[str, ModelSchema]:
        """The models of a dump: as theirs has them, else ours, else the base."""
        if folder not in self._schemas:
            base, ours, theirs = (
                recorded_schema(self.repository, side, folder) if side else {}
                for side in (self.base.tree, self.ours, self.theirs)
            )
            refuse_moved(folder, ours, theirs)
            if ours and theirs:
                refuse_renamed(self.repository, folder, self.ours, self.theirs)
            self._schemas[folder] = {**base, **theirs, **_grouped(ours, theirs)}
        return self._schemas[folder]

    @cached_property
    def models(self) -> Mapping[str, ModelSchema]:
        """The models of all dumps."""
        return {
            label: schema
            for folder in sorted(self.folders)
            for label, schema in self.schema(folder).items()
        }

    def is_record(self, path: str) -> bool:
        """Whether the path is that of a record."""
        if path not in self._kinds:  # who merges asks of each file several times
            self._kinds[path] = self._is_record(path)
        return self._kinds[path]

    def _is_record(self, path: str) -> bool:
        folder, rest = in_dump(path)
        if folder not in self.folders or not rest or rest == DATASET_FILE:
            return False
        try:
            record_key(rest)
        except FormatError:
            return False
        return True

    def model(self, path: str, record: Record) -> ModelSchema | None:
        """The schema of the record at a path."""
        return self.schema(dump_of(path)).get(record.key.model)

    def paths(self, key: RecordKey) -> Iterator[str]:
        """The paths of a record: one in each dump that has its model, and where it can have the key."""
        for folder, layout in self._homes.get(key.model, ()):
            with suppress(RecordError):  # a generic reference may name what no row can be
                yield f"{folder}/{record_path(key, layout)}"

    @cached_property
    def _homes(self) -> Mapping[str, Sequence[tuple[str, Layout]]]:
        """The dumps that have a model, each with its layout there."""
        found: dict[str, list[tuple[str, Layout]]] = defaultdict(list)
        for folder in sorted(self.folders):
            for label, schema in self.schema(folder).items():
                found[label].append((folder, schema.layout))
        return found

    def title(self, path: str, three: Three) -> str:
        """What the record at a path is called: by ours, or by whoever has it."""
        base, ours, theirs = three
        record = next(each for each in (ours, theirs, base) if each)
        return best_text(record, self.model(path, record))

    def records(self, paths: Iterable[str]) -> Iterator[tuple[str, Three]]:
        """The records at paths on all three sides, streamed in batches.

        Raises:
            FormatError: a file is not a record, or not the record of its path.
        """
        for batch in batches(paths, BATCH):
            wanted = [(path, version) for path in batch for version in self.versions(path)]
            found = decoded(self.repository, wanted)
            for path in batch:
                yield path, (next(found), next(found), next(found))

    def in_tree(
        self, tree: str, folder: str, without: Container[str]
    ) -> Iterator[tuple[str, Record]]:
        """The records in a model's folder of a tree, but those at the paths ``without``, streamed."""
        found = self.repository.trees.entries(tree, folder)
        files = ((f"{folder}/{name}", FileEntry(PLAIN, blob)) for name, blob in found)
        for batch in batches((file for file in files if file[0] not in without), BATCH):
            for (path, _), record in zip(batch, decoded(self.repository, batch), strict=True):
                assert record is not None
                yield path, record


def _grouped(
    ours: Mapping[str, ModelSchema], theirs: Mapping[str, ModelSchema]
) -> Mapping[str, ModelSchema]:
    """Our models, with the fields together that are one value on a side."""
    return {
        label: replace(each, together=joined([*each.together, *theirs[label].together]))
        if label in theirs and theirs[label].together
        else each
        for label, each in ours.items()
    }


def refuse_moved(
    folder: str, ours: Mapping[str, ModelSchema], theirs: Mapping[str, ModelSchema]
) -> None:
    """Refuses sides that name or place the records of a model differently: none would be found again."""
    moved = [
        label
        for label in sorted(ours.keys() & theirs.keys())
        if (ours[label].layout, ours[label].identity)
        != (theirs[label].layout, theirs[label].identity)
    ]
    if moved:
        raise RefusedError(
            f"both sides have {folder}, but name or place its records differently: {', '.join(moved)}",
            hint="commit the dump on both branches with the same identity and layout in its specs, "
            "then merge",
            data={"dump": folder, "models": moved},
        )


def decoded(repository: Repository, files: Sequence[tuple[str, File]]) -> Iterator[Record | None]:
    """The records in files, streamed; ``None`` where there is no file.

    Raises:
        FormatError: a file is not a record, or not the record of its path.
    """
    # Of three sides, which follow each other, two are mostly the same blob: it is read once.
    sides = [(path, [each for _, each in some]) for path, some in groupby(files, itemgetter(0))]
    once = (dict.fromkeys(version.id for version in versions if version) for _, versions in sides)
    blobs = repository.objects.blobs([blob for ids in once for blob in ids])
    for path, versions in sides:
        known: dict[str, Record] = {}
        for each in versions:
            if each and each.id not in known:
                known[each.id] = record_at(path, next(blobs))
            yield known[each.id] if each else None


def record_at(path: str, data: bytes) -> Record:
    """The record in the file at a path of the repository; raises as :func:`record_in`."""
    return record_in(in_dump(path)[1], data, path)


def key_at(path: str) -> RecordKey | None:
    """The key in a record's path; ``None`` where the name has only its beginning."""
    return record_key(in_dump(path)[1])


def family(models: Mapping[str, ModelSchema], label: str) -> tuple[str, ...]:
    """The models that share a row's key with ``label``: multi-table parents and children."""
    related = {label}
    while True:
        parents = {name for each in related if each in models for name in models[each].parents[:1]}
        children = {name for name, each in models.items() if {*each.parents[:1]} & related}
        if related >= parents | children:
            return tuple(sorted(related))
        related |= parents | children


def has_added(sides: Sides, side: Side, key: RecordKey) -> bool:
    """Whether a side has a record of this key in a dump where the base has none."""
    changed = sides.by_ours if side is Side.OURS else sides.by_theirs
    changes = (changed.get(path, (None, None)) for path in sides.paths(key))
    return any(before is None and after is not None for before, after in changes)


def has_deleted(sides: Sides, side: Side, key: RecordKey) -> bool:
    """Whether a side has deleted the record of this key, in each dump where the base has it."""
    changed = sides.by_ours if side is Side.OURS else sides.by_theirs
    changes = [changed[path] for path in sides.paths(key) if path in changed]
    gone = any(before is not None and after is None for before, after in changes)
    return gone and all(after is None for _, after in changes)
