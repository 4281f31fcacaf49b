"""One pass over the records that differ, which keeps what a planner needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from contentgit.content.canonical import same
from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, ModelSchema, looked_up
from contentgit.integrity.rules import broken, digest, doubtful, said, wanted
from contentgit.missing import Instead
from contentgit.plan.items import (
    Candidate,
    Computed,
    Item,
    Size,
    Survey,
    WantedReference,
    references,
)
from contentgit.plan.new_links import NewLink
from contentgit.plan.shapes import Rules, Shape
from contentgit.plan.steps import Action, FieldState, Links, Problem
from contentgit.specs import Dataset


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
    links: list[NewLink] = []
    for candidate in candidates:
        key, theirs = candidate.delta.key, candidate.theirs
        label = key.model
        if candidate.conflict is not None:
            conflicts.append(candidate.conflict)
        if label in shared:
            results[candidate.dump, key] = candidate.delta.commit
        links += candidate.links
        if not candidate.changed:
            continue
        known = rules.get((candidate.dump, label))
        if known is None:
            if theirs is not None:
                unknown_models.setdefault((candidate.dump, label), []).append(key)
            continue
        if theirs is not None:
            shape = known.shape(tuple(theirs.fields))
            for name in shape.unknown:
                unknown_fields.setdefault((candidate.dump, label, name), []).append(key)
            item = _write(candidate, theirs, shape, known)
        else:
            item = _delete(candidate, candidate.ours, known) if candidate.ours else None
        if item is not None:
            items.append(item)
    kept = tuple(items), unknown_fields, unknown_models, merging, tuple(conflicts), results
    return Survey(models, datasets, frozenset(first), sizes, *kept, new_links=tuple(links))


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


def _write(candidate: Candidate, theirs: Record, shape: Shape, rules: Rules) -> Item | None:
    """The create, or the update of the fields that differ; ``None`` where none does.

    ``shape`` is that of all fields of theirs.
    """
    base, ours, schema = candidate.base, candidate.ours, rules.schema
    after, edited = theirs, list[FieldState]()
    if ours is not None:
        shape = rules.shape(tuple([n for n in shape.names if _differs(n, ours, theirs)]))
        if not shape.names:
            return None
        edited = [*_states(shape.names, base, ours, theirs, rules)]
        after = Record(theirs.key, {**ours.fields, **theirs.fields})
    states = tuple([state for state in edited if state.name not in schema.derived])
    return Item(
        Action.UPDATE if ours else Action.CREATE,
        candidate.delta.key,
        candidate.dump,
        candidate.delta.database if ours else "",
        candidate.delta.commit,
        base is not None,
        shape.columns,
        (*_links(shape, ours, theirs),) if shape.links else (),
        bool(states) if ours else base is not None,
        len(states) < len(edited),
        states,
        (*_optional(shape, candidate, theirs),) if shape.optional else (),
        tuple(_wanted_references(shape, theirs, [] if ours else rules.above(theirs.key))),
        tuple(wanted(after, schema, shape.sets if ours else None)) if schema.unique else (),
        _computed(ours, rules) if ours else (),
        _computed(after, rules),
        tuple(_broken(after, shape, rules)) if shape.lengths or shape.checks else (),
    )


def _computed(record: Record, rules: Rules) -> tuple[Computed, ...]:
    """What stands for the values that a database may compare in sets that are not plain."""
    if not rules.schema.computes:
        return ()
    claims = doubtful(record, rules.schema, parts=True)
    return tuple((claim[1], digest(claim)) for claim in claims)


def _broken(record: Record, shape: Shape, rules: Rules) -> Iterator[str]:
    """What the record breaks for certain in its table: lengths and check constraints of changed fields."""
    for name, length in shape.lengths:
        value = record.fields.get(name)
        if isinstance(value, str) and len(value) > length:
            yield f"the length of {name!r}, which holds {length:,} characters: the value has {len(value):,}"
    if shape.checks:
        for rule, certain in broken(record, rules.schema):
            if certain and rule.name in shape.checks:
                yield said(rule, record)


def _differs(name: str, ours: Record, theirs: Record) -> bool:
    """Whether both sides manage the field and differ in it."""
    there = ours.fields.get(name, ABSENT)
    return there is not ABSENT and not same(there, theirs.fields[name])


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


def _links(shape: Shape, ours: Record | None, theirs: Record) -> Iterator[Links]:
    for name, ordered in shape.links:
        wanted = references(theirs.key, name, theirs.fields[name])
        there = references(theirs.key, name, ours.fields[name]) if ours else ()
        found = Links.between(name, there, wanted, ordered=ordered)
        if ours is None or not found.empty:
            yield found


def _optional(shape: Shape, candidate: Candidate, theirs: Record) -> Iterator[FieldState]:
    base, ours = candidate.base, candidate.ours
    for name in shape.optional:
        applied = ABSENT if base is None else base.fields.get(name, ABSENT)
        there = ours.fields[name] if ours else ()
        yield FieldState(
            name,
            applied if applied is ABSENT else references(theirs.key, name, applied),
            references(theirs.key, name, there),
            references(theirs.key, name, theirs.fields[name]),
        )


def _wanted_references(
    shape: Shape, theirs: Record, found: list[WantedReference]
) -> list[WantedReference]:
    for field in shape.references:
        value = theirs.fields[field.name]
        if value is not None:
            known = field.known.get(value) if type(value) is str else None
            found += [known] if known else field.wanted(theirs.key, value)
    for embedded in shape.embeds:
        found += embedded.wanted(theirs.fields[embedded.schema.name])
    return found
