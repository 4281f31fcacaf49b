"""``restore``: records of another commit, as HEAD's dumps have them, merged into HEAD's branch.

The side of the merge is the other commit, and its base the same with the records in question as HEAD has
them: so what HEAD has done since is our side, and what it cannot stand together with is a conflict.
"""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from contentgit.branches.merging.ending import Concluded
from contentgit.branches.merging.losing import dropping
from contentgit.branches.merging.picking import Picking, run
from contentgit.branches.trees.sides import PLAIN, decoded
from contentgit.content import canonical
from contentgit.content.evolution import Migration
from contentgit.content.layout import dump_of, record_paths
from contentgit.content.lenses import Lens
from contentgit.content.records import Record, RecordKey
from contentgit.errors import RefusedError, UnknownNameError, UsageError
from contentgit.git import GONE, FileEntry, Placed, Repository
from contentgit.history.commits import check_format
from contentgit.history.dumps import dump_folders, recorded_schema, recorded_standing
from contentgit.history.lenses import meeting
from contentgit.merge import Place, Values, taken_together, with_values

_ALL: Final = Picking()


def restore(
    repository: Repository, labels: Sequence[str], revision: str, how: Picking = _ALL
) -> Concluded:
    """Makes records, or fields of them (``pages.page:42/title``), what they are in a revision.

    Labels may have the names of HEAD's schema or of the revision's.

    Raises:
        ConflictError: they conflict with later changes.
        UnknownNameError: the revision has no such record or field, or HEAD no such model.
        RefusedError: what comes back refers to records that are not there, or migrations are between which it
            cannot be carried across.
    """
    head = repository.refs.resolve("HEAD")
    source = repository.refs.resolve(revision)
    for each in (head, source):
        check_format(repository, each)
    older = _Older(repository, head, source, revision)
    places = [older.place(_place(label)) for label in labels]
    if (lost := older.lost(places)) and not how.drop_fields:
        raise dropping(f"values of {revision} have no field in HEAD's schema", lost)
    changes = dict(_restored(older, places))
    here = repository.trees.files_at(head, list(changes))
    before = {path: FileEntry(PLAIN, here[path]) if path in here else GONE for path in changes}
    old = {"": older.tree}
    theirs = repository.writer.write_tree(None, changes.items(), old)
    base = repository.writer.write_tree(None, before.items(), old)
    what = ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")
    message = how.message or f"Restore {what} from {revision}\n"
    return run(repository, "restore", what, (base, theirs), message, how, wider=older.tree)


# Across migrations


class _OlderDump(NamedTuple):
    """A dump that HEAD has in another schema.

    ``lens`` reads its records as HEAD has them; without one, ``barrier`` are the migrations that are the
    reason. ``labels`` are the older labels by HEAD's.
    """

    lens: Lens | None
    labels: Mapping[str, str]
    barrier: tuple[str, ...] = ()
    hint: str = ""


@dataclass
class _Older:
    """Another commit, and what it has in HEAD's schema."""

    repository: Repository
    head: str
    commit: str
    revision: str

    @cached_property
    def _dumps(self) -> Mapping[str, _OlderDump]:
        """The dumps in another schema, by folder."""
        found = {}
        for folder in dump_folders(self.repository, self.commit):
            here, there = (
                recorded_standing(self.repository, each, folder)
                for each in (self.head, self.commit)
            )
            since = here.since(there)
            if since is None and here.history and there.history:
                names = sorted(there.names - here.names)
                found[folder] = _OlderDump(
                    None,
                    {},
                    tuple(f"{each}, which HEAD lacks" for each in names),
                    f"contentgit merge {shlex.quote(self.revision)}  (brings them to HEAD's branch)",
                )
            elif since and any(each.steps for each in since):
                found[folder] = self._seen(folder, since)
        return found

    def _seen(self, folder: str, since: Sequence[Migration]) -> _OlderDump:
        older, newer = (
            recorded_schema(self.repository, each, folder) for each in (self.commit, self.head)
        )
        lens = Lens(older, since, newer=newer)
        labels = {there.label: label for label in older if (there := lens.newer(label))}
        opaque = tuple(f"{name}: {step.operation}" for name, step in lens.opaque)
        hint = (
            f"contentgit upgrade {shlex.quote(self.revision)} --branch NEW  (then restore from NEW)"
        )
        return _OlderDump(None if opaque else lens, labels, opaque, hint)

    @cached_property
    def tree(self) -> str:
        """The commit in HEAD's schema; dumps of which that is not known are those of HEAD."""
        trees = self.repository.trees
        placed = {"": trees.root(self.commit)}
        for folder, dump in self._dumps.items():
            met = meeting(self.repository, self.commit, self.head, folder).before
            placed[folder] = trees.folder_id(met if dump.lens else self.head, folder) or ""
        if len(placed) == 1:
            return placed[""]
        return self.repository.writer.write_tree(None, (), placed)

    def place(self, place: Place) -> Place:
        """A place by HEAD's names.

        Raises:
            RefusedError: its dump cannot be read in HEAD's schema.
        """
        for folder, dump in self._dumps.items():
            key = self._key(dump, place.key)
            if not self._has(folder, key):
                continue
            if dump.lens is None:
                raise RefusedError(
                    f"{place.key} of {self.revision} cannot be read in HEAD's schema: migrations are between",
                    items=dump.barrier,
                    hint=dump.hint,
                    data={"dump": folder, "migrations": [*dump.barrier]},
                )
            newer = dump.lens.newer(key.model)
            name = place.field
            if newer and name not in newer.fields.values():
                name = newer.fields.get(name, name)
            return place._replace(key=dump.lens.key(key), field=name)
        return place

    def _key(self, dump: _OlderDump, key: RecordKey) -> RecordKey:
        return key._replace(model=dump.labels.get(key.model, key.model))

    def _has(self, folder: str, key: RecordKey) -> bool:
        paths = [f"{folder}/{path}" for path in record_paths(key)]
        return bool(self.repository.trees.files_at(self.commit, paths))

    def lost(self, places: Sequence[Place]) -> list[str]:
        """What records at these places hold and HEAD's schema does not, a line each."""
        found: dict[str, None] = {}
        for place in places:
            for folder, dump in self._dumps.items():
                key = self._key(dump, place.key)
                files = [f"{folder}/{path}" for path in record_paths(key)]
                there = self.repository.trees.files_at(self.commit, files)
                entries = [(path, FileEntry(PLAIN, blob)) for path, blob in there.items()]
                if dump.lens is None:
                    continue
                newer = dump.lens.newer(key.model)
                names = newer.fields if newer else {}
                for record in filter(None, decoded(self.repository, entries)):
                    for each in dump.lens.read(record).lost:
                        if place.field in ("", each.field, names.get(each.field)):
                            found[f"{key}/{each.field}: gone since {each.migration}"] = None
        return [*found]

    def carried(self, path: str, key: RecordKey) -> Container[str] | None:
        """The fields of a record in HEAD's schema that the commit has, too; None if that is all it has."""
        dump = self._dumps.get(dump_of(path))
        if dump is None or dump.lens is None:
            return None
        newer = dump.lens.newer(self._key(dump, key).model)
        return {*newer.fields.values()} if newer else None


