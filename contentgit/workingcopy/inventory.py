"""``datasets``: what each dataset holds of a database, and what it cannot hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from contentgit.db.identity import Identities
from contentgit.db.identity.paths import label_of
from contentgit.db.outgoing import outgoing
from contentgit.specs import OWNED, DeleteMissing, Identity
from contentgit.workingcopy.project import Dump, Project

_FREEDOM: Final[tuple[DeleteMissing, ...]] = (False, OWNED, True)
"""What ``delete_missing`` permits, from least to most."""


class OutgoingReference(NamedTuple):
    """A field that refers to a model in no dataset; ``identity`` is empty for the primary key.

    A generic foreign key has one for each model of which rows are referred to now.
    """

    field: str
    target: str
    identity: tuple[str, ...]


@dataclass(frozen=True)
class ModelInventory:
    """What a dataset holds of a model. ``problems`` say in a line each what it cannot hold and why.

    ``named_by`` is the identity as the specs have it, ``identity`` the fields that this means: none for the
    primary key. ``outgoing`` are the references that leave the datasets.
    """

    label: str
    rows: int
    hidden: int
    delete_missing: DeleteMissing
    filtered: bool
    identity: tuple[str, ...]
    exclude: tuple[str, ...]
    problems: tuple[str, ...]
    moments: tuple[str, ...]
    named_by: Identity
    outgoing: tuple[OutgoingReference, ...]
    save_as_new: bool = False


@dataclass(frozen=True)
class DumpInventory:
    """One dump with its models."""

    label: str
    folder: str
    depends_on: tuple[str, ...]
    models: tuple[ModelInventory, ...]


def inventory(project: Project, names: Sequence[str]) -> list[DumpInventory]:
    """What each dump holds in this database now.

    Raises:
        UnknownNameError: a dump does not exist.
    """
    with project.snapshot():
        dumps = project.dumps(names)
        inside = {label for dump in dumps for label in dump.dataset.models}
        for definition in project.definitions.values():
            inside.update(definition.evaluate()[0].models)
        return [_inventory(dump, project.identities, inside) for dump in dumps]


def _inventory(dump: Dump, identities: Identities, inside: Collection[str]) -> DumpInventory:
    counts, hidden = dump.reader.counts(), dump.reader.hidden()
    models = []
    for label, table in dump.tables.items():
        specs = dump.dataset.specs_of(label)
        exclude = tuple(sorted({name for spec in specs for name in spec.exclude}))
        targets = [(name, label_of(to)) for name, to in outgoing(table.model, exclude)]
        targets += dump.reader.generic_targets(label)
        leaving = sorted((name, to) for name, to in targets if to not in inside)
        models.append(
            ModelInventory(
                label,
                rows=counts.get(label, 0),
                hidden=hidden.get(label, 0),
                delete_missing=max((spec.delete_missing for spec in specs), key=_FREEDOM.index),
                filtered=all(spec.filter for spec in specs),
                identity=table.schema.identity,
                exclude=exclude,
                problems=table.problems,
                moments=tuple(field.name for field in table.schema.fields if field.moment),
                named_by=specs[0].identity,
                save_as_new=any(spec.save_as_new for spec in specs),
                outgoing=tuple(
                    OutgoingReference(name, to, _names(to, identities)) for name, to in leaving
                ),
            )
        )
    dataset = dump.dataset
    return DumpInventory(dataset.label, dump.folder, dataset.depends_on, tuple(models))


def _names(label: str, identities: Identities) -> tuple[str, ...]:
    return identities.fields(label) if identities.is_model(label) else ()
