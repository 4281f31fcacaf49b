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
from contentgit.missing import Instead
from contentgit.plan.items import (
    Candidate,
    Computed,
    Item,
    Rules,
    Size,
    Survey,
    WantedReference,
    number,
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
        for name in candidate.theirs.fields if candidate.theirs else ():
            if name not in known.schema.by_name and name not in known.excluded:
                unknown_fields.setdefault((candidate.dump, label, name), []).append(key)
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
    found = {}
    for dump, dataset in datasets.items():
        for label in models.keys() & set(dataset.models):
            excluded = frozenset(name for spec in dataset.specs_of(label) for name in spec.exclude)
            model = models[label]
            optional = model.lists & dataset.may_miss(label)
            given = dataset.missing(label).items()
            instead = {name: rule.key for name, rule in given if isinstance(rule, Instead)}
            found[dump, label] = Rules(model, excluded, optional, late, instead)
    return found


def _item(candidate: Candidate, rules: Rules) -> Item | None:
    if candidate.theirs is not None:
        return _write(candidate, candidate.theirs, rules)
    return None if candidate.ours is None else _delete(candidate, candidate.ours, rules)


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


def _write(candidate: Candidate, theirs: Record, rules: Rules) -> Item | None:
    """The create, or the update of the fields that differ; ``None`` where none does."""
    base, ours, schema = candidate.base, candidate.ours, rules.schema
    fields = schema.by_name
    names = [
        name
        for name in theirs.fields
        if name in fields and (ours is None or _differs(name, ours, theirs))
    ]
    if ours is not None and not names:
        return None
    edited = list(_states(names, base, ours, theirs, rules)) if ours else []
    states = tuple(state for state in edited if state.name not in schema.derived)
    changed = set(names)
    after = Record(theirs.key, {**ours.fields, **theirs.fields}) if ours else theirs
    sets = [unique for unique in schema.unique if ours is None or changed & set(unique.named)]
    parents = () if ours else _parents(theirs.key, rules)
    return Item(
        Action.UPDATE if ours else Action.CREATE,
        candidate.delta.key,
        candidate.dump,
        candidate.delta.database if ours else "",
        candidate.delta.commit,
        based=base is not None,
        fields=_columns(names, rules),
        links=tuple(_links(names, ours, theirs, rules)),
        drifts=bool(states) if ours else base is not None,
        recomputed=len(states) < len(edited),
        states=states,
        optional=tuple(_optional(names, candidate, theirs, rules)),
        wanted=(*parents, *_wanted_references(names, theirs, rules)),
        claims=tuple(wanted(after, schema, sets)),
        gives=_computed(ours, rules) if ours else (),
        takes=_computed(after, rules),
        broken=_broken(after, names, rules),
    )


def _computed(record: Record, rules: Rules) -> tuple[Computed, ...]:
    """What stands for the values that a database may compare in sets that are not plain."""
    if not rules.schema.computes:
        return ()
    claims = doubtful(record, rules.schema, parts=True)
    return tuple((claim[1], digest(claim)) for claim in claims)


def _broken(record: Record, names: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """What the record breaks for certain in its table: lengths and check constraints of changed fields."""
    changed = set(names)
    found = [*_too_long(record, changed, rules)]
    if rules.schema.checks:
        found += (
            said(rule, record)
            for rule, certain in broken(record, rules.schema)
            if certain and changed & set(rule.fields)
        )
    return tuple(found)


def _too_long(record: Record, changed: Iterable[str], rules: Rules) -> Iterator[str]:
    for name in sorted(changed):
        length, value = rules.schema.by_name[name].length, record.fields.get(name)
        if length is not None and isinstance(value, str) and len(value) > length:
            yield f"the length of {name!r}, which holds {length:,} characters: the value has {len(value):,}"


def _differs(name: str, ours: Record, theirs: Record) -> bool:
    """Whether both sides manage the field and differ in it."""
    there = ours.fields.get(name, ABSENT)
    return there is not ABSENT and not same(there, theirs.fields[name])


def _columns(names: Iterable[str], rules: Rules) -> tuple[str, ...]:
    fields = rules.schema.by_name
    return tuple(sorted(name for name in names if fields[name].kind is not FieldKind.REFERENCES))


def _states(
    names: list[str], base: Record | None, ours: Record, theirs: Record, rules: Rules
) -> Iterator[FieldState]:
    """The fields whose value in the target is in no applied commit and would be overwritten.

    Of fields that are one value, that is so for all where it is for one.
    """
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


def _wanted_references(
    names: Iterable[str], theirs: Record, rules: Rules
) -> Iterator[WantedReference]:
    for name in sorted(names):
        schema = rules.schema.by_name[name]
        value = theirs.fields[name]
        if schema.kind not in _SINGLE or value is None:
            continue
        loose = schema.kind is FieldKind.GENERIC or not schema.constrained
        # What the spec names in place of missing rows must be there.
        loose = loose and rules.instead.get(name) != value
        if schema.kind is FieldKind.GENERIC and isinstance(value, dict):
            # The columns as they are, since they are no reference: one of them may be one.
            row = number(value)
            if row is not None:
                yield WantedReference(name, row, schema.null, loose=True)
            value, loose = value.get("content_type"), False
            if value is None:
                continue
        (reference,) = references(theirs.key, name, [value])
        target = parse(reference)
        waits = rules.waits(schema, target)
        yield WantedReference(name, target, schema.null, loose, waits, name in rules.naming)


def _parents(key: RecordKey, rules: Rules) -> Iterator[WantedReference]:
    for parent in parents(key, rules.schema):
        loose = not rules.schema.parent_constrained
        waits = parent.model in rules.looked_up or rules.schema.key_by_value
        yield WantedReference(PARENT, parent, null=False, loose=loose, waits=waits, names=True)
