"""``resolve --renumber``: another key for a record of one side, where both sides gave one key away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Final

from contentgit.branches.trees import Sides
from contentgit.branches.trees.sides import family, has_added
from contentgit.content.embedded import numbers_in
from contentgit.content.layout import HIGHEST_KEY, dump_of, integer_key, model_folder, model_of
from contentgit.content.records import RecordKey
from contentgit.content.schema import KeyKind, ModelSchema
from contentgit.content.uuids import is_of_earlier_key
from contentgit.errors import RefusedError, UsageError
from contentgit.history.snapshots import batches
from contentgit.merge import Place, Reason, Resolution, Side, Take, TreeConflict, new_keys

ON_OLDER_BRANCH: Final = (
    "contentgit checkout -b NEW COMMIT  (after --abort, at the last commit before UUIDs: a merge there of "
    "what has the records by primary key can keep both, with resolve --renumber; then merge NEW)"
)
"""Where two records can get two keys that are one to UUIDs."""


@dataclass
class NewKeys:
    """Gives keys that are unused by both sides, by earlier decisions and in ``trees``.

    ``side`` is the one whose records get them. ``trees`` are commits or trees that the new records will be
    merged into.
    """

    sides: Sides
    decided: Sequence[Resolution]
    side: Side = Side.THEIRS
    trees: Sequence[str] = ()
    _last: dict[tuple[str, ...], int] = field(default_factory=dict)
    _families: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _referred: dict[tuple[str, ...], set[int]] = field(default_factory=dict)

    def of(
        self, conflicts: Iterable[TreeConflict], *, all_of_them: bool = True
    ) -> Iterator[Resolution]:
        """New keys for what the side added under the keys that these conflicts are about.

        Where it need not be ``all_of_them``, those that cannot have one are left out, unless none can.

        Raises:
            UsageError: a conflict is not about such a key.
            RefusedError: the key is not a number, or is part of other keys; or none is left.
        """
        done: set[RecordKey] = set()
        refused: UsageError | RefusedError | None = None
        for conflict in conflicts:
            try:
                key = self._renumberable(conflict)
                found = list(self._of(key)) if key not in done else []
            except (UsageError, RefusedError) as error:
                if all_of_them:
                    raise
                refused = refused or error
                continue
            done |= {each.place.key for each in found if each.place}
            yield from found
        if refused and not done:
            raise refused

    def first(self, conflicts: Iterable[TreeConflict]) -> RecordKey | None:
        """The first key that both sides gave to a record of their own and that one can do without."""
        refused: set[str] = set()
        for conflict in conflicts:
            place = conflict.places[0].place
            if conflict.reason is Reason.ADDED and place and place.key.model not in refused:
                try:
                    return self._renumberable(conflict)
                except RefusedError:
                    refused.add(place.key.model)
        return None

    def family(self, label: str) -> tuple[str, ...]:
        """The models whose records share their keys with those of ``label``, in whichever dump."""
        if label not in self._families:
            self._families[label] = family(self.sides.models, label)
        return self._families[label]

    def _renumberable(self, conflict: TreeConflict) -> RecordKey:
        place = conflict.places[0]
        if conflict.reason is not Reason.ADDED or place.place is None:
            raise UsageError(
                f"{conflict.labels[0]} is not a key that both sides gave to a record of their own",
                hint="--renumber is for these; --take ours|theirs decides the others",
            )
        key = place.place.key
        if is_of_earlier_key(key.key):
            raise RefusedError(
                f"{key}: both sides gave one primary key to a record of their own before UUIDs named them, "
                "so no other key can be given to it here",
                hint=f"--take ours|theirs\n{ON_OLDER_BRANCH}",
            )
        schema = self.sides.models.get(key.model)
        if schema is None or schema.key_kind is not KeyKind.INTEGER or schema.identity:
            raise RefusedError(
                f"{key}: the key is not a number, so no other can be given to it",
                hint="--take ours|theirs, or rename one of them before merging",
            )
        self._refuse_part(key)
        self._refuse_named_by_it(key)
        return key

    def _refuse_part(self, key: RecordKey) -> None:
        """Refuses what is a part of a row that was there before: the row keeps its key."""
        base = self.sides.base.tree
        others = [RecordKey(each, key.key) for each in self.family(key.model)]
        paths = {path: each for each in others for path in self.sides.paths(each)}
        there = self.sides.repository.trees.files_at(base, [*paths]) if base else ()
        for path in there:
            raise RefusedError(
                f"{key} is a part of {paths[path]}, which was there before, so it keeps its key",
                hint="--take ours|theirs",
            )

    def _of(self, key: RecordKey) -> Iterator[Resolution]:
        related = self.family(key.model)
        last = self._last.get(related)
        new = (self._highest(related) if last is None else last) + 1
        while new in self._dead(related):
            new += 1
        if new > HIGHEST_KEY:
            raise RefusedError(
                f"{key}: {RecordKey(key.model, str(new - 1))} is in use, and no primary key is above it",
                hint="--take ours|theirs, or give the record with that key a lower one before merging",
            )
        self._last[related] = new
        for label in related:
            each = RecordKey(label, key.key)
            if label == key.model or has_added(self.sides, self.side, each):
                take = Take.OURS if self.side is Side.OURS else None
                yield Resolution(Place(each), key=str(new), take=take)

    def _refuse_named_by_it(self, key: RecordKey) -> None:
        """Refuses where records that the side added have the old key within their own."""
        related = {*self.family(key.model)}
        for label, targets in self._named_by.items():
            if targets & related:
                raise RefusedError(
                    f"{key}: records of {label} that {self.side.value} added are named by what they refer "
                    "to, so no other key can be given to it here",
                    hint="--take ours|theirs, or give it another key in their database and commit there",
                )

    @cached_property
    def _named_by(self) -> Mapping[str, set[str]]:
        """Of the models of which the side added records, those whose keys are part of their own."""
        sides = self.sides
        changed = sides.by_ours if self.side is Side.OURS else sides.by_theirs
        found: dict[str, set[str]] = {}
        for path, (before, after) in changed.items():
            if before is None and after is not None and sides.is_record(path):
                schema = sides.schema(dump_of(path)).get(model_of(path))
                if schema:
                    names = schema.identity or ()
                    targets = {known.target for known in schema.fields if known.name in names}
                    found.setdefault(schema.label, set()).update(targets)
        return found

    def _dead(self, related: tuple[str, ...]) -> set[int]:
        """The numbers by which texts or JSON refer to these models: one that is free may be a dead link."""
        if related not in self._referred:
            blobs = self.sides.repository.objects.blobs
            found, seen = set[int](), {*self._embedding()}
            for some in batches(seen):
                found.update(number for data in blobs(some) for number in numbers_in(data, related))
            self._referred[related] = found
        return self._referred[related]

    def _embedding(self) -> Iterator[str]:
        """The blob ids of all records whose models have references inside."""
        sides, trees = self.sides, self.sides.repository.trees
        for tree in filter(None, self._sources):
            for folder in trees.folders(tree):
                for label, schema in sides.schema(folder).items():
                    if any(each.embeds for each in schema.fields):
                        for _, blob in trees.entries(tree, model_folder(folder, label)):
                            yield blob

    @property
    def _sources(self) -> Iterable[str | None]:
        return dict.fromkeys(
            (self.sides.base.tree, self.sides.ours, self.sides.theirs, *self.trees)
        )

    def _highest(self, related: Sequence[str]) -> int:
        """The highest key of these models that anybody has, in whichever dump."""
        trees = self.sides.repository.trees
        # What decisions gave, or are about, may be in no tree by now.
        decided = [
            name
            for each in self.decided
            if each.place and each.place.key.model in related
            for name in (each.key, each.place.key.key)
        ]
        highest = max(0, 0, *(integer_key(name) or 0 for name in decided))
        for tree in filter(None, self._sources):
            for folder, label in product(trees.folders(tree), related):
                for path, _ in trees.entries(tree, model_folder(folder, label)):
                    name = path.rpartition("/")[2].removesuffix(".json")
                    highest = max(highest, integer_key(name) or 0)
        return highest


def without(
    resolutions: Sequence[Resolution], labels: Iterable[str], models: Mapping[str, ModelSchema]
) -> list[Resolution]:
    """The resolutions but those with these labels, and but those that build on a key that is not given then.

    Raises:
        RefusedError: a value refers to such a key.
    """
    gone = {*labels}
    keys = {**new_keys(resolutions, Side.OURS), **new_keys(resolutions)}
    old = {
        RecordKey(label, key.key)
        for key in keys
        if str(key) in gone
        for label in family(models, key.model)
    }
    new = {keys[key] for key in old & keys.keys()}
    kept = [
        each
        for each in resolutions
        if each.label not in gone and not (each.key and each.place and each.place.key in old)
        if each.place is None or each.place.key not in new
    ]
    names = {str(key) for key in new}
    for each in kept:
        values = each.value if isinstance(each.value, list) else [each.value]
        referred = names & {value for value in values if isinstance(value, str)}
        if referred:
            raise RefusedError(
                f"{each.label} was decided to refer to {referred.pop()}, a key that would not be given then",
                hint=f"contentgit resolve {each.label} --value JSON  decides that anew first",
            )
    return kept
