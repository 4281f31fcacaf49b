"""The settings of Wagtail's test package, with a search index, contentgit, and a chosen database."""

import os
from pathlib import Path

from wagtail.test.settings import *  # noqa: F403
from wagtail.test.settings import INSTALLED_APPS as WAGTAIL_APPS

FOLDER = Path(__file__).parent.parent
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / f"{os.environ.get('SITE_DATABASE', 'default')}.sqlite3",
    }
}
INSTALLED_APPS = [*WAGTAIL_APPS, "contentgit"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MEDIA_ROOT = FOLDER / "media"
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
SILENCED_SYSTEM_CHECKS = ["wagtailsearch.W001"]
CONTENTGIT = {
    "REPOSITORY": FOLDER / "repository",
    "DATASETS": "wagtail_site.datasets.datasets",
    "ENVIRONMENT": "stage",
}
