"""The log of django-auditlog as content: its rows are found again in every database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from contentgit.contrib.content_types import ObjectId, model_of
from contentgit.contrib.serialized import Serialized
from contentgit.references import Json, Names


class Changes:
    """The values before and after of what changed, by the names of fields: foreign keys as texts."""

    beside: ClassVar = ("content_type",)

    def named(self, value: Any, names: Names, content_type: Any = None) -> Any:
        """See :class:`contentgit.references.References`."""
        model = model_of(names, content_type)
        if model is None:
            return value
        rules = {
            f"{each.name}.*": each.related_model._meta.label_lower  # type: ignore[union-attr]
            for each in model._meta.concrete_fields
            if each.is_relation and each.target_field.primary_key  # type: ignore[attr-defined]
        }
        return Json(rules).named(value, names) if rules else value


def specs(
    content: Iterable[Mapping[str, Any]], spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The spec of the log, with the keys of ``spec``; ``content`` are the specs of the site.

    Receivers write rows of it in an apply: those of the commit are written last. What they refer to may be
    what the other side of a merge deleted.
    """
    named = {"identity": "uuid", "write_last": True, **(spec or {})}
    copies = Serialized({each["model"].lower(): each.get("references", {}) for each in content})
    references = {
        "object_pk": ObjectId(),
        "object_id": ObjectId(),
        "serialized_data": copies,
        "changes": Changes(),
    }
    missing = dict.fromkeys(references, "keep")
    return [{"missing": missing, **named, "model": "auditlog.logentry", "references": references}]
