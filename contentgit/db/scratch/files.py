"""Carried files in a scratch database, which has no storage: their names alone, each of one file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from contentgit.content.records import CarriedFile, Record, Value
from contentgit.db.carrying import Carrier
from contentgit.db.tables import FilePlace


@dataclass
class ScratchCarrier(Carrier):
    """Puts names in place of the files of a commit's records, and these back where migrations kept them."""

    known: dict[str, CarriedFile] = field(default_factory=dict)

    def named(self, record: Record) -> Record:
        """The record with names in place of files; no two files get one name."""
        files = {name: value for name, value in record.fields.items() if type(value) is CarriedFile}
        if not files:
            return record
        given = {name: self._name(file) for name, file in files.items()}
        return replace(record, fields={**record.fields, **given})

    def _name(self, file: CarriedFile) -> str:
        name = file.name
        if self.known.setdefault(name, file) != file:
            name = (
                f"{name[:-13]}?{file.sha256[:12]}"  # as long: it is in a column of the same width
            )
            self.known[name] = file
        return name

    def look(self, place: FilePlace, names: Iterable[str | None]) -> None:
        """Nothing is to be found out: there is no storage."""

    def content(self, place: FilePlace, name: str | None) -> Value:  # noqa: ARG002
        """The file that a commit has under the name, else the name."""
        return self.known.get(name, name) if name else name
