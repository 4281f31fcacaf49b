"""Posts, as the old release has them; the proof changes this text into the new one."""

from django.db import models
from wagtail import blocks
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page


class Author(models.Model):
    name = models.CharField(max_length=100)


class PostPage(Page):
    intro = RichTextField(blank=True)
    body = StreamField(
        [("text", blocks.RichTextBlock()), ("quote", blocks.BlockQuoteBlock())],
        blank=True,
        use_json_field=True,
    )
    author = models.ForeignKey(Author, models.SET_NULL, null=True, blank=True)
