"""What tree libraries have in common: rows below others, each at a position among its siblings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias

Numbers: TypeAlias = tuple[Any, ...]
"""The values of the computed columns of one row."""


class Place(NamedTuple):
    """Where a row stands: the primary key of the row above, ``None`` for a root, and its position."""

    parent: Any | None
    position: int


class Standing(NamedTuple):
    """The rows of a tree by primary key: their numbers, the parents that they link to, and their places.

    Rows that stand nowhere have no place.
    """

    rows: Mapping[Any, Numbers]
    parents: Mapping[Any, Any]
    places: Mapping[Any, Place]


class Given(NamedTuple):
    """What a record says of the place of its row: ``position`` is ``None``, and ``is_said`` false, where it
    says nothing of position or parent."""

    parent: Any | None
    position: int | None
    is_said: bool = True


class Child(NamedTuple):
    """A row among its siblings."""

    position: int
    pk: Any


Children: TypeAlias = Mapping[Any | None, Sequence[Child]]
"""The rows below each row, in their order; those below ``None`` are the roots."""


class Numbering(ABC):
    """How a library numbers the rows of a tree.

    ``parent`` and ``position`` are what records call a row's place, ``columns`` the fields that the library
    computes. The first ``marks`` of these tell where the row stands; ``fault`` is what is wrong with a row
    that stands nowhere. ``linked`` is true where ``parent`` is a field of the model. ``sources`` are fields
    of the row whose values its numbers depend on, too. Where the library sorts siblings by fields, these are
    ``sorted_by``, and records say no position: it is ``""``.
    """

    marks: ClassVar[int]
    fault: ClassVar[str]
    way_on: ClassVar[str]
    parent: str
    position: str
    columns: tuple[str, ...]
    linked: bool
    sources: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = ()

    @abstractmethod
    def places(self, rows: Mapping[Any, Numbers], parents: Mapping[Any, Any]) -> dict[Any, Place]:
        """The place of each row by primary key; rows that stand nowhere are left out.

        ``parents`` are those that the rows link to, if they are linked.
        """

    @abstractmethod
    def positions(self, parent: Any | None, siblings: Sequence[Child]) -> Iterable[tuple[Any, int]]:
        """The positions that the rows below ``parent`` get, in their order; roots are below ``None``."""

    @abstractmethod
    def numbers(
        self, children: Children, sources: Mapping[Any, Numbers] = MappingProxyType({})
    ) -> Iterator[tuple[Any, Numbers]]:
        """The numbers of each row that stands below a root; ``sources`` are the values of these by row.

        Raises:
            OverflowError: a row has no number; the text says why.
        """

    def empty(self, place: int, unique: str) -> Any:
        """What a new row holds in a column until it gets its place; ``unique`` is no other row's."""
        del place, unique
        return 0


def given_places(
    numbering: Numbering, now: Standing, before: Mapping[Any, Place], given: Mapping[Any, Given]
) -> dict[Any, Place]:
    """Where each row is to stand: as ``given``, or else where it stood ``before`` rows came and went."""
    places = {**now.places, **{pk: before[pk] for pk in now.rows if pk in before}}
    for pk, (parent, position, is_said) in given.items():
        was = places.get(pk, Place(None, 1))
        if numbering.sorted_by:
            position = 0  # the next one behind those before it
        places[pk] = Place(
            parent if is_said else was.parent, was.position if position is None else position
        )
    if numbering.linked:
        places = {pk: Place(now.parents.get(pk), at) for pk, (_, at) in places.items()}
    return places


def arranged(
    places: Mapping[Any, Place],
    tie: Callable[[Any], Any],
    ranks: Mapping[Any, int] | None = None,
) -> Children:
    """The rows below each row, in their order: that of ``ranks``, if given, else of their positions.

    ``tie`` says what decides between rows at one position: the same in each database.
    """
    found: dict[Any | None, list[Child]] = {}
    for pk, (parent, position) in places.items():
        found.setdefault(parent, []).append(Child(position, pk))
    for siblings in found.values():
        if ranks is not None:
            siblings.sort(key=lambda each: ranks.get(each.pk, -1))
            continue
        siblings.sort(key=attrgetter("position"))
        if any(one.position == other.position for one, other in pairwise(siblings)):
            siblings.sort(key=lambda each: (each.position, tie(each.pk)))
    return found


def spread(siblings: Iterable[Child]) -> Iterator[tuple[Any, int]]:
    """Each of the rows with its position, or the next one where a row before has that."""
    last = 0
    for child in siblings:
        last = max(last + 1, child.position)
        yield child.pk, last


def downwards(children: Children) -> Iterator[tuple[Any | None, Sequence[Child]]]:
    """Each row that has children, with these, parents first."""
    waiting: list[Any | None] = [None]
    while waiting:
        parent = waiting.pop()
        below = children.get(parent, ())
        if below:
            yield parent, below
        waiting += [each.pk for each in reversed(below) if each.pk in children]
