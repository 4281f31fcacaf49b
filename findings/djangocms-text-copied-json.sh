#!/usr/bin/env bash
# djangocms-text 1.0.2 (django CMS 5.1.3, djangocms-versioning 2.8.0, Django 5.2.19, SQLite): the json of a copied text
# names the plugin of the version that it was copied from.
# A text plugin has a link inside, which its body and its json, in the form of the editor, name by id. The page
# is published and a draft made of that version. Most would guess that in the draft both name the draft's link, as the
# plugins are copied. Seen: the id in body is written anew, the one in json is not and is that of the published
# version's link. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install -q "django==5.2.19" "django-cms==5.1.3" "djangocms-versioning==2.8.0" \
    "djangocms-text==1.0.2" "djangocms-link==5.2.0" "django-filer==3.6.0"
touch page.html
cat > settings.py <<'P'
SECRET_KEY = "x"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "django.contrib.sites", "django.contrib.admin", "cms", "menus", "sekizai", "treebeard",
    "easy_thumbnails", "filer", "djangocms_link", "djangocms_text", "djangocms_versioning",
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
import re

import django

django.setup()
from cms.api import add_plugin, create_page
from django.contrib.auth.models import User
from django.core.management import call_command
from djangocms_link.models import Link
from djangocms_text.models import Text
from djangocms_text.utils import plugin_to_tag
from djangocms_versioning.models import Version

call_command("migrate", verbosity=0)
user = User.objects.create_superuser("ann")
page = create_page("Home", "page.html", "en", created_by=user)
content = page.get_admin_content("en")
place = content.placeholders.create(slot="content")
text = add_plugin(place, "TextPlugin", "en", body="<p></p>")
link = add_plugin(place, "LinkPlugin", "en", target=text, name="Rye", link={"external_link": "https://example.org"})
attributes = {"id": str(link.pk), "type": "LinkPlugin", "data-node": "cmsPlugin"}
node = {"type": "cmsPlugin", "attrs": {"HTMLAttributes": attributes, "HTMLContent": "Rye", "type": "LinkPlugin"}}
text.body = f"<p>{plugin_to_tag(link, 'Rye')}</p>"
text.json = {"type": "doc", "content": [{"type": "paragraph", "content": [node]}]}
text.rte = "tiptap"
text.save()
version = Version.objects.get_for_content(content)
version.publish(user)
draft = version.copy(user).content
for name, place in (("published", place), ("draft", draft.placeholders.get())):
    text = Text.objects.get(placeholder=place)
    in_body = re.search(r'<cms-plugin [^>]*\bid="(\d+)"', text.body)[1]
    in_json = text.json["content"][0]["content"][0]["attrs"]["HTMLAttributes"]["id"]
    print(name, "link", Link.objects.get(placeholder=place).pk, "body", in_body, "json", in_json)
P
cat said
if ! grep -qFx "published link 2 body 2 json 2" said || ! grep -qFx "draft link 4 body 4 json 2" said; then
    echo "a copied text's json names the copied plugin now" >&2
    exit 1
fi
