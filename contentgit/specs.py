"""Datasets and model specs as values: which rows belong to a dump, and what may be done to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Identity: TypeAlias = Literal["pk", "natural", "uuid"] | tuple[str, ...]


@dataclass(frozen=True)
class ModelSpec:
    """The rows of one model that belong to a dump, and what an apply may do to them.

    ``filter`` holds keyword arguments of ``QuerySet.filter``. ``delete_missing`` licenses the deletion of
    rows that match the filter and are missing in the commit. ``exclude`` names fields that are not
    content. ``hashed`` puts natural keys into folders by their SHA-1.
    """

    model: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    delete_missing: bool = False
    ignore_missing_m2m: tuple[str, ...] = ()
    save_as_new: bool = False
    defer_values: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    identity: Identity = "pk"
    hashed: bool = False


@dataclass(frozen=True)
class Dataset:
    """One dump: a dataset's name, the arguments it was called with, and the specs these gave."""

    name: str
    arguments: str
    specs: tuple[ModelSpec, ...]
    depends_on: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How people write it: ``districts`` or ``districts:42,43``."""
        return f"{self.name}:{self.arguments}" if self.arguments else self.name

    def specs_of(self, model: str) -> tuple[ModelSpec, ...]:
        """The specs that name ``model``; a row belongs to the dump when any of them matches."""
        return tuple(spec for spec in self.specs if spec.model == model)

    @property
    def models(self) -> tuple[str, ...]:
        """Labels of the models, each once, in the order of the specs."""
        return tuple(dict.fromkeys(spec.model for spec in self.specs))
