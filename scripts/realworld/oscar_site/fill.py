"""Fills the shop with oscar's own test factories: catalogue, partners, offers, orders, customers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.contrib.flatpages.models import FlatPage  # noqa: E402
from django.contrib.sites.models import Site  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402
from oscar.test import factories  # noqa: E402

Category = get_model("catalogue", "Category")
COUNT = 12


def catalogue() -> list[Any]:
    """A tree of categories, a product class with an attribute of each type, parents and children."""
    bread = Category.add_root(name="Bread & Brötchen")
    leaves = [bread.add_child(name=name) for name in ("Rye", "Spelt", "Wheat 100 %")]
    bread.add_sibling(pos="left", name="First of all")
    kind = factories.ProductClassFactory(name="Loaf")
    values = _attributes(kind)
    products = [
        _product(kind, number, values, leaves[number % len(leaves)]) for number in range(COUNT)
    ]
    parent = factories.create_product(product_class="Box", title="Box", structure="parent")
    for size in ("small", "large"):
        factories.create_product(title=f"Box {size}", structure="child", parent=parent, price=None)
    recommend = get_model("catalogue", "ProductRecommendation").objects.create
    recommend(primary=products[0], recommendation=products[1], ranking=1)
    recommend(primary=products[1], recommendation=products[0], ranking=2)
    return products


def _attributes(kind: Any) -> dict[str, Any]:
    group = factories.AttributeOptionGroupFactory()
    options = [factories.AttributeOptionFactory(group=group, option=o) for o in ("soft", "hard")]
    now = timezone.now()
    values = {
        "text": "T\r\next",
        "integer": -5,
        "boolean": False,
        "float": 0.1,
        "richtext": "<p>rich</p>",
        "date": now.date(),
        "datetime": now,
        "option": options[0],
        "multi_option": options,
        "entity": factories.UserFactory(),
    }
    for name in values:
        group_of = group if "option" in name else None
        factories.ProductAttributeFactory(
            product_class=kind, name=name, code=f"a_{name}", type=name, option_group=group_of
        )
    return {f"a_{name}": value for name, value in values.items()}


def _product(kind: Any, number: int, values: dict[str, Any], category: Any) -> Any:
    product = factories.ProductFactory(
        product_class=kind,
        title=f"Loaf No. {number}",
        upc=f"upc-{number}" if number % 3 else None,
        description="<p>Sentence one. Sentence two.</p>\n" * number,
        categories=None,
        stockrecords__partner__name=f"Mill {number % 4}",
        stockrecords__price=Decimal("3.10") + number,
    )
    product.categories.add(category)
    for code, value in values.items():
        setattr(product.attr, code, value)
    product.attr.save()
    factories.ProductImageFactory(product=product)
    return product


def customers(products: list[Any]) -> None:
    """Users with addresses, reviews with votes, wish lists, alerts."""
    call_command("oscar_populate_countries", verbosity=0)
    for product in products:
        user = factories.UserFactory()
        factories.UserAddressFactory(user=user)
        review = factories.ProductReviewFactory(product=product, user=user, title="x", body="y")
        review.vote_up(factories.UserFactory())
        factories.WishListFactory(owner=user).add(product)
        factories.ProductAlertFactory(product=product, user=user)
        get_model("communication", "Notification").objects.create(recipient=user, subject="hi")


def trade(products: list[Any]) -> None:
    """Offers, vouchers, baskets, orders with addresses, payments and shipping events."""
    products_range = factories.RangeFactory(products=products[:4])
    products_range.included_categories.add(*Category.objects.all()[:2])
    benefit = factories.BenefitFactory(range=products_range, value=Decimal("12.50"))
    offer = factories.ConditionalOfferFactory(name="Öffer", benefit=benefit)
    offer.combinations.add(factories.create_offer(name="Other"))
    factories.create_voucher(code="BREAD")
    factories.VoucherSetFactory(count=5)
    band = factories.create_shipping_weight_band(Decimal("2.5"), Decimal("4.95"))
    band.method.countries.add(*get_model("address", "Country").objects.all()[:3])
    for number in range(COUNT):
        _order(number)


def _order(number: int) -> None:
    order = factories.create_order(
        number=f"{10_000 + number}",
        user=factories.UserFactory(),
        shipping_address=factories.ShippingAddressFactory(),
        billing_address=factories.BillingAddressFactory(),
    )
    source = factories.SourceFactory(
        order=order, source_type__code=f"c{number}", amount_allocated=order.total_incl_tax
    )
    factories.TransactionFactory(source=source, amount=order.total_incl_tax)
    event = factories.ShippingEventFactory(order=order)
    for line in order.lines.all():
        event.line_quantities.create(line=line, quantity=1)
    order.notes.create(message="note", user=order.user)


def pages() -> None:
    """Flat pages on two sites."""
    sites = [Site.objects.get(), Site.objects.create(domain="second.example.com", name="Second")]
    for number, url in enumerate(("/about/", "/käse/")):
        page = FlatPage.objects.create(url=url, title=url, content="<p>x</p>")
        page.sites.set(sites[number:])


def main() -> None:
    """Everything, in an order in which each finds what it needs."""
    ContentType.objects.clear_cache()
    products = catalogue()
    customers(products)
    trade(products)
    pages()
    get_model("analytics", "UserSearch").objects.create(
        user=factories.UserFactory(),
        query="bread",
        date_created=dt.datetime.now(dt.UTC),
    )


if __name__ == "__main__":
    main()
