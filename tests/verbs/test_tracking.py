"""Tracked dumps: what is known of them is what all rows say, whatever is done to these."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.models import F
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from contentgit.cli.main import main
from contentgit.datasets import specs_for_models
from contentgit.db.backends import backend
from contentgit.db.tracking import log as tracking
from contentgit.db.tracking.migrating import stop_tracking
from contentgit.models import RowChange, TrackedDump
from contentgit.plan import Licences
from contentgit.workingcopy.request import Request
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Page, Product, Tag
from tests.growing import Grower
from tests.verbs.conftest import Run
from tests.verbs.test_killed import every_step
from tests.verbs.test_law import POPULATIONS, SEEDS
from tests.verbs.test_looking import planned
from tests.zoo.models import Pair

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
OTHER = "--database=other"
SEQUENCES = [{"table": "contentgit_tracked", "column": "id"}]


@pytest.fixture(autouse=True)
def _untracked(databases: tuple[str, str]) -> Iterator[None]:
    """No trigger stays behind: tables are emptied between tests, not made anew."""
    yield
    for using in databases:
        tracking.suspend(using)


@contextmanager
def laws() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_law.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


def compare(run: Run, *words: str) -> Counter[str]:
    """Asserts that both ways to know what was edited say the same; how often each way was taken."""
    known, whole = (run("status", "--json", *words, *full).json for full in ((), ("--full",)))
    ways = Counter[str]()
    for one, other in zip(known["dumps"], whole["dumps"], strict=True):
        how = one.pop("tracking")
        other.pop("tracking")
        assert one == other, how
        ways["whole" if how is None or how["gap"] else "tracked"] += 1
    return ways


# The law


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_tracking_says_what_all_rows_say(
    databases: tuple[str, str], ok: Ok, run: Run, repository_path: Path, seed: int, name: str
) -> None:
    population, ways = POPULATIONS[name], Counter[str]()
    here, there = (Grower(population, 100 + seed + n, using) for n, using in enumerate(databases))
    here.grow()
    with laws():
        ok("init", "--bare")
        ok("commit", name, "-m", "As it was")
        ok("checkout", "main", name, "--apply", "--yes", OTHER)
        ok("track", name)
        ok("track", name, OTHER)
        for _ in range(2):
            for _ in range(2):
                here.meddle()
                ways += compare(run, name)
            ok("commit", name, "-m", "Went on")
            assert compare(run, name)["tracked"]
            there.meddle()
            ways += compare(run, name, OTHER)
            for verb in ("update", "checkout"):
                request = Request(verb, "main", (name,), Licences(force=True, allow_cascade=True))
                partly, wholly = planned(repository_path, request)
                assert partly.plan == wholly.plan
                assert partly.digest == wholly.digest
            run("update", "--yes", name, OTHER)
            ways += compare(run, name, OTHER)
            for _ in range(
                2
            ):  # where the first has changed what others depend on, the second finds it equal
                ok(
                    "checkout",
                    "main",
                    name,
                    "--apply",
                    "--yes",
                    "--force",
                    "--allow-cascade",
                    OTHER,
                )
                ways += compare(run, name, OTHER)
            assert compare(run, name, OTHER)["tracked"]
            assert "clean" in ok("status", name, "--full", OTHER)
    assert ways["tracked"], ways


# What is done to rows


def _cursor(*statements: str, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _rolled_back() -> None:
    with transaction.atomic():
        Product._base_manager.filter(pk=41).update(name="Stays")
        try:
            with transaction.atomic():
                Product._base_manager.filter(pk=42).update(name="Goes")
                raise KeyError
        except KeyError:
            pass


def _moved_key() -> None:
    Ingredient.objects.filter(pk=7).update(id=70)


def _swapped() -> None:
    Tag.objects.filter(pk=3).update(slug="x")
    Tag.objects.filter(pk=12).update(slug="organic")
    Tag.objects.filter(pk=3).update(slug="vegan")


def _recreated() -> None:
    Ingredient.objects.filter(pk=7).delete()
    Ingredient.objects.create(pk=7, product_id=41, name="Rye flour", grams=401)


def _upserted() -> None:
    rows = [Tag(pk=3, name="Organic!", slug="organic"), Tag(pk=30, name="New", slug="new")]
    unique = ["pk"] if connection.features.supports_update_conflicts_with_target else None
    Tag.objects.bulk_create(
        rows, update_conflicts=True, update_fields=["name", "slug"], unique_fields=unique
    )


def _replaced_key() -> None:
    _cursor("REPLACE INTO bakery_ingredient (id, product_id, name) VALUES (7, 41, 'Replaced')")


def _replaced_slug() -> None:
    """The row of tag 20 goes, and no trigger sees it on SQLite."""
    Product._base_manager.get(pk=43).tags.clear()
    _cursor("REPLACE INTO bakery_tag (id, name, slug) VALUES (33, 'Replaced', 'seasonal')")


def _updated_over() -> None:
    Tag.objects.create(pk=40, name="Free", slug="free")
    _cursor("UPDATE OR REPLACE bakery_tag SET slug = 'free' WHERE id = 12")


def _copied_in() -> None:
    with connection.cursor() as cursor, cursor.copy("COPY bakery_tag FROM STDIN") as copy:
        copy.write_row((50, "Copied", "copied"))


def _truncated() -> None:
    _cursor("TRUNCATE bakery_ingredient")


DAMAGES: dict[str, tuple[set[str], Callable[[], object]]] = {
    "save": (set(), lambda: Product._base_manager.get(pk=43).save()),
    "update": (set(), lambda: Product._base_manager.update(price=F("price") + 1)),
    "no change": (set(), lambda: Product._base_manager.update(price=F("price"))),
    "case": (set(), lambda: Tag.objects.filter(pk=3).update(name="ORGANIC")),
    "bulk create": (
        set(),
        lambda: Tag.objects.bulk_create(
            [Tag(pk=80 + n, name=f"T{n}", slug=f"t{n}") for n in range(5)]
        ),
    ),
    "upsert": (set(), _upserted),
    "ignored": (
        set(),
        lambda: Tag.objects.bulk_create(
            [Tag(pk=3, name="Ignored", slug="i"), Tag(pk=31, name="New", slug="n")],
            ignore_conflicts=True,
        ),
    ),
    "cascade": (set(), lambda: Product._base_manager.get(pk=41).delete()),
    "link": (set(), lambda: Product._base_manager.get(pk=42).tags.add(20)),
    "unlink": (set(), lambda: Product._base_manager.get(pk=43).tags.clear()),
    "parent": (set(), lambda: Page.objects.filter(pk=5).update(title="Closed")),
    "child": (set(), lambda: NewsPage.objects.filter(pk=5).update(body="Closed")),
    "child gone": (set(), lambda: NewsPage.objects.get(pk=5).delete(keep_parents=True)),
    "rollback": (set(), _rolled_back),
    "key": (set(), _moved_key),
    "swap": (set(), _swapped),
    "recreate": (set(), _recreated),
    "insert from select": (
        set(),
        lambda: _cursor(
            "INSERT INTO bakery_ingredient (product_id, name, grams) "
            "SELECT product_id, 'More', grams FROM bakery_ingredient WHERE id = 7"
        ),
    ),
    "delete all": (set(), lambda: _cursor("DELETE FROM bakery_ingredient")),
    "replace": ({"sqlite", "mysql"}, _replaced_key),
    "replace other": ({"sqlite", "mysql"}, _replaced_slug),
    "update or replace": ({"sqlite"}, _updated_over),
    "copy": ({"postgresql"}, _copied_in),
    "truncate": ({"postgresql", "mysql"}, _truncated),
}


def _here(vendors: set[str]) -> bool:
    return not vendors or connection.vendor in vendors


@pytest.fixture
def tracked(databases: tuple[str, str], ok: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
    ok("track")


@pytest.mark.parametrize("kind", [kind for kind, (where, _) in DAMAGES.items() if _here(where)])
def test_damage_is_seen(tracked: None, ok: Ok, run: Run, kind: str) -> None:
    assert compare(run)["whole"] == 1  # one dump was never committed
    DAMAGES[kind][1]()
    compare(run)
    ok("commit", "-m", kind)
    assert compare(run) == {"tracked": 3, "whole": 1}
    assert "edited" not in ok("status", "--full")


def test_no_table_is_read(tracked: None, ok: Ok) -> None:
    Product._base_manager.filter(pk=42).update(name="Changed")
    for words in (("status", "shop"), ("commit", "shop", "-m", "Changed"), ("status", "shop")):
        with CaptureQueriesContext(connection) as made:
            ok(*words)
        said = [each["sql"] for each in made.captured_queries]
        table = connection.ops.quote_name("bakery_product")
        rows = [sql for sql in said if f"FROM {table}" in sql and "COUNT(*)" not in sql]
        assert [sql for sql in rows if "42" not in sql] == [], words
    assert "clean" in ok("status", "shop", "--full")


# What nobody has written down


def _dropped() -> None:
    (using,) = {connection.alias}
    tracking.suspend(using)


def _rebuilt() -> None:
    """As a migration does it that was not run by ``migrate``."""
    field = Tag._meta.get_field("name")
    with connection.schema_editor() as editor:
        longer = field.clone()
        longer.max_length = 90
        longer.set_attributes_from_name("name")
        longer.model = Tag
        editor.alter_field(Tag, field, longer)
        editor.alter_field(Tag, longer, field)


def _made_again() -> None:
    """A trigger is dropped, and is there again by the same text; on PostgreSQL its owner would do more."""
    ways = backend("default")
    query = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'bakery_tag'",
        "mysql": "SELECT trigger_name, NULL FROM information_schema.triggers "
        "WHERE event_object_table = 'bakery_tag' AND trigger_schema = DATABASE()",
    }[connection.vendor]
    rows = ways.fetch(query)
    for name, text in rows:
        if text is None:
            ((_, _, text, *_),) = ways.fetch(f"SHOW CREATE TRIGGER {name}")
        _cursor(f"DROP TRIGGER {name}")
        Tag.objects.filter(pk=12).update(name="Unseen, too")
        _cursor(text.replace("%", "%%"))


def _emptied() -> None:
    Tag.objects.filter(pk=12).update(name="Unseen, too")
    _cursor("DELETE FROM contentgit_change")


def _added_column() -> None:
    _cursor("ALTER TABLE bakery_tag ADD COLUMN more integer DEFAULT 5")


def _disabled() -> None:
    _cursor("ALTER TABLE bakery_tag DISABLE TRIGGER USER")
    Tag.objects.filter(pk=3).update(name="Unseen")
    _cursor("ALTER TABLE bakery_tag ENABLE TRIGGER USER")


GAPS: dict[str, tuple[set[str], Callable[[], object]]] = {
    "dropped": (set(), _dropped),
    "rebuilt": (set(), _rebuilt),
    "column": (set(), _added_column),
    "made again": ({"sqlite", "mysql"}, _made_again),
    "emptied": (set(), _emptied),
    "disabled": ({"postgresql"}, _disabled),
    "truncated": ({"mysql"}, lambda: (_cursor("SET foreign_key_checks = 0"), _truncated())),
    "replaced": ({"sqlite"}, _replaced_slug),
}


@pytest.mark.parametrize("kind", [kind for kind, (where, _) in GAPS.items() if _here(where)])
def test_a_gap_is_known(tracked: None, ok: Ok, run: Run, kind: str) -> None:
    GAPS[kind][1]()
    if kind not in ("made again", "emptied"):  # which nothing may follow
        Tag.objects.filter(pk=12).update(name="Unseen, too")
    said = ok("status", "shop")
    assert "all rows were read" in said
    assert "bakery.tag:12" in said
    assert compare(run, "shop") == {"whole": 1}
    ok("commit", "shop", "-m", "All of it")
    assert compare(run, "shop") == {"tracked": 1}
    Tag.objects.filter(pk=12).update(name="Seen")
    assert compare(run, "shop") == {"tracked": 1}
    if kind == "column":
        _cursor("ALTER TABLE bakery_tag DROP COLUMN more")


def test_a_table_altered_twice_within_a_second(tracked: None, ok: Ok) -> None:
    """The second time behind its triggers: MariaDB and MySQL keep no more of the moment than its second."""
    if connection.vendor != "mysql":
        pytest.skip("other databases have more than a moment")
    _cursor("ALTER TABLE bakery_tag FORCE")
    ok("track", "shop")
    ok("commit", "shop", "-m", "As it was")
    _cursor("ALTER TABLE bakery_tag FORCE")
    assert "all rows were read" in ok("status", "shop")


def test_too_many_changes_are_read_whole(
    tracked: None, ok: Ok, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next commit deletes what was written down, however much it is."""
    monkeypatch.setattr(tracking, "MOST", 10)
    for n in range(4):
        Product._base_manager.update(price=n)
    assert "12 changes of rows were written down" in ok("status", "shop")
    assert compare(run, "shop") == {"whole": 1}
    ok("commit", "shop", "-m", "Prices")
    assert compare(run, "shop") == {"tracked": 1}
    assert not RowChange.objects.filter(key__gt="").exists()


