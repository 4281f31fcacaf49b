"""One pass over the records that differ, which keeps what a planner needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, ModelSchema, looked_up
from contentgit.integrity.relations import PARENT, parents
from contentgit.integrity.rules import broken, digest, doubtful, said, wanted
from contentgit.plan.items import (
    Candidate,
    Computed,
    Item,
    Rules,
    Size,
    Survey,
    Wish,
    parse,
    references,
)
from contentgit.plan.steps import Action, FieldState, Links, Problem
from contentgit.specs import Dataset

_SINGLE: Final = frozenset({FieldKind.REFERENCE, FieldKind.GENERIC})


def survey(
    candidates: Iterable[Candidate],
    *,
    models: Mapping[str, ModelSchema],
    datasets: Mapping[str, Dataset],
    first: AbstractSet[str],
    sizes: Mapping[str, Size],
    merging: bool = False,
    shared: AbstractSet[str] = frozenset(),
) -> Survey:
    """What a planner needs of the candidates.

    ``datasets`` and ``sizes`` are by dump folder; ``first`` are the folders of dumps that were never applied.
    ``merging`` tells that the target's own edits stay: what refers to a record need not be in the commit.
    ``shared`` are the labels of models that several of the dumps have.

    Raises:
        FormatError: a record of the commit holds something else than a reference in a reference field.
    """
    rules = _rules(models, datasets)
    items: list[Item] = []
    unknown_fields: dict[tuple[str, str, str], list[RecordKey]] = {}
    unknown_models: dict[tuple[str, str], list[RecordKey]] = {}
    conflicts: list[Problem] = []
    results: dict[tuple[str, RecordKey], str] = {}
    for candidate in candidates:
        key, label = candidate.delta.key, candidate.delta.key.model
        if candidate.conflict is not None:
            conflicts.append(candidate.conflict)
        if label in shared:
            results[candidate.dump, key] = candidate.delta.commit
        if not candidate.changed:
            continue
        known = rules.get((candidate.dump, label))
        if known is None:
            if candidate.theirs is not None:
                unknown_models.setdefault((candidate.dump, label), []).append(key)
            continue
        for name in _unknown_fields(candidate, known):
            place = (candidate.dump, label, name)
            unknown_fields.setdefault(place, []).append(key)
        item = _item(candidate, known)
        if item is not None:
            items.append(item)
    kept = tuple(items), unknown_fields, unknown_models, merging, tuple(conflicts), results
    return Survey(models, datasets, frozenset(first), sizes, *kept)


def _rules(
    models: Mapping[str, ModelSchema], datasets: Mapping[str, Dataset]
) -> Mapping[tuple[str, str], Rules]:
    """What applies to the records of each dump's models."""
    late = looked_up(models)
    return {
        (dump, label): Rules.of(models[label], dataset, late)
        for dump, dataset in datasets.items()
        for label in dataset.models
        if label in models
    }


def _unknown_fields(candidate: Candidate, rules: Rules) -> list[str]:
    if candidate.theirs is None:
        return []
    known = rules.schema.by_name
    return [
        name for name in candidate.theirs.fields if name not in known and name not in rules.excluded
    ]


def _item(candidate: Candidate, rules: Rules) -> Item | None:
    if candidate.theirs is None:
        return None if candidate.ours is None else _delete(candidate, candidate.ours, rules)
    if candidate.ours is None:
        return _create(candidate, candidate.theirs, rules)
    return _update(candidate, candidate.ours, candidate.theirs, rules)


def _delete(candidate: Candidate, ours: Record, rules: Rules) -> Item:
    base = candidate.base
    states, optional, links = [], [], []
    recomputed = False
    for name, there in ours.fields.items():
        schema = rules.schema.by_name.get(name)
        if schema is not None and schema.kind is FieldKind.REFERENCES and there:
            links.append(Links(name, remove=references(ours.key, name, there)))
        applied = ABSENT if base is None else base.fields.get(name, ABSENT)
        if base is None or not _is_edit(applied, there):
            continue
        if name in rules.schema.derived:
            recomputed = True
        elif name in rules.optional:
            applied = ABSENT if applied is ABSENT else references(ours.key, name, applied)
            optional.append(FieldState(name, applied, tuple(there), ABSENT))
        else:
            states.append(FieldState(name, applied, there, ABSENT))
    return Item(
        Action.DELETE,
        candidate.delta.key,
        candidate.dump,
        candidate.delta.database,
        "",
        based=base is not None,
        links=tuple(links),
        drifts=base is None or bool(states),
        recomputed=recomputed,
        states=tuple(states),
        optional=tuple(optional),
    )


def _create(candidate: Candidate, theirs: Record, rules: Rules) -> Item:
    names = [name for name in theirs.fields if name in rules.schema.by_name]
    return Item(
        Action.CREATE,
        candidate.delta.key,
        candidate.dump,
        "",
        candidate.delta.commit,
        based=candidate.base is not None,
        fields=_columns(names, rules),
        links=tuple(_links(names, None, theirs, rules)),
        drifts=candidate.base is not None,
        optional=tuple(_optional(names, candidate, theirs, rules)),
        wishes=(*_parents(candidate.delta.key, rules), *_wishes(names, theirs, rules)),
        claims=tuple(wanted(theirs, rules.schema)),
        takes=_computed(theirs, rules),
        broken=_broken(theirs, names, rules),
    )


