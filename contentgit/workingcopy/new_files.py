"""The files that a commit takes from the storages into the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contentgit.content.records import CarriedFile, Record
from contentgit.db.tables import FilePlace, Tables, file_places
from contentgit.errors import RefusedError
from contentgit.git import FileStream
from contentgit.history.carried import blob_of, completed, files_in, keeps_files_in_lfs
from contentgit.storages import pieces
from contentgit.workingcopy.project import Project

_SHOWN = 10


def carries(tables: Tables) -> bool:
    """Whether files travel with rows of one of the tables."""
    return any(file_places(tables))


@dataclass
class NewFiles:
    """The files of the records that a commit writes, by SHA-256, each with where it is stored.

    They are ``limited`` in size, unless they would be lost otherwise; then they go into git itself, since
    git-lfs forgets files of commits that are on no branch.
    """

    project: Project
    limited: bool = True
    found: dict[str, tuple[FilePlace, Record, CarriedFile]] = field(default_factory=dict)

    def seen(
        self, tables: Tables, files: Iterator[tuple[str, bytes | None]]
    ) -> Iterator[tuple[str, bytes | None]]:
        """What is written for a dump, unchanged."""
        if not carries(tables):
            yield from files
            return
        for path, data in files:
            for record, name, file in files_in(data or b""):
                place = tables[record.key.model].field[name].place
                if place is not None:
                    self.found.setdefault(file.sha256, (place, record, file))
            yield path, data

    def tree(self, tree: str, parent: str | None, sources: list[str]) -> str:
        """The tree of the commit with the files that its records name.

        Raises:
            RefusedError: a file is larger than the repository takes.
            StorageError: a storage cannot be read, or a file has changed since it was looked at.
        """
        known = [*filter(None, [parent, *sources])]
        streams = {
            sha256: FileStream(file.size, self._pieces(place, file))
            for sha256, (place, _, file) in self.new(parent, sources).items()
        }
        plain = not self.limited
        return completed(self.project.repository, tree, parent, known, streams, plain=plain)

    def new(
        self, parent: str | None, sources: Sequence[str] = ()
    ) -> Mapping[str, tuple[FilePlace, Record, CarriedFile]]:
        """The files that none of the commits and trees has; raises RefusedError as :meth:`tree`."""
        repository = self.project.repository
        known = [*filter(None, [parent, *sources])]
        found = {
            sha256: each
            for sha256, each in self.found.items()
            if blob_of(repository, known, each[2]) is None
        }
        if self.limited and not (parent and keeps_files_in_lfs(repository, parent)):
            self._refuse_large(found)
        return found

    def _pieces(self, place: FilePlace, file: CarriedFile) -> Iterator[bytes]:
        # The name is found here, and not by the thread that reads.
        name = self.project.carrier.stored(place, file)
        return pieces(place.storage, name, file.sha256, file.size)

    def _refuse_large(self, new: Mapping[str, tuple[FilePlace, Record, CarriedFile]]) -> None:
        limit = self.project.config.file_limit
        large = [each for each in new.values() if each[2].size > limit]
        if large:
            items = [
                f"{record.key}: {place.field.rpartition('.')[2]}: {file.name} has {file.size:,} bytes"
                for place, record, file in large
            ]
            raise RefusedError(
                f"files of more than {limit:,} bytes do not belong in git; nothing was committed",
                items=items,
                hint="contentgit init --lfs  (has git-lfs keep all files)\n"
                'raise CONTENTGIT["FILE_LIMIT"], or leave the field out with "exclude"',
            )
