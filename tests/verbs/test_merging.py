"""``checkout --merge``, ``update`` and ``undo``: nobody's edit is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, Product, Tag
from tests.verbs.conftest import Begin, Run

Ok = Callable[..., str]
Git = Callable[..., str]
MERGE = ("checkout", "main", "--apply", "--merge", "--yes", "--database=other")
OTHER = "--database=other"
LONG = "".join(f"This is sentence number {n} of the long body. " for n in range(4))


@pytest.fixture
def twins(begin: Begin, ok: Ok) -> None:
    """Two databases at the same commit, which both go on from there."""

    def make() -> None:
        fill()
        Product._base_manager.filter(pk=42).update(body=LONG)
        ok("init")
        ok("commit", "-m", "The whole shop")
        ok("checkout", "main", "--apply", "--yes", OTHER)

    begin(__name__, make)


def product(key: int, alias: str = "other") -> Any:
    return Product._base_manager.using(alias).filter(pk=key)


def edit_both(ok: Ok) -> None:
    """Production edits one field of an article; main changes another one and deletes a third article."""
    product(42).update(name="Rye, edited here")
    product(42, "default").update(price="9.99", body=LONG.replace("number 2", "no. two"))
    product(43, "default").delete()
    ok("commit", "-m", "Dearer, and one less")


def test_by_default_edits_are_listed_and_refused(twins: None, ok: Ok, run: Run) -> None:
    edit_both(ok)
    before = raw.snapshot("other")
    said = run("checkout", "main", "--apply", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.product:42 was edited here and would be overwritten: name" in said.err
    assert 'here "Rye, edited here", would become' in said.err
    for way in ("--branch NEW", "--merge", "--force"):
        assert way in said.err
    assert raw.snapshot("other") == before


def test_merge_gives_both_edits_and_the_delete(twins: None, ok: Ok, run: Run) -> None:
    edit_both(ok)
    said = run(*MERGE)
    assert said.code == 0, said
    assert "Merged" in said.out
    assert "1 updated, 1 deleted" in said.out
    (merged,) = product(42).values("name", "price", "body")
    assert merged["name"] == "Rye, edited here"
    assert str(merged["price"]) == "9.99"
    assert "no. two" in merged["body"]
    assert not product(43).exists()
    assert "name" in ok("status", OTHER)  # the database is at main and has one edit of its own
    ok("commit", "-m", "Renamed in production", OTHER)
    assert run("status", "--exit-code", OTHER).code == 0


def test_undo_brings_the_third_article_back_and_keeps_both_edits(
    twins: None, ok: Ok, run: Run
) -> None:
    before = raw.snapshot("other")
    edit_both(ok)
    edited = raw.snapshot("other")
    ok(*MERGE)
    product(42).update(slug="edited-since")
    said = run("undo", "--yes", OTHER)
    assert said.code == 0, said
    (row,) = product(42).values("name", "price", "slug", "body")
    assert row["name"] == "Rye, edited here"
    assert row["slug"] == "edited-since"
    assert row["body"] == LONG
    assert product(43).exists()
    product(42).update(slug="night-loaf")
    assert raw.snapshot("other") == edited
    product(42).update(name="Night loaf")
    assert raw.snapshot("other") == before
    assert run("status", "--exit-code", OTHER).code == 0


def test_conflicts_are_listed_and_nothing_is_written(twins: None, ok: Ok, run: Run) -> None:
    product(42).update(name="Here", body=LONG.replace("number 1", "A"))
    product(43).update(name="Edited, and deleted there")
    product(42, "default").update(name="There", body=LONG.replace("number 3", "B"))
    product(43, "default").delete()
    ok("commit", "-m", "There")
    before = raw.snapshot("other")
    said = run(*MERGE)
    assert said.code == 3
    assert "bakery.product:42 was edited here and is changed by main: name" in said.err
    assert 'here "Here", there "There"' in said.err
    assert "bakery.product:43 was edited here and is deleted by main: name" in said.err
    assert "body" not in said.err
    assert raw.snapshot("other") == before
    for side in ("ours", "theirs"):
        assert f"--take {side}" in said.err


@pytest.mark.parametrize(
    ("side", "name", "stays"), [("ours", "Here", True), ("theirs", "There", False)]
)
def test_take_decides_conflicts_and_a_backup_keeps_what_was_there(
    side: str, name: str, stays: bool, twins: None, ok: Ok, run: Run, git: Git
) -> None:
    product(42).update(name="Here")
    product(43).update(name="Edited, and deleted there")
    before = raw.snapshot("other")
    product(42, "default").update(name="There")
    product(43, "default").delete()
    ok("commit", "-m", "There")
    said = run(*MERGE, f"--take={side}")
    assert said.code == 0, said
    assert product(42).get().name == name
    assert product(43).exists() is stays
    if said.out.count("is kept in"):
        ref = said.out.split("is kept in ")[1].split()[0]
        assert "Edited, and deleted there" in git("show", f"{ref}:shop/bakery.product/0/0/43.json")
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_two_new_records_under_one_key_can_both_be_kept(twins: None, ok: Ok, run: Run) -> None:
    """The way that the refusal names leads there."""
    Tag.objects.using("other").create(pk=901, name="Here", slug="here")
    Tag.objects.using("default").create(pk=901, name="There", slug="there")
    ok("commit", "-m", "There")
    said = run(*MERGE)
    assert said.code == 3
    (way,) = [each for each in said.err.splitlines() if "can keep both" in each]
    assert "--database other --branch NEW  (to decide each" in way
    ok("commit", "--branch", "here", "-m", "Here", OTHER)
    assert run("merge", "here").code == 3
    ok("resolve", "bakery.tag:901", "--renumber")
    ok("merge", "--continue")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    found = (
        Tag.objects.using("other").filter(pk__gte=901).order_by("pk").values_list("name", flat=True)
    )
    assert list(found) == ["There", "Here"]


def test_rows_of_one_side_stay_and_come(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.using("other").create(pk=901, name="Here", slug="here")
    Tag.objects.create(pk=902, name="There", slug="there")
    ok("commit", "-m", "There")
    ok(*MERGE)
    found = set(Tag.objects.using("other").values_list("slug", flat=True))
    assert {"here", "there"} <= found


def test_the_same_unique_value_on_both_sides_is_refused(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.using("other").create(pk=901, name="Here", slug="same")
    Tag.objects.create(pk=902, name="There", slug="same")
    ok("commit", "-m", "There")
    before = raw.snapshot("other")
    said = run(*MERGE)
    assert said.code == 3
    assert "bakery.tag:902 wants the unique slug='same' of bakery.tag:901" in said.err
    assert raw.snapshot("other") == before


def test_a_child_added_here_of_a_parent_deleted_there_is_refused(
    twins: None, ok: Ok, run: Run
) -> None:
    Ingredient.objects.using("other").create(pk=901, product_id=43, name="Love")
    product(43, "default").delete()
    ok("commit", "-m", "Sold out")
    before = raw.snapshot("other")
    said = run(*MERGE)
    assert said.code == 3
    assert (
        "bakery.product:43 is not in the commit, but bakery.ingredient:901 here refers to it"
        in said.err
    )
    assert raw.snapshot("other") == before


def test_update_is_what_a_refused_commit_asks_for(twins: None, ok: Ok, run: Run) -> None:
    edit_both(ok)
    refused = run("commit", "-m", "From production", OTHER)
    assert refused.code == 3
    assert "contentgit update" in refused.err
    shown = ok("update", "--dry-run", OTHER)
    assert "merged with what was edited here" in shown
    assert product(43).exists()
    said = run("update", "--yes", OTHER)
    assert said.code == 0, said
    ok("commit", "-m", "From production", OTHER)
    ok("update", "--yes")
    assert product(42, "default").get().name == "Rye, edited here"
    assert raw.snapshot("default") == raw.snapshot("other")
    assert run("update", "--yes").out.startswith("Database default (test): it has all of main")


def test_update_keeps_what_was_committed_to_another_branch(
    twins: None, ok: Ok, run: Run, git: Git
) -> None:
    """Production's edits are on a branch that waits for its review; main must not take them back."""
    product(42).update(name="Here")
    ok("commit", "--branch", "production", "-m", "From production", OTHER)
    product(42, "default").update(price="9.99")
    product(43, "default").delete()
    ok("commit", "-m", "Dearer, and one less")
    said = run("update", "--yes", OTHER)
    assert said.code == 0, said
    row = product(42).get()
    assert (row.name, str(row.price)) == ("Here", "9.99")
    assert not product(43).exists()
    assert "name" in ok("diff", OTHER)
    after = raw.snapshot("other")
    git("merge", "--quiet", "-m", "Reviewed", "production")
    ok("update", "--yes", OTHER)
    assert raw.snapshot("other") == after
    assert run("status", "--exit-code", OTHER).code == 0
    ok("undo", "--yes", OTHER)
    assert product(42).get().name == "Here"
    assert product(43).exists()


