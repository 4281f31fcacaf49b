"""References in what Django's serializers write: rows as JSON, as backups, logs and versions keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Model

from contentgit.contrib.content_types import model_of
from contentgit.db.fields.plain import generic_keys, holds
from contentgit.references import Json, JsonText, Names, References, Whole, parsed
from contentgit.references.paths import Leaf
from contentgit.references.places import Target


@dataclass
class Serialized:
    """Rows as ``{"model": "app.model", "pk": 1, "fields": {…}}``, one or a list, as JSON or a text of it.

    ``references`` are those of the specs of these models, by label. Relations need none. Natural keys stay as
    they are.
    """

    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _of_fields: dict[Any, str | References | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def named(self, value: Any, names: Names) -> Any:
        """See :class:`contentgit.references.References`."""
        rows = _Rows(self, names)
        return (JsonText if isinstance(value, str) else Json)(rows).named(value, names)

    def of_field(self, field: Any) -> str | References | None:
        """What is in the values of a field of a model; a string is a label."""
        if field not in self._of_fields:
            own = self.references.get(field.model._meta.label_lower, {}).get(field.name)
            found = None if own is None else parsed(own, holds(field))
            self._of_fields[field] = (
                found.model if isinstance(found, Whole) else found or _target(field)
            )
        return self._of_fields[field]


@dataclass
class _Rows:
    """Where primary keys are in rows that have been serialized."""

    known: Serialized
    names: Names

    @property
    def targets(self) -> Iterable[Target]:
        """See :class:`contentgit.references.paths.JsonPlaces`."""
        return ()

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`contentgit.references.paths.JsonPlaces`."""
        if isinstance(value, list):
            return [self._row(each, leaf) for each in value]
        return self._row(value, leaf)

    def _row(self, row: Any, leaf: Leaf) -> Any:
        model = _model(row.get("model")) if isinstance(row, dict) else None
        if model is None:
            return row
        found = dict(row)
        if "pk" in row:
            found["pk"] = leaf(row["pk"], model._meta.label_lower)
        if isinstance(fields := row.get("fields"), dict):
            found["fields"] = fields | dict(self._fields(model, fields, leaf))
        return found

    def _fields(
        self, model: type[Model], fields: Mapping[str, Any], leaf: Leaf
    ) -> Iterator[tuple[str, Any]]:
        meta: Any = model._meta
        own: list[Any] = [*meta.local_fields, *meta.local_many_to_many]
        for each in own:
            value = fields.get(each.name)
            target = None if value is None else self.known.of_field(each)
            if target is not None and each.many_to_many and isinstance(value, list):
                yield each.name, [leaf(one, target) for one in value]
            elif isinstance(target, Json):
                yield each.name, target.paths_of_values.mapped(value, leaf)
            elif target is not None:
                yield each.name, leaf(value, target)
        for content_type, pk in generic_keys(model).values():
            kind = model_of(self.names, _number(fields.get(content_type)))
            if kind and pk in fields:
                yield pk, leaf(fields[pk], kind._meta.label_lower)


def _target(each: Any) -> str | None:
    """The model whose primary keys a relation holds, if it does."""
    if not each.is_relation or not (each.many_to_many or each.target_field.primary_key):
        return None
    label: str = each.related_model._meta.concrete_model._meta.label_lower
    return label


def _model(label: Any) -> type[Model] | None:
    try:
        return apps.get_model(label) if isinstance(label, str) else None
    except (LookupError, ValueError):
        return None  # left from a model that is gone


def _number(value: Any) -> Any:
    """A number of JSON in a text is one of a class of its own."""
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None
