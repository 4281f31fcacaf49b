"""Parts of a stream that are held in memory together, bounded by size and by number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from contentgit.content.records import Record, Value

ROOM: Final = 1 << 22
"""So many characters or bytes of content are held together, unless a single item has more."""

_ENTRY: Final = 64
"""What an entry of a list or an object takes beside its text."""

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most ``size``."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def portions(items: Iterable[T], size: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """The items in lists of at most ``most``; a list ends with the item that fills its room."""
    portion: list[T] = []
    room = ROOM
    for item in items:
        portion.append(item)
        room -= size(item)
        if room <= 0 or len(portion) == most:
            yield portion
            portion, room = [], ROOM
    if portion:
        yield portion


def record_size(*records: Record | None) -> int:
    """About how many characters the records hold together."""
    size = 0
    for record in records:
        for value in record.fields.values() if record else ():
            if type(value) is str:
                size += len(value)
            elif value is not None and type(value) is not int:
                size += value_size(value)
    return size


def value_size(value: Value) -> int:
    """About how many characters a content value holds."""
    if isinstance(value, str):
        return len(value)
    size, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            size += len(each)
        elif isinstance(each, (list, tuple)):
            size += _ENTRY * len(each)
            waiting += each
        elif isinstance(each, Mapping):
            size += _ENTRY * len(each)
            waiting += each.values()
    return size
