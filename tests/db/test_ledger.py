"""The ledger's lines, and what is said where there is no ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from contentgit.db import ledger
from contentgit.db.backends import backend
from contentgit.db.identity import Identities
from contentgit.db.ledger import Applied, Entry
from contentgit.errors import DatabaseError
from contentgit.models import RowIdentity

AT = datetime(2026, 11, 22, 13, 5, 0, 123456, tzinfo=UTC)

ENTRY = Entry(
    dump="pages",
    commit="c" * 40,
    tree="d" * 40,
    branch="main",
    environment="production",
    action="apply",
    who="Ada Lovelace <ada@example.com>",
    at=AT,
    counts={"create": 2, "rows": 7},
    withheld=[{"record": "pages.page:4", "field": "tags", "reason": "none \u2026 of it"}],
    previous="b" * 40,
)


def test_a_line_is_what_was_written_down(db: str) -> None:
    assert ledger.applied(db) == {}
    (number,) = ledger.write(db, [ENTRY])
    assert ledger.applied(db) == {
        "pages": Applied(**vars(ENTRY), id=number, state="done"),
    }


def test_the_latest_line_of_each_dump_counts_and_one_question_gives_all(db: str) -> None:
    second = replace(ENTRY, commit="e" * 40, at=AT - timedelta(days=1))
    other = replace(ENTRY, dump="districts@42,43")
    ledger.write(db, [ENTRY, other, second])
    with CaptureQueriesContext(connections[db]) as queries:
        found = ledger.applied(db)
    assert len(queries) == 1
    assert {dump: row.commit for dump, row in found.items()} == {
        "pages": "e" * 40,
        "districts@42,43": "c" * 40,
    }


def test_the_history_is_latest_first(db: str) -> None:
    entries = [replace(ENTRY, dump=dump) for dump in ("a", "b", "a")]
    one, two, three = ledger.write(db, entries)
    ledger.write(db, [ENTRY], pending=True)
    assert [row.id for row in ledger.history(db)] == [three, two, one]
    assert [row.id for row in ledger.history(db, "a")] == [three, one]
    assert [row.id for row in ledger.history(db, "a", 1)] == [three]
    assert ledger.history(db, limit=2)[1].id == two


def test_no_more_of_the_history_is_read_than_is_wanted(db: str) -> None:
    ids = ledger.write(db, [replace(ENTRY, dump=str(number % 5)) for number in range(250)])
    read: list[int] = []

    def own(line: Applied) -> bool:
        read.append(line.id)
        return line.dump == "0"

    assert [row.id for row in ledger.history(db, limit=2, own=own)] == [ids[245], ids[240]]
    assert len(read) == 100
    assert [row.id for row in ledger.history(db, limit=45, own=own)] == ids[245::-5][:45]
    assert [row.id for row in ledger.history(db, limit=60, own=own)] == ids[245::-5]
    assert [row.id for row in ledger.history(db, own=own)] == ids[245::-5]
    assert ledger.history(db, limit=0, own=own) == []


def test_a_pending_line_is_finished_or_forgotten(db: str) -> None:
    first, second = ledger.write(db, [ENTRY, replace(ENTRY, dump="other")], pending=True)
    assert ledger.applied(db) == {}
    assert [(row.id, row.state) for row in ledger.pending(db)] == [
        (first, "pending"),
        (second, "pending"),
    ]
    ledger.finish(db, [first])
    ledger.forget(db, [second])
    assert ledger.pending(db) == []
    assert list(ledger.applied(db)) == ["pages"]
    ledger.forget(db, [first])
    assert list(ledger.applied(db)) == ["pages"]


def test_all_lines_or_none_and_with_the_content_that_they_are_about(db: str) -> None:
    with pytest.raises(DatabaseError, match="the ledger of database 'default': "):
        ledger.write(db, [ENTRY, replace(ENTRY, dump="x" * 2000, commit=None)])  # type: ignore[arg-type]
    assert ledger.history(db) == []
    with transaction.atomic():
        ledger.write(db, [ENTRY])
        transaction.set_rollback(True)
    assert ledger.history(db) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("commit", "x"),
        ("tree", "../x"),
        ("previous", "HEAD"),
        ("backup", "\x1b[31m"),
        ("counts", "[1]"),
        ("counts", '{"create": "x"}'),
        ("withheld", "{}"),
        ("withheld", "[1]"),
    ],
)
def test_a_damaged_row_is_named(db: str, column: str, value: str) -> None:
    (number,) = ledger.write(db, [ENTRY])
    with connections[db].cursor() as cursor:
        name = connections[db].ops.quote_name(column)
        cursor.execute(f"UPDATE contentgit_ledger SET {name} = %s", [value])
    for read in (ledger.applied, ledger.history):
        with pytest.raises(DatabaseError, match=f"row {number} of .* is damaged: {column} is"):
            read(db)


def test_a_column_that_django_cannot_read(db: str) -> None:
    if connections[db].vendor != "sqlite":
        pytest.skip("this database holds JSON and moments only")
    for column, value in (("counts", "[" * 990 + "]" * 990), ("at", "x"), ("at", 7)):
        (number,) = ledger.write(db, [ENTRY])
        with connections[db].cursor() as cursor:
            cursor.execute(
                f"UPDATE contentgit_ledger SET {column} = %s WHERE id = {number}", [value]
            )
        with pytest.raises(DatabaseError, match="ledger of database 'default'"):
            ledger.history(db)


def test_long_names_fit(db: str) -> None:
    entry = replace(
        ENTRY,
        dump="ä" * 255,
        commit="a" * 64,
        branch="feature/" + "ö" * 1000,
        environment="e" * 500,
        who="🥐" * 500,
    )
    ledger.write(db, [entry])
    (found,) = ledger.history(db)
    assert (found.dump, found.branch, found.who) == (entry.dump, entry.branch, entry.who)


def test_the_databases_have_ledgers_of_their_own(databases: tuple[str, str]) -> None:
    ledger.write("other", [ENTRY])
    assert ledger.applied("default") == {}
    assert list(ledger.applied("other")) == ["pages"]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5))])
def test_moments_stay_without_time_zone_support(db: str, zone: timezone) -> None:
    connections[db].close()
    with override_settings(USE_TZ=False):
        ledger.write(db, [replace(ENTRY, at=AT.astimezone(zone))])
        (found,) = ledger.history(db)
    connections[db].close()
    assert found.at == AT


@pytest.fixture
def no_ledger(db: str) -> Iterator[str]:
    call_command("migrate", "contentgit", "zero", verbosity=0, database=db)
    yield db
    call_command("migrate", "contentgit", verbosity=0, database=db)


def test_a_database_without_ledger_is_told_what_to_do(no_ledger: str) -> None:
    calls = [
        lambda: ledger.applied(no_ledger),
        lambda: ledger.history(no_ledger),
        lambda: ledger.pending(no_ledger),
        lambda: ledger.write(no_ledger, [ENTRY]),
        lambda: ledger.finish(no_ledger, [1]),
        lambda: ledger.forget(no_ledger, [1]),
    ]
    for call in calls:
        with pytest.raises(DatabaseError) as caught:
            call()
        assert caught.value.message == "the database 'default' has no contentgit tables"
        assert caught.value.hint == "python manage.py migrate contentgit --database default"
    with pytest.raises(DatabaseError, match="no contentgit tables"), backend(no_ledger).exclusive():
        ledger.applied(no_ledger)


def test_a_ledger_that_is_gone_and_that_django_takes_for_made(db: str) -> None:
    """A database restored without these tables: the commands that are named make them."""
    for gone in (["ledger"], ["ledger", "identity"]):
        with connections[db].cursor() as cursor:
            for table in gone:
                cursor.execute(f"DROP TABLE contentgit_{table}")
        with pytest.raises(DatabaseError) as caught, backend(db).snapshot():
            ledger.applied(db)
        run(caught.value.hint)
        assert ledger.applied(db) == {}
        assert not RowIdentity.objects.using(db).exists()


def run(hint: str) -> None:
    """Run the commands of a hint."""
    ways = [line.partition("  (")[0].split() for line in hint.splitlines()]
    assert {tuple(words[:4]) for words in ways} == {
        ("python", "manage.py", "migrate", "contentgit")
    }
    for words in ways:
        call_command(*words[2:], verbosity=0)


def test_identities_that_are_gone_and_that_django_takes_for_made(db: str) -> None:
    with connections[db].cursor() as cursor:
        cursor.execute("DROP TABLE contentgit_identity")
    keys = Identities(db, {"bakery.page": "uuid"})
    with pytest.raises(DatabaseError, match="no table of identities") as caught:
        keys.key_text("bakery.page", 1)
    run(caught.value.hint)
    assert keys.key_text("bakery.page", 1) is None


@pytest.mark.parametrize("field", ["AutoField", "SmallAutoField", "BigAutoField"])
def test_the_migration_is_the_model_whatever_keys_a_project_prefers(db: str, field: str) -> None:
    with override_settings(DEFAULT_AUTO_FIELD=f"django.db.models.{field}"):
        loader = MigrationLoader(None)
        wanted = ProjectState.from_apps(apps)
        changes = MigrationAutodetector(loader.project_state(), wanted).changes(
            loader.graph, trim_to_apps={"contentgit"}
        )
    assert "contentgit" not in changes
