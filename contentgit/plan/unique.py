"""Unique values that change rows: who must give them up first, and who cannot get them.

Unique constraints are checked row by row on every database, so a row that gives up a value that
another takes is parked: it gets a value that nobody wants before any row is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from contentgit.content.records import RecordKey
from contentgit.content.schema import UniqueSet
from contentgit.integrity.relations import Claim, plain
from contentgit.integrity.rules import names_of
from contentgit.plan.facts import Facts
from contentgit.plan.items import Computed, Item, Survey
from contentgit.plan.steps import Action, Problem, ProblemKind, Step

Parked = dict[RecordKey, set[str]]


def contests(
    survey: Survey, facts: Facts, writes: Mapping[RecordKey, Item], gone: Collection[RecordKey]
) -> tuple[list[Step], list[Problem]]:
    """The rows to park, by key, and the claims that cannot be met. Rows in ``gone`` hold nothing."""
    parked: Parked = defaultdict(set)
    problems: list[Problem] = []
    for claim, keys in survey.claims.items():
        label, name, _ = claim
        unique = survey.models[label].unique_by_name[name]
        wanting = [key for key in keys if key in writes]
        if len(wanting) > 1:
            why = "which in the commit has it too"
            problems.append(_problem(claim, unique, wanting[1], wanting[0], why))
        holder = facts.holders.get(claim) if wanting else None
        if holder is None or holder in wanting or holder in gone:
            continue
        if given_up := _given_up(unique, writes.get(holder)):
            parked[holder] |= given_up
        else:
            problems.append(_problem(claim, unique, wanting[0], holder, "which holds and keeps it"))
    for label, schema in survey.models.items():
        for unique in schema.unique:
            if not unique.plain and not unique.parts:
                _park_all(label, unique, writes, parked)
    _park_computed(survey, writes, parked)
    steps = [
        Step(Action.PARK, key, writes[key].dump, tuple(sorted(parked[key])), (), writes[key].before)
        for key in sorted(parked, key=lambda key: key.sort_key)
    ]
    return steps, problems


def _given_up(unique: UniqueSet, item: Item | None) -> set[str]:
    """The fields of the set that the row's own update changes."""
    if item is None or item.action is not Action.UPDATE:
        return set()
    return set(unique.named) & set(item.fields)


def _park_all(
    label: str, unique: UniqueSet, writes: Mapping[RecordKey, Item], parked: Parked
) -> None:
    """Only the database knows what collides: park every row that changes, if there are two."""
    items = [item for key, item in writes.items() if key.model == label]
    changing = [item for item in items if _given_up(unique, item)]
    creates = any(item.action is Action.CREATE for item in items)
    if len(changing) > 1 or (changing and creates):
        for item in changing:
            parked[item.key] |= _given_up(unique, item)


def _park_computed(survey: Survey, writes: Mapping[RecordKey, Item], parked: Parked) -> None:
    """Of sets with functions and conditions: park the rows whose values others may take."""
    taken: dict[Computed, set[RecordKey]] = defaultdict(set)
    for item in writes.values():
        for claim in item.takes:
            taken[claim].add(item.key)
    for item in writes.values() if taken else ():
        wanted = {claim[0] for claim in item.gives if taken.get(claim, set()) - {item.key}}
        for unique in survey.models[item.key.model].unique if wanted else ():
            given_up = set(unique.named) & set(item.fields)
            if unique.name in wanted and given_up:
                parked[item.key] |= given_up


def _problem(
    claim: Claim, unique: UniqueSet, wanting: RecordKey, other: RecordKey, why: str
) -> Problem:
    values = ", ".join(
        f"{name.removeprefix('$')}={plain(value)!r:.60}"
        for name, value in zip(names_of(unique), claim[2], strict=True)
    )
    text = f"{wanting} wants the unique {values} of {other}, {why}"
    return Problem(ProblemKind.UNIQUE, text, key=wanting)