def test_update_from_a_branch_that_lies_behind_changes_nothing(
    twins: None, ok: Ok, run: Run
) -> None:
    """The database is at a branch of its own, which has all of main and more."""
    product(42).update(name="Here")
    ok("commit", "--branch", "production", "-m", "From production", OTHER)
    said = run("update", "--yes", OTHER)
    assert said.code == 0, said
    assert "it has all of main; nothing to write" in said.out
    status = ok("status", OTHER)
    assert status.count("(production), clean") == 3
    assert run("status", "--exit-code", OTHER).code == 0


def test_update_without_common_history_is_refused(twins: None, ok: Ok, run: Run, git: Git) -> None:
    new = git("commit-tree", "-m", "Another beginning", "HEAD^{tree}")
    git("update-ref", "refs/heads/main", new)
    product(42, "default").update(price="9.99")
    before = raw.snapshot("other")
    ok("checkout", "main", "--apply", "--yes", "--force")
    product(42, "default").update(price="9.99")
    ok("commit", "-m", "Dearer")
    said = run("update", "--yes", OTHER)
    assert said.code == 3
    assert "no history in common with main" in said.err
    assert raw.snapshot("other") == before


def test_update_needs_a_branch(twins: None, ok: Ok, run: Run, git: Git) -> None:
    git("checkout", "--detach", "--quiet")
    said = run("update", "--yes", OTHER)
    assert said.code == 2
    assert "HEAD of the repository is detached" in said.err


