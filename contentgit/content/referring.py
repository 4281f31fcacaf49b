"""What the value of a field refers to, and the value with other keys there: for every kind of reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from contentgit.content import embedded
from contentgit.content.records import Record, RecordKey, Value, in_order
from contentgit.content.schema import FieldKind, FieldSchema

_LINKS: Final = frozenset({FieldKind.REFERENCE, FieldKind.REFERENCES, FieldKind.GENERIC})


def refers(field: FieldSchema) -> bool:
    """Whether values of the field can refer to records."""
    return field.kind in _LINKS or field.embeds


def may_dangle(field: FieldSchema) -> bool:
    """Whether the database lets values of the field refer to what is not there."""
    loose = field.kind is FieldKind.REFERENCE and not field.constrained
    return loose or refers_to_any(field)


def refers_to_any(field: FieldSchema) -> bool:
    """Whether they can refer to records of any model."""
    return field.kind is FieldKind.GENERIC or field.embeds


def targets(value: Value, field: FieldSchema) -> Iterator[RecordKey]:
    """The records that a value of the field refers to; what is not a reference is skipped."""
    if field.embeds:
        yield from (key for key in embedded.keys_in(value) if embedded.unknown_pk(key) is None)
    elif field.kind in _LINKS:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                try:
                    yield RecordKey.parse(text)
                except ValueError:
                    continue


def refers_in(record: Record, field: FieldSchema, target: RecordKey) -> bool:
    """Whether the record refers to the other one in this field."""
    return target in targets(record.fields.get(field.name), field)


def redirected(value: Value, field: FieldSchema, name: Callable[[RecordKey], RecordKey]) -> Value:
    """The value with other keys for what it refers to; what is not a reference stays as it is."""

    def other(text: Value) -> Value:
        try:
            return str(name(RecordKey.parse(text)))
        except (AttributeError, ValueError):
            return text

    if field.embeds:
        return embedded.redirected(value, name)
    if field.kind not in _LINKS:
        return value
    if not isinstance(value, list):
        return other(value)
    found = [*map(other, value)]
    if not all(isinstance(each, str) for each in found):
        return found
    once = [*dict.fromkeys(found)]
    return once if field.ordered else in_order(once)
