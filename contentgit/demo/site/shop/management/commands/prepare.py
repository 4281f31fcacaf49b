"""Makes both databases with somebody who may edit, and fills that of the stage site."""

import shutil

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection


class Command(BaseCommand):
    help = "Creates the tables and the user admin with the password admin, then the content."

    def handle(self, *args, **options):
        call_command("makemigrations", "shop", "pages", verbosity=0)
        call_command("migrate", verbosity=0)
        get_user_model().objects.create_superuser("admin", "admin@example.com", "admin")
        connection.close()
        shutil.copyfile(
            settings.DATABASES["default"]["NAME"], settings.BASE_DIR / "production.sqlite3"
        )
        call_command("fill", stdout=self.stdout)
