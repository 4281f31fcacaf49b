"""What the bakery says: the page tree, the news, the opening hours."""

from django.db import models
from django.urls import reverse


class Page(models.Model):
    """A page at its place in the tree."""

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    title = models.CharField(max_length=80)
    slug = models.SlugField()
    intro = models.CharField(max_length=240, blank=True)
    body = models.TextField(blank=True, help_text="An empty line begins a new paragraph.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "title")
        constraints = (
            models.UniqueConstraint(fields=("parent", "slug"), name="one_page_an_address"),
        )

    def __str__(self):
        return self.title

    @property
    def trail(self):
        """The pages from the top of the tree down to this one."""
        return [*(self.parent.trail if self.parent else []), self]

    def get_absolute_url(self):
        return reverse("page", args=["/".join(page.slug for page in self.trail)])


class Article(models.Model):
    """A piece of news."""

    title = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    published = models.DateTimeField()
    author = models.CharField(max_length=60)
    teaser = models.CharField(max_length=240)
    body = models.TextField(help_text="An empty line begins a new paragraph.")
    products = models.ManyToManyField("shop.Product", blank=True, related_name="articles")

    class Meta:
        ordering = ("-published",)

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("article", args=[self.slug])


class OpeningHours(models.Model):
    """When the shop is open on one day of the week; without times it is closed."""

    class Day(models.IntegerChoices):
        MONDAY = 1
        TUESDAY = 2
        WEDNESDAY = 3
        THURSDAY = 4
        FRIDAY = 5
        SATURDAY = 6
        SUNDAY = 7

    day = models.PositiveSmallIntegerField(choices=Day, unique=True)
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)
    note = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("day",)
        verbose_name_plural = "opening hours"

    def __str__(self):
        return self.get_day_display()
