"""The names of models under which primary keys in content are those of rows."""

from __future__ import annotations

from django.db.models import Model


def label_of(model: type[Model]) -> str:
    """The label for a primary key of the model's rows; for pages of any kind, that of all pages.

    What links to a page does not change when a chooser is given pages of another kind.
    """
    from wagtail.models import AbstractPage

    found = model._meta.concrete_model or model
    if issubclass(found, AbstractPage):
        while found._meta.pk is not None and found._meta.pk.is_relation:
            found = found._meta.pk.related_model  # type: ignore[assignment]
    return found._meta.label_lower
