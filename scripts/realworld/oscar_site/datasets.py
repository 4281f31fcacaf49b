"""A whole shop as one dataset: the catalogue, its partners, offers, customers and orders.

Left out are what each database makes for itself (content types, permissions, sessions, the admin's
log) and what sorl-thumbnail derives from images.
"""

from __future__ import annotations

from typing import Any

from contentgit.datasets import specs_for_app_models

APPS = (
    "sites",
    "flatpages",
    "auth",
    "address",
    "partner",
    "catalogue",
    "reviews",
    "basket",
    "offer",
    "voucher",
    "order",
    "payment",
    "shipping",
    "customer",
    "communication",
    "wishlists",
    "analytics",
)


def _shop(_arguments: str) -> list[dict[str, Any]]:
    specs = [spec for app in APPS for spec in specs_for_app_models(app, {"delete_missing": True})]
    return [spec for spec in specs if spec["model"] != "auth.permission"]


def datasets() -> dict[str, dict[str, Any]]:
    """One dataset, ``shop``."""
    return {"shop": {"specs": _shop}}
