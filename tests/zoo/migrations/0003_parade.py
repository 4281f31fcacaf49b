# ruff: noqa: RUF012

from django.db import migrations, models

import tests.zoo.fields


class Migration(migrations.Migration):
    dependencies = [("zoo", "0002_values_in_two_columns")]

    operations = [
        migrations.CreateModel(
            name="Parade",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "after",
                    tests.zoo.fields.OrderedManyToManyField(related_name="+", to="zoo.parade"),
                ),
                (
                    "animals",
                    tests.zoo.fields.OrderedManyToManyField(related_name="+", to="zoo.animal"),
                ),
            ],
        ),
    ]
