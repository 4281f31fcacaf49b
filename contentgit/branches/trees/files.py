"""Files that both sides changed: records field by field, descriptions by key, the rest by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial

from contentgit.branches.trees.sides import PLAIN, File, Sides, has_deleted, key_at
from contentgit.content import canonical
from contentgit.content.diff import ABSENT
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE, dump_of, in_dump, model_folder
from contentgit.content.records import Record
from contentgit.content.schema import KeyKind, ModelSchema
from contentgit.errors import FormatError
from contentgit.git import GONE, FileEntry, Placed
from contentgit.merge import (
    Conflict,
    Contested,
    FieldConflict,
    MergedRecord,
    OrderedModel,
    Place,
    Reason,
    Resolution,
    Settled,
    Take,
    Three,
    TreeConflict,
    counts,
    resolved,
    without_explained,
)
from contentgit.merge.descriptions import merge_descriptions, merge_formats

Decided = Mapping[str, Sequence[Resolution]]


@dataclass
class FileMerge:
    """What theirs and the decisions put into our tree, streamed by :meth:`changes`.

    Afterwards ``written`` has the blob id of every file that was merged or decided (``""``: no file), and
    ``conflicts`` what is undecided, where ours is taken meanwhile. With ``as_base`` the result is to be a
    base: what is undecided is left out of records, or is ``doubtful``.
    """

    sides: Sides
    resolutions: Sequence[Resolution] = ()
    as_base: bool = False
    written: dict[str, str] = field(default_factory=dict)
    conflicts: list[TreeConflict] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)

    def changes(self) -> Iterator[tuple[str, Placed]]:
        """What differs from ours, by path; what goes comes before what comes."""
        theirs = {path: after for path, (_, after) in self.sides.by_theirs.items()}
        alone = {path: after for path, after in theirs.items() if path not in self._together}
        yield from ((path, GONE) for path, after in alone.items() if after is None)
        records = [
            path
            for path in self._together
            if self.sides.is_record(path)
            if all(file.mode == PLAIN for file in self.sides.versions(path) if file)
        ]
        yield from self._records(records)
        for path in sorted(self._together.difference(records)):
            yield from self._file(path)
        yield from ((path, after) for path, after in alone.items() if after is not None)
        yield from self._bereft()

    def _bereft(self) -> Iterator[tuple[str, Placed]]:
        """The descriptions of dumps that one side gave up and of which records stay all the same."""
        sides = self.sides
        changed = sides.by_ours.keys() | sides.by_theirs.keys()
        inside: dict[str, list[str]] = defaultdict(list)
        for path in changed:
            inside[dump_of(path)].append(path)
        for folder, paths in sorted(inside.items()):
            path = f"{folder}/{DATASET_FILE}"
            if path not in changed or path in self.decided:
                continue
            base, ours, theirs = sides.versions(path)
            if base is None or (ours and theirs) or self.written.get(path):  # it is there
                continue
            known = ours or theirs or base
            if known and any(self._stays(each) for each in paths if each != path):
                self.written[path] = known.id
                yield path, known

    def _stays(self, path: str) -> bool:
        if path in self.written:
            return self.written[path] != ""
        _, ours, theirs = self.sides.versions(path)
        after = theirs if path in self.sides.by_theirs else ours
        return after is not None

    @cached_property
    def _together(self) -> frozenset[str]:
        """The paths that are not simply taken from the one side that changed them."""
        ours, theirs = self.sides.by_ours, self.sides.by_theirs
        both = {
            path
            for path in ours.keys() & theirs.keys()
            if ours[path][1] != theirs[path][1] or self._counts(path)
        }
        doubtful = self.sides.base.doubtful & (ours.keys() ^ theirs.keys())
        orders = {*self._orders.merged, *self._orders.numbers}
        return frozenset(both | doubtful | orders | self.decided.keys())

    @cached_property
    def _orders(self) -> Settled:
        """What comes of the orders that both sides changed."""
        sides, found = self.sides, Settled()
        ours, theirs = (self._by_model(changed) for changed in (sides.by_ours, sides.by_theirs))
        for folder, label in sorted(ours.keys() & theirs.keys()):
            schema = sides.schema(folder).get(label)
            if schema is not None:
                here, there = ours[folder, label], theirs[folder, label]
                others = partial(
                    sides.in_tree, sides.ours, model_folder(folder, label), {*here, *there}
                )
                OrderedModel(schema, here, there, sides.records, others).settle_into(found)
        sides.add_untouched(found.numbers)
        return found

    def _by_model(self, changed: Iterable[str]) -> dict[tuple[str, str], list[str]]:
        """The paths of changed records by dump folder and model."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path in changed:
            key = key_at(path) if self.sides.is_record(path) else None
            if key is not None:
                found[dump_of(path), key.model].append(path)
        return found

    def _counts(self, path: str) -> bool:
        """Whether the record has a counter: if both sides counted up by one, both steps count."""
        if not self.sides.is_record(path):
            return False
        key = key_at(path)
        schema = self.sides.schema(dump_of(path)).get(key.model) if key else None
        return schema is not None and counts(schema)

    @cached_property
    def decided(self) -> Decided:
        """The decisions by the files that they are about, also of such that no side has changed."""
        found: dict[str, list[Resolution]] = defaultdict(list)
        for each in self.resolutions:
            paths = [each.file] if each.place is None else self.sides.paths(each.place.key)
            for path in paths:
                found[path].append(each)
        changed = self.sides.by_ours.keys() | self.sides.by_theirs.keys()
        there = self.sides.add_untouched(path for path in found if path not in changed)
        return {path: each for path, each in found.items() if path in changed or path in there}

    # Records

    def _records(self, paths: Iterable[str]) -> Iterator[tuple[str, Placed]]:
        deleted = cache(partial(has_deleted, self.sides))
        for path, three in self.sides.records(sorted(paths)):
            known = next(each for each in three if each)
            schema = self.sides.model(path, known)
            one_left = (three[1] is None) != (three[2] is None)
            doubted = path in self.sides.base.doubtful and one_left
            merged = _doubt(three) if doubted else self._orders.merge(path, three, schema)
            merged = without_explained(merged, schema, deleted)
            merged = resolved(merged, *three, self.decided.get(path, ()), schema)
            record = merged.record
            if merged.conflict is not None:
                record = self._undecided(path, three, merged.conflict, record, schema)
            yield path, self._placed(path, record, schema.key_kind if schema else None)

    def _placed(self, path: str, record: Record | None, kind: KeyKind | None) -> Placed:
        if record is None:
            self.written[path] = ""
            return GONE
        data = canonical.encode(record, kind)
        self.written[path] = canonical.blob_id(data, self.sides.repository.algorithm)
        return data

    def _undecided(
        self,
        path: str,
        three: Three,
        conflict: Conflict,
        record: Record | None,
        schema: ModelSchema | None,
    ) -> Record | None:
        """Notes the conflict, and gives the record meanwhile."""
        if not self.as_base:
            title = self.sides.title(path, three)
            self.conflicts += _contested(path, three, conflict, schema, title)
            return record
        if conflict.reason.is_delete:
            self.doubtful.add(path)
            return three[1] or three[2]
        assert record is not None
        open_fields = {value.name for value in conflict.fields}
        kept = {name: each for name, each in record.fields.items() if name not in open_fields}
        return Record(record.key, kept)

    # Other files

    def _file(self, path: str) -> Iterator[tuple[str, Placed]]:
        base, ours, theirs = self.sides.versions(path)
        takes = [each.take for each in self.decided.get(path, ())]
        if takes:
            found: File = {Take.OURS: ours, Take.THEIRS: theirs, Take.BASE: base}.get(
                takes[-1] or Take.OURS
            )
        elif path == REPOSITORY_FILE and ours and theirs and ours.mode == theirs.mode == PLAIN:
            found = self._merged_formats(path, ours, theirs)
        elif base and ours and theirs and base.mode == ours.mode == theirs.mode:
            found = self._merged_file(path, base, ours, theirs)
        else:
            found = self._contested_file(path)
        self.written[path] = found.id if found else ""
        yield path, found or GONE

    def _merged_formats(self, path: str, ours: FileEntry, theirs: FileEntry) -> File:
        repository = self.sides.repository
        try:
            data = merge_formats(*repository.objects.blobs([ours.id, theirs.id]))
        except FormatError as error:
            raise FormatError(f"{path}: {error.message}") from error
        return (
            self._contested_file(path)
            if data is None
            else FileEntry(PLAIN, repository.writer.write_blob(data))
        )

    def _merged_file(self, path: str, base: FileEntry, ours: FileEntry, theirs: FileEntry) -> File:
        repository = self.sides.repository
        ids = (base.id, ours.id, theirs.id)
        found: str | None = None
        if in_dump(path)[1] == DATASET_FILE:
            data = _merged_document(path, *repository.objects.blobs(ids))
            found = None if data is None else repository.writer.write_blob(data)
        else:
            found = repository.writer.merge_blobs(*ids)
        return FileEntry(ours.mode, found) if found else self._contested_file(path)

    def _contested_file(self, path: str) -> File:
        _, ours, theirs = self.sides.versions(path)
        if self.as_base:
            self.doubtful.add(path)
        else:
            here, there = (each.id if each else ABSENT for each in (ours, theirs))
            place = Contested(path, ours=here, theirs=there)
            self.conflicts.append(TreeConflict(Reason.FILE, (place,)))
        return ours


