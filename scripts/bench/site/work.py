"""What is done around the steps (make, empty, edit and more), and steps that have no command of their own."""

import json
import os
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from blog import large as large_rows  # noqa: E402
from blog import linked as linked_rows  # noqa: E402
from blog import rows as blog_rows  # noqa: E402
from blog.models import Remark, Story  # noqa: E402
from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, connections, transaction  # noqa: E402
from django.db.models import F  # noqa: E402

import contentgit.models  # noqa: E402

FOLDER = Path(os.environ["BENCH_FOLDER"])
ROWS = FOLDER.parent / "rows.pickle"
FEINCMS3 = FOLDER / "feincms3.json"
SIZE_OF_LOG = {
    "sqlite": "SELECT SUM(pgsize) FROM dbstat WHERE name = 'contentgit_change'",
    "postgresql": "SELECT pg_total_relation_size('contentgit_change')",
    "mysql": "SELECT data_length + index_length FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_name = 'contentgit_change'",
}


def make(count):
    """Both databases anew, the first with ``count`` rows."""
    if not Path(contentgit.__file__).is_relative_to(os.environ["BENCH_CODE"]):
        raise SystemExit(f"{contentgit.__file__} is not in {os.environ['BENCH_CODE']}")
    drop()
    for each in connections.all():
        create(each)
        if each.alias == "other" and "BENCH_LINKS" in os.environ:
            continue  # nothing uses it, and Wagtail's migrations know of one database alone
        call_command("migrate", run_syncdb=True, database=each.alias, verbosity=0)
    if count:
        if not ROWS.exists():
            blog_rows.save(ROWS, count)
        with transaction.atomic():
            blog_rows.insert(connection, ROWS)
    version = ".".join(map(str, connection.get_database_version()))
    name = "MariaDB" if getattr(connection, "mysql_is_mariadb", False) else connection.display_name
    print(f"Django {django.__version__}, {name} {version}")


def create(each):
    if each.vendor == "sqlite":
        return
    name = each.ops.quote_name(each.settings_dict["NAME"])
    utf8 = " CHARACTER SET utf8mb4" if each.vendor == "mysql" else ""
    with each._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}{utf8}")


def drop():
    """Both databases are gone."""
    for each in connections.all():
        each.close()
        name = each.settings_dict["NAME"]
        if each.vendor == "sqlite":
            Path(name).unlink(missing_ok=True)
            continue
        with each._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {each.ops.quote_name(name)}")


def large(rows, text, data):
    large_rows.fill(rows, text, data)


def linked(rows):
    linked_rows.fill(rows)
    print(f"Django {django.__version__}")


def extend(side):
    large_rows.extend(side)


def forget():
    """The first database was never committed, and no database is tracked."""
    if hasattr(contentgit.models, "TrackedDump"):  # an earlier commit may not have it
        from contentgit.db.tracking.log import suspend

        for each in connections:
            suspend(each)
    for model in apps.get_app_config("contentgit").get_models():
        model.objects.all().delete()


def empty():
    """The second database holds nothing."""
    call_command("flush", database="other", interactive=False, verbosity=0)


def edit(count):
    """So many stories, spread over all, cost more."""
    total = Story.objects.count()
    chosen = {1 + total * n // count for n in range(count)}
    if Story.objects.filter(pk__in=chosen).update(price=F("price") + 1) != len(chosen):
        raise SystemExit(f"not all of the stories {sorted(chosen)} exist")


def history(commits, first):
    """So many commits of 10 stories each, of which no two next to each other change the same ones."""
    total = Story.objects.count()
    for number in range(first, first + commits):
        chosen = {1 + (total * n // 10 + number) % total for n in range(10)}
        Story.objects.filter(pk__in=chosen).update(price=F("price") + 1)
        call_command("contentgit", "commit", "-m", f"Edit {number}")


def track_other():
    call_command("contentgit", "track", "--database", "other")


def writes(remarks, saves):
    """What a site writes: prints the clock and CPU seconds of each, by what it is."""
    with connection.cursor() as cursor:
        # The rows came with their keys, of which a sequence knows nothing.
        for statement in connection.ops.sequence_reset_sql(no_style(), [Remark]):
            cursor.execute(statement)
    last = Remark.objects.latest("pk").pk
    made = list(Remark.objects.order_by("pk")[:remarks])
    for each in made:
        each.pk = None
    stories = list(Story.objects.order_by("pk")[:saves])
    for each in stories:  # a story is a row of two tables
        each.position += 1
        each.text += "<p>New.</p>\n"
    every = Story.objects.count()
    calls = {
        f"bulk_create of {len(made):,} remarks": lambda: Remark.objects.bulk_create(made),
        f"one UPDATE of {every:,} stories": lambda: Story.objects.update(price=F("price") + 1),
        f"save of {len(stories):,} stories": lambda: [each.save() for each in stories],
        f"delete of {len(made):,} remarks": lambda: Remark.objects.filter(pk__gt=last).delete(),
    }
    found = {}
    for name, call in calls.items():
        clock, cpu = time.perf_counter(), time.process_time()
        call()
        found[name] = time.perf_counter() - clock, time.process_time() - cpu
    print(json.dumps(found))


def log():
    """Prints how many changes triggers have written down, and the bytes that the database takes for them."""
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":  # which knows the size from its statistics
            cursor.execute("ANALYZE TABLE contentgit_change")
            cursor.fetchall()
        cursor.execute(SIZE_OF_LOG[connection.vendor])
        print(json.dumps([contentgit.models.RowChange.objects.count(), int(cursor.fetchone()[0])]))


def commit():
    """What was edited in the first database is on the branch."""
    call_command("contentgit", "commit", "-m", "Edited")


def read():
    """Step: every row's columns, as Django converts them, and nothing done with them."""
    for model in apps.get_app_config("blog").get_models(include_auto_created=True):
        names = [field.attname for field in model._meta.local_concrete_fields]
        # No key comes first, so that nothing has to be sorted.
        for _ in model._base_manager.order_by().values_list(*names).iterator(blog_rows.BATCH):
            pass


def write():
    """Step: prepared tuples of the same rows into the second, empty database, in one transaction."""
    with transaction.atomic(using="other"):
        blog_rows.insert(connections["other"], ROWS)


def feincms3_dump():
    """Step."""
    from feincms3_data.data import dump_specs, specs_for_app_models

    FEINCMS3.write_text(dump_specs(specs_for_app_models("blog", {"delete_missing": True})))


def feincms3_load():
    """Step. It writes to the default database whatever ``using`` says, so that has to be the second one."""
    from feincms3_data.data import load_dump

    connection.settings_dict["NAME"] = connections["other"].settings_dict["NAME"]
    load_dump(json.loads(FEINCMS3.read_text()))


def pictures(count, size):
    from pictures.rows import fill

    fill(count, size)


def replace_picture(number, size):
    from pictures.rows import replace

    replace(number, size)


def counted_commit():
    """Prints how many bytes this process read meanwhile, by all that it reads: not only files of media."""
    before = bytes_read()
    call_command("contentgit", "commit", "-m", "One")
    print(bytes_read() - before)


def bytes_read():
    return int(Path("/proc/self/io").read_text().split()[1])


if __name__ == "__main__":
    for call in " ".join(sys.argv[1:]).split(" + "):
        name, *numbers = call.split()
        globals()[name](*map(int, numbers))
