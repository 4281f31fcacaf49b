"""``dataset.json`` and ``contentgit.json`` on three sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from contentgit.content.canonical import FORMAT_VERSION
from contentgit.content.diff import ABSENT
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.evolution.documents import RECORDED, parse_standing, standing_document
from contentgit.content.schema import FieldKind, FieldSchema
from contentgit.merge.side import Side
from contentgit.merge.values import FieldConflict, merge_value

_DOCUMENT: Final = FieldSchema("", FieldKind.JSON)


def merge_descriptions(
    base: Any, ours: Any, theirs: Any, prefer: Side | None = None
) -> tuple[Any, tuple[FieldConflict, ...]]:
    """The description of a dump, with the changes of both sides; without a base, that is ``ABSENT``.

    Models, and their specs, are merged by label. New ones come after the model that they follow on their
    side. Histories are joined, and never conflict.

    Raises:
        FormatError: a side's history is broken, or the migrations of both need each other.
    """
    if not all(isinstance(each, dict) for each in (ours, theirs)):
        return merge_value(_DOCUMENT, "", base, ours, theirs, prefer)
    bare = [
        {name: each for name, each in side.items() if name not in RECORDED}
        for side in ({} if base is ABSENT else base, ours, theirs)
    ]
    keyed = [_by_model(side) for side in bare]
    if base is ABSENT:
        keyed[0] = {"models": {}, "specs": {}}
    was, here, there = bare if None in keyed else keyed
    value, conflicts = merge_value(_DOCUMENT, "", was, here, there, prefer)
    merged = dict(value)
    if None not in keyed:
        labels = _order(*([*(side or {})["specs"]] for side in keyed))
        merged["specs"] = [value["specs"][each] for each in labels if each in value["specs"]]
    joined = parse_standing(ours).joined(parse_standing(theirs))
    return {**merged, **standing_document(joined)}, conflicts


def merge_formats(ours: bytes, theirs: bytes) -> bytes | None:
    """``contentgit.json`` with the higher format; ``None`` if that is not known, or they differ in more.

    Raises:
        FormatError: a side is not JSON.
    """
    documents = [parse_document(ours), parse_document(theirs)]
    numbers = [each.get("format") for each in documents if isinstance(each, dict)]
    known = [each for each in numbers if type(each) is int and each > 0]
    if len(known) < 2 or max(known) > FORMAT_VERSION:
        return None
    mine, other = ({**each, "format": max(known)} for each in documents)
    return dump_document(mine) if mine == other else None


def _by_model(document: Any) -> dict[str, Any] | None:
    """The document with its specs by model, so that additions of both sides do not conflict.

    ``None`` where a model has several, or it is not what contentgit wrote.
    """
    listed = document.get("specs") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    objects = (spec for spec in listed if isinstance(spec, dict))
    specs = {spec["model"]: spec for spec in objects if isinstance(spec.get("model"), str)}
    return {**document, "specs": specs} if len(specs) == len(listed) else None


# The order of models: it does not matter to an apply, but people read the file


def _order(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The labels of all sides; the result does not depend on which side is which."""
    common = {*base} & {*ours} & {*theirs}
    was, here, there = ([each for each in side if each in common] for side in (base, ours, theirs))
    spine = here if there in (was, here) else there if was == here else was
    inside = [_new(side, common) for side in (ours, theirs)]
    found: list[str] = []
    for anchor in ("", *spine):
        groups = sorted(each.get(anchor, []) for each in inside)
        found += [anchor] if anchor else []
        found += [each for group in groups for each in group]
    return [*dict.fromkeys([*found, *sorted({*base} - {*found})])]


def _new(side: Sequence[str], common: set[str]) -> dict[str, list[str]]:
    """The labels that not all sides have, by the label in front of them that all have."""
    found: dict[str, list[str]] = {}
    anchor = ""
    for label in side:
        if label in common:
            anchor = label
        else:
            found.setdefault(anchor, []).append(label)
    return found
