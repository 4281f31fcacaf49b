"""The models that a commit records, bound to the tables of the state that its migrations give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from django.apps import apps
from django.apps.registry import Apps
from django.db.models import Model

from contentgit.content.description import parse_excluded, parse_schema
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.db.fields.plain import generic_keys
from contentgit.db.introspect import table
from contentgit.db.scratch.identities import ScratchIdentities
from contentgit.db.tables import Table
from contentgit.errors import RefusedError


class RecordedModel(NamedTuple):
    """A model as ``dataset.json`` has it, and the fields that its specs excluded."""

    schema: ModelSchema
    excluded: frozenset[str]


def recorded_models(document: Any) -> dict[str, RecordedModel]:
    """The models that ``dataset.json`` describes.

    Raises:
        FormatError: the document is not one of a dump.
    """
    excluded = parse_excluded(document)
    return {
        label: RecordedModel(model, excluded.get(label, frozenset()))
        for label, model in parse_schema(document).models.items()
    }


def bound(
    recorded: Mapping[str, RecordedModel], models: Apps, identities: ScratchIdentities
) -> dict[str, Table]:
    """The tables of the recorded models.

    Raises:
        RefusedError: the state has other models or fields than the commit records; all are listed.
    """
    found: dict[str, Table] = {}
    differences: list[str] = []
    for label, each in recorded.items():
        try:
            model = models.get_model(label)
        except LookupError:
            differences.append(f"{label}: the migrations have no such model")
            continue
        for field in each.schema.fields:
            if field.kind is FieldKind.GENERIC:
                _add_generic(model, field.name)
        whole = table(model, identities, identities.using)
        differences += _differences(each, whole)
        found[label] = table(model, identities, identities.using, each.excluded)
    if differences:
        raise RefusedError(
            f"the commit records another schema than the migrations where it stands give: "
            f"{len(differences)} differences",
            items=differences,
            hint="the migrations were edited after the commit was made: bring them back as they were\n"
            "or dumps of the commit stand at different migrations: commit them all at one, then go on",
            data={"differences": differences},
        )
    return found


def _differences(recorded: RecordedModel, made: Table) -> Iterator[str]:
    label, here = made.label, made.schema.by_name
    for field in recorded.schema.fields:
        other = here.get(field.name)
        if other is None:
            yield f"{label}.{field.name}: the migrations have no such field"
        elif _form(field) != _form(other):
            yield f"{label}.{field.name}: {_form(field)} in the commit, {_form(other)} by the migrations"
    for name in sorted(here.keys() - recorded.schema.by_name.keys() - recorded.excluded):
        yield f"{label}.{name}: the commit has no such field"
    if recorded.schema.key_kind is not made.schema.key_kind:
        kinds = recorded.schema.key_kind, made.schema.key_kind
        yield f"{label}: its key is {kinds[0]} in the commit, {kinds[1]} by the migrations"


def _form(field: FieldSchema) -> str:
    return f"{field.kind} to {field.target}" if field.target else str(field.kind)


def _add_generic(model: type[Model], name: str) -> None:
    """Adds the generic foreign key, which no migration has, to a model of a state.

    Its columns are those that it has in the code, else those that Django's documentation calls them.
    """
    from django.contrib.contenttypes.fields import GenericForeignKey

    columns = ("content_type", "object_id")
    with suppress(LookupError):
        columns = generic_keys(apps.get_model(model._meta.label_lower)).get(name, columns)
    own = {field.name for field in model._meta.local_concrete_fields}
    if own.issuperset(columns) and not hasattr(model, name):
        GenericForeignKey(*columns).contribute_to_class(model, name)
