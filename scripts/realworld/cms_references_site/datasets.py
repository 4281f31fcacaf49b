"""The whole site, with what contentgit knows of django CMS, and the people who edit."""

from __future__ import annotations

from typing import Any

from contentgit.contrib import cms
from contentgit.signals import pre_apply

TAKE = {"delete_missing": True}

pre_apply.connect(cms.one_version_each)


def _site(_arguments: str) -> list[dict[str, Any]]:
    users = [
        {"model": "auth.group", **TAKE},
        {"model": "auth.user", "identity": ["username"], "exclude": ["last_login"], **TAKE},
    ]
    return [*cms.specs(spec=TAKE), *users]


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``site``."""
    return {"site": {"specs": _site}}
