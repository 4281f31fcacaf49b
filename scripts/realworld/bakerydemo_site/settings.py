"""The settings of bakerydemo, with contentgit and a chosen database."""

import os
from pathlib import Path

from bakerydemo.settings.test import *  # noqa: F403
from bakerydemo.settings.test import INSTALLED_APPS as BAKERY_APPS
from bakerydemo.settings.test import STORAGES as BAKERY_STORAGES

FOLDER = Path(__file__).parent.parent
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / f"{os.environ.get('SITE_DATABASE', 'default')}.sqlite3",
    }
}
INSTALLED_APPS = [*BAKERY_APPS, "contentgit"]
DEBUG = False
LOGGING_CONFIG = None
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MEDIA_ROOT = FOLDER / "media"
# Both sides write the same files.
OVERWRITING = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"allow_overwrite": True},
}
STORAGES = {**BAKERY_STORAGES, "default": OVERWRITING}
WAGTAILEMBEDS_FINDERS = [{"class": "wagtail_sides.embeds.Found"}]
CONTENTGIT = {
    "REPOSITORY": FOLDER / "repository",
    "DATASETS": "bakerydemo_site.datasets.datasets",
    "ENVIRONMENT": "stage",
}
