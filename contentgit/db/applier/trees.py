"""Numbers the trees whose rows were made, moved or deleted, when all rows are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

from contentgit.content.diff import ABSENT, Absent
from contentgit.content.portions import batches
from contentgit.content.records import RecordKey, Value
from contentgit.db.applier.bulk import BATCH
from contentgit.db.backends import Backend
from contentgit.db.identity import Identities
from contentgit.db.tables import Table, Tree
from contentgit.db.trees.numbering import (
    Given,
    Numbers,
    Place,
    Standing,
    arranged,
    given_places,
)
from contentgit.errors import RecordError, RefusedError

_Given: TypeAlias = tuple[Value | Absent, Value | Absent]
"""The parent and the position of a record."""

_SHOWN = 5
_MOST = 2**31 - 1
"""The highest number that the columns of the libraries hold."""


class TreeWriter:
    """The places that the records of one apply give to rows, by model and key."""

    def __init__(self, backend: Backend, identities: Identities) -> None:
        self.backend = backend
        self.identities = identities
        self._given: dict[str, dict[str, _Given]] = defaultdict(dict)
        self._touched: dict[str, tuple[Table, Tree, Mapping[Any, Place]]] = {}

    def touch(self, table: Table) -> None:
        """Rows of the table are about to come, go, move, or lose their parents.

        A row of which no record says anything keeps the position that it has now; others change its rank.
        """
        if table.tree is not None and table.label not in self._touched:
            self._touched[table.label] = table, table.tree, table.tree.read().places

    def make(self, table: Table, key: RecordKey, values: Mapping[str, Any]) -> None:
        """The new row is to stand where the record with these values says.

        Raises:
            RecordError: it does not say that.
        """
        names = {each.name for each in table.fields if each.placed}
        if not names <= values.keys():
            raise RecordError(
                f"{key}: its record does not say where it stands in the tree",
                hint=f'it was committed without "tree" in the spec of {table.label}; commit it again',
            )
        self.place(table, key, tuple(values), values)

    def place(
        self, table: Table, key: RecordKey, fields: Sequence[str], values: Mapping[str, Any]
    ) -> None:
        """The row is to stand where the record with these values says, if one of the fields is about that."""
        if table.tree is None:
            return
        names = table.tree.numbering
        decisive = (names.parent, names.position, *names.sources, *_fields(names.sorted_by))
        if not set(fields).isdisjoint(decisive):
            self.touch(table)
            given = values.get(names.parent, ABSENT), values.get(names.position, ABSENT)
            _check(key, table.tree, *given)
            self._given[table.label][key.key] = given

    def write(self) -> None:
        """Write the numbers that differ.

        Raises:
            RefusedError: a row would stand nowhere: below itself, or below one that is gone.
        """
        for label, (table, tree, before) in self._touched.items():
            now = tree.read()
            places = self._places(label, tree, before, now)
            changed = self._numbers(label, tree, now, places)
            self._save(table, tree, now.rows, changed)
            tree.forget()
        self._touched.clear()
        self._given.clear()

    def _places(
        self, label: str, tree: Tree, before: Mapping[Any, Place], now: Standing
    ) -> dict[Any, Place]:
        """Where each row is to stand."""
        given = {
            self.identities.row_pk(label, text): Given(
                None if tree.numbering.linked or parent is ABSENT else self._pk(label, parent),
                position if isinstance(position, int) else None,
                parent is not ABSENT,
            )
            for text, (parent, position) in self._given[label].items()
        }
        return given_places(tree.numbering, now, before, given)

    def _pk(self, label: str, reference: Value) -> Any | None:
        if reference is None:
            return None
        return self.identities.row_pk(label, str(reference).partition(":")[2])

    def _numbers(
        self,
        label: str,
        tree: Tree,
        now: Standing,
        places: Mapping[Any, Place],
    ) -> dict[Any, Numbers]:
        """The rows whose numbers are to be others."""
        changed, reached = {}, set()
        try:
            children = arranged(places, partial(tie, self.identities, label), tree.ranks())
            for pk, numbers in tree.numbering.numbers(children, tree.sources()):
                reached.add(pk)
                if now.rows.get(pk) != numbers:
                    changed[pk] = numbers
        except OverflowError as error:
            raise RefusedError(f"{label}: {error}", hint="nothing has changed") from error
        lost = now.rows.keys() - reached
        if lost:
            raise self._refused(label, tree, now.rows, places, lost)
        return changed

    def _refused(
        self,
        label: str,
        tree: Tree,
        rows: Mapping[Any, Numbers],
        places: Mapping[Any, Place],
        lost: set[Any],
    ) -> RefusedError:
        """What is wrong with rows that no root is above of: the highest of them, as far as there are any."""
        tops = [pk for pk in lost if pk not in places or places[pk].parent not in rows]
        texts = []
        for pk in tops or lost:
            text = f"{label}:{self.identities.key_text(label, pk) or pk}"
            if pk not in places:
                texts.append(f"{text}: {tree.broken(rows[pk])}")
            elif tops:
                texts.append(f"{text} stands below a row that is deleted")
            else:
                texts.append(f"{text} stands below itself")
        texts.sort()
        more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
        return RefusedError(
            f"{label}: not all rows have a place in the tree; nothing has changed",
            items=texts[:_SHOWN] + more,
            hint=tree.way_on if len(places) < len(rows) else "",
        )

    def _save(
        self,
        table: Table,
        tree: Tree,
        rows: Mapping[Any, Numbers],
        changed: Mapping[Any, Numbers],
    ) -> None:
        # A path is unique: a row that another one takes the path of has none meanwhile.
        taken = {numbers[0] for numbers in changed.values()}
        waiting = [pk for pk in changed if pk in rows and rows[pk][0] in taken]
        first, empty = tree.columns[:1], tree.numbering.empty
        for some in batches(waiting, BATCH):
            parked = [
                (first[0].param(empty(0, uuid4().hex)), tree.key.param(pk))
                for pk in some
                if rows[pk][0] != changed[pk][0]
            ]
            self.backend.update(table.name, first, (tree.key,), parked)
        for pairs in batches(changed.items(), BATCH):
            written = [
                (
                    *(c.param(number) for c, number in zip(tree.columns, numbers, strict=True)),
                    tree.key.param(pk),
                )
                for pk, numbers in pairs
            ]
            self.backend.update(table.name, tree.columns, (tree.key,), written)


def tie(identities: Identities, label: str, pk: Any) -> tuple[Any, ...]:
    """What decides between rows at one position: their keys, as in a merge."""
    text = identities.key_text(label, pk)
    return (1, str(pk)) if text is None else (0, RecordKey(label, text).sort_key)


def _fields(sorted_by: Iterable[str]) -> Iterator[str]:
    """The fields of the row by which siblings are sorted."""
    return (name.removeprefix("-").partition("__")[0] for name in sorted_by)


def _check(key: RecordKey, tree: Tree, parent: Value | Absent, position: Value | Absent) -> None:
    """Refuses what is no place in a tree."""
    names = tree.numbering
    if position is not ABSENT and not (type(position) is int and 0 <= position <= _MOST):
        text = f"this is no position in a tree: {position!r}"
        raise RecordError(f"{key}: {names.position}: {text}")
    if names.linked or parent is None or parent is ABSENT:
        return
    label, _, text = parent.partition(":") if isinstance(parent, str) else ("", "", "")
    if label != key.model or not text:
        raise RecordError(f"{key}: {names.parent}: this is no reference to {key.model}: {parent!r}")
