"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class ContentgitConfig(AppConfig):
    """Registers the ledger's models and the system checks."""

    name = "contentgit"
    verbose_name = "contentgit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks; nothing of the project is evaluated before they run."""
        from contentgit.checks import check_configuration

        checks.register(check_configuration)
