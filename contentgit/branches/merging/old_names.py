"""Labels of conflicts by names from before a migration: ``site.page:1/body`` for ``site.article:1/text``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from contentgit.branches.trees import Sides
from contentgit.content.lenses import Lens
from contentgit.history.dumps import dump_folders, recorded_schema, recorded_standing


def with_new_names(
    sides: Sides, commits: Iterable[str], patterns: Sequence[str], known: Callable[[str], object]
) -> list[str]:
    """The patterns; those that are not ``known`` with the names that the sides have in one schema.

    ``commits`` are the sides as they were, whose names may be meant.
    """
    if all(map(known, patterns)):
        return list(patterns)
    lenses = [*_lenses(sides, commits)]
    found: list[str] = []
    for pattern in patterns:
        newer = () if known(pattern) else (_renamed(pattern, *each) for each in lenses)
        found.append(next((each for each in newer if known(each)), pattern))
    return found


def _lenses(sides: Sides, commits: Iterable[str]) -> Iterator[tuple[Lens, Sequence[str]]]:
    """How each side that lacks migrations of the others is read, and its models."""
    repository = sides.repository
    trees = [each for each in (sides.ours, sides.theirs) if each]
    for commit in dict.fromkeys(filter(None, commits)):
        for folder in dump_folders(repository, commit):
            there = recorded_standing(repository, commit, folder)
            for tree in trees:
                since = recorded_standing(repository, tree, folder).since(there)
                if since and any(each.steps for each in since):
                    models = recorded_schema(repository, commit, folder)
                    yield Lens(models, since), [*models]
                    break


def _renamed(pattern: str, lens: Lens, models: Sequence[str]) -> str:
    """A pattern with the newer names of a model and of its field."""
    label, colon, rest = pattern.partition(":")
    key, *path = rest.split("/")
    for older in models:
        newer = lens.newer(older)
        if colon and newer and label in (older, newer.label):
            names = [newer.fields.get(each, each) for each in path[:1]]
            return "/".join([f"{newer.label}:{key}", *names, *path[1:]])
    return pattern
