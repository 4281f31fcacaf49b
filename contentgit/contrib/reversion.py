"""Versions of django-reversion as content: their rows are found again in every database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contentgit.contrib.serialized import Serialized


def specs(
    content: Iterable[Mapping[str, Any]], spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Specs of revisions and versions, with the keys of ``spec``; ``content`` are the specs of the site.

    A version is the row as JSON, so it has the references of the row's own spec. It may be that of a row that
    the other side of a merge deleted.
    """
    named = {"identity": "uuid", **(spec or {})}
    copies = Serialized({each["model"].lower(): each.get("references", {}) for each in content})
    return [
        {**named, "model": "reversion.revision"},
        {
            "missing": {"object": "keep", "serialized_data": "keep"},
            **named,
            "model": "reversion.version",
            "references": {"serialized_data": copies},
        },
    ]
