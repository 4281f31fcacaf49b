"""What is done around the steps (make N, edit N, sides and more), and the steps read and nothing."""

import datetime as dt
import os
import random
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from blog.models import Article, Author, Tag  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.db.models import F, Value  # noqa: E402
from django.db.models.functions import Concat  # noqa: E402

from contentgit import config  # noqa: E402
from contentgit.content.canonical import dump_document, encode  # noqa: E402
from contentgit.content.description import schema_document  # noqa: E402
from contentgit.content.records import Record, RecordKey  # noqa: E402
from contentgit.content.schema import Schema  # noqa: E402
from contentgit.models import AppliedCommit, RowIdentity  # noqa: E402
from contentgit.workingcopy.project import Operator, Project  # noqa: E402

RANDOM = random.Random(1)
WORDS = ["rye", "bread", "oven", "summer", "night", "flour", "water", "salt", "the", "a", "with"]
WORDS += ["and", "from", "valley", "baker", "early", "crust"]
MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
BATCH = 2000


def make(count):
    """Both databases anew, the first with ``count`` articles."""
    drop()
    for connection in connections.all():
        create(connection)
        call_command("migrate", run_syncdb=True, database=connection.alias, verbosity=0)
    with transaction.atomic():
        Author.objects.bulk_create(Author(pk=n, name=f"Author {n}") for n in range(1, 51))
        Tag.objects.bulk_create(Tag(pk=n, name=f"Tag {n}", slug=f"tag-{n}") for n in range(1, 201))
        for start in range(1, count + 1, BATCH):
            fill(range(start, min(start + BATCH, count + 1)))


def create(connection):
    if connection.vendor == "sqlite":
        return
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    utf8 = " CHARACTER SET utf8mb4" if connection.vendor == "mysql" else ""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}{utf8}")


def drop():
    """Both databases are gone."""
    for connection in connections.all():
        connection.close()
        name = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite":
            Path(name).unlink(missing_ok=True)
            continue
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")


def fill(numbers):
    Article.objects.bulk_create(map(article, numbers), batch_size=500)
    through = Article.tags.through
    links = [(n, tag) for n in numbers for tag in RANDOM.sample(range(1, 201), 3)]
    through.objects.bulk_create(through(article_id=n, tag_id=tag) for n, tag in links)


def article(number):
    return Article(
        pk=number,
        title=f"Article {number}",
        slug=f"article-{number}",
        author_id=RANDOM.randint(1, 50),
        body=html(),
        price="3.50",
        meta={"number": number, "sizes": [1, 2]},
        published=MOMENT + dt.timedelta(minutes=number),
    )


def large(rows, text, json):
    """So many articles, which have megabytes of text or of JSON together."""
    for number in range(1, rows + 1):
        made = article(number)
        if text:
            made.body = "".join(sentences(number, text * 1_000_000 // rows))
        if json:
            count = json * 1_000_000 // rows // 120
            made.meta = [
                {"id": n, "name": f"Loaf {n}", "text": next(sentences(n, 1))} for n in range(count)
            ]
        made.save()


def sentences(number, size):
    """Sentences of so many characters in all; no two are alike."""
    while size > 0:
        words = " ".join(RANDOM.choices(WORDS, k=12)).capitalize()
        yield f"{words} {number}. "
        size -= len(words)


def extend(side):
    """Every article gets a word more: at the end, or in the second database in front."""
    articles = Article.objects.using(("default", "other")[side])
    for pk in list(articles.values_list("pk", flat=True)):
        edited = articles.get(pk=pk)
        if isinstance(edited.meta, list):
            edited.meta[side]["name"] += ", edited"
        elif side:
            edited.body = f"Edited. {edited.body}"
        else:
            edited.body += "Edited."
        edited.save()


def html():
    parts = []
    while sum(map(len, parts)) < BATCH:
        sentences = (" ".join(RANDOM.choices(WORDS, k=12)).capitalize() + "." for _ in range(4))
        parts.append(f"<p>{' '.join(sentences)}</p>\n")
    return "".join(parts)


def forget():
    """The first database was never committed."""
    AppliedCommit.objects.all().delete()
    RowIdentity.objects.all().delete()


def empty():
    """The second database holds nothing."""
    call_command("flush", database="other", interactive=False, verbosity=0)


def edit(count):
    """So many articles, spread over all, cost more."""
    total = Article.objects.count()
    chosen = [1 + total * n // count for n in range(count)]
    Article.objects.filter(pk__in=chosen).update(price=F("price") + 1)


def edit_other(count):
    """The same articles of the second database get another title."""
    total = Article.objects.count()
    chosen = [1 + total * n // count for n in range(count)]
    found = Article.objects.using("other").filter(pk__in=chosen)
    found.update(title=Concat("title", Value(", edited")))


def commit():
    """What was edited in the first database is on the branch."""
    call_command("contentgit", "commit", "-m", "Edited")


def read():
    """Every record as its bytes, as ``commit`` and ``status`` read them, and no more."""
    project = Project(config.read(), "default", Operator("bench", MOMENT))
    with project.backend.snapshot():
        for dump in project.dumps(["blog"]):
            for _ in dump.reader.entries():
                pass


def sides():
    """A record in three files, as git hands them to the merge driver."""
    text = " ".join(f"{RANDOM.choice(WORDS)} {RANDOM.choice(WORDS)}." for _ in range(200))
    key, folder = RecordKey("blog.article", "1"), Path(os.environ["BENCH_FOLDER"])
    for name, title, price in (("O", "a", "1.00"), ("A", "b", "1.00"), ("B", "a", "2.00")):
        record = Record(key, {"body": text, "price": price, "title": title})
        (folder / name).write_bytes(encode(record))
    project = Project(config.read(), "default", Operator("bench", MOMENT))
    (dump,) = project.dumps(["blog"])
    models = Schema({label: each.schema for label, each in dump.tables.items()})
    (folder / "blog").mkdir(exist_ok=True)
    description = dump_document(schema_document(dump.dataset, models))
    (folder / "blog/dataset.json").write_bytes(description)


def nothing():
    """Django and contentgit are started: the part of each step that no row has to do with."""


if __name__ == "__main__":
    command, *numbers = sys.argv[1:]
    globals()[command](*map(int, numbers))
