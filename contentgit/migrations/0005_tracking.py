from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contentgit", "0004_identities")]

    operations = [
        migrations.CreateModel(
            name="RowChange",
            fields=[
                ("seq", models.BigAutoField(primary_key=True, serialize=False)),
                ("tracked", models.BigIntegerField()),
                ("number", models.IntegerField()),
                ("op", models.CharField(max_length=1)),
                ("key", models.TextField(null=True)),
            ],
            options={
                "db_table": "contentgit_change",
                "verbose_name": "change of a row",
                "verbose_name_plural": "changes of rows",
            },
        ),
        migrations.CreateModel(
            name="TrackedDump",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("dump", models.CharField(max_length=255)),
                ("place", models.TextField()),
                ("token", models.CharField(max_length=16)),
                ("scope", models.JSONField(default=list)),
                ("digest", models.CharField(max_length=64)),
                ("proof", models.CharField(default="", max_length=64)),
                ("line", models.BigIntegerField(null=True)),
                ("counts", models.JSONField(default=list)),
            ],
            options={"db_table": "contentgit_tracked", "verbose_name": "tracked dump"},
        ),
    ]
