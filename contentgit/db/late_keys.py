"""Keys made of references to rows that an apply writes last: such records cannot be created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model

from contentgit.specs import Dataset, Mistake, ModelSpec


def late_key_problems(datasets: Iterable[Dataset]) -> list[Mistake]:
    """The models whose records cannot be created: their keys need rows that are written after them.

    A reference to a primary key that every database shares can be written before its row.
    """
    found = {spec.model: (spec, dataset) for dataset in datasets for spec in dataset.specs}
    specs = {label: spec for label, (spec, _) in found.items()}
    last = {label for label, spec in specs.items() if spec.write_last}
    problems = []
    for label in sorted(specs.keys() - last):
        for field, path in _parts(apps.get_model(label), specs[label]):
            target = field.related_model._meta.label_lower if field.is_relation else ""
            if target in last and ("__" in path or _is_late(field, specs)):
                message = (
                    f"the key of {label} is made of {field.name!r}, which refers to {target}, and that is "
                    "written last: no record could be created"
                )
                hint = f'write "write_last": True into the spec of {label}, too'
                where = f"dataset {found[label][1].name!r}"
                problems.append(Mistake("contentgit.E040", message, hint, where))
    return problems


def _parts(model: type[Model], spec: ModelSpec | None) -> Iterator[tuple[Any, str]]:
    """The fields that a record's key is made of, each with its path in the identity."""
    identity = spec.identity if spec else "pk"
    if isinstance(identity, str):
        yield from ((field, field.name) for field in model._meta.pk_fields)
        return
    names = {field.name: field for field in model._meta.concrete_fields}
    for path in identity:
        head = path.partition("__")[0]
        if head in names:  # a generic foreign key is no column
            yield names[head], path


def _is_late(field: Any, specs: Mapping[str, ModelSpec]) -> bool:
    """Whether the column's value is known only once the row that it refers to is there."""
    if not field.is_relation:
        return False
    target = field.related_model
    spec = specs.get(target._meta.label_lower)
    if not field.target_field.primary_key or (spec is not None and spec.identity != "pk"):
        return True
    return any(_is_late(each, specs) for each in target._meta.pk_fields)
