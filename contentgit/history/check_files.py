"""``check``: what the files of a commit are, which travel with the rows of its records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from contentgit.check import Finding
from contentgit.check.carried import LONGEST_POINTER, Bytes, NamedFiles, digest_in, pointed
from contentgit.content.records import Record
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
            size, wanted = sizes[blob], said.get(path, frozenset())
            is_read = size in wanted and known.get(path) == blob
            found[path] = Bytes(digest_in(path) if is_read else "", size)
            if wanted and not is_read and (size in wanted or size <= LONGEST_POINTER):
                unread.setdefault(blob, []).append(path)  # once, at however many places it is
        for paths, forms in zip(unread.values(), self._read(unread), strict=True):
            for path in paths:
                right = (each for each in forms if each.sha256 == digest_in(path))
                found[path] = next(right, forms[0])
        yield from self._named.findings(found)

    def _known(self) -> Mapping[str, str]:
        """What the commit has whose bytes are taken as known, by path."""
        found: dict[str, str] = {}
        for some in batches(self._there) if self.since else ():
            found |= self.repository.trees.files_at(self.since or "", some)
        return found

    def _read(self, blobs: Iterable[str]) -> Iterator[list[Bytes]]:
        """What the bytes of each blob are, and what it stands for if it is a pointer."""
        for pieces in self.repository.objects.in_pieces(blobs):
            digest, size, head = hashlib.sha256(), 0, b""
            for piece in pieces:
                digest.update(piece)
                head = piece if not size else b""
                size += len(piece)
            pointer = pointed(head)
            yield [Bytes(digest.hexdigest(), size), *([pointer] if pointer else [])]
