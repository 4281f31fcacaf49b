"""Makes or changes content: ``python -m packages_site.edit fill|edit|empty WHO``."""

from __future__ import annotations

import sys
from importlib import import_module

import django
from django.apps import apps
from django.conf import settings
from django.db import connection


def main(what: str, who: str) -> None:
    """Calls a function of the package's module; ``empty`` fills and deletes, so that keys are used up."""
    django.setup()
    site = import_module(f"packages_site.{settings.PACKAGE}")
    if what != "empty":
        getattr(site, what)(who)
        return
    kept = {
        model: {*model._base_manager.values_list("pk", flat=True)} for model in apps.get_models()
    }
    site.fill(who)
    connection.disable_constraint_checking()
    for model, before in kept.items():
        made = model._base_manager.exclude(pk__in=before)
        made._raw_delete("default")  # without receivers, which would write again
        for field in model._meta.local_many_to_many:
            if field.remote_field.through._meta.auto_created:
                field.remote_field.through._base_manager.all()._raw_delete("default")


if __name__ == "__main__":
    main(*sys.argv[1:])