def test_a_first_merge_keeps_what_is_only_here_and_refuses_what_differs(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    Category.objects.create(pk=1, name="Bread", slug="bread")
    Category.objects.create(pk=2, name="Cake", slug="cake")
    Category.objects.using("other").create(pk=1, name="Bread", slug="bread")
    Category.objects.using("other").create(pk=3, name="Only here", slug="here")
    ok("init")
    ok("commit", "shop", "-m", "Shop")
    ok("checkout", "main", "shop", "--apply", "--merge", "--yes", OTHER)
    slugs = Category.objects.using("other").values_list("slug", flat=True).order_by("pk")
    assert list(slugs) == ["bread", "cake", "here"]
    ok("undo", "--yes", "--allow-empty", OTHER)
    assert set(Category.objects.using("other").values_list("pk", flat=True)) == {1, 3}
    Category.objects.using("other").filter(pk=1).update(name="Other bread")
    said = run("checkout", "main", "shop", "--apply", "--merge", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.category:1 is here and in main with different content: name" in said.err


def test_undo_works_repeatedly_and_ends(twins: None, ok: Ok, run: Run) -> None:
    states = [raw.snapshot("other")]
    for name in ("One", "Two", "Three"):
        product(42, "default").update(name=name)
        ok("commit", "-m", name)
        ok("checkout", "main", "--apply", "--yes", OTHER)
        states.append(raw.snapshot("other"))
    assert states.pop() == raw.snapshot("other")
    while states:
        ok("undo", "--yes", OTHER)
        assert raw.snapshot("other") == states.pop()
        assert run("status", "--exit-code", OTHER).code == 0
    ok("undo", "--yes", "--allow-empty", OTHER)
    assert not Product._base_manager.using("other").exists()
    said = run("undo", "--yes", OTHER)
    assert said.code == 2
    assert "nothing was applied to database 'other' that could be undone" in said.err
    ok("checkout", "main", "--apply", "--yes", OTHER)
    assert product(42).get().name == "Three"


def test_undo_of_force_brings_back_what_was_overwritten(twins: None, ok: Ok, run: Run) -> None:
    edit_both(ok)
    Tag.objects.using("other").create(pk=901, name="Here", slug="here")
    before = raw.snapshot("other")
    ok("checkout", "main", "--apply", "--force", "--yes", OTHER)
    assert not Tag.objects.using("other").filter(pk=901).exists()
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_undo_after_a_commit_is_an_edit_on_top_of_it(twins: None, ok: Ok, run: Run) -> None:
    product(42, "default").update(name="New name")
    ok("commit", "-m", "New name")
    old = product(42).get().name
    ok("checkout", "main", "--apply", "--yes", OTHER)
    product(42).update(slug="other-slug")
    ok("commit", "-m", "Slug", OTHER)
    ok("undo", "--yes", OTHER)
    row = product(42).get()
    assert (row.name, row.slug) == (old, "other-slug")
    assert "name" in ok("diff", OTHER)
    ok("commit", "-m", "The old name again", OTHER)


def test_undo_refuses_with_a_list_what_was_edited_since(twins: None, ok: Ok, run: Run) -> None:
    product(42, "default").update(name="New name")
    ok("commit", "-m", "New name")
    ok("checkout", "main", "--apply", "--yes", OTHER)
    product(42).update(name="Edited since")
    before = raw.snapshot("other")
    said = run("undo", "--yes", OTHER)
    assert said.code == 3
    assert "bakery.product:42 was edited here and is changed by the undo of commit" in said.err
    assert "--take theirs" in said.err
    assert "--branch" not in said.err
    assert raw.snapshot("other") == before
    ok("undo", "--yes", "--take=ours", OTHER)
    assert product(42).get().name == "Edited since"


def test_log_applied_tells_of_merges_and_undos(twins: None, ok: Ok) -> None:
    edit_both(ok)
    ok(*MERGE)
    ok("undo", "--yes", OTHER)
    lines = ok("log", "--applied", OTHER, "--", "shop").splitlines()
    actions = [line.split()[3] for line in lines]
    assert actions == ["undo", "merge", "apply"]


def near() -> dict[str, Any]:
    """Categories of one position; articles that may lack tags."""
    categories = {"model": "bakery.category", "filter": {"position": 0}, "delete_missing": True}
    articles = {"model": "bakery.product", "ignore_missing_m2m": ["tags"], "delete_missing": True}
    return {"shop": {"specs": lambda _arguments: [categories, articles]}}


@pytest.fixture
def neighbours(databases: tuple[str, str], ok: Ok) -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.near", "ENVIRONMENT": "test"}):
        fill()
        fill("other")
        ok("init")
        ok("commit", "-m", "The shop")
        ok("checkout", "main", "--apply", "--yes", OTHER)
        yield


def test_a_row_in_the_way_that_the_filter_does_not_match(
    neighbours: None, ok: Ok, run: Run
) -> None:
    Category.objects.using("other").create(pk=9, name="Hidden", slug="hidden", position=7)
    Category.objects.create(pk=9, name="There", slug="there")
    ok("commit", "-m", "There")
    for words in (MERGE, ("update", "--yes", OTHER)):
        said = run(*words)
        assert said.code == 3
        assert "bakery.category:9 exists here, but does not match the filter of shop" in said.err
        assert "--force" not in said.err


HOSTILE = [["nonsense"], "bakery.tag:3", 5, [5], {"a": 1}, None, [None], [["bakery.tag:3"]]]


@pytest.mark.parametrize("applied", [True, False])
def test_a_commit_with_values_that_are_no_references(
    applied: bool, neighbours: None, run: Run, git: Git, repository_path: Path
) -> None:
    product(42).update(name="Edited")
    path = repository_path / "shop/bakery.product/0/0/42.json"
    document = json.loads(path.read_text())
    before = raw.snapshot("other")
    for value in HOSTILE:
        for tags in [value, []] if applied else [value]:
            path.write_text(json.dumps({**document, "tags": tags}))
            git("commit", "-qam", "Hostile")
        if applied:
            tree = git("rev-parse", "main~:shop")
            AppliedCommit.objects.using("other").update(commit=git("rev-parse", "main~"), tree=tree)
        for words in (["update", "--yes"], ["update", "--dry-run", "--json"]):
            said = run(*words, OTHER)
            if said.code == 3 and applied:  # it is no more than another value
                assert "edited here and is changed by main: tags" in said.err + said.out
                continue
            assert said.code == 1, said
            assert "field tags holds" in said.err + said.out
        assert raw.snapshot("other") == before


def test_a_reference_with_more_digits_than_a_number_can_have(
    neighbours: None, ok: Ok, run: Run, git: Git, repository_path: Path
) -> None:
    path = repository_path / "shop/bakery.product/0/0/42.json"
    document = json.loads(path.read_text())
    product(42).update(name="Edited")
    for price in ("1.00", "2.00"):
        tags = [*document["tags"], "bakery.tag:" + "9" * 5000]
        path.write_text(json.dumps({**document, "tags": tags, "price": price}))
        git("commit", "-qam", "Hostile")
        ok("update", "--yes", OTHER)
    assert run("diff", OTHER).code == 0
    assert str(product(42).get().price) == "2.00"


@pytest.mark.parametrize(
    "words",
    [
        ("checkout", "main", "--apply", "--merge", "--force"),
        ("checkout", "main", "--apply", "--take=ours"),
        ("update", "--take=mine"),
    ],
)
def test_words_that_do_not_go_together(words: tuple[str, ...], twins: None, run: Run) -> None:
    assert run(*words).code == 2
