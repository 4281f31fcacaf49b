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
from contentgit.plan.facts import Facts, Presence, Referrer
from contentgit.plan.items import Item, Survey
from contentgit.plan.steps import Action, Problem, ProblemKind, Step, Withheld

_CLEARING = frozenset({OnDelete.SET_NULL, OnDelete.SET_DEFAULT, OnDelete.SET})
_SHOWN = 5


@dataclass
class Reach:
    """Where the deletion of ``deletes`` leads.

    ``cascades`` are rows outside that are deleted along, in the order in which they are found; ``clears``
    rows outside that lose a reference; ``blocked`` those that forbid a delete; ``dangling`` records of
    the commit that refer to what goes; ``unlinked`` through rows of such records that go nevertheless,
    as the spec ignores missing references.
    """

    survey: Survey
    facts: Facts
    deletes: Mapping[RecordKey, Item]
    writes: Mapping[RecordKey, Item]
    cascades: dict[RecordKey, Referrer] = field(default_factory=dict)
    unlinked: dict[RecordKey, Referrer] = field(default_factory=dict)
    clears: list[Referrer] = field(default_factory=list)
    blocked: list[Referrer] = field(default_factory=list)
    dangling: list[Referrer] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    _taken_away: dict[RecordKey, set[tuple[str, str]]] = field(default_factory=dict)

    @property
    def gone(self) -> set[RecordKey]:
        """Every row that will not be there afterwards."""
        return {*self.deletes, *self.cascades}

    def walk(self) -> Reach:
        """Follows the references until nothing new is reached."""
        by_target: dict[RecordKey, list[Referrer]] = defaultdict(list)
        for each in self.facts.referrers:
            by_target[each.target].append(each)
        frontier = list(self.deletes)
        while frontier:
            found = [each for target in frontier for each in by_target.get(target, ())]
            frontier = [_row(each) for each in found if self._takes_along(each)]
        self._settle()
        return self

    def _takes_along(self, each: Referrer) -> bool:
        """Notes one referrer; whether its row goes along, and is to be followed."""
        if each.key in self.deletes or self._gets_another_value(each):
            return False
        if each.parent and each.target in self.deletes:
            return False  # a record is one row of one table: its parent has a record of its own
        goes_anyway = each.key in self.cascades or _row(each) in self.cascades
        if goes_anyway and each.on_delete is not OnDelete.PROTECT:
            return False
        if stays(each, self.survey, self.facts):
            self._note_staying(each)
            return False
        if each.on_delete is OnDelete.CASCADE:
            self.cascades[_row(each)] = each
            return True
        if each.on_delete in _CLEARING:
            self.clears.append(each)
        elif each.constrained or each.on_delete is not OnDelete.DO_NOTHING:
            self.blocked.append(each)
        return False

    def _gets_another_value(self, each: Referrer) -> bool:
        """Whether the plan itself takes the reference away; what it writes instead is looked at there."""
        item = self.writes.get(each.key)
        if item is None or not each.managed:
            return False
        if each.key not in self._taken_away:
            self._taken_away[each.key] = set(_taken_away(item))
        taken = self._taken_away[each.key]
        return (each.field, "") in taken or (each.field, str(each.target)) in taken

    def _note_staying(self, each: Referrer) -> None:
        if each.parent:
            return  # the child goes without its parent
        if not each.managed and each.on_delete is not OnDelete.CASCADE:
            # The column is not content, so the commit does not ask for its value.
            if each.on_delete in _CLEARING:
                self.clears.append(each)
            elif each.constrained or each.on_delete is not OnDelete.DO_NOTHING:
                self.blocked.append(each)
        elif each.managed and each.through is not None and self._is_optional(each):
            self.unlinked.setdefault(each.through, each)
            self.withheld.append(Withheld(each.key, each.field, missing_reason(str(each.target))))
        elif each.constrained:
            self.dangling.append(each)

    def _is_optional(self, each: Referrer) -> bool:
        dataset = self.survey.datasets.get(each.dump)
        specs = dataset.specs_of(each.key.model) if dataset else ()
        return any(each.field in spec.ignore_missing_m2m for spec in specs)

    def _settle(self) -> None:
        """Drops what no longer matters because its row goes anyway."""
        gone = self.gone
        self.cascades = {
            row: each
            for row, each in self.cascades.items()
            if each.through is None or each.key not in gone  # goes as a part of its record
        }
        self.clears = [each for each in self.clears if each.key not in gone]
        self.blocked = [
            each
            for each in self.blocked
            if each.key not in gone or each.on_delete is OnDelete.PROTECT
        ]

    def problems(self, *, allow_cascade: bool) -> list[Problem]:
        """What of it is refused, rows of one model that refer to one row in one problem."""
        problems = [
            *_grouped(self.blocked, ProblemKind.PROTECTED, _blocked_text),
            *_grouped(self.dangling, ProblemKind.DANGLING, self._dangling_text),
        ]
        if not allow_cascade:
            outside = [*self.cascades.values(), *self.clears]
            problems += _grouped(outside, ProblemKind.CASCADE, _outside_text, "--allow-cascade")
        return problems

    def _dangling_text(self, group: list[Referrer]) -> str:
        first = group[0]
        where = "here" if self.survey.merging else "of the commit"
        who = f"{_named(group)} {where} {_refer(group)} to it in {first.field}"
        what = "" if first.managed else ", which is not content"
        return f"{first.target} is not in the commit, but {who}{what}"

    def steps(self, *, allow_cascade: bool) -> tuple[list[Step], list[Step]]:
        """The cascades, what is reached last first, and the clears."""
        along = [*reversed(self.cascades.values())] if allow_cascade else []
        cascades = [
            Step(Action.CASCADE, _row(each), via=each.target)
            for each in [*sorted(self.unlinked.values(), key=_row), *along]
            if allow_cascade or each.target in self.deletes
        ]
        clears = [
            Step(
                Action.CLEAR,
                each.key,
                dump=each.dump,
                fields=(each.field,),
                value=each.value,
                via=each.target,
            )
            for each in sorted(self.clears, key=lambda each: (each.key, each.field))
        ]
        return cascades, clears if allow_cascade else []


