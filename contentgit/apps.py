"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import pre_migrate


class ContentgitConfig(AppConfig):
    """Registers contentgit's models, the system checks, and what migrations have to do to names of rows."""

    name = "contentgit"
    verbose_name = "contentgit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks; nothing of the project is evaluated before they run."""
        from contentgit.checks import check_configuration
        from contentgit.db.renames import follow_renames
        from contentgit.db.tracking.migrating import stop_tracking

        checks.register(check_configuration)
        pre_migrate.connect(follow_renames, sender=self)
        pre_migrate.connect(stop_tracking, sender=self)
