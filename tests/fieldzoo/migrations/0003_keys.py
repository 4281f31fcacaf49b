# ruff: noqa: RUF012
import django.db.models.deletion
from django.db import migrations, models

import tests.fieldzoo.fields


def collation(apps, editor):
    """What FoldedField names in PostgreSQL."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE COLLATION IF NOT EXISTS fieldzoo_folded "
            "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("fieldzoo", "0002_numbers"),
    ]

    operations = [
        migrations.RunPython(collation, migrations.RunPython.noop),
        migrations.CreateModel(
            name="CodeKey",
            fields=[
                ("name", models.CharField(max_length=40)),
                (
                    "code",
                    tests.fieldzoo.fields.CodeField(
                        max_length=40, primary_key=True, serialize=False
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DateTimeKey",
            fields=[
                ("moment", models.DateTimeField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="DecimalKey",
            fields=[
                (
                    "number",
                    models.DecimalField(
                        decimal_places=3, max_digits=12, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="DurationKey",
            fields=[
                ("time", models.DurationField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="FoldedKey",
            fields=[
                (
                    "code",
                    tests.fieldzoo.fields.FoldedField(
                        max_length=40, primary_key=True, serialize=False
                    ),
                ),
                ("name", tests.fieldzoo.fields.FoldedField(max_length=40, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="JSONKey",
            fields=[
                ("name", models.CharField(max_length=40)),
                ("data", models.JSONField(primary_key=True, serialize=False)),
            ],
            options={
                "required_db_features": {"supports_partial_indexes"},
            },
        ),
        migrations.CreateModel(
            name="FoldedChild",
            fields=[
                (
                    "foldedkey_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="fieldzoo.foldedkey",
                    ),
                ),
                ("text", models.CharField(max_length=40)),
            ],
            bases=("fieldzoo.foldedkey",),
        ),
        migrations.CreateModel(
            name="JSONKeyed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "data",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="fieldzoo.jsonkey",
                    ),
                ),
            ],
            options={
                "required_db_features": {"supports_partial_indexes"},
            },
        ),
        migrations.CreateModel(
            name="Keyed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="fieldzoo.codekey",
                    ),
                ),
                (
                    "moment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="fieldzoo.datetimekey",
                    ),
                ),
                ("moments", models.ManyToManyField(related_name="+", to="fieldzoo.datetimekey")),
                (
                    "number",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="fieldzoo.decimalkey",
                    ),
                ),
                ("numbers", models.ManyToManyField(related_name="+", to="fieldzoo.decimalkey")),
                (
                    "time",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="fieldzoo.durationkey",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Folding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("object_id", models.CharField(max_length=40, null=True)),
                (
                    "content_type",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="contenttypes.contenttype",
                    ),
                ),
                (
                    "kept",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="fieldzoo.foldedkey",
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="fieldzoo.foldedkey",
                    ),
                ),
                ("keys", models.ManyToManyField(related_name="+", to="fieldzoo.foldedkey")),
                (
                    "name",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="fieldzoo.foldedkey",
                        to_field="name",
                    ),
                ),
                (
                    "child",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="fieldzoo.foldedchild",
                    ),
                ),
            ],
        ),
    ]
