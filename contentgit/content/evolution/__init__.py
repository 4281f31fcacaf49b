"""How a schema came to be: migrations and their steps as values, which ``dataset.json`` holds.

A :class:`Standing` is where the code of a site stood when it wrote a dump: the leaf migrations of its apps,
and the migrations since the first that was recorded, each with what it did to the schema. It needs no Django
to be read. What the steps make of a record is given by :mod:`contentgit.content.lenses`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Final, NamedTuple, TypeAlias

from contentgit.content.diff import ABSENT, Absent
from contentgit.content.records import Value
from contentgit.errors import FormatError

KEY: Final = "$key"
"""The name of the primary key in a step."""


class Conversion(enum.StrEnum):
    """How a value of another kind of field is read; equal on all databases."""

    SAME = "same"  # the content has the same form
    TEXT = "text"  # an integer becomes its digits
    INTEGER = "integer"  # true becomes 1
    UUID = "uuid"  # text becomes a hyphenated UUID, if it is one
    PLACES = "places"  # a decimal gets so many places, if none is lost
    NONE = "none"  # no conversion is exact


class AddedField(NamedTuple):
    """``default`` is what the migration wrote into the rows there were; ``ABSENT`` if that is not known."""

    model: str
    field: str
    default: Value | Absent = ABSENT


class RemovedField(NamedTuple):
    """The values of the field are gone."""

    model: str
    field: str


class RenamedField(NamedTuple):
    """The field ``field`` is called ``to``."""

    model: str
    field: str
    to: str


class RetypedField(NamedTuple):
    """The field, or the primary key (``"$key"``), is of another kind.

    ``places`` are those of a decimal. ``null`` is what NULL becomes where the field takes it no more;
    ``ABSENT`` where that is not known, or where it still takes it.
    """

    model: str
    field: str
    conversion: Conversion
    places: int | None = None
    null: Value | Absent = ABSENT


class AddedModel(NamedTuple):
    """The model has no rows yet."""

    model: str


class RemovedModel(NamedTuple):
    """The rows of the model are gone."""

    model: str


class RenamedModel(NamedTuple):
    """The model ``model`` is called ``to``, possibly in another app."""

    model: str
    to: str


class NamedByUuid(NamedTuple):
    """The rows of the model are named by UUIDs from now on: see :func:`contentgit.content.uuids.uuid_of`.

    No operation does that, but the spec. The migration that holds it is one of contentgit's own.
    """

    model: str

    @property
    def migration(self) -> str:
        """The name of that migration, which no file can have."""
        return f"{self.model}.uuid"


class OpaqueStep(NamedTuple):
    """An operation of which nothing is known but its name: code, SQL, or an operation of a project's own."""

    operation: str


SchemaStep: TypeAlias = (
    AddedField
    | RemovedField
    | RenamedField
    | RetypedField
    | AddedModel
    | RemovedModel
    | RenamedModel
    | NamedByUuid
    | OpaqueStep
)


class Migration(NamedTuple):
    """A migration by name (``"pages.0013_intro"``), those recorded before it that it needs, and its steps."""

    name: str
    after: tuple[str, ...] = ()
    steps: tuple[SchemaStep, ...] = ()

    @property
    def app(self) -> str:
        """The label of its app."""
        return self.name.partition(".")[0]

    @property
    def naming(self) -> str:
        """The model that is named by UUIDs from this migration on, which is in no file; else ``""``."""
        return next((each.model for each in self.steps if isinstance(each, NamedByUuid)), "")


