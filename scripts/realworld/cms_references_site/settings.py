"""A plain django CMS site with versions, on a chosen database."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent
ALIAS = os.environ.get("SITE_DATABASE", "default")
SECRET_KEY = "not a secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "cms_references_site.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / f"{ALIAS}.sqlite3",
    }
}
INSTALLED_APPS = [
    "cms_references_site.home",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.admin",
    "cms",
    "menus",
    "sekizai",
    "treebeard",
    "parler",
    "easy_thumbnails",
    "filer",
    "djangocms_text",
    "djangocms_text.contrib.filer_image",
    "djangocms_link",
    "djangocms_frontend",
    "djangocms_frontend.contrib.content",
    "djangocms_frontend.contrib.grid",
    "djangocms_frontend.contrib.image",
    "djangocms_frontend.contrib.link",
    "djangocms_frontend.contrib.utilities",
    "djangocms_versioning",
    "djangocms_alias",
    "contentgit",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "cms.middleware.user.CurrentUserMiddleware",
    "cms.middleware.page.CurrentPageMiddleware",
    "cms.middleware.toolbar.ToolbarMiddleware",
    "cms.middleware.language.LanguageCookieMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cms.context_processors.cms_settings",
                "sekizai.context_processors.sekizai",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
SITE_ID = 1 if ALIAS == "default" else 1001  # the row has another key in each database
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [("home/page.html", "Page")]
CMS_PAGE_CACHE = CMS_PLACEHOLDER_CACHE = CMS_PLUGIN_CACHE = False
X_FRAME_OPTIONS = "SAMEORIGIN"
TEXT_AUTO_HYPHENATE = False
DJANGOCMS_VERSIONING_LOCK_VERSIONS = False
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
MEDIA_ROOT = FOLDER / "media"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CONTENTGIT = {
    "REPOSITORY": FOLDER / "repository",
    "DATASETS": "cms_references_site.datasets.datasets",
    "ENVIRONMENT": "stage",
}
