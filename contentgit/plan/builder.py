"""From a survey and facts about the target to the plan: its steps, problems and order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from contentgit.content.diff import ABSENT
from contentgit.content.embedded import unknown_pk
from contentgit.content.records import RecordKey, sorted_keys
from contentgit.content.schema import UUID_NAME
from contentgit.content.uuids import made_as
from contentgit.missing import missing_reason
from contentgit.plan.choice import Choice, Licences
from contentgit.plan.facts import Facts
from contentgit.plan.items import Item, Survey, itself, parse
from contentgit.plan.new_links import NewLink
from contentgit.plan.order import levels, model_groups, refers_to_itself
from contentgit.plan.reach import Reach
from contentgit.plan.steps import (
    Action,
    FieldState,
    Links,
    Missing,
    Plan,
    Problem,
    ProblemKind,
    Step,
    Withheld,
)
from contentgit.plan.unique import contests


def build(survey: Survey, choice: Choice, facts: Facts, licences: Licences) -> Plan:
    """The steps in the order in which they are run, what is refused, and what is withheld.

    Steps that need no permission, or have it, are listed even where others are refused.
    """
    reach = Reach(survey, facts, choice.deletes, choice.writes).walk()
    settled = _SettledItems(survey, facts, choice.created, reach.gone).settle(choice)
    parks, unique_problems = contests(survey, facts, settled.writes, reach.gone)
    cascades, clears = reach.steps(allow_cascade=licences.allow_cascade)
    steps = [
        *cascades,
        *_deletes(survey, choice),
        *clears,
        *parks,
        *_writes(survey, settled.writes),
    ]
    problems = [
        *survey.conflicts,
        *_of_the_commit(survey, licences),
        *choice.problems,
        *_overwriting(survey, facts, choice, settled, licences),
        *_shared_parents(survey, facts, choice, reach.gone, licences),
        *reach.problems(allow_cascade=licences.allow_cascade),
        *settled.problems,
        *settled.lost_links(),
        *unique_problems,
        *_broken(settled.writes),
        *_too_many_deletes(survey, reach, steps, licences),
    ]
    gone = reach.along(allow_cascade=licences.allow_cascade)
    withheld = [
        *(withheld for withheld in choice.withheld if withheld.key not in gone),
        *reach.withheld,
        *settled.withheld,
        *_ignored_fields(survey, licences),
    ]
    overwritten = sorted({*settled.drift, *settled.recomputed, *choice.outside}, key=_by_key)
    return Plan(
        tuple(steps),
        tuple(problems),
        tuple(withheld),
        tuple(overwritten),
        _free(settled.writes.values()),
    )


def _free(items: Iterable[Item]) -> Mapping[str, frozenset[str]]:
    """The primary keys that records hold inside of fields, and that are no row's."""
    found: dict[str, set[str]] = {}
    for item in items:
        for wanted in item.wanted:
            pk = unknown_pk(wanted.target)
            if pk is not None:
                found.setdefault(wanted.target.model, set()).add(pk)
    return {label: frozenset(pks) for label, pks in found.items()}


def _broken(writes: Mapping[RecordKey, Item]) -> Iterator[Problem]:
    for item in writes.values():
        for text in item.broken:
            yield Problem(ProblemKind.BROKEN, f"{item.key} breaks {text}", key=item.key)


_by_key: Final = attrgetter("sort_key")


