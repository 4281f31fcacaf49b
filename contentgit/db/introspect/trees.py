"""Tables whose rows are a tree: what a library computes, as the parent and the position of a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from contentgit.content.records import Value
from contentgit.content.schema import FieldKind, FieldSchema, OnDelete
from contentgit.db.identity import Identities
from contentgit.db.introspect.binding import column, column_codec
from contentgit.db.queries import Row, python_rows, rows_of, select, stream
from contentgit.db.tables import BoundField, Column
from contentgit.db.trees.numbering import Numbering, Numbers, Place, Standing
from contentgit.errors import RecordError


@dataclass
class BoundTree:
    """See :class:`contentgit.db.tables.Tree`. ``link`` is the column of the parent where rows link to it,
    ``others`` are those of fields that the numbers depend on, too.

    The numbers of all rows are held while rows are read: what stands beside a row decides its position.
    """

    model: type[Model]
    numbering: Numbering
    key: Column
    columns: tuple[Column, ...]
    link: Column | None
    others: tuple[Column, ...]
    using: str
    _known: dict[Numbers, Place] | None = field(default=None, repr=False)

    @property
    def marks(self) -> tuple[Column, ...]:
        """The columns that tell where a row stands."""
        return self.columns[: self.numbering.marks]

    def read(self) -> Standing:
        """See :meth:`contentgit.db.tables.Tree.read`."""
        rows, parents = dict[Any, Numbers](), dict[Any, Any]()
        for pk, numbers, parent in self._rows():
            rows[pk] = numbers
            if parent is not None:
                parents[pk] = parent
        return Standing(rows, parents, self.numbering.places(rows, parents))

    def sources(self) -> Mapping[Any, Numbers]:
        """See :meth:`contentgit.db.tables.Tree.sources`."""
        if not self.others:
            return {}
        return {row[0]: row[1:] for row in self._select((self.key, *self.others))}

    def ranks(self) -> Mapping[Any, int] | None:
        """See :meth:`contentgit.db.tables.Tree.ranks`."""
        by = self.numbering.sorted_by
        if not by:
            return None
        marks = (each.attname for each in self.marks)  # rows with equal values stay as they stand
        rows = rows_of(self.model, self.using).order_by(*by, *marks, "pk")
        return {pk: rank for rank, pk in enumerate(rows.values_list("pk", flat=True).iterator())}

    def place(self, marks: Numbers) -> Place:
        """Where the row with these numbers stands.

        Raises:
            RecordError: it stands nowhere.
        """
        if self._known is None or marks not in self._known:  # it may have come since
            rows, _, places = self.read()
            count = self.numbering.marks
            self._known = {rows[pk][:count]: place for pk, place in places.items()}
        found = self._known.get(marks)
        if found is None:
            raise RecordError(self.broken(marks), hint=self.way_on)
        return found

    def forget(self) -> None:
        """The rows may have changed."""
        self._known = None

    def broken(self, numbers: Numbers) -> str:
        """What is wrong with a row with these numbers, which stands nowhere."""
        pairs = zip(self.numbering.columns, numbers, strict=False)
        said = ", ".join(f"{name} {number!r}" for name, number in pairs)
        return f"the row with {said} stands nowhere in the tree: {self.numbering.fault}"

    @property
    def way_on(self) -> str:
        """What mends a tree."""
        return self.numbering.way_on

    def _rows(self) -> Iterator[tuple[Any, Numbers, Any]]:
        """The primary key, the numbers and the linked parent of each row."""
        links = () if self.link is None else (self.link,)
        end = len(self.columns) + 1
        for row in self._select((self.key, *self.columns, *links)):
            yield row[0], row[1:end], row[end] if links else None

    def _select(self, columns: tuple[Column, ...]) -> Iterator[Row]:
        head = select(self.model._meta.db_table, columns, self.using)
        for some in stream((head, ()), self.using):
            yield from python_rows(columns, some)


def bound_tree(model: type[Model], identities: Identities, numbering: Numbering) -> BoundTree:
    """The tree in the model's table."""

    def bound(name: str) -> Column:
        own: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
        made = column_codec(own, identities.using)
        assert made is not None, name
        return column(own, made, identities.using)

    link = bound(numbering.parent) if numbering.linked else None
    columns = tuple(map(bound, numbering.columns))
    others = tuple(map(bound, numbering.sources))
    return BoundTree(model, numbering, bound("pk"), columns, link, others, identities.using)


def tree_fields(tree: BoundTree, identities: Identities) -> Iterator[BoundField]:
    """The fields of a record that say where its row stands."""
    label, names = tree.model._meta.label_lower, tree.numbering

    def position(*marks: Any) -> Value:
        return tree.place(marks).position

    def parent(*marks: Any) -> Value:
        above = tree.place(marks).parent
        text = None if above is None else identities.key_text(label, above)
        if above is not None and text is None:
            raise RecordError(f"the row above it, with primary key {above!r}, has no key")
        return None if above is None else f"{label}:{text}"

    def unwritten(_content: Value) -> tuple[Any, ...]:
        return ()

    if names.position:
        schema = FieldSchema(names.position, FieldKind.INTEGER)
        yield BoundField(schema, tree.marks, position, unwritten, placed=True)
    if not names.linked:
        schema = FieldSchema(
            names.parent,
            FieldKind.REFERENCE,
            null=True,
            target=label,
            on_delete=OnDelete.CASCADE,
        )
        yield BoundField(schema, tree.marks, parent, unwritten, placed=True)
