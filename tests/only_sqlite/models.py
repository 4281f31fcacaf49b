"""Names that Django itself cannot use anywhere else: elsewhere a percent sign begins a parameter.

Nor can it join such a table, so there is no many-to-many field.
"""

from __future__ import annotations

from django.db import models


class Percent(models.Model):
    share = models.IntegerField(db_column="100% Share", unique=True)
    part = models.CharField(max_length=20, db_column="it's % of")
    whole = models.ForeignKey("self", models.SET_NULL, null=True, db_column="%whole")

    class Meta:
        db_table = "Only 100% 'SQLite'"
