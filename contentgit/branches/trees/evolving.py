"""The sides of a merge in one schema: each dump as all migrations of both sides make it.

A side that lacks migrations is read through a lens, as a tree. Then records and fields have one name on all
sides, and are merged as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from contentgit.branches.trees.sides import Base, Sides, refuse_moved
from contentgit.content.description import parse_schema
from contentgit.content.diff import ABSENT
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.evolution import (
    KEY,
    Migration,
    RemovedField,
    RetypedField,
    Standing,
)
from contentgit.content.evolved import evolved_description
from contentgit.content.layout import DATASET_FILE, in_dump
from contentgit.content.lenses import Lens
from contentgit.content.schema import ModelSchema
from contentgit.errors import FormatError, RefusedError
from contentgit.git import Placed, Repository
from contentgit.history.dumps import recorded_schema, recorded_standing
from contentgit.history.lenses import View, seen_through
from contentgit.history.naming import may_name, recorded_names, refuse_different, refuse_embedding
from contentgit.merge import Side
from contentgit.merge.descriptions import merge_descriptions

_UNRECORDED: Final = "migrations that are not recorded"


@dataclass(frozen=True)
class DumpSide:
    """A dump as one side has it; ``tree`` is the side's tree or commit."""

    repository: Repository
    tree: str
    folder: str
    document: Any
    standing: Standing
    models: Mapping[str, ModelSchema]

    def is_like(self, other: DumpSide) -> bool:
        """Whether both have the same records and description."""
        ids = [self.repository.trees.folder_id(each.tree, self.folder) for each in (self, other)]
        return ids[0] == ids[1]

    def seen(self, migrations: Sequence[Migration], like: Description) -> str:
        """A tree with the dump as the migrations make it."""
        if not any(each.steps for each in migrations):
            return self.repository.trees.root(self.tree)
        view = View(migrations, like.models, like.data)
        return seen_through(self.repository, self.tree, self.folder, view).tree


class Description(NamedTuple):
    """What ``dataset.json`` holds, and the models that it describes."""

    data: bytes
    models: Mapping[str, ModelSchema]


@dataclass(frozen=True)
class DumpSides:
    """A dump on three sides, ``None`` where a side does not have it."""

    base: DumpSide | None
    ours: DumpSide | None
    theirs: DumpSide | None

    @property
    def all(self) -> tuple[DumpSide | None, ...]:
        return self.base, self.ours, self.theirs

    @cached_property
    def joined(self) -> Standing:
        """The migrations of both sides; raises FormatError where they need each other."""
        if self.ours is None or self.theirs is None:
            known = self.ours or self.theirs
            return known.standing if known else Standing()
        try:
            return self.ours.standing.joined(self.theirs.standing)
        except FormatError as error:
            path = f"{self.ours.folder}/{DATASET_FILE}"
            raise FormatError(f"{path} of both sides: {error.message}") from error

    def missing(self, side: DumpSide | None) -> Sequence[Migration]:
        """The migrations that a side lacks."""
        if side is None:
            return ()
        recorded = self._recorded(side)
        return (*recorded, *self._unrecorded(side))

    def _recorded(self, side: DumpSide) -> Sequence[Migration]:
        return self.joined.since(side.standing) or ()

    def _unrecorded(self, side: DumpSide) -> Sequence[Migration]:
        """What is known to have happened since a side that no recorded migration did.

        A field that was renamed there is one that is gone, and another one.
        """
        if self.base is None:
            return ()
        own, base = (self._fields(each) for each in (side, self.base))
        others = [self._fields(each) for each in (self.ours, self.theirs) if each]
        steps = {
            RemovedField(label, name)
            for label in own.keys() & base.keys()
            for other in others
            if label in other
            for name in (own[label] & base[label]) - other[label]
        }
        return (Migration(_UNRECORDED, (), tuple(sorted(steps))),) if steps else ()

    def _fields(self, side: DumpSide) -> Mapping[str, frozenset[str]]:
        """The fields of a side's models after the recorded migrations that it lacks."""
        lens = Lens(side.models, self._recorded(side))
        labels = (newer.label for label in side.models if (newer := lens.newer(label)))
        return {label: lens.fields(label) or frozenset() for label in labels}

    @cached_property
    def differ(self) -> bool:
        """Whether a side must be read as migrations make it."""
        return any(each.steps for side in self.all for each in self.missing(side))

    @cached_property
    def common(self) -> Description:
        """The description that all sides get.

        It decides nothing, so that what both sides say differently in it is no conflict: the side that has
        all migrations is right, or the one whose document comes last.

        Raises:
            FormatError: it describes no dump.
            RefusedError: the sides name or place records differently.
        """
        documents = [
            evolved_description(side.document, self.missing(side)) if side else ABSENT
            for side in self.all
        ]
        base = documents[0]
        ours, theirs = (
            _completed(document, base) if side and self._is_behind(side) else document
            for side, document in ((self.ours, documents[1]), (self.theirs, documents[2]))
        )
        if ours is ABSENT or theirs is ABSENT:
            value = theirs if ours is ABSENT else ours
        else:
            self._refuse_moved(ours, theirs)
            value, _ = merge_descriptions(base, ours, theirs, self._right(ours, theirs))
        return Description(dump_document(value), parse_schema(value).models)

    def _is_behind(self, side: DumpSide) -> bool:
        """Whether the base has migrations that the side lacks: it is of an older branch, or of older code."""
        return self.base is not None and not self.base.standing.names <= side.standing.names

    def _refuse_moved(self, ours: Any, theirs: Any) -> None:
        assert self.ours
        retyped = {
            step.model
            for side in (self.ours, self.theirs)
            for migration in self.missing(side)
            for step in migration.steps
            if isinstance(step, RetypedField) and step.field == KEY
        }
        models = [parse_schema(each).models for each in (ours, theirs)]
        here, there = (
            {label: model for label, model in side.items() if label not in retyped}
            for side in models
        )
        refuse_moved(self.ours.folder, here, there)
        refuse_embedding(self.ours.folder, here, there)
        self._refuse_renamed(here, there)

    def _refuse_renamed(
        self, here: Mapping[str, ModelSchema], there: Mapping[str, ModelSchema]
    ) -> None:
        """Refuses sides that name rows of a model outside of the dump differently, if both refer to it."""
        assert self.ours
        assert self.theirs
        ours, theirs = (
            recorded_names(side.repository, side.tree, side.folder, self.missing(side))
            for side in (self.ours, self.theirs)
        )
        both = may_name(here.values(), {*ours, *theirs}) & may_name(
            there.values(), {*ours, *theirs}
        )
        refuse_different(self.ours.folder, both, ours, theirs)

    def _right(self, ours: Any, theirs: Any) -> Side:
        complete = [
            side is not None and side.standing.names == self.joined.names
            for side in (self.ours, self.theirs)
        ]
        if complete[0] != complete[1]:
            return Side.OURS if complete[0] else Side.THEIRS
        return Side.OURS if dump_document(ours) >= dump_document(theirs) else Side.THEIRS


