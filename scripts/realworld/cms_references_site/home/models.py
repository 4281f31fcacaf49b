"""Models that keep references in fields of django CMS's packages."""

from cms.models import CMSPlugin
from cms.models.fields import PageField, PlaceholderRelationField
from django.db import models
from djangocms_link.fields import LinkField
from djangocms_text.fields import HTMLField
from filer.fields.image import FilerImageField


class Notice(models.Model):
    """Rich text and a link outside of plugins, and a placeholder."""

    title = models.CharField(max_length=80)
    text = HTMLField(blank=True)
    link = LinkField(blank=True)
    placeholders = PlaceholderRelationField()

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """What a link to it leads to."""
        return f"/notices/{self.title.lower().replace(' ', '-')}/"


class Card(CMSPlugin):
    """A plugin with relations and a link of its own."""

    title = models.CharField(max_length=80)
    page = PageField(null=True, blank=True)
    picture = FilerImageField(null=True, blank=True, on_delete=models.SET_NULL)
    link = LinkField(blank=True)

    def __str__(self) -> str:
        return self.title
