"""What a survey needs of a record, by the fields that it has: found out once for all that have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from contentgit.content.embedded import keys_in, unknown_pk
from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema, UniqueSet
from contentgit.integrity.relations import PARENT, parents
from contentgit.plan.items import WantedReference, number, parse, references

_SINGLE: Final = frozenset({FieldKind.REFERENCE, FieldKind.GENERIC})

_KNOWN: Final = 1 << 16
"""References that a field remembers: many records refer to the same ones."""


@dataclass(frozen=True)
class Rules:
    """A model's schema together with what the specs of one dump say about it.

    ``instead`` are the references that an apply writes in place of those to missing rows, by field.
    """

    schema: ModelSchema
    excluded: frozenset[str]
    optional: frozenset[str]
    looked_up: frozenset[str]
    instead: Mapping[str, str] = field(default_factory=dict)
    _shapes: dict[tuple[str, ...], Shape] = field(default_factory=dict)
    _references: dict[str, SingleReference] = field(default_factory=dict)

    @cached_property
    def naming(self) -> frozenset[str]:
        """The fields that the key is made of."""
        return frozenset(path.partition("__")[0] for path in self.schema.identity)

    def shape(self, names: tuple[str, ...]) -> Shape:
        """What a record that has these fields needs, or an update of them."""
        found = self._shapes.get(names)
        if found is None:
            found = self._shapes[names] = Shape(self, names)
        return found

    def reference(self, name: str) -> SingleReference:
        """The field of this name, which refers to one record."""
        found = self._references.get(name)
        if found is None:
            found = self._references[name] = SingleReference(self, self.schema.by_name[name])
        return found

    def embedded(self, schema: FieldSchema) -> EmbeddedReferences:
        """The field with what is needed of the references in its values."""
        return EmbeddedReferences(schema, self.looked_up)

    def above(self, key: RecordKey) -> list[WantedReference]:
        """The rows of multi-table parents that a new record needs."""
        loose = not self.schema.parent_constrained
        return [
            WantedReference(PARENT, RecordKey(label, key.key), False, loose, waits, True)
            for label, waits in self._parents
        ]

    @cached_property
    def _parents(self) -> list[tuple[str, bool]]:
        """Their models, each with whether the row must be there first."""
        above = parents(RecordKey(self.schema.label, ""), self.schema)
        late = self.schema.key_by_value
        return [(each.model, late or each.model in self.looked_up) for each in above]


class Shape:
    """Fields of a model, sorted by what they need.

    ``unknown`` are those that the model does not have, ``columns`` those in its table, ``links`` the
    many-to-many fields, each with whether its order is content, ``optional`` those whose missing references
    are ignored, ``references`` those that refer to one record, ``embeds`` those that hold references inside,
    ``lengths`` how many characters they hold.
    ``sets`` are the unique sets that name one of the fields, ``checks`` the names of such check constraints.
    """

    def __init__(self, rules: Rules, names: tuple[str, ...]) -> None:
        fields = rules.schema.by_name
        self.names = [name for name in names if name in fields]
        self.unknown = [name for name in names if name not in fields and name not in rules.excluded]
        known = [fields[name] for name in sorted(self.names)]
        lists = [each for each in known if each.kind is FieldKind.REFERENCES]
        self.columns = tuple(each.name for each in known if each.kind is not FieldKind.REFERENCES)
        self.links = [(e.name, e.ordered) for e in lists if e.name not in rules.optional]
        self.optional = [each.name for each in lists if each.name in rules.optional]
        self.references = [rules.reference(e.name) for e in known if e.kind in _SINGLE]
        self.embeds = [rules.embedded(each) for each in known if each.embeds]
        self.lengths = [(e.name, e.length) for e in known if e.length is not None]
        self.sets = _naming(rules.schema.unique, names)
        checks = rules.schema.checks
        self.checks = {each.name for each in checks if not set(each.fields).isdisjoint(names)}


def _naming(sets: Iterable[UniqueSet], names: Iterable[str]) -> list[UniqueSet]:
    return [unique for unique in sets if not set(unique.named).isdisjoint(names)]


class SingleReference:
    """A field that refers to one record, with what is known of the references in it."""

    def __init__(self, rules: Rules, schema: FieldSchema) -> None:
        self.name = schema.name
        self.known: dict[str, WantedReference] = {}
        self._schema = schema
        self._loose = schema.kind is FieldKind.GENERIC or not schema.constrained
        self._instead = rules.instead.get(schema.name)
        self._late = schema.by_value or schema.name in rules.schema.named_through
        self._looked_up = rules.looked_up
        self._names = schema.name in rules.naming

    def wanted(self, key: RecordKey, value: Value) -> Iterator[WantedReference]:
        """What a value of the field, which is not ``None``, refers to.

        Raises:
            FormatError: it is no reference.
        """
        name, null = self.name, self._schema.null
        # What the spec names in place of missing rows must be there.
        loose = self._loose and self._instead != value
        if self._schema.kind is FieldKind.GENERIC and isinstance(value, dict):
            # The columns as they are, since they are no reference: one of them may be one.
            row = number(value)
            if row is not None:
                yield WantedReference(name, row, null, loose=True)
            value, loose = value.get("content_type"), False
            if value is None:
                return
            yield self._to(key, value, loose=loose)
            return
        found = self._to(key, value, loose=loose)
        if len(self.known) >= _KNOWN:
            self.known.clear()
        self.known[value] = found
        yield found

    def _to(self, key: RecordKey, value: Value, *, loose: bool) -> WantedReference:
        (reference,) = references(key, self.name, [value])
        target = parse(reference)
        waits = self._late or target.model in self._looked_up
        return WantedReference(self.name, target, self._schema.null, loose, waits, self._names)


class EmbeddedReferences(NamedTuple):
    """A field whose values hold references inside: they may dangle, as nothing but the project knows them."""

    schema: FieldSchema
    looked_up: frozenset[str]

    def wanted(self, value: Value) -> Iterator[WantedReference]:
        """What a value refers to."""
        for key in dict.fromkeys(keys_in(value)):
            waits = key.model in self.looked_up and unknown_pk(key) is None
            yield WantedReference(self.schema.name, key, null=True, loose=True, waits=waits)