@dataclass
class _SettledItems:
    """The items to write in the order of keys, with their final links; drift among all; what is left out.

    ``created`` and ``gone`` are the rows that the apply creates and deletes; ``recomputed`` are records that
    lose derived values which are in no commit.
    """

    survey: Survey
    facts: Facts
    created: Collection[RecordKey]
    gone: Collection[RecordKey]
    writes: dict[RecordKey, Item] = field(default_factory=dict)
    drift: dict[RecordKey, Item] = field(default_factory=dict)
    recomputed: set[RecordKey] = field(default_factory=set)
    withheld: list[Withheld] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def settle(self, choice: Choice) -> _SettledItems:
        """Takes in what was chosen."""
        for key in sorted_keys(choice.writes):
            item = choice.writes[key]
            if item.optional:
                item = self._with_optional(item)
            if item.links and any(links.empty for links in item.links):
                item = item._replace(links=tuple(links for links in item.links if not links.empty))
            if item.drifts or item.recomputed:
                self._note(item, drifts=item.drifts and key not in choice.outside)
            if item.action is Action.CREATE or item.fields or item.links:
                self.writes[key] = item
                if item.wanted or item.links:
                    self.problems += self._dangling(item)
        for key in sorted_keys(choice.deletes):
            item = choice.deletes[key]
            edited = [state for state in item.optional if self._is_edited(item, state)]
            item = item._replace(states=(*item.states, *edited)) if edited else item
            self._note(item, drifts=item.drifts or bool(edited))
        return self

    def _note(self, item: Item, *, drifts: bool) -> None:
        if drifts:
            self.drift[item.key] = item
        if item.recomputed:
            self.recomputed.add(item.key)

    def _with_optional(self, item: Item) -> Item:
        """The item with those many-to-many fields settled whose missing references are ignored."""
        links, states = list(item.links), list(item.states)
        for state in item.optional:
            missing = [text for text in state.wanted if not self._is_there_then(parse(text))]
            ordered = self._is_ordered(item, state)
            left_out = set(missing)
            wanted = [text for text in state.wanted if text not in left_out]
            found = Links.between(state.name, state.there, wanted, ordered=ordered)
            if ordered and wanted and item.action is Action.UPDATE and not item.before:
                found = found._replace(order=tuple(wanted))  # of a row outside no order is known
            self.withheld += [
                Withheld(item.key, state.name, missing_reason(text)) for text in missing
            ]
            if found.empty:
                continue
            links.append(found)
            if item.action is Action.UPDATE and self._is_edited(item, state):
                states.append(state)
        drifts = item.drifts or len(states) > len(item.states)
        return item._replace(links=tuple(links), states=tuple(states), drifts=drifts)

    def _is_edited(self, item: Item, state: FieldState) -> bool:
        """Whether the field was edited here."""
        if state.name in self.survey.models[item.key.model].derived:
            return False
        if state.applied is ABSENT:
            return not item.based
        if self._is_ordered(item, state):
            return list(state.applied) != list(state.there)
        return set(state.applied) != set(state.there)

    def _is_ordered(self, item: Item, state: FieldState) -> bool:
        """Whether the order of a many-to-many field is content."""
        return self.survey.models[item.key.model].by_name[state.name].ordered

    def _is_there_then(self, key: RecordKey) -> bool:
        """Whether the row exists after the apply."""
        return key in self.created or (key in self.facts.existing and key not in self.gone)

    def _dangling(self, item: Item) -> Iterator[Problem]:
        """The references of the record to rows that will not exist."""
        for wanted in item.wanted:
            if wanted.target in self.created:  # the usual case of a first apply, decided fast
                continue
            has_value = not wanted.waits or self._is_named_by_uuid(wanted.target)
            if self._dangles(wanted.target, loose=wanted.loose and has_value):
                yield self._problem(item, wanted.field, wanted.target, null=wanted.null)
        for links in item.links:
            field = self.survey.models[item.key.model].by_name[links.field]
            for target in map(parse, links.add):
                waits = target.model in self.survey.looked_up
                has_value = not waits or self._is_named_by_uuid(target)
                if self._dangles(target, loose=not field.constrained and has_value):
                    yield self._problem(item, links.field, target, null=True)

    def _dangles(self, target: RecordKey, *, loose: bool) -> bool:
        if self._is_there_then(target):
            return False
        if target in self.facts.by_row:
            return True
        return not loose or (target.model in self.facts.uninstalled and unknown_pk(target) is None)

    def _is_named_by_uuid(self, key: RecordKey) -> bool:
        """Whether the row may have had a primary key here that a column can still hold."""
        schema = self.survey.models.get(key.model)
        while schema and not schema.identity and schema.parents:
            schema = self.survey.models.get(schema.parents[0])
        return schema is not None and schema.identity == (UUID_NAME,)

    def lost_links(self) -> Iterator[Problem]:
        """The references that a side of a merge made to what the other side deleted."""
        for link in self.survey.new_links:
            lost = self.gone if link.ours else self.survey.in_commit
            if link.target in lost and not self._is_there_then(link.target):
                problem = self._problem(link, link.field, link.target, null=True)
                if problem not in self.problems:
                    yield problem

    def _problem(
        self, item: Item | NewLink, name: str, target: RecordKey, *, null: bool
    ) -> Problem:
        kind, missing = ProblemKind.DANGLING, None
        number = unknown_pk(target)
        if number is not None:
            text = (
                f"{item.key} has the number {number} of a row of {target.model} in {name}, which was deleted "
                "where it was committed; here it is another row's"
            )
            number_of = Missing(target, name)
            return Problem(ProblemKind.NUMBER, text, item.key, item.dump, missing=number_of)
        if target in self.gone:
            why = "which this apply deletes"
        elif target.model in {label for _, label in self.survey.unknown_models}:
            why, kind = "of a model that the dataset does not have", ProblemKind.LEFT_OUT
        elif target.model in self.facts.uninstalled:
            why = f"but this project has no model {target.model}"
        else:
            why = "which neither the database nor the applied dumps have"
            if target.model not in self.survey.models:
                kind, missing = ProblemKind.MISSING, Missing(target, name)
        needed = "" if null else " (not nullable)"
        where = "needs" if name == "$key" else f"refers in {name}{needed} to"
        text = f"{item.key} {where} {target}, {why}"
        return Problem(kind, text, key=item.key, dump=item.dump, missing=missing)


