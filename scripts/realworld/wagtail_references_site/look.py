"""Prints, as JSON, what refers to what by titles, and what pages look like; primary keys apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.test import Client  # noqa: E402
from wagtail.documents import get_document_model  # noqa: E402
from wagtail.models import Page, ReferenceIndex, Revision  # noqa: E402

from wagtail_references_site.home.models import (  # noqa: E402
    ArticlePage,
    Category,
    Notice,
    Picture,
    Teaser,
)

KINDS = (Page, Teaser, Notice, Category, Picture, get_document_model(), User)


def name(row: Any) -> str:
    """What people call a row."""
    return f"{row._meta.model_name} {row}" if row is not None else "nothing"


def named(content_type: int, pk: str) -> str:
    """The name of a row."""
    kind = ContentType.objects.get_for_id(content_type)
    row = (
        kind.get_object_for_this_type(pk=pk) if kind.get_all_objects_for_this_type(pk=pk) else None
    )
    return f"{kind.app_label}.{kind.model} {row if row is not None else f'gone {pk}'}"


def indexed() -> list[str]:
    """The references that Wagtail's index has."""
    return sorted(
        f"{named(each.content_type_id, each.object_id)} {without_keys(each.content_path)} -> "
        f"{named(each.to_content_type_id, each.to_object_id)}"
        for each in ReferenceIndex.objects.all()
    )


def without_keys(path: str) -> str:
    """A path without keys of rows, and without those that lists in the old form get when they are read."""
    path = re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "N", path)
    return re.sub(r"\b(links|tagged_items|wagtail_admin_comments)\.\d+", r"\1.N", path)


def drafts() -> Iterator[tuple[str, Any]]:
    """What each revision opens as: all that it refers to, and its fields without keys."""
    for each in Revision.objects.order_by("created_at"):
        row = each.as_object()
        found = ReferenceIndex._extract_references_from_object(row)
        references = sorted(
            f"{without_keys(content_path)} -> {named(kind, pk)}"
            for kind, pk, _, content_path in found
        )
        keys = {
            "pk": name(each.content_object)
            if str(each.content["pk"]) == each.object_id
            else "WRONG",
            "lives": name(getattr(row, "live_revision", None)),
            "children": sorted(
                f"{type(child).__name__} {_is_own(child, row)}"
                for relation in ("links", "tagged_items")
                for child in (getattr(row, relation).all() if hasattr(row, relation) else ())
            ),
        }
        yield f"{each.created_at} {name(each.content_object)}", [keys, references, row.title]


def _is_own(child: Any, row: Any) -> str:
    """Whether a row that a draft holds is one of the same page, or gone since."""
    there = type(child).objects.filter(pk=child.pk).first()
    parent = getattr(child, "article_id", None) or getattr(child, "content_object_id", None)
    if parent != row.pk:
        return "OF ANOTHER"
    if there is None:
        return "gone"
    owner = getattr(there, "article_id", None) or getattr(there, "content_object_id", None)
    return "own" if owner == row.pk else "OF ANOTHER"


def looks() -> dict[str, str]:
    """The HTML of each page, with titles in place of keys."""
    client = Client()
    return {
        page.url_path: seen(client.get(page.url).content.decode())
        for page in ArticlePage.objects.live()
    }


def seen(html: str) -> str:
    """HTML in which files are named by titles. Names of thumbnails end at random, as one folder has all."""
    html = re.sub(r"(/media/images/\w+_picture_\d)_\w{7}(?=\.)", r"\1", html)
    return re.sub(
        r"/documents/(\d+)/", lambda found: f"/documents/{named_file(int(found[1]))}/", html
    )


def named_file(pk: int) -> str:
    """The title of a document."""
    return str(get_document_model().objects.filter(pk=pk).first())


def logged_in() -> dict[str, int]:
    """Whether each page's editor opens."""
    user, _ = User.objects.get_or_create(
        username="boss", defaults={"is_superuser": True, "is_staff": True}
    )
    client = Client()
    client.force_login(user)
    found = {
        page.url_path: client.get(f"/admin/pages/{page.pk}/edit/").status_code
        for page in ArticlePage.objects.all()
    }
    found |= {
        str(each): client.get(f"/admin/snippets/home/teaser/edit/{each.pk}/").status_code
        for each in Teaser.objects.all()
    }
    user.delete()
    return found


def main() -> None:
    """All of it."""
    keys = {
        kind._meta.label_lower: sorted(map(str, kind.objects.values_list("pk", flat=True)))
        for kind in KINDS
    }
    problems = [len(each) for each in Page.find_problems()]
    same = {
        "index": indexed(),
        "drafts": dict(drafts()),
        "looks": looks(),
        "editors": logged_in(),
        "tree": problems,
    }
    print(json.dumps({"keys": keys, "same": same, "models": len(apps.get_models())}))


if __name__ == "__main__":
    main()
