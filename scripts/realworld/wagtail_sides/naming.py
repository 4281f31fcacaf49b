"""What people call rows: the same in each database, whatever the primary keys are."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import AbstractPage, Page, Revision


def name(row: Any) -> str:
    """Label and title of a row, with what it belongs to where it has no title."""
    if row is None:
        return "nothing"
    label = row._meta.label_lower
    if isinstance(row, AbstractPage):
        return f"{label} {row.url_path}"
    if isinstance(row, (get_image_model(), get_document_model())):
        return f"{label} {row.title} {row.file.name}"
    if isinstance(row, Revision):
        return f"{label} {row.created_at}"
    if hasattr(row, "permission_id"):
        kept = (each for each in row._meta.fields if each.is_relation)
        return f"{label} " + ", ".join(name(getattr(row, each.name)) for each in kept)
    if type(row).__str__ is Model.__str__:
        owner = next((each for each in row._meta.fields if type(each).__name__ == "ParentalKey"), 0)
        return f"{label} of {name(getattr(row, owner.name))}" if owner else label
    return f"{label} {row}"


def named(content_type: int, pk: Any) -> str:
    """The name of the row with this primary key; ``gone`` if there is none."""
    kind = ContentType.objects.get_for_id(content_type)
    row = kind.model_class()._base_manager.filter(pk=pk).first()
    return name(row) if row is not None else f"{kind.app_label}.{kind.model} gone"


def without_keys(path: str) -> str:
    """A path in content without primary keys, and without ids that lists in an old form get when read."""
    return re.sub(r"(?<=\.)(\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=\.|$)", "N", path)


def blank(text: str) -> str:
    """The text without primary keys: whatever is a number or a UUID, in titles and dates, too."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "N", text)


def seen(html: str) -> str:
    """HTML with titles in place of primary keys."""
    html = re.sub(r"(/authenticate_with_password/)\d+/\d+", r"\1", html)
    html = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", html)
    for path, model in (("/documents/", get_document_model()), ("/api/v2/pages/", Page)):
        html = re.sub(rf"{path}(\d+)/", partial(_titled, path, model), html)
    return html


def _titled(path: str, model: Any, found: re.Match[str]) -> str:
    return f"{path}{name(model.objects.filter(pk=found[1]).first())}/"
