"""References in rich text."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from contentgit.contrib.wagtail.labels import label_of
from contentgit.references import Html


class RichText(Html):
    """Links to pages and documents, embedded images, and what else the site has registered as such."""

    def __init__(self) -> None:
        from wagtail.rich_text import features

        kinds = (
            ("a", "linktype", features.get_link_types()),
            ("embed", "embedtype", features.get_embed_types()),
        )
        super().__init__(
            {
                f'{tag}[{attribute}="{name}"][id]': label
                for tag, attribute, handlers in kinds
                for name, handler in handlers.items()
                if (label := _label(handler))
            }
        )


def _label(handler: Any) -> str | None:
    """The label of what a handler finds by ``id``."""
    try:
        model = handler.get_model()
    except (AttributeError, NotImplementedError):
        return None  # a link of another kind, such as an address
    is_model = isinstance(model, type) and issubclass(model, Model)
    return label_of(model) if is_model else None
