"""A site with the package that SITE_PACKAGE names and the database that SITE_DATABASE names."""

import os
from pathlib import Path

from packages_site.pins import PACKAGES

FOLDER = Path(__file__).parent.parent
PACKAGE = os.environ["SITE_PACKAGE"]
SECRET_KEY = "not a secret"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / f"{os.environ.get('SITE_DATABASE', 'default')}.sqlite3",
    }
}
INSTALLED_APPS = [
    *(each for each in PACKAGES[PACKAGE].apps if each == "modeltranslation"),  # before the admin
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    *(each for each in PACKAGES[PACKAGE].apps if each != "modeltranslation"),
    "packages_site.apps.Shop",
    "contentgit",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "packages_site.urls"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German")]
PARLER_LANGUAGES = {None: ({"code": "en"}, {"code": "de"})}
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
MEDIA_ROOT = FOLDER / "media"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CONTENTGIT = {
    "REPOSITORY": FOLDER / "repository",
    "DATASETS": "packages_site.datasets.datasets",
    "ENVIRONMENT": "stage",
}
globals().update(PACKAGES[PACKAGE].settings)
