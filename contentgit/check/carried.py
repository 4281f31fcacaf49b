"""Rules for the files that travel with rows: each is named by a record, and is what that says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contentgit.check.files import shown
from contentgit.check.findings import Finding, finding
from contentgit.content.layout import FILES_FOLDER, file_path
from contentgit.content.records import CarriedFile, Record

_FETCH: Final = "commit again from a database whose storage has the file, or fetch the commit whole"
_OURS: Final = "only contentgit writes here: remove it from the commit"
_FOLDER = re.compile(r"[0-9a-f]{2}")
_FILE = re.compile(r"[0-9a-f]{62}")


class Bytes(NamedTuple):
    """What the bytes of a file are: their SHA-256, and how many they are."""

    sha256: str
    size: int


def is_files_folder(path: str) -> bool:
    """Whether contentgit makes this folder for files."""
    top, _, below = path.partition("/")
    return top == FILES_FOLDER and (not below or bool(_FOLDER.fullmatch(below)))


def is_file(path: str) -> bool:
    """Whether contentgit puts a file at this path, for its bytes."""
    folder, _, name = path.rpartition("/")
    return folder != FILES_FOLDER and is_files_folder(folder) and bool(_FILE.fullmatch(name))


def digest_in(path: str) -> str:
    """The SHA-256 by which a file is named."""
    return "".join(path.split("/")[1:])


def stranger(path: str) -> Finding:
    """The finding for what contentgit does not put into the folder of files."""
    message = "is not a place where contentgit puts files"
    return finding("foreign-file", message, path=path, hint=_OURS)


class _Place(NamedTuple):
    path: str
    record: str
    field: str
    name: str


@dataclass
class NamedFiles:
    """The files that the records of a tree name: hand in each record, then ask what is wrong.

    Of several records that name the same file, the first is said.
    """

    _named: dict[Bytes, _Place] = field(default_factory=dict)

    def add(self, record: Record, path: str) -> None:
        """Takes in the files that a record names."""
        for name, value in record.fields.items():
            if type(value) is CarriedFile:
                place = _Place(path, str(record.key), name, value.name)
                self._named.setdefault(Bytes(value.sha256, value.size), place)

    def sizes(self) -> Mapping[str, frozenset[int]]:
        """How many bytes records say that the file at a path has, by the path."""
        found: dict[str, frozenset[int]] = {}
        for sha256, size in self._named:
            path = file_path(sha256)
            found[path] = found.get(path, frozenset()) | {size}
        return found

    def findings(self, there: Mapping[str, Bytes]) -> Iterator[Finding]:
        """What is wrong with the files, of each of which the path says what it is.

        One that was not read has ``""`` as its SHA-256.
        """
        for named, place in self._named.items():
            path = file_path(named.sha256)
            found = there.get(path)
            if found is None:
                message = f"names the file {shown(place.name)}, which the tree does not have"
                yield self._of_record("missing-file", place, message)
            elif found.sha256 == named.sha256 and found.size != named.size:
                message = (
                    f"says that {shown(place.name)} has {named.size:,} bytes: it has {found.size:,}"
                )
                yield self._of_record("wrong-file", place, message)
            elif found != named:
                what = f"{place.record} {place.field} names, {shown(place.name)}"
                message = (
                    f"is not the file of {named.size:,} bytes that {what}: it has {found.size:,}"
                )
                yield finding("wrong-file", message, path=path, hint=_FETCH)
        wanted = {file_path(named.sha256) for named in self._named}
        for path in sorted(there.keys() - wanted):
            message = "is named by no record of the tree"
            yield finding("unnamed-file", message, path=path, hint=_OURS)

    def _of_record(self, rule: str, place: _Place, message: str) -> Finding:
        return finding(
            rule, message, path=place.path, record=place.record, field=place.field, hint=_FETCH
        )
