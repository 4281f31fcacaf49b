"""Commits, how they descend from each other, and what they have at a few paths."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple, TypeAlias

from contentgit.errors import RepositoryError, UnknownNameError
from contentgit.git.objects import checked_id, content, contents, named
from contentgit.git.program import Program
from contentgit.git.refs import Refs
from contentgit.git.trees import FOLDER, Trees, entry_in
from contentgit.git.values import Commit, Version, parse_commit

Standing: TypeAlias = tuple[str, str] | None
"""Id and type of the object at a path."""

Place: TypeAlias = tuple[str, str] | None
"""Mode and id of what is at a path; the mode is ``""`` for a file below the top."""

_REMEMBERED = 20_000
_PRINTABLE = re.compile(r"(?!\.)[ -~]+(?<!/)")  # paths that git can look up, one a line
_BATCH, _LARGEST = 64, 1024


class History:
    """The commits of a repository and their ancestors."""

    def __init__(self, program: Program, refs: Refs, trees: Trees) -> None:
        self._program = program
        self._refs = refs
        self._trees = trees

    def log(
        self, revision: str, *, paths: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Commit]:
        """The commits of a revision or of a range ``A..B``, newest first; streamed.

        With ``paths`` only those that changed something at or below one of them.

        Raises:
            UnknownNameError: the revision does not exist.
        """
        tips = self._tips(revision)
        found = self._touching(tips, paths) if paths else self._listed(*tips, tied=False)
        ids = (each for each, *_ in islice(found, limit))
        size = 1  # the first is there at once
        while batch := list(islice(ids, size)):
            for each, data in zip(batch, contents(self._program, batch, "commit"), strict=True):
                yield parse_commit(each, data)
            size = _BATCH

    def _listed(self, *arguments: str, tied: bool = True) -> Iterator[list[str]]:
        """What ``git rev-list`` lists: commit by commit its id and, with ``--parents``, theirs.

        ``tied`` is for what may go on for long without a line.
        """
        with self._program.start("rev-list", *arguments, "--", tied=tied) as running:
            for line in running.output:
                yield line.decode().split()
            code, errors = running.finish()
        if code:
            raise self._program.failure("rev-list", errors)

    def _touching(self, tips: Sequence[str], paths: Sequence[str]) -> Iterator[list[str]]:
        """The commits that changed what is at a path, simplified as by ``rev-list -- PATHS``.

        Not by git: where only folders without files differ, it goes through all that a tree multiplies.
        A file in a folder whose mode alone changes counts as unchanged.
        """
        places = Places(self._program, self._trees, paths)
        rows: Iterable[tuple[str, Sequence[str]]] = self._rows(places, tips)
        *bottom, tip = tips
        inside = None
        if bottom:
            rows = [*rows]
            inside = {commit for commit, _ in rows} | {each.removeprefix("^") for each in bottom}

        followed = {tip}
        for commit, parents in rows:
            if commit not in followed:
                continue
            followed.discard(commit)
            here = places.of(commit)
            known = [each for each in parents if inside is None or each in inside]
            same = next((each for each in known if places.of(each) == here), None)
            if same:
                followed.add(same)
                continue
            followed |= {*known}
            changed = bool(known) or any(places.of(each) != here for each in parents)
            touched = changed if parents else any(here)
            if touched:
                yield [commit]

    def _rows(self, places: Places, tips: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Commits with their parents, children first; what they have is read in batches."""
        lines = self._listed("--date-order", "--format=%T %P", *tips)
        size = _BATCH  # the first page is there at once
        while some := [*islice(zip(lines, lines, strict=True), size)]:
            places.read_ahead({commit: tree for (_, commit), (tree, *_) in some})
            yield from ((commit, parents) for (_, commit), (_, *parents) in some)
            size = _LARGEST

    def _tips(self, revision: str) -> list[str]:
        if ".." not in revision:
            return [self._refs.resolve(revision)]
        before, _, after = revision.partition("..")
        if after.startswith("."):
            raise UnknownNameError(
                f"{revision!r} has three dots, but only ranges with two are listed",
                hint=f"contentgit log {shlex.quote(f'{before}..{after[1:]}')}",
            )
        resolve = self._refs.resolve
        return ["^" + resolve(before or "HEAD"), resolve(after or "HEAD")]

    def mentioning(self, before: str | None, *after: str, text: str) -> list[Commit]:
        """The commits that an ``after`` has and ``before`` has not, and ``text`` in their message.

        Parents come first.
        """
        options = ("--topo-order", "--reverse", "--fixed-strings", f"--grep={text}")
        found = [each for each, *_ in self._listed(*options, *_between(before, *after))]
        return [*self.commits(found).values()]

    def ancestry(self, before: str | None, after: str, commits: Iterable[str]) -> Ancestry:
        """Which of some commits come from which, as far as ``after`` has them and ``before`` has not.

        One process, however many these are. ``before`` itself is one of them.
        """
        wanted = {*commits}
        numbers = (
            {before: 0} if before else {}
        )  # only of commits that are there: anybody names others
        above = {before: 1} if before else {}  # the commits that one comes from, a bit each
        options = ("--topo-order", "--reverse", "--parents")
        for commit, *parents in self._listed(*options, *_between(before, after)):
            found = above.get(parents[0], 0) if parents else 0
            for each in parents[1:]:
                found |= above.get(each, 0)
            if commit in wanted:
                found |= 1 << numbers.setdefault(commit, len(numbers))
            above[commit] = found
        return Ancestry(numbers, {each: above[each] for each in numbers})

    def commit(self, commit_id: str) -> Commit:
        """The commit with this id.

        Raises:
            RepositoryError: it is not in the repository.
        """
        return parse_commit(commit_id, content(self._program, commit_id, "commit"))

    def commits(self, ids: Sequence[str]) -> dict[str, Commit]:
        """The commits with these ids, by id.

        Raises:
            RepositoryError: one is not in the repository.
        """
        read = contents(self._program, ids, "commit")
        return {each: parse_commit(each, data) for each, data in zip(ids, read, strict=True)}

    def merge_bases(self, one: str, other: str) -> list[str]:
        """The best common ancestors of two commits; more than one where branches merged into each other.

        Raises:
            RepositoryError: a shallow clone does not have them, or a commit on the way cannot be read.
        """
        _, output = self._merge_base("--all", one, other)
        found = output.decode().split()
        if not found and self.is_shallow():
            raise RepositoryError(
                "this is a shallow clone: it does not have the commit that both sides come from",
                hint=self._program.command("fetch --unshallow")
                + "  (brings it; in CI: fetch-depth: 0)",
            )
        return found

    def is_shallow(self) -> bool:
        """Whether this is a clone that lacks the beginning of its history."""
        return self._program.is_shallow()

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether ``one`` is ``other`` or one of its ancestors."""
        code, _ = self._merge_base("--is-ancestor", one, other)
        return code == 0

    def _merge_base(self, option: str, one: str, other: str) -> tuple[int, bytes]:
        """Exit code (1: there is none) and output."""
        ids = (checked_id(one), checked_id(other))
        code, output, errors = self._program.ask("merge-base", option, *ids)
        # Where a commit on the way cannot be read, git says so and that there is none.
        if code not in (0, 1) or (code == 1 and "error: " in errors):
            raise self._program.failure("merge-base", errors)
        return code, output

    def ever_had(self, path: str) -> bool:
        """Whether a commit of any ref or of HEAD, or an ancestor of one, has or had something at ``path``."""
        commits = (each for each, *_ in self._listed("--all"))
        while some := list(islice(commits, _BATCH)):
            if any(each for (each,) in self._standing(some, [path])):
                return True
        return False

    def _standing(self, commits: Sequence[str], paths: Sequence[str]) -> list[tuple[Standing, ...]]:
        """What is at each of the paths, commit by commit."""
        names = (f"{commit}:{path}" for commit in commits for path in paths)
        found = named(self._program, names)
        each = iter(at if at and at[1] in ("blob", "tree") else None for at in found)
        return [tuple(next(each) for _ in paths) for _ in commits]

    def versions(self, commit: str, paths: Sequence[str]) -> list[Version]:
        """The versions that lead to ``commit``, children before parents; the first is what it has.

        Two processes, however long the history is. No side of a merge is left out: what the merge did take
        of a record may come from one whose change it did not take.
        """
        rows = list(self._listed("--topo-order", "--parents", checked_id(commit)))
        ids = [each for each, *_ in rows]
        there = dict(zip(ids, self._standing(ids, paths), strict=True))
        nothing: tuple[Standing, ...] = (None,) * len(paths)
        nearest: dict[str, str | None] = {}
        found = []
        for each, *parents in reversed(rows):
            if lost := [parent for parent in parents if parent not in there]:
                # git's walk along a commit graph ends at such a parent, without a word.
                raise self._program.missing(
                    f"commit {lost[0]} is missing or cannot be read", commit=True
                )
            before = there[parents[0]] if parents else nothing
            if len(parents) < 2 and there[each] == before:
                nearest[each] = nearest[parents[0]] if parents else None
                continue
            nearest[each] = each
            above = dict.fromkeys(filter(None, map(nearest.get, parents)))
            blobs = (at[0] if at and at[1] == "blob" else None for at in there[each])
            found.append(Version(each, tuple(above), tuple(blobs)))
        return found[::-1]


class Ancestry(NamedTuple):
    """Which of some commits are ancestors of others of them; made by :meth:`History.ancestry`."""

    numbers: Mapping[str, int]
    above: Mapping[str, int]

    def has(self, one: str, other: str) -> bool:
        """Whether ``one`` is ``other`` or one of its ancestors; no for commits that it was not asked of."""
        number = self.numbers.get(one)
        return number is not None and bool(self.above.get(other, 0) >> number & 1)


def _between(before: str | None, *after: str) -> list[str]:
    """What ``git rev-list`` is given for the commits that an ``after`` has and ``before`` has not."""
    return [*(["^" + checked_id(before)] if before else []), *map(checked_id, after)]


class Places:
    """What is at ``paths`` in each commit, according to its trees.

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
        """What is at each path in a commit.

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
        found = named(self._program, (f"{tree}:{path}" for tree, path in asked))
        for each, place in zip(asked, found, strict=True):
            if place and place[1] in ("blob", "tree"):
                self._below[each] = (FOLDER if place[1] == "tree" else "", place[0])

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
