"""Where references are inside of texts and JSON: what the ``"references"`` of a spec are made of.

Nothing here looks at a database or at models. What is given back differs from what was given only by what
:class:`Names` gave: put primary keys back in place of that, and every byte is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from contentgit.references.html import HTML_HINT, Html
from contentgit.references.json_text import JsonText
from contentgit.references.json_values import Json
from contentgit.references.paths import JSON_HINT
from contentgit.references.places import ANY, Generic, Names, References, is_references

__all__ = ["ANY", "Generic", "Html", "Json", "JsonText", "Names", "References"]


def parsed(raw: object, *, is_json: bool) -> References:
    """What a spec has for a field. A dictionary has the rules of :class:`Json` or of :class:`Html`.

    Raises:
        ValueError: its form is wrong; what is, and what to write.
    """
    if isinstance(raw, Mapping):
        return Json(raw) if is_json else Html(raw)
    if is_references(raw):
        return raw
    raise ValueError("must be a dictionary of places", JSON_HINT if is_json else HTML_HINT)
