"""Files that travel with their rows: what a column names to content and back.

A name in a column is a name within the storage of this database's project. Where it was taken by another
file, the row names an alternative one, and the table of :class:`contentgit.models.StoredFile` has the name
that records have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from django.db.models import FileField, Model

from contentgit.content.records import CarriedFile, Value
from contentgit.content.values import misnamed
from contentgit.db.fields.values import refused
from contentgit.db.tables import BoundField, FilePlace
from contentgit.errors import RecordError
from contentgit.storages import Files, Held, storage_key


@dataclass
class Carrier:
    """The carried files of one database.

    ``placed`` are the names under which storages have files, by storage and file, where an apply has put or
    found them. ``renamed`` gives the names that records have, by field and the name in the storage, where
    these differ, ``bare`` the names of files of which records may have the name alone, by field.
    ``lacking`` are names in rows of which a storage had no file when these were read, by field.
    """

    using: str
    files: Files = field(default_factory=Files)
    renamed: Callable[[str], Mapping[tuple[str, str], str]] = lambda _using: {}
    bare: Callable[[str], Mapping[str, AbstractSet[str]]] = lambda _using: {}
    placed: dict[tuple[str, CarriedFile], str] = field(default_factory=dict)
    lacking: set[tuple[str, str]] = field(default_factory=set)
    _renamed: dict[tuple[str, str], str] = field(default_factory=dict)
    _held: dict[str, Mapping[str, Held]] = field(default_factory=dict)

    @cached_property
    def _recorded(self) -> Mapping[tuple[str, str], str]:
        return self.renamed(self.using)

    @cached_property
    def alone(self) -> Mapping[str, AbstractSet[str]]:
        """The names, by field, of files of which applied records may have the name alone."""
        return self.bare(self.using)

    def forget(self) -> None:
        """Others may have written the table, or files, since."""
        self.__dict__.pop("_recorded", None)
        self.__dict__.pop("alone", None)
        self._held.clear()

    def names(self, place: FilePlace, file: CarriedFile) -> Sequence[str]:
        """The names under which this database may have the file: that of records, and alternatives."""
        known = self._recorded.items()
        others = [
            name for (at, name), recorded in known if (at, recorded) == (place.field, file.name)
        ]
        put = self.placed.get((storage_key(place.storage), file)) if self.placed else None
        return list(dict.fromkeys([*([put] if put else []), *others, file.name]))

    def stored(self, place: FilePlace, file: CarriedFile) -> str:
        """The name in the storage of a file that a row has, as :meth:`content` gave it."""
        names = self.names(place, file)
        if len(names) == 1:
            return names[0]
        held, same = self.files.held(place.storage, names), Held(file.sha256, file.size)
        return next((name for name in names if held.get(name) == same), file.name)

    def put(self, place: FilePlace, name: str, file: CarriedFile) -> None:
        """An apply has put the file there."""
        self.find(place, name, file)
        self.files.trust(place.storage, name, Held(file.sha256, file.size))

    def find(self, place: FilePlace, name: str, file: CarriedFile) -> None:
        """The storage has the file under this name, and rows that name it are to have it."""
        key = storage_key(place.storage)
        self.placed[key, file] = name
        if name != file.name:
            self._renamed[key, name] = file.name

    def look(self, place: FilePlace, names: Iterable[str | None]) -> None:
        """Find out what the storage has under these names, before they are encoded."""
        wanted = {name: None for name in names if name and not misnamed(name)}
        held = self._held[place.field] = self.files.held(place.storage, wanted)
        self.lacking.difference_update((place.field, name) for name in held)
        self.lacking.update((place.field, name) for name in wanted if name not in held)

    def content(self, place: FilePlace, name: str | None) -> Value:
        """The content of a column: a file, or the name alone of one that the storage does not have.

        Raises:
            RecordError: this cannot be a file's name.
        """
        if not name:
            return name
        wrong = misnamed(name)
        if wrong:
            raise RecordError(
                f"a file is named {name!r:.200}, which {wrong}",
                hint='give it a name within its storage, or leave out "files": "carry"',
            )
        recorded = self._recorded.get((place.field, name), name)
        if self._renamed:
            recorded = self._renamed.get((storage_key(place.storage), name), recorded)
        held = self._held.get(place.field, {}).get(name)
        return recorded if held is None else CarriedFile(recorded, held.sha256, held.size)

    def name(self, place: FilePlace, content: Value) -> str | None:
        """The column's value for content.

        Raises:
            RecordError: this is neither a file nor a name.
        """
        if type(content) is CarriedFile:
            if not self.placed:
                return content.name
            return self.placed.get((storage_key(place.storage), content), content.name)
        if content is not None and type(content) is not str:
            raise refused(content, "a file")
        return content


def carried(bound: BoundField, model: type[Model], carrier: Carrier) -> BoundField:
    """The field with files as its content in place of their names."""
    found: Any = model._meta.get_field(bound.name)
    assert isinstance(found, FileField)
    place = FilePlace(f"{model._meta.label_lower}.{bound.name}", found.storage, found.max_length)
    decode = bound.decode
    return replace(
        bound,
        schema=replace(bound.schema, carried=True, length=None),
        encode=partial(carrier.content, place),
        decode=lambda content: decode(carrier.name(place, content)),
        prepare=partial(carrier.look, place),
        same=frozenset(),
        place=place,
        alone=lambda: carrier.alone.get(place.field, frozenset()),
    )
