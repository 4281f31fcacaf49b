"""The fields that refer to a model, in any model of the project: those that Django's deletion follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model

from contentgit.content.records import Value
from contentgit.content.schema import OnDelete
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import concrete, label_of
from contentgit.db.introspect.binding import bound_field, bound_generic, is_constrained, on_delete
from contentgit.db.tables import BoundField
from contentgit.plan.steps import COMPUTED


@dataclass(frozen=True)
class Owner:
    """The many-to-many field ``name`` of ``label`` to which an automatic through table belongs.

    ``source`` is the field of the through table that refers to the row that has the field.
    """

    label: str
    name: str
    source: BoundField


@dataclass(frozen=True)
class Relation:
    """A field, ``field`` of ``model``, that refers to the model in question.

    ``related`` is the relation to such rows in the model in question, if it has a name there.
    ``value`` is what SET_NULL, SET_DEFAULT and SET write there, as far as it is known before an apply.
    ``identifies`` is true if the field is a part of the primary key. ``children`` are the multi-table
    children, each with its link to the one before, that a row must also be for the model to follow it.
    """

    model: type[Model]
    field: BoundField
    on_delete: OnDelete
    constrained: bool
    value: Value
    identifies: bool = False
    owner: Owner | None = None
    children: tuple[tuple[type[Model], BoundField], ...] = ()
    related: str = ""

    @property
    def label(self) -> str:
        """The label of the model that refers."""
        return label_of(self.model)


def relations(model: type[Model], identities: Identities) -> Iterator[Relation]:
    """What refers to rows of the model's own table.

    Without references that may dangle and are left as they are, and without the through tables of the
    model's own many-to-many fields: their rows are a part of its rows.
    """
    for related in model._meta.get_fields(include_parents=False, include_hidden=True):
        if related.auto_created and not related.concrete and not related.many_to_many:
            yield from _of_key(related, identities)
    for field in model._meta.private_fields:
        if hasattr(field, "bulk_related_objects"):
            yield from _of_generic(field, identities)


def parent_links(model: type[Model], identities: Identities) -> Iterator[BoundField]:
    """The fields that link rows of the model's own table to those of its multi-table parents."""
    for link in model._meta.parents.values():
        if link is not None and link in model._meta.local_fields:
            found = bound_field(link, identities)
            if found is not None:
                yield found


def _of_key(related: Any, identities: Identities) -> Iterator[Relation]:
    field = related.field
    if field.column is None or not (field.many_to_one or field.one_to_one):
        return  # several columns without a constraint
    model = concrete(field.model)
    bound = bound_field(field, identities)
    way, constrained = on_delete(field), is_constrained(field)
    if way is OnDelete.SET and not hasattr(field.remote_field.on_delete, "deconstruct"):
        way = OnDelete.PROTECT  # the project's own function: what it would do is not known
    if bound is None or (way is OnDelete.DO_NOTHING and not constrained):
        return
    owner = _owner(model, field, identities) if model._meta.auto_created else None
    if model._meta.auto_created and owner is None:
        return
    identifies = field in model._meta.pk_fields
    value = COMPUTED if way in (OnDelete.SET_DEFAULT, OnDelete.SET) else None
    name = related.get_accessor_name() or ""
    yield Relation(model, bound, way, constrained, value, identifies, owner, related=name)


def _owner(through: type[Model], field: Any, identities: Identities) -> Owner | None:
    """Whose many-to-many field leads through the table to ``field``; ``None`` if ``field`` leads back."""
    model: Any = through._meta.auto_created
    for many in model._meta.local_many_to_many:
        if many.remote_field.through is through and many.m2m_reverse_field_name() == field.name:
            source = bound_field(through._meta.get_field(many.m2m_field_name()), identities)
            return None if source is None else Owner(label_of(model), many.name, source)
    return None


def _of_generic(relation: Any, identities: Identities) -> Iterator[Relation]:
    """The generic key that the relation follows back, in the model whose table has its columns."""
    model = concrete(relation.remote_field.model)
    names = (relation.content_type_field_name, relation.object_id_field_name)
    for field in model._meta.private_fields:
        if (getattr(field, "ct_field", ""), getattr(field, "fk_field", "")) == names:
            bound = bound_generic(field, identities)
            owner = model._meta.get_field(names[0]).model
            if bound is not None:
                children = tuple(_down_to(model, owner, identities))
                yield Relation(
                    owner,
                    bound,
                    OnDelete.CASCADE,
                    False,
                    None,
                    children=children,
                    related=relation.name,
                )


def _down_to(
    model: type[Model], parent: type[Model], identities: Identities
) -> Iterator[tuple[type[Model], BoundField]]:
    """The way from a multi-table parent down to ``model``; none if they are the same."""
    for link in parent_links(model, identities) if model is not parent else ():
        above = apps.get_model(link.schema.target)
        if issubclass(above, parent):
            yield from _down_to(above, parent, identities)
            yield model, link
            return
