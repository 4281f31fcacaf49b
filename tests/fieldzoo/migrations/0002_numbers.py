# ruff: noqa: RUF012

from django.db import migrations, models

import tests.fieldzoo.fields


class Migration(migrations.Migration):
    dependencies = [("fieldzoo", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Numbers",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "digits",
                    tests.fieldzoo.fields.AnyDecimalField(
                        decimal_places=None, max_digits=None, null=True
                    ),
                ),
                ("number", tests.fieldzoo.fields.NumberField(null=True)),
            ],
        ),
    ]
