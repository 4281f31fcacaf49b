#!/usr/bin/env bash
# Django 5.2.19 on SQLite: a migration that renames a model drops the triggers of other tables, those that refer to it.
# Two models, Author and Book (a foreign key to Author), each with an AFTER UPDATE trigger that writes to a log. A
# migration of one operation, RenameModel("Author", "Person"), runs. Most would guess that all triggers stay, as SQLite
# keeps them through ALTER TABLE ... RENAME TO and no column of Book changes; or, if any, that Author loses its own.
# Seen: the renamed table keeps its trigger, Book has lost its own without a word, and updates of books are
# written down no more: Django makes each table that refers to the renamed one anew. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install -q "django==5.2.19"
mkdir -p shelf/migrations && touch shelf/__init__.py shelf/migrations/__init__.py
cat > shelf/migrations/0001_initial.py <<'P'
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Author", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())]
        ),
        migrations.CreateModel(
            "Book",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("title", models.TextField()),
                ("author", models.ForeignKey("shelf.Author", models.CASCADE)),
            ],
        ),
        migrations.RunSQL(
            [
                "CREATE TABLE seen (text TEXT)",
                "CREATE TRIGGER of_author AFTER UPDATE ON shelf_author "
                "BEGIN INSERT INTO seen VALUES ('author'); END",
                "CREATE TRIGGER of_book AFTER UPDATE ON shelf_book "
                "BEGIN INSERT INTO seen VALUES ('book'); END",
            ]
        ),
    ]
P
cat > shelf/migrations/0002_person.py <<'P'
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shelf", "0001_initial")]
    operations = [migrations.RenameModel("Author", "Person")]
P
cat > settings.py <<'P'
SECRET_KEY = "x"
INSTALLED_APPS = ["shelf"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "one.sqlite3"}}
P
export DJANGO_SETTINGS_MODULE=settings PYTHONPATH="$place"
venv/bin/python -m django migrate -v0 shelf 0001
cat > say.py <<'P'
import sqlite3
import sys

database = sqlite3.connect("one.sqlite3")
names = [n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")]
database.execute("INSERT INTO shelf_%s VALUES (1, 'Ada')" % sys.argv[1])
database.execute("INSERT INTO shelf_book (id, title, author_id) VALUES (1, 'Rye', 1)")
database.execute("UPDATE shelf_%s SET name = 'Ada L.'" % sys.argv[1])
database.execute("UPDATE shelf_book SET title = 'Rye, again'")
print(sys.argv[1], names, [t for (t,) in database.execute("SELECT text FROM seen")])
P
venv/bin/python say.py author | tee said
venv/bin/python -m django migrate -v0 shelf 0002
venv/bin/python say.py person | tee -a said
if ! grep -qFx "author ['of_author', 'of_book'] ['author', 'book']" said ||
    ! grep -qFx "person ['of_author'] ['author']" said; then
    echo "RenameModel leaves the triggers of other tables alone now, or drops others" >&2
    exit 1
fi
