"""Where references are inside of texts and JSON: what the ``"references"`` of a spec are made of.

Nothing here looks at a database or at models. What is given back differs from what was given only by what
:class:`Names` gave: put primary keys back in place of that, and every byte is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from contentgit.references.html import HTML_HINT, Html
from contentgit.references.json_text import JsonText
from contentgit.references.json_values import Json
from contentgit.references.paths import JSON_HINT
from contentgit.references.places import ANY, Generic, Names, References, is_references
from contentgit.references.whole import WHOLE_HINT, Whole

__all__ = ["ANY", "Generic", "Html", "Json", "JsonText", "Names", "References", "Whole"]

Holds: TypeAlias = Literal["json", "number", "text"]
"""What the values of a field are."""


def parsed(raw: object, holds: Holds) -> References:
    """What a spec has for a field. A dictionary has the rules of :class:`Json` or of :class:`Html`.

    A label is that of :class:`Whole`; a number is no place in JSON, as there it would come back as a text.

    Raises:
        ValueError: its form is wrong; what is, and what to write.
    """
    if is_references(raw):
        return raw
    if isinstance(raw, str) and holds != "json":
        return Whole(raw)
    if isinstance(raw, Mapping) and holds != "number":
        return Json(raw) if holds == "json" else Html(raw)
    if holds == "number":
        raise ValueError("must be a model's label", WHOLE_HINT)
    raise ValueError("must be a dictionary of places", JSON_HINT if holds == "json" else HTML_HINT)
