"""What one side of a merge refers to alone, where no database sees to it that this is there."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import may_dangle, targets
from contentgit.content.schema import ModelSchema


class NewLink(NamedTuple):
    """A reference in a field of the record ``key`` that one side alone has: the target, if it is ``ours``."""

    key: RecordKey
    dump: str
    field: str
    target: RecordKey
    ours: bool


def new_links(
    dump: str,
    schema: ModelSchema | None,
    result: Record | None,
    ours: Record | None,
    theirs: Record | None,
    kept: Container[str] = (),
) -> Iterator[NewLink]:
    """Those of a merged record, but for the fields that are ``kept`` as they are: they refer to the past."""
    if schema is None or result is None:
        return
    for each in filter(may_dangle, schema.fields):
        if each.name in kept:
            continue
        sides = (record.fields.get(each.name) if record else None for record in (ours, theirs))
        here, there = (set(targets(value, each)) for value in sides)
        for target in dict.fromkeys(targets(result.fields.get(each.name), each)):
            if (target in here) is not (target in there):
                yield NewLink(result.key, dump, each.name, target, target in here)
