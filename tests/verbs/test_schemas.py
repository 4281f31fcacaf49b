"""Two schemas of one PostgreSQL database that share a ledger: two working copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from contentgit.db import ledger
from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]

pytestmark = pytest.mark.skipif(
    not connection.features.supports_deferrable_unique_constraints,
    reason="a session has a search path in PostgreSQL alone",
)


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def copy_tables(schema: str) -> None:
    """A schema with the site's tables and rows, without a ledger."""
    execute(f"CREATE SCHEMA {schema}")
    for name in raw.names("default"):
        if name.startswith("bakery_"):
            execute(
                f"CREATE TABLE {schema}.{name} (LIKE public.{name} INCLUDING ALL)",
                f"INSERT INTO {schema}.{name} SELECT * FROM public.{name}",
            )


@contextmanager
def tenant(*schemas: str) -> Iterator[None]:
    """What a middleware of tenants does with the session."""
    execute(f"SET search_path TO {', '.join(schemas)}")
    try:
        yield
    finally:
        execute("SET search_path TO public")


@pytest.fixture
def tenants(db: str, ok: Ok) -> Iterator[None]:
    fill()
    copy_tables("ant")
    copy_tables("bee")
    ok("init")
    with tenant("ant", "public"):
        ok("commit", "shop", "-m", "Ant")
    yield
    execute("DROP SCHEMA ant CASCADE", "DROP SCHEMA bee CASCADE")
    execute("DROP SCHEMA IF EXISTS cow CASCADE")


def test_what_one_schema_is_at_says_nothing_of_another(tenants: None, ok: Ok, run: Run) -> None:
    with tenant("bee", "public"):
        Tag.objects.filter(pk=3).update(name="Bee's own")
        assert "never at a commit" in ok("status", "shop")
        said = run("commit", "shop", "-m", "Bee")
        assert said.code == 3
        assert "schema bee of database 'default' has never been at any of its commits" in said.err
        assert "the ledger has shop of schema ant at " in said.err
        assert "Nothing was ever applied" in ok("log", "--applied")
        assert run("undo").code == 2
    with tenant("ant", "public"):
        assert "clean" in ok("status", "shop")
        assert "Nothing to commit" in ok("commit", "shop", "-m", "Again")


def test_each_schema_keeps_its_own_place_through_commits_and_applies(
    tenants: None, ok: Ok, git: Ok
) -> None:
    with tenant("bee", "public"):
        Tag.objects.filter(pk=3).update(name="Bee's own")
        ok("commit", "shop", "--branch", "bee", "-m", "Bee")
        assert "(bee), clean" in ok("status", "shop")
    with tenant("ant", "public"):
        assert "(main), clean" in ok("status", "shop")
        ok("checkout", "bee", "shop", "--apply", "--yes")
        assert Tag.objects.get(pk=3).name == "Bee's own"
        ok("undo", "--yes")
        assert Tag.objects.get(pk=3).name != "Bee's own"
    with tenant("bee", "public"):
        assert "(bee), clean" in ok("status", "shop")
    assert ok("log", "--applied", "shop").startswith("Nothing")  # the tables of public
    refs = git("for-each-ref", "--format=%(refname)", "refs/contentgit/applied").split()
    places = {ref.split("/")[-2] for ref in refs}
    assert places == {"default@ant", "default@bee"}


def test_a_pending_line_of_another_schema_is_left_alone(tenants: None, ok: Ok) -> None:
    AppliedCommit.objects.filter(place="ant").update(state="pending")
    with tenant("bee", "public"):
        ok("commit", "shop", "--branch", "bee", "-m", "Bee")
    assert [row.place for row in ledger.pending("default")] == ["ant"]
    with tenant("ant", "public"):
        assert "clean" in ok("status", "shop")


def test_a_ledger_inside_of_a_schema_goes_along_with_a_copy_of_it(tenants: None, ok: Ok) -> None:
    execute("CREATE TABLE bee.contentgit_ledger (LIKE contentgit_ledger INCLUDING ALL)")
    with tenant("bee", "public"):
        ok("commit", "shop", "--branch", "bee", "-m", "Bee")
    execute("ALTER SCHEMA bee RENAME TO cow")
    with tenant("cow", "public"):
        assert "(bee), clean" in ok("status", "shop")
    execute("CREATE SCHEMA bee")


def test_a_line_from_before_there_were_places(tenants: None, ok: Ok) -> None:
    """It is of these tables if there are no others of these names."""
    AppliedCommit.objects.update(place=None)
    with tenant("ant", "public"):
        assert "never at a commit" in ok("status", "shop")
    for name in raw.names("default"):
        if name.startswith("bakery_"):
            execute(f"ALTER TABLE public.{name} RENAME TO old_{name}")
    try:
        execute("DROP SCHEMA bee CASCADE", "CREATE SCHEMA bee")
        with tenant("ant", "public"):
            assert "(main), clean" in ok("status", "shop")
    finally:
        for name in raw.names("default"):
            if name.startswith("old_bakery_"):
                execute(f"ALTER TABLE public.{name} RENAME TO {name.removeprefix('old_')}")


@pytest.fixture
def forced(tenants: None, ok: Ok, git: Ok) -> str:
    """Schema bee has a ledger of its own, whose undo needs the backup of this commit; its ref is of 2020."""
    execute("CREATE TABLE bee.contentgit_ledger (LIKE contentgit_ledger INCLUDING ALL)")
    with tenant("bee", "public"):
        ok("commit", "shop", "--branch", "bee", "-m", "Bee")
        Tag.objects.filter(pk=3).update(name="Bee's own")
        ok("checkout", "bee", "shop", "--apply", "--yes", "--force")
    execute("UPDATE bee.contentgit_ledger SET at = '2020-01-01' WHERE action = 'apply'")
    place = "refs/contentgit/backup/test"
    ref, commit = git("for-each-ref", "--format=%(refname) %(objectname)", place).split()
    git("update-ref", "-d", ref)
    git("update-ref", f"{place}/20200102T030405.000000", commit)
    other = git("commit-tree", "-m", "Nobody needs it", "main^{tree}")
    git("update-ref", f"{place}/20200101T000000.000000", other)
    git("config", "gc.pruneExpire", "now")
    return commit


@pytest.mark.parametrize("own_ledger", ["lines", "none", "no table"])
def test_gc_keeps_what_the_undo_of_a_hidden_schema_needs(
    own_ledger: str, forced: str, ok: Ok, git: Ok
) -> None:
    if own_ledger == "none":
        AppliedCommit.objects.all().delete()
    where = tenant("ant") if own_ledger == "no table" else tenant("public")
    with where:
        said = ok("gc")
    assert "Kept 1 ref: an undo needs it" in said
    assert "Removed refs/contentgit/backup/test/20200101T000000.000000" in said
    assert git("cat-file", "-t", forced) == "commit"
    with tenant("bee", "public"):
        ok("undo", "--yes", "shop")
        assert Tag.objects.get(pk=3).name == "Bee's own"


def test_gc_keeps_all_where_a_hidden_ledger_cannot_be_read(forced: str, ok: Ok, git: Ok) -> None:
    execute("ALTER TABLE bee.contentgit_ledger RENAME COLUMN place TO elsewhere")
    AppliedCommit.objects.all().delete()
    said = ok("gc")
    assert "Kept 2 refs: the ledger of schema bee, which cannot be read, may need it" in said
    assert "Removed" not in said
    assert git("cat-file", "-t", forced) == "commit"
