"""Records that were read for a plan and are written by its apply: taken from git and parsed once."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Final

from contentgit.content.records import Record, RecordKey, Value

ROOM: Final = 1 << 28
"""Bytes of the file: later records are read anew."""

_BITS: Final = 18  # of a place those that hold the size
_LARGEST: Final = (1 << _BITS) - 1
"""Bytes of a record: a larger one is read anew."""


def _dumped(values: tuple[Value, ...]) -> bytes:
    """Bytes that are equal where the values are the same, and the names of objects in the same order."""
    return marshal.dumps(values, 2)  # later versions mark what occurs twice


def _sorted(value: Value) -> Value:
    """The value with the names of objects in the order of a record's file: PostgreSQL has one of its own."""
    if type(value) is dict:
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if type(value) is list else value


class KeptRecords:
    """Records by blob id in a temporary file, as long as there is room; all are added before any is read."""

    def __init__(self, room: int = ROOM) -> None:
        self._left = room
        self._places: dict[str, int] = {}
        self._end = 0
        self._shapes: dict[tuple[str, ...], int] = {}
        self._names: list[tuple[str, ...]] = []
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115

    def add(self, blob: str, record: Record) -> None:
        """Keeps the record, if it can be kept."""
        if self._left <= 0:
            return
        fields = record.fields
        names = (record.key.model, *fields)
        shape = self._shapes.get(names)
        if shape is None:
            shape = self._shapes[names] = len(self._names)
            self._names.append(names)
        with suppress(ValueError):  # a value that only we know, such as JSON null
            self._add(blob, _dumped((shape, record.key.key, *fields.values())))

    def _add(self, blob: str, data: bytes) -> None:
        if len(data) > _LARGEST:
            return
        try:
            whole = self._file.write(data) == len(data)
        except OSError:
            whole = False
        if not whole:  # the disk is full
            self._left = 0
            return
        self._places[blob] = self._end << _BITS | len(data)
        self._end += len(data)
        self._left -= len(data)

    def __contains__(self, blob: str) -> bool:
        return blob in self._places

    def __getitem__(self, blob: str) -> Record:
        """A record that it has."""
        # We wrote it, and nobody else can.
        shape, key, *values = marshal.loads(self._read(self._places[blob]))  # noqa: S302
        model, *names = self._names[shape]
        return Record(RecordKey(model, key), dict(zip(names, values, strict=True)))

    def _read(self, place: int) -> bytes:
        self._file.seek(place >> _BITS)
        data: bytes = self._file.read(place & _LARGEST)
        return data

    def alike(
        self,
        blobs: Mapping[RecordKey, str],
        names: Sequence[str],
        rows: Iterable[tuple[RecordKey, Sequence[Value]]],
    ) -> Iterator[RecordKey]:
        """The keys of the rows that certainly are their records; ``names`` are those of their values."""
        places = sorted(range(len(names)), key=names.__getitem__)  # as in a record's file
        fields = [names[place] for place in places]
        for key, values in rows:
            shape, place = self._shapes.get((key.model, *fields)), self._places.get(blobs[key])
            if shape is None or place is None:
                continue
            there, found = self._read(place), [values[n] for n in places]
            with suppress(ValueError):
                if there in (_dumped((shape, key.key, *each)) for each in (found, _sorted(found))):
                    yield key

    def __del__(self) -> None:
        self._file.close()
