"""What a check gives, as values: findings, the rules that they are of, counts and fixes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple


class Level(enum.StrEnum):
    """How bad a finding is; the words are those of SARIF."""

    ERROR = "error"  # some verb refuses this tree, or a site would break on it
    WARNING = "warning"  # it works, and is most likely not what somebody wanted
    NOTE = "note"  # good to know


class Rule(NamedTuple):
    """A rule: its stable id, the level of most of its findings, and a summary of one line."""

    id: str
    level: Level
    summary: str


_E, _W, _N = Level.ERROR, Level.WARNING, Level.NOTE

RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in (
        Rule("newer-format", _E, "the tree has a format that this contentgit does not know"),
        Rule("no-format", _E, "contentgit.json does not say which format the tree has"),
        Rule("no-schema", _E, "dataset.json is missing, or does not describe a dump"),
        Rule("recorded-conflict", _E, "a merge recorded a conflict that is not decided yet"),
        Rule(
            "foreign-file", _E, "a folder of contentgit holds a file that contentgit does not write"
        ),
        Rule("odd-mode", _E, "a dump's folder is or holds a link, a submodule or an executable"),
        Rule("case-clash", _E, "names that some file systems treat as one file"),
        Rule("not-a-record", _E, "a file that should hold a record does not"),
        Rule("non-canonical", _W, "a file's bytes are not what contentgit writes for its content"),
        Rule("wrong-path", _E, "a record is not at the path that its key gives"),
        Rule("unknown-model", _E, "a record is of a model that dataset.json does not have"),
        Rule("unknown-field", _E, "a record has a field that dataset.json does not have"),
        Rule("missing-field", _W, "a record lacks a field that dataset.json has"),
        Rule("wrong-type", _E, "a value does not fit its field"),
        Rule("duplicate-key", _E, "a record is in the tree twice"),
        Rule("dangling-reference", _E, "a record refers to one that is not in the tree"),
        Rule("leaves-dumps", _N, "records refer to a model that no dump of the tree holds"),
        Rule("duplicate-value", _E, "two records have a value that must be unique"),
        Rule("broken-constraint", _E, "a record breaks a check constraint of its table"),
        Rule("cycle", _E, "records are each other's ancestors"),
        Rule("order-tie", _W, "records have the same place in an order"),
        Rule("missing-file", _E, "a record names a file that the tree does not have"),
        Rule("wrong-file", _E, "a file's bytes are not those that its records name"),
        Rule("unnamed-file", _W, "the tree has a file that no record names"),
        Rule("forbidden-model", _E, "the tree holds a model that the policy forbids"),
        Rule("merge-differs", _E, "a merge commit differs from the result of the merge"),
        Rule("merge-unproven", _W, "both sides of a merge changed fields of a constraint"),
        Rule("merge-not-checked", _N, "a merge commit cannot be recomputed"),
        Rule("new-key-unproven", _W, "a message gives a record a key that its commit does not"),
        Rule("code-behind", _W, "the tree records migrations that the project's code lacks"),
        Rule("code-ahead", _N, "the project's code has migrations that the tree does not record"),
        Rule("unknown-to-code", _E, "the tree has something that the project's code lacks"),
        Rule("not-in-tree", _W, "the project's code has something that the tree lacks"),
        Rule("differs-from-code", _W, "dataset.json and the code describe something differently"),
        Rule("not-in-storage", _N, "records name files that the project's storage does not have"),
        Rule("not-compared", _N, "the tree was not compared with the project's code"),
    )
}
"""Every rule by its id."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a tree, or worth a look.

    ``path`` is the file's in the repository, ``""`` where it is not about one file; ``record`` a record key,
    ``commit`` the id of the commit that it is about; ``line`` counts from 1, 0 is not known. All texts
    may hold what a stranger wrote: whoever prints them makes them harmless.
    """

    rule: str
    level: Level
    message: str
    path: str = ""
    record: str = ""
    field: str = ""
    hint: str = ""
    commit: str = ""
    line: int = 0

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same finding in another commit."""
        return (self.rule, self.path, self.record, self.field, self.message, self.commit)


def finding(
    rule: str,
    message: str,
    *,
    path: str = "",
    record: object = "",
    field: str = "",
    hint: str = "",
    commit: str = "",
    level: Level | None = None,
) -> Finding:
    """A finding of a rule, by default at the rule's level."""
    found = RULES[rule].level if level is None else level
    return Finding(rule, found, message, path, str(record), field, hint, commit)


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
