"""Rules that compare where the code stood that wrote a tree with where the project's code stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contentgit.check.findings import Finding, finding
from contentgit.content.evolution import (
    KEY,
    AddedModel,
    Migration,
    NamedByUuid,
    OpaqueStep,
    RemovedModel,
    RenamedField,
    RenamedModel,
    Standing,
)
from contentgit.content.layout import DATASET_FILE

_NAMED: Final = 5
"""At most so many migrations are named; the others are counted."""


@dataclass(frozen=True)
class Explained:
    """What the steps between the tree and the code name: labels, and fields by model.

    ``touched`` are the models of such fields: their rules, which name fields, may differ too.
    """

    labels: frozenset[str] = frozenset()
    fields: frozenset[tuple[str, str]] = frozenset()
    touched: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "touched", self.labels | {label for label, _ in self.fields})

    @classmethod
    def by(cls, migrations: Iterable[Migration]) -> Explained:
        """What the steps of the migrations explain."""
        labels: set[str] = set()
        fields: set[tuple[str, str]] = set()
        for step in (step for each in migrations for step in each.steps):
            match step:
                case AddedModel(label) | RemovedModel(label):
                    labels.add(label)
                case RenamedModel(label, to):
                    labels |= {label, to}
                case RenamedField(label, name, to):
                    fields |= {(label, name), (label, to)}
                case NamedByUuid(label):
                    fields.add((label, KEY))
                case OpaqueStep():
                    pass
                case _:
                    fields.add((step.model, step.field))
        return cls(frozenset(labels), frozenset(fields))

    def has_key(self, label: str) -> bool:
        """Whether a step changed the primary key of the model."""
        return (label, KEY) in self.fields


NOTHING_EXPLAINED: Final = Explained()


class CodeGap(NamedTuple):
    """The migrations of a tree that the code lacks, and those of the code that the tree does not record."""

    lacking: Sequence[Migration] = ()
    further: Sequence[Migration] = ()

    @classmethod
    def between(cls, recorded: Standing, code: Standing, missing: Sequence[str]) -> CodeGap:
        """``code`` continues ``recorded``; ``missing`` are the leaves of that which the code lacks."""
        apps = {each.app for each in recorded.history}
        further = [
            each for each in code.history if each.name not in recorded.names and each.app in apps
        ]
        lost = {*missing} | (recorded.names - code.names)
        return cls([each for each in recorded.history if each.name in lost], further)

    @property
    def explained(self) -> Explained:
        """What the migrations explain of the differences."""
        return Explained.by([*self.lacking, *self.further])

    def findings(self, folder: str) -> Iterator[Finding]:
        """What is to be said of the migrations of the dump in ``folder``."""
        where = f"{folder}/{DATASET_FILE}"
        if self.lacking:
            message = f"the code lacks migrations that the tree records: {_names(self.lacking)}"
            hint = "deploy the code that has them, and migrate"
            yield finding("code-behind", message, path=where, hint=hint)
        if self.further:
            message = (
                f"the code has migrations that the tree does not record: {_names(self.further)}"
            )
            opaque = any(
                isinstance(step, OpaqueStep) for each in self.further for step in each.steps
            )
            hint = "contentgit commit  (records them)"
            if opaque:
                hint = "contentgit upgrade REV --branch NEW  (runs them on the content of a commit)"
            yield finding("code-ahead", message, path=where, hint=hint)


def _names(migrations: Sequence[Migration]) -> str:
    names = ", ".join(each.name for each in migrations[:_NAMED])
    more = len(migrations) - _NAMED
    return f"{names} and {more:,} more" if more > 0 else names
