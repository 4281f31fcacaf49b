"""django-parler: translations in a table of their own."""

from __future__ import annotations

from typing import Any

from django.db import models
from parler.models import TranslatableModel, TranslatedFields

from packages_site.datasets import take

TITLES = {"shop_product": "code"}


class Product(TranslatableModel):
    """Has a title in each language, and a product that belongs to it."""

    code = models.CharField(max_length=40)
    other = models.ForeignKey("self", models.SET_NULL, null=True)
    translations = TranslatedFields(title=models.CharField(max_length=80))


def specs() -> list[dict[str, Any]]:
    """Nothing but the tables."""
    return take("shop.product", "shop.producttranslation")


def fill(who: str) -> None:
    """Products of two languages."""
    other = None
    for code in (f"Spade {who}", f"Rake {who}", f"Doomed {who}", f"Doomed too {who}"):
        product = Product(code=code, other=other)
        product.set_current_language("en")
        product.title = f"{code} edit"
        product.save()
        product.create_translation("de", title=f"{code} edit de")
        other = other or product


def edit(who: str) -> None:
    """One side edits the German text, the other one the English; each deletes a product."""
    language = {"Stage": "de", "Production": "en"}[who]
    product = Product.objects.get(code="Spade Stage")
    product.set_current_language(language)
    product.title = f"{who} edit {language}"
    product.save()
    code = {"Stage": "Doomed Stage", "Production": "Doomed too Stage"}[who]
    Product.objects.get(code=code).delete()


def own() -> list[str]:
    """The products as a page in each language shows them."""
    return [
        f"{language} {each.code} {each.title} {each.other and each.other.title}"
        for language in ("en", "de")
        for each in Product.objects.language(language).order_by("code")
    ]