def _merged_document(path: str, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    try:
        sides = [parse_document(data) for data in (base, ours, theirs)]
        value, conflicts = merge_descriptions(*sides)
    except FormatError as error:
        raise FormatError(f"{path}: {error.message}") from error
    return None if conflicts else dump_document(value)


def _doubt(three: Three) -> MergedRecord:
    """A record that one side has and that the bases contradict each other in."""
    _, ours, theirs = three
    left = ours or theirs
    assert left is not None
    fields = tuple(
        FieldConflict(name, ABSENT, value if ours else ABSENT, value if theirs else ABSENT)
        for name, value in sorted(left.fields.items())
    )
    reason = Reason.DELETED_BY_THEM if ours else Reason.DELETED_BY_US
    return MergedRecord(ours, Conflict(left.key, reason, fields))


def _contested(
    path: str, three: Three, conflict: Conflict, schema: ModelSchema | None, title: str
) -> Iterator[TreeConflict]:
    """A record's conflict in the parts that people decide: by value, or whether the record exists."""
    reason = conflict.reason
    if not reason.is_delete:
        values: dict[tuple[object, ...], list[FieldConflict]] = defaultdict(list)
        for each in conflict.fields:
            group = schema.companions(each.name) if schema else (each.name,)
            values[(group,) if len(group) > 1 else (group, *each.path)].append(each)
        for fields in values.values():
            places = (
                Contested(
                    path,
                    Place(conflict.key, value.name, value.path),
                    *(value.base, value.ours, value.theirs),
                    title=title,
                )
                for value in fields
            )
            yield TreeConflict(reason, tuple(places))
        return
    yield TreeConflict(reason, (whole(path, three, title),), conflict.fields)


def whole(path: str, three: Three, title: str) -> Contested:
    """The place of a whole record."""
    known = next(each for each in three if each)
    base, ours, theirs = (ABSENT if each is None else each for each in three)
    return Contested(path, Place(known.key), base, ours, theirs, title)
