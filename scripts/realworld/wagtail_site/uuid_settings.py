"""The same settings, with other datasets."""

from wagtail_site.settings import *  # noqa: F403
from wagtail_site.settings import CONTENTGIT as PLAIN

ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
CONTENTGIT = {**PLAIN, "DATASETS": "wagtail_site.uuid_datasets.datasets"}
