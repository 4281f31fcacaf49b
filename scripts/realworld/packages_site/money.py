"""django-money: an amount and its currency in two columns."""

from __future__ import annotations

from typing import Any

from django.db import models
from djmoney.models.fields import MoneyField
from djmoney.money import Money

from packages_site.datasets import take

TITLES = {"shop_product": "name"}


class Product(models.Model):
    """Has a price."""

    name = models.CharField(max_length=40)
    price = MoneyField(max_digits=14, decimal_places=2, default_currency="EUR")
    old = MoneyField(max_digits=14, decimal_places=2, null=True, default_currency=None)


def specs() -> list[dict[str, Any]]:
    """The two columns are one value without a word."""
    return take("shop.product")


def fill(who: str) -> None:
    """Prices in several currencies."""
    for number, name in enumerate(("Spade", "Rake", "Doomed")):
        price = Money("12.50", ("EUR", "CHF", "JPY")[number])
        Product.objects.create(name=f"{name} {who}", price=price)


def edit(who: str) -> None:
    """Each side another price."""
    name, old = {"Stage": ("Spade", None), "Production": ("Rake", Money(3, "USD"))}[who]
    row = Product.objects.get(name=f"{name} Stage")
    row.price, row.old = Money("99.90", "SEK"), old
    row.save()
    if who == "Stage":
        Product.objects.get(name="Doomed Stage").delete()


def own() -> list[str]:
    """The prices with their currencies."""
    rows = Product.objects.order_by("name")
    return [f"{each.name} {each.price!r} {each.price.currency.code} {each.old!r}" for each in rows]
