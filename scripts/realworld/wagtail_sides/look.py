"""Prints, as JSON, what refers to what by titles, and what pages, drafts and editors look like."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from modelcluster.models import get_all_child_relations  # noqa: E402
from wagtail.documents import get_document_model  # noqa: E402
from wagtail.images import get_image_model  # noqa: E402
from wagtail.models import (  # noqa: E402
    Collection,
    Page,
    ReferenceIndex,
    Revision,
    Site,
    TranslatableMixin,
)
from wagtail.snippets.models import get_snippet_models  # noqa: E402

from wagtail_sides.editors import editors  # noqa: E402
from wagtail_sides.naming import name, named, seen, without_keys  # noqa: E402
from wagtail_sides.rows import rows  # noqa: E402

User = get_user_model()


def kinds() -> list[Any]:
    """The models that content refers to."""
    first = (Page, get_image_model(), get_document_model(), Collection, User, ContentType)
    return [*first, *get_snippet_models()]


def indexed() -> list[str]:
    """The references that Wagtail's index has."""
    return sorted(
        f"{named(each.content_type_id, each.object_id)} {without_keys(each.content_path)} -> "
        f"{named(each.to_content_type_id, each.to_object_id)}"
        for each in ReferenceIndex.objects.all()
    )


def drafts() -> Iterator[tuple[str, Any]]:
    """What each revision opens as: all that it refers to, its own rows, and how it looks."""
    for number, each in enumerate(Revision.objects.order_by("created_at", "object_str")):
        owner = each.content_object
        row = each.as_object()
        found = ReferenceIndex._extract_references_from_object(row)
        references = sorted(
            f"{without_keys(path)} -> {named(kind, pk)}" for kind, pk, _, path in found
        )
        facts = {
            "of": name(owner),
            "model": row._meta.label_lower,
            "own": row.pk == getattr(owner, "pk", None),
            "title": str(row),
            "lives": name(getattr(row, "live_revision", None)),
            "rows": sorted(_children(row)),
            "references": references,
        }
        if isinstance(row, Page) and owner is not None and owner.latest_revision_id == each.pk:
            facts["html"] = _preview(row)
        yield f"{number} {each.created_at} {each.object_str}", facts


def _children(row: Any) -> Iterator[str]:
    """The rows that a draft holds: whether each is one of the same row, or gone since."""
    for relation in (
        get_all_child_relations(type(row)) if hasattr(row, "_cluster_related_objects") else ()
    ):
        attribute = relation.field.attname
        for child in getattr(row, relation.get_accessor_name()).all():
            there = type(child)._base_manager.filter(pk=child.pk).first()
            state = "gone"
            if there is not None:
                state = "own" if getattr(there, attribute) == row.pk else "OF ANOTHER"
            yield f"{relation.get_accessor_name()} {state}"


def _preview(page: Any) -> str:
    if not page.preview_modes:
        return "no preview"
    response = page.make_preview_request(preview_mode=page.default_preview_mode)
    if hasattr(response, "render"):
        response.render()
    return f"{response.status_code} {seen(response.content.decode())}"


def looks() -> Iterator[tuple[str, str]]:
    """The HTML of each live page, with titles in place of keys."""
    for page in Page.objects.live().order_by("path"):
        site, _, path = page.get_url_parts() or (None, None, None)
        if path is None:
            continue
        where = Site.objects.get(pk=site)
        server = {"SERVER_NAME": where.hostname, "SERVER_PORT": str(where.port)}
        client = Client(raise_request_exception=False, **server)
        response = client.get(path)
        text = seen(response.content.decode())
        yield page.url_path, f"{response.status_code} {response.get('location', '')}\n{text}"


def mended() -> list[str]:
    """What Wagtail's own commands find to mend in the trees; nothing is changed."""
    problems = [
        f"{kind.__name__}: {[*each]}"
        for kind in (Page, Collection)
        for each in kind.find_problems()
        if each
    ]
    with transaction.atomic():
        before = _numbers()
        Page.fix_tree()
        Collection.fix_tree()
        call_command("set_url_paths", verbosity=0)
        after = _numbers()
        transaction.set_rollback(True)
    return [
        *problems,
        *(f"{old} -> {new}" for old, new in zip(before, after, strict=True) if old != new),
    ]


def _numbers() -> list[Any]:
    pages = Page.objects.order_by("pk").values_list("pk", "path", "depth", "numchild", "url_path")
    return [
        *pages,
        *Collection.objects.order_by("pk").values_list("pk", "path", "depth", "numchild"),
    ]


def translations() -> list[str]:
    """What is a translation of what."""
    return sorted(
        f"{row.translation_key} {row.locale} {name(row)}"
        for kind in apps.get_models()
        if issubclass(kind, TranslatableMixin) and TranslatableMixin in kind.__mro__
        for row in kind._base_manager.all()
    )


def _sorted(kind: Any) -> Any:
    return kind.objects.order_by("path")


def main() -> None:
    """All of it."""
    keys: dict[str, dict[str, list[str]]] = {}
    for kind in kinds():
        found = keys.setdefault(kind._meta.label_lower, {})
        for row in kind._base_manager.all():
            found.setdefault(name(row), []).append(str(row.pk))
    pages = [f"{each.path} {each.depth} {each.numchild} {name(each)}" for each in _sorted(Page)]
    # Treebeard sorts collections by name: their order is compared, their paths may have other gaps.
    folders = [f"{each.depth} {each.numchild} {each.name}" for each in _sorted(Collection)]
    same = {
        "index": indexed(),
        "drafts": dict(drafts()),
        "looks": dict(looks()),
        "editors": editors(),
        "pages": pages,
        "collections": folders,
        "translations": translations(),
        "rows": rows(),
    }
    json.dump({"keys": keys, "same": same, "mended": mended()}, sys.stdout)


if __name__ == "__main__":
    main()
