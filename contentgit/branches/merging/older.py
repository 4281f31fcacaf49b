"""Another commit in HEAD's schema: what ``restore`` takes dumps and records from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from contentgit.branches.trees.following import keys_of
from contentgit.branches.trees.rekeying import with_keys
from contentgit.branches.trees.sides import PLAIN, Keys, decoded, refuse_moved
from contentgit.content.description import parse_excluded
from contentgit.content.documents import parse_document
from contentgit.content.evolution import KEY, Migration
from contentgit.content.layout import DATASET_FILE, dump_folder, encode_part, record_paths
from contentgit.content.lenses import Lens, NewerModel
from contentgit.content.records import RecordKey
from contentgit.errors import RefusedError, UnknownNameError
from contentgit.git import FileEntry, Repository
from contentgit.history.commits import split_name
from contentgit.history.dumps import (
    dump_folders,
    recorded_schema,
    recorded_standing,
    refuse_undescribed,
)
from contentgit.history.lenses import meeting
from contentgit.history.naming import refuse_renamed
from contentgit.merge import Place
from contentgit.render.plain import plural


class _OlderDump(NamedTuple):
    """A dump that HEAD has in another schema.

    ``lens`` reads its records as HEAD has them; without one, ``barrier`` are the migrations that are the
    reason. ``labels`` are the older labels by HEAD's.
    """

    lens: Lens | None
    labels: Mapping[str, str]
    barrier: tuple[str, ...] = ()
    hint: str = ""


class Unplaced(NamedTuple):
    """Values that HEAD's schema has no place for: the ``migration`` that is the reason, if one is.

    ``retyped`` is whether the field is there with another kind of value, to which the migration converts it.
    """

    label: str
    migration: str = ""
    records: str = ""
    retyped: bool = False

    def __str__(self) -> str:
        why = "HEAD's schema has no such field"
        if self.migration:
            why = f"{'another kind' if self.retyped else 'gone'} since {self.migration}"
        return f"{self.label}: {f'{self.records}, ' if self.records else ''}{why}"


@dataclass
class Older:
    """Another commit of which dumps and records are to be restored, and what it has in HEAD's schema.

    ``commit`` is its tree with HEAD's keys where it has others, which are ``keys``.
    """

    repository: Repository
    head: str
    commit: str
    revision: str
    keys: Keys = field(default_factory=dict)

    @classmethod
    def of(cls, repository: Repository, head: str, commit: str, revision: str) -> Older:
        """The commit called ``revision``, with the keys that records have in ``head``."""
        reading = keys_of(repository, head, commit, commit)
        keys = reading.keys.get(commit, {})
        tree = with_keys(repository, commit, reading) if keys else commit
        return cls(repository, head, tree, revision, keys)

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
        return _OlderDump(None if opaque else lens, labels, opaque, self.way_up)

    @property
    def way_up(self) -> str:
        """The command that runs the migrations on the commit's content."""
        return (
            f"contentgit upgrade {shlex.quote(self.revision)} --branch NEW  (then restore from NEW)"
        )

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
            UnknownNameError: the commit does not know what has the name in HEAD's schema.
        """
        for folder, dump in self._dumps.items():
            key = self._key(dump, place.key)
            if not self._has(folder, key):
                continue
            if dump.lens is None:
                raise self._barred(place.key, folder, dump)
            newer = dump.lens.newer(key.model)
            if removed := dump.lens.removed_by(key.model):
                raise self._removed(str(place.key), place, "model", removed)
            name = place.field
            if newer:
                self._refuse_other(folder, place, newer)
            if name and newer and name not in newer.fields.values():
                self._refuse_unknown(place, newer)
                name = newer.fields[name]
            return place._replace(key=dump.lens.key(key), field=name)
        return place

    def _refuse_other(self, folder: str, place: Place, newer: NewerModel) -> None:
        """Refuses a name that HEAD's schema has and that meant another model or field in the commit."""
        models = recorded_schema(self.repository, self.head, folder)
        label, name = place.key.model, place.field
        if newer.label != label and label in models:
            said = f"{self.revision} has no such {label}: its {label} is {newer.label} in HEAD's schema"
        elif (
            name in newer.fields
            and name not in newer.fields.values()
            and newer.label in models
            and name in models[newer.label].by_name
        ):
            name = newer.fields[name]
            said = (
                f"{place.key} has no such field {place.field} in {self.revision}: "
                f"its {place.field} is {name} in HEAD's schema"
            )
        else:
            return
        meant = f"{place.key._replace(model=newer.label)}{f'/{name}' if name else ''}"
        call = f"contentgit restore {shlex.quote(meant)} --from {shlex.quote(self.revision)}"
        raise UnknownNameError(said, hint=f"{call}  (restores that)")

    def _refuse_unknown(self, place: Place, newer: NewerModel) -> None:
        """Refuses a field that has no value in the commit, or one that no field of HEAD's schema has."""
        label, name = f"{place.key}/{place.field}", place.field
        if name in newer.gone:
            raise self._removed(label, place, "field", newer.gone[name])
        if name not in newer.fields:
            said = f"{place.key} has no field {name} in {self.revision}"
            raise UnknownNameError(said, hint=self._showing(place))

    def _removed(self, what: str, place: Place, kind: str, migration: str) -> RefusedError:
        return RefusedError(
            f"{what} of {self.revision} has no place in HEAD's schema: {migration} removed the {kind}",
            hint=self._showing(place),
            data={"field": place.field, "migration": migration},
        )

    def _showing(self, place: Place) -> str:
        return f"contentgit show {shlex.quote(self.revision)} -- {place.key}  (shows what it has)"

    def _key(self, dump: _OlderDump, key: RecordKey) -> RecordKey:
        return key._replace(model=dump.labels.get(key.model, key.model))

    def _has(self, folder: str, key: RecordKey) -> bool:
        paths = [f"{folder}/{path}" for path in record_paths(key)]
        return bool(self.repository.trees.files_at(self.commit, paths))

    def stale(self, key: RecordKey) -> Iterator[str]:
        """Where HEAD still has the file of a record under the label that its model had in the commit."""
        for folder, dump in self._dumps.items():
            old = self._key(dump, key)
            models = recorded_schema(self.repository, self.head, folder)
            if dump.lens and old.model not in models:
                paths = [f"{folder}/{path}" for path in record_paths(old)]
                yield from self.repository.trees.files_at(self.head, paths)

    def folder(self, label: str) -> str:
        """The folder of a dump that the commit has.

        Raises:
            UnknownNameError: it has no such dump.
            RefusedError: it cannot be read in HEAD's schema, or its records have other keys there.
        """
        there = dump_folders(self.repository, self.commit)
        folder = dump_folder(*split_name(label)) if label else ""
        if folder not in there:
            raise UnknownNameError(
                f"{self.revision} has no dump {label!r}",
                hint=f"dumps there: {', '.join(there) or 'none'}; records are named like pages.page:42",
            )
        refuse_undescribed(self.repository, self.commit, folder)
        dump = self._dumps.get(folder)
        if dump and dump.lens is None:
            raise self._barred(folder, folder, dump)
        models = (recorded_schema(self.repository, each, folder) for each in (self.head, self.tree))
        refuse_moved(folder, *models)
        self.refuse_renamed(folder)
        return folder

    def refuse_renamed(self, folder: str) -> None:
        """Refuses records of a dump that name rows outside of it otherwise than HEAD's.

        Raises:
            RefusedError: they do.
        """
        if self.repository.blob(self.head, f"{folder}/{DATASET_FILE}") is not None:
            call = f"contentgit show {shlex.quote(self.revision)} -- RECORD"
            hint = f"{call}  (shows what was there; edit it on the site and commit)"
            refuse_renamed(self.repository, folder, self.head, self.tree, hint)

    def _barred(self, what: object, folder: str, dump: _OlderDump) -> RefusedError:
        return RefusedError(
            f"{what} of {self.revision} cannot be read in HEAD's schema: migrations are between",
            items=dump.barrier,
            hint=dump.hint,
            data={"dump": folder, "migrations": [*dump.barrier]},
        )

    # What the commit has, and what of it has no place

    def known(self, folder: str) -> Mapping[str, frozenset[str]]:
        """The models that the commit has in a dump, each with its fields, by HEAD's names."""
        models = recorded_schema(self.repository, self.commit, folder)
        dump = self._dumps.get(folder)
        if dump is None or dump.lens is None:
            return {label: frozenset(model.by_name) for label, model in models.items()}
        newer = filter(None, map(dump.lens.newer, models))
        return {each.label: frozenset(each.fields.values()) for each in newer}

    def _unplaced(self, folder: str) -> Mapping[str, frozenset[str]]:
        """The fields of :meth:`known` that HEAD's dump neither has nor excludes; none if there is no dump."""
        data = self.repository.blob(self.head, f"{folder}/{DATASET_FILE}")
        if data is None:
            return {}
        models = recorded_schema(self.repository, self.head, folder)
        excluded = parse_excluded(parse_document(data))
        found = {
            label: names
            - {KEY, *(models[label].by_name if label in models else ())}
            - excluded.get(label, frozenset())
            for label, names in self.known(folder).items()
        }
        return {label: names for label, names in found.items() if names}

    def lost(self, places: Sequence[Place]) -> list[Unplaced]:
        """What records at these places hold and HEAD's schema does not."""
        found: dict[Unplaced, None] = {}
        for place in places:
            for folder in dump_folders(self.repository, self.commit):
                found |= dict.fromkeys(self._lost_at(place, folder))
        return [*found]

    def _lost_at(self, place: Place, folder: str) -> Iterator[Unplaced]:
        dump = self._dumps.get(folder) or _OlderDump(None, {})
        key = self._key(dump, place.key)
        files = [f"{folder}/{path}" for path in record_paths(key)]
        there = self.repository.trees.files_at(self.commit, files)
        entries = [(path, FileEntry(PLAIN, blob)) for path, blob in there.items()]
        newer = dump.lens.newer(key.model) if dump.lens else None
        names = newer.fields if newer else {}
        stays = place.key.model in recorded_schema(self.repository, self.head, folder)
        unplaced = self._unplaced(folder).get(place.key.model, ()) if stays else ()
        for record in filter(None, decoded(self.repository, entries)):
            for each in dump.lens.read(record).lost if dump.lens else ():
                if place.field in ("", each.field, names.get(each.field)):
                    yield Unplaced(f"{key}/{each.field}", each.migration, retyped=bool(each.now))
            for name in record.fields:
                here = names.get(name, name)
                if here in unplaced and place.field in ("", here):
                    yield Unplaced(f"{key}/{name}")

    def lost_in(self, folder: str) -> Iterator[Unplaced]:
        """What records of a dump hold and HEAD's schema does not, one for each field."""
        dump = self._dumps.get(folder)
        if dump:
            changes = meeting(self.repository, self.commit, self.head, folder).changes
            for each in (lost for change in changes for lost in change.lost):
                newer = dump.lens.newer(each.model) if dump.lens else None
                yield Unplaced(
                    f"{each.model}.{each.field}",
                    each.migration,
                    plural(each.records, "record"),
                    retyped=bool(newer and each.field in newer.fields),
                )
        for label, names in self._unplaced(folder).items():
            entries = self.repository.trees.entries(self.tree, f"{folder}/{encode_part(label)}")
            count = sum(1 for _ in entries)
            for name in sorted(names) if count else ():
                yield Unplaced(f"{label}.{name}", records=plural(count, "record"))
