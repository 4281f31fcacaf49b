"""Others commit, apply and edit at the same moment: ledger, branch and database agree afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import DatabaseError, connections

from contentgit import config
from contentgit.db import ledger
from contentgit.db.ledger import Entry
from contentgit.errors import BusyError
from contentgit.plan import Licences
from contentgit.workingcopy.checkout import apply
from contentgit.workingcopy.commit import commit
from contentgit.workingcopy.project import Operator, Project
from contentgit.workingcopy.request import Request
from tests.bakery.models import Product, Tag
from tests.db.sessions import another_apply, do_not_wait
from tests.verbs.conftest import Run
from tests.verbs.meanwhile import before_git

Ok = Callable[..., str]


@pytest.fixture
def project(repository_path: Path) -> Callable[..., Project]:
    def make(using: str = "default") -> Project:
        operator = Operator("tester", datetime.now(UTC))
        return Project(config.read(), using, operator, repository_path=repository_path)

    return make


def applied(using: str = "default") -> dict[str, str]:
    return {dump: row.commit for dump, row in ledger.applied(using).items()}


def test_a_dump_that_is_as_the_branch_has_it_is_noted(committed: None, ok: Ok, git: Ok) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "shop", "-m", "Bio")
    assert "Nothing to commit" in ok("commit", "-m", "Again")
    assert set(applied().values()) == {git("rev-parse", "main")}


def test_a_pending_line_of_a_commit_that_nobody_has(
    committed: None, ok: Ok, git: Ok, run: Run
) -> None:
    """A call was killed, and the repository cloned anew: the commit has never left the old one."""
    (row,) = [row for row in ledger.applied("default").values() if row.dump == "shop"]
    entry = Entry(**{name: getattr(row, name) for name in ledger.NAMES})
    ledger.write("default", [replace(entry, commit="1" * 40)], pending=True)
    assert "clean" in ok("status")
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    assert "clean" in ok("status")
    ok("checkout", "main~1", "--apply", "--yes")
    assert "clean" in ok("status")


def test_another_call_in_the_middle_of_a_commit(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    """It meets a pending line whose commit is no part of the branch yet, and must not drop it."""
    Tag.objects.filter(pk=3).update(name="Bio")
    with before_git("update-ref", lambda: run("commit", "--dry-run")):
        ok("commit", "-m", "Bio")
    assert set(applied().values()) == {git("rev-parse", "main")}
    assert ledger.pending("default") == []
    assert "clean" in ok("status")


def test_two_commits_at_once(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    old = git("rev-parse", "main")
    with before_git("update-ref", lambda: ok("commit", "-m", "Faster")):
        said = run("commit", "-m", "Slower")
    assert said.code == 3, said
    assert git("log", "--format=%s", f"{old}..main") == "Faster"
    assert set(applied().values()) == {git("rev-parse", "main")}
    assert ledger.pending("default") == []
    assert "clean" in ok("status")


def test_a_plain_git_commit_in_the_middle(
    committed: None, ok: Ok, git: Ok, run: Run, repository_path: Path
) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    old = git("rev-parse", "main")

    def plain() -> None:
        tree = git("rev-parse", "main^{tree}")
        new = git("commit-tree", tree, "-p", "main", "-m", "Plain")
        git("update-ref", "refs/heads/main", new)

    with before_git("update-ref -m contentgit", plain):
        said = run("commit", "-m", "Bio")
    assert said.code == 3, said
    assert git("log", "--format=%s", f"{old}..main") == "Plain"
    assert set(applied().values()) == {old}
    assert ledger.pending("default") == []
    ok("commit", "-m", "Bio")


def test_an_apply_while_the_message_is_written(
    committed: None, ok: Ok, git: Ok, project: Callable[..., Project]
) -> None:
    """The snapshot is no longer what the database holds, and the ledger must not say so."""
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    first = git("rev-parse", "main~1")
    Tag.objects.filter(pk=12).update(name="Plants")
    old = git("rev-parse", "main")

    def message(_draft: object) -> str:
        apply(project(), Request("checkout", first, licences=Licences(force=True)))
        return "Plants"

    with pytest.raises(BusyError):
        commit(project(), [], message)
    assert git("rev-parse", "main") == old
    assert set(applied().values()) == {first}
    assert "clean" in ok("status")


def test_an_apply_that_ends_while_a_commit_is_published(
    committed: None, ok: Ok, git: Ok, run: Run
) -> None:
    """The later line of the ledger is the truth, whichever was begun first."""
    Tag.objects.filter(pk=3).update(name="Bio")
    first = git("rev-parse", "main")
    words = ("checkout", first, "--apply", "--yes", "--force")
    with before_git("update-ref -m contentgit commit", lambda: ok(*words)):
        ok("commit", "-m", "Bio")
    assert Tag.objects.get(pk=3).name == "Organic"
    assert set(applied().values()) == {first}
    assert git("rev-parse", "main~1") == first
    assert ledger.pending("default") == []
    assert "clean" in ok("status")


def test_a_commit_while_an_apply_runs(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    old, before = git("rev-parse", "main"), applied()
    do_not_wait("default")
    with another_apply():
        said = run("commit", "-m", "Bio")
    assert said.code == 3, said
    assert git("rev-parse", "main") == old
    assert applied() == before
    ok("commit", "-m", "Bio")


def test_an_editor_while_a_commit_reads(committed: None, ok: Ok, git: Ok) -> None:
    """A commit holds one moment; the later edit is an edit."""
    Tag.objects.filter(pk=3).update(name="Bio")

    def edit() -> None:
        do_not_wait("default")
        Tag.objects.filter(pk=3).update(name="Later")
        Product._base_manager.filter(pk=41).update(name="Later")

    with before_git("commit-tree", edit):
        ok("commit", "-m", "Bio")
    assert '"name": "Bio"' in git("show", "main:shop/bakery.tag/0/0/3.json")
    assert git("diff", "--name-only", "main~1", "main") == "shop/bakery.tag/0/0/3.json"
    out = ok("status")
    assert "bakery.tag:3" in out
    assert "bakery.product:41" in out


def test_a_value_that_no_record_can_hold(committed: None, ok: Ok, git: Ok, run: Run) -> None:
    """Databases that do not refuse it must not have it taken for nothing."""
    tip = git("rev-parse", "main")
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "mysql":
                cursor.execute("SET SESSION sql_mode = ''")
            cursor.execute("UPDATE bakery_product SET created = 'rubbish' WHERE id = 42")
        connection.close()
    except DatabaseError:
        assert "clean" in ok("status")
        return
    for words in (("commit", "-m", "x"), ("checkout", "main", "--apply", "--yes", "--force")):
        said = run(*words)
        assert said.code == 1
        assert "bakery.product:42" in said.err
        assert "created" in said.err
    assert git("rev-parse", "main") == tip
    with connections["default"].cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SELECT CAST(created AS CHAR) FROM bakery_product WHERE id = 42")
            assert cursor.fetchone() == ("0000-00-00 00:00:00.000000",)
        else:
            cursor.execute("SELECT +created FROM bakery_product WHERE id = 42")
            assert cursor.fetchone() == ("rubbish",)
