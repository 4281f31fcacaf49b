"""django-taggit: tags by generic foreign keys."""

from __future__ import annotations

from typing import Any

from django.db import models
from taggit.managers import TaggableManager

from packages_site.datasets import take

TITLES = {"shop_article": "title", "taggit_tag": "name"}
KEYS = {"taggit_taggeditem": {"object_id": "content_type_id"}}


class Article(models.Model):
    """Has tags."""

    title = models.CharField(max_length=40)
    tags = TaggableManager()


def specs() -> list[dict[str, Any]]:
    """A tag is the same tag wherever people write it; so is that an article has it."""
    return [
        *take("shop.article", "taggit.taggeditem"),
        *take("taggit.tag", identity=["slug"]),
    ]


def fill(who: str) -> None:
    """Articles that share tags."""
    for number, title in enumerate(("Spade", "Rake", "Doomed")):
        row = Article.objects.create(title=f"{title} {who}")
        row.tags.add("garden", f"tag {number}", f"of {who}")


def edit(who: str) -> None:
    """Both sides give a new tag of one name to articles of their own."""
    title = {"Stage": "Spade Stage", "Production": "Rake Stage"}[who]
    row = Article.objects.get(title=title)
    row.tags.add("both", f"new {who}")
    row.tags.remove("garden")
    if who == "Stage":
        Article.objects.get(title="Doomed Stage").delete()


def own() -> list[str]:
    """The tags of each article, and the articles of each tag."""
    rows = Article.objects.order_by("title")
    found = [f"{each.title}: {sorted(each.tags.names())}" for each in rows]
    for name in ("garden", "both"):
        titles = Article.objects.filter(tags__name=name).order_by("title")
        found.append(f"{name}: {[*titles.values_list('title', flat=True)]}")
    return found
