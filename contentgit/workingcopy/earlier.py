"""What the applied commits say of rows without a UUID: their earlier key, or that UUIDs are lost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final

from contentgit.content.evolution import Standing
from contentgit.content.labels import ModelLabels
from contentgit.content.layout import dump_name, of_models
from contentgit.content.records import RecordKey
from contentgit.content.uuids import uuid_of
from contentgit.db.identity import Identities
from contentgit.db.ledger import Applied
from contentgit.errors import RefusedError
from contentgit.history.dumps import recorded_standing
from contentgit.history.snapshots import CommitSide
from contentgit.render.plain import plural
from contentgit.specs import Identity
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.missing import found_commit
from contentgit.workingcopy.project import Dump, Project

_SHOWN: Final = 5


def earlier_names(
    project: Project, label: str, known: AbstractSet[str]
) -> Callable[[Any], str | None]:
    """What gives a primary key of the model the UUID that follows from the row's key in the applied commit.

    Only rows that this commit has: nobody else knows another row of the same key. ``known`` are the UUIDs
    that rows of this database have or had.

    Raises:
        RefusedError: the applied commit has records whose rows had UUIDs that are not among these.
    """
    found = []
    for row, dump, commit in _dumps(project, label):
        evolution = Evolution.since(project, dump, commit)
        if _is_named(recorded_standing(project.repository, commit, row.dump), evolution, label):
            lost = _keys(evolution, label) - known - {*_withheld(row)}
            if lost:
                raise _lost(project, label, commit, lost)
        elif keys := _keys(evolution, label):
            found.append((Identities(project.using, _identity(evolution)), keys))

    def name(pk: Any) -> str | None:
        texts = ((identities.key_text(label, pk), keys) for identities, keys in found)
        return next((uuid_of(text) for text, keys in texts if text in keys), None)

    return name


def _dumps(project: Project, label: str) -> Iterator[tuple[Applied, Dump, str]]:
    """The dumps of the ledger that have records of the model, with the commits they are at."""
    for row in current(project).values():
        name, arguments = dump_name(row.dump)
        commit = found_commit(project, row)
        if commit and name in project.definitions:
            dump = project.bind(project.definitions[name].dump(arguments))
            if any(dump.reader.identities.base(each) == label for each in dump.tables):
                yield row, dump, commit


def _is_named(standing: Standing, evolution: Evolution, label: str) -> bool:
    """Whether the rows of the model had UUIDs, perhaps while it was called otherwise."""
    labels = ModelLabels(standing)
    named = (labels.label(labels.origin(each.naming)) for each in standing.history if each.naming)
    newer = ((older, evolution.newer(older)) for older in named if older)
    return any(label in (older, model and model.label) for older, model in newer)


def _keys(evolution: Evolution, label: str) -> set[str]:
    """The keys of the commit's records whose rows are named by those of the model."""
    identities = evolution.dump.reader.identities
    older = set()
    for each in evolution.recorded:
        newer = evolution.newer(each)
        if newer and identities.is_model(newer.label) and identities.base(newer.label) == label:
            older.add(each)
    side = CommitSide(evolution.repository, evolution.commit, evolution.dump.folder)
    return {key.key for key in side.keys(of_models(older, side.ids()))}


def _identity(evolution: Evolution) -> dict[str, Identity]:
    """What named rows in the commit, by the newer names of models and of their own fields."""
    found: dict[str, Identity] = {}
    for each, model in evolution.recorded.items():
        newer = evolution.newer(each)
        if newer is not None:
            split = (path.partition("__") for path in model.identity)
            paths = (f"{newer.fields.get(one, one)}{dash}{rest}" for one, dash, rest in split)
            found[newer.label] = tuple(paths) or "pk"
    return found


def _withheld(row: Applied) -> Iterator[str]:
    """The keys of records that never had a row here."""
    for entry in row.withheld:
        if ":" in entry["record"]:
            yield RecordKey.parse(entry["record"]).key


def _lost(project: Project, label: str, commit: str, lost: Collection[str]) -> RefusedError:
    shown = [f"{label}:{text}" for text in sorted(lost)[:_SHOWN]]
    more = len(lost) - len(shown)
    return RefusedError(
        f"database {project.using!r} has rows of {label} without an identity, and does not know which rows "
        f"are {plural(len(lost), 'record')} of the applied commit {commit[:10]}",
        items=[*shown, *([f"and {more:,} more"] if more else [])],
        hint="restore the table contentgit_identity from the backup that the rows are of",
        data={"model": label, "lost": len(lost)},
    )
