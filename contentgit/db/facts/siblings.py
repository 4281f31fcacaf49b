"""Rows that share a multi-table parent with a record that is about to get that parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from django.apps import apps

from contentgit.content.records import RecordKey
from contentgit.db.facts.referrers import Source
from contentgit.db.facts.relations import parent_links
from contentgit.db.identity import label_of
from contentgit.db.tables import BoundField, Table
from contentgit.plan import Item
from contentgit.plan.facts import Sibling


def fetch_siblings(
    source: Source, existing: Collection[RecordKey], writes: Mapping[RecordKey, Item]
) -> Iterator[Sibling]:
    """The other children of parents' rows that are there already.

    Queries are proportional to models, not to rows.
    """
    adopted: dict[str, dict[RecordKey, list[RecordKey]]] = defaultdict(lambda: defaultdict(list))
    for key, item in writes.items():
        for parent in _parents(source.table(key.model), item, source):
            if parent in existing:
                adopted[parent.model][parent].append(key)
    for label, children in adopted.items():
        for table, link in _child_tables(source, label):
            yield from _sharing(source, table, link, children)


def _parents(table: Table, item: Item, source: Source) -> Iterator[RecordKey]:
    """The parents that the item gives to its record."""
    if not table.model._meta.parents:
        return
    links = list(parent_links(table.model, source.identities))
    names = {link.name for link in links}
    same_key = {link.schema.target for link in links if link.name not in table.field}
    for wish in item.wishes:
        if wish.field in names or (wish.field == "$key" and wish.target.model in same_key):
            yield wish.target


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
    width = len(table.key_columns)
    found: list[tuple[RecordKey, RecordKey]] = []
    for row in source.rows_among(
        table.name,
        (*table.key_columns, *link.columns),
        link.columns,
        [link.decode(str(parent)) for parent in children],
    ):
        parent = RecordKey.parse(str(link.encode(*row[width:])))
        found.append((parent, RecordKey(table.label, table.encode_key(*row[:width]))))
    dumps = source.dumps_of(table.label, [key for _, key in found])
    for parent, key in found:
        for child in children[parent]:
            if child.model != table.label:
                yield Sibling(child, parent, key, dumps.get(key, ""))
