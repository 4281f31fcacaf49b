"""The two sides of a merge."""

from __future__ import annotations

import enum


class Side(enum.StrEnum):
    """Whose value is taken where both sides changed the same thing."""

    OURS = "ours"
    THEIRS = "theirs"
