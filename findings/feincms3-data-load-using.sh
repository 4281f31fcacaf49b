#!/usr/bin/env bash
# feincms3-data 0.11.1 (Django 5.2.19, SQLite): load_dump(data, using="other") writes to the database "default".
# A dump of one page is loaded with using="other", an empty database; default has the page edited and a second one.
# Most would guess that the rows come into the database that is named, and that the other one stays as it is. Seen:
# "other" stays empty. In default the edit is overwritten and the second page deleted (delete_missing), in
# autocommit, as the transaction is that of "other". Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install -q "django==5.2.19" "feincms3-data==0.11.1"
mkdir book && touch book/__init__.py
cat > book/models.py <<'P'
from django.db import models


class Page(models.Model):
    title = models.CharField(max_length=20)
P
cat > settings.py <<'P'
SECRET_KEY = "x"
INSTALLED_APPS = ["feincms3_data", "book"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "one.sqlite3"},
    "other": {"ENGINE": "django.db.backends.sqlite3", "NAME": "two.sqlite3"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
P
export DJANGO_SETTINGS_MODULE=settings PYTHONPATH="$place"
django() { venv/bin/python -m django "$@"; }
django makemigrations book -v0
django migrate -v0
django migrate -v0 --database other
venv/bin/python - > said <<'P'
import json

import django

django.setup()
from book.models import Page
from feincms3_data.data import dump_specs, load_dump, specs_for_models

Page.objects.create(pk=1, title="Rye")
specs = list(specs_for_models([Page], {"delete_missing": True}))
dump = json.loads(dump_specs(specs))
Page.objects.update(title="Rye, edited")
Page.objects.create(pk=2, title="Spelt")
load_dump(dump, using="other")
for name in ("default", "other"):
    print(name, [*Page.objects.using(name).values_list("pk", "title")])
P
cat said
if ! grep -qFx "default [(1, 'Rye')]" said || ! grep -qFx "other []" said; then
    echo "load_dump writes to the database that it is told now" >&2
    exit 1
fi
