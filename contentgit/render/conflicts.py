"""Conflicts of merged branches: a line, several lines, or JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, Value
from contentgit.merge import Contested, Reason, TreeConflict
from contentgit.render import data
from contentgit.render.plain import safe
from contentgit.render.styled import Text
from contentgit.render.values import apart, short
from contentgit.render.views import named

_MERGE: Final = {
    Reason.EDITED: "both sides changed it",
    Reason.ADDED: "both sides added this record, with different content",
    Reason.DELETED_BY_US: "we deleted it, they edited it",
    Reason.DELETED_BY_THEM: "they deleted it, we edited it",
    Reason.FILE: "both sides changed this file",
}
_REVERT: Final = {
    Reason.EDITED: "the commit changed it, and it was changed again since",
    Reason.ADDED: "the commit deleted this record, and another one has its key since",
    Reason.DELETED_BY_US: "the commit edited it, and it was deleted since",
    Reason.DELETED_BY_THEM: "the commit added it, and it was edited since",
    Reason.FILE: "the commit changed this file, and it was changed again since",
}
_PICK: Final = {
    Reason.EDITED: "the commit changed it, and the branch has something else there",
    Reason.ADDED: "the commit added this record, and the branch has another one with its key",
    Reason.DELETED_BY_US: "the commit edited it, and the branch does not have it",
    Reason.DELETED_BY_THEM: "the commit deleted it, and the branch has an edited one",
    Reason.FILE: "the commit changed this file, and the branch has another one",
}
_WHY: Final = {"merge": _MERGE, "revert": _REVERT, "cherry-pick": _PICK, "restore": _PICK}

_MISSING: Final = {
    "merge": (
        "we deleted it, and what they changed refers to it",
        "they deleted it, and what we changed refers to it",
    ),
    "revert": (
        "it was deleted since, and what comes back refers to it",
        "the commit added it, and what was changed since refers to it",
    ),
}
_MISSING_FROM_COMMIT: Final = (
    "the branch does not have it, and what the commit changed refers to it",
    "the commit deleted it, and what is on the branch refers to it",
)
_BASES: Final = {
    "revert": "ours is {branch}, theirs what was there before {source}, the base {source}",
    "cherry-pick": "ours is {branch}, theirs {source}, the base what was there before {source}",
}
REFERRERS_SHOWN: Final = 5


def legend(verb: str, source: str, branch: str) -> str:
    """What the sides are where it is not two branches that meet; ``""`` where it is."""
    text = _BASES.get(verb, "")
    return text.format(source=source, branch=branch)


def why(conflict: TreeConflict, verb: str = "merge") -> str:
    """What the sides of a merge, revert, cherry-pick or restore contradict each other in, in words."""
    if conflict.reason is Reason.MISSING:
        return _why_missing(conflict, verb)
    if conflict.reason is Reason.SAME_VALUE:
        values = ", ".join(map(short, conflict.shared))
        return f"has the same {conflict.about} {values} as {' and '.join(_others(conflict))}"
    if conflict.reason is Reason.BROKEN:
        both = "what both sides changed" if verb == "merge" else "with what is on the branch it"
        return f"{both} breaks the check constraint {conflict.about}"
    if conflict.reason is Reason.CYCLE:
        others = _others(conflict)
        mates = f", with {' and '.join(others)}" if others else ""
        return f"became its own ancestor by {conflict.about}{mates}"
    fields = [place.place.field for place in conflict.places if place.place]
    if len(fields) > 1 and conflict.reason in (Reason.EDITED, Reason.ADDED):
        return f"{_WHY[verb][conflict.reason]}; {' and '.join(fields)} are one value"
    return _WHY[verb][conflict.reason]


def _why_missing(conflict: TreeConflict, verb: str) -> str:
    deleted, *others = conflict.places
    names = ", ".join(referrer.label for referrer in others[:REFERRERS_SHOWN])
    more = f" and {len(others) - REFERRERS_SHOWN:,} more" if len(others) > REFERRERS_SHOWN else ""
    if deleted.base is ABSENT or ABSENT not in (deleted.ours, deleted.theirs):
        return f"it would be deleted, but records that stay refer to it: {names}{more}"
    by_us, by_them = _MISSING.get(verb, _MISSING_FROM_COMMIT)
    return f"{by_us if deleted.ours is ABSENT else by_them}: {names}{more}"


def _others(conflict: TreeConflict) -> list[str]:
    """The other records: of each, several fields may be places of the conflict."""
    records = [str(place.place.key) if place.place else place.file for place in conflict.places]
    return [record for record in dict.fromkeys(records) if record != records[0]]


def headline(conflict: TreeConflict, verb: str = "merge") -> str:
    """A conflict on one line."""
    title = conflict.places[0].title
    named = f"{conflict.labels[0]}  {title}" if title else conflict.labels[0]
    return safe(f"{named}: {why(conflict, verb)}")


def lines(
    conflict: TreeConflict,
    references: Mapping[str, str] = MappingProxyType({}),
    verb: str = "merge",
    git_diff: str = "git diff",
) -> Iterator[Text]:
    """A conflict with what each side has; ``references`` are titles of records that are referred to.

    ``git_diff`` is the command as it has to be typed for the repository.
    """
    title = conflict.places[0].title
    head = Text(safe(conflict.labels[0]), style="bold")
    if title:
        head.append(f"  {safe(title)}", style="not bold")
    yield head
    yield Text(f"  {safe(why(conflict, verb))}", style="yellow")
    for place in conflict.places:
        yield from _place_lines(place, references, git_diff, alone=len(conflict.places) == 1)
    for edit in conflict.edits:
        values = [edit.base, edit.theirs if edit.ours is ABSENT else edit.ours]
        before, after = _shown(values, references)
        yield Text(f"    {safe(edit.name)}: {before} → {after}")


def _shown(values: Sequence[Value], references: Mapping[str, str]) -> list[str]:
    """The values on a line each, references by title."""
    names = [named(value, references) for value in values]
    return apart(values) if names == [short(value) for value in values] else names


def _place_lines(
    place: Contested, references: Mapping[str, str], git_diff: str, *, alone: bool
) -> Iterator[Text]:
    if not alone:
        yield Text(f"  {safe(place.label)}  {safe(place.title)}".rstrip())
    sides = {"base": place.base, "ours": place.ours, "theirs": place.theirs}
    if place.place is None:
        if isinstance(place.ours, str) and isinstance(place.theirs, str):
            command = f"{git_diff} {place.ours[:12]} {place.theirs[:12]}"
            yield Text(f"    {command}  (shows how ours and theirs differ)", style="dim")
        else:
            kept = "ours" if isinstance(place.ours, str) else "theirs"
            yield Text(f"    only {kept} still has it", style="dim")
    elif place.place.field:
        texts = _shown([*sides.values()], references)
        for name, text, style in zip(sides, texts, ("dim", "green", "cyan"), strict=True):
            yield Text(f"    {name.ljust(7)} {text}", style=style)
    elif not alone:
        there = ", ".join(name for name, side in sides.items() if side is not ABSENT)
        yield Text(f"    is in {there}", style="dim")


def as_data(conflict: TreeConflict, verb: str = "merge") -> dict[str, Any]:
    """A conflict as JSON values."""
    return {
        "label": conflict.labels[0],
        "reason": conflict.reason.value,
        "why": why(conflict, verb),
        "about": conflict.about,
        "places": [_place_data(place) for place in conflict.places],
        "edits": data.plain(conflict.edits),
    }


def _place_data(place: Contested) -> dict[str, Any]:
    sides = {"base": place.base, "ours": place.ours, "theirs": place.theirs}
    return {
        "label": place.label,
        "file": place.file,
        "title": place.title,
        **{
            name: data.record(side) if isinstance(side, Record) else data.value(side)
            for name, side in sides.items()
        },
    }
