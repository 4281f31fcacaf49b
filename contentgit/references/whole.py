"""A reference that is the whole value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from contentgit.references.places import ANY, LABEL, Names, edited, edits_between, models_in

WHOLE_HINT: Final = "write 'app.model'"


@dataclass(frozen=True)
class Whole:
    """A number or text that is nothing but a primary key of ``model``, or a text that is ``ANY``."""

    model: str

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not (
            self.model == ANY or LABEL.fullmatch(self.model)
        ):
            raise ValueError("must be a model's label, or a dictionary of places", WHOLE_HINT)
        object.__setattr__(self, "model", self.model.lower())

    @property
    def models(self) -> frozenset[str]:
        """The label of the model."""
        return models_in([self.model])

    def named(self, value: Any, names: Names) -> Any:
        """The value with what ``names`` gives in place of the primary key."""
        if isinstance(value, str):
            return edited(value, edits_between(value, 0, len(value), self.model, names))
        is_key = isinstance(value, int) and self.model != ANY
        return names.number(self.model, value) if is_key else value
