"""What the bakery sells."""

from django.db import models
from django.templatetags.static import static
from django.urls import reverse

PICTURES = [
    (name, name.replace("-", " ").capitalize())
    for name in (
        "apple-tart",
        "baguette",
        "boule",
        "cherry-cake",
        "cinnamon-roll",
        "croissant",
        "gugelhupf",
        "hazelnut-loaf",
        "lemon-cake",
        "nut-loaf",
        "plum-tart",
        "pretzel",
        "pumpkin-loaf",
        "rye-loaf",
        "seed-roll",
    )
]


class Category(models.Model):
    """A shelf in the shop."""

    name = models.CharField(max_length=60)
    slug = models.SlugField(unique=True)
    intro = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name


class Tag(models.Model):
    """A word that customers ask for."""

    name = models.CharField(max_length=40, unique=True)
    slug = models.SlugField(unique=True)

    class Meta:
        ordering = ("name",)

    def __str__(self):
        return self.name


class Product(models.Model):
    """A bread, a cake, a pastry."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    name = models.CharField(max_length=80)
    slug = models.SlugField("address", unique=True)
    summary = models.CharField(max_length=160)
    description = models.TextField(help_text="An empty line begins a new paragraph.")
    ingredients = models.JSONField(default=list, blank=True)
    price = models.DecimalField(max_digits=6, decimal_places=2)
    weight = models.PositiveIntegerField("weight in grams", null=True, blank=True)
    available = models.BooleanField(default=True)
    picture = models.CharField(max_length=30, choices=PICTURES, default="boule")
    tags = models.ManyToManyField(Tag, blank=True, related_name="products")

    class Meta:
        ordering = ("category__position", "name")

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("product", args=[self.slug])

    @property
    def picture_url(self):
        """Where the drawing of the product lies."""
        return static(f"bakery/pictures/{self.picture}.svg")
