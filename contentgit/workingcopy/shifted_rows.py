"""Rows of trees that an apply puts at other positions, without a step of their own.

They share a parent with rows that come, go or move: rows outside of a filter, of another dump, the originals
of a copy, or rows that no commit has yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from contentgit.content.records import Record, RecordKey
from contentgit.db.applier.trees import tie
from contentgit.db.identity import Identities
from contentgit.db.tables import Tree
from contentgit.db.titles import titles
from contentgit.db.trees.numbering import Given, Standing, arranged, given_places
from contentgit.plan.steps import Action, Plan, Step
from contentgit.workingcopy.planned import Contents, DumpPlan, ShiftedRow
from contentgit.workingcopy.project import Project, all_tables

NAMED: Final = 100
"""So many of them have a title."""


def shifted_rows(
    project: Project, dump_plans: Sequence[DumpPlan], plan: Plan, contents: Contents
) -> tuple[ShiftedRow, ...]:
    """The rows, by key. They are found as the apply places them; siblings that the library sorts are none."""
    tables = all_tables([work.dump for work in dump_plans])
    found: list[ShiftedRow] = []
    for label, table in tables.items():
        if table.tree is not None and table.tree.numbering.position:
            own = [step for step in plan.steps if step.key.model == label]
            found += _Outlook(table.tree, label, project.identities, own).shifted(contents)
    found.sort()
    named = titles(
        project.using, tables, [each.record for each in found[:NAMED]], {}, project.identities
    )
    return tuple(each._replace(title=named.get(each.record, "")) for each in found)


class _Outlook:
    """A tree as it will be. A row that is to be made has its key in place of a primary key."""

    def __init__(
        self, tree: Tree, label: str, identities: Identities, steps: Sequence[Step]
    ) -> None:
        self.tree, self.label, self.identities = tree, label, identities
        names = {tree.numbering.parent, tree.numbering.position}
        gone = (Action.DELETE, Action.CASCADE)
        self.gone = [step for step in steps if step.action in gone]
        self.placed = [
            step
            for step in steps
            if step.action is Action.CREATE
            or (step.action is Action.UPDATE and not names.isdisjoint(step.fields))
        ]

    def shifted(self, contents: Contents) -> Iterator[ShiftedRow]:
        if not self.gone and not self.placed:
            return
        before = self.tree.read()
        known = {self._handle(step.key, before) for step in (*self.gone, *self.placed)}
        if known.issuperset(before.rows):
            return
        gone = {self._handle(step.key, before) for step in self.gone}
        given, parents = dict[Any, Given](), dict(before.parents)
        records = contents.records(step.after for step in self.placed)
        for step, record in zip(self.placed, records, strict=True):
            handle = self._handle(step.key, before)
            given[handle] = self._given(record, before)
            parents[handle] = given[handle].parent
        rows = {pk: () for pk in (*before.rows, *given) if pk not in gone}
        now = Standing(rows, parents, {})
        places = given_places(self.tree.numbering, now, before.places, given)
        for parent, siblings in arranged(places, self._tie).items():
            for pk, position in self.tree.numbering.positions(parent, siblings):
                was = before.places.get(pk)
                if pk not in known and was is not None and was.position != position:
                    key = self.identities.key_text(self.label, pk) or str(pk)
                    yield ShiftedRow(RecordKey(self.label, key), "", was.position, position)

    def _handle(self, key: RecordKey, before: Standing) -> Any:
        pk = self.identities.pk(key.model, key.key)
        return pk if pk in before.rows else key

    def _given(self, record: Record, before: Standing) -> Given:
        names, fields = self.tree.numbering, record.fields
        above, position = fields.get(names.parent), fields.get(names.position)
        key = RecordKey(self.label, str(above).partition(":")[2])
        return Given(
            None if above is None else self._handle(key, before),
            position if isinstance(position, int) else None,
            names.parent in fields,
        )

    def _tie(self, pk: Any) -> tuple[Any, ...]:
        if isinstance(pk, RecordKey):
            return (0, pk.sort_key)
        return tie(self.identities, self.label, pk)
