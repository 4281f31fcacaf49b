"""References to rows of models that are in no dataset, and what names these rows.

Reads ``_meta``; no query is made.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import AutoField, Model

from contentgit.db.fields.plain import generic_keys
from contentgit.db.identity.keys import natural_fields
from contentgit.db.identity.paths import ALWAYS, concrete, label_of
from contentgit.db.spec_rules import identity_problems
from contentgit.db.spec_rules.models import unique_sets
from contentgit.errors import ConfigurationError
from contentgit.specs import Dataset, Identity, Mistake

SETTING = 'CONTENTGIT["IDENTITIES"]'


def outgoing(model: type[Model], exclude: Collection[str]) -> Iterator[tuple[str, type[Model]]]:
    """The references of a model's own fields, without those to excluded, each with its target.

    Generic foreign keys are left out: their targets are known to their rows alone.
    """
    meta = model._meta
    generic = {name for columns in generic_keys(model).values() for name in columns}
    many = [each for each in meta.local_many_to_many if _through(each)._meta.auto_created]
    for field in (*meta.local_concrete_fields, *many):
        if field.is_relation and field.name not in generic and field.name not in exclude:
            yield field.name, concrete(field.related_model)  # type: ignore[arg-type]


def _through(field: Any) -> type[Model]:
    return field.remote_field.through  # type: ignore[no-any-return]


def declared_problems(declared: Mapping[str, Identity]) -> list[Mistake]:
    """What is wrong with the identities of models outside of the datasets, by label."""
    problems: list[Mistake] = []
    for label, identity in declared.items():
        where = f"{SETTING}, {label}"
        if identity == "uuid":
            hint = "use 'pk', or name unique fields; or put the model into a dataset"
            message = "'identity' is 'uuid', but no dataset brings the rows to other databases"
            problems.append(Mistake("contentgit.E031", message, hint, where))
        elif identity not in ("natural", ALWAYS.get(label, identity)):
            message = f"'identity' is {identity!r}, but it is always {ALWAYS[label]!r}"
            problems.append(Mistake("contentgit.E029", message, "remove it", where))
        else:
            problems += identity_problems(label, identity, where)
    return problems


def local_references(
    datasets: Iterable[Dataset], declared: Mapping[str, Identity]
) -> list[Mistake]:
    """A warning for each field that names rows outside of the datasets by an automatic primary key."""
    datasets = list(datasets)
    named = (
        {label for dataset in datasets for label in dataset.models} | declared.keys() | {*ALWAYS}
    )
    found: dict[tuple[str, str], Mistake] = {}
    for dataset in datasets:
        for label in dataset.models:
            exclude = {name for spec in dataset.specs_of(label) for name in spec.exclude}
            for name, target in outgoing(apps.get_model(label), exclude):
                if _is_local(target, named):
                    mistake = _warning(
                        apps.get_model(label), name, target, f"dataset {dataset.name!r}"
                    )
                    found.setdefault((label, name), mistake)
    return list(found.values())


def _is_local(model: type[Model], named: Collection[str]) -> bool:
    """Whether a row is named by a number that its database gave it, without being declared so."""
    if label_of(model) in named:
        return False
    return any(
        _is_local(concrete(field.related_model), named)  # type: ignore[arg-type]
        if field.is_relation
        else isinstance(field, AutoField)
        for field in model._meta.pk_fields
    )


def _warning(model: type[Model], name: str, target: type[Model], where: str) -> Mistake:
    to, identity = label_of(target), recipe(target)
    message = (
        f"{label_of(model)}.{name} names rows of {to}, which is in no dataset, by their primary key: in "
        "another database that may be another row"
    )
    hint = f"add {to} to a dataset"
    if name not in {field.name for field in model._meta.pk_fields}:
        hint += f", or exclude {name!r}"
    if identity is not None:
        hint = f'write CONTENTGIT = {{"IDENTITIES": {{"{to}": {json.dumps(identity)}}}, ...}}'
    return Mistake("contentgit.W007", message, hint, where)


def recipe(model: type[Model]) -> str | list[str] | None:
    """What could name rows of the model in every database, for the setting; ``None`` if nothing."""
    label = label_of(model)
    username = getattr(model, "USERNAME_FIELD", "")
    names: list[list[str]] = [[username]] if username else []
    if not names and not identity_problems(label, "natural", ""):
        try:
            natural_fields(model)
        except ConfigurationError:
            pass
        else:
            return "natural"
    keys = {field.name for field in model._meta.pk_fields}
    fields = {field.name: field for field in model._meta.concrete_fields}
    for names_of_set in sorted(map(sorted, unique_sets(model)), key=len):
        own = [fields.get(name) for name in names_of_set]
        if not keys.intersection(names_of_set) and not any(
            field is None or field.is_relation or isinstance(field, AutoField) for field in own
        ):
            names.append(names_of_set)
    return next((each for each in names if not identity_problems(label, tuple(each), "")), None)
