"""A whole Wagtail site as one dataset.

Left out are what each database makes for itself (content types, permissions, sessions, editing
sessions) and what Wagtail derives from the rest (search index, reference index).
"""

from __future__ import annotations

from typing import Any

from contentgit.datasets import specs_for_app_models

APPS = (
    "auth",
    "customuser",
    "taggit",
    "wagtailcore",
    "wagtailimages",
    "wagtaildocs",
    "wagtailembeds",
    "wagtailforms",
    "wagtailredirects",
    "wagtailsearchpromotions",
    "wagtailusers",
    "earlypage",
    "tests",
    "demosite",
    "snippetstests",
    "routablepagetests",
    "i18n",
    "streamfield_migration_tests",
)
LEFT_OUT = ("auth.permission", "wagtailcore.referenceindex")


def _site(_arguments: str) -> list[dict[str, Any]]:
    specs = [spec for app in APPS for spec in specs_for_app_models(app, {"delete_missing": True})]
    return [spec for spec in specs if spec["model"] not in LEFT_OUT]


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``site``."""
    return {"site": {"specs": _site}}
