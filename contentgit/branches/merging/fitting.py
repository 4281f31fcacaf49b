"""Whether a decision fits the place that it is about: a value its field, a side what it has there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from contentgit.branches.trees import Sides
from contentgit.check.shapes import in_order, misfit
from contentgit.content.diff import ABSENT
from contentgit.content.records import CarriedFile, Record, RecordKey, Value
from contentgit.content.referring import refers_in
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.errors import RecordError, RefusedError, UsageError
from contentgit.history.carried import blob_of, files_in
from contentgit.integrity.relations import references
from contentgit.merge import Place, Resolution, Take, TreeConflict
from contentgit.render.plain import plural


def fitted(sides: Sides, tree: str, resolutions: Iterable[Resolution]) -> Iterator[Resolution]:
    """The resolutions, with many-to-many values as they are written, and with the files that are named.

    Raises:
        UsageError: a value does not fit its field, or refers to a record that is not in ``tree``.
    """
    for each in resolutions:
        if each.place is None or each.take or each.key:
            yield each
            continue
        value = each.value
        schemas = (sides.schema(folder) for folder in sorted(sides.folders))
        for schema in filter(None, (models.get(each.place.key.model) for models in schemas)):
            known, wrong = schema.by_name.get(each.place.field), ""
            if known and known.carried:
                value = _file_called(sides, each.place, value)
                wrong = _unknown_file(sides, value)
            wrong = _misfit(each.place, value, schema) or wrong
            wrong = wrong or _dangling(sides, tree, each.place, value, schema)
            if wrong:
                raise UsageError(
                    f"{each.label}: {wrong}",
                    hint="nothing is decided; contentgit conflicts shows what both sides have there",
                )
            field = schema.by_name[each.place.field]
            if field.kind is FieldKind.REFERENCES:
                value = in_order(value, field)
        yield replace(each, value=value)


def refuse_nothing(conflicts: Iterable[TreeConflict], resolutions: Iterable[Resolution]) -> None:
    """Raises RefusedError where the base is to be taken for a field that it does not have.

    The record would stay without the field, so an apply would write it half.
    """
    bases = {place.label: place.base for conflict in conflicts for place in conflict.places}
    bare = [
        resolution.label
        for resolution in resolutions
        if resolution.take is Take.BASE and bases.get(resolution.label) is ABSENT
        if (place := resolution.place) and place.field and not place.path
    ]
    if bare:
        raise RefusedError(
            f"the base has nothing at {plural(len(bare), 'place')}, so it cannot be taken",
            items=bare,
            hint="contentgit resolve LABEL --take ours|theirs\n"
            "contentgit resolve LABEL --value JSON\n"
            "contentgit resolve RECORD --take delete  (deletes the whole record)",
        )


def _misfit(place: Place, value: Value, schema: ModelSchema) -> str:
    field = schema.by_name.get(place.field)
    if field is None:
        return f"{schema.label} has no field {place.field}"
    if place.field in {name.partition("__")[0] for name in schema.identity}:
        return f"{place.field} is part of the record's key, which a decision does not change"
    if not place.path:
        wrong = misfit(value, field)
    elif field.kind not in (FieldKind.JSON, FieldKind.MAPPING):
        return f"{place.field} is a single value without parts"
    else:
        text = value is None or isinstance(value, str)
        wrong = "" if text or field.kind is FieldKind.JSON else "is not text"
    return wrong and f"the value {wrong}"


def _file_called(sides: Sides, place: Place, value: Value) -> Value:
    """The file that has this name at the place on a side; the value itself where none has."""
    paths = [*sides.paths(place.key)] if isinstance(value, str) and value else []
    for tree in _trees(sides) if paths else ():
        blobs = sides.repository.trees.files_at(tree, paths).values()
        for _, name, file in chain.from_iterable(
            map(files_in, sides.repository.objects.blobs(blobs))
        ):
            if (name, file.name) == (place.field, value):
                return file
    return value


def _unknown_file(sides: Sides, value: Value) -> str:
    if isinstance(value, str) and value:
        return f"neither side has the file {value!r:.200} there"
    if type(value) is CarriedFile and not blob_of(sides.repository, _trees(sides), value):
        return f"neither side has a file with the bytes of {value.name!r:.200}"
    return ""


def _trees(sides: Sides) -> list[str]:
    return [each for each in (sides.ours, sides.theirs, sides.base.tree) if each]


def _dangling(sides: Sides, tree: str, place: Place, value: Value, schema: ModelSchema) -> str:
    field = schema.by_name[place.field]
    if place.path and not field.embeds:
        return ""
    record = Record(place.key, {place.field: value})
    wanted = [each for each in references(record, schema) if each.field == place.field]
    targets = {each.target: _paths(sides, each.target) for each in wanted}
    paths = [path for some in targets.values() if some for path in some]
    there = sides.repository.trees.files_at(tree, paths)
    for each in wanted:
        some = targets[each.target]
        # Of models that are in no dump nothing is known.
        is_there = some is not None and (not some or not there.keys().isdisjoint(some))
        if not is_there and (each.constrained or not _dangled(sides, place, field, each.target)):
            return f"the value refers to {each.target}, which is not there"
    return ""


def _dangled(sides: Sides, place: Place, field: FieldSchema, target: RecordKey) -> bool:
    """Whether a side has the reference, and not its record. No database sees to it."""
    paths = [*sides.paths(place.key)]
    trees = sides.base.tree, sides.ours, sides.theirs
    for _, three in sides.records(paths):
        for tree, record in zip(trees, three, strict=True):
            if tree and record and refers_in(record, field, target):
                places = _paths(sides, target) or []
                if not sides.repository.trees.files_at(tree, places):
                    return True
    return False


def _paths(sides: Sides, key: RecordKey) -> list[str] | None:
    """Where the record may lie; None where no record can have this key."""
    try:
        return list(sides.paths(key))
    except RecordError:
        return None