def _deletes(survey: Survey, choice: Choice) -> Iterator[Step]:
    rank = _ranks(survey)
    for key in sorted(choice.deletes, key=lambda key: (-rank[key.model], key.sort_key)):
        item = choice.deletes[key]
        yield Step(Action.DELETE, key, item.dump, links=item.links, before=item.before)


def _ranks(survey: Survey) -> Mapping[str, int]:
    groups = model_groups(survey.models)
    return {label: rank for rank, group in enumerate(groups) for label in group}


def _writes(survey: Survey, writes: Mapping[RecordKey, Item]) -> Iterator[Step]:
    """Updates, then creates, then the updates that wait for a created row."""
    created = {key for key, item in writes.items() if item.action is Action.CREATE}
    rank = _ranks(survey)
    ordered = list(writes)  # in the order of their keys
    if survey.called is not itself:
        ordered.sort(key=lambda key: survey.called(key).sort_key)
    ordered.sort(key=lambda key: rank[key.model])
    late = []
    for item in (writes[key] for key in ordered if key not in created):
        if any(wanted.waits and wanted.target in created for wanted in item.wanted):
            late.append(item)
        else:
            yield _step(item)
    yield from (_step(writes[key]) for key in _created(survey, writes, ordered))
    yield from map(_step, late)


def _created(
    survey: Survey, writes: Mapping[RecordKey, Item], ordered: list[RecordKey]
) -> Iterator[RecordKey]:
    by_model: dict[str, list[RecordKey]] = {}
    for key in ordered:
        if writes[key].action is Action.CREATE:
            by_model.setdefault(key.model, []).append(key)
    for label, some in by_model.items():
        if survey.models[label].identity == (UUID_NAME,):
            some.sort(key=lambda key: made_as(survey.called(key).key))
    for group in model_groups(survey.models):
        keys = [key for label in group for key in by_model.get(label, ())]
        if keys and refers_to_itself(survey.models, group):
            yield from levels({key: writes[key].wanted for key in keys})
        else:
            yield from keys


def _step(item: Item) -> Step:
    fields = item.fields if item.action is Action.UPDATE else ()
    return Step(item.action, item.key, item.dump, fields, item.links, item.before, item.after)


def _of_the_commit(survey: Survey, licences: Licences) -> Iterator[Problem]:
    """What is wrong with the commit as a whole: models, fields, emptiness."""
    if not licences.ignore_unknown_models:
        for (dump, label), keys in survey.unknown_models.items():
            held = f"{_records(len(keys))} of {label}"
            text = (
                f"{survey.label(dump)} of the commit has {held}, a model the dataset does not have"
            )
            permit = "--ignore-unknown-models"
            yield Problem(ProblemKind.MODEL, text, key=keys[0], dump=dump, permit=permit)
    if not licences.ignore_unknown_fields:
        for (dump, label, name), keys in survey.unknown_fields.items():
            have = "has" if len(keys) == 1 else "have"
            text = f"{label} has no field {name}, but {_records(len(keys))} of the commit {have} it"
            permit = "--ignore-unknown-fields"
            yield Problem(ProblemKind.FIELD, text, key=keys[0], dump=dump, permit=permit)
    for dump, size in survey.sizes.items():
        before = size.ours if dump in survey.first else size.base
        if size.theirs == 0 and before > 0 and not licences.allow_empty:
            where = "this database" if dump in survey.first else "the applied commit"
            text = (
                f"{survey.label(dump)} is empty in the commit and has {_records(before)} in {where}"
            )
            yield Problem(ProblemKind.EMPTY, text, dump=dump, permit="--allow-empty")


