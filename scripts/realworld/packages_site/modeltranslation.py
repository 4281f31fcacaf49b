"""django-modeltranslation: a column for each language beside the original one."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import override

from packages_site.datasets import take

TITLES = {"shop_news": "code"}
BOTH = ("shop_news",)


class News(models.Model):
    """Has a title in each language."""

    code = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    other = models.ForeignKey("self", models.SET_NULL, null=True)


def specs() -> list[dict[str, Any]]:
    """The original column holds what the last save found in its own language."""
    return take("shop.news", derived=["title"])


def fill(who: str) -> None:
    """News in two languages."""
    other = None
    for code in ("Spade", "Rake", "Doomed"):
        name = f"{code} {who}"
        row = News(code=name, title_en=name, title_de=f"{name} de", other=other)
        row.save()
        other = row


def edit(who: str) -> None:
    """One side edits the German text, the other one the English of the same row, as an editor of it does."""
    language = {"Stage": "de", "Production": "en"}[who]
    with override(language):
        row = News.objects.get(code="Spade Stage")
        row.title = f"{who} {language}"
        row.save()


def own() -> list[str]:
    """The titles as a page in each language shows them."""
    found = []
    for language in ("en", "de"):
        with override(language):
            rows = News.objects.order_by("code")
            found += [f"{language} {each.title} {each.other and each.other.title}" for each in rows]
    return found
