from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "tests.only_postgresql"
    label = "only_postgresql"
    default_auto_field = "django.db.models.BigAutoField"
