"""A dump as a copy: which of its models are copied, and what its specs say of the copy's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from hashlib import sha1
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from contentgit.content.records import RecordKey
from contentgit.content.uuids import uuid_of
from contentgit.db.identity import Identities
from contentgit.db.identity.copies import CopiedModels
from contentgit.db.identity.paths import ALWAYS, label_of
from contentgit.db.identity.uuids import rows_named
from contentgit.db.spec_rules.models import has_automatic_key, no_rows
from contentgit.errors import UsageError
from contentgit.specs import Dataset, ModelSpec


def copied_models(dataset: Dataset, folder: str, kind: str, identities: Identities) -> CopiedModels:
    """The models of the dump that are copied, and those that give their rows the primary key.

    ``kind`` is ``"save_as_new"`` for those of which the specs say so, ``"as-new"`` for all. Rows that have
    the same name everywhere (groups and sites, for instance) are never copied.

    Raises:
        UsageError: a key is content, so that a copy cannot have another, or it is made of keys of copies; or
            a row has another key than the row of its parent.
    """
    specs = (spec for spec in dataset.specs if kind == "as-new" or spec.save_as_new)
    wanted = {spec.model for spec in specs} - ALWAYS.keys()
    bases = {identities.base(label) for label in wanted if not no_rows(identities.model(label))}
    labels = bases | {each for each in dataset.models if identities.base(each) in bases}
    held = sorted(label for label in labels if not has_automatic_key(identities.model(label)))
    if held:
        raise UsageError(
            f"{dataset.label} cannot be copied: the primary key of {', '.join(held)} is content, so that a "
            "copy cannot have another",
            hint="copy a dataset without these models",
        )
    for model, target in _keyed(dataset, labels, identities):
        raise UsageError(
            f"{dataset.label} cannot be copied: keys of {model} are made of references to {target}, whose "
            "rows are copied, and its own are not",
            hint=f"give {model} a primary key that the database gives, or copy a dataset without it",
        )
    for label in sorted(labels):
        base = identities.base(label)
        if not identities.is_shared(label) and identities.fields(label) != identities.fields(base):
            names = {each: ", ".join(identities.fields(each)) for each in (label, base)}
            raise UsageError(
                f"{dataset.label} cannot be copied: {label} is named by {names[label]}, and {base}, whose "
                f"rows have the same primary keys, by {names[base] or 'its primary key'}",
                hint="name both by the same fields, and commit",
            )
    return CopiedModels(map_name(folder, kind), frozenset(labels))


def map_name(folder: str, kind: str) -> str:
    """What the maps of a copy are called in the table of identities, in front of a model's label."""
    name = sha1(folder.encode(), usedforsecurity=False).hexdigest()[:16]
    return f"{kind} {name}"


def rows_of_copy(
    keys: Iterable[RecordKey], folder: str, kind: str, identities: Identities
) -> Iterator[RecordKey]:
    """Those of the keys whose rows a copy of the dump has made; rows are named by their primary keys."""
    by_base: dict[str, dict[str, list[RecordKey]]] = defaultdict(lambda: defaultdict(list))
    for key in keys:
        pk = identities.pk(key.model, key.key)
        if pk is not None:
            base = identities.base(key.model)
            by_base[base][identities.text_of(base, pk)].append(key)
    for base, rows in by_base.items():
        stored = CopiedModels(map_name(folder, kind), frozenset()).stored(base)
        for row in rows_named(identities.using, stored, rows):
            yield from rows[row]


def _keyed(
    dataset: Dataset, labels: AbstractSet[str], identities: Identities
) -> Iterator[tuple[str, str]]:
    """The models that are not copied and whose keys are made of references to rows that are."""
    for spec in dataset.specs:
        if spec.model in labels:
            continue
        meta = identities.model(spec.model)._meta
        named = [] if isinstance(spec.identity, str) else map(meta.get_field, _fields(spec))
        for field in [*meta.pk_fields, *named]:
            if field.is_relation and field.related_model is not None:
                target = label_of(field.related_model)  # type: ignore[arg-type]
                if target in labels:
                    yield spec.model, target


def _fields(spec: ModelSpec) -> Iterator[str]:
    """The fields of the identity that are no paths through others."""
    return (path for path in spec.identity if "__" not in path)


def as_copied(dataset: Dataset, labels: Iterable[str]) -> Dataset:
    """The dump with the specs of a copy: the map says which rows are copied, and no filter."""
    labels = {*labels}
    specs: dict[int, ModelSpec] = {}
    first: dict[str, int] = {}
    for place, spec in enumerate(dataset.specs):
        if spec.model not in labels:
            specs[place] = spec
            continue
        known = specs.get(first.setdefault(spec.model, place), spec)
        licence = bool(known.delete_missing or spec.delete_missing)
        specs[first[spec.model]] = replace(
            known, filter={}, identity="uuid", delete_missing=licence
        )
    return replace(dataset, specs=tuple(specs[place] for place in sorted(specs)))


def copied_filter(
    model: type[Model], given: Mapping[str, Any], identities: Identities
) -> Mapping[str, Any]:
    """The filter of a model that is not copied, where it goes to copied rows: to the copies, and no others.

    Primary keys in it are those of the rows that were committed: they become those of the copies.
    """
    found: dict[str, Any] = {}
    for lookup, value in given.items():
        way = _way(model, lookup, identities.copies)
        if way is None:
            found[lookup] = value
            continue
        copied = identities.copied(way.target)
        assert copied is not None
        if way.rest in ([], ["exact"], ["in"]):
            values = list(value) if way.rest == ["in"] else [value]
            texts = [uuid_of(str(each)) for each in values]
        else:  # of the rows that are so, those that are copies
            found[lookup] = value
            texts = [*copied.copied()]
        pks = map(copied.pk_of_copy, texts)
        found["__".join([*way.path, "in"])] = [pk for pk in pks if pk is not None]
    return found


class _Way(NamedTuple):
    """The relations of a lookup up to the last model that is copied, that model, and what follows."""

    path: list[str]
    target: str
    rest: list[str]


def _way(model: type[Model], lookup: str, copied: AbstractSet[str]) -> _Way | None:
    """``None`` if no model on the way is copied."""
    parts, here = lookup.split("__"), model
    found = None
    for place, part in enumerate(parts):
        try:
            each: Any = here._meta.pk if part == "pk" else here._meta.get_field(part)
        except FieldDoesNotExist:
            break
        if not each.is_relation or each.related_model is None:
            break
        here = each.related_model
        if label_of(here) in copied:
            rest = parts[place + 1 :]
            names_key = rest and rest[0] in ("pk", here._meta.pk.name)
            found = _Way(parts[: place + 1], label_of(here), rest[1:] if names_key else rest)
    return found
