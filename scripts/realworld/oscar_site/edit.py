"""One round of random edits, by the models' own means; prints what was done."""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.sites.models import Site  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402
from oscar.test import factories  # noqa: E402

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")


def main(seed: int) -> None:
    """Edits, deletes and creates products, categories, orders, sites."""
    dice = random.Random(seed)
    # A site's id is local: the row that a checkout made again has another one than the settings say.
    settings.SITE_ID = Site.objects.get(domain="example.com").pk
    print("; ".join(step(dice) for step in (_price, _swap, _delete, _tree, _create, _site)))


def _any(dice: random.Random, rows: Any) -> Any:
    return dice.choice(list(rows.order_by("pk")))


def _price(dice: random.Random) -> str:
    stock = _any(dice, get_model("partner", "StockRecord").objects.all())
    stock.price = Decimal(dice.randrange(1, 10**4)) / 100
    stock.num_in_stock = dice.randrange(100)
    stock.save()
    return f"priced stock {stock.pk} {stock.price}"


def _swap(dice: random.Random) -> str:
    """Two products swap their unique UPC."""
    first, second = dice.sample(list(Product.objects.exclude(upc=None).order_by("pk")), 2)
    upc = second.upc
    Product.objects.filter(pk=second.pk).update(upc="swapping")
    Product.objects.filter(pk=first.pk).update(upc=upc)
    Product.objects.filter(pk=second.pk).update(upc=first.upc)
    return f"swapped the UPC of products {first.pk} and {second.pk}"


def _delete(dice: random.Random) -> str:
    product = _any(dice, Product.objects.exclude(structure="parent"))
    user = _any(dice, get_model("auth", "User").objects.filter(orders=None))
    said = f"deleted product {product.pk} and user {user.pk}"
    product.delete()
    user.delete()
    return said


def _tree(dice: random.Random) -> str:
    """A category goes to the front of the tree, so that paths of the others change."""
    category = _any(dice, Category.objects.all())
    category.name += " again"
    category.save()
    first = Category.get_first_root_node()
    if category != first and not first.is_descendant_of(category):
        category.move(first, pos="left")
    return f"moved category {category.pk}"


def _create(dice: random.Random) -> str:
    number = f"order-{dice.randrange(10**6)}"
    product = factories.create_product(title=f"New {number}", upc=number, price=Decimal("1.00"))
    product.categories.add(_any(dice, Category.objects.all()))
    factories.create_order(number=number, user=factories.UserFactory(username=number))
    return f"created product {product.pk} and an order"


def _site(dice: random.Random) -> str:
    domain = f"{dice.randrange(10**6)}.example.com"
    site = Site.objects.create(domain=domain, name="Another")
    _any(dice, get_model("flatpages", "FlatPage").objects.all()).sites.add(site)
    return f"created site {domain}"


if __name__ == "__main__":
    main(int(sys.argv[1]))