# Records and fields of another commit


def _restored(older: _Older, places: Iterable[Place]) -> Iterator[tuple[str, Placed]]:
    """What each file becomes; a record of which several fields are named is one file."""
    repository, head, revision = older.repository, older.head, older.revision
    wanted: dict[RecordKey, list[Place]] = {}
    for place in places:
        wanted.setdefault(place.key, []).append(place)
    for key, some in wanted.items():
        there = _files_of(repository, older.tree, key)
        if not there:
            raise UnknownNameError(
                f"{revision} has no record {key}",
                hint=f"contentgit log -- {key}  says when it was there",
            )
        if not all(place.field for place in some):
            for path, blob in there.items():
                yield path, _as_managed(older, path, blob)
        else:
            yield from _with_fields(repository, head, some, there, revision)


def _as_managed(older: _Older, path: str, blob: str) -> bytes:
    """A record of another commit with the fields that HEAD's dump has; new ones stay as they are."""
    repository, head = older.repository, older.head
    here = repository.trees.files_at(head, [path])
    files = [(path, FileEntry(PLAIN, each)) for each in (blob, here.get(path)) if each]
    record, *others = [each for each in decoded(repository, files) if each]
    folder = dump_of(path)
    schema = recorded_schema(repository, head, folder).get(record.key.model)
    if schema is None:
        raise UnknownNameError(
            f"HEAD has no {record.key.model} in {folder}, so {record.key} cannot be stored there",
            hint="commit the dump with a dataset that has the model, then restore the record",
        )
    values = dict(others[0].fields) if others else {}
    carried = older.carried(path, record.key) if others else None
    values |= {
        name: value
        for name, value in record.fields.items()
        if carried is None or name in carried or name not in values
    }
    fields = {name: values[name] for name in sorted(values) if name in schema.by_name}
    return canonical.encode(Record(record.key, fields), schema.key_kind)


def _place(label: str) -> Place:
    try:
        return Place.parse(label)
    except ValueError as error:
        raise UsageError(
            f"{label!r} is not a record", hint="records are named like pages.page:42"
        ) from error


def _files_of(repository: Repository, commit: str, key: RecordKey) -> dict[str, str]:
    folders = dump_folders(repository, commit)
    paths = [f"{folder}/{path}" for folder in folders for path in record_paths(key)]
    return repository.trees.files_at(commit, paths)


def _with_fields(
    repository: Repository,
    head: str,
    places: Sequence[Place],
    there: Mapping[str, str],
    revision: str,
) -> Iterator[tuple[str, Placed]]:
    """HEAD's record with what these fields of it are in the other commit.

    With one come those that are one value with it.
    """
    key = places[0].key
    here = _files_of(repository, head, key)
    if not here:
        raise UnknownNameError(
            f"HEAD has no record {key} whose {places[0].field} could be restored",
            hint=f"contentgit restore {key} --from {revision}  brings all of it back",
        )
    for path, blob in here.items():
        old = there.get(path) or next(iter(there.values()))
        files = [(path, FileEntry(PLAIN, each)) for each in (blob, old)]
        record, source = decoded(repository, files)
        assert record is not None
        schema = recorded_schema(repository, head, dump_of(path)).get(key.model)
        for place in places:
            if source is None or place.field not in source.fields:
                raise UnknownNameError(
                    f"{key} has no field {place.field} in {revision}",
                    hint=f"contentgit show {revision} -- {key}",
                )
            taken = taken_together(Values(source), place, schema)
            record = with_values(record, taken)
        yield path, canonical.encode(record, schema.key_kind if schema else None)
