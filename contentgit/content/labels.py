"""The labels that a model had, as the migrations of a standing renamed it."""

from __future__ import annotations

from typing import NamedTuple

from contentgit.content.evolution import AddedModel, RemovedModel, RenamedModel, Standing


class ModelOrigin(NamedTuple):
    """A model by its first label, and by the migration that added it, if that is recorded."""

    label: str
    migration: str = ""


class ModelLabels:
    """Which labels each model of a standing had, and which model a label meant.

    Two standings that share their beginning give a model the same origin. So the label of the one is found in
    the other, also if another model has the label now.
    """

    def __init__(self, standing: Standing) -> None:
        self._names: dict[ModelOrigin, list[str]] = {}
        self._meant: dict[str, ModelOrigin] = {}  # by label, the model that had it last
        self._current: dict[str, ModelOrigin] = {}
        for migration in standing.history:
            for step in migration.steps:
                match step:
                    case AddedModel(label):
                        added = ModelOrigin(label, migration.name)
                        self._name(added, label)
                    case RenamedModel(label, to) if origin := self._taken(label):
                        self._name(origin, to)
                    case RemovedModel(label):
                        self._taken(label)

    def _taken(self, label: str) -> ModelOrigin | None:
        """The model that has the label, which it loses."""
        if label in self._current:
            return self._current.pop(label)
        if label in self._meant:
            return None  # it was renamed or removed before
        origin = ModelOrigin(label)
        self._name(origin, label)
        return self._current.pop(label)

    def _name(self, origin: ModelOrigin, label: str) -> None:
        self._names.setdefault(origin, []).append(label)
        self._meant[label] = self._current[label] = origin

    def __contains__(self, label: str) -> bool:
        """Whether the steps name the label."""
        return label in self._meant

    def origin(self, label: str) -> ModelOrigin:
        """The model that has the label or, if none has it, had it last."""
        return self._meant.get(label) or ModelOrigin(label)

    def label(self, origin: ModelOrigin) -> str | None:
        """What the model is called, or was when it was removed; ``None`` if it did not exist yet."""
        if origin in self._names:
            return self._names[origin][-1]
        return None if origin.migration else origin.label

    def every(self, origin: ModelOrigin) -> tuple[str, ...]:
        """The labels of the model, newest first."""
        return tuple(dict.fromkeys(reversed(self._names.get(origin) or [origin.label])))
