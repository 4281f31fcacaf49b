"""The bounds of a walk through trees: a few objects can make a tree without end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from contentgit.errors import FormatError

DEEPEST = 4
"""The depth of content in folders: a dump's, its model's, and two that a layout adds."""
DEEPEST_BESIDE = 100
"""The largest depth of other files of a repository."""
REPEATED = 100_000
"""Entries of repeated folders that are read at most, or ten times the entries of folders that occur once."""

_HINT = "remove the folder from the branch; records are written by contentgit commit only"

_Ids: TypeAlias = tuple[str | None, ...]


@dataclass
class Bounds:
    """Refuses trees that a few objects make endless: nested too deep, or with repeated folders."""

    deepest: int
    above: str = ""
    seen: set[_Ids] = field(default_factory=set)
    single: int = 0
    repeated: int = 0

    def admits(self, folder: _Ids, count: int) -> bool:
        """Whether the walk may go on to the ``count`` entries of a folder, given by its tree ids."""
        if folder not in self.seen:
            self.seen.add(folder)
            self.single += count
            return True
        self.repeated += count
        return not self.spent

    @property
    def spent(self) -> bool:
        """Whether the walk has met too much that it had met before."""
        return self.repeated > max(REPEATED, 10 * self.single)

    def check(self, path: str, folder: _Ids, count: int) -> None:
        """Raises FormatError if the walk must end."""
        if not self.admits(folder, count):
            raise FormatError(
                f"{self.above + path!r} is the same as another folder, as are others with more than "
                f"{REPEATED:,} files",
                hint=_HINT,
            )

    def check_depth(self, path: str) -> None:
        """Raises FormatError if the folder at ``path`` is nested too deep."""
        if (self.above + path).count("/") > self.deepest:
            raise FormatError(
                f"{self.above + path!r} is nested too deep: at most {self.deepest} folders are read there",
                hint=_HINT,
            )
