"""A Wagtail site whose packages are of two releases, one after the other."""

import os
from importlib.util import find_spec
from pathlib import Path

import django.db.models.sql.where

if not hasattr(django.db.models.sql.where, "SubqueryConstraint"):
    # Wagtail 6.0 imports it, for what this site does not do; Django 5.2 no longer has it.
    django.db.models.sql.where.SubqueryConstraint = type("SubqueryConstraint", (), {})

HERE = Path(__file__).parent
SITE = os.environ.get("SITE", "old")
SECRET_KEY = "only for this proof"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
ROOT_URLCONF = "urls"
WAGTAIL_SITE_NAME = "Upgrade"
WAGTAILADMIN_BASE_URL = "http://localhost"
INSTALLED_APPS = [
    "blog",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "modelsearch" if find_spec("modelsearch") else "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "contentgit",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / f"{SITE}.sqlite3"}}
STATIC_URL = "/static/"
CONTENTGIT = {
    "REPOSITORY": HERE / "content",
    "DATASETS": "datasets.datasets",
    "ENVIRONMENT": SITE,
}
