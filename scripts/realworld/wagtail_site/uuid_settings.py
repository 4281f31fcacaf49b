"""The same settings, with other datasets."""

from wagtail_site.settings import *  # noqa: F403
from wagtail_site.settings import CONTENTGIT as PLAIN
from wagtail_site.settings import STORAGES as WAGTAIL_STORAGES

ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
# Both sides write the same files.
OVERWRITING = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"allow_overwrite": True},
}
STORAGES = {**WAGTAIL_STORAGES, "default": OVERWRITING}
WAGTAILEMBEDS_FINDERS = [{"class": "wagtail_sides.embeds.Found"}]
CONTENTGIT = {**PLAIN, "DATASETS": "wagtail_site.uuid_datasets.datasets"}
