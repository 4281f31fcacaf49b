"""The site of a bakery: small, and every kind of relation once."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone


class Category(models.Model):
    """A tree by a reference to itself."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    position = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Tags(models.Manager["Tag"]):
    def get_by_natural_key(self, slug: str) -> Tag:
        return self.get(slug=slug)


class Tag(models.Model):
    """Has a natural key."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)

    objects = Tags()

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)


class PublishedProducts(models.Manager["Product"]):
    """Hides drafts, as the default managers of many sites do."""

    def get_queryset(self) -> models.QuerySet[Product]:
        return super().get_queryset().filter(published=True)


class Product(models.Model):
    """Protects its category, hides its drafts."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    tags = models.ManyToManyField(Tag, blank=True, related_name="products")
    price = models.DecimalField(max_digits=8, decimal_places=2)
    body = models.TextField(blank=True)
    photo = models.FileField(upload_to="products", blank=True)
    published = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(auto_now=True)

    objects = PublishedProducts()

    def __str__(self) -> str:
        return self.name


class Ingredient(models.Model):
    """Ordered rows below a product, unique together."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="ingredients")
    name = models.CharField(max_length=80)
    grams = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "name"], name="bakery_ingredient_unique")
        ]

    def __str__(self) -> str:
        return self.name


class Opening(models.Model):
    """When the shop is open: dates and times."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1
        TUESDAY = 2
        WEDNESDAY = 3
        THURSDAY = 4
        FRIDAY = 5
        SATURDAY = 6
        SUNDAY = 7

    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices, unique=True)
    opens = models.TimeField()
    closes = models.TimeField()

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class Page(models.Model):
    """A multi-table parent."""

    title = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)

    def __str__(self) -> str:
        return self.title


class NewsPage(Page):
    """A multi-table child."""

    day = models.DateField()
    body = models.TextField(blank=True)
    about = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True)


class Note(models.Model):
    """Lies outside the datasets; says something about any row."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey("content_type", "object_id")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:40]


class Review(models.Model):
    """Lies outside the datasets; is deleted with its product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:40]
