"""Relations, rich text and streams that refer to pages, images, documents and snippets."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from taggit.models import TaggedItemBase
from wagtail import blocks
from wagtail.contrib.typed_table_block.blocks import TypedTableBlock
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.images.blocks import ImageBlock, ImageChooserBlock
from wagtail.images.models import AbstractImage, AbstractRendition, Image
from wagtail.models import DraftStateMixin, Orderable, Page, RevisionMixin
from wagtail.snippets.blocks import SnippetChooserBlock
from wagtail.snippets.models import register_snippet


class Picture(AbstractImage):
    """The site's own images."""

    credit = models.CharField(max_length=100, blank=True)
    admin_form_fields = (*Image.admin_form_fields, "credit")


class Rendition(AbstractRendition):
    """Their thumbnails."""

    image = models.ForeignKey(Picture, models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)


@register_snippet
class Teaser(DraftStateMixin, RevisionMixin, models.Model):
    """A snippet with drafts."""

    title = models.CharField(max_length=100)
    text = RichTextField(blank=True)
    page = models.ForeignKey(Page, models.SET_NULL, null=True, blank=True, related_name="+")
    picture = models.ForeignKey(Picture, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.title


@register_snippet
class Notice(DraftStateMixin, RevisionMixin, models.Model):
    """Another one, with the names of fields that teasers have; one of them leads elsewhere."""

    title = models.CharField(max_length=100)
    text = RichTextField(blank=True)
    page = models.ForeignKey(Page, models.SET_NULL, null=True, blank=True, related_name="+")
    picture = models.ForeignKey(Teaser, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.title


@register_snippet
class Category(models.Model):
    """A snippet without drafts, with a stream."""

    title = models.CharField(max_length=100)
    parts = StreamField([("page", blocks.PageChooserBlock())], blank=True)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Card(blocks.StructBlock):
    """Choosers side by side."""

    picture = ImageChooserBlock(required=False)
    page = blocks.PageChooserBlock(required=False)
    teaser = SnippetChooserBlock("home.Teaser", required=False)
    text = blocks.RichTextBlock(required=False)
    number = blocks.IntegerBlock(required=False)


class Columns(blocks.StreamBlock):
    """A stream in a stream."""

    card = Card()
    cards = blocks.ListBlock(Card())
    page = blocks.PageChooserBlock()
    file = DocumentChooserBlock()


class ArticlePage(Page):
    """A page that refers to others in all ways."""

    intro = RichTextField(blank=True)
    hero = models.ForeignKey(Picture, models.SET_NULL, null=True, blank=True, related_name="+")
    file = models.ForeignKey(
        "wagtaildocs.Document", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    link = models.ForeignKey(Page, models.SET_NULL, null=True, blank=True, related_name="+")
    categories = ParentalManyToManyField(Category, blank=True)
    tags = ClusterTaggableManager(through="home.ArticleTag", blank=True)
    body = StreamField(
        [
            ("heading", blocks.CharBlock()),
            ("text", blocks.RichTextBlock()),
            ("raw", blocks.RawHTMLBlock()),
            ("rule", blocks.StaticBlock()),
            ("page", blocks.PageChooserBlock()),
            ("article", blocks.PageChooserBlock("home.ArticlePage")),
            ("pages", blocks.ListBlock(blocks.PageChooserBlock())),
            ("picture", ImageChooserBlock()),
            ("image", ImageBlock()),
            ("old_image", ImageBlock()),
            ("file", DocumentChooserBlock()),
            ("teaser", SnippetChooserBlock("home.Teaser")),
            ("card", Card()),
            ("columns", blocks.ListBlock(Columns())),
            (
                "table",
                TypedTableBlock(
                    [
                        ("page", blocks.PageChooserBlock(required=False)),
                        ("text", blocks.RichTextBlock()),
                    ]
                ),
            ),
        ],
        blank=True,
    )
    content_panels: ClassVar = [
        *Page.content_panels,
        "intro",
        "hero",
        "file",
        "link",
        "categories",
        "tags",
        "links",
        "body",
    ]


class ArticleTag(TaggedItemBase):
    """A tag of an article."""

    content_object = ParentalKey(ArticlePage, on_delete=models.CASCADE, related_name="tagged_items")


class ArticleLink(Orderable):
    """A row of an article's editor."""

    article = ParentalKey(ArticlePage, on_delete=models.CASCADE, related_name="links")
    target = models.ForeignKey(Page, models.CASCADE, related_name="+")
    picture = models.ForeignKey(Picture, models.SET_NULL, null=True, blank=True, related_name="+")
    text = RichTextField(blank=True)
    parts = StreamField([("page", blocks.PageChooserBlock())], blank=True)
    panels: ClassVar = ["target", "picture", "text", "parts"]
