"""The whole bakery, with what contentgit knows of Wagtail, tags, and the people who edit."""

from __future__ import annotations

from typing import Any

from contentgit.contrib import wagtail

TAKE = {"delete_missing": True}


def _site(_arguments: str) -> list[dict[str, Any]]:
    return [
        *wagtail.specs(spec=TAKE),
        {"model": "taggit.tag", "identity": ["name"], **TAKE},
        {"model": "taggit.taggeditem", "identity": "uuid", **TAKE},
        {"model": "auth.group", **TAKE},
        {"model": "auth.user", "identity": ["username"], "exclude": ["last_login"], **TAKE},
    ]


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``site``."""
    return {"site": {"specs": _site, "after_apply": ["rebuild_references_index", "update_index"]}}
