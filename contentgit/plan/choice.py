"""Which record is written from which dump, and which delete is licensed.

Dumps may overlap, and a record may move from one to another: one apply must not delete in one dump
what it writes, or keeps, in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from contentgit.content.records import RecordKey
from contentgit.plan.facts import Presence
from contentgit.plan.items import Item, Survey
from contentgit.plan.steps import Action, Links, Problem, ProblemKind, Withheld
from contentgit.specs import OWNED


@dataclass(frozen=True)
class Licences:
    """What the caller permits beyond what the specs do.

    ``force`` overwrites the target's own edits, ``allow_cascade`` lets deletes reach outside the dump.
    ``max_deletes`` is a number of rows, ``max_deletes_percent`` a part of the rows that the dumps have here.
    """

    force: bool = False
    allow_cascade: bool = False
    max_deletes: int | None = None
    max_deletes_percent: float | None = None
    allow_empty: bool = False
    ignore_unknown_fields: bool = False
    ignore_unknown_models: bool = False


@dataclass
class Choice:
    """One item for each record to write and each to delete, and what is left out.

    ``outside`` are records to create whose row exists although no applied dump's filter matches it; they
    stand in ``writes`` as updates of all fields.
    """

    writes: dict[RecordKey, Item] = field(default_factory=dict)
    deletes: dict[RecordKey, Item] = field(default_factory=dict)
    outside: set[RecordKey] = field(default_factory=set)
    withheld: list[Withheld] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def created(self) -> set[RecordKey]:
        """The records whose rows are new."""
        return {key for key, item in self.writes.items() if item.action is Action.CREATE}

    @property
    def updated(self) -> set[RecordKey]:
        """The records whose rows are here."""
        return self.writes.keys() - self.created


def choose(survey: Survey, presence: Presence) -> Choice:
    """Decides which item of each record counts, and which deletes are licensed."""
    choice = Choice(outside=outside(survey, presence.existing))
    for key, items in survey.writes.items():
        if len({item.after for item in items}) > 1:
            choice.problems.append(_twice(items))
        choice.writes[key] = _written(items, survey, presence, choice.outside)
    for key, items in survey.deletes.items():
        if key not in choice.writes:
            _choose_delete(key, items, survey, presence, choice)
    return choice


def outside(survey: Survey, existing: AbstractSet[RecordKey]) -> set[RecordKey]:
    """The records to create whose row exists although no applied dump's filter matches it."""
    return {
        key
        for key, items in survey.writes.items()
        if key in existing
        and key not in survey.deletes
        and all(item.action is Action.CREATE for item in items)
    }


def _written(
    items: list[Item], survey: Survey, presence: Presence, outside: AbstractSet[RecordKey]
) -> Item:
    """The item to write: an update before a create, as it knows the row that is there."""
    item = next((item for item in items if item.action is Action.UPDATE), items[0])
    if item.action is Action.UPDATE:
        return item
    if item.key in survey.deletes:
        return _from_other_dump(item, survey.deletes[item.key][0])
    if item.key in outside:
        return _over_row(item, presence.links.get(item.key, {}))
    return item


def _from_other_dump(item: Item, left: Item) -> Item:
    """A record that leaves one dump and enters another: its row is updated."""
    there = {links.field: links.remove for links in left.links}
    return _over_row(item, there)._replace(
        before=left.before,
        based=left.based,
        drifts=item.drifts or left.drifts,
        recomputed=item.recomputed or left.recomputed,
        states=left.states,
    )


def _over_row(item: Item, there: Mapping[str, tuple[str, ...]]) -> Item:
    """The create as an update of all fields of a row whose present links are ``there``."""
    links = [
        Links.between(
            wanted.field, there.get(wanted.field, ()), wanted.add, ordered=False
        )._replace(order=wanted.order)
        for wanted in item.links
    ]
    optional = [replace(state, there=there.get(state.name, ())) for state in item.optional]
    return item._replace(action=Action.UPDATE, links=tuple(links), optional=tuple(optional))


def _choose_delete(
    key: RecordKey, items: list[Item], survey: Survey, presence: Presence, choice: Choice
) -> None:
    if key in presence.kept:
        choice.withheld.append(Withheld(key, "", f"{presence.kept[key]} holds it too"))
        return
    for item in items:
        licence = survey.licence(item)
        if licence or (licence is None and (item.dump, key) in presence.licensed):
            choice.deletes[key] = item
            return
    choice.withheld.append(Withheld(key, "", _unlicensed(items[0], survey)))


def _unlicensed(item: Item, survey: Survey) -> str:
    """Why a delete has no licence."""
    if survey.asks_whether_held(item):
        return f"no commit applied or made here before had it (delete_missing: {OWNED!r})"
    return f"delete_missing is not set for {item.key.model}"


def _twice(items: list[Item]) -> Problem:
    dumps = " and ".join(item.dump for item in items)
    text = f"{items[0].key} has different content in {dumps} of the commit"
    return Problem(ProblemKind.TWICE, text, key=items[0].key, dump=items[0].dump)
