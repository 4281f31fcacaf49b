"""Fills the site with what the demo begins with."""

from django.core.management.base import BaseCommand
from django.db import transaction

from pages.content import ARTICLES, HOURS, PAGES
from pages.models import Article, OpeningHours, Page
from shop.content import CATEGORIES, PRODUCTS, TAGS
from shop.models import Category, Product, Tag


class Command(BaseCommand):
    help = "Fills an empty site with the bakery's content."

    @transaction.atomic
    def handle(self, *args, **options):
        products = fill_shop()
        fill_pages(products)
        self.stdout.write(f"{len(products)} breads and cakes, {len(PAGES)} pages, news and hours")


def fill_shop():
    """Creates the shop's rows; returns the products by slug."""
    categories = {
        slug: Category.objects.create(slug=slug, name=name, intro=intro, position=position)
        for position, (slug, name, intro) in enumerate(CATEGORIES)
    }
    tags = {name: Tag.objects.create(name=name, slug=name) for name in TAGS}
    products = {}
    for words in PRODUCTS:
        values = {key: value for key, value in words.items() if key != "tags"}
        values["category"] = categories[words["category"]]
        values["description"] = "\n\n".join(words["description"])
        product = Product.objects.create(**values)
        product.tags.set(tags[name] for name in words["tags"])
        products[product.slug] = product
    return products


def fill_pages(products):
    """Creates the pages, the news about ``products`` and the opening hours."""
    found = {None: None}
    for position, (parent, slug, title, intro, body) in enumerate(PAGES):
        found[slug] = Page.objects.create(
            parent=found[parent],
            slug=slug,
            title=title,
            intro=intro,
            body="\n\n".join(body),
            position=position,
        )
    for slug, title, published, author, teaser, body, about in ARTICLES:
        article = Article.objects.create(
            slug=slug,
            title=title,
            published=published,
            author=author,
            teaser=teaser,
            body="\n\n".join(body),
        )
        article.products.set(products[slug] for slug in about)
    for day, opens, closes, note in HOURS:
        OpeningHours.objects.create(day=day, opens=opens, closes=closes, note=note)
