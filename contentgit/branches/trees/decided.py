"""A merge that was made, recomputed beside what people decided in it.

The decisions are not kept, but for new keys. So they are read from the commit: where it has a record under a
new key that its message does not name, and what its files in conflict make of the others, which had to be
decided then, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from contentgit.branches.trees import (
    Base,
    Doubt,
    Sides,
    TreeMerge,
    common_base,
    merge_trees,
)
from contentgit.branches.trees.meeting import Meeting
from contentgit.branches.trees.sides import BATCH, family, has_added
from contentgit.content import canonical
from contentgit.content.layout import dump_of, model_of
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.errors import FormatError
from contentgit.git import Repository
from contentgit.history.renumbered import NewKey
from contentgit.history.snapshots import batches
from contentgit.merge import Place, Reason, Resolution, Side, Take, TreeConflict, files_of


@dataclass(frozen=True)
class Recomputed:
    """The tree that the merge gives, and the files in which it was people who decided.

    ``doubts`` are what only a database can judge of the tree that is held. ``unasked`` are conflicts on which
    nobody decided: git combined lines of both sides where contentgit reports a conflict.
    """

    tree: str
    decided: frozenset[str]
    doubts: tuple[Doubt, ...] = ()
    unasked: tuple[tuple[TreeConflict, Record], ...] = ()


def recomputed(
    repository: Repository, ours: str, theirs: str, held: str, said: Iterable[NewKey] = ()
) -> Recomputed:
    """The merge of two commits, compared with ``held``, the tree of its merge commit.

    ``said`` are the new keys that its message names.

    Raises:
        FormatError: a commit holds what contentgit does not write, in a file that matters here.
        RefusedError: the sides name or place records differently.
    """
    base = common_base(repository, ours, theirs)
    merged = merge_trees(repository, base, ours, theirs)
    files = files_of(merged.conflicts)
    sides = merged.sides
    unasked = tuple(_unasked(sides, merged.conflicts, held))
    new_keys = tuple(_said(base, ours, theirs, said)) or tuple(_new_keys(sides, merged, held))
    if new_keys:
        merged = merge_trees(repository, base, ours, theirs, new_keys)
        files |= files_of(merged.conflicts)
    with suppress(FormatError):  # what people wrote is no record: that is not for a merge to say
        files |= _uncovered(repository, merged, held, files)
    doubts: tuple[Doubt, ...] = ()
    with suppress(FormatError):
        doubts = _meeting(repository, merged, held, files).doubts()
    return Recomputed(merged.tree, frozenset(files), doubts, unasked)


def _meeting(repository: Repository, merged: TreeMerge, held: str, files: Iterable[str]) -> Meeting:
    """The meeting of both sides in a tree whose ``files`` differ from the merge."""
    paths = sorted(files)
    there = repository.trees.files_at(held, paths)
    written = {**merged.written, **{path: there.get(path, "") for path in paths}}
    return Meeting(merged.as_merged, held, written, frozenset(paths))


# What git does not ask


def _unasked(
    sides: Sides, conflicts: Sequence[TreeConflict], held: str
) -> Iterator[tuple[TreeConflict, Record]]:
    """The conflicts in records that are what git makes of the lines, each with that record."""
    edited = [conflict for conflict in conflicts if conflict.reason is Reason.EDITED]
    files = sorted(files_of(edited))
    there = sides.repository.trees.files_at(held, files)
    by_lines = {path for path in files if _is_by_lines(sides, path, there.get(path, ""))}
    for each in edited:
        for path in files_of([each]) & by_lines:
            (data,) = sides.repository.objects.blobs([there[path]])
            with suppress(FormatError):  # ``check`` tells what is no record
                yield each, canonical.decode(data)


def _is_by_lines(sides: Sides, path: str, held: str) -> bool:
    """Whether ``held``, which is no side's, is what git makes of the lines without asking."""
    ids = [version.id for version in sides.versions(path) if version]
    return (
        len(ids) == 3
        and held not in ("", *ids)
        and sides.repository.writer.merge_blobs(*ids) == held
    )


# What decisions uncover


def _uncovered(
    repository: Repository, merged: TreeMerge, held: str, files: Iterable[str]
) -> set[str]:
    """The files that meet what people made of ``files``, and what they made of these, and so on."""
    found: set[str] = set()
    new = {*files}
    while new:
        found |= new
        new = files_of(_meeting(repository, merged, held, found).conflicts()) - found
    return found


# New keys


def _said(base: Base, ours: str, theirs: str, said: Iterable[NewKey]) -> Iterator[Resolution]:
    """The decisions on new keys that a message names, but for the keys that the merge gives anyway."""
    for each in said:
        if each.commit in (ours, theirs):
            key = base.reading.keys.get(each.commit, {}).get(each.old, each.old)
            if key != each.new:
                take = Take.OURS if each.commit == ours else None
                yield Resolution(Place(key), key=each.new.key, take=take)


def _new_keys(sides: Sides, merged: TreeMerge, held: str) -> Iterator[Resolution]:
    """The keys that ``resolve --renumber`` has given to records of theirs."""
    twice = {
        place.file: place.place.key
        for conflict in merged.conflicts
        for place in conflict.places
        if conflict.reason is Reason.ADDED and place.place
    }
    if not twice:
        return
    models = {(dump_of(path), key.model) for path, key in twice.items()}
    new = dict(sorted(_added_by_nobody(sides, merged, held, models)))
    paths = sorted(twice, key=lambda path: (dump_of(path), twice[path]))
    for path, (_, _, record) in sides.records(paths):
        if record is None or not new:
            continue
        schema = sides.model(path, record)
        same = [
            key
            for key, (place, _) in new.items()
            if (dump_of(place), key.model) == (dump_of(path), record.key.model)
        ]
        if schema is None or not same:
            continue
        best = max(same, key=lambda key: _equal_fields(record, new[key][1], schema))
        del new[best]
        for label in family(sides.models, record.key.model):
            key = RecordKey(label, record.key.key)
            if has_added(sides, Side.THEIRS, key):
                yield Resolution(Place(key), key=best.key)


def _added_by_nobody(
    sides: Sides, merged: TreeMerge, held: str, models: set[tuple[str, str]]
) -> Iterator[tuple[RecordKey, tuple[str, Record]]]:
    """Records that only the commit has, by their key, with their path."""
    changed = sides.repository.trees.changed_files(merged.tree, held)
    found = (
        (path, after.id)
        for path, before, after in changed
        if before is None and after and sides.is_record(path)
        if (dump_of(path), model_of(path)) in models and not any(sides.versions(path))
    )
    for batch in batches(found, BATCH):
        blobs = sides.repository.objects.blobs([blob for _, blob in batch])
        for (path, _), data in zip(batch, blobs, strict=True):
            with suppress(FormatError):
                record = canonical.decode(data)
                yield record.key, (path, record)


def _equal_fields(record: Record, other: Record, schema: ModelSchema) -> int:
    """In how many fields two records are equal; the record with most was given the new key."""
    names = (field.name for field in schema.fields)
    return sum(canonical.same(record.fields.get(name), other.fields.get(name)) for name in names)
