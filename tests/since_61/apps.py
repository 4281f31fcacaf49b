from __future__ import annotations

from django.apps import AppConfig


class Since61Config(AppConfig):
    name = "tests.since_61"
    label = "since_61"
    default_auto_field = "django.db.models.BigAutoField"
