"""Which release of each package is tried, and what its site installs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DJANGO = "Django==5.2.19"


@dataclass(frozen=True)
class Package:
    """What to install, the apps that this adds, and settings of its own."""

    pins: tuple[str, ...]
    apps: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


PACKAGES = {
    "auditlog": Package(
        ("django-auditlog==3.4.1",),
        ("auditlog",),
        {"AUDITLOG_DISABLE_ON_RAW_SAVE": True},
    ),
    "comments": Package(
        ("django-contrib-comments==2.2.0",),
        ("django.contrib.sites", "django_comments"),
        {"SITE_ID": None},
    ),
    "comments_xtd": Package(
        ("django-comments-xtd==2.10.13",),
        ("django.contrib.sites", "rest_framework", "django_comments_xtd", "django_comments"),
        {
            "SITE_ID": None,
            "COMMENTS_APP": "django_comments_xtd",
            "COMMENTS_XTD_MAX_THREAD_LEVEL": 3,
            "COMMENTS_XTD_CONFIRM_EMAIL": False,
        },
    ),
    "feincms3": Package(
        (
            "feincms3[all]==6.1.1",
            "django-content-editor==9.1.0",
            "django-prose-editor==0.28.0",
            "nh3",
        ),
        ("content_editor", "feincms3", "django_prose_editor", "imagefield"),
        # Without a word it takes all other attributes out of rich text.
        {"HTML_SANITIZERS": {"default": {"attributes": {"a": ("href", "rel", "data-page")}}}},
    ),
    "filer": Package(
        ("django-filer==3.6.0",), ("easy_thumbnails", "filer"), {"FILER_CANONICAL_URL": "c/"}
    ),
    "guardian": Package(
        ("django-guardian==3.5.2",),
        ("guardian",),
        {
            "AUTHENTICATION_BACKENDS": [
                "django.contrib.auth.backends.ModelBackend",
                "guardian.backends.ObjectPermissionBackend",
            ]
        },
    ),
    "modeltranslation": Package(("django-modeltranslation==0.20.6",), ("modeltranslation",)),
    "money": Package(("django-money==3.6.2",), ("djmoney",)),
    "parler": Package(("django-parler==2.4",), ("parler",), {"PARLER_ENABLE_CACHING": False}),
    "polymorphic": Package(("django-polymorphic==4.11.7",), ("polymorphic",)),
    "reversion": Package(("django-reversion==6.4.0",), ("reversion",)),
    "simple_history": Package(("django-simple-history==3.13.0",), ("simple_history",)),
    "taggit": Package(("django-taggit==6.1.0",), ("taggit",)),
    "tree_queries": Package(("django-tree-queries==0.28.0",), ("tree_queries",)),
}
