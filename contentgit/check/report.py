"""What a check gives: findings, counts, and what can be mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contentgit.check.findings import Finding, Level


class Fix(NamedTuple):
    """A file that can be written as contentgit writes it: where it is, where it belongs, its blob id."""

    path: str
    place: str
    blob: str


@dataclass(frozen=True)
class Checked:
    """What a check found.

    ``findings`` are sorted by path and line; ``leaving`` are those about references to models that no dump
    holds. ``counts`` has the number of all findings by level, ``before`` how many more there are that
    ``since`` (the commit before the range, ``None`` without one) has already, ``untold`` how many of a rule
    are not among ``findings`` because there are too many. ``merges`` counts the merge commits recomputed.
    """

    revision: str
    commit: str
    since: str | None
    dumps: int
    records: int
    findings: tuple[Finding, ...]
    leaving: tuple[Finding, ...]
    counts: Mapping[Level, int]
    before: int
    untold: Mapping[str, int]
    merges: int = 0
    fixes: tuple[Fix, ...] = field(default=(), repr=False)

    def fails(self, *, strict: bool) -> bool:
        """Whether there is an error, or if ``strict`` a warning."""
        return bool(self.counts[Level.ERROR] or (strict and self.counts[Level.WARNING]))
