"""Fields of the kind that packages give."""

from __future__ import annotations

from typing import Any

from django.db import models


class OrderedManyToManyField(models.ManyToManyField):  # type: ignore[type-arg]
    """Puts a column for the order into its automatic table, as the field of django-sortedm2m does."""

    def contribute_to_class(self, cls: Any, name: str, **options: Any) -> None:
        super().contribute_to_class(cls, name, **options)
        through: Any = self.remote_field.through
        if isinstance(through, type) and through._meta.auto_created:
            place = models.PositiveIntegerField(default=0)
            place.contribute_to_class(through, "place")
            through._meta.ordering = ["place"]
