from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AppliedCommit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("dump", models.CharField(db_index=True, max_length=255)),
                ("commit", models.CharField(max_length=64)),
                ("tree", models.CharField(max_length=64)),
                ("branch", models.TextField()),
                ("environment", models.TextField()),
                ("action", models.CharField(max_length=32)),
                (
                    "state",
                    models.CharField(
                        choices=[("done", "Done"), ("pending", "Pending")], max_length=16
                    ),
                ),
                ("who", models.TextField()),
                ("at", models.DateTimeField()),
                ("counts", models.JSONField(default=dict)),
                ("withheld", models.JSONField(default=list)),
                ("previous", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "applied commit",
                "db_table": "contentgit_ledger",
            },
        ),
    ]
