"""Articles with pictures, whose files travel with them."""

from __future__ import annotations

from django.db import models


class Article(models.Model):
    """A picture, and a file that need not be there."""

    title = models.CharField(max_length=40)
    picture = models.FileField(upload_to="news", blank=True)
    sheet = models.FileField(upload_to="sheets", null=True)


class Attachment(models.Model):
    """One of an article's files."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE)
    file = models.FileField(upload_to="news")


class Report(Article):
    """Has its files in its parent's table."""

    pages = models.IntegerField(default=0)
