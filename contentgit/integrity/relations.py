"""Which record refers to which, and which of its values must be unique."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from contentgit.content.diff import ABSENT
from contentgit.content.records import CarriedFile, Record, RecordKey, Value
from contentgit.content.referring import may_dangle, refers, targets
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema, UniqueSet

Node = TypeVar("Node", bound=Hashable)

Claim: TypeAlias = tuple[str, str, tuple[Value, ...]]
"""Unique values that a record wants: model label, name of the unique set, hashable values."""

PARENT: Final = "$key"
"""The field of a :class:`Reference` from a multi-table child to its parent's row."""

_SINGLE: Final = frozenset({FieldKind.REFERENCE, FieldKind.GENERIC})


class Reference(NamedTuple):
    """A record's ``field`` refers to ``target``.

    ``hard`` is whether the record cannot be without it; ``constrained`` whether the database refuses
    a row that is not there.
    """

    field: str
    target: RecordKey
    hard: bool
    constrained: bool


def references(record: Record, schema: ModelSchema) -> Iterator[Reference]:
    """The references of a record; a value that is not a reference is skipped."""
    for parent in parents(record.key, schema):
        yield Reference(PARENT, parent, hard=True, constrained=schema.parent_constrained)
    for field in schema.fields:
        value = record.fields.get(field.name)
        if not refers(field):
            continue
        hard, constrained = field.kind in _SINGLE and not field.null, not may_dangle(field)
        for key in targets(value, field):
            yield Reference(field.name, key, hard, constrained)


def parents(key: RecordKey, schema: ModelSchema) -> Iterator[RecordKey]:
    """The parent's row that a multi-table child needs, which has the same key.

    Not so where the link is a field of its own.
    """
    for parent in schema.parents[:1]:
        links = {field.name for field in schema.fields if field.target == parent and not field.null}
        alone = {unique.fields[0] for unique in schema.unique if len(unique.fields) == 1}
        if not links or not (schema.identity or links & alone):
            yield RecordKey(parent, key.key)


def own_references(record: Record, model: ModelSchema) -> Iterator[tuple[FieldSchema, str]]:
    """The fields in which a record refers to one of its own model, each with the key text of that one."""
    for field in model.fields:
        if field.kind is FieldKind.REFERENCE and field.target == model.label:
            value = record.fields.get(field.name)
            label, _, key = value.partition(":") if isinstance(value, str) else ("", "", "")
            if label == model.label and key:
                yield field, key


def circles(parents: Mapping[Node, Node], rank: Callable[[Node], Any]) -> Iterator[list[Node]]:
    """The circles among these, each once and from the least on that ``rank`` gives."""
    done: set[Node] = set()
    for start in parents:
        path: dict[Node, None] = {}
        node = start
        while node in parents and node not in done and node not in path:
            path[node] = None
            node = parents[node]
        if node in path:
            nodes = list(path)
            circle = nodes[nodes.index(node) :]
            least = circle.index(min(circle, key=rank))
            yield [*circle[least:], *circle[:least]]
        done.update(path)


def claims(record: Record, sets: Iterable[UniqueSet]) -> Iterator[Claim]:
    """The unique values that a record wants.

    A set that only the database can judge claims nothing. Neither does one with a NULL that collides with
    nothing, nor one without fields, which a damaged ``dataset.json`` may have.
    """
    for unique in sets:
        if unique.plain and unique.fields:
            values = tuple(_claimed(name, record) for name in unique.fields)
            if ABSENT not in values and not (unique.nulls_distinct and None in values):
                yield (record.key.model, unique.name, values)


def _claimed(name: str, record: Record) -> Value:
    """A value of a claim; a generic reference of which one column is NULL collides with nothing."""
    if name == PARENT:
        return record.key.key
    value = record.fields.get(name, ABSENT)
    halves = isinstance(value, dict) and value.keys() == {"content_type", "object_id"}
    return None if halves and None in value.values() else hashable(value)


def hashable(value: Value) -> Value:
    """The content value in the form that a claim has, where 1 and ``true`` differ, unlike in Python.

    A column has the name of a file.
    """
    if type(value) is CarriedFile:
        return value.name
    if type(value) in (bool, float):
        return (type(value).__name__, value)
    if isinstance(value, list):
        return ("[", *map(hashable, value))
    if isinstance(value, dict):
        return ("{", *((name, hashable(value[name])) for name in sorted(value)))
    return value


def plain(value: Value) -> Value:
    """The content value that :func:`hashable` was given; of a file its name."""
    if not isinstance(value, tuple):
        return value
    kind, *items = value
    if kind == "[":
        return [plain(item) for item in items]
    if kind == "{":
        return {name: plain(item) for name, item in items}
    return items[0]
