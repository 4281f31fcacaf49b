"""Somebody edits the database between an apply's plan and its first write."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connections

from contentgit.db.backends import backend
from contentgit.workingcopy.checkout import ATTEMPTS
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, Product, Review, Tag
from tests.db.sessions import another_apply, do_not_wait
from tests.verbs.conftest import Begin, Run
from tests.verbs.meanwhile import before_statement

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")


@pytest.fixture
def twins(begin: Begin, ok: Ok) -> None:
    """Two databases at the same commit, and one category more that nothing refers to."""

    def make() -> None:
        fill()
        Category.objects.create(pk=8, name="Empty", slug="empty")
        ok("init")
        ok("commit", "-m", "The whole shop")
        ok(*APPLY)

    begin(__name__, make)


class Editor:
    """Writes to the other database; ``written`` tells whether it could."""

    def __init__(self, write: Callable[[], object]) -> None:
        self.write = write
        self.written = False

    def __call__(self) -> None:
        do_not_wait("other")
        try:
            self.write()
        except DatabaseError:  # SQLite has one writer at a time, and the apply is it
            return
        self.written = True


def meanwhile(run: Run, write: Callable[[], object], *words: str) -> tuple[int, bool]:
    """Exit code of an apply, and whether ``write`` went through before its first lock."""
    editor = Editor(write)
    first = "FOR UPDATE" if backend("other").rows_can_move else "DELETE FROM"
    with before_statement("other", first, editor):
        said = run(*APPLY, *words)
    assert said.code in (0, 1, 3), said
    assert "Traceback" not in said.err
    return said.code, editor.written


def dangling(alias: str) -> list[str]:
    """Rows whose reference points nowhere, in raw SQL."""
    found = []
    for table, column, target in (
        ("bakery_review", "product_id", "bakery_product"),
        ("bakery_product", "category_id", "bakery_category"),
        ("bakery_ingredient", "product_id", "bakery_product"),
        ("bakery_product_tags", "tag_id", "bakery_tag"),
    ):
        with connections[alias].cursor() as cursor:
            cursor.execute(
                f"SELECT id FROM {table} WHERE {column} NOT IN (SELECT id FROM {target})"
            )
            found += [f"{table} {pk}" for (pk,) in cursor.fetchall()]
    return found


def test_a_row_appears_that_refers_to_one_about_to_go(twins: None, ok: Ok, run: Run) -> None:
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")
    code, written = meanwhile(
        run, lambda: Review.objects.using("other").create(pk=1, product_id=41, text="Best")
    )
    assert dangling("other") == []
    assert Review.objects.using("other").count() == written
    assert (code == 0) is not written
    assert "clean" in ok("status", "--database=other") or not written


def test_a_row_goes_that_a_new_one_refers_to(twins: None, ok: Ok, run: Run) -> None:
    Product._base_manager.filter(pk=42).update(category_id=8)
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "Into the empty one")
    code, written = meanwhile(
        run, lambda: Category.objects.using("other").filter(pk=8)._raw_delete("other")
    )
    assert dangling("other") == []
    assert (code == 0) is not written


def test_a_row_is_edited(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.filter(pk=3).update(name="Certified")
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "Certified")
    before = raw.snapshot("other")
    code, written = meanwhile(
        run, lambda: Tag.objects.using("other").filter(pk=3).update(name="Bio")
    )
    if not written:
        return
    assert code == 3
    assert Tag.objects.using("other").get(pk=3).name == "Bio"
    Tag.objects.using("other").filter(pk=3).update(name="Organic")
    assert raw.snapshot("other") == before


def test_a_row_that_is_overwritten_with_force_is_edited(
    twins: None, ok: Ok, run: Run, git: Ok
) -> None:
    """The apply is planned again, and what it overwrites is backed up as it is then."""
    Tag.objects.filter(pk=3).update(name="Certified")
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "Certified")
    code, written = meanwhile(
        run, lambda: Tag.objects.using("other").filter(pk=3).update(name="Bio"), "--force"
    )
    assert code == 0
    assert Tag.objects.using("other").get(pk=3).name == "Certified"
    if written:
        (ref,) = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").splitlines()
        assert '"name": "Bio"' in git("show", f"{ref}:shop/bakery.tag/0/0/3.json")


def test_a_row_that_is_edited_again_and_again(twins: None, ok: Ok, run: Run, git: Ok) -> None:
    """After some attempts it is left to the caller; what was backed up meanwhile is needed no more."""
    if not backend("other").rows_can_move:
        return
    Tag.objects.filter(pk=3).update(name="Certified")
    ok("commit", "-m", "Certified")
    before = git("for-each-ref", "refs/contentgit/backup")
    names = iter(range(100))

    def edit() -> None:
        do_not_wait("other")
        Tag.objects.using("other").filter(pk=3).update(name=f"Edit {next(names)}")

    with before_statement("other", "FOR UPDATE", edit, times=ATTEMPTS):
        said = run(*APPLY, "--force")
    assert said.code == 3
    assert "run the command again" in said.err
    assert Tag.objects.using("other").get(pk=3).name.startswith("Edit ")
    assert git("for-each-ref", "refs/contentgit/backup") == before


def test_a_row_that_goes_along_is_edited(twins: None, ok: Ok, run: Run, git: Ok) -> None:
    """It is backed up as it is when it goes."""
    Review.objects.using("other").create(pk=1, product_id=41, text="Best")
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")
    code, written = meanwhile(
        run,
        lambda: Review.objects.using("other").filter(pk=1).update(text="Better"),
        "--allow-cascade",
    )
    assert code == 0
    assert Product._base_manager.using("other").count() == 2
    (ref,) = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").splitlines()
    text = "Better" if written else "Best"
    assert f'"text": "{text}"' in git("show", f"{ref}:outside/bakery.review/0/0/1.json")


def test_links_are_edited(twins: None, ok: Ok, run: Run) -> None:
    """What was linked here meanwhile stays, and shows as an edit."""
    Product._base_manager.get(pk=41).tags.set([12])
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "Tags")
    code, written = meanwhile(
        run, lambda: Product._base_manager.using("other").get(pk=41).tags.add(20)
    )
    assert dangling("other") == []
    tags = set(Product._base_manager.using("other").get(pk=41).tags.values_list("pk", flat=True))
    if written:
        assert 20 in tags
        assert "bakery.product:41" in ok("status", "--database=other") or code == 3
    else:
        assert tags == {12}


def test_a_key_is_taken(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.create(pk=30, name="Mine", slug="mine")
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "Mine")
    before = raw.snapshot("other")
    code, written = meanwhile(
        run, lambda: Tag.objects.using("other").create(pk=30, name="Theirs", slug="theirs")
    )
    if written:
        assert code in (1, 3)
        Tag.objects.using("other").filter(pk=30, name="Theirs").delete()
        assert raw.snapshot("other") == before
    else:
        assert code == 0


def test_one_who_waits_applies_what_is_left(twins: None, ok: Ok, run: Run) -> None:
    """The second call begins while the first has the lock, and ends behind it."""
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "No salt")
    codes: list[int] = []

    def second() -> None:
        codes.append(run(*APPLY, "--wait=20").code)
        connections.close_all()

    waiting = threading.Thread(target=second)
    with before_statement("other", "DELETE FROM", waiting.start):
        assert run(*APPLY).code == 0
    waiting.join(30)
    assert codes == [0]
    assert raw.snapshot("other") == raw.snapshot("default")


def test_a_commit_that_waits_holds_what_was_being_applied(twins: None, ok: Ok, run: Run) -> None:
    with another_apply("other") as process:
        assert run("commit", "-m", "Too early", "--database=other", "--wait=0.3").code == 3
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        ok("commit", "-m", "In time", "--database=other", "--wait=20")
    assert Tag.objects.using("other").filter(slug="unfinished").exists()
    assert "clean" in ok("status", "--database=other")
    assert '"unfinished"' in ok("show", "--json")


def test_two_applies_at_once(twins: None, ok: Ok, run: Run) -> None:
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "No salt")
    codes: list[int] = []

    def second() -> None:
        do_not_wait("other")
        codes.append(run(*APPLY).code)

    with before_statement("other", "DELETE FROM", second):
        assert run(*APPLY).code == 0
    assert codes == [3]
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")
