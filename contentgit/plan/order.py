"""In which order rows can be written: a row's references before the row, cycles as they come.

Constraints are deferred while an apply runs, so order matters for one thing only: a row whose model
has a local key has no primary key to refer to before it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from contentgit.schema import FieldKind, ModelSchema

K = TypeVar("K")


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

    A group of several models is a cycle of references to models with local keys; every other cycle is
    cut, in favour of references to models with local keys.
    """
    labels = sorted(models)
    local = {label for label in labels if models[label].local_key}
    references = {label: _targets(models[label], local) for label in labels}
    hard = {label: [to for to in references[label] if to in local] for label in labels}
    return [
        tuple(sorted(group))
        for component in components(labels, references)
        for group in components(sorted(component), hard)
    ]


def _targets(schema: ModelSchema, local: set[str]) -> list[str]:
    """The models that this one refers to, sorted; a generic key may refer to any with a local key."""
    targets = {field.target for field in schema.fields if field.target}
    targets |= {*schema.parents, *schema.key_targets}
    if not schema.local_key and any(field.kind is FieldKind.GENERIC for field in schema.fields):
        targets |= local
    return sorted(targets - {schema.label})


def refers_to_itself(models: Mapping[str, ModelSchema], group: tuple[str, ...]) -> bool:
    """Whether records of the group may need other records of it written before them."""
    (first, *others) = group
    schema = models[first]
    return bool(others) or (
        schema.local_key and any(field.target == first for field in schema.fields)
    )
