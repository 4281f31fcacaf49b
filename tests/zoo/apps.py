from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "tests.zoo"
    label = "zoo"
    default_auto_field = "django.db.models.BigAutoField"
