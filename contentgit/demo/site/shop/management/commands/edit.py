"""Plays the people who work on the site, so that the demo needs nobody in the admin."""

from decimal import Decimal

from django.core.management.base import BaseCommand
from django.db import transaction

from pages.models import Page
from shop.models import Product


class Command(BaseCommand):
    help = "Edits the site as a person in the admin would."

    def add_arguments(self, parser):
        parser.add_argument("what", choices=sorted(EDITS))

    @transaction.atomic
    def handle(self, *args, what, **options):
        for line in EDITS[what]():
            self.stdout.write(line)


def autumn():
    """A rename, two addresses that change places, a bread that goes, a paragraph rewritten."""
    Product.objects.filter(slug="farmhouse-loaf").update(name="Miller's farmhouse loaf")
    yield "renamed    Farmhouse loaf → Miller's farmhouse loaf"
    walnut = Product.objects.get(name="Walnut bread")
    hazelnut = Product.objects.get(name="Hazelnut bread")
    walnut.slug, hazelnut.slug = hazelnut.slug, walnut.slug
    Product.objects.filter(pk=walnut.pk).update(slug="in-between")  # as an editor has to
    hazelnut.save()
    walnut.save()
    yield "swapped    the addresses of Walnut bread and Hazelnut bread"
    Product.objects.get(slug="pumpkin-bread").delete()
    yield "deleted    Pumpkin bread"
    page = Page.objects.get(slug="story")
    paragraphs = page.body.split("\n\n")
    paragraphs[1] = (
        "Then came her son Emil, who hated flour and loved machines. He bolted a second oven to the "
        "first, knocked the wall through to the stable, and sold bread over the half-door where the "
        "horses had looked out. Today it is run by the fourth generation."
    )
    page.body = "\n\n".join(paragraphs)
    page.save()
    yield "rewrote    the second paragraph of Our story"


def words():
    """The pretzel gets a better line."""
    product = Product.objects.get(slug="pretzel")
    product.summary = "Thrown, not laid: thin arms that crack, a belly that does not."
    product.save()
    yield "rewrote    the line about the Pretzel"


def price():
    """The pretzel gets dearer."""
    product = Product.objects.get(slug="pretzel")
    before, product.price = product.price, Decimal("2.40")
    product.save()
    yield f"raised     the price of the Pretzel, {before} → {product.price}"


EDITS = {"autumn": autumn, "price": price, "words": words}
