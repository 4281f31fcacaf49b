"""Classes of packages that may not be installed."""

from __future__ import annotations


def is_a(cls: type, path: str) -> bool:
    """Whether the class is the one with this path, or derived from it."""
    return any(f"{each.__module__}.{each.__qualname__}" == path for each in cls.__mro__)
