"""django-guardian: permissions for single rows, by generic foreign keys."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models
from guardian.shortcuts import assign_perm, remove_perm

from packages_site.datasets import USERS, take

TITLES = {"shop_article": "title"}
KEYS = {
    "guardian_userobjectpermission": {"object_pk": "content_type_id"},
    "guardian_groupobjectpermission": {"object_pk": "content_type_id"},
}


class Article(models.Model):
    """Is edited by some."""

    title = models.CharField(max_length=40)


def specs() -> list[dict[str, Any]]:
    """People by name, since both databases have the anonymous user of guardian."""
    models_ = ("guardian.userobjectpermission", "guardian.groupobjectpermission")
    return [*take("shop.article", *models_), *USERS, *take("auth.group", identity=["name"])]


def fill(who: str) -> None:
    """Ann may change one article, her group another one."""
    user, _ = User.objects.get_or_create(username=f"ann of {who}")
    group, _ = Group.objects.get_or_create(name=f"editors of {who}")
    user.groups.add(group)
    for title in ("Spade", "Rake", "Doomed"):
        Article.objects.create(title=f"{title} {who}")
    assign_perm("change_article", user, Article.objects.get(title=f"Spade {who}"))
    assign_perm("delete_article", group, Article.objects.get(title=f"Rake {who}"))


def edit(who: str) -> None:
    """Each side gives and takes permissions."""
    user = User.objects.get(username="ann of Stage")
    if who == "Stage":
        assign_perm("change_article", user, Article.objects.get(title="Doomed Stage"))
        remove_perm("change_article", user, Article.objects.get(title="Spade Stage"))
    else:
        assign_perm("view_article", user, Article.objects.get(title="Rake Stage"))


def own() -> list[str]:
    """What each user may do to each article."""
    return [
        f"{user.username} {permission} {row.title}: {user.has_perm(f'shop.{permission}_article', row)}"
        for user in User.objects.order_by("username")
        for row in Article.objects.order_by("title")
        for permission in ("view", "change", "delete")
    ]
