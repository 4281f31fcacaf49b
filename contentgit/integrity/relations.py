"""What records say of each other: which record refers to which, and which value must be unique.

The one place for plans, merges and checks of whole trees.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from contentgit.content.diff import ABSENT
from contentgit.content.records import Record, RecordKey, Value
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
    """What a record refers to; a value that is no reference is passed over."""
    for parent in parents(record.key, schema):
        yield Reference(PARENT, parent, hard=True, constrained=schema.parent_constrained)
    for field in schema.fields:
        value = record.fields.get(field.name)
        if field.kind in _SINGLE:
            loose = field.kind is FieldKind.GENERIC or not field.constrained
            found, hard = [value], not field.null
        elif field.kind is FieldKind.REFERENCES:
            found, hard, loose = value if isinstance(value, list) else [], False, False
        else:
            continue
        for key in _keys(found):
            yield Reference(field.name, key, hard, constrained=not loose)


def _keys(values: Iterable[Value]) -> Iterator[RecordKey]:
    for text in values:
        if isinstance(text, str):
            try:
                yield RecordKey.parse(text)
            except ValueError:
                continue


def parents(key: RecordKey, schema: ModelSchema) -> Iterator[RecordKey]:
    """The parent's row that a multi-table child needs, which has the same key.

    Not so where the link is a field of its own.
    """
    for parent in schema.parents[:1]:
        links = {each.name for each in schema.fields if each.target == parent and not each.null}
        alone = {each.fields[0] for each in schema.unique if len(each.fields) == 1}
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

    A set that only the database can judge claims nothing, nor does one with a NULL that collides with
    nothing, or one without fields, as only a stranger writes it into ``dataset.json``.
    """
    for each in sets:
        if not each.plain or not each.fields:
            continue
        values = tuple(_claimed(name, record) for name in each.fields)
        if ABSENT in values or (each.nulls_distinct and None in values):
            continue
        yield (record.key.model, each.name, values)


def _claimed(name: str, record: Record) -> Value:
    if name == "$key":
        return record.key.key
    value = record.fields.get(name, ABSENT)
    return None if _half_null(value) else hashable(value)


def _half_null(value: Value) -> bool:
    """A generic reference of which one column is NULL: as any NULL it collides with nothing."""
    return (
        isinstance(value, dict)
        and value.keys() == {"content_type", "object_id"}
        and None in value.values()
    )


def hashable(value: Value) -> Value:
    """The content value as it stands in a claim, where 1 and ``true`` are two, unlike in Python."""
    if type(value) in (bool, float):
        return (type(value).__name__, value)
    if isinstance(value, list):
        return ("[", *map(hashable, value))
    if isinstance(value, dict):
        return ("{", *((name, hashable(value[name])) for name in sorted(value)))
    return value


def plain(value: Value) -> Value:
    """The content value that :func:`hashable` was given."""
    if not isinstance(value, tuple):
        return value
    kind, *items = value
    if kind == "[":
        return [plain(each) for each in items]
    if kind == "{":
        return {name: plain(each) for name, each in items}
    return items[0]
