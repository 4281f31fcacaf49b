"""Places in rich text and in links, as rules."""

from __future__ import annotations

from django.apps import apps

from contentgit.references import ANY, Html, References

_PLUGIN = "cms.cmsplugin"


def dynamic_attributes() -> list[str]:
    """The attributes that djangocms-text, and what has registered others there, reads as ``app.model:pk``."""
    if not apps.is_installed("djangocms_text"):
        return []
    from djangocms_text.html import dynamic_attr_pool

    return sorted(dynamic_attr_pool)


def dynamic_places() -> dict[str, str]:
    """The places in an HTML text without plugins."""
    return {f"*[{each}]": ANY for each in dynamic_attributes()}


def text_places() -> dict[str, str]:
    """The places in the HTML of a text plugin: also the plugins in it."""
    return {**dynamic_places(), "cms-plugin[id]": _PLUGIN}


def editor_places() -> dict[str, str | References]:
    """The places in the same text as the editor's JSON."""
    return {
        **{f"**.{each}": ANY for each in dynamic_attributes()},
        "**.HTMLAttributes.id": _PLUGIN,
        "**.HTMLContent": Html(text_places()),
    }


def link_places() -> dict[str, str]:
    """The places in a link of djangocms-link."""
    file = {"file_link": "filer.file"} if apps.is_installed("filer") else {}
    return {"internal_link": ANY, **file}
