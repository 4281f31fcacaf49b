"""Django system checks."""

from __future__ import annotations

from typing import Any

from django.core import checks


def check_configuration(**_: Any) -> list[checks.CheckMessage]:
    """Everything that is wrong with the settings and the datasets module."""
    return []
