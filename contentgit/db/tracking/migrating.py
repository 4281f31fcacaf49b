"""Migrations run without triggers: these would break with a renamed column, and miss what DDL changes."""

from __future__ import annotations

from typing import Any

from contentgit.db.tracking.log import suspend, tracked


def stop_tracking(*, using: str, plan: list[Any] | None = None, **_given: Any) -> None:
    """Drop the triggers before migrations run. The next commit or apply makes them anew."""
    if plan and tracked(using):
        suspend(using)
