"""The app ``shop``, whose models are in the module of the package that is tried."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class Shop(AppConfig):
    """All modules of this folder are of this app."""

    name = "packages_site"
    label = "shop"

    def import_models(self) -> None:
        """Those of one package."""
        self.models = self.apps.all_models[self.label]
        self.models_module = import_module(f"packages_site.{settings.PACKAGE}")
