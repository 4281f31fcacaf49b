from __future__ import annotations

from django.apps import AppConfig


class FrontsConfig(AppConfig):
    name = "tests.fronts"
    label = "fronts"
    default_auto_field = "django.db.models.BigAutoField"
