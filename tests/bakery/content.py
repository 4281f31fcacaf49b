"""Rows of the bakery for tests."""

from __future__ import annotations

import datetime as dt

from tests.bakery.models import Category, Ingredient, NewsPage, Opening, Product, Tag

BODY = (
    "<p>Our summer bread is made with rye from the valley. It rests for a whole night. "
    "Then it goes into the wood oven.</p>\n"
    "<p>We bake it on Fridays only, because the sourdough needs its time. Come early.</p>\n"
)


def fill(using: str = "default") -> None:
    """A small shop: two categories, three tags, three products, hours, a news page."""
    bread = Category.objects.using(using).create(pk=1, name="Bread", slug="bread")
    rye = Category.objects.using(using).create(pk=2, name="Rye", slug="rye", parent=bread)
    tags = [
        Tag.objects.using(using).create(pk=pk, name=name, slug=name.lower())
        for pk, name in ((3, "Organic"), (12, "Vegan"), (20, "Seasonal"))
    ]
    made = dt.datetime(2026, 3, 1, 6, 30, 15, 123456, tzinfo=dt.UTC)
    for pk, name, category, price in (
        (41, "Summer bread", bread, "4.50"),
        (42, "Night loaf", rye, "6.20"),
        (43, "Secret loaf", rye, "7.00"),
    ):
        product = Product(
            pk=pk,
            name=name,
            slug=name.lower().replace(" ", "-"),
            category=category,
            price=price,
            body=BODY,
            created=made,
            published=pk != 43,
        )
        product.save(using=using)
        product.tags.set(tags[: pk - 40])
    # auto_now takes no given value, and the tests compare whole trees.
    Product._base_manager.using(using).update(changed=made)
    Ingredient.objects.using(using).create(pk=7, product_id=41, name="Rye flour", grams=400)
    Ingredient.objects.using(using).create(pk=8, product_id=41, name="Salt")
    Opening.objects.using(using).create(pk=1, weekday=5, opens=dt.time(6), closes=dt.time(12, 30))
    NewsPage.objects.using(using).create(
        pk=5, title="We open", slug="we-open", day=dt.date(2026, 4, 1), about_id=41
    )
