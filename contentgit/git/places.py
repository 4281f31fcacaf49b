"""What stands at a few paths in commit after commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from contentgit.errors import RepositoryError
from contentgit.git.program import Program
from contentgit.git.trees import FOLDER, Trees, entry_in

Place: TypeAlias = tuple[str, str] | None
"""Mode and id of what stands at a path; the mode is ``""`` for a file that does not stand at the top."""

_REMEMBERED = 20_000

# What git looks up by its name as it stands, one a line.
_PRINTABLE = re.compile(r"(?!\.)[ -~]+(?<!/)")
_FOUND = re.compile(r"(blob|tree) ([0-9a-f]+)")


class Places:
    """What stands at ``paths`` in each commit, as its trees have it.

    Of these the top ones alone are read, in batches. What is below git looks up. Where it finds nothing, the
    trees on the way are read, since git says the same of what is missing or damaged.
    """

    def __init__(self, program: Program, trees: Trees, paths: Sequence[str]) -> None:
        self._program = program
        self._trees = trees
        self._paths = [path.partition("/")[::2] for path in paths]
        self._tops: dict[str, tuple[Place, ...]] = {}  # by commit
        self._below: dict[tuple[str, str], Place] = {}  # by tree and path
        self._nowhere: set[str] = set()  # paths below the top at which nothing stood of late
        self._found: dict[tuple[Place, ...], tuple[Place, ...]] = {}  # by what is at the top

    def of(self, commit: str) -> tuple[Place, ...]:
        """What stands at each path in a commit.

        Raises:
            RepositoryError: the commit, or a tree on the way to a path, is missing or damaged.
        """
        if commit not in self._tops:
            self._read({commit: self._trees.root(commit)})
        tops = self._tops[commit]
        if tops not in self._found:
            both = zip(tops, self._paths, strict=True)
            self._found[tops] = tuple(
                self._at(top, rest) if rest else top for top, (_, rest) in both
            )
        return self._found[tops]

    def read_ahead(self, roots: Mapping[str, str]) -> None:
        """Looks the paths up in some commits, given with the ids of their whole trees, in few turns.

        What is missing is left to whoever asks for it.
        """
        for remembered in (self._tops, self._below, self._found):
            if len(remembered) > _REMEMBERED:
                remembered.clear()
        with suppress(RepositoryError):
            self._read(roots)
        asked = {
            (top[1], rest)
            for tops in {self._tops.get(commit, ()) for commit in roots} - {*self._found}
            for top, (_, rest) in zip(tops, self._paths, strict=False)
            if top and top[0] == FOLDER and rest
        } - {*self._below}
        sought = [each for each in asked if each[1] not in self._nowhere]
        self._look_up([each for each in sought if _PRINTABLE.fullmatch(each[1])])
        lost = asked - {*self._below}
        self._nowhere = {rest for _, rest in asked} - {rest for _, rest in asked - lost}
        with suppress(RepositoryError):
            self._walk(lost)

    def _read(self, roots: Mapping[str, str]) -> None:
        for commit, rows in zip(roots, self._trees.rows(roots.values()), strict=True):
            entries = {name: (mode, raw) for mode, name, raw in rows}
            self._tops[commit] = tuple(entry_in(entries, top) for top, _ in self._paths)

    def _look_up(self, asked: Sequence[tuple[str, str]]) -> None:
        data = "".join(f"{tree}:{path}\n" for tree, path in asked).encode()
        form = "--batch-check=%(objecttype) %(objectname)"
        output = self._program.run("cat-file", form, "--buffer", data=data) if asked else b""
        for each, line in zip(asked, output.decode().split("\n"), strict=False):
            if match := _FOUND.fullmatch(line):
                self._below[each] = (FOLDER if match[1] == "tree" else "", match[2])

    def _walk(self, asked: Iterable[tuple[str, str]]) -> None:
        """Finds what git did not by reading the trees on the way, each level at once."""
        level = [(tree, path, (tree, path)) for tree, path in asked]
        while level:
            here: dict[str, list[tuple[str, tuple[str, str]]]] = {}
            for tree, path, each in level:
                here.setdefault(tree, []).append((path, each))
            level = []
            for wanted, rows in zip(here.values(), self._trees.rows(here), strict=True):
                entries = {name: (mode, raw) for mode, name, raw in rows}
                for path, each in wanted:
                    name, slash, rest = path.partition("/")
                    place = entry_in(entries, name)
                    if slash and place and place[0] == FOLDER:
                        level.append((place[1], rest, each))
                    else:
                        self._below[each] = None if slash else _without_mode(place)

    def _at(self, above: Place, path: str) -> Place:
        if above is None or above[0] != FOLDER:
            return None
        each = above[1], path
        if each not in self._below:
            self._below[each] = _without_mode(self._trees.at_path(*each))
        return self._below[each]


def _without_mode(place: Place) -> Place:
    return place and (FOLDER if place[0] == FOLDER else "", place[1])
