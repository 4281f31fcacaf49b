from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contentgit", "0003_place")]

    operations = [
        migrations.CreateModel(
            name="RowIdentity",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=255)),
                ("row", models.CharField(max_length=255, null=True)),
                ("uuid", models.CharField(max_length=36)),
                ("was", models.CharField(max_length=255, null=True)),
            ],
            options={
                "db_table": "contentgit_identity",
                "verbose_name": "identity of a row",
                "verbose_name_plural": "identities of rows",
                "constraints": (
                    models.UniqueConstraint(
                        fields=("label", "row"), name="contentgit_identity_row"
                    ),
                    models.UniqueConstraint(
                        fields=("label", "uuid"), name="contentgit_identity_uuid"
                    ),
                ),
            },
        ),
    ]
