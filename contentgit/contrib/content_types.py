"""The models of rows that are named by a content type and a primary key in columns of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db.models import Model

from contentgit.content.embedded import keys_in, unknown_pk
from contentgit.content.layout import decode_part
from contentgit.references import Names, Whole

_CONTENT_TYPE: Final = "contenttypes.contenttype"


def model_of(names: Names, content_type: Any) -> type[Model] | None:
    """The model of a content type, by its primary key; ``None`` if there is none."""
    return (
        model_in(names.number(_CONTENT_TYPE, content_type)) if type(content_type) is int else None
    )


def model_in(mark: Any) -> type[Model] | None:
    """The model whose content type the mark names."""
    for key in keys_in(mark) if isinstance(mark, str) else ():
        if key.model == _CONTENT_TYPE and unknown_pk(key) is None:
            try:
                return apps.get_model(".".join(map(decode_part, key.key.split(","))))
            except (LookupError, ValueError):
                return None  # left from a model that is gone
    return None


@dataclass
class ObjectId:
    """A primary key in a column, of the model that the column ``content_type`` says.

    For models without a ``GenericForeignKey`` over the two, whose references need not be declared.
    """

    content_type: str = "content_type"

    @property
    def beside(self) -> tuple[str]:
        """The other column."""
        return (self.content_type,)

    def named(self, value: Any, names: Names, content_type: Any = None) -> Any:
        """See :class:`contentgit.references.References`."""
        model = model_of(names, content_type)
        return Whole(model._meta.label_lower).named(value, names) if model else value
