"""In which order rows can be written: a row's references before the row, cycles as they come.

Constraints are deferred while an apply runs, so order matters for one thing only: a column's value is
not known before a row is there that has a local key, or another value that the column refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from contentgit.content.records import RecordKey
from contentgit.content.referring import refers_to_any
from contentgit.content.schema import FieldKind, ModelSchema, looked_up
from contentgit.plan.items import WantedReference

K = TypeVar("K")

_CUTS: Final[Sequence[Callable[[WantedReference], bool]]] = (
    lambda _: True,
    lambda reference: reference.names or not reference.null,
    lambda reference: reference.names,
)
"""Which references of a cycle are kept, fewer each time."""


def components(nodes: Iterable[K], edges: Mapping[K, Collection[K]]) -> Iterator[list[K]]:
    """The strongly connected components, each behind all that its nodes have edges to.

    Tarjan's algorithm without recursion, since chains of records are longer than any stack. Edges to
    what is not in ``nodes`` are ignored.
    """
    nodes = list(nodes)
    known = set(nodes)
    index: dict[K, int] = {}
    low: dict[K, int] = {}
    path: list[K] = []
    done: set[K] = set()
    for root in nodes:
        work = [] if root in index else [_enter(root, edges, known, index, low, path)]
        while work:
            node, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    yield _leave(node, path, done)
            elif target not in index:
                work.append(_enter(target, edges, known, index, low, path))
            elif target not in done:
                low[node] = min(low[node], index[target])


def _enter(
    node: K,
    edges: Mapping[K, Collection[K]],
    known: set[K],
    index: dict[K, int],
    low: dict[K, int],
    path: list[K],
) -> tuple[K, Iterator[K]]:
    index[node] = low[node] = len(index)
    path.append(node)
    return node, iter([target for target in edges.get(node, ()) if target in known])


def _leave(node: K, path: list[K], done: set[K]) -> list[K]:
    component = [path.pop()]
    while component[-1] != node:
        component.append(path.pop())
    done.update(component)
    return component


def model_groups(models: Mapping[str, ModelSchema]) -> list[tuple[str, ...]]:
    """The labels, each model behind those it refers to.

    A group of several models is a cycle of references that wait for rows; every other cycle is cut, in
    favour of those.
    """
    labels, late = sorted(models), looked_up(models)
    references = {label: _targets(models[label], late) for label in labels}
    waiting = {label: _waits_for(models[label], late) for label in labels}
    return [
        tuple(sorted(group))
        for component in components(labels, references)
        for group in components(sorted(component), waiting)
    ]


def _targets(schema: ModelSchema, late: Collection[str]) -> list[str]:
    """The models that this one refers to, sorted."""
    targets = {field.target for field in schema.fields if field.target}
    targets |= {*schema.parents, *schema.key_targets, *_waits_for(schema, late)}
    return sorted(targets - {schema.label})


def _waits_for(schema: ModelSchema, late: Collection[str]) -> list[str]:
    """The models of which a row must be there before a row of this one can refer to it, sorted.

    A generic key may refer to any. What a key is read through must be there as well.
    """
    through = schema.named_through
    found = {
        field.target
        for field in schema.fields
        if field.kind is FieldKind.REFERENCE
        and (field.by_value or field.target in late or field.name in through)
    }
    if any(refers_to_any(field) for field in schema.fields):
        found |= {*late}
    keys = {*schema.parents, *schema.key_targets}
    return sorted(found | (keys if schema.key_by_value else keys.intersection(late)))


def refers_to_itself(models: Mapping[str, ModelSchema], group: tuple[str, ...]) -> bool:
    """Whether records of the group may need other records of it written before them."""
    return len(group) > 1 or group[0] in _waits_for(models[group[0]], looked_up(models))


def levels(wanted: Mapping[RecordKey, Collection[WantedReference]]) -> list[RecordKey]:
    """The records to create, each behind those that its references wait for, as far as that goes.

    A cycle is cut at a reference that may be empty for a while, else at one that another value can replace;
    a reference that names its record is never cut. What waits for nothing comes first, so that
    many rows are written together; those of one model keep the order in which they are given.
    """
    found: dict[RecordKey, int] = {}
    waiting = {key: [one for one in references if one.waits] for key, references in wanted.items()}
    for key in _uncycled(list(wanted), waiting, _CUTS):
        before = [found.get(reference.target, -1) for reference in waiting[key]]
        found[key] = 1 + max(before, default=-1)
    place = {key: number for number, key in enumerate(wanted)}
    return sorted(found, key=lambda key: (found[key], key.model, place[key]))


def _uncycled(
    keys: list[RecordKey],
    waiting: Mapping[RecordKey, Collection[WantedReference]],
    cuts: Sequence[Callable[[WantedReference], bool]],
) -> Iterator[RecordKey]:
    kept, *fewer = cuts
    edges = {key: [one.target for one in waiting[key] if kept(one)] for key in keys}
    for component in components(keys, edges):
        if len(component) > 1 and fewer:
            yield from _uncycled(sorted(component), waiting, fewer)
        else:
            yield from component
