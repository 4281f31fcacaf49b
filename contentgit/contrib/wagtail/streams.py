"""References in streams."""

from __future__ import annotations

import dataclasses
from typing import Any

from contentgit.contrib.wagtail.blocks import shape_of
from contentgit.contrib.wagtail.shapes import Fields, Form
from contentgit.references import Json, JsonText, Names


@dataclasses.dataclass
class StreamField:
    """What the blocks of a field choose, and their rich text, at any depth.

    ``field`` is the field of the model: ``Article._meta.get_field("body")``.
    """

    field: Any = dataclasses.field(compare=False)
    shape: Form = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        found = shape_of(self.field.stream_block)
        self.shape = found if isinstance(found, Form) else Fields({})
        self._values, self._text = Json(self.shape), JsonText(self.shape)

    @property
    def models(self) -> frozenset[str]:
        """The labels of models that the blocks choose."""
        return self._values.models

    def named(self, value: Any, names: Names) -> Any:
        """See :class:`contentgit.references.References`; a text is JSON, as in rows that are JSON."""
        return (self._text if isinstance(value, str) else self._values).named(value, names)