@dataclass(frozen=True)
class Standing:
    """The migrations of a dump's apps since the first recorded ones, each after those that it needs.

    Empty where nothing is recorded: no app has migrations, or the dump was written by contentgit before it
    recorded them. ``others`` are the leaf migrations of all other apps that the code had, by name; none where
    that is not recorded.
    """

    history: tuple[Migration, ...] = ()
    others: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the migrations."""
        return frozenset(migration.name for migration in self.history)

    @cached_property
    def leaves(self) -> frozenset[str]:
        """The migrations that no other of their app needs."""
        needed = {name for each in self.history for name in each.after if _app(name) == each.app}
        return self.names - needed

    def since(self, older: Standing) -> tuple[Migration, ...] | None:
        """The migrations between an older standing and this one; ``None`` if that is not in its past."""
        if not older.history or not older.leaves <= self.names:
            return None
        known = self._past(older.leaves)
        return tuple(each for each in self.history if each.name not in known)

    def beyond(self, other: Standing) -> tuple[Migration, ...]:
        """The migrations that the other one does not have, and that none needs which it has."""
        known = self._past(self.names & other.names)
        return tuple(each for each in self.history if each.name not in known)

    def begins_like(self, other: Standing) -> bool:
        """Whether both know a migration in common of each app of which both know any."""
        common = {_app(name) for name in self.names & other.names}
        apps, others = ({each.app for each in one.history} for one in (self, other))
        return bool(common) and common >= apps & others

    def _past(self, names: Iterable[str]) -> set[str]:
        """The migrations of these names, and all that they need."""
        by_name = {each.name: each for each in self.history}
        known: set[str] = set()
        left = [*names]
        while left:
            name = left.pop()
            if name not in known:
                known.add(name)
                left += by_name[name].after
        return known

    def joined(self, other: Standing) -> Standing:
        """All migrations of both, each after those that it needs; the order does not depend on the side.

        Raises:
            FormatError: two migrations need each other.
        """
        every = {each.name: each for each in self.history}
        for each in other.history:
            own = every.setdefault(each.name, each)
            if own != each:  # a migration that was edited after it was recorded
                after = tuple(sorted({*own.after, *each.after}))
                every[each.name] = max(own, each, key=repr)._replace(after=after)
        graph = TopologicalSorter({each.name: each.after for each in every.values()})
        try:
            graph.prepare()
        except CycleError as error:
            names = ", ".join(sorted({*error.args[1]}))
            raise FormatError(f"its migrations need each other: {names}") from error
        found: list[Migration] = []
        ready = sorted(graph.get_ready())
        while ready:
            name = heappop(ready)
            if name in every:
                found.append(every[name])
            graph.done(name)
            for following in graph.get_ready():
                heappush(ready, following)
        known = {each.app for each in found}
        others = (name for name in self.others | other.others if _app(name) not in known)
        return Standing(tuple(found), frozenset(others))


NO_STANDING: Final = Standing()
"""That of a dump of which nothing is recorded."""


def _app(migration: str) -> str:
    return migration.partition(".")[0]


# What it means for content


class LostValues(NamedTuple):
    """How many records have a value that the newer schema has no place for."""

    model: str
    field: str
    migration: str
    records: int


class SchemaChange(NamedTuple):
    """What happened to the schema of a dump between two commits.

    ``backwards`` is whether the first commit is the newer one; ``dropped``, whether older code made the
    second one on top of it. ``apart`` is whether each has migrations that the other lacks: these are those of
    the second commit, or with ``backwards`` of the first. ``left_out`` are models, and how many records the
    commit has of each, that the code's dataset does not have. ``unrecorded`` are fields of the code that no
    known migration added. ``went`` are those that a migration of newer code removed or renamed, with it.
    """

    dump: str
    migrations: tuple[Migration, ...] = ()
    lost: tuple[LostValues, ...] = ()
    backwards: bool = False
    left_out: tuple[tuple[str, int], ...] = ()
    dropped: bool = False
    unrecorded: tuple[str, ...] = ()
    apart: bool = False
    went: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """Which side is the older one, if that is not the first; else ``""``."""
        if self.apart:
            return f"the {'first' if self.backwards else 'second'} commit alone has this"
        if self.dropped:
            return "the second commit was made by code from before"
        return "the first commit is the newer one" if self.backwards else ""
