"""django-contrib-comments: comments on rows of any model."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.sites.models import Site
from django.db import models
from django.utils import timezone
from django_comments.models import Comment, CommentFlag

from packages_site.datasets import USERS, take

TITLES = {"shop_article": "title", "django_comments": "comment"}
KEYS = {"django_comments": {"object_pk": "content_type_id"}}


class Article(models.Model):
    """Is commented on."""

    title = models.CharField(max_length=40)


def specs() -> list[dict[str, Any]]:
    """The site is named by its domain."""
    models_ = ("django_comments.comment", "django_comments.commentflag")
    return [*take("shop.article", *models_), *USERS]


def fill(who: str) -> None:
    """Comments, one of them flagged."""
    user, _ = User.objects.get_or_create(username=f"ann of {who}")
    for title in ("Spade", "Rake", "Doomed"):
        row = Article.objects.create(title=f"{title} {who}")
        comment = said(f"On {row.title}", row, user)
        CommentFlag.objects.create(user=user, comment=comment, flag="removal suggestion")


def said(text: str, row: Article, user: User) -> Comment:
    """A comment on a row."""
    return Comment.objects.create(
        content_object=row,
        site=Site.objects.get(),
        user=user,
        user_name=user.username,
        comment=text,
        submit_date=timezone.now(),
    )


def edit(who: str) -> None:
    """Each side comments, and one deletes."""
    title = {"Stage": "Spade Stage", "Production": "Rake Stage"}[who]
    user = User.objects.get(username="ann of Stage")
    said(f"Again by {who}", Article.objects.get(title=title), user)
    if who == "Stage":
        Comment.objects.get(comment="On Doomed Stage").delete()


def own() -> list[str]:
    """The comments on each article."""
    return [
        f"{row.title}: {each.comment} {each.content_object.title} {each.flags.count()}"
        for row in Article.objects.order_by("title")
        for each in Comment.objects.for_model(row).order_by("comment")
    ]
