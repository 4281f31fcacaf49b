"""The rules of references as texts, by which commits tell whether they were made under the same ones."""

from __future__ import annotations

from collections.abc import Iterator

from contentgit.references.html import Html
from contentgit.references.json_text import JsonText
from contentgit.references.json_values import Json
from contentgit.references.paths import JsonPlaces, Paths
from contentgit.references.places import Generic, References, Target
from contentgit.references.whole import Whole


def rules_of(references: References) -> tuple[str, ...]:
    """A text for each place, which ends with the model; sorted, and the same on every machine.

    A class of another kind is one rule: its import path, and its ``version`` if it has one. What it looks
    for is not known.
    """
    return tuple(sorted({*_rules(references)}))


def _rules(references: References) -> Iterator[str]:
    if type(references) is Whole:
        yield references.model
    elif type(references) is Html:
        yield from references.places
    elif type(references) is Json:
        yield from _in_places(references.paths_of_values)
    elif type(references) is JsonText:
        yield from (f"JsonText {each}" for each in _in_places(references.paths))
    else:
        yield _named(references)


def _in_places(paths: JsonPlaces) -> Iterator[str]:
    if not isinstance(paths, Paths):
        yield _named(paths)
        return
    for parts, target in paths:
        place = "".join(f".{each}" if isinstance(each, str) else str(each) for each in parts)[1:]
        yield from (f"{place} {each}" for each in _of_target(target))


def _of_target(target: Target) -> Iterator[str]:
    if isinstance(target, str):
        yield target
    elif isinstance(target, Generic):
        yield f"{target.model}:{target.pk}"
    else:
        yield from _rules(target)


def _named(found: object) -> str:
    cls = type(found)
    name = f"{cls.__module__}.{cls.__qualname__}"
    version = getattr(found, "version", None)
    return name if version is None else f"{name} {version}"
