"""Keys made of references to rows that an apply writes last: such records cannot be created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model

from contentgit.db.spec_rules import key_fields
from contentgit.specs import Dataset, Mistake, ModelSpec


def late_key_problems(datasets: Iterable[Dataset]) -> list[Mistake]:
    """The models whose records cannot be created: their keys need rows that are written after them."""
    found = {spec.model: (spec, dataset) for dataset in datasets for spec in dataset.specs}
    problems = []
    for model, name, target in sorted(_late_keys({key: spec for key, (spec, _) in found.items()})):
        message = (
            f"the key of {model} is made of {name!r}, which refers to {target}, and that is written "
            "last: no record could be created"
        )
        hint = f'write "write_last": True into the spec of {model}, too'
        where = f"dataset {found[model][1].name!r}"
        problems.append(Mistake("contentgit.E040", message, hint, where))
    return problems


def _late_keys(specs: Mapping[str, ModelSpec]) -> Iterator[tuple[str, str, str]]:
    """(model, field, the model written last that it refers to) of each key that comes too late.

    ``specs`` are by model. A reference to a primary key that every database shares can be written before
    its row.
    """
    last = {label for label, spec in specs.items() if spec.write_last}
    for label in specs.keys() - last:
        model = apps.get_model(label)
        for field, path in _parts(model, specs[label]):
            target = field.related_model._meta.label_lower if field.is_relation else ""
            if target in last and ("__" in path or _is_late(field, specs)):
                yield label, field.name, target


def _parts(model: type[Model], spec: ModelSpec | None) -> Iterator[tuple[Any, str]]:
    """The fields that a record's key is made of, each with its path in the identity."""
    identity = spec.identity if spec else "pk"
    if isinstance(identity, str):
        yield from ((field, field.name) for field in key_fields(model))
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
    return any(_is_late(each, specs) for each in key_fields(target))
