"""``datasets``: what each dataset holds of a database, and what it cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contentgit.workingcopy.project import Dump, Project


@dataclass(frozen=True)
class ModelInventory:
    """What a dataset holds of a model. ``problems`` say in a line each what it cannot hold and why."""

    label: str
    rows: int
    hidden: int
    delete_missing: bool
    filtered: bool
    identity: tuple[str, ...]
    exclude: tuple[str, ...]
    problems: tuple[str, ...]
    moments: tuple[str, ...]


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
    with project.backend.snapshot():
        return [_inventory(dump) for dump in project.dumps(names)]


def _inventory(dump: Dump) -> DumpInventory:
    counts, hidden = dump.reader.counts(), dump.reader.hidden()
    models = []
    for label, table in dump.tables.items():
        specs = dump.dataset.specs_of(label)
        models.append(
            ModelInventory(
                label,
                rows=counts.get(label, 0),
                hidden=hidden.get(label, 0),
                delete_missing=any(spec.delete_missing for spec in specs),
                filtered=all(spec.filter for spec in specs),
                identity=table.schema.identity,
                exclude=tuple(sorted({name for spec in specs for name in spec.exclude})),
                problems=table.problems,
                moments=tuple(field.name for field in table.schema.fields if field.moment),
            )
        )
    dataset = dump.dataset
    return DumpInventory(dataset.label, dump.folder, dataset.depends_on, tuple(models))
