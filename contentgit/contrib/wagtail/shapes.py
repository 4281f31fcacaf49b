"""Where primary keys are in JSON whose form follows from definitions: blocks of a stream, rows as JSON.

A shape is what is known of a value: a label means that it is a primary key, references that they find some
in it, ``None`` that nothing is in it. What does not have its shape is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from contentgit.references import References
from contentgit.references.paths import Leaf
from contentgit.references.places import Target


class Form:
    """The shape of a list or an object."""

    @property
    def inner(self) -> Iterable[Shape]:
        """The shapes of what is in it."""
        raise NotImplementedError

    @property
    def targets(self) -> Iterable[Target]:
        """See :class:`contentgit.references.paths.JsonPlaces`."""
        return _targets(self)

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`contentgit.references.paths.JsonPlaces`."""
        raise NotImplementedError


Shape: TypeAlias = str | References | Form | None


@dataclass(frozen=True)
class Fields(Form):
    """An object whose values have shapes by name; anything but an object has the shape ``other``.

    ``generic`` names pairs, the model of a row and its primary key; ``label`` gives the label for what
    ``leaf`` makes of the model.
    """

    shapes: Mapping[str, Shape]
    other: Shape = None
    generic: tuple[tuple[str, str], ...] = ()
    label: Callable[[Any], str | None] | None = None

    @property
    def inner(self) -> Iterable[Shape]:
        """See :class:`Form`."""
        return [*self.shapes.values(), self.other]

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`Form`."""
        if not isinstance(value, dict):
            return mapped(self.other, value, leaf)
        found = {name: mapped(self.shapes.get(name), each, leaf) for name, each in value.items()}
        for model, pk in self.generic if self.label else ():
            label = self.label(found.get(model)) if self.label else None
            if label and pk in value:
                found[pk] = leaf(value[pk], label)
        return found


@dataclass(frozen=True)
class Each(Form):
    """A list of values of one shape."""

    shape: Shape

    @property
    def inner(self) -> Iterable[Shape]:
        """See :class:`Form`."""
        return [self.shape]

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`Form`."""
        if not isinstance(value, list):
            return value
        return [mapped(self.shape, each, leaf) for each in value]


@dataclass(frozen=True)
class Items(Each):
    """A list block: its values are bare, as in old releases, or in objects of the type ``item``."""

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`Form`."""
        if not isinstance(value, list):
            return value
        return [
            {**each, "value": mapped(self.shape, each["value"], leaf)}
            if isinstance(each, dict) and each.get("type") == "item" and {"id", "value"} <= {*each}
            else mapped(self.shape, each, leaf)
            for each in value
        ]


@dataclass(frozen=True)
class Stream(Form):
    """A list of objects with a ``value`` whose shape is known by their ``type``."""

    shapes: Mapping[str, Shape]

    @property
    def inner(self) -> Iterable[Shape]:
        """See :class:`Form`."""
        return self.shapes.values()

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`Form`."""
        if not isinstance(value, list):
            return value
        return [self._block(each, leaf) for each in value]

    def _block(self, block: Any, leaf: Leaf) -> Any:
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(kind, str) or "value" not in block:
            return block
        return {**block, "value": mapped(self.shapes.get(kind), block["value"], leaf)}


@dataclass(frozen=True)
class Table(Form):
    """A table whose columns have types, each with a shape."""

    shapes: Mapping[str, Shape]

    @property
    def inner(self) -> Iterable[Shape]:
        """See :class:`Form`."""
        return self.shapes.values()

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """See :class:`Form`."""
        columns = value.get("columns") if isinstance(value, dict) else None
        rows = value.get("rows") if isinstance(value, dict) else None
        if not isinstance(columns, list) or not isinstance(rows, list):
            return value
        kinds = [each.get("type") if isinstance(each, dict) else None for each in columns]
        shapes = [self.shapes.get(each) if isinstance(each, str) else None for each in kinds]
        return {**value, "rows": [_row(each, shapes, leaf) for each in rows]}


def _row(row: Any, shapes: list[Shape], leaf: Leaf) -> Any:
    values = row.get("values") if isinstance(row, dict) else None
    if not isinstance(values, list) or len(values) != len(shapes):
        return row
    return {**row, "values": [mapped(*each, leaf) for each in zip(shapes, values, strict=True)]}


def mapped(shape: Shape, value: Any, leaf: Leaf) -> Any:
    """The value with what ``leaf`` makes of each primary key, and of texts that hold some."""
    if shape is None:
        return value
    return shape.mapped(value, leaf) if isinstance(shape, Form) else leaf(value, shape)


def only(shape: Form) -> Form | None:
    """The shape, if anything is in it."""
    return shape if any(each is not None for each in shape.inner) else None


def _targets(form: Form) -> Iterator[Target]:
    """The targets in it, also where a form is in itself."""
    left, seen = [form], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        for shape in each.inner:
            if isinstance(shape, Form):
                left.append(shape)
            elif shape is not None:
                yield shape
