"""The bakery's datasets, as a project would write them."""

from __future__ import annotations

from typing import Any

from contentgit.datasets import specs_for_models
from tests.bakery.models import (
    Category,
    Ingredient,
    NewsPage,
    Opening,
    Page,
    Product,
    Tag,
)


def _shop(arguments: str) -> list[dict[str, Any]]:
    return specs_for_models([Category, Tag, Product, Ingredient], {"delete_missing": True})


def _hours(arguments: str) -> list[dict[str, Any]]:
    return specs_for_models([Opening], {"delete_missing": True})


def _pages(arguments: str) -> list[dict[str, Any]]:
    return specs_for_models([Page, NewsPage], {"delete_missing": True})


def _categories(arguments: str) -> list[dict[str, Any]]:
    """One branch of the shop: ``categories:bread,cake``."""
    slugs = [slug for slug in arguments.split(",") if slug]
    return [
        {"model": "bakery.category", "filter": {"slug__in": slugs}, "delete_missing": True},
        {
            "model": "bakery.product",
            "filter": {"category__slug__in": slugs},
            "delete_missing": True,
            "ignore_missing_m2m": ["tags"],
        },
    ]


def datasets() -> dict[str, dict[str, Any]]:
    return {
        "shop": {"specs": _shop},
        "hours": {"specs": _hours},
        "pages": {"specs": _pages, "depends_on": ["shop"]},
        "categories": {"specs": _categories},
    }
