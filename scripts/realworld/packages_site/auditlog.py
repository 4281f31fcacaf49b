"""django-auditlog: a log that names rows by columns that are no foreign keys."""

from __future__ import annotations

import json
from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.auth.models import User
from django.db import models

from contentgit.contrib import auditlog as recipe
from packages_site.datasets import USERS, take

TITLES = {"shop_article": "title", "shop_category": "name"}
KEYS = {"auditlog_logentry": {"object_pk": "content_type_id", "object_id": "content_type_id"}}


class Category(models.Model):
    """Has articles."""

    name = models.CharField(max_length=40)


class Article(models.Model):
    """Is logged."""

    title = models.CharField(max_length=40)
    category = models.ForeignKey(Category, models.SET_NULL, null=True)


auditlog.register(Article, serialize_data=True)


def specs() -> list[dict[str, Any]]:
    """The log is content."""
    content = take("shop.article", "shop.category")
    return [*content, *USERS, *recipe.specs(content, {"delete_missing": True})]


def fill(who: str) -> None:
    """Articles whose category changes."""
    Category.objects.create(name=f"Other {who}")
    tools = Category.objects.create(name=f"Tools {who}")
    seeds = Category.objects.create(name=f"Seeds {who}")
    for title in ("Spade", "Rake", "Doomed"):
        row = Article.objects.create(title=f"{title} {who}", category=tools)
        row.category = seeds
        row.save()


def edit(who: str) -> None:
    """Each side changes a row of its own, and one deletes a row."""
    title = {"Stage": "Spade Stage", "Production": "Rake Stage"}[who]
    row = Article.objects.get(title=title)
    row.category = Category.objects.get(name="Other Stage")
    row.save()
    if who == "Stage":
        Article.objects.get(title="Doomed Stage").delete()


def plain(value: str | None, title: Any) -> str:
    """The values of the category with titles, in what changed and in a serialized row."""
    if value is None:
        return "None"
    found = json.loads(value)
    if "pk" in found:
        found["pk"] = title("shop_article", found["pk"])
        found["fields"].pop("id", None)
        found["fields"]["category"] = title("shop_category", found["fields"]["category"])
        return json.dumps(found, sort_keys=True)
    changed = [
        title("shop_category", None if pk == "None" else pk) for pk in found.get("category", [])
    ]
    found.pop("id", None)  # a number that a log of a new or deleted row has
    return json.dumps(found | {"category": changed}, sort_keys=True)


VALUES = {"auditlog_logentry": {"changes": plain, "serialized_data": plain}}


def own() -> list[str]:
    """The log of each article, as the package finds it."""
    assert User.objects.count() == 0
    return [
        f"{row.title}: {entry.action} {entry.object_repr.partition('(')[0]}"
        for row in Article.objects.order_by("title")
        for entry in LogEntry.objects.get_for_object(row).order_by("timestamp")
    ]
