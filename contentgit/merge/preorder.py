"""Orders that number a tree: each row comes before the rows below it, these before the next, without gaps.

Merged as one sequence, a row that one side puts below another would stay behind when the other side moves
that one. So the rows below each row are merged as a sequence, and then all are numbered. What numbers
are such an order is seen: those of both sides are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.merge.arrangement import Ordered, Places, merge_places
from contentgit.merge.side import Side


def parent_field(schema: ModelSchema, field: FieldSchema) -> str | None:
    """The one field by which records of an order can be below others of it; ``None`` if there is none."""
    within = field.order_within or ()
    found = [
        each.name
        for each in schema.fields
        if each.kind is FieldKind.REFERENCE
        and each.target == schema.label
        and each.name not in within
    ]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Tree:
    """The numbers of the keys of one order, and the key that each is below, if that has a number, too."""

    places: Places
    parents: Mapping[RecordKey, RecordKey | None]

    @classmethod
    def of(cls, places: Places, records: Mapping[RecordKey, Record | None], name: str) -> Tree:
        """The tree of records that refer to others in the field ``name``."""
        keys = {str(key): key for key in places}
        texts = {key: record.fields.get(name) for key, record in records.items() if record}
        return cls(places, {key: keys.get(str(texts.get(key))) for key in places})

    @property
    def order(self) -> list[RecordKey]:
        """The keys by their numbers."""
        return sorted(self.places, key=lambda key: (self.places[key], key))

    def is_numbered(self, start: int) -> bool:
        """Whether the numbers are those of the tree, from ``start`` on."""
        above: list[RecordKey] = []
        for number, key in enumerate(self.order, start):
            parent = self.parents[key]
            while above and above[-1] != parent:
                above.pop()
            if self.places[key] != number or (parent is not None and not above):
                return False
            above.append(key)
        return True

    def below(self) -> dict[RecordKey | None, dict[RecordKey, int]]:
        """The numbers by the key that is above."""
        found: dict[RecordKey | None, dict[RecordKey, int]] = {}
        for key, number in self.places.items():
            found.setdefault(self.parents[key], {})[key] = number
        return found


def merge_trees(
    base: Tree, ours: Tree, theirs: Tree, members: Tree, prefer: Side | None = None
) -> Ordered | None:
    """Like :func:`contentgit.merge.arrangement.merge_places`, as a tree; ``None`` if a side is none."""
    start = min([*ours.places.values(), *theirs.places.values()], default=0)
    if not all(not each.places or each.is_numbered(start) for each in (ours, theirs)):
        return None
    one, two, three = (each.below() for each in (base, ours, theirs))
    apart: set[RecordKey] = set()
    below: dict[RecordKey | None, list[RecordKey]] = {}
    for parent, places in members.below().items():
        sides = one.get(parent, {}), two.get(parent, {}), three.get(parent, {})
        found = merge_places(*sides, places, prefer)
        below[parent] = [*found.places]
        apart |= found.apart
    order = [*_walked(below)]
    left = members.places.keys() - set(order)  # rows that are below each other
    order += [key for key in members.order if key in left]
    numbers = {key: number for number, key in enumerate(order, start)}
    return Ordered(numbers, frozenset(apart))


def _walked(below: Mapping[RecordKey | None, list[RecordKey]]) -> Iterator[RecordKey]:
    left = below.get(None, [])[::-1]
    while left:
        key = left.pop()
        yield key
        left += below.get(key, [])[::-1]
