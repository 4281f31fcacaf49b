"""Killed, or the connection lost, while rows are named by UUIDs: nothing has a name that the table lacks.

As :mod:`test_killed` and :mod:`test_lost` do it. New rows get their UUIDs in the call that is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from django.test import override_settings

from tests import raw
from tests.bakery.models import Category, NewsPage, Note, Product, Review, Tag
from tests.uuid_sites import SETTING, State, state
from tests.verbs import test_killed, test_lost
from tests.verbs.conftest import Run

pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
OTHER = "--database=other"
main = test_killed.main


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT=SETTING):
        yield


def fill() -> None:
    """Rows of every kind."""
    top = Category.objects.create(name="Top", slug="d1", parent=None)
    bread = Category.objects.create(name="Bread", slug="d2", parent=top)
    rye = Product.objects.create(name="Rye", slug="d3", category=bread, price=1)
    rye.tags.add(Tag.objects.create(name="Vegan", slug="d4"))
    news = NewsPage.objects.create(title="News", slug="d5", day="2026-01-01", about=rye)
    Review.objects.create(text="d6", product=rye)
    Note.objects.create(text="d7", about=news)


def edit() -> None:
    """Rows that are new, gone and edited, and one that is made again under the key of another."""
    rye = Product.objects.get(slug="d3")
    Review.objects.all().delete()
    Review.objects.create(text="d8", product=rye)
    oat = Product.objects.create(name="Oat", slug="d9", category_id=rye.category_id, price=1)
    tag = Tag.objects.create(name="Sweet", slug="d10")
    oat.tags.add(tag)
    rye.tags.set([tag])
    NewsPage.objects.create(title="More", slug="d11", day="2026-01-01", about=oat)
    Note.objects.create(text="d12", about=oat)
    Category.objects.filter(slug="d2").update(name="Loaves")


def names(alias: str) -> set[str]:
    """The UUIDs of rows that are there."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT uuid FROM contentgit_identity")
        return {str(uuid) for (uuid,) in cursor.fetchall()}


def in_commit(git: Ok, revision: str) -> set[str]:
    """The UUIDs of a commit's records."""
    paths = git("ls-tree", "-r", "--name-only", revision).splitlines()
    return {path.rpartition("/")[2][:36] for path in paths if path.count("-") >= 4}


def _forget(old: str, known: set[str]) -> None:
    """The ledger and the names as before the call."""
    from contentgit.models import AppliedCommit, RowIdentity

    AppliedCommit.objects.exclude(commit=old).delete()
    RowIdentity._base_manager.exclude(uuid__in=known).delete()


def check_commit(run: Run, ok: Ok, git: Ok, old: str, known: set[str]) -> None:
    """A commit that was interrupted has happened or not; all as before afterwards."""
    tip = git("rev-parse", "main")
    assert tip == old or git("rev-parse", f"{tip}^") == old
    assert in_commit(git, "main") <= names("default")
    if tip == old:
        assert "bakery.product" in ok("status")
    else:
        assert "clean" in ok("status")
        assert "Nothing to commit" in ok("commit", "-m", "Next")
        git("reset", "-q", "--hard", old)
    _forget(old, known)


def begin(ok: Ok, git: Ok) -> tuple[str, set[str]]:
    """A commit and edits since then."""
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    known = names("default")
    assert in_commit(git, "main") == known
    edit()
    return git("rev-parse", "main"), known


def end(ok: Ok, git: Ok, old: str) -> None:
    """The last call was let through."""
    assert git("rev-list", "--count", f"{old}..main") == "1"
    assert in_commit(git, "main") <= names("default")
    assert "Nothing to commit" in ok("commit", "-m", "Next")


def test_a_killed_commit(
    db: str, run: Run, ok: Ok, git: Ok, main: Callable[[list[str]], int], repository_path: object
) -> None:
    old, known = begin(ok, git)
    words = ["commit", f"--repository={repository_path}", "-m", "Killed"]
    for _step in test_killed.every_step(lambda: main(words)):
        check_commit(run, ok, git, old, known)
    end(ok, git, old)


def test_a_commit_that_loses_its_connection(db: str, run: Run, ok: Ok, git: Ok) -> None:
    old, known = begin(ok, git)
    for said in test_lost.every_step("default", lambda: run("commit", "-m", "After")):
        test_lost.check_words(said, "default")
        check_commit(run, ok, git, old, known)
    end(ok, git, old)


def apart(ok: Ok, git: Ok) -> tuple[State, State]:
    """The other database at a commit, with rows of its own under the keys of those that come."""
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    edit()
    ok("commit", "-m", "After")
    ok("tag", "after")
    git("branch", "live", "main^")
    git("symbolic-ref", "HEAD", "refs/heads/live")
    git("reset", "-q", "--hard")
    bread = Category.objects.using("other").get(slug="d2")
    words = {"name": "Own", "slug": "o1", "category": bread, "price": 1}
    Product.objects.using("other").create(pk=Product.objects.get(slug="d9").pk, **words)
    ok("commit", "-m", "Own", OTHER)
    ok("merge", "after")
    return state("other"), {**state("default"), "o1": state("other")["o1"]}


def check_apply(ok: Ok, git: Ok, before: State, after: State) -> bool:
    """An apply that was interrupted has happened or not; whether it has."""
    now = state("other")
    assert now in (before, after)
    assert in_commit(git, "live" if now == after else "live^") <= names("other")
    assert "clean" in ok("status", OTHER)
    return now == after


def test_a_killed_apply(
    databases: object, ok: Ok, git: Ok, main: Callable[[list[str]], int], repository_path: object
) -> None:
    before, after = apart(ok, git)
    words = ["checkout", f"--repository={repository_path}", "live", "--apply", "--yes", OTHER]
    for _step in test_killed.every_step(lambda: main(words)):
        if check_apply(ok, git, before, after):
            break
    ok("checkout", "live", "--apply", "--yes", OTHER)
    assert check_apply(ok, git, before, after)


def test_an_apply_that_loses_its_connection(databases: object, run: Run, ok: Ok, git: Ok) -> None:
    before, after = apart(ok, git)
    rows = raw.snapshot("other")
    words = ("checkout", "live", "--apply", "--yes", OTHER)
    for said in test_lost.every_step("other", lambda: run(*words)):
        test_lost.check_words(said, "other")
        if check_apply(ok, git, before, after):
            ok("undo", "--yes", OTHER)
            assert raw.snapshot("other") == rows
    assert check_apply(ok, git, before, after)
