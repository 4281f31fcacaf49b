"""The content of the site, as the module of its package says."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from django.conf import settings

TAKE = {"delete_missing": True, "identity": "uuid"}
PLAIN = ("model", "delete_missing", "identity")


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``shop``; with SITE_BARE, specs say nothing of the package."""
    return {"shop": {"specs": _specs}}


def _specs(_arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = import_module(f"packages_site.{settings.PACKAGE}").specs()
    if not os.environ.get("SITE_BARE"):
        return found
    return [{key: spec[key] for key in PLAIN if key in spec} for spec in found]


def take(*models: str, **more: Any) -> list[dict[str, Any]]:
    """A spec for each of the models, whose rows are named by UUIDs if ``more`` says nothing else."""
    return [{"model": model, **TAKE, **more} for model in models]


USERS = take("auth.user", identity=["username"])
