"""A record as another schema has it: what the steps of migrations make of content.

A lens is a pure function. What it cannot carry it lists; it never guesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from contentgit.content.diff import ABSENT, Absent
from contentgit.content.embedded import unknown_pk
from contentgit.content.evolution import (
    KEY,
    AddedField,
    AddedModel,
    Conversion,
    Migration,
    NamedByUuid,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
)
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.referring import redirected, refers, refers_to_any
from contentgit.content.schema import FieldSchema, ModelSchema
from contentgit.content.uuids import uuid_of

NOTHING: Final[tuple[Value, ...]] = (None, "", [], {})
"""The values of a field that say nothing."""
_EXACT: Final = Context(prec=1000, traps=[Inexact, InvalidOperation])

CONVERSIONS: Final = 100
"""So many conversions of one field are made; beyond them, no value has an exact form."""


class Lost(NamedTuple):
    """A value that a lens cannot carry, and the migration that is the reason; ``field`` is the older name.

    ``now`` is the newer name, where the field is there with another kind of value.
    """

    field: str
    value: Value
    migration: str
    now: str = ""


class Reading(NamedTuple):
    """A record as the newer schema has it, ``None`` if its model is gone; and the values that were lost."""

    record: Record | None
    lost: tuple[Lost, ...] = ()


class NewerModel(NamedTuple):
    """The newer label of a model, and the newer names of its older fields, without those that are gone.

    ``gone`` has the migration that removed each of these. A field of that name that came since is another.
    ``renamed`` has the migration that gave the model (``""``) or an older field its newer name.
    """

    label: str
    fields: Mapping[str, str]
    gone: Mapping[str, str] = MappingProxyType({})
    renamed: Mapping[str, str] = MappingProxyType({})


@dataclass
class _ReadField:
    """A field of the newer schema: the older field that it was, or the value that rows got when it came."""

    source: str | None
    default: Value | Absent = ABSENT
    renamed_by: str = ""
    retyped: list[tuple[str, RetypedField]] = field(default_factory=list)


@dataclass
class _ReadModel:
    """What becomes of a model: its newer label and fields, and the older fields that are gone."""

    label: str
    references: Mapping[str, FieldSchema] = field(default_factory=dict)
    identity: frozenset[str] = frozenset()
    fields: dict[str, _ReadField] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    removed_by: str = ""
    renamed_by: str = ""


class Lens:
    """Reads records of the schema ``models`` as they are after the ``migrations``.

    ``fill`` is whether a field that was added gets what its migration wrote into the rows there were; without
    it, a record does not have the field. Of such fields only those of the ``newer`` schema count, if it is
    given: others are not content. ``opaque`` are the operations of which nothing is known, each with its
    migration: what they did to content is not in the records that the lens gives. ``other_keys`` are those of
    them that gave records other keys.
    """

    def __init__(
        self,
        models: Mapping[str, ModelSchema],
        migrations: Iterable[Migration],
        *,
        fill: bool = True,
        newer: Mapping[str, ModelSchema] | None = None,
    ) -> None:
        self.opaque: list[tuple[str, OpaqueStep]] = []
        self.other_keys: list[tuple[str, OpaqueStep]] = []
        self._fill = fill
        self._known = newer
        self._older = {
            label: _ReadModel(
                label,
                {each.name: each for each in model.fields if refers(each)},
                frozenset(path.partition("__")[0] for path in model.identity),
                {name: _ReadField(name) for name in (KEY, *model.by_name)},
            )
            for label, model in models.items()
        }
        self._newer = dict(self._older)
        self._labels: dict[str, str] = {}
        self._uuids: set[str] = set()  # older labels of models that are named by UUIDs now
        self._was: dict[str, str | None] = {}  # the older label of a newer one that a step names
        for migration in migrations:
            for step in migration.steps:
                self._take(step, migration.name)
        self._sources = {
            label: {each.source: (name, each) for name, each in model.fields.items()}
            for label, model in self._older.items()
        }

    # The steps, one by one

    def _take(self, step: SchemaStep, migration: str) -> None:
        match step:
            case OpaqueStep():
                self.opaque.append((migration, step))
            case AddedModel(label):
                # What is there already came under another name of the same migration: it stays.
                self._newer.setdefault(label, _ReadModel(label))
            case RenamedModel(label, to):
                self._rename(label, to, migration)
            case RemovedModel(label):
                self._remove(label, migration)
            case NamedByUuid(label):
                older = self._was.get(label, label)
                self._uuids.update([older] if older else [])
            case _:
                model = self._newer.get(step.model)
                if isinstance(step, RetypedField) and self._is_other_key(step):
                    self.other_keys.append((migration, OpaqueStep(f"another key of {step.model}")))
                    self.opaque.append(self.other_keys[-1])
                if model is not None:
                    _take_field(model, step, migration)

    def _is_other_key(self, step: RetypedField) -> bool:
        """Whether records get another key text, so that only the migration knows which row became which."""
        model = self._newer.get(step.model)
        if model is None or step.conversion in (Conversion.SAME, Conversion.TEXT):
            return False
        read = model.fields.get(step.field)
        return step.field == KEY or bool(read and read.source in model.identity)

    def _remove(self, label: str, migration: str) -> None:
        """Takes a model out, also where another gets its label, which Django would not permit."""
        self._was[label] = None
        removed = self._newer.pop(label, None)
        if removed is not None:
            removed.removed_by = migration

    def _rename(self, label: str, to: str, migration: str) -> None:
        if label == to or (label not in self._newer and to in self._newer):
            return  # it is called that already
        older, model = self._was.get(label, label), self._newer.pop(label, None)
        self._remove(to, migration)
        self._was |= {label: None, to: older}
        if older is not None:
            self._labels[older] = to
        if model is not None:
            model.label, model.renamed_by = to, migration
            self._newer[to] = model

    # Reading

    def key(self, key: RecordKey) -> RecordKey:
        """The key of the same record in the newer schema."""
        named = key.model in self._uuids and unknown_pk(key) is None
        text = uuid_of(key.key) if named else key.key
        return RecordKey(self._labels.get(key.model, key.model), text)

    @cached_property
    def _renamed(self) -> AbstractSet[str]:
        """The older labels of models to which references are another text."""
        return self._labels.keys() | self._uuids

    def newer(self, label: str) -> NewerModel | None:
        """What becomes of an older model and of its fields; ``None`` if it is gone, or not known."""
        model = self._older.get(label)
        if model is None or model.removed_by:
            return None
        names = {each.source: name for name, each in model.fields.items() if each.source}
        by = {each.source: each.renamed_by for each in model.fields.values() if each.source}
        return NewerModel(model.label, names, model.gone, {**by, "": model.renamed_by})

    def removed_by(self, label: str) -> str:
        """The migration that removed an older model; ``""`` if none did."""
        return self._older[label].removed_by if label in self._older else ""

    @property
    def added(self) -> Mapping[str, frozenset[str]]:
        """The fields that came with the migrations, by newer model, of those that are filled."""
        return {
            model.label: frozenset(
                name
                for name, each in model.fields.items()
                if each.source is None and self._fills(model.label, name, each)
            )
            for model in self._older.values()
            if not model.removed_by
        }

    def fields(self, label: str) -> frozenset[str] | None:
        """The fields of a newer model; ``None`` if that is not known, or came with the migrations."""
        found = (each for each in self._older.values() if each is self._newer.get(label))
        return next((frozenset(each.fields) for each in found), None)

    @property
    def unsaid(self) -> Mapping[str, frozenset[str]]:
        """The fields, by newer model, of which a record may be without, as only the database got a value."""
        return {
            model.label: frozenset(name for name, each in model.fields.items() if _is_unsaid(each))
            for model in self._older.values()
            if not model.removed_by
        }

    def changes(self, label: str) -> bool:
        """Whether a record of the older model may be read as another than it is."""
        model = self._older.get(label)
        if model is None:
            return label in self._labels or label in self._uuids
        return bool(
            model.label != label
            or label in self._uuids
            or model.removed_by
            or model.gone
            or any(self._is_other(model.label, name, each) for name, each in model.fields.items())
            or any(
                refers_to_any(each) or each.target in self._renamed
                for each in model.references.values()
                if self._renamed
            )
        )

    def _is_other(self, label: str, name: str, read: _ReadField) -> bool:
        if read.source is None:
            return self._fills(label, name, read)
        return read.source != name or any(_converts(step) for _, step in read.retyped)

    def _fills(self, label: str, name: str, read: _ReadField) -> bool:
        known = self._known is None or (label in self._known and name in self._known[label].by_name)
        return self._fill and known and read.default is not ABSENT

    def read(self, record: Record) -> Reading:
        """The record as the newer schema has it."""
        model = self._older.get(record.key.model)
        if model is None:
            return Reading(Record(self.key(record.key), record.fields))
        if model.removed_by:
            gone = record.fields.items()
            return Reading(None, tuple(Lost(*each, model.removed_by) for each in gone))
        sources = self._sources[record.key.model]
        values, lost = dict(self._added(model)), []
        for name, value in record.fields.items():
            if name in model.gone:
                if value not in NOTHING:
                    lost.append(Lost(name, value, model.gone[name]))
                continue
            newer, read = sources.get(name, (name, _ReadField(name)))
            if self._renamed and name in model.references:
                value = redirected(value, model.references[name], self.key)
                if self._is_key(record.key, newer, value):
                    continue
            for migration, step in read.retyped:
                value = _converted(value, step)
                if value is ABSENT:
                    lost.append(Lost(name, record.fields[name], migration, newer))
                    break
            else:
                values[newer] = value
        return Reading(Record(self.key(record.key), values), tuple(lost))

    def _is_key(self, key: RecordKey, name: str, value: Value) -> bool:
        """Whether a reference is to the row that gives the record its UUID: the key says that now."""
        here, known = self.key(key), self._known
        if key.model not in self._uuids or known is None or here.model not in known:
            return False
        model = known[here.model]
        shared = (str(RecordKey(label, here.key)) for label in model.parents[:1])
        return name not in model.by_name and value in shared

    def _added(self, model: _ReadModel) -> Iterator[tuple[str, Value]]:
        for name, each in model.fields.items():
            if each.source is not None or not self._fills(model.label, name, each):
                continue
            value = each.default
            for _, step in each.retyped:
                value = _converted(value, step)
            if value is not ABSENT:
                yield name, value


def first_value(history: Sequence[Migration], label: str, field: str) -> Value | Absent:
    """What rows got in a field when it came, by the names of today; ``ABSENT`` where that is not known."""
    retyped: list[RetypedField] = []
    for step in (step for each in reversed(history) for step in reversed(each.steps)):
        match step:
            case RenamedModel(was, to) if to == label:
                label = was
            case RenamedField(model, was, to) if (model, to) == (label, field):
                field = was
            case RetypedField(model, name) if (model, name) == (label, field):
                retyped.append(step)
            case RemovedField(model, name) if (model, name) == (label, field):
                return ABSENT
            case AddedField(model, name, value) if (model, name) == (label, field):
                for each in reversed(retyped):
                    value = value if value is ABSENT else _converted(value, each)
                return value
    return ABSENT


def _take_field(model: _ReadModel, step: SchemaStep, migration: str) -> None:
    match step:
        case AddedField(_, name, default):
            # What is there already came under another name of the same migration: it stays.
            model.fields.setdefault(name, _ReadField(None, default))
        case RemovedField(_, name):
            _remove_field(model, name, migration)
        case RenamedField(_, name, to):
            if name in model.fields and name != to:
                _remove_field(model, to, migration)
                model.fields[to] = model.fields.pop(name)
                model.fields[to].renamed_by = migration
        case RetypedField(_, name):
            if name in model.fields:
                retyped = model.fields[name].retyped
                if len(retyped) == CONVERSIONS:
                    retyped[-1] = migration, step._replace(conversion=Conversion.NONE, null=ABSENT)
                else:
                    retyped.append((migration, step))


def _remove_field(model: _ReadModel, name: str, migration: str) -> None:
    """Takes a field out, also where another gets its name, which Django would not permit."""
    removed = model.fields.pop(name, None)
    if removed is not None and removed.source is not None:
        model.gone[removed.source] = migration


def _is_unsaid(read: _ReadField) -> bool:
    """Whether a value may be one that only the migration knows."""
    if read.source is None and read.default is ABSENT:
        return True
    return any(step.conversion is not Conversion.SAME for _, step in read.retyped)


def _converts(step: RetypedField) -> bool:
    """Whether the step may change a value."""
    return step.conversion is not Conversion.SAME or step.null is not ABSENT


def _converted(value: Value, step: RetypedField) -> Value | Absent:
    """The value as the step makes it; ``ABSENT`` if it has no exact form."""
    if value is None:
        return step.null if step.null is not ABSENT else None
    match step.conversion, value:
        case Conversion.SAME, _:
            return value
        case Conversion.INTEGER, bool():
            return int(value)
        case Conversion.TEXT, int() if not isinstance(value, bool):
            return str(value)
        case Conversion.UUID | Conversion.PLACES, str():
            try:
                if step.conversion is Conversion.UUID:
                    return str(UUID(value))
                return _with_places(value, step.places or 0)
            except (ValueError, InvalidOperation, Inexact):
                return ABSENT
    return ABSENT


def _with_places(value: str, places: int) -> str:
    """A decimal number with so many places.

    Raises:
        Inexact, InvalidOperation: it is none, or has more.
    """
    fixed = Decimal(value).quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return f"{fixed or fixed.copy_abs():f}"
