"""Makes the tables and a person who may edit."""

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Creates the tables and the user admin with the password admin."

    def handle(self, *args, **options):
        call_command("migrate", verbosity=0)
        get_user_model().objects.create_superuser("admin", "admin@example.com", "admin")
