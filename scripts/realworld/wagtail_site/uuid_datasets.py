"""The whole site, with what contentgit knows of Wagtail, tags, and the people who edit."""

from __future__ import annotations

from typing import Any

from contentgit.contrib import wagtail

TAKE = {"delete_missing": True}
USER = "customuser.customuser"


def _site(_arguments: str) -> list[dict[str, Any]]:
    known = [spec for spec in wagtail.specs(spec=TAKE) if spec["model"] != USER]
    return [
        *known,
        {"model": "taggit.tag", "identity": ["name"], **TAKE},
        {"model": "taggit.taggeditem", "identity": "uuid", **TAKE},
        {"model": "auth.group", **TAKE},
        {
            "model": "customuser.customuser",
            "identity": ["username"],
            "exclude": ["last_login"],
            **TAKE,
        },
    ]


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``site``."""
    return {"site": {"specs": _site, "after_apply": ["rebuild_references_index", "update_index"]}}
