"""The whole site, with what contentgit knows of Wagtail, and the people who edit."""

from __future__ import annotations

from typing import Any

from contentgit.contrib import wagtail
from contentgit.datasets import specs_for_app_models

TAKE = {"delete_missing": True}


def _site(_arguments: str) -> list[dict[str, Any]]:
    apart = [{**spec, "identity": "uuid"} for spec in specs_for_app_models("taggit", TAKE)]
    users = [
        {"model": "auth.group", **TAKE},
        {"model": "auth.user", "identity": ["username"], **TAKE},
    ]
    return [*wagtail.specs(spec=TAKE), *apart, *users]


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``site``."""
    return {"site": {"specs": _site, "after_apply": ["rebuild_references_index", "update_index"]}}
