"""``check``: what the files of a commit are, which travel with the rows of its records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from contentgit.check import Finding
from contentgit.check.carried import Bytes, NamedFiles, digest_in
from contentgit.content.canonical import blob_id
from contentgit.content.pointers import pointer
from contentgit.content.records import CarriedFile, Record
from contentgit.git import Repository
from contentgit.history.snapshots import batches


@dataclass
class CommitFiles:
    """The files of a commit, and what its records say of them.

    Of ``since``, a commit, the bytes are taken as known: each file that both have is read for its size alone.
    """

    repository: Repository
    since: str | None = None
    _named: NamedFiles = field(default_factory=NamedFiles)
    _there: dict[str, str] = field(default_factory=dict)

    def add_record(self, record: Record, path: str) -> None:
        """Takes in what a record names."""
        self._named.add(record, path)

    def add_file(self, path: str, blob: str) -> None:
        """Takes in what the commit has at the place of a file."""
        self._there[path] = blob

    def findings(self) -> Iterator[Finding]:
        """What is wrong with them."""
        blobs = self._there.values()
        sizes = dict(zip(blobs, self.repository.objects.sizes(blobs), strict=True))
        said, known = self._named.sizes(), self._known()
        found, unread = dict[str, Bytes](), dict[str, list[str]]()
        for path, blob in self._there.items():
            size, wanted, digest = sizes[blob], said.get(path, frozenset()), digest_in(path)
            pointed = next((each for each in wanted if self._is_pointer(blob, digest, each)), None)
            is_read = size in wanted and known.get(path) == blob
            found[path] = Bytes(digest if is_read else "", size)
            if pointed is not None:
                found[path] = Bytes(digest, pointed)
            elif size in wanted and not is_read:
                unread.setdefault(blob, []).append(path)  # once, at however many places it is
        for paths, read in zip(unread.values(), self._read(unread), strict=True):
            found.update(dict.fromkeys(paths, read))
        yield from self._named.findings(found)

    def _known(self) -> Mapping[str, str]:
        """What the commit has whose bytes are taken as known, by path."""
        found: dict[str, str] = {}
        for some in batches(self._there) if self.since else ():
            found |= self.repository.trees.files_at(self.since or "", some)
        return found

    def _is_pointer(self, blob: str, sha256: str, size: int) -> bool:
        """Whether the blob says that git-lfs has the file, in the one form that an apply takes."""
        data = pointer(CarriedFile("", sha256, size))
        return size > 0 and blob == blob_id(data, self.repository.algorithm)

    def _read(self, blobs: Iterable[str]) -> Iterator[Bytes]:
        """What the bytes of each blob are."""
        for pieces in self.repository.objects.in_pieces(blobs):
            digest, size = hashlib.sha256(), 0
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
            yield Bytes(digest.hexdigest(), size)
