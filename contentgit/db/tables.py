"""A model bound to its table: its columns, and the conversion of each field's content to them and back.

:mod:`contentgit.db.introspect` builds these from ``_meta``; the reader and the applier use nothing else
of a model. Rows are read and written as tuples of column values, never as model instances: that is
8 to 14 times the speed of ``dumpdata`` (values_list) and 12 to 18 times that of ``loaddata``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from django.core.files.storage import Storage
from django.db.models import Model

from contentgit.content.records import Value
from contentgit.content.schema import FieldSchema, ModelSchema, UniqueSet
from contentgit.db.trees.numbering import Numbering, Numbers, Standing


@dataclass(frozen=True)
class Column:
    """One column: its name, and the conversion of a Python value to a parameter of an SQL statement.

    ``attname`` is the name that ``values_list`` takes. ``param`` turns the Python value (what the plain
    Django field of that column holds) into what the driver takes. ``cast`` is the placeholder, ``"%s"``
    or one with a cast where the database cannot infer the type. ``select`` is the expression that reads
    the column, with ``%s`` for its quoted name; ``read`` turns what the driver then gives, if it is not
    ``None``, into the Python value, and is ``None`` where it is that value already.
    """

    name: str
    attname: str
    param: Callable[[Any], Any]
    cast: str = "%s"
    select: str = "%s"
    read: Callable[[Any], Any] | None = None

    def reading(self, name: str) -> str:
        """``select`` with the column's name in its place."""
        return self.select.replace("%s", name)


def model_field(model: type[Model], column: Column) -> Any:
    """The field of the model that has the column."""
    return model._meta.get_field(column.attname)


class FilePlace(NamedTuple):
    """A field whose files travel: ``"app.model.field"``, their storage, how long names may be."""

    field: str
    storage: Storage
    length: int | None = None


@dataclass(frozen=True)
class BoundField:
    """One managed field that lives in columns of the model's own table.

    ``encode`` takes one Python value per column and gives the content value; ``decode`` is its inverse and
    gives one SQL parameter per column. Values of the types in ``same`` are content as they are, so that
    a reader need not call ``encode`` for them. ``embed`` puts references into content that has primary keys
    inside, where the field holds references, and ``bare`` takes them out. ``prepare`` takes the Python values
    of many rows, a list for each column, before they are encoded, to look up in one query what their encoding
    needs. ``beside`` are columns of other fields whose values ``encode`` takes after those of its own.
    With ``placed`` the field says where a row stands in a tree; the library's columns are written when all
    rows are there. ``place`` is set where the field's files travel with the rows; ``alone`` has the
    names of those of which records may have no more than that.

    Raises (both): :class:`contentgit.errors.RecordError` with a message that says what is wrong with the
    value, without naming the record, which the caller adds.
    """

    schema: FieldSchema
    columns: tuple[Column, ...]
    encode: Callable[..., Value]
    decode: Callable[[Value], tuple[Any, ...]]
    same: frozenset[type] = frozenset()
    prepare: Callable[..., None] | None = None
    embed: Callable[[Value], Value] | None = None
    bare: Callable[[Value], Value] | None = None
    beside: tuple[Column, ...] = ()
    placed: bool = False
    place: FilePlace | None = None
    alone: Callable[[], AbstractSet[str]] = frozenset

    @property
    def name(self) -> str:
        """The content field's name."""
        return self.schema.name


class Tree(Protocol):
    """The tree that a table's rows are: ``columns`` are those in which a library numbers it."""

    numbering: Numbering
    key: Column
    columns: tuple[Column, ...]

    @property
    def way_on(self) -> str:
        """What mends a tree."""
        ...

    def read(self) -> Standing:
        """What the table has now."""
        ...

    def ranks(self) -> Mapping[Any, int] | None:
        """The place of each row among all in the order in which the library sorts siblings, if it does."""
        ...

    def sources(self) -> Mapping[Any, Numbers]:
        """What the numbers of each row depend on besides its place, by primary key."""
        ...

    def broken(self, numbers: Numbers) -> str:
        """What is wrong with a row with these numbers, which stands nowhere."""
        ...

    def forget(self) -> None:
        """The rows may have changed."""
        ...


