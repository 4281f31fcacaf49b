from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contentgit", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="appliedcommit",
            name="backup",
            field=models.CharField(default="", max_length=64),
        ),
        migrations.AddField(
            model_name="appliedcommit",
            name="undoes",
            field=models.BigIntegerField(null=True),
        ),
    ]