def _completed(document: Any, base: Any) -> Any:
    """The description of a side that is behind the base: what it lacks it has not removed."""
    known = {spec["model"] for spec in base["specs"]}
    specs = [spec for spec in document["specs"] if spec["model"] not in known]
    models = {**document["models"], **base["models"]}
    return {**base, "models": models, "specs": [*base["specs"], *specs]}


def evolved_dumps(
    repository: Repository, base: Base, ours: str, theirs: str
) -> Iterator[DumpSides]:
    """The dumps whose sides must be read as migrations make them."""
    trees = (base.tree, ours, theirs)
    for folder in sorted(Sides(repository, base, ours, theirs).folders):
        path = f"{folder}/{DATASET_FILE}"
        ids = [repository.trees.entry(tree, path) if tree else None for tree in trees]
        if len({*ids} - {None}) < 2:
            continue
        found = DumpSides(
            *(
                _described(repository, tree, folder) if tree and blob else None
                for tree, blob in zip(trees, ids, strict=True)
            )
        )
        if found.differ:
            yield found


def _described(repository: Repository, tree: str, folder: str) -> DumpSide:
    data = repository.blob(tree, f"{folder}/{DATASET_FILE}")
    standing = recorded_standing(repository, tree, folder)
    models = recorded_schema(repository, tree, folder)
    assert data is not None
    return DumpSide(repository, tree, folder, parse_document(data), standing, models)


def in_one_schema(
    repository: Repository, base: Base, ours: str, theirs: str, *, as_base: bool = False
) -> Sides:
    """The three sides, each dump as all migrations of ours and theirs make it.

    With ``as_base`` they are to become a base: what code did to their content is then not asked for.

    Raises:
        RefusedError: code that is in no record changed the content of one side, or the sides name or place
            records differently.
        FormatError: a ``dataset.json`` or a record is damaged.
    """
    placed: list[dict[str, str]] = [{}, {}, {}]
    described: list[dict[str, Placed]] = [{}, {}, {}]
    doubtful = base.doubtful
    for dump in evolved_dumps(repository, base, ours, theirs):
        if not as_base:
            _refuse_opaque(dump)
        for number, side in enumerate(dump.all):
            if side is None:
                continue
            folder, common = side.folder, dump.common
            tree = side.seen(dump.missing(side), common)
            placed[number][folder] = repository.trees.folder_id(tree, folder) or ""
            described[number][f"{folder}/{DATASET_FILE}"] = common.data
        if dump.base:
            doubtful = _moved(doubtful, dump.base, dump.missing(dump.base))
    trees = [
        repository.writer.write_tree(
            None, files.items(), {"": repository.trees.root(tree), **folders}
        )
        if tree and folders
        else tree
        for tree, folders, files in zip((base.tree, ours, theirs), placed, described, strict=True)
    ]
    return Sides(
        repository, base._replace(tree=trees[0], doubtful=doubtful), trees[1] or "", trees[2] or ""
    )


def _moved(
    paths: frozenset[str], side: DumpSide, migrations: Sequence[Migration]
) -> frozenset[str]:
    """The paths of records in the newer schema: their model may have another name there."""
    if not paths:
        return paths
    lens = Lens(side.models, migrations)
    found = set()
    for path in paths:
        folder, rest = in_dump(path)
        label, slash, name = rest.partition("/")
        newer = lens.newer(label) if folder == side.folder else None
        found.add(f"{folder}/{newer.label}{slash}{name}" if newer else path)
    return frozenset(found)


def _refuse_opaque(dump: DumpSides) -> None:
    """Raises RefusedError where code changed content on one side, of which nothing is known.

    Where the other side has nothing of its own, that does not matter: the content with the changes is taken.
    """
    for name, side in (("ours", dump.ours), ("theirs", dump.theirs)):
        if side is None:
            continue
        lens = Lens(side.models, dump.missing(side))
        opaque = lens.other_keys if dump.base and side.is_like(dump.base) else lens.opaque
        found = [f"{migration}: {step.operation}" for migration, step in opaque]
        if found:
            raise RefusedError(
                f"{side.folder} of {name} is from before migrations that only the project's code can carry "
                "out",
                items=found,
                hint="contentgit merge REV --upgrade  (runs them on both sides, then merges)\n"
                "contentgit upgrade REV --branch NEW  (runs them on one side's content)",
                data={"dump": side.folder, "side": name, "opaque": found},
            )