@dataclass(frozen=True)
class BoundRelation:
    """A many-to-many field over an automatic through table.

    ``source`` and ``target`` are the two columns of ``table``; ``encode_target`` turns a target column value
    into a reference, ``decode_target`` a reference into an SQL parameter. ``order`` is the column that puts
    the rows of one source in an order, ``None`` where they are a set; rows with equal numbers are told
    apart by the ``ties``.
    """

    schema: FieldSchema
    through: type[Model]
    table: str
    source: Column
    target: Column
    encode_target: Callable[[Any], str]
    decode_target: Callable[[str], Any]
    order: Column | None = None
    ties: tuple[Column, ...] = ()

    @property
    def name(self) -> str:
        """The content field's name."""
        return self.schema.name


@dataclass(frozen=True)
class Table:
    """A model of a dump, bound to its table.

    ``key_columns`` are the columns of the primary key; ``encode_key`` turns their Python values into the
    key text, ``decode_key`` a key text into SQL parameters, ``decode_keys`` many of them. For a model with an
    identity of its own (``schema.local_key``) these go through :class:`contentgit.db.identity.Identities`.
    ``fill`` gives, for columns that are no content (``exclude``), the parameter that a new row gets there.
    ``problems`` lists in a line each what no record of the model can hold. ``unenforced`` names the
    constraints that this kind of database does not support, so that Django did not create them. ``signals``,
    ``write_last`` and ``keep_pk`` are those of the model's specs. ``folded`` is true if the database
    considers keys equal that Python distinguishes. ``tree`` is set where a library numbers the rows as one.
    """

    model: type[Model]
    schema: ModelSchema
    name: str
    key_columns: tuple[Column, ...]
    encode_key: Callable[..., str]
    decode_key: Callable[[str], tuple[Any, ...]]
    decode_keys: Callable[[Sequence[str]], list[tuple[Any, ...]]]
    fields: tuple[BoundField, ...]
    relations: tuple[BoundRelation, ...]
    fill: tuple[tuple[Column, Callable[[], Any]], ...] = ()
    problems: tuple[str, ...] = ()
    unenforced: frozenset[str] = frozenset()
    signals: bool = True
    write_last: bool = False
    keep_pk: bool = False
    folded: bool = False
    tree: Tree | None = None

    @property
    def label(self) -> str:
        """Django's ``label_lower``."""
        return self.schema.label

    def written_like(self, other: Table) -> Table:
        """The table with what the specs of ``other`` say about writing its rows."""
        return replace(self, signals=other.signals, write_last=other.write_last)

    @cached_property
    def enforced(self) -> ModelSchema:
        """The schema with only those constraints that the database enforces.

        With the key, if only the database can decide whether a row has it.
        """
        kept = [each for each in self.schema.unique if each.name not in self.unenforced]
        if self.folded:
            kept.append(UniqueSet("$key", ("$key",)))
        checks = (each for each in self.schema.checks if each.name not in self.unenforced)
        return replace(self.schema, unique=tuple(kept), checks=tuple(checks))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the managed fields, without those of the key."""
        return tuple(column for field in self.fields for column in field.columns)

    @cached_property
    def field(self) -> Mapping[str, BoundField]:
        """The fields that live in the table's own columns, by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def relation(self) -> Mapping[str, BoundRelation]:
        """The automatic many-to-many fields, by name."""
        return {relation.name: relation for relation in self.relations}


Tables = Mapping[str, Table]
"""The tables of one or more dumps by model label, in the order of the specs."""

Rows = Sequence[tuple[Any, ...]]
"""Rows of SQL parameters."""


def file_places(tables: Tables) -> Iterator[FilePlace]:
    """The fields whose files travel with the rows of the tables."""
    for table in tables.values():
        yield from (field.place for field in table.fields if field.place is not None)
