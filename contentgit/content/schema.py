"""What a planner, a merge or a check must know of a model, as values without Django.

The same facts stand in each dump's ``dataset.json``, so that trees can be read on a machine that has
neither the project's code nor its database.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from contentgit.content.conditions import Condition, Constant, fields_of


class FieldKind(enum.StrEnum):
    """The kind of a content value; the comment after each name shows the value's form."""

    TEXT = "text"  # str
    INTEGER = "integer"  # int
    FLOAT = "float"  # float
    DECIMAL = "decimal"  # str with the field's places: "12.50"
    BOOLEAN = "boolean"  # bool
    DATE = "date"  # "2026-11-22"
    TIME = "time"  # "13:05:00.000000"
    DATETIME = "datetime"  # "2026-11-22T13:05:00.000000Z", without Z where USE_TZ is off
    DURATION = "duration"  # "P1DT02H03M04.000005S"
    UUID = "uuid"  # "0c9a…", hyphenated lower case
    BINARY = "binary"  # base64
    JSON = "json"  # the value; JSON null is JSON_NULL, SQL NULL is None
    FILE = "file"  # the name within its storage, or a CarriedFile
    REFERENCE = "reference"  # "app.model:key"
    REFERENCES = "references"  # ["app.model:key", …], no duplicates; sorted unless ``ordered``
    GENERIC = "generic"  # "app.model:key", any model; stands for its two columns
    ARRAY = "array"  # list of what the base field gives
    MAPPING = "mapping"  # hstore: {"key": "text or null"}
    RANGE = "range"  # {"lower": …, "upper": …, "bounds": "[)"} or {"empty": true}
    GEOMETRY = "geometry"  # EWKT: "SRID=4326;POINT(1 2.5)"
    CUSTOM = "custom"  # what a codec of the project's own writes: any value
    COLUMN = "column"  # a custom field: the column's own text, number or truth value


class KeyKind(enum.StrEnum):
    """How ``$key`` is written."""

    INTEGER = "integer"  # 42
    TEXT = "text"  # "summer"
    COMPOSITE = "composite"  # [42, "de"]


class Layout(enum.StrEnum):
    """The place of a record in the model's folder, which depends on its key alone."""

    INTEGER = "integer"  # <pk // 10000>/<(pk // 100) % 100>/<pk>.json
    HASHED = "hashed"  # two folders of the key's SHA-1
    FLAT = "flat"


class OnDelete(enum.StrEnum):
    """What Django does to a row when the row it refers to is deleted."""

    CASCADE = "cascade"
    PROTECT = "protect"
    RESTRICT = "restrict"
    SET_NULL = "set_null"
    SET_DEFAULT = "set_default"
    SET = "set"
    DO_NOTHING = "do_nothing"


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One managed field.

    ``target`` is the label of the model that a reference points at, ``""`` for a generic one and for
    all other kinds. ``moment`` is true for ``auto_now`` fields, which change with every save.
    ``constrained`` is false where the database lets a reference dangle (``db_constraint=False``).
    ``derived`` is true where the project computes the value from other content. ``order_within`` is set
    where the field puts records in an order: the names of the fields whose equal values make the records
    that are ordered together, none of them for all records of the model. ``by_value`` is true where the
    column holds another unique value of the target than its primary key (``to_field``); it matters to the
    order of writing alone and is not recorded. ``ordered``
    is true for a many-to-many field whose table has a column for the order. ``srid`` is that of a column
    of geometries, 0 where the column has none. ``length`` is how many characters the column holds, where the
    database sees to that; that is the target's matter and not recorded. ``embeds`` is true where the value
    holds references inside, see :mod:`contentgit.content.embedded`, and ``rules`` say where. Without any,
    that is not known: older commits do not tell. ``carried`` is true where the bytes of files travel with
    the rows.
    """

    name: str
    kind: FieldKind
    null: bool = False
    target: str = ""
    on_delete: OnDelete | None = None
    moment: bool = False
    constrained: bool = True
    choices: tuple[str, ...] = ()
    derived: bool = False
    order_within: tuple[str, ...] | None = None
    ordered: bool = False
    srid: int = 0
    embeds: bool = False
    rules: tuple[str, ...] = ()
    carried: bool = False
    by_value: bool = field(default=False, compare=False)
    length: int | None = field(default=None, compare=False)


class Function(enum.StrEnum):
    """What a unique constraint may do to a value before it is compared."""

    LOWER = "lower"
    UPPER = "upper"
    TRIM = "trim"
    LTRIM = "ltrim"
    RTRIM = "rtrim"
    COALESCE = "coalesce"  # with the constant that stands for NULL


class UniquePart(NamedTuple):
    """A field's value with functions applied, the innermost first; ``coalesce`` has its constant."""

    field: str
    functions: tuple[tuple[Function, Constant | None], ...] = ()


