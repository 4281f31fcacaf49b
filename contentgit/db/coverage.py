"""The columns of a model that no record can hold: a commit would look complete without them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Field, IntegerField, Model

from contentgit.db.fields import unheld
from contentgit.specs import Mistake


def unheld_problems(model: type[Model], exclude: Collection[str], where: str) -> Iterator[Mistake]:
    """The fields that are not excluded and that no record can hold."""
    for field in model._meta.local_concrete_fields:
        reason = unheld(field)
        if reason and field.name not in exclude and not field.generated:
            yield unheld_problem(model, field.name, reason, where)
    for many in model._meta.local_many_to_many:
        through = many.remote_field.through._meta  # type: ignore[union-attr]
        _, rest = own_columns(many) if through.auto_created else (None, [])
        if rest and many.name not in exclude:
            message = (
                f"many-to-many {many.name!r} of {model._meta.label_lower} has columns of its own that no "
                f"record can hold: {', '.join(sorted(rest))} of {through.db_table}"
            )
            hint = (
                f"leave it out of the dataset: 'exclude': [{many.name!r}], or declare its table as a model, "
                "name that in 'through' and give it a spec"
            )
            yield Mistake("contentgit.E050", message, hint, where)


def unheld_problem(model: type[Model], name: str, reason: str, where: str) -> Mistake:
    """The error for a field that no record can hold."""
    label = model._meta.label_lower
    message = f"no record can hold field {name!r} of {label}: {reason}"
    codec = 'write a codec for its class and name that in CONTENTGIT["CODECS"]'
    if name in {field.name for field in model._meta.pk_fields}:  # which may not be excluded
        hint = f"{codec}, or leave {label} out of the dataset"
    else:
        hint = f"leave it out of the dataset: 'exclude': [{name!r}], or {codec}"
    return Mistake("contentgit.E049", message, hint, where)


def own_columns(many: Any) -> tuple[Any, list[str]]:
    """The field that puts the rows of an automatic many-to-many table in an order, and the other columns.

    The order is that of ``Meta.ordering``, where this names one integer column that is never NULL.
    """
    through = many.remote_field.through
    ends = (many.m2m_field_name(), many.m2m_reverse_field_name())
    own: dict[str, Field[Any, Any]] = {
        field.name: field
        for field in through._meta.local_concrete_fields
        if field.name not in ends and not field.primary_key and not field.generated
    }
    name = through._meta.ordering[0] if len(through._meta.ordering) == 1 else None
    order = own.get(name) if isinstance(name, str) else None
    if order is None or not isinstance(order, IntegerField) or order.null or order.is_relation:
        return None, list(own)
    return order, [each for each in own if each != name]
