#!/usr/bin/env bash
# Wagtail 8.0.1 (Django 5.2.19): a stream with an ImageBlock from before and one from after the change cannot be read.
# An ImageChooserBlock holds a number, an ImageBlock an object; the latter reads numbers, too, so that a site can change the one into the
# other without a data migration. A block is added by body.append(("image", image)) and the stream is saved.
# Most would guess that the old block is written anew with it, or is read beside it as it was. Seen: the old one, which
# nobody looked at, keeps its number, the new one is an object, saving says nothing, and the stream with both is a TypeError
# wherever it is read. Each alone can be read. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install -q "wagtail==8.0.1" "django==5.2.19"
cat > settings.py <<'P'
SECRET_KEY = "x"
INSTALLED_APPS = [
    "wagtail.users", "wagtail.documents", "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail",
    "modelcluster", "taggit", "django.contrib.auth", "django.contrib.contenttypes",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
P
DJANGO_SETTINGS_MODULE=settings PYTHONPATH="$place" venv/bin/python -W ignore - > said <<'P'
import django

django.setup()
from django.db import connection
from wagtail.blocks import StreamBlock
from wagtail.images.blocks import ImageBlock
from wagtail.images.models import Image
from wagtail.models import Collection

with connection.schema_editor() as editor:
    editor.create_model(Collection)
    editor.create_model(Image)
block = StreamBlock([("image", ImageBlock())])
body = block.to_python([{"type": "image", "value": 1, "id": "a"}])
body.append(("image", Image(pk=2, title="New", collection_id=1)))
written = block.get_prep_value(body)
print([each["value"] for each in written])
for part in (written[:1], written[1:], written):
    try:
        print("read", len([*block.to_python(part)]))
    except TypeError as error:
        print("TypeError", error)
P
cat said
[ "$(sed -n 2,4p said | cut -d' ' -f1 | xargs)" = "read read TypeError" ]
echo "as described"