@dataclass(frozen=True, slots=True)
class UniqueSet:
    """Fields whose values together are unique.

    ``fields`` are names of managed fields (``"$key"`` stands for the key). ``plain`` is false where the
    constraint has a condition, an expression or an operator of its own, so that a database compares
    something else than these values. ``nulls_distinct`` is false where two NULLs collide.

    Of such a set ``parts`` are the values that are compared, none where only the database knows; rows
    for which the ``condition`` does not hold collide with none.
    """

    name: str
    fields: tuple[str, ...]
    plain: bool = True
    nulls_distinct: bool = True
    parts: tuple[UniquePart, ...] = ()
    condition: Condition | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The managed fields that it names, those of its condition too."""
        more = fields_of(self.condition) if self.condition else ()
        return tuple(dict.fromkeys((*self.fields, *(name for name in more if name != "$key"))))


class CheckRule(NamedTuple):
    """A check constraint: its ``condition`` is false of no row. ``fields`` are the managed ones it names."""

    name: str
    fields: tuple[str, ...]
    condition: Condition


UUID_NAME: Final = "$uuid"
"""The identity of a model whose rows are named by UUIDs."""


@dataclass(frozen=True)
class ModelSchema:
    """One model: its key, its managed fields, what must be unique, what must hold of each row.

    ``identity`` is empty for the primary key, else the names (possibly through relations,
    ``"section__slug"``) whose values make the key. ``parents`` are the labels of multi-table parents, and
    first that of the model whose rows give theirs their primary key; ``parent_constrained`` is false where
    the database lets such a row be without that one. ``key_targets`` are the labels that columns of the
    primary key refer to, ``key_by_value`` is true where one of these holds another unique value than its
    target's primary key: both matter to the order of writing alone and are not recorded. ``together``
    are groups of fields that are one value.
    """

    label: str
    key_kind: KeyKind
    layout: Layout
    fields: tuple[FieldSchema, ...]
    identity: tuple[str, ...] = ()
    unique: tuple[UniqueSet, ...] = ()
    parents: tuple[str, ...] = ()
    verbose_name: str = ""
    checks: tuple[CheckRule, ...] = ()
    parent_constrained: bool = True
    key_targets: tuple[str, ...] = field(default=(), compare=False)
    key_by_value: bool = field(default=False, compare=False)
    together: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, FieldSchema]:
        """The fields by name."""
        return MappingProxyType({each.name: each for each in self.fields})

    @cached_property
    def derived(self) -> frozenset[str]:
        """The names of the fields that the project computes from other content."""
        return frozenset(each.name for each in self.fields if each.derived)

    @cached_property
    def lists(self) -> frozenset[str]:
        """The many-to-many fields."""
        return frozenset(f.name for f in self.fields if f.kind is FieldKind.REFERENCES)

    @cached_property
    def orders(self) -> tuple[FieldSchema, ...]:
        """The fields that put records of the model in an order."""
        return tuple(each for each in self.fields if each.order_within is not None)

    @cached_property
    def unique_by_name(self) -> Mapping[str, UniqueSet]:
        """The unique sets by name."""
        return {each.name: each for each in self.unique}

    def companions(self, name: str) -> tuple[str, ...]:
        """The fields that are one value with the field, itself among them, in the order of names."""
        return self._group_of.get(name, (name,))

    @cached_property
    def _group_of(self) -> Mapping[str, tuple[str, ...]]:
        """The groups by each of their fields."""
        return {name: group for group in self.groups for name in group}

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The fields that are one value together, without those that are merged by rules of their own."""
        ruled = {
            each.name
            for each in self.fields
            if each.derived or each.moment or each.order_within is not None
        }
        return joined([name for name in each if name not in ruled] for each in self.together)

    @cached_property
    def computes(self) -> bool:
        """Whether a unique set compares something else than the values of its fields."""
        return any(each.parts or not each.plain for each in self.unique)

    @cached_property
    def named_through(self) -> frozenset[str]:
        """The references through which the key is read: their rows must be there for it to be known."""
        return frozenset(path.partition("__")[0] for path in self.identity if "__" in path)

    @property
    def local_key(self) -> bool:
        """Whether the primary key differs between databases, the key being made of other fields."""
        return bool(self.identity)


def looked_up(models: Mapping[str, ModelSchema]) -> frozenset[str]:
    """The models of which a new row has a primary key that is known only once the row is there.

    Their key is an identity, or a reference to such a row, or to another value than a primary key.
    """
    found = {label for label, each in models.items() if each.local_key or each.key_by_value}
    known = -1
    while known != len(found):
        known = len(found)
        found |= {label for label, each in models.items() if not found.isdisjoint(each.key_targets)}
    return frozenset(found)


def joined(groups: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """The groups, where those that share a name are merged, without groups of a single name."""
    found: dict[str, set[str]] = {}
    for group in groups:
        parts = {id(part): part for part in (found.setdefault(name, {name}) for name in group)}
        whole = max(parts.values(), key=len, default=set())
        for part in parts.values():
            if part is not whole:
                whole |= part
                found.update(dict.fromkeys(part, whole))
    wholes = {id(each): each for each in found.values()}
    return tuple(sorted(tuple(sorted(each)) for each in wholes.values() if len(each) > 1))


@dataclass(frozen=True)
class Schema:
    """The models of one dump, in the order of its specs."""

    models: Mapping[str, ModelSchema]
