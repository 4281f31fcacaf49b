"""References in the fields of a model."""

from __future__ import annotations

from django.db.models import Model

from contentgit.contrib.cms.classes import is_a
from contentgit.contrib.cms.forms import entangled
from contentgit.contrib.cms.places import dynamic_places, editor_places, link_places, text_places
from contentgit.references import Html, Json, References


def references_of(model: type[Model]) -> dict[str, References]:
    """The ``"references"`` of a spec of the model: its rich text, its links, and what forms of plugins
    keep as JSON.
    """
    found: dict[str, References] = {}
    for each in model._meta.local_concrete_fields:
        if is_a(type(each), "djangocms_text.fields.HTMLField"):
            found[each.name] = Html(dynamic_places())
        elif is_a(type(each), "djangocms_link.fields.LinkField"):
            found[each.name] = Json(link_places())
    if is_a(model, "djangocms_text.models.AbstractText"):
        found |= {"body": Html(text_places()), "json": Json(editor_places())}
    own = {each.name for each in model._meta.local_concrete_fields}
    for name, rules in entangled(model).items():
        if name in own and rules:
            found[name] = Json(rules)
    return found
