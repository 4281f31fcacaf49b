"""What of other rows decides what a tracked dump holds; and what else happens where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models.signals import post_save
from django.test import override_settings
from django.utils import timezone

from contentgit import config
from contentgit.db.tracking import log as tracking
from contentgit.models import RowChange, TrackedDump
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.project import Operator, Project
from contentgit.workingcopy.tracking import compared, written_down
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run
from tests.verbs.test_tracking import OTHER, _cursor, compare
from tests.workshop.models import Trail

Ok = Callable[..., str]
SPECS: dict[str, list[dict[str, Any]]] = {
    "two joins": [
        {"model": "bakery.ingredient", "filter": {"product__category__slug": "bread"}},
    ],
    "named": [
        {"model": "bakery.category"},
        {
            "model": "bakery.product",
            "filter": {"category__name": "Bread"},
            "exclude": ["tags"],
        },
    ],
    "loose": [{"model": "workshop.trail", "filter": {"about__name": "Loose"}}],
    "now": [{"model": "bakery.tag"}],
    "skipping": [
        {"model": "bakery.category"},
        {"model": "bakery.product", "missing": {"tags": "skip"}},
    ],
}


def datasets() -> dict[str, Any]:
    SPECS["now"][0]["filter"] = {"pk__lt": timezone.now().timestamp() // 1e-6}
    named = {name.replace(" ", "_"): specs for name, specs in SPECS.items()}
    return {name: {"specs": lambda _, specs=specs: specs} for name, specs in named.items()}


def beside() -> dict[str, Any]:
    specs = [{"model": "bakery.tag"}, {"model": "bakery.product"}]
    return {"beside": {"specs": lambda _: specs}}


@pytest.fixture(autouse=True)
def _untracked(databases: tuple[str, str]) -> Iterator[None]:
    yield
    for using in databases:
        tracking.suspend(using)


@contextmanager
def project(**more: Any) -> Iterator[None]:
    setting = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test", **more}
    with override_settings(CONTENTGIT=setting):
        yield


def test_a_table_between_decides_too(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    """A product moves to another category, and its ingredients leave the dump."""
    fill()
    with project():
        ok("init")
        ok("commit", "two_joins", "-m", "As it was")
        ok("track", "two_joins")
        Product._base_manager.filter(pk=41).update(category_id=2)
        assert "others depend on" in ok("status", "two_joins")
        compare(run, "two_joins")
        ok("commit", "two_joins", "-m", "Less")
        assert "clean" in ok("status", "two_joins", "--full")


def test_a_target_that_comes_later_decides(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    """Without a constraint a row may refer to one that is not there yet."""
    Trail.objects.create(pk=1, about_id=72, tag=1, text="One")
    with project():
        ok("init")
        ok("commit", "loose", "-m", "Nothing")
        ok("track", "loose")
        Category.objects.create(pk=72, name="Loose", slug="loose")
        assert "workshop.trail:1" in ok("status", "loose")
        compare(run, "loose")


def test_an_apply_changes_what_belongs_to_the_dump(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """Its own step renames a category, and a row of this database alone is one of the dump from then on."""
    fill()
    with project():
        ok("init")
        ok("commit", "named", "-m", "As it was")
        ok("checkout", "main", "named", "--apply", "--yes", OTHER)
        own = Product._base_manager.get(pk=41)
        own.pk, own.category_id, own.slug = 999, 2, "own"
        own.save(using="other", force_insert=True)
        ok("track", "named", OTHER)
        Category.objects.filter(pk=2).update(name="Bread")
        ok("commit", "named", "-m", "One name")
        ok("checkout", "main", "named", "--apply", "--yes", OTHER)
        assert "bakery.product:999" in ok("status", "named", OTHER)
        compare(run, "named", OTHER)


def test_a_receiver_renames_what_is_outside(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    fill()

    def rename(**_: Any) -> None:
        Category.objects.using("other").filter(slug="bread").update(slug="breads")

    with project(DATASETS=f"{__name__}.beside", IDENTITIES={"bakery.category": ["slug"]}):
        for each in Category.objects.order_by("pk"):
            each.save(using="other", force_insert=True)
        ok("init")
        ok("commit", "beside", "-m", "As it was")
        ok("checkout", "main", "beside", "--apply", "--yes", OTHER)
        ok("track", "beside", OTHER)
        Tag.objects.filter(pk=3).update(name="Changed")
        ok("commit", "beside", "-m", "Changed")
        post_save.connect(rename, sender=Tag)
        try:
            ok("checkout", "main", "beside", "--apply", "--yes", OTHER)
        finally:
            post_save.disconnect(rename, sender=Tag)
        assert "bakery.product:41" in ok("status", "beside", OTHER)
        compare(run, "beside", OTHER)


def test_a_filter_that_is_another_at_each_call(db: str, ok: Ok, run: Run) -> None:
    """All rows are read; triggers are not made anew for it."""
    fill()
    with project():
        ok("init")
        ok("commit", "now", "-m", "As it was")
        ok("track", "now")
        before = TrackedDump.objects.get()
        Tag.objects.filter(pk=3).update(name="Changed")
        ok("commit", "now", "-m", "Changed")
        assert TrackedDump.objects.get().token == before.token
        assert compare(run, "now") == {"whole": 1}


def test_triggers_for_other_code_prove_nothing(db: str, ok: Ok, repository_path: Path) -> None:
    """Where new triggers are refused, what this code has compared says nothing to the code they are for."""
    fill()
    ok("init")
    ok("commit", "shop", "-m", "As it was")
    ok("track", "shop")
    with project(DATASETS="tests.verbs.test_tracking.without_names"):
        operator = Operator("test", timezone.now())
        found = Project(config.read(), db, operator, repository_path=repository_path)
        with found.snapshot():
            (dump,) = found.dumps(["shop"])
            row = current(found)[dump.folder]
            tracked = written_down(found, dump, row)
        compared(found, dump, tracked, line=row.id)
    assert TrackedDump.objects.get().line is None


def test_who_comes_second_deletes_nothing(db: str, ok: Ok) -> None:
    """Two have compared the rows with a commit, and what the second saw is older."""
    fill()
    ok("init")
    ok("commit", "shop", "-m", "As it was")
    ok("track", "shop")
    (before,) = tracking.tracked(db)
    tracking.advance(db, before, 1000, counts=[1], seqs=[])
    changes = [*RowChange.objects.values_list("seq", flat=True)]
    tracking.advance(db, before, 2000, counts=[2], seqs=changes)
    (now,) = tracking.tracked(db)
    assert (now.line, now.counts) == (1000, (1,))
    assert [*RowChange.objects.values_list("seq", flat=True)] == changes != []


def test_what_an_apply_left_out_is_looked_for_in_all_rows(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    fill()
    with project():
        ok("init")
        ok("commit", "skipping", "-m", "As it was")
        ok("checkout", "main", "skipping", "--apply", "--yes", OTHER)
        ok("track", "skipping", OTHER)
        ok("status", "skipping", OTHER)
        assert "left something out" in ok("status", "skipping", OTHER)
        assert compare(run, "skipping", OTHER) == {"whole": 1}
        for tag in Tag.objects.order_by("pk"):
            tag.save(using="other", force_insert=True)
        compare(run, "skipping", OTHER)


@pytest.mark.parametrize(("number", "key"), [(0, "zz"), (0, "ff"), (-1, "31"), (99, "31")])
def test_what_no_trigger_wrote(db: str, ok: Ok, run: Run, number: int, key: str) -> None:
    fill()
    ok("init")
    ok("commit", "shop", "-m", "As it was")
    ok("track", "shop")
    RowChange.objects.create(tracked=TrackedDump.objects.get().pk, number=number, op="u", key=key)
    assert "all rows were read" in ok("status", "shop")
    ok("commit", "shop", "-m", "Nothing")
    assert compare(run, "shop") == {"tracked": 1}


def test_a_dump_whose_dataset_is_gone_is_untracked(db: str, ok: Ok, run: Run) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "As it was")
    ok("track")
    with project():
        assert run("untrack", "nowhere").code == 2
        assert ok("untrack", "pages") == "pages is not tracked any more\n"
        ok("untrack")
    assert not TrackedDump.objects.exists()
    assert not RowChange.objects.exists()


def test_what_was_applied_stays_where_tracking_fails(
    databases: tuple[str, str], ok: Ok, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    ok("init")
    ok("commit", "shop", "-m", "As it was")
    ok("checkout", "main", "shop", "--apply", "--yes", OTHER)
    ok("track", "shop", OTHER)
    Tag.objects.filter(pk=3).update(name="Changed")
    ok("commit", "shop", "-m", "Changed")
    read = tracking.read

    def fail(using: str, *words: Any, **more: Any) -> tracking.Log:
        if "known" in more:  # behind the steps
            with tracking._reading(using), connections[using].cursor() as cursor:
                cursor.execute("SELECT nothing FROM contentgit_change")
        return read(using, *words, **more)

    monkeypatch.setattr(tracking, "read", fail)
    ok("checkout", "main", "shop", "--apply", "--yes", OTHER)
    monkeypatch.undo()
    assert Tag.objects.using("other").get(pk=3).name == "Changed"
    assert "clean" in ok("status", "shop", "--full", OTHER)
    assert compare(run, "shop", OTHER) == {"whole": 1}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="tables inherit on PostgreSQL alone")
def test_a_table_that_inherits_later(db: str, ok: Ok, run: Run) -> None:
    fill()
    ok("init")
    ok("commit", "shop", "-m", "As it was")
    ok("track", "shop")
    _cursor("CREATE TABLE tag_child () INHERITS (bakery_tag)")
    try:
        _cursor("INSERT INTO tag_child (id, name, slug) VALUES (777, 'Child', 'child')")
        assert "bakery.tag:777" in ok("status", "shop")
        compare(run, "shop")
    finally:
        _cursor("DROP TABLE tag_child")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="schemas")
def test_tenants_have_numbers_of_their_own(db: str, ok: Ok, run: Run) -> None:
    fill()
    ok("init")
    ok("commit", "shop", "-m", "As it was")
    ok("track", "shop")
    number = TrackedDump.objects.get().pk
    _cursor(
        "CREATE SCHEMA tenant2",
        "CREATE TABLE tenant2.t (id int)",
        "CREATE FUNCTION tenant2.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        f"CREATE TRIGGER contentgit_track_{number}_0_abcd_i AFTER INSERT ON tenant2.t "
        "FOR EACH STATEMENT EXECUTE FUNCTION tenant2.f()",
    )
    try:
        assert compare(run, "shop") == {"tracked": 1}
        ok("untrack")
        _cursor(f"DROP TRIGGER contentgit_track_{number}_0_abcd_i ON tenant2.t")  # is still there
    finally:
        _cursor("DROP SCHEMA tenant2 CASCADE")
