from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contentgit", "0005_tracking")]

    operations = [
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("field", models.CharField(max_length=255)),
                ("name", models.TextField()),
                ("recorded", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("named", "Named"), ("brought", "Brought"), ("left", "Left")],
                        max_length=16,
                    ),
                ),
            ],
            options={"db_table": "contentgit_file", "verbose_name": "stored file"},
        ),
    ]