def test_the_code_of_a_dataset_changes(tracked: None, ok: Ok, run: Run) -> None:
    """Other fields, other records: nobody has compared these."""
    with override_settings(
        CONTENTGIT={"DATASETS": f"{__name__}.without_names", "ENVIRONMENT": "test"}
    ):
        assert "has changed since" in ok("status", "shop")
        ok("commit", "shop", "-m", "Without names", "--drop-fields")
        assert compare(run, "shop") == {"tracked": 1}


def without_names() -> dict[str, Any]:
    specs = specs_for_models([Category, Tag, Product, Ingredient], {"delete_missing": True})
    specs[1]["exclude"] = ["name"]
    return {"shop": {"specs": lambda _arguments: specs}}


# Others write meanwhile


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time")
def test_who_commits_later_is_seen_later(tracked: None, ok: Ok, run: Run) -> None:
    """The keys of a transaction under way are not there yet, and are not deleted with those that are."""
    other = connection.copy()
    Product._base_manager.filter(pk=41).update(name="First")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("UPDATE bakery_product SET name = 'Late' WHERE id = 42")
        Product._base_manager.filter(pk=43).update(name="Second")
        ok("commit", "shop", "-m", "While another writes")
        assert "edited" not in ok("status", "shop", "--full")
        other.commit()
    finally:
        other.close()
    assert "bakery.product:42" in ok("status", "shop")
    assert compare(run, "shop") == {"tracked": 1}


