"""Materialized paths, as django-treebeard's ``MP_Node`` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from contentgit.db.trees.numbering import (
    Child,
    Children,
    Numbering,
    Numbers,
    Place,
    downwards,
    spread,
)


@dataclass(frozen=True)
class Paths(Numbering):
    """``path`` is that of the row above and ``steplen`` digits of ``alphabet`` more, ``length`` at most.

    A position is the number that the last digits make: what was deleted leaves a gap, as in the library.
    """

    parent: str
    position: str
    steplen: int
    alphabet: str
    length: int
    columns: tuple[str, ...] = ("path", "depth", "numchild")
    linked: bool = False
    sorted_by: tuple[str, ...] = ()

    marks: ClassVar[int] = 1
    fault: ClassVar[str] = "no row is above it, and it is no root"
    way_on: ClassVar[str] = (
        "give it a row above it, or delete the row: find_problems() of the library lists such rows, its "
        "fix_tree() does not mend them"
    )

    def places(self, rows: Mapping[Any, Numbers], parents: Mapping[Any, Any]) -> dict[Any, Place]:
        """See :meth:`Numbering.places`."""
        del parents
        by_path = {numbers[0]: pk for pk, numbers in rows.items()}
        found = {}
        for path, pk in by_path.items():
            above, position = path[: -self.steplen], self._position(path)
            if position is not None and (not above or above in by_path):
                found[pk] = Place(by_path[above] if above else None, position)
        return found

    def positions(self, parent: Any | None, siblings: Sequence[Child]) -> list[tuple[Any, int]]:
        """See :meth:`Numbering.positions`."""
        del parent
        found = list(spread(siblings))
        if found and found[-1][1] > self._most:  # close the gaps
            found = [(pk, number) for number, (pk, _) in enumerate(found, 1)]
        return found

    def numbers(
        self, children: Children, sources: Mapping[Any, Numbers] = MappingProxyType({})
    ) -> Iterator[tuple[Any, Numbers]]:
        """See :meth:`Numbering.numbers`."""
        del sources
        paths: dict[Any | None, str] = {None: ""}
        for parent, below in downwards(children):
            base = paths.pop(parent)
            depth = len(base) // self.steplen + 1
            for pk, position in self.positions(parent, below):
                path = base + self._step(position)
                if len(path) > self.length:
                    raise OverflowError(f"paths have at most {self.length // self.steplen} steps")
                own = children.get(pk, ())
                if own:
                    paths[pk] = path
                yield pk, (path, depth, len(own))

    def empty(self, place: int, unique: str) -> Any:
        """See :meth:`Numbering.empty`: no path of the library has such letters."""
        return f"~{unique}"[: self.length] if place == 0 else 0

    @property
    def _most(self) -> int:
        return int(len(self.alphabet) ** self.steplen) - 1

    def _position(self, path: str) -> int | None:
        digits = path[-self.steplen :]
        if len(path) % self.steplen or not path:
            return None
        number = 0
        for digit in digits:
            value = self.alphabet.find(digit)
            if value < 0:
                return None
            number = number * len(self.alphabet) + value
        return number

    def _step(self, position: int) -> str:
        if position > self._most:
            raise OverflowError(f"a row has at most {self._most} rows below it")
        digits = ""
        for _ in range(self.steplen):
            position, digit = divmod(position, len(self.alphabet))
            digits = self.alphabet[digit] + digits
        return digits


@dataclass(frozen=True)
class UrlPaths(Paths):
    """Wagtail's pages, each with the slugs on the way to it: ``/home/news/``."""

    columns: tuple[str, ...] = ("path", "depth", "numchild", "url_path")
    sources: tuple[str, ...] = ("slug",)

    def numbers(
        self, children: Children, sources: Mapping[Any, Numbers] = MappingProxyType({})
    ) -> Iterator[tuple[Any, Numbers]]:
        """See :meth:`Numbering.numbers`."""
        urls = {child.pk: "/" for child in children.get(None, ())}
        for pk, numbers in super().numbers(children):
            url = urls.pop(pk)
            urls.update(
                (child.pk, f"{url}{sources[child.pk][0]}/") for child in children.get(pk, ())
            )
            yield pk, (*numbers, url)

    def empty(self, place: int, unique: str) -> Any:
        """See :meth:`Numbering.empty`."""
        return "" if place == len(self.columns) - 1 else super().empty(place, unique)
