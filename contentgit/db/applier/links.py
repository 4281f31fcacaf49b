"""Many-to-many references: rows of through tables, added and removed in bounded batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Model

from contentgit.db.applier.bulk import BATCH, Bulk
from contentgit.db.applier.rows import Row, decoded
from contentgit.db.applier.signals import Signals
from contentgit.db.tables import Rows, Table, Tables
from contentgit.plan.steps import Action, Links, Step


def own_links(model: type[Model]) -> Iterator[tuple[type[Model], str]]:
    """The automatic through tables of the model's own many-to-many fields, and the source column."""
    for field in model._meta.local_many_to_many:
        through: Any = field.remote_field.through
        if through._meta.auto_created:
            yield through, field.m2m_column_name()


class LinkWriter:
    """Removes and adds the references of an apply's steps.

    Made before the first row is written: a row that the apply deletes has the column value of the references
    to it.
    """

    def __init__(self, bulk: Bulk, signals: Signals, tables: Tables, steps: Sequence[Step]) -> None:
        self.bulk = bulk
        self.signals = signals
        self.tables = tables
        self.gone = dict(self._values_of_gone(steps))

    def write(self, steps: Sequence[Step], *, last: bool) -> Iterator[type[Model]]:
        """Write the references of the steps: those of, or to, models that are written last, or all others.

        Yields each through model before it is written.
        """
        for action in ("remove", "add", "order"):
            for found, model, name in _batches(steps, action):
                table = self.tables[model]
                if self._is_last(table, name) is last:
                    yield table.relation[name].through
                    if action == "order":
                        self._arrange(table, name, found)
                    else:
                        self._write(table, name, found, action)

    def _is_last(self, table: Table, name: str) -> bool:
        target = self.tables.get(table.relation[name].schema.target)
        return table.write_last or (target is not None and target.write_last)

    def _write(
        self, table: Table, name: str, found: Sequence[tuple[Step, Links]], action: str
    ) -> None:
        relation, backend = table.relation[name], self.bulk.backend
        pairs = [(step, target) for step, links in found for target in getattr(links, action)]
        steps = [step for step, _ in pairs]
        rows = self._rows(table, name, pairs)
        columns = (relation.source, relation.target)

        def change(some: Rows) -> int:
            if action == "add":
                return backend.insert(relation.table, columns, some)
            # A link that has gone with its target, or is there twice, is removed all the same.
            backend.delete(relation.table, columns, some)
            return len(some)

        self.signals.link(
            table, relation, rows, action, lambda: self.bulk.write(steps, rows, change)
        )

    def _arrange(self, table: Table, name: str, found: Sequence[tuple[Step, Links]]) -> None:
        """Write whole lists: what stays in one is written anew, as numbers may be unique."""
        relation, backend = table.relation[name], self.bulk.backend
        order = relation.order
        assert order is not None
        ends = (relation.source, relation.target)
        pairs = [(step, target) for step, links in found for target in links.order or ()]
        places = (place for _, links in found for place in range(1, 1 + len(links.order or ())))
        new = {(step.key, target) for step, links in found for target in links.add}
        plain, steps = self._rows(table, name, pairs), [step for step, _ in pairs]
        rows = [(*row, order.param(place)) for row, place in zip(plain, places, strict=True)]
        marked = zip(pairs, plain, strict=True)
        added = [row for (step, target), row in marked if (step.key, target) in new]

        def change(some: Rows) -> int:
            backend.delete(relation.table, ends, [row[:2] for row in some])
            return backend.insert(relation.table, (*ends, order), some)

        def write() -> None:
            self.bulk.write(steps, rows, change)

        if added:
            self.signals.link(table, relation, added, "add", write)
        else:
            write()

    def _rows(self, table: Table, name: str, pairs: Sequence[tuple[Step, str]]) -> list[Row]:
        """Source and target of each reference; many refer to the same ones."""
        known: dict[str, Any] = {}
        for step, target in pairs:
            if target not in known:
                place = (table.label, name, target)
                gone = place in self.gone
                known[target] = self.gone[place] if gone else _value(table, name, step, target)
        sources = table.decode_keys([step.key.key for step, _ in pairs])
        ends = zip(sources, pairs, strict=True)
        return [(*source, known[target]) for source, (_, target) in ends]

    def _values_of_gone(self, steps: Sequence[Step]) -> Iterator[tuple[tuple[str, str, str], Any]]:
        deleted = (Action.DELETE, Action.CASCADE)
        gone = {str(step.key) for step in steps if step.action in deleted}
        removed = {
            (step.key.model, links.field, target): step
            for step in steps
            if step.action is Action.UPDATE
            for links in step.links
            for target in links.remove
            if target in gone
        }
        for (model, name, target), step in removed.items():
            yield (model, name, target), _value(self.tables[model], name, step, target)


def _value(table: Table, name: str, step: Step, target: str) -> Any:
    return decoded(step.key, name, table.relation[name].decode_target, target)


def _batches(
    steps: Sequence[Step], action: str
) -> Iterator[tuple[Sequence[tuple[Step, Links]], str, str]]:
    """(steps with what changes, model, field) of what is removed, added or ordered, in bounded batches.

    References of an order are not added, as the whole list is written.
    """
    waiting: dict[tuple[str, str], list[tuple[Step, Links]]] = {}
    sizes: Counter[tuple[str, str]] = Counter()
    for step in steps:
        for links in step.links if step.action in (Action.CREATE, Action.UPDATE) else ():
            targets = () if action == "add" and links.order is not None else getattr(links, action)
            if targets:
                place = (step.key.model, links.field)
                waiting.setdefault(place, []).append((step, links))
                sizes[place] += len(targets)
                if sizes[place] >= BATCH:
                    del sizes[place]
                    yield waiting.pop(place), *place
    for place, found in waiting.items():
        yield found, *place
