"""django-simple-history: a table of earlier rows beside each table."""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

from contentgit.contrib import simple_history as recipe
from packages_site.datasets import USERS, take

TITLES = {
    "shop_article": "title",
    "shop_category": "name",
    "shop_keyword": "name",
    "shop_historicalarticle": "title",
}
HISTORY = {"category_id": "shop_category", "history_user_id": "auth_user"}
KEYS = {
    "shop_historicalarticle": {"id": "shop_article", **HISTORY},
    "shop_historicalarticle_keywords": {
        "article_id": "shop_article",
        "keyword_id": "shop_keyword",
        "history_id": "shop_historicalarticle",
    },
}


class Category(models.Model):
    """Has articles."""

    name = models.CharField(max_length=40)


class Keyword(models.Model):
    """Is in articles."""

    name = models.CharField(max_length=40)


class Article(models.Model):
    """Has a history."""

    title = models.CharField(max_length=40)
    category = models.ForeignKey(Category, models.SET_NULL, null=True)
    keywords = models.ManyToManyField(Keyword)
    history = HistoricalRecords(m2m_fields=[keywords])

    def __str__(self) -> str:
        return self.title


def specs() -> list[dict[str, Any]]:
    """The history is content."""
    content = take("shop.article", "shop.category", "shop.keyword")
    return [*content, *USERS, *recipe.specs(content, {"delete_missing": True})]


def fill(who: str) -> None:
    """Articles whose category changes."""
    Category.objects.create(name=f"Other {who}")
    tools = Category.objects.create(name=f"Tools {who}")
    seeds = Category.objects.create(name=f"Seeds {who}")
    for title in ("Spade", "Rake", "Doomed"):
        row = Article.objects.create(title=f"{title} {who}", category=tools)
        row.keywords.add(Keyword.objects.create(name=f"{title} word {who}"))
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


def own() -> list[str]:
    """The history of each article as instances, and of those that are gone."""
    found = [
        f"{row.title}: {each.history_type} {each.instance.title} {each.instance.category.name}"
        f" {[word.keyword.name for word in each.keywords.all()]} {each.instance.pk == row.pk}"
        for row in Article.objects.order_by("title")
        for each in row.history.order_by("history_date")
    ]
    gone = Article.history.filter(history_type="-")
    return found + [f"gone: {each.title} {each.category.name}" for each in gone]
