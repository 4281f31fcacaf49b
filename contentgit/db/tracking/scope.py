"""Which tables the records of a dump are made of, and by what in them records are called or chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import models
from django.db.models.expressions import Col
from django.db.models.lookups import Lookup, Transform
from django.db.models.sql.where import WhereNode

from contentgit.content.schema import UUID_NAME, FieldKind
from contentgit.db.fields.plain import generic_keys, leaf
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import concrete
from contentgit.db.queries import rows_of
from contentgit.db.reader import Reader
from contentgit.db.tables import Table, model_field
from contentgit.db.tracking.triggers import Followed

_KEYS: Final = (
    models.IntegerField,
    models.BigIntegerField,
    models.SmallIntegerField,
    models.PositiveIntegerField,
    models.PositiveBigIntegerField,
    models.PositiveSmallIntegerField,
    models.AutoField,
    models.BigAutoField,
    models.SmallAutoField,
    models.CharField,
    models.SlugField,
    models.UUIDField,
)
"""The fields of primary keys whose text in the database is known; of just these classes."""


@dataclass
class Scope:
    """The tables that are followed for a dump. ``unfit`` says of a model why its rows cannot be followed."""

    reader: Reader
    followed: list[Followed] = field(default_factory=list)
    unfit: dict[str, str] = field(default_factory=dict)
    _decisive: dict[str, set[str]] = field(default_factory=dict)
    _whole: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, reader: Reader) -> Scope:
        """What the rows of a dump's models, their many-to-many fields, names and filters need."""
        scope = cls(reader)
        own: list[tuple[str, str, str]] = []
        for label, bound in reader.tables.items():
            own += scope._model(label, bound)
        made = [scope._followed(*each) for each in own if each[1] not in scope.unfit]
        known = {each.table for each in made}
        others = sorted({*scope._decisive, *scope._whole} - known)
        scope.followed = made + [scope._followed(table, "", "") for table in others]
        return scope

    def without(self, unfit: Mapping[str, str]) -> tuple[list[Followed], dict[str, str]]:
        """What can be followed where some tables cannot, and of each other model of the dump why not.

        Nothing can, where it is a table by which rows are called or chosen.
        """
        models = {each.label: why for each in self.followed if (why := unfit.get(each.table))}
        if "" in models:
            names = {each.table for each in self.followed if not each.label}
            table = min(names & unfit.keys())
            why = f"table {table}: {unfit[table]}"
            return [], {**dict.fromkeys(self.reader.tables, why), **self.unfit}
        return [each for each in self.followed if each.label not in models], {
            **self.unfit,
            **models,
        }

    def _followed(self, table: str, label: str, key: str) -> Followed:
        return Followed(
            table, label, key, tuple(sorted(self._decisive.get(table, ()))), table in self._whole
        )

    # A model of the dump

    def _model(self, label: str, bound: Table) -> Iterator[tuple[str, str, str]]:
        pk = bound.model._meta.pk_fields
        if len(pk) > 1 or type(leaf(pk[0])) not in _KEYS:
            self._refuse(label, "its primary key is of a kind that triggers do not write down")
            return
        self._named(label)
        if bound.tree is not None:  # a row's place depends on those of others
            for mark in bound.tree.columns[: bound.tree.numbering.marks]:
                self._decides(model_field(bound.model, mark))
        for each in bound.fields:
            if each.placed:
                continue
            if each.schema.kind is FieldKind.GENERIC:
                self._named("contenttypes.contenttype")
                self._targets(label, each.name, is_folded=each.prepare is not None)
            elif each.schema.embeds:
                self._targets(label, each.name)
            elif each.schema.kind is FieldKind.REFERENCE:
                column = bound.model._meta.get_field(each.name)
                if each.schema.by_value:
                    self._decides(column.target_field)  # type: ignore[union-attr]
                self._target(label, each.name, each.schema.target, each.schema.constrained)
        yield bound.name, label, bound.key_columns[0].name
        for relation in bound.relations:
            schema = relation.schema
            self._target(label, relation.name, schema.target, schema.constrained)
            yield relation.table, label, relation.source.name
        for spec in self.reader.dataset.specs_of(label):
            if spec.filter:
                self._filter(label, bound, self.reader.filter_of(spec))

    def _targets(self, label: str, name: str, *, is_folded: bool = False) -> None:
        """A field refers to rows of any model."""
        if is_folded or self.reader.identities.chosen:
            self._refuse(label, f"what {name} refers to is named by rows of any model")

    def _target(self, label: str, name: str, target: str, constrained: bool) -> None:
        self._named(target)
        if not constrained and self.reader.identities.fields(target):
            self._refuse(label, f"{name} may refer to rows of {target} that are gone")

    def _refuse(self, label: str, why: str) -> None:
        self.unfit.setdefault(label, why)

    # What rows are called by

    def _named(self, label: str) -> None:
        """What the keys of the model's rows are made of."""
        identities = self.reader.identities
        if label in self._seen or not identities.is_model(label):
            return
        self._seen.add(label)
        model = concrete(identities.model(label))
        paths = identities.fields(label)
        if not paths:
            for part in model._meta.pk_fields:
                if part.is_relation:
                    self._named(part.related_model._meta.label_lower)  # type: ignore[union-attr]
        for path in paths:
            if path.rpartition("__")[2] != UUID_NAME:
                self._path(label, model, path)

    def _path(self, label: str, model: type[models.Model], path: str) -> None:
        for name in path.split("__"):
            generic = generic_keys(model).get(name)
            if generic:
                self._refuse(label, f"its key has {name}, which names rows of any model")
                return
            part: Any = model._meta.get_field(name)
            self._decides(part)
            if part.is_relation:
                model = concrete(part.related_model)
                self._decides(part.target_field)
        if part.is_relation:
            self._named(model._meta.label_lower)

    def _decides(self, column: Any) -> None:
        """Other rows depend on this column."""
        meta = column.model._meta
        found = self._decisive.setdefault(meta.db_table, set())
        found |= {column.column, *(each.column for each in meta.pk_fields)}

    # What rows are chosen by

    def _filter(self, label: str, bound: Table, conditions: Mapping[str, Any]) -> None:
        try:
            query = rows_of(bound.model, self.reader.using).filter(**conditions).query
        except (FieldError, FieldDoesNotExist, ValueError, TypeError):
            return  # whoever reads the dump says so
        if not _is_plain(query.where):
            self._refuse(label, "its filter asks for more than values of columns")
            return
        joins: Mapping[str, Any] = query.alias_map
        for alias, join in joins.items():
            if alias != query.base_table:
                self._join(
                    join, joins[join.parent_alias], is_base=join.parent_alias == query.base_table
                )
        for column in _columns(query.where):
            if column.alias != query.base_table:
                self._depends(joins[column.alias].table_name, column.target.column)

    def _join(self, join: Any, parent: Any, *, is_base: bool) -> None:
        """What decides with which row of another table a row of the dump, or of one between, is joined."""
        field = join.join_field
        to_one = field.many_to_one or (field.one_to_one and field.concrete)
        if not to_one or not getattr(field, "db_constraint", True) or join.filtered_relation:
            self._whole.add(join.table_name)
        for left, right in join.join_cols:
            self._depends(join.table_name, right)
            if not is_base:
                self._depends(parent.table_name, left)

    def _depends(self, table: str, column: str) -> None:
        """Rows of the dump are chosen by this column of another table."""
        made = self._models.get(table)
        keys = {each.column for each in made._meta.pk_fields} if made else set()
        self._decisive.setdefault(table, set()).update({column, *keys})
        if made is None:
            self._whole.add(table)

    @cached_property
    def _models(self) -> Mapping[str, type[models.Model]]:
        every = apps.get_models(include_auto_created=True)
        return {each._meta.db_table: each for each in every if each._meta.concrete_model is each}