def test_an_update_learns_what_nobody_knew(tracked: None, ok: Ok, run: Run) -> None:
    """A merge does without all rows; where these are not known, it reads them for the next calls."""
    ok("checkout", "main", "shop", "--apply", "--yes", OTHER)
    ok("track", "shop", OTHER)
    tracking.suspend("other")
    Tag.objects.using("other").filter(pk=3).update(name="Own")
    Product._base_manager.filter(pk=41).update(name="Theirs")
    ok("commit", "shop", "-m", "Theirs")
    assert compare(run, "shop", OTHER) == {"whole": 1}
    ok("update", "shop", "--yes", OTHER)
    assert compare(run, "shop", OTHER) == {"tracked": 1}
    assert "bakery.tag:3" in ok("status", "shop", OTHER)


def test_an_edit_is_kept_in_a_backup(tracked: None, ok: Ok, git: Ok, run: Run) -> None:
    """A checkout that overwrites it has read the rows that were written, and no others."""
    ok("checkout", "main", "--apply", "--yes", OTHER)
    ok("track", OTHER)
    Tag.objects.using("other").filter(pk=3).update(name="Overwritten")
    said = run("checkout", "main", "shop", "--apply", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.tag:3" in said.err
    said = ok("checkout", "main", "shop", "--apply", "--yes", "--force", OTHER)
    (ref,) = re.findall(r"refs/contentgit/backup/\S+", said)
    assert "Overwritten" in git("show", f"{ref}:shop/bakery.tag/0/0/3.json")
    assert git("ls-tree", "-r", ref, "--", "shop") != ""
    assert compare(run, "shop", OTHER) == {"tracked": 1}
    ok("undo", "shop", "--yes", OTHER)
    assert "bakery.tag:3" in ok("status", "shop", "--full", OTHER)
    compare(run, "shop", OTHER)


# Killed


def test_a_killed_commit_forgets_no_edit(
    tracked: None, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    old, number = git("rev-parse", "main"), 0
    words = ["commit", f"--repository={repository_path}", "shop", "-m", "Killed"]
    Product._base_manager.filter(pk=41).update(name="Edited")
    for number in every_step(lambda: main(words)):
        compare(run, "shop")
        Product._base_manager.filter(pk=42).update(name=f"Edited {number}")
        compare(run, "shop")
    assert compare(run, "shop") == {"tracked": 1}
    assert git("rev-list", "--count", f"{old}..main") != "0"


def test_a_killed_apply_forgets_no_edit(
    tracked: None, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    ok("checkout", "main", "--apply", "--yes", OTHER)
    ok("track", "shop", OTHER)
    Product._base_manager.filter(pk=41).update(name="Edited")
    Ingredient.objects.filter(pk=7).delete()
    ok("commit", "-m", "Edited")
    Tag.objects.using("other").filter(pk=3).update(name="Own")
    words = ["update", f"--repository={repository_path}", "shop", "--yes", OTHER]
    for _ in every_step(lambda: main(words)):
        assert compare(run, "shop", OTHER) == {"tracked": 1}
    assert compare(run, "shop", OTHER) == {"tracked": 1}
    assert "bakery.tag:3" in ok("status", "shop", OTHER)


# Beginning and ending


def test_dumps_are_tracked_one_by_one(tracked: None, ok: Ok, run: Run) -> None:
    """Triggers that are made or dropped for one leave what is known of another."""
    ok("track", "hours")
    assert compare(run) == {"tracked": 3, "whole": 1}
    ok("untrack", "pages")
    assert compare(run) == {"tracked": 2, "whole": 2}
    Tag.objects.filter(pk=3).update(name="Seen")
    assert "bakery.tag:3" in ok("status", "shop")


def test_untracked_again(tracked: None, ok: Ok, run: Run) -> None:
    assert run("untrack", "shop", "--json").json == {"database": "default", "untracked": ["shop"]}
    assert compare(run, "shop") == {"whole": 1}
    assert "tracked" not in ok("status", "shop")
    ok("untrack")
    assert "No dump was tracked" in ok("untrack")
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM contentgit_change")
        assert cursor.fetchone() == (0,)
    Tag.objects.filter(pk=3).delete()  # no trigger is left that would fail
    assert "bakery.tag:3" in ok("status", "shop")


def test_migrations_run_without_triggers(tracked: None, ok: Ok, run: Run) -> None:
    """They would break where a column gets another name; a plan of migrations has some to run."""
    stop_tracking(using="default", plan=[])
    assert compare(run, "shop") == {"tracked": 1}
    stop_tracking(using="default", plan=[object()])
    Tag.objects.filter(pk=3).update(name="Unseen")
    assert "bakery.tag:3" in ok("status", "shop")
    ok("commit", "shop", "-m", "Seen")
    Tag.objects.filter(pk=3).update(name="Seen")
    assert compare(run, "shop") == {"tracked": 1}


def test_tables_that_were_emptied(tracked: None, ok: Ok, run: Run) -> None:
    """As by ``flush``: triggers are still there, and the next dump may get the number of the old one."""
    TrackedDump.objects.all().delete()
    _cursor(*connection.ops.sequence_reset_by_name_sql(no_style(), SEQUENCES))
    Tag.objects.filter(pk=3).update(name="Written down for nobody")
    assert compare(run, "shop") == {"whole": 1}
    ok("track", "shop")
    Tag.objects.filter(pk=12).update(name="Seen")
    assert "2 records edited" in ok("status", "shop")
    assert compare(run, "shop") == {"tracked": 1}
    ok("untrack")
    Tag.objects.filter(pk=12).update(name="Not written down")
    assert not RowChange.objects.exists()


def test_edits_before_tracking_are_known(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    fill()
    ok("init")
    ok("commit", "shop", "-m", "The shop")
    Tag.objects.filter(pk=3).update(name="Edited before")
    Ingredient.objects.filter(pk=7).delete()
    assert "2 records differ from" in ok("track", "shop")
    assert "2 records edited" in ok("status", "shop")
    assert compare(run, "shop") == {"tracked": 1}


def test_what_cannot_be_tracked_is_read_whole(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    Grower(POPULATIONS["zoo"], 1, "default").grow()
    with laws():
        ok("init", "--bare")
        ok("commit", "zoo", "-m", "As it was")
        assert "zoo.pair is not: its primary key is of a kind that" in ok("track", "zoo")
        said = ok("status", "zoo")
    assert "zoo.note, zoo.pair, zoo.ticket" in said


def test_a_table_that_is_not_there(tracked: None, ok: Ok, run: Run) -> None:
    """It is to be made, as for every verb; and nothing is tracked before."""
    _cursor("ALTER TABLE bakery_opening RENAME TO bakery_away")
    try:
        said = run("track", "hours")
        assert (said.code, said.out) == (1, "")
        assert "does not exist in database 'default'" in said.err
        assert "migrate" in said.err
    finally:
        _cursor("ALTER TABLE bakery_away RENAME TO bakery_opening")


def test_a_dump_of_nothing_that_can_be_tracked(db: str, ok: Ok, run: Run) -> None:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.pairs", "ENVIRONMENT": "test"}):
        ok("init", "--bare")
        assert run("track").code == 2  # nothing was committed
        said = run("track", "pairs")
    assert (said.code, said.out) == (3, ""), said.err
    assert "changes of pairs cannot be tracked in database 'default'" in said.err
    assert "zoo.pair: its primary key is of a kind that triggers do not write down" in said.err


def pairs() -> dict[str, Any]:
    specs = specs_for_models([Pair], {"delete_missing": True})
    return {"pairs": {"specs": lambda _arguments: specs}}
