#!/usr/bin/env bash
# djangocms-frontend 2.5.3 (djangocms-link 5.2.0, django CMS 5.1.3, Django 5.2.19, SQLite): a link that was asked for
# its URL and then saved keeps this URL when its page gets another.
# Three links to one page by its primary key: two of djangocms-frontend, one of djangocms-link. get_link(), which
# rendering calls, is called of one of each, then all are saved, and later the page's slug is changed from "old" to
# "new". Most would guess that all lead to the page's URL of the day. Seen: get_link() writes the URL as "__cache__"
# into the link. djangocms-link's LinkField leaves that out when it saves. The config of djangocms-frontend, where the
# link is plain JSON, stores it, and get_link() then believes it: read anew, this link is /old/, the others are /new/.
# Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install -q "django==5.2.19" "django-cms==5.1.3" "djangocms-link==5.2.0" \
    "djangocms-frontend==2.5.3" packaging
touch page.html
cat > settings.py <<'P'
SECRET_KEY = "x"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "django.contrib.sites", "django.contrib.admin", "cms", "menus", "sekizai", "treebeard", "easy_thumbnails", "filer",
    "djangocms_link", "djangocms_frontend", "djangocms_frontend.contrib.link",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PROCESSORS = [
    "django.template.context_processors.request", "sekizai.context_processors.sekizai",
    "cms.context_processors.cms_settings",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": ["."],
        "OPTIONS": {"context_processors": PROCESSORS},
    }
]
ROOT_URLCONF = "cms.urls"
LANGUAGES = [("en", "English")]
LANGUAGE_CODE = "en"
SITE_ID = 1
USE_TZ = True
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [("page.html", "Page")]
P
DJANGO_SETTINGS_MODULE=settings PYTHONPATH="$place" venv/bin/python -W ignore - > said <<'P'
import django

django.setup()
from cms.api import add_plugin, create_page
from cms.models import Page
from django.core.management import call_command

call_command("migrate", verbosity=0)
page = create_page("Rye", "page.html", "en", slug="old")
content = page.get_admin_content("en")
place = content.placeholders.create(slot="content")


def target():
    return {"internal_link": f"cms.page:{page.pk}"}


links = {
    "frontend": add_plugin(place, "TextLinkPlugin", "en", config={"name": "Rye", "link": target()}),
    "frontend, asked": add_plugin(place, "TextLinkPlugin", "en", config={"name": "Rye", "link": target()}),
    "link, asked": add_plugin(place, "LinkPlugin", "en", name="Rye", link=target()),
}
for name, link in links.items():
    if "asked" in name:
        link.get_link()
    link.save()
content.slug = "new"
content.save()
page.update_urls_from_content("en")
print("page:", Page.objects.get(pk=page.pk).get_absolute_url())
for name, link in links.items():
    link = type(link).objects.get(pk=link.pk)
    stored = dict(link.link if name == "link, asked" else link.config["link"])
    print(f"{name}: {link.get_link()} {stored}")
P
cat said
cat > expected <<'P'
page: /new/
frontend: /new/ {'internal_link': 'cms.page:1'}
frontend, asked: /old/ {'internal_link': 'cms.page:1', '__cache__': '/old/'}
link, asked: /new/ {'internal_link': 'cms.page:1'}
P
if ! cmp -s said expected; then
    echo "a link's URL is not stored with it now" >&2
    exit 1
fi
