"""django-comments-xtd: threads of comments, in which a comment names others by plain integers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sites.models import Site
from django.db import models
from django.utils import timezone
from django_comments_xtd.models import XtdComment

from packages_site.datasets import USERS, take

TITLES = {"shop_article": "title", "django_comments": "comment"}
COMMENT = "django_comments_xtd_xtdcomment"
KEYS = {
    "django_comments": {"object_pk": "content_type_id"},
    COMMENT: {"thread_id": "django_comments", "parent_id": "django_comments"},
}


class Article(models.Model):
    """Is discussed."""

    title = models.CharField(max_length=40)

    def get_absolute_url(self) -> str:
        """What the package asks for."""
        return f"/{self.pk}/"


def specs() -> list[dict[str, Any]]:
    """``thread_id`` and ``parent_id`` are primary keys of comments; how many answers there are is counted."""
    spec = {
        "references": dict.fromkeys(("thread_id", "parent_id"), "django_comments_xtd.xtdcomment"),
        "order": {"order": ["thread_id"]},
        "derived": ["nested_count"],
    }
    comments = take("django_comments_xtd.xtdcomment", **spec)
    return [*take("shop.article", "django_comments.comment"), *comments, *USERS]


def fill(who: str) -> None:
    """A thread on each article."""
    user, _ = User.objects.get_or_create(username=f"ann of {who}")
    for title in ("Spade", "Rake", "Doomed"):
        row = Article.objects.create(title=f"{title} {who}")
        first = said(f"On {row.title}", row, user)
        answer = said(f"Answer on {row.title}", row, user, first)
        said(f"Answer to the answer on {row.title}", row, user, answer)


def said(text: str, row: Article, user: User, to: XtdComment | None = None) -> XtdComment:
    """A comment on a row, which may answer another one."""
    return XtdComment.objects.create(
        content_object=row,
        site=Site.objects.get(),
        user=user,
        comment=text,
        submit_date=timezone.now(),
        parent_id=to.pk if to else 0,
    )


def edit(who: str) -> None:
    """Each side answers in a thread of its own."""
    title = {"Stage": "Spade Stage", "Production": "Rake Stage"}[who]
    row = Article.objects.get(title=title)
    user = User.objects.get(username="ann of Stage")
    first = XtdComment.objects.get(comment=f"On {title}")
    said(f"Another answer by {who}", row, user, first)


def own() -> list[str]:
    """The threads, as the package orders and nests them."""
    found = []
    for row in Article.objects.order_by("title"):
        comments = XtdComment.objects.filter(object_pk=str(row.pk)).order_by("thread_id", "order")
        tree = XtdComment.tree_from_queryset(comments, user=AnonymousUser())
        found += [f"{row.title} {line}" for each in tree for line in nested(each, 0)]
    return found


def nested(branch: dict[str, Any], depth: int) -> list[str]:
    """A line for each comment below one, with how deep it is."""
    comment = branch["comment"]
    line = f"{depth} {comment.comment} level {comment.level} below {comment.nested_count}"
    below = [line for each in branch["children"] for line in nested(each, depth + 1)]
    return [line, *below]
