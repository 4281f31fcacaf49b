from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "tests.only_sqlite"
    label = "only_sqlite"
    default_auto_field = "django.db.models.BigAutoField"
