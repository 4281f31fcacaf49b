"""``_meta`` to schema and :class:`Table`; no query is made.

The content of a model is the columns of its own table, without those of its primary key (which are the
key) and without generated columns, and the many-to-many fields over automatic tables.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NoReturn
from uuid import uuid4

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connections
from django.db.models import NOT_PROVIDED, Model
from django.utils import timezone

from contentgit.content.schema import UUID_NAME, FieldKind, KeyKind, Layout, ModelSchema, Schema
from contentgit.db.carrying import Carrier
from contentgit.db.coverage import unheld_problem
from contentgit.db.fields import unheld
from contentgit.db.fields.plain import AnyField, generic_keys, has_column, is_automatic, leaf
from contentgit.db.fields.spelling import is_exact
from contentgit.db.fields.values import itself
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import ALWAYS, concrete, label_of, points_at_key
from contentgit.db.introspect.binding import (
    bound_field,
    bound_generic,
    bound_relation,
    column,
    is_constrained,
)
from contentgit.db.introspect.conditions import KEY, Describer
from contentgit.db.introspect.declared import declared
from contentgit.db.introspect.trees import BoundTree, bound_tree, tree_fields
from contentgit.db.introspect.uniques import unenforced, unique_sets
from contentgit.db.queries import table_test
from contentgit.db.spec_rules.models import no_rows
from contentgit.db.tables import BoundField, Column, Table, Tables
from contentgit.db.trees import numbering_of
from contentgit.db.trees.numbering import Numbering
from contentgit.errors import RecordError
from contentgit.specs import Dataset, Mistake, raise_errors


def tables(
    dataset: Dataset, identities: Identities, using: str, carrier: Carrier | None = None
) -> Tables:
    """The models of a dump bound to their tables, in the order of its specs.

    Without a ``carrier`` records have the names of files alone, whatever the specs say.

    Models that have no rows of their own (proxy, unmanaged, swapped) are left out.

    Raises:
        ConfigurationError: no record can hold a field that is not excluded; all such fields are listed.
    """
    found: dict[str, Table] = {}
    unheld: list[Mistake] = []
    where = f"dataset {dataset.label!r}"
    for label in dataset.models:
        model = apps.get_model(label)
        if no_rows(model):
            continue
        specs = dataset.specs_of(label)
        exclude = frozenset(name for spec in specs for name in spec.exclude)
        hashed = any(spec.hashed for spec in specs)
        numbering = numbering_of(model) if any(spec.tree for spec in specs) else None
        tree = bound_tree(model, identities, numbering) if numbering else None
        binder = _Binder(model, identities, using, exclude, hashed, tree)
        made = declared(binder.table(), specs, identities, carrier)
        unheld += [unheld_problem(model, *each, where) for each in binder.unheld.items()]
        found[label] = replace(
            made,
            problems=(*made.problems, *_unlisted_links(model, dataset)),
            signals=all(spec.signals for spec in specs),
            write_last=any(spec.write_last for spec in specs),
            keep_pk=any(spec.keep_pk for spec in specs),
        )
    raise_errors(unheld, where)
    return found


def table(
    model: type[Model] | str,
    identities: Identities,
    using: str,
    exclude: frozenset[str] = frozenset(),
    tree: Numbering | None = None,
) -> Table:
    """A model outside of any dump, bound to its table without the fields that it is to ``exclude``.

    ``tree`` is how its rows are numbered, if records are to hold parent and position in place of that.
    """
    found = concrete(apps.get_model(model) if isinstance(model, str) else model)
    binder = _Binder(found, identities, using, exclude)
    binder.tree = bound_tree(found, identities, tree) if tree else None
    return binder.table()


def schema(tables: Tables) -> Schema:
    """The models as values."""
    return Schema({label: each.schema for label, each in tables.items()})


def outside_names(
    tables: Tables, identities: Identities, also: Iterable[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """The fields that name the rows of the models outside of these that records refer to, by label.

    There are none for a primary key. A generic foreign key may refer to each of ``also``. Models that have
    one name always are left out.
    """
    schemas = [each.schema for each in tables.values()]
    fields = [field for each in schemas for field in each.fields]
    labels = {field.target for field in fields if field.target}
    labels |= {label for each in schemas for label in (*each.parents, *each.key_targets)}
    if any(field.kind is FieldKind.GENERIC for field in fields):
        labels |= {*identities.chosen, *also}
    outside = labels - tables.keys() - ALWAYS.keys()
    return {label: identities.fields(label) for label in outside if identities.is_model(label)}


def has_field(label: str, name: str = "") -> bool:
    """Whether the code has the model, and in it the field ``name``, if one is given."""
    try:
        model = apps.get_model(label)
        return not name or bool(model._meta.get_field(name))
    except (LookupError, FieldDoesNotExist):
        return False


def missing_tables(tables: Tables, using: str) -> list[str]:
    """The tables of these models, through tables too, that the database does not have. One query."""
    exists = table_test(using, views=True)
    wanted = [
        name
        for each in tables.values()
        for name in (each.name, *(relation.table for relation in each.relations))
    ]
    return [name for name in dict.fromkeys(wanted) if not exists(name)]


def _unlisted_links(model: type[Model], dataset: Dataset) -> list[str]:
    """A line for each many-to-many field whose own through model is in no spec of the dump."""
    lines = []
    for each in model._meta.local_many_to_many:
        through: Any = each.remote_field.through
        if not through._meta.auto_created and through._meta.label_lower not in dataset.models:
            label = through._meta.label_lower
            lines.append(f"many-to-many {each.name!r} is rows of {label}, which is in no spec")
    return lines


@dataclass
class _Binder:
    """Binds one model to its table."""

    model: type[Model]
    identities: Identities
    using: str
    exclude: frozenset[str] = frozenset()
    hashed: bool = False
    tree: BoundTree | None = None
    problems: list[str] = field(default_factory=list)
    unheld: dict[str, str] = field(default_factory=dict)
    fields: list[BoundField] = field(default_factory=list)
    fill: list[tuple[Column, Callable[[], Any]]] = field(default_factory=list)
    managed: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def table(self) -> Table:
        """The model bound to its table."""
        self._bind_fields()
        relations = [
            bound_relation(each, self.identities)
            for each in self.model._meta.local_many_to_many
            if each.remote_field.through._meta.auto_created  # type: ignore[union-attr]
            and each.name not in self.exclude
        ]
        schemas = [each.schema for each in self.fields] + [each.schema for each in relations]
        bound = {each.schema.name: each for each in self.fields}
        describer = Describer(self.model, self.managed, bound)
        links = [each for each in self.model._meta.pk_fields if each.is_relation]
        model_schema = ModelSchema(
            self.label,
            self.identities.kind(self.label),
            self._layout,
            tuple(sorted(schemas, key=lambda each: each.name)),
            self.identities.fields(self.label),
            unique_sets(describer),
            self._parents,
            str(self.model._meta.verbose_name_raw),
            checks=describer.checks(),
            parent_constrained=all(map(is_constrained, links[:1])),
            key_targets=tuple(map(_target, links)),
            key_by_value=not all(map(points_at_key, links)),
        )
        return Table(
            self.model,
            model_schema,
            self.model._meta.db_table,
            self._key_columns,
            self._encode_key,
            self._decode_key,
            self._decode_keys,
            tuple(sorted(self.fields, key=lambda each: each.name)),
            tuple(sorted(relations, key=lambda each: each.name)),
            tuple(self.fill),
            tuple(self.problems),
            unenforced(self.model, connections[self.using].features),
            folded=self._folded,
            tree=self.tree,
        )

    # Fields

    def _bind_fields(self) -> None:
        rest = self._own_fields()
        for name, columns in self._generics().items():
            bound = bound_generic(self.model._meta.get_field(name), self.identities)
            if bound is not None and rest.keys() >= {*columns}:
                self.fields.append(bound)
                self.managed |= dict.fromkeys(columns, name)
                rest = {each: rest[each] for each in rest if each not in columns}
        for name, each in rest.items():
            self._bind(name, each)
        if self.tree is not None:
            self.fields += tree_fields(self.tree, self.identities)

    def _own_fields(self) -> dict[str, AnyField]:
        """The fields with a column in the model's own table, apart from key and excluded ones."""
        found: dict[str, AnyField] = {}
        hidden = set(self.exclude)
        for name, columns in self._generics().items():
            if name in self.exclude:
                hidden.update(columns)
        for each in self.model._meta.local_concrete_fields:
            if each.generated or not has_column(each, connections[self.using]):
                continue
            if self._is_key(each):
                self.managed[each.name] = KEY
            elif self.tree is not None and each.name in self.tree.numbering.columns:
                self.fill.append(self._until_placed(self.tree, each.name))
            elif each.name in hidden:
                self._leave_out(each)
            else:
                found[each.name] = each
        return found

    def _until_placed(self, tree: BoundTree, name: str) -> tuple[Column, Callable[[], Any]]:
        place = tree.numbering.columns.index(name)
        column, counter = tree.columns[place], itertools.count(1)

        def make() -> Any:  # in the order in which rows are made
            return column.param(tree.numbering.empty(place, f"{next(counter):09}{uuid4().hex}"))

        return column, make

    def _is_key(self, each: AnyField) -> bool:
        """Whether the key alone determines the column, so that it is not content."""
        if each not in self.model._meta.pk_fields:
            return False
        if not self._own_identity:
            return True
        # The key does not determine a local key: the database or a default gives it.
        return is_automatic(each)

    def _bind(self, name: str, each: AnyField) -> None:
        try:
            bound = bound_field(each, self.identities)
            reason = unheld(each)
        except RecordError as error:
            bound, reason = None, error.message
        if bound is None:
            self.unheld[name] = reason
            self._leave_out(each)
        else:
            self.fields.append(bound)
            self.managed[name] = name

    def _generics(self) -> dict[str, tuple[str, str]]:
        """The generic foreign keys whose columns are the model's own."""
        own = {each.name for each in self.model._meta.local_concrete_fields}
        found = generic_keys(self.model).items()
        return {name: columns for name, columns in found if own.issuperset(columns)}

    def _leave_out(self, each: AnyField) -> None:
        """A column that is not content: a new row gets the model's default there."""
        if _has_db_default(each) and each.default is NOT_PROVIDED:
            return
        make = _default(each, self.using)
        if make is None:
            self.problems.append(
                f"field {each.name!r} is left out and has no default: no row can be created"
            )
            make = partial(_refuse_row, self.label, each.name)
        self.fill.append((Column(str(each.column), each.attname, itself), make))

    # Key

    @property
    def _own_identity(self) -> bool:
        """Whether the key is made of fields of this model, and is not its primary key's."""
        return bool(self.identities.fields(self.label)) and not self.identities.is_shared(
            self.label
        )

    @property
    def _folded(self) -> bool:
        connection = connections[self.using]
        exact = all(is_exact(leaf(each), connection) for each in self.model._meta.pk_fields)
        return not (exact or self.identities.fields(self.label))

    @property
    def _key_columns(self) -> tuple[Column, ...]:
        keys = self.model._meta.pk_fields
        return tuple(column(each, self.identities.codec(each), self.using) for each in keys)

    @property
    def _layout(self) -> Layout:
        if fields := self.identities.fields(self.label):
            hashed = self.hashed or fields == (UUID_NAME,)
            return Layout.HASHED if hashed else Layout.FLAT
        integer = self.identities.kind(self.label) is KeyKind.INTEGER
        return Layout.INTEGER if integer else Layout.HASHED

    @property
    def _parents(self) -> tuple[str, ...]:
        """Models of which a row must exist for this row, the one with the same key first."""
        links: list[Any] = [each for each in self.model._meta.parents.values() if each]
        key, *more = self.model._meta.pk_fields
        if key.is_relation and not more and not self._own_identity:
            links.insert(0, key)
        return tuple(dict.fromkeys(map(_target, links)))

    @property
    def _encode_key(self) -> Callable[..., str]:
        identities, label = self.identities, self.label

        def encode(*values: Any) -> str:
            pk = values[0] if len(values) == 1 else values
            text = identities.key_text(label, pk)
            if text is None:
                raise RecordError(
                    f"{label} with primary key {pk!r} has no key: "
                    f"{', '.join(identities.fields(label))} must not be NULL or lead nowhere"
                )
            return text

        return encode

    @property
    def _decode_key(self) -> Callable[[str], tuple[Any, ...]]:
        identities, label = self.identities, self.label
        params = [each.param for each in self._key_columns]

        def decode(text: str) -> tuple[Any, ...]:
            pk = identities.row_pk(label, text)
            if len(params) == 1:  # called several times a row
                return (params[0](pk),)
            return tuple(param(value) for param, value in zip(params, pk, strict=True))

        return decode

    @property
    def _decode_keys(self) -> Callable[[Sequence[str]], list[tuple[Any, ...]]]:
        identities, label = self.identities, self.label
        params = [each.param for each in self._key_columns]

        def decode(texts: Sequence[str]) -> list[tuple[Any, ...]]:
            pks = identities.row_pks(label, texts)
            if len(params) == 1:
                (param,) = params
                return [(param(pk),) for pk in pks]
            return [tuple(p(each) for p, each in zip(params, pk, strict=True)) for pk in pks]

        return decode


def _target(link: AnyField) -> str:
    return label_of(link.related_model)  # type: ignore[arg-type]


def _has_db_default(each: Any) -> bool:
    return bool(each.has_db_default())


def _default(each: AnyField, using: str) -> Callable[[], Any] | None:
    """The function that returns a new row's parameter for a column that is not content."""
    connection = connections[using]
    if getattr(each, "auto_now", False) or getattr(each, "auto_now_add", False):
        return lambda: each.get_db_prep_save(_now(each), connection)
    if each.null or each.has_default() or each.get_default() is not None:
        return lambda: each.get_db_prep_save(each.get_default(), connection)
    return None


def _refuse_row(label: str, name: str) -> NoReturn:
    raise RecordError(
        f"{label}: no row can be created: field {name!r} is excluded, must have a value and has no default",
        hint="give the field a default, a db_default or null=True",
    )


def _now(each: AnyField) -> Any:
    moment = timezone.now()
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    parts = {"DateField": local.date(), "TimeField": local.time()}
    return parts.get(each.get_internal_type(), moment)
