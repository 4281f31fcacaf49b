"""What keeps a record from being read as it is: names and kinds that two schemas do not have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contentgit.content.evolution import Migration
from contentgit.content.lenses import Lens
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema

_ALIKE: Final = frozenset({FieldKind.TEXT, FieldKind.FILE})
"""Kinds whose content has the same form."""

_SHOWN: Final = 3
"""So many rules of references are named."""


def renames(models: Mapping[str, ModelSchema], migrations: Sequence[Migration]) -> Iterator[str]:
    """The models, and their fields, that are called otherwise or gone after the migrations, a line each."""
    lens = Lens(models, migrations)
    for label in sorted(models):
        newer = lens.newer(label)
        if newer is None:
            yield f"{label} removed ({lens.removed_by(label)})"
            continue
        for name, migration in sorted(newer.gone.items()):
            yield f"{label}.{name} removed ({migration})"
        if newer.label != label:
            yield f"{label} renamed to {newer.label} ({newer.renamed['']})"
        for name, to in sorted(newer.fields.items()):
            if name != to:
                yield f"{label}.{name} renamed to {to} ({newer.renamed[name]})"


def departed(models: Mapping[str, ModelSchema], migrations: Sequence[Migration]) -> dict[str, str]:
    """The fields that the migrations removed or renamed, each with the migration."""
    lens, found = Lens(models, migrations), dict[str, str]()
    for label in models:
        newer = lens.newer(label)
        for name, migration in newer.gone.items() if newer else ():
            found[f"{label}.{name}"] = migration
        for name, to in newer.fields.items() if newer else ():
            if newer and name != to:
                found[f"{label}.{name}"] = newer.renamed[name]
    return found


def other_kinds(there: Mapping[str, ModelSchema], here: Mapping[str, ModelSchema]) -> Iterator[str]:
    """The fields and keys of the same name that have values of another kind, a line each."""
    for label, model in there.items():
        own = here.get(label)
        if own is None:
            continue
        for name, each in model.by_name.items():
            other = own.by_name.get(name)
            if other and other.kind is not each.kind and not {other.kind, each.kind} <= _ALIKE:
                yield f"{label}.{name} is {each.kind.value} there and {other.kind.value} here"
        if own.key_kind is not model.key_kind:
            kinds = model.key_kind.value, own.key_kind.value
            yield f"the key of {label} is {kinds[0]} there and {kinds[1]} here"


def bare_fields(there: Mapping[str, ModelSchema], here: Mapping[str, ModelSchema]) -> Iterator[str]:
    """The fields that hold references inside ``there``, and primary keys ``here``, a line each.

    Where that is so at some places, these are named.
    """
    for label, model in sorted(there.items()):
        own = here[label].by_name if label in here else {}
        for each in model.fields:
            if each.name in own and (bare := bare_places(each, own[each.name])) is not None:
                yield (
                    f"{label}.{each.name}: {named_rules(bare)}" if bare else f"{label}.{each.name}"
                )


def kept_files(there: Mapping[str, ModelSchema], here: Mapping[str, ModelSchema]) -> list[str]:
    """The fields that have files ``there`` and their names alone ``here``."""
    return [
        f"{label}.{each.name}"
        for label, model in sorted(there.items())
        for each in model.fields
        if each.carried and label in here
        if (other := here[label].by_name.get(each.name)) is not None and not other.carried
    ]


def bare_places(there: FieldSchema, here: FieldSchema) -> list[str] | None:
    """The rules by which a field holds references inside ``there`` and primary keys ``here``.

    ``None`` if there is nothing of that kind; no rules if ``here`` has no references at all. Where a side
    does not say its rules, they are taken for the same.
    """
    if not there.embeds:
        return None
    if not here.embeds:
        return []
    alike = here.rules and here.kind is there.kind  # else a migration has made other values
    bare = sorted({*there.rules} - {*here.rules}) if alike else []
    return bare or None


def named_rules(rules: Sequence[str]) -> str:
    """The first rules of references."""
    more = f" and {len(rules) - _SHOWN:,} more" if len(rules) > _SHOWN else ""
    return ", ".join(rules[:_SHOWN]) + more
