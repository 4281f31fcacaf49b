"""What a planner keeps of the records that differ, which is little.

Records stream by. Kept are keys, blob ids, names of changed fields, link differences, references and
unique values, and the values of fields in drift alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

from contentgit.content.diff import ABSENT, Delta
from contentgit.content.embedded import unknown_row
from contentgit.content.layout import decode_part
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import ModelSchema, looked_up
from contentgit.errors import FormatError
from contentgit.integrity.relations import Claim
from contentgit.plan.new_links import NewLink
from contentgit.plan.steps import Action, FieldState, Links, Problem
from contentgit.specs import OWNED, Dataset, ModelSpec

parse = lru_cache(maxsize=2**16)(RecordKey.parse)
"""The key in a reference; many records refer to the same ones."""


def itself(key: RecordKey) -> RecordKey:
    """The key."""
    return key


def number(value: Value) -> RecordKey | None:
    """The row of a generic foreign key whose columns are no reference; see :func:`unknown_pk`."""
    if not isinstance(value, dict) or value.get("object_id") is None:
        return None
    name = str(value.get("content_type")).partition(":")[2]
    if not name:
        return None
    label = ".".join(map(decode_part, name.split(",")))
    return unknown_row(label, str(value["object_id"]))


def references(key: RecordKey, name: str, value: Value) -> tuple[str, ...]:
    """The references in a list, checked.

    Raises:
        FormatError: the value is no list of references.
    """
    try:
        if not isinstance(value, list | tuple):
            raise ValueError
        for reference in value:
            parse(reference)
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{key}: field {name} holds {value!r:.80}, which is not a reference",
            hint="a reference is written app.model:key",
        ) from error
    return tuple(value)


class Candidate(NamedTuple):
    """A record that differs between the target and the commit.

    ``base`` is the record in the applied commit, ``ours`` in the target, ``theirs`` in the commit to
    apply, ``None`` where there is none. In a merge, ``theirs`` and the delta's commit are the result,
    ``conflict`` is what both sides changed, and ``links`` is what one of them refers to. A candidate that is
    not ``changed`` brings no step.
    """

    delta: Delta
    dump: str
    base: Record | None
    ours: Record | None
    theirs: Record | None
    conflict: Problem | None = None
    changed: bool = True
    links: tuple[NewLink, ...] = ()


class Size(NamedTuple):
    """How many records of a dump the applied commit, the target, and the commit to apply have."""

    base: int
    ours: int
    theirs: int


class WantedReference(NamedTuple):
    """A single reference that a record of the commit holds; ``null`` and ``loose`` say what it may be.

    ``loose`` references may dangle: generic ones, and those without a constraint in the database.
    ``waits`` is true where the column's value is known only once the target's row is there; ``names`` where
    the record's own key is made of it.
    """

    field: str
    target: RecordKey
    null: bool
    loose: bool
    waits: bool = False
    names: bool = False


Computed: TypeAlias = tuple[str, bytes]
"""A unique set by name, and what stands for the values of it."""


class Item(NamedTuple):
    """What is kept of one candidate: a create, an update or a delete.

    ``fields`` are the column fields that change (all of the record's for a create), ``links`` the
    many-to-many fields that do (all of them for a create, also where nothing is added). ``based`` tells
    whether the applied commit has the record. ``states`` are the fields in drift; ``drifts`` says whether
    there is drift, also where no field can show it. ``recomputed`` says whether a derived value goes that
    is in no commit, which is no drift. ``optional`` are the many-to-many fields whose missing references
    are ignored: whether they change, and drift, is known only when it is known what exists. ``gives`` and
    ``takes`` stand for the values of unique sets with functions or conditions that the row has now and will
    have; ``broken`` says which check constraints the record breaks.
    """

    action: Action
    key: RecordKey
    dump: str
    before: str
    after: str
    based: bool
    fields: tuple[str, ...] = ()
    links: tuple[Links, ...] = ()
    drifts: bool = False
    recomputed: bool = False
    states: tuple[FieldState, ...] = ()
    optional: tuple[FieldState, ...] = ()
    wanted: tuple[WantedReference, ...] = ()
    claims: tuple[Claim, ...] = ()
    gives: tuple[Computed, ...] = ()
    takes: tuple[Computed, ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Survey:
    """All that is kept of the candidates; ``unknown_fields`` and ``unknown_models`` were not.

    ``results`` are the blob ids that records of models in several dumps will have, by dump and record.
    ``held`` are the records to be deleted, each with its dump, that a commit had which was applied or made
    here before; only those for which :meth:`asks_whether_held`. ``called`` gives the key that a record has in
    the repository: rows are made in the order of these. In a merge, ``new_links`` are those of all
    candidates, and ``in_commit`` the records that the commit has of those to which its own links lead.
    """

    models: Mapping[str, ModelSchema]
    datasets: Mapping[str, Dataset]
    first: frozenset[str]
    sizes: Mapping[str, Size]
    items: tuple[Item, ...] = ()
    unknown_fields: Mapping[tuple[str, str, str], list[RecordKey]] = field(default_factory=dict)
    unknown_models: Mapping[tuple[str, str], list[RecordKey]] = field(default_factory=dict)
    merging: bool = False
    conflicts: tuple[Problem, ...] = ()
    results: Mapping[tuple[str, RecordKey], str] = field(default_factory=dict)
    held: frozenset[tuple[str, RecordKey]] = frozenset()
    called: Callable[[RecordKey], RecordKey] = itself
    new_links: tuple[NewLink, ...] = ()
    in_commit: frozenset[RecordKey] = frozenset()

    def label(self, dump: str) -> str:
        """A dump as calls name it, by its folder."""
        return self.datasets[dump].label

    @cached_property
    def looked_up(self) -> frozenset[str]:
        """See :func:`contentgit.content.schema.looked_up`."""
        return looked_up(self.models)

    @cached_property
    def writes(self) -> Mapping[RecordKey, list[Item]]:
        """Creates and updates by record, one for each dump that has one."""
        return _by_record(item for item in self.items if item.action is not Action.DELETE)

    @cached_property
    def deletes(self) -> Mapping[RecordKey, list[Item]]:
        """Deletes by record, licensed or not, one for each dump that has one."""
        return _by_record(item for item in self.items if item.action is Action.DELETE)

    @property
    def created(self) -> Iterator[RecordKey]:
        """The records to create, whose rows may exist nevertheless."""
        return (item.key for item in self.items if item.action is Action.CREATE)

    @cached_property
    def wanted(self) -> frozenset[RecordKey]:
        """Every record whose existence matters to a reference in the commit."""
        found = {link.target for link in self.new_links if link.target in self.in_commit}
        for item in self.items:
            found.update(reference.target for reference in item.wanted)
            for links in item.links:
                found.update(map(parse, links.add))
            for state in item.optional:
                for references in (state.applied, state.wanted):
                    found.update(map(parse, () if references is ABSENT else references))
        return frozenset(found)

    @cached_property
    def claims(self) -> Mapping[Claim, list[RecordKey]]:
        """The unique values that records of the commit want, with the records that want them."""
        found: dict[Claim, list[RecordKey]] = {}
        for item in self.items:
            for claim in item.claims:
                keys = found.setdefault(claim, [])
                if item.key not in keys:
                    keys.append(item.key)
        return found

    def licence(self, item: Item) -> bool | None:
        """Whether the specs permit to delete the record; ``None`` if that depends on which one matches it."""
        given = {self.permits(spec, item) for spec in self._specs(item)}
        return None if len(given) > 1 else given == {True}

    def permits(self, spec: ModelSpec, item: Item) -> bool:
        """Whether the spec permits to delete the record, if it matches it."""
        if spec.delete_missing == OWNED:
            return (item.dump, item.key) in self.held
        return spec.delete_missing

    def asks_whether_held(self, item: Item) -> bool:
        """Whether the licence to delete the record depends on what earlier commits had."""
        return any(spec.delete_missing == OWNED for spec in self._specs(item))

    def _specs(self, item: Item) -> tuple[ModelSpec, ...]:
        return self.datasets[item.dump].specs_of(item.key.model)


def _by_record(items: Iterable[Item]) -> dict[RecordKey, list[Item]]:
    found: dict[RecordKey, list[Item]] = {}
    for item in items:
        found.setdefault(item.key, []).append(item)
    return found
