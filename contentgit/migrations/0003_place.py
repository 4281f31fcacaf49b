from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contentgit", "0002_backup_undoes")]

    operations = [
        migrations.AddField(
            model_name="appliedcommit",
            name="place",
            field=models.TextField(null=True),
        ),
    ]