def _is_plain(node: Any) -> bool:
    """Whether a condition compares columns with values alone."""
    if isinstance(node, WhereNode):
        return all(map(_is_plain, node.children))
    if not isinstance(node, Lookup) or not node.rhs_is_direct_value():
        return False
    values = node.rhs if isinstance(node.rhs, (list, tuple, set, frozenset)) else [node.rhs]
    return _column(node) is not None and not any(hasattr(each, "as_sql") for each in values)


def _columns(node: Any) -> Iterator[Col]:
    if isinstance(node, WhereNode):
        for child in node.children:
            yield from _columns(child)
    elif (column := _column(node)) is not None:
        yield column


def _column(node: Any) -> Col | None:
    """The column that a lookup compares; ``None`` where it compares something else."""
    left: Any = node.lhs
    while isinstance(left, Transform):
        sources = left.get_source_expressions()
        if len(sources) != 1:
            return None
        (left,) = sources
    return left if isinstance(left, Col) else None


def key_texts(
    identities: Identities, label: str, texts: Iterable[str]
) -> Iterator[tuple[str, str | None]]:
    """Each primary key as triggers write it, with the key of the record; ``None`` if the row has no name."""
    is_uuid = isinstance(
        leaf(concrete(identities.model(label))._meta.pk_fields[0]), models.UUIDField
    )
    for text in texts:
        pk = identities.pk_in_text(label, str(UUID(text)) if is_uuid else text)
        yield text, None if pk is None else identities.key_text(label, pk)


def row_text(identities: Identities, label: str, key: str) -> str | None:
    """The primary key of a record's row, also of one that is gone; ``None`` where nobody knows it."""
    pk = identities.pk(label, key)
    return None if pk is None else identities.text_of(label, pk)
