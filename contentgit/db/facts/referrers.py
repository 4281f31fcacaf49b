"""The rows that refer to rows to be deleted, and those that share a parent with a row to be created."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar

from django.apps import apps
from django.db.models import Model

from contentgit.content.records import RecordKey, by_model
from contentgit.content.schema import OnDelete
from contentgit.db.facts.relations import Relation, parent_links, relations
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import label_of
from contentgit.db.introspect import table
from contentgit.db.queries import Row, rows_among, table_test
from contentgit.db.tables import BoundField, Column, Table, Tables
from contentgit.db.trees.numbering import Place
from contentgit.errors import RecordError
from contentgit.integrity.relations import PARENT
from contentgit.plan import Item, Survey, stays
from contentgit.plan.facts import Presence, Referrer, Sibling
from contentgit.specs import ModelSpec

T = TypeVar("T")

_WaysUp: TypeAlias = AbstractSet[tuple[str, str]]
"""Fields that refer to multi-table parents, each with the label of the parent's model."""


class Membership(Protocol):
    """What is asked of a dump's reader."""

    identities: Identities

    def existing(self, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """Those of the keys that have a row, whether or not a filter matches it."""
        ...

    def members(self, label: str, keys: Iterable[RecordKey]) -> set[RecordKey]:
        """Those of the keys whose row matches a filter of the dump."""
        ...

    def filter_of(self, spec: ModelSpec) -> Mapping[str, Any]:
        """The spec's filter as it is in this database."""
        ...


@dataclass
class Source:
    """One database, seen through the dumps of one apply.

    ``tables`` are those of all dumps, ``readers`` are by dump folder; there is at least one.
    """

    using: str
    tables: Tables
    survey: Survey
    readers: Mapping[str, Membership]
    _bound: dict[str, Table] = field(default_factory=dict)

    @property
    def identities(self) -> Identities:
        """Record keys to primary keys and back."""
        return next(iter(self.readers.values())).identities

    def table(self, label: str) -> Table:
        """The table of any model of the project."""
        if label in self.tables:
            return self.tables[label]
        if label not in self._bound:
            self._bound[label] = table(label, self.identities, self.using)
        return self._bound[label]

    def has_table(self, model: type[Model]) -> bool:
        """Whether the model's table exists; a project may have models without one."""
        return self._exists(model._meta.db_table)

    @cached_property
    def _exists(self) -> Callable[[str], bool]:
        return table_test(self.using, views=True)

    def dumps_of(self, label: str, keys: Sequence[RecordKey]) -> dict[RecordKey, str]:
        """The applied dump that each row belongs to; rows outside of all are left out."""
        found: dict[RecordKey, str] = {}
        for dump, reader in self.readers.items():
            if label in self.survey.datasets[dump].models and keys:
                for key in reader.members(label, keys):
                    found.setdefault(key, dump)
        return found


def fetch_referrers(
    source: Source, presence: Presence, deletes: Iterable[RecordKey]
) -> Iterator[Referrer]:
    """What refers to the rows to be deleted, and to the rows outside that would be deleted with them.

    Queries are proportional to relations and to the length of cascades, not to rows.
    """
    roots = frozenset(deletes)
    seen = set(roots)
    standing: dict[str, Mapping[Any, Place]] = {}
    frontier: set[RecordKey] = set(roots)
    while frontier:
        found = [
            referrer
            for label, keys in sorted(by_model(sorted(frontier)).items())
            for relation in relations(source.table(label).model, source.identities)
            if source.has_table(relation.model)
            for referrer in _with_dumps(source, relation, _referring(source, relation, keys))
        ]
        found += [
            referrer
            for label, keys in sorted(by_model(sorted(frontier)).items())
            for referrer in _below(source, label, keys, standing)
        ]
        frontier -= roots
        found += [
            referrer
            for label, keys in sorted(by_model(sorted(frontier)).items())
            for referrer in _parents(source, label, keys)
        ]
        yield from found
        frontier = {
            each.through or each.key
            for each in found
            if each.on_delete is OnDelete.CASCADE and not stays(each, source.survey, presence)
        } - seen
        seen |= frontier


def _referring(
    source: Source, relation: Relation, keys: list[RecordKey]
) -> Iterator[tuple[RecordKey, RecordKey, RecordKey | None]]:
    """(the row that refers, what it refers to, through which row) for each reference to the keys."""
    table = source.table(relation.label)
    columns = (*table.key_columns, *relation.field.columns)
    owner = relation.owner
    if owner is not None:
        columns += owner.source.columns
    values = list(_parameters(relation.field, keys))
    width = len(table.key_columns)
    end = width + len(relation.field.columns)
    rows = list(rows_among(table.name, columns, relation.field.columns, values, source.using))
    if relation.children:
        rows = _being(source, relation, table, rows)
    if rows and relation.field.prepare is not None:
        relation.field.prepare(*zip(*(row[width:end] for row in rows), strict=True))
    for row in rows:
        key = RecordKey(table.label, table.encode_key(*row[:width]))
        target = RecordKey.parse(relation.field.encode(*row[width:end]))
        if owner is None:
            yield key, target, None
        else:
            yield RecordKey.parse(owner.source.encode(*row[end:])), target, key


def _being(source: Source, relation: Relation, table: Table, rows: list[Row]) -> list[Row]:
    """Those of the table's rows, which begin with the key, that are such children too."""
    width = len(table.key_columns)
    by_key = {RecordKey(table.label, table.encode_key(*row[:width])): row for row in rows}
    for model, link in relation.children:
        child = source.table(label_of(model))
        parents = [link.decode(str(key)) for key in by_key]
        pairs = _linked(source, child, link, link.columns, parents)
        by_key = {key: by_key[parent] for parent, key in pairs}
    return list(by_key.values())


def _parameters(field: BoundField, keys: list[RecordKey]) -> Iterator[Row]:
    for key in keys:
        try:
            yield field.decode(str(key))
        except RecordError:
            continue  # no column can hold a reference to that row, so none does


def _with_dumps(
    source: Source,
    relation: Relation,
    found: Iterable[tuple[RecordKey, RecordKey, RecordKey | None]],
) -> Iterator[Referrer]:
    rows, owner = list(found), relation.owner
    label = owner.label if owner else relation.label
    name = owner.name if owner else relation.field.name
    table = source.tables.get(label)
    managed = relation.identifies or (
        table is not None and (name in table.field or name in table.relation)
    )
    dumps = source.dumps_of(label, sorted({key for key, _, _ in rows}))
    for key, target, through in rows:
        yield Referrer(
            key,
            name,
            target,
            relation.on_delete,
            dump=dumps.get(key, ""),
            managed=managed,
            constrained=relation.constrained,
            through=through,
            value=relation.value,
            related=relation.related,
        )


def _below(
    source: Source, label: str, keys: list[RecordKey], standing: dict[str, Mapping[Any, Place]]
) -> Iterator[Referrer]:
    """The rows that stand below these rows in a tree, where no column refers to the row above.

    ``standing`` keeps the places of the rows of each model.
    """
    tree = source.table(label).tree
    if tree is None or tree.numbering.linked:
        return
    if label not in standing:
        standing[label] = tree.read().places
    places = standing[label]
    identities, name = source.identities, tree.numbering.parent
    above = {identities.pk(label, key.key): key for key in keys}
    found = {
        RecordKey(label, text): above[place.parent]
        for pk, place in places.items()
        if place.parent in above and (text := identities.key_text(label, pk)) is not None
    }
    dumps = source.dumps_of(label, sorted(found))
    for key, target in found.items():
        dump = dumps.get(key, "")
        yield Referrer(key, name, target, OnDelete.CASCADE, dump=dump, managed=True)


def _parents(source: Source, label: str, keys: list[RecordKey]) -> Iterator[Referrer]:
    """The multi-table parents that are deleted with these rows."""
    table = source.table(label)
    for link in parent_links(table.model, source.identities):
        children = table.decode_keys([key.key for key in keys])
        pairs = _linked(source, table, link, table.key_columns, children)
        dumps = source.dumps_of(link.schema.target, [parent for parent, _ in pairs])
        for parent, child in pairs:
            dump = dumps.get(parent, "")
            yield Referrer(parent, link.name, child, OnDelete.CASCADE, dump=dump, parent=True)


def _linked(
    source: Source, table: Table, link: BoundField, wanted: Sequence[Column], values: list[Row]
) -> list[tuple[RecordKey, RecordKey]]:
    """(what ``link`` refers to, the row) of the table's rows whose columns ``wanted`` hold a value."""
    width = len(table.key_columns)
    columns = (*table.key_columns, *link.columns)
    return [
        (
            RecordKey.parse(str(link.encode(*row[width:]))),
            RecordKey(table.label, table.encode_key(*row[:width])),
        )
        for row in rows_among(table.name, columns, wanted, values, source.using)
    ]


# Siblings


def fetch_siblings(
    source: Source, existing: Collection[RecordKey], writes: Mapping[RecordKey, Item]
) -> Iterator[Sibling]:
    """The other children of existing parents' rows.

    Queries are proportional to models, not to rows.
    """
    adopted: dict[str, dict[RecordKey, list[RecordKey]]] = defaultdict(lambda: defaultdict(list))
    ways: dict[str, _WaysUp] = {}
    for key, item in writes.items():
        ways_up = ways.get(key.model)
        if ways_up is None:
            ways_up = ways[key.model] = _ways_up(source.table(key.model), source)
        for reference in item.wanted if ways_up else ():
            parent = reference.target
            if (reference.field, parent.model) in ways_up and parent in existing:
                adopted[parent.model][parent].append(key)
    for label, children in adopted.items():
        for child, link in _child_tables(source, label):
            yield from _sharing(source, child, link, children)


def _ways_up(table: Table, source: Source) -> _WaysUp:
    """How records of the table name the rows of their multi-table parents."""
    links = list(parent_links(table.model, source.identities)) if table.model._meta.parents else []
    named = {(link.name, link.schema.target) for link in links}
    return named | {(PARENT, link.schema.target) for link in links if link.name not in table.field}


def _child_tables(source: Source, label: str) -> Iterator[tuple[Table, BoundField]]:
    for model in apps.get_models():
        if model._meta.proxy or not model._meta.parents or not source.has_table(model):
            continue
        for link in parent_links(model, source.identities):
            if link.schema.target == label:
                yield source.table(label_of(model)), link


def _sharing(
    source: Source, table: Table, link: BoundField, children: Mapping[RecordKey, list[RecordKey]]
) -> Iterator[Sibling]:
    parents = [link.decode(str(parent)) for parent in children]
    found = _linked(source, table, link, link.columns, parents)
    dumps = source.dumps_of(table.label, [key for _, key in found])
    for parent, key in found:
        for child in children[parent]:
            if child.model != table.label:
                yield Sibling(child, parent, key, dumps.get(key, ""))
