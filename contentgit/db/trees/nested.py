"""Nested sets, as django-mptt and django-treebeard's ``NS_Node`` write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from contentgit.db.trees.numbering import Child, Children, Numbering, Numbers, Place, spread


@dataclass(frozen=True)
class NestedSets(Numbering):
    """Each row has the numbers of a tree and of its two ends in it, and its depth.

    The position of a root is the number of its tree, that of any other row counts from 1.
    """

    parent: str
    position: str
    columns: tuple[str, ...]
    linked: bool = False
    sorted_by: tuple[str, ...] = ()
    first_depth: int = 0

    marks: ClassVar[int] = 2
    fault: ClassVar[str] = "its numbers do not fit those of other rows"
    way_on: ClassVar[str] = "correct its numbers, or delete the row"

    def places(self, rows: Mapping[Any, Numbers], parents: Mapping[Any, Any]) -> dict[Any, Place]:
        """See :meth:`Numbering.places`."""
        found: dict[Any, Place] = {}
        counts = Counter[Any]()
        starts = Counter(numbers[:2] for numbers in rows.values())
        above: list[tuple[Any, int]] = []  # rows that are open here, and where they end
        tree = None
        for pk, (tree_id, left, right, depth) in sorted(rows.items(), key=lambda each: each[1][:2]):
            if tree_id != tree:
                tree, above = tree_id, []
            if right <= left:  # a new row
                if self.linked:
                    found[pk] = Place(parents.get(pk), 1)
                continue
            while above and above[-1][1] < left:
                above.pop()
            is_lost = not self.linked and (
                depth != self.first_depth + len(above)
                or starts[tree_id, left] > 1
                or bool(above and right > above[-1][1])
            )
            parent = parents.get(pk) if self.linked else (above[-1][0] if above else None)
            above.append((pk, right))
            if is_lost:
                continue
            if parent is None:
                found[pk] = Place(None, tree_id)
            else:
                counts[parent] += 1
                found[pk] = Place(parent, counts[parent])
        return found

    def positions(self, parent: Any | None, siblings: Sequence[Child]) -> Iterator[tuple[Any, int]]:
        """See :meth:`Numbering.positions`."""
        if parent is None:
            return spread(siblings)
        return ((each.pk, number) for number, each in enumerate(siblings, 1))

    def numbers(
        self, children: Children, sources: Mapping[Any, Numbers] = MappingProxyType({})
    ) -> Iterator[tuple[Any, Numbers]]:
        """See :meth:`Numbering.numbers`."""
        del sources
        for root, tree_id in self.positions(None, children.get(None, ())):
            yield from self._tree(root, tree_id, children)

    def _tree(self, root: Any, tree_id: int, children: Children) -> Iterator[tuple[Any, Numbers]]:
        number, opened = 1, list[tuple[Any, int]]()
        waiting: list[tuple[Any, int]] = [(root, self.first_depth)]
        while waiting:
            pk, depth = waiting.pop()
            if depth < 0:  # its children are numbered
                pk, left = opened.pop()
                depth = -depth - 1
                yield pk, (tree_id, left, number, depth)
                number += 1
                continue
            opened.append((pk, number))
            number += 1
            waiting.append((pk, -depth - 1))
            waiting += [(each.pk, depth + 1) for each in reversed(children.get(pk, ()))]
