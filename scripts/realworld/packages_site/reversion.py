"""django-reversion: versions of rows as JSON in a text."""

from __future__ import annotations

import json
from typing import Any

import reversion
from django.contrib.auth.models import User
from django.db import models, transaction
from reversion.models import Version

from contentgit.contrib import reversion as recipe
from packages_site.datasets import USERS, take

TITLES = {"shop_article": "title", "shop_category": "name", "reversion_revision": "comment"}
KEYS = {"reversion_version": {"object_id": "content_type_id"}}


class Category(models.Model):
    """Has articles."""

    name = models.CharField(max_length=40)


@reversion.register()
class Article(models.Model):
    """Has versions."""

    title = models.CharField(max_length=40)
    category = models.ForeignKey(Category, models.SET_NULL, null=True)
    text = models.TextField(default="")
    others = models.ManyToManyField("self", symmetrical=False)


LINK = {"text": {"a[data-id]": "shop.article"}}


def specs() -> list[dict[str, Any]]:
    """Versions are content."""
    content = [*take("shop.article", references=LINK), *take("shop.category")]
    return [*content, *USERS, *recipe.specs(content, {"delete_missing": True})]


def fill(who: str) -> None:
    """Articles with two versions each."""
    user, _ = User.objects.get_or_create(username=f"ann of {who}")
    Category.objects.create(name=f"Other {who}")
    tools = Category.objects.create(name=f"Tools {who}")
    seeds = Category.objects.create(name=f"Seeds {who}")
    other = None
    for title in ("Spade", "Rake", "Doomed"):
        with reversion.create_revision():
            row = Article.objects.create(title=f"{title} {who}", category=tools)
            row.text = f'{title} <a data-id="{(other or row).pk}">"other"</a>'
            row.save()
            row.others.add(other or row)
            reversion.set_user(user)
            reversion.set_comment(f"{row.title} first")
        with reversion.create_revision():
            row.category = seeds
            row.save()
            reversion.set_comment(f"{row.title} second")
        other = row


def edit(who: str) -> None:
    """Each side changes a row of its own, and one deletes a row."""
    title = {"Stage": "Spade Stage", "Production": "Rake Stage"}[who]
    with reversion.create_revision():
        row = Article.objects.get(title=title)
        row.category = Category.objects.get(name="Other Stage")
        row.save()
        reversion.set_comment(f"{row.title} third")
    if who == "Stage":
        Article.objects.get(title="Doomed Stage").delete()


def plain(value: str, title: Any) -> str:
    """A version with titles in place of keys."""
    (found,) = json.loads(value)
    fields = found["fields"]
    found["pk"] = title("shop_article", found["pk"])
    fields["category"] = title("shop_category", fields["category"])
    fields["others"] = [title("shop_article", each) for each in fields["others"]]
    before, _, rest = fields["text"].partition('data-id="')
    pk, quote, rest = rest.partition('"')
    fields["text"] = f"{before}{title('shop_article', pk)}{quote}{rest}"
    return json.dumps(found, sort_keys=True)


def text(value: str, title: Any) -> str:
    """A text with a title in place of a key."""
    before, _, rest = value.partition('data-id="')
    pk, quote, rest = rest.partition('"')
    return f"{before}{title('shop_article', pk)}{quote}{rest}"


VALUES = {"reversion_version": {"serialized_data": plain}, "shop_article": {"text": text}}


def own() -> list[str]:
    """What reverting to each version brings back; nothing of it stays."""
    found = []
    for version in Version.objects.order_by("revision__comment"):
        with transaction.atomic():
            version.revision.revert()
            row = Article.objects.get(pk=version.object_id)
            others = sorted(each.title for each in row.others.all())
            linked = Article.objects.filter(
                pk=row.text.partition('id="')[2].partition('"')[0]
            ).first()
            link = linked and linked.title
            said = f"{version.revision.comment}: {row.title} {row.category.name} {others} {link}"
            found.append(said)
            transaction.set_rollback(True)
    return found