def _records(number: int) -> str:
    return "1 record" if number == 1 else f"{number} records"


def _overwriting(
    survey: Survey, facts: Facts, choice: Choice, settled: _SettledItems, licences: Licences
) -> Iterator[Problem]:
    """What the target would lose that is in no commit. Nothing but new keys permits to take a copy's row."""
    for key in sorted(facts.copied, key=_by_key):
        text = (
            f"{key} is a row of the copy of {facts.copied[key]}, and another record in the commit"
        )
        dump = choice.writes[key].dump
        yield Problem(ProblemKind.TAKEN, text, key=key, dump=dump, permit="--renumber")
    if licences.force:
        return
    for key in sorted(choice.outside - facts.copied.keys(), key=_by_key):
        dump = choice.writes[key].dump
        text = f"{key} exists here, but does not match the filter of {survey.label(dump)}"
        permit = "" if survey.merging else "--force"
        yield Problem(ProblemKind.OUTSIDE, text, key=key, dump=dump, permit=permit)
    for key in sorted(settled.drift.keys() - facts.copied.keys(), key=_by_key):
        item = settled.drift[key]
        text = _drift_text(item, first=item.dump in survey.first)
        states = item.states
        yield Problem(ProblemKind.DRIFT, text, key, item.dump, states, permit="--force")


def _shared_parents(
    survey: Survey, facts: Facts, choice: Choice, gone: Collection[RecordKey], licences: Licences
) -> Iterator[Problem]:
    """Records that would make one row of a row that is something else here than in the commit."""
    if licences.force:
        return
    for child, parent, key, dump in facts.siblings:
        if (dump and key not in survey.deletes) or key in gone or key in facts.kept:
            continue
        text = f"{child} would share {parent} with {key}, which the commit does not have"
        dump = choice.writes[child].dump
        yield Problem(ProblemKind.PARENT, text, key=child, dump=dump, permit="--force")


def _drift_text(item: Item, *, first: bool) -> str:
    names = ", ".join(state.name for state in item.states)
    why = "nothing was applied here yet" if first else "it is in no applied commit"
    if item.action is Action.CREATE:
        return f"{item.key} was deleted here and would be created again"
    if item.action is Action.DELETE:
        edited = f"{names} edited here" if names else why
        return f"{item.key} would be deleted: {edited}"
    if item.based:
        return f"{item.key} was edited here and would be overwritten: {names or 'all fields'}"
    return f"{item.key} would be overwritten, {why}: {names or 'all fields'}"


def _too_many_deletes(
    survey: Survey, reach: Reach, steps: list[Step], licences: Licences
) -> Iterator[Problem]:
    deleting = {Action.DELETE, Action.CASCADE}
    count = sum(step.action in deleting and step.key not in reach.derived for step in steps)
    rows = sum(size.ours for size in survey.sizes.values())
    limits: list[tuple[float, str]] = []
    if licences.max_deletes is not None:
        limits.append((licences.max_deletes, f"{licences.max_deletes}"))
    if licences.max_deletes_percent is not None:
        percent = licences.max_deletes_percent
        limits.append((rows * percent / 100, f"{percent:g}% of {rows}"))
    for limit, named in limits:
        if count > limit:
            text = f"{count} rows would be deleted, more than --max-deletes {named}"
            permit = f"--max-deletes {count}"
            yield Problem(ProblemKind.MAX_DELETES, text, permit=permit)


def _ignored_fields(survey: Survey, licences: Licences) -> Iterator[Withheld]:
    if licences.ignore_unknown_fields:
        for (_, label, name), keys in survey.unknown_fields.items():
            for key in keys:
                yield Withheld(key, name, f"{label} has no such field (--ignore-unknown-fields)")
