"""The models that a commit records, bound to the tables of the state that its migrations give."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.apps.registry import Apps
from django.db.models import Model

from contentgit.content.description import parse_excluded, parse_schema
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.db.fields.plain import generic_keys
from contentgit.db.introspect import table
from contentgit.db.scratch.identities import ScratchIdentities
from contentgit.db.tables import Table
from contentgit.db.trees import numbering_of
from contentgit.db.trees.numbering import Numbering
from contentgit.errors import RefusedError

_TYPES: Final = "contenttypes.contenttype"
USUAL: Final = ("content_type", "object_id")
"""The columns of a generic foreign key as Django's documentation calls them."""


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
    recorded: Mapping[str, RecordedModel],
    models: Apps,
    identities: ScratchIdentities,
    now: Mapping[str, str],
) -> dict[str, Table]:
    """The tables of the recorded models, of which some have another label ``now``.

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
        _add_generics(model, each)
        tree = _tree(model, each.schema, now.get(label, label))
        whole = table(model, identities, identities.using, tree=tree)
        differences += _differences(each, whole)
        found[label] = table(model, identities, identities.using, each.excluded, tree)
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


def _tree(model: type[Model], recorded: ModelSchema, label: str) -> Numbering | None:
    """How the rows are numbered, where the commit has parents and positions in place of the numbers.

    A state of migrations knows nothing of libraries: the code says so, where the model is there still.
    """
    try:
        numbering = numbering_of(apps.get_model(label))
    except LookupError:
        return None
    names = {each.name for each in model._meta.local_concrete_fields}
    known = recorded.by_name.keys()
    if numbering is None or not names.issuperset((*numbering.columns, *numbering.sources)):
        return None
    is_recorded = {numbering.parent, *filter(None, [numbering.position])} <= known
    return numbering if is_recorded and known.isdisjoint(numbering.columns) else None


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


def _add_generics(model: type[Model], recorded: RecordedModel) -> None:
    """Adds the generic foreign keys, which no migration has, to a model of a state.

    Their columns are among those that the commit has no field for: by their names in the code, where the
    model is there still, else where there is one choice.
    """
    from django.contrib.contenttypes.fields import GenericForeignKey

    wanted = [each.name for each in recorded.schema.fields if each.kind is FieldKind.GENERIC]
    wanted = [name for name in wanted if not hasattr(model, name)]
    if not wanted:
        return
    known: dict[str, tuple[str, str]] = {}
    with suppress(LookupError):
        known = generic_keys(apps.get_model(model._meta.label_lower))
    free = _free(model, recorded)
    found = {name: known[name] for name in wanted if free.keys() >= {*known.get(name, (None,))}}
    taken = {column for columns in found.values() for column in columns}
    left = [name for name in wanted if name not in found]
    if len(left) == 1 and (columns := only_pair(free, taken)):
        found[left[0]] = columns
    for name, columns in found.items():
        GenericForeignKey(*columns).contribute_to_class(model, name)


def _free(model: type[Model], recorded: RecordedModel) -> dict[str, bool]:
    """The columns that may be of a generic foreign key; whether each refers to a content type."""
    other = {*recorded.schema.by_name, *recorded.excluded}
    other |= {each.name for each in model._meta.pk_fields}
    found: dict[str, bool] = {}
    fields: Iterable[Any] = model._meta.local_concrete_fields
    for each in fields:
        target = each.related_model._meta.label_lower if each.related_model else ""
        if each.name not in other and target in ("", _TYPES) and not each.generated:
            found[each.name] = bool(target)
    return found


def only_pair(free: Mapping[str, bool], taken: Collection[str]) -> tuple[str, str] | None:
    """The columns that are left for one generic foreign key: of Django's names, or the only ones."""
    left = {name: of_type for name, of_type in free.items() if name not in taken}
    if left.get(USUAL[0]) is True and left.get(USUAL[1]) is False:
        return USUAL
    types, keys = ([name for name, each in left.items() if each is kind] for kind in (True, False))
    return (types[0], keys[0]) if len(types) == len(keys) == 1 else None
