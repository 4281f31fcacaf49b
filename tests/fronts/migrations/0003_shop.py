from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("fronts", "0002_grant"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Door",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.CharField(max_length=20, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Shop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.CharField(max_length=20, unique=True)),
                ("open", models.BooleanField(default=False)),
                (
                    "front",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="fronts.door",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="door",
            name="section",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="fronts.shop"),
        ),
        migrations.AddConstraint(
            model_name="shop",
            constraint=models.CheckConstraint(
                condition=models.Q(("open", False), ("front__isnull", False), _connector="OR"),
                name="fronts_shop_open",
            ),
        ),
    ]