def _taken_away(item: Item) -> Iterator[tuple[str, str]]:
    """Field and target of the references that an item takes away; no target stands for all of the field."""
    yield from ((name, "") for name in item.fields)
    yield from ((state.name, "") for state in item.optional)
    for links in item.links:
        # An existing row outside is written whole.
        yield from [(links.field, "")] if item.before == "" else ()
        yield from ((links.field, target) for target in links.remove)


def stays(each: Referrer, survey: Survey, presence: Presence) -> bool:
    """Whether the row is a record that the commit has too; not so one whose delete has no licence."""
    if each.through is not None and not each.managed:
        return False  # a link that is no content
    if each.key in survey.writes or each.key in presence.kept:
        return True
    return bool(each.dump) and each.key not in survey.deletes


def missing_reason(reference: str) -> str:
    """Why a many-to-many reference is not written."""
    return f"{reference} is not in this database (ignore_missing_m2m)"


def _row(each: Referrer) -> RecordKey:
    """The row that goes when what it refers to goes."""
    return each.through or each.key


def _grouped(
    referrers: Iterable[Referrer],
    kind: ProblemKind,
    text: Callable[[list[Referrer]], str],
    permit: str = "",
) -> list[Problem]:
    groups: dict[tuple[RecordKey, str, str, OnDelete], list[Referrer]] = defaultdict(list)
    for each in referrers:
        groups[each.target, _row(each).model, each.field, each.on_delete].append(each)
    return [
        Problem(kind, text(group), key=target, permit=permit, rows=_rows(group))
        for (target, *_), group in groups.items()
    ]


def _rows(group: list[Referrer]) -> tuple[RecordKey, ...]:
    return tuple(sorted({_row(each) for each in group}))


def _named(group: list[Referrer]) -> str:
    return _listed(each.key for each in group)


def _listed(rows: Iterable[RecordKey]) -> str:
    """``app.model:1, app.model:2 and 3 more``."""
    keys = sorted(set(rows))
    names = ", ".join(str(key) for key in keys[:_SHOWN])
    return f"{names} and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else names


def _refer(group: list[Referrer]) -> str:
    return "refers" if len({each.key for each in group}) == 1 else "refer"


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
