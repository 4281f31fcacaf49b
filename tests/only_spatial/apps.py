from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "tests.only_spatial"
    label = "only_spatial"
    default_auto_field = "django.db.models.BigAutoField"