def _update(candidate: Candidate, ours: Record, theirs: Record, rules: Rules) -> Item | None:
    names = [name for name in theirs.fields if _changes(name, ours, theirs, rules)]
    if not names:
        return None
    base = candidate.base
    edited = list(_states(names, candidate, ours, theirs, rules))
    states = tuple(each for each in edited if each.name not in rules.schema.derived)
    changed = set(names)
    after = Record(theirs.key, {**ours.fields, **theirs.fields})
    sets = [each for each in rules.schema.unique if changed & set(each.named)]
    return Item(
        Action.UPDATE,
        candidate.delta.key,
        candidate.dump,
        candidate.delta.database,
        candidate.delta.commit,
        based=base is not None,
        fields=_columns(names, rules),
        links=tuple(_links(names, ours, theirs, rules)),
        drifts=bool(states),
        recomputed=len(states) < len(edited),
        states=states,
        optional=tuple(_optional(names, candidate, theirs, rules)),
        wishes=tuple(_wishes(names, theirs, rules)),
        claims=tuple(wanted(after, rules.schema, sets)),
        gives=_computed(ours, rules),
        takes=_computed(after, rules),
        broken=_broken(after, names, rules),
    )


def _computed(record: Record, rules: Rules) -> tuple[Computed, ...]:
    """What stands for the values that a database may compare in sets that are not plain."""
    if not rules.schema.computes:
        return ()
    return tuple((each[1], digest(each)) for each in doubtful(record, rules.schema, parts=True))


def _broken(record: Record, names: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """The check constraints that the record breaks for certain, of those that name a changed field."""
    if not rules.schema.checks:
        return ()
    changed = set(names)
    return tuple(
        said(rule, record)
        for rule, certain in broken(record, rules.schema)
        if certain and changed & set(rule.fields)
    )


def _changes(name: str, ours: Record, theirs: Record, rules: Rules) -> bool:
    """Whether both sides manage the field and differ in it."""
    there = ours.fields.get(name, ABSENT)
    return (
        there is not ABSENT
        and name in rules.schema.by_name
        and not same(there, theirs.fields[name])
    )


def _columns(names: Iterable[str], rules: Rules) -> tuple[str, ...]:
    fields = rules.schema.by_name
    return tuple(sorted(name for name in names if fields[name].kind is not FieldKind.REFERENCES))


def _states(
    names: list[str], candidate: Candidate, ours: Record, theirs: Record, rules: Rules
) -> Iterator[FieldState]:
    """The fields whose value in the target is in no applied commit and would be overwritten.

    Of fields that are one value, that is so for all where it is for one.
    """
    base = candidate.base
    before = {} if base is None else base.fields
    changed = set(names) - rules.optional
    both = ours.fields.keys() & theirs.fields.keys()
    found: set[str] = set()
    for name in changed:
        group = both.intersection(rules.schema.companions(name))
        edited = {e for e in group & before.keys() if not same(ours.fields[e], before[e])}
        if base is None or edited or _is_edit(before.get(name, ABSENT), ours.fields[name]):
            found |= edited | (changed & group)
    for name in sorted(found):
        yield FieldState(name, before.get(name, ABSENT), ours.fields[name], theirs.fields[name])


def _is_edit(applied: Value, there: Value) -> bool:
    """Whether a value of the target is its own.

    In a field that the applied commit does not have, whatever is there was written since its column came;
    but for what says nothing, as migrations put that into every row.
    """
    if applied is ABSENT:
        return bool(there)
    return not same(there, applied)


def _links(
    names: Iterable[str], ours: Record | None, theirs: Record, rules: Rules
) -> Iterator[Links]:
    for name in sorted(set(names) - rules.optional):
        if rules.schema.by_name[name].kind is not FieldKind.REFERENCES:
            continue
        wanted = references(theirs.key, name, theirs.fields[name])
        there = references(theirs.key, name, ours.fields[name]) if ours else ()
        ordered = rules.schema.by_name[name].ordered
        found = Links.between(name, there, wanted, ordered=ordered)
        if ours is None or not found.empty:
            yield found


def _optional(
    names: Iterable[str], candidate: Candidate, theirs: Record, rules: Rules
) -> Iterator[FieldState]:
    base, ours = candidate.base, candidate.ours
    for name in sorted(set(names) & rules.optional):
        if rules.schema.by_name[name].kind is not FieldKind.REFERENCES:
            continue
        applied = ABSENT if base is None else base.fields.get(name, ABSENT)
        there = ours.fields[name] if ours else ()
        yield FieldState(
            name,
            applied if applied is ABSENT else references(theirs.key, name, applied),
            references(theirs.key, name, there),
            references(theirs.key, name, theirs.fields[name]),
        )


def _wishes(names: Iterable[str], theirs: Record, rules: Rules) -> Iterator[Wish]:
    for name in sorted(names):
        schema = rules.schema.by_name[name]
        value = theirs.fields[name]
        if schema.kind not in _SINGLE or value is None:
            continue
        loose = schema.kind is FieldKind.GENERIC or not schema.constrained
        if schema.kind is FieldKind.GENERIC and isinstance(value, dict):
            # The columns as they are, since they are no reference: one of them may be one.
            value, loose = value.get("content_type"), False
            if value is None:
                continue
        (reference,) = references(theirs.key, name, [value])
        target = parse(reference)
        waits = rules.waits(schema, target)
        yield Wish(name, target, schema.null, loose, waits, name in rules.naming)


def _parents(key: RecordKey, rules: Rules) -> Iterator[Wish]:
    for parent in parents(key, rules.schema):
        loose = not rules.schema.parent_constrained
        waits = parent.model in rules.looked_up or rules.schema.key_by_value
        yield Wish(PARENT, parent, null=False, loose=loose, waits=waits, names=True)
