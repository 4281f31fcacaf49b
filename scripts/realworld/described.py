"""Prints, as JSON, the tables of a datasets module; runs inside the project."""

from __future__ import annotations

import importlib
import json
import sys

import django
from django.apps import apps


def main(module: str) -> None:
    """``owned``: tables of the datasets' models and of their automatic many-to-many fields."""
    django.setup()
    datasets = importlib.import_module(module).datasets()
    owned = {}
    for dataset in datasets.values():
        for spec in dataset["specs"](""):
            meta = apps.get_model(spec["model"])._meta
            throughs = [field.remote_field.through._meta for field in meta.local_many_to_many]
            for table in (meta, *(through for through in throughs if through.auto_created)):
                owned[table.db_table] = True
    models = apps.get_models(include_auto_created=True)
    automatic = [model._meta.db_table for model in models if model._meta.auto_created]
    print(json.dumps({"owned": list(owned), "automatic": automatic}))


if __name__ == "__main__":
    main(sys.argv[1])
