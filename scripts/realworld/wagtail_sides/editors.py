"""What the admin answers where somebody edits a row, or opens an older draft of one."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.urls import reverse
from wagtail.admin.admin_url_finder import AdminURLFinder
from wagtail.contrib.forms.models import AbstractFormSubmission
from wagtail.models import BaseLogEntry, Page, Revision

from wagtail_sides.naming import blank, name
from wagtail_sides.rows import models

User = get_user_model()

_ONE = r"(?:<|\\uNC)option.*?(?:</option>|\\uNC/option\\uNE)"
_OPTION = re.compile(_ONE)
_OPTIONS = re.compile(rf"(?:{_ONE}(?:\\n|\s)*)+")
"""Choices in a form, or in JSON within it, where blank() was; they are on one line."""


def editors() -> dict[str, list[str]]:
    """Status and HTML of the editors of all rows that have one, and of each draft; nothing is changed.

    Logs and submitted forms, which editors show, are those of one site.
    """
    found: dict[str, list[str]] = {}
    with transaction.atomic():
        for kind in apps.get_models():
            if issubclass(kind, (AbstractFormSubmission, BaseLogEntry)):
                kind._base_manager.all().delete()
        boss, _ = User.objects.get_or_create(
            **{User.USERNAME_FIELD: "boss"}, defaults={"is_superuser": True, "is_staff": True}
        )
        client = Client(raise_request_exception=False)
        client.force_login(boss)
        for what, url in _urls(boss):
            response = client.get(url)
            answer = f"{response.status_code} {_form(response.content.decode())}"
            found.setdefault(what, []).append(answer)
        transaction.set_rollback(True)
    return {what: sorted(answers) for what, answers in found.items()}


def _urls(user: Any) -> Iterator[tuple[str, str]]:
    finder = AdminURLFinder(user)
    for kind in models():
        if issubclass(kind, Page) and kind is not Page:
            continue
        for row in kind._base_manager.all():
            url = finder.get_edit_url(row.specific if isinstance(row, Page) else row)
            if url:
                yield name(row), url
    for number, each in enumerate(Revision.objects.order_by("created_at", "object_str")):
        row = each.content_object
        is_latest = row is None or row.latest_revision_id == each.pk
        if not is_latest and (url := _revert(row, each)):
            yield f"{number} {each.created_at} {name(row)}", url


def _revert(row: Any, revision: Any) -> str | None:
    """Where the editor opens an older draft."""
    if isinstance(row, Page):
        return reverse("wagtailadmin_pages:revisions_revert", args=[row.pk, revision.pk])
    viewset = getattr(row, "snippet_viewset", None)
    if viewset is None or not viewset.revision_enabled:
        return None
    return reverse(viewset.get_url_name("revisions_revert"), args=[quote(row.pk), revision.pk])


def _sorted(found: re.Match[str]) -> str:
    """An attribute that is JSON, where the order of names means nothing."""
    try:
        return html.escape(json.dumps(json.loads(html.unescape(found[1])), sort_keys=True))
    except ValueError:
        return found[0]


def _form(text: str) -> str:
    """The page as lines, without primary keys, tokens, and names that blocks of texts get at random."""
    text = re.sub(
        r"<svg.*?</svg>|<script id=.wagtail-config.*?</script>", "", text, flags=re.DOTALL
    )
    text = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", text)
    text = re.sub(r'"((?:\[|\{)[^"]*)"', _sorted, text)
    text = re.sub(r'(\\*(?:&quot;|"))key\1: \1\w{5}\1', "key", text)
    text = re.sub(
        r'(<script id="comments-data"[^>]*>)(.*?)(</script>)', _authors, text, flags=re.DOTALL
    )
    text = re.sub(r"\s+", " ", blank(text))
    text = re.sub(
        r"(?i)\b(?:(?:an?|N) (?:second|minute|hour)s? ago|just now)\b", "a while ago", text
    )
    return _OPTIONS.sub(_in_order, text).replace("<", "\n<")


def _authors(found: re.Match[str]) -> str:
    """Comments with their authors in the order of names: they are listed by primary keys."""
    try:
        data = json.loads(found[2])
        authors = sorted(json.dumps(each, sort_keys=True) for each in data["authors"].values())
        return f"{found[1]}{json.dumps({**data, 'authors': authors})}{found[3]}"
    except (ValueError, KeyError, AttributeError):
        return found[0]


def _in_order(found: re.Match[str]) -> str:
    """Choices in the order of their words: some are listed by primary keys."""
    return " ".join(sorted(_OPTION.findall(found[0])))
