"""What people call rows: the same in each database, whatever the primary keys are."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import AbstractPage, Revision


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


def seen(html: str) -> str:
    """HTML with titles in place of primary keys. Names of thumbnails may end at random."""
    html = re.sub(r"(/media/images/[^\"'\s,.]+?)_\w{7}(?=\.)", r"\1", html)
    html = re.sub(r"(/authenticate_with_password/)\d+/\d+", r"\1", html)
    html = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", html)
    return re.sub(r"/documents/(\d+)/", lambda found: f"/documents/{_title(found[1])}/", html)


def _title(pk: str) -> str:
    return str(get_document_model().objects.filter(pk=pk).first())
