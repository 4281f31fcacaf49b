"""What names the rows of models outside of a dump, as commits record it.

References of records are written by these names, so two commits that name rows of a model differently
cannot be compared: ``auth.user:5`` is one user by primary key, and may be another by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from contentgit.content.canonical import parse_document
from contentgit.content.description import parse_outside
from contentgit.content.evolution import Migration
from contentgit.content.evolved import evolved_outside
from contentgit.content.layout import DATASET_FILE
from contentgit.content.records import Record
from contentgit.content.referring import refers_to_any, targets
from contentgit.content.schema import KeyKind, ModelSchema
from contentgit.content.unlike import bare_places, kept_files, named_rules
from contentgit.errors import FormatError, RefusedError
from contentgit.git import Repository
from contentgit.history.dumps import dump_folders, recorded_schema
from contentgit.history.snapshots import CommitSide, batches

_Names: TypeAlias = Mapping[str, tuple[str, ...]]

_SAME: Final = "commit the dump on both branches with the same {}, then merge"
_SAME_NAMES: Final = _SAME.format('CONTENTGIT["IDENTITIES"]')
_SAME_PLACES: Final = _SAME.format("'references'")
_SAME_FILES: Final = _SAME.format("'files'")


def recorded_names(
    repository: Repository, tree: str, folder: str, migrations: Sequence[Migration] = ()
) -> _Names:
    """The fields that name the rows of models outside of a dump, by label, as the ``migrations`` make them.

    A model without any goes by its primary key. Older commits have such fields in the other dumps alone.

    Raises:
        FormatError: the dump's ``dataset.json`` in this commit or tree does not describe a dump.
    """
    found: dict[str, tuple[str, ...]] = {}
    for other in dump_folders(repository, tree):
        with suppress(FormatError):  # it is not asked for
            models = recorded_schema(repository, tree, other) if other != folder else {}
            found |= {label: model.identity for label, model in models.items() if model.identity}
    data = repository.blob(tree, f"{folder}/{DATASET_FILE}")
    if data is None:
        return found
    document = parse_document(data)
    return evolved_outside(document, {**found, **parse_outside(document)}, migrations)


def named_in(
    repository: Repository, tree: str, folder: str, labels: Collection[str]
) -> frozenset[str]:
    """Those of ``labels``, models outside of the dump, that a record of it names a row of."""
    side = CommitSide(repository, tree, folder)
    models = recorded_schema(repository, tree, folder)
    known = {each.target for model in models.values() for each in model.fields}
    keyed = frozenset(labels) - known  # the keys of records alone can name their rows
    left, found = set(labels), set[str]()
    for batch in batches(side.ids().items()) if left else ():
        for record in side.records(batch):
            model = models.get(record.key.model) if record else None
            if record is not None and model is not None:
                found |= left.intersection(_named(record, model, keyed))
        left -= found
        if not left:
            break
    return frozenset(found)


def _named(record: Record, model: ModelSchema, keyed: frozenset[str]) -> Iterator[str]:
    """The models of the rows that a record names, in its fields or in its key."""
    yield from model.parents
    if model.key_kind is KeyKind.COMPOSITE and not model.identity:
        yield from keyed
    for each in model.fields:
        yield from (key.model for key in targets(record.fields.get(each.name), each))


def may_name(models: Iterable[ModelSchema], labels: Collection[str]) -> frozenset[str]:
    """Those of ``labels`` that records of the models may name rows of."""
    models = list(models)
    if any(refers_to_any(each) for model in models for each in model.fields):
        return frozenset(labels)
    targets = {each.target for model in models for each in model.fields}
    return frozenset(labels) & targets.union(*(model.parents for model in models))


def refuse_renamed(
    repository: Repository, folder: str, ours: str, theirs: str, hint: str = ""
) -> None:
    """Refuses two trees whose records name rows outside of the dump differently.

    Also those of which one has primary keys inside of texts or JSON where the other has references.

    Raises:
        RefusedError: they do.
    """
    here, there = (recorded_schema(repository, tree, folder) for tree in (ours, theirs))
    refuse_embedding(folder, here, there, hint)
    names = [recorded_names(repository, tree, folder) for tree in (ours, theirs)]
    differing = [each for each in {**names[0], **names[1]} if _differs(each, *names)]
    named = {
        each for tree in (ours, theirs) for each in named_in(repository, tree, folder, differing)
    }
    refuse_different(folder, named, names[0], names[1], hint)


def refuse_embedding(
    folder: str,
    here: Mapping[str, ModelSchema],
    there: Mapping[str, ModelSchema],
    hint: str = "",
) -> None:
    """Refuses two sides of a dump of which one has primary keys inside of a field, and the other references,
    in the whole field or at a place of it. Also those of which one has names in place of files.

    Raises:
        RefusedError: they are so.
    """
    found = []
    for label in sorted(here.keys() & there.keys()):
        for each in here[label].fields:
            other = there[label].by_name.get(each.name)
            if other is None:
                continue
            for has, bare in (
                ("ours", bare_places(each, other)),
                ("theirs", bare_places(other, each)),
            ):
                if bare is not None:
                    where = f" at {named_rules(bare)}" if bare else ""
                    found.append(f"{label}.{each.name} holds references in {has} alone{where}")
    if found:
        raise RefusedError(
            f"both sides have {folder}, but one of them has primary keys inside of texts or JSON",
            items=found,
            hint=hint or _SAME_PLACES,
            data={"dump": folder, "fields": found},
        )
    sides = (("ours", here, there), ("theirs", there, here))
    found = [
        f"{each} has files in {who} alone" for who, *some in sides for each in kept_files(*some)
    ]
    if found:
        raise RefusedError(
            f"both sides have {folder}, but one of them has names in place of files",
            items=found,
            hint=hint or _SAME_FILES,
            data={"dump": folder, "fields": found},
        )


def refuse_different(
    folder: str, labels: Iterable[str], ours: _Names, theirs: _Names, hint: str = ""
) -> None:
    """Refuses two sides of a dump that name the rows of one of ``labels``, which both name, differently.

    Raises:
        RefusedError: they do.
    """
    differing = sorted(label for label in labels if _differs(label, ours, theirs))
    if differing:
        raise RefusedError(
            f"both sides have {folder}, but name the rows that its records refer to differently",
            items=[difference(each, ours, theirs) for each in differing],
            hint=hint or _SAME_NAMES,
            data={"dump": folder, "models": differing},
        )


def _differs(label: str, ours: _Names, theirs: _Names) -> bool:
    return ours.get(label, ()) != theirs.get(label, ())


def difference(
    label: str,
    ours: _Names,
    theirs: _Names,
    places: tuple[str, str] = ("in ours", "in theirs"),
) -> str:
    """What names the rows of a model on two sides, as a line."""
    here, there = (", ".join(each.get(label, ())) or "their primary key" for each in (ours, theirs))
    return f"{label}: by {here} {places[0]}, by {there} {places[1]}"
