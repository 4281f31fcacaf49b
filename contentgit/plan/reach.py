"""What deletes reach: the rows that go along, those that are cleared, and those that forbid it.

The rules are those of Django's deletion: CASCADE recurses, multi-table parents go with their child,
PROTECT forbids, RESTRICT forbids unless the row goes anyway, SET_* clear. On top of them stands what
the commit says: a record that stays in it and refers to a deleted one makes the commit dangle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from contentgit.content.records import RecordKey
from contentgit.content.schema import OnDelete
from contentgit.missing import missing_reason
from contentgit.plan.facts import Facts, Presence, Referrer
from contentgit.plan.items import Item, Survey
from contentgit.plan.steps import Action, Problem, ProblemKind, Step, Withheld

_CLEARING = frozenset({OnDelete.SET_NULL, OnDelete.SET_DEFAULT, OnDelete.SET})
_SHOWN = 5


@dataclass
class Reach:
    """Where the deletion of ``deletes`` leads.

    ``cascades`` are rows outside that are deleted along, in the order in which they are found; ``clears``
    rows outside that lose a reference; ``derived`` those of both which the site computes from the deleted
    ones, as a spec says; ``blocked`` those that forbid a delete; ``dangling`` records of the commit that
    refer to what goes; ``unlinked`` through rows of such records that go nevertheless, as the spec ignores
    missing references.
    """

    survey: Survey
    facts: Facts
    deletes: Mapping[RecordKey, Item]
    writes: Mapping[RecordKey, Item]
    cascades: dict[RecordKey, Referrer] = field(default_factory=dict)
    unlinked: dict[RecordKey, Referrer] = field(default_factory=dict)
    clears: list[Referrer] = field(default_factory=list)
    derived: set[RecordKey] = field(default_factory=set)
    blocked: list[Referrer] = field(default_factory=list)
    dangling: list[Referrer] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    _taken_away: dict[RecordKey, set[tuple[str, str]]] = field(default_factory=dict)
    _derived_names: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @property
    def gone(self) -> set[RecordKey]:
        """Every row that will not be there afterwards."""
        return {*self.deletes, *self.cascades}

    def walk(self) -> Reach:
        """Follows the references until nothing new is reached."""
        by_target: dict[RecordKey, list[Referrer]] = defaultdict(list)
        for referrer in self.facts.referrers:
            by_target[referrer.target].append(referrer)
        frontier = list(self.deletes)
        while frontier:
            found = [referrer for target in frontier for referrer in by_target.get(target, ())]
            frontier = [_row(referrer) for referrer in found if self._takes_along(referrer)]
        self._settle()
        return self

    def _takes_along(self, referrer: Referrer) -> bool:
        """Notes one referrer; whether its row goes along, and is to be followed."""
        if self._is_derived(referrer):
            self.derived.add(_row(referrer))
        if referrer.key in self.deletes or self._gets_another_value(referrer):
            return False
        if referrer.parent and referrer.target in self.deletes:
            return False  # a record is one row of one table: its parent has a record of its own
        goes_anyway = referrer.key in self.cascades or _row(referrer) in self.cascades
        if goes_anyway and referrer.on_delete is not OnDelete.PROTECT:
            return False
        if stays(referrer, self.survey, self.facts):
            self._note_staying(referrer)
            return False
        if referrer.on_delete is OnDelete.CASCADE:
            self.cascades[_row(referrer)] = referrer
            return True
        self._clear_or_block(referrer)
        return False

    def _is_derived(self, referrer: Referrer) -> bool:
        """Whether the row is computed from the deleted one, or is deleted along with one that is."""
        if referrer.dump:
            return False
        items = self.survey.deletes.get(referrer.target, ())
        named = any(referrer.related in self._named_derived(item) for item in items)
        return named or (referrer.on_delete is OnDelete.CASCADE and referrer.target in self.derived)

    def _named_derived(self, item: Item) -> frozenset[str]:
        """What the specs of a record to be deleted name as derived."""
        where = item.dump, item.key.model
        if where not in self._derived_names:
            specs = self.survey.datasets[item.dump].specs_of(item.key.model)
            self._derived_names[where] = frozenset(name for spec in specs for name in spec.derived)
        return self._derived_names[where]

    def _clear_or_block(self, referrer: Referrer) -> None:
        if referrer.on_delete in _CLEARING:
            self.clears.append(referrer)
        elif referrer.constrained or referrer.on_delete is not OnDelete.DO_NOTHING:
            self.blocked.append(referrer)

    def _gets_another_value(self, referrer: Referrer) -> bool:
        """Whether the plan itself takes the reference away; what it writes instead is looked at there."""
        item = self.writes.get(referrer.key)
        if item is None or not referrer.managed:
            return False
        if referrer.key not in self._taken_away:
            self._taken_away[referrer.key] = set(_taken_away(item))
        taken = self._taken_away[referrer.key]
        return (referrer.field, "") in taken or (referrer.field, str(referrer.target)) in taken

    def _note_staying(self, referrer: Referrer) -> None:
        if referrer.parent:
            return  # the child goes without its parent
        if not referrer.managed and referrer.on_delete is not OnDelete.CASCADE:
            # The column is not content, so the commit does not ask for its value.
            self._clear_or_block(referrer)
        elif referrer.managed and referrer.through is not None and self._is_optional(referrer):
            self.unlinked.setdefault(referrer.through, referrer)
            self.withheld.append(
                Withheld(referrer.key, referrer.field, missing_reason(str(referrer.target)))
            )
        elif referrer.constrained:
            self.dangling.append(referrer)

    def _is_optional(self, referrer: Referrer) -> bool:
        dataset = self.survey.datasets.get(referrer.dump)
        return dataset is not None and referrer.field in dataset.may_miss(referrer.key.model)

    def _settle(self) -> None:
        """Drops what no longer matters because its row goes anyway."""
        gone = self.gone
        self.cascades = {
            row: referrer
            for row, referrer in self.cascades.items()
            if referrer.through is None or referrer.key not in gone  # goes as a part of its record
        }
        self.clears = [referrer for referrer in self.clears if referrer.key not in gone]
        self.blocked = [
            referrer
            for referrer in self.blocked
            if referrer.key not in gone or referrer.on_delete is OnDelete.PROTECT
        ]

    def problems(self, *, allow_cascade: bool) -> list[Problem]:
        """What of it is refused, rows of one model that refer to one row in one problem."""
        problems = [
            *_grouped(self.blocked, ProblemKind.PROTECTED, _blocked_text),
            *_grouped(self.dangling, ProblemKind.DANGLING, self._dangling_text),
        ]
        if not allow_cascade:
            reached = [*self.cascades.values(), *self.clears]
            outside = [each for each in reached if _row(each) not in self.derived]
            problems += _grouped(outside, ProblemKind.CASCADE, _outside_text, "--allow-cascade")
        return problems

    def along(self, *, allow_cascade: bool) -> dict[RecordKey, Referrer]:
        """The rows outside that are deleted along: without the permission, only what the site computes."""
        if allow_cascade:
            return self.cascades
        return {row: each for row, each in self.cascades.items() if row in self.derived}

    def _dangling_text(self, group: list[Referrer]) -> str:
        first = group[0]
        where = "here" if self.survey.merging else "of the commit"
        who = f"{_named(group)} {where} {_refer(group)} to it in {first.field}"
        what = "" if first.managed else ", which is not content"
        return f"{first.target} is not in the commit, but {who}{what}"

    def steps(self, *, allow_cascade: bool) -> tuple[list[Step], list[Step]]:
        """The cascades, what is reached last first, and the clears."""
        unlinked = [
            referrer
            for referrer in sorted(self.unlinked.values(), key=_row)
            if allow_cascade or referrer.target in self.deletes
        ]
        along = reversed(self.along(allow_cascade=allow_cascade).values())
        cascades = [
            Step(Action.CASCADE, _row(referrer), via=referrer.target)
            for referrer in (*unlinked, *along)
        ]
        clears = [
            Step(
                Action.CLEAR,
                referrer.key,
                dump=referrer.dump,
                fields=(referrer.field,),
                value=referrer.value,
                via=referrer.target,
            )
            for referrer in sorted(self.clears, key=lambda referrer: (referrer.key, referrer.field))
            if allow_cascade or _row(referrer) in self.derived
        ]
        return cascades, clears


def _taken_away(item: Item) -> Iterator[tuple[str, str]]:
    """Field and target of the references that an item takes away; no target stands for all of the field."""
    yield from ((name, "") for name in item.fields)
    yield from ((state.name, "") for state in item.optional)
    for links in item.links:
        # An existing row outside is written whole.
        yield from [(links.field, "")] if item.before == "" else ()
        yield from ((links.field, target) for target in links.remove)


def stays(referrer: Referrer, survey: Survey, presence: Presence) -> bool:
    """Whether the row is a record that the commit has too; not so one whose delete has no licence."""
    if referrer.through is not None and not referrer.managed:
        return False  # a link that is no content
    if referrer.key in survey.writes or referrer.key in presence.kept:
        return True
    return bool(referrer.dump) and referrer.key not in survey.deletes


def _row(referrer: Referrer) -> RecordKey:
    """The row that goes when what it refers to goes."""
    return referrer.through or referrer.key


def _grouped(
    referrers: Iterable[Referrer],
    kind: ProblemKind,
    text: Callable[[list[Referrer]], str],
    permit: str = "",
) -> list[Problem]:
    groups: dict[tuple[RecordKey, str, str, OnDelete], list[Referrer]] = defaultdict(list)
    for referrer in referrers:
        groups[referrer.target, _row(referrer).model, referrer.field, referrer.on_delete].append(
            referrer
        )
    return [
        Problem(kind, text(group), key=target, permit=permit, rows=_rows(group))
        for (target, *_), group in groups.items()
    ]


def _rows(group: list[Referrer]) -> tuple[RecordKey, ...]:
    return tuple(sorted({_row(referrer) for referrer in group}))


def _named(group: list[Referrer]) -> str:
    return _listed(referrer.key for referrer in group)


def _listed(rows: Iterable[RecordKey]) -> str:
    """``app.model:1, app.model:2 and 3 more``."""
    keys = sorted(set(rows))
    names = ", ".join(str(key) for key in keys[:_SHOWN])
    return f"{names} and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else names


def _refer(group: list[Referrer]) -> str:
    return "refers" if len({referrer.key for referrer in group}) == 1 else "refer"


def _blocked_text(group: list[Referrer]) -> str:
    first = group[0]
    who = f"{_named(group)} {_refer(group)} to it in {first.field}"
    return f"{first.target} cannot be deleted: {who} ({first.on_delete.value.upper()})"


def _outside_text(group: list[Referrer]) -> str:
    first = group[0]
    along = f"deletes {_listed(_rows(group))}"
    if first.on_delete is not OnDelete.CASCADE:
        along = f"clears {first.field} of {_named(group)}"
    return f"deleting {first.target} also {along}, outside of the dump"
