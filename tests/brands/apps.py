"""The application of the tests of what deletes reach."""

from __future__ import annotations

from django.apps import AppConfig


class BrandsConfig(AppConfig):
    name = "tests.brands"
    label = "brands"
