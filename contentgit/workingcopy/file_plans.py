"""What an apply does with files, as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from contentgit.content.records import CarriedFile, RecordKey
from contentgit.db.tables import FilePlace
from contentgit.git import FileEntry
from contentgit.plan.steps import Problem, ProblemKind


class Named(NamedTuple):
    """A file that a record names in a field."""

    place: FilePlace
    file: CarriedFile
    key: RecordKey


class Brought(NamedTuple):
    """A file that is put into a storage, from a blob of the repository."""

    place: FilePlace
    file: CarriedFile
    blob: FileEntry


class Stored(NamedTuple):
    """A file that a storage has, by its name there."""

    place: FilePlace
    name: str
    file: CarriedFile


@dataclass(frozen=True)
class FilePlan:
    """What an apply does with files; ``here`` are those that its records name and that are there already.

    ``lacking`` are those that neither the storage nor the repository has, ``alone`` fields and names of those
    of which records do not say what they are.
    """

    here: Sequence[Stored] = ()
    brought: Sequence[Brought] = ()
    left: Sequence[Stored] = ()
    lacking: Sequence[Named] = ()
    alone: Sequence[tuple[str, str]] = ()

    def problems(self) -> Iterator[Problem]:
        """Why the plan is refused."""
        for place, file, key in self.lacking:
            name = place.field.rpartition(".")[2]
            text = (
                f"{key} names in {name} the file {file.name!r}, which the repository does not have"
            )
            yield Problem(ProblemKind.FILE, text, key=key)


NO_FILES: Final = FilePlan()


class Cleared(NamedTuple):
    """The files that were removed from storages, and why others were not."""

    removed: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


class FileCount(NamedTuple):
    """How many files, and how many bytes these have."""

    files: int
    size: int


NONE: Final = FileCount(0, 0)


def counted(files: Iterable[Brought | Stored]) -> FileCount:
    """How many files these are; one that several rows name is counted once."""
    sizes = {each.file.sha256: each.file.size for each in files}
    return FileCount(len(sizes), sum(sizes.values()))


class AbsentFiles(NamedTuple):
    """The ``names`` in ``"app.model.field"`` of which the storage has no file.

    ``whole`` says whether it was asked for all that records name there.
    """

    field: str
    storage: str
    names: tuple[str, ...]
    whole: bool
