"""The main job: commit, look, apply, on one database and from one to another."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

from contentgit.content.canonical import dump_document, parse_document
from contentgit.content.evolution.documents import OTHERS
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Page, Product, Review, Tag
from tests.verbs.conftest import Run, Said

Ok = Callable[..., str]


def test_a_second_commit_says_that_there_is_nothing_to_commit(
    committed: None, ok: Ok, git: Ok
) -> None:
    before = git("rev-parse", "main")
    assert "Nothing to commit" in ok("commit", "-m", "Again")
    assert git("rev-parse", "main") == before
    assert "clean" in ok("status")


def test_the_same_content_has_the_same_tree_on_every_database(committed: None, git: Ok) -> None:
    # The suite runs on SQLite, PostgreSQL and MariaDB: the digests are the proof.
    found = []
    for dump in ("hours", "pages", "shop"):
        listed = git("ls-tree", "-r", f"main:{dump}").splitlines()
        files = "".join(each for each in listed if not each.endswith("\tdataset.json"))
        described = parse_document(git("show", f"main:{dump}/dataset.json").encode())
        described.pop(OTHERS)  # each database has apps of its own
        found.append(sha1(files.encode() + dump_document(described)).hexdigest())
    assert found == CONTENT, found


def test_what_was_wiped_comes_back(committed: None, ok: Ok, run: Run) -> None:
    before = raw.snapshot()
    raw.wipe()
    refused = run("checkout", "main", "--apply", "--no-input")
    assert refused.code == 3  # the rows were deleted here: that is an edit, too
    assert "--force" in refused.err
    ok("checkout", "main", "--apply", "--no-input", "--force")
    assert raw.snapshot() == before
    assert "clean" in ok("status")
    assert "Nothing to commit" in ok("commit", "-m", "Again")


def test_a_database_with_nothing_gets_everything(twins: None, ok: Ok) -> None:
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")
    assert "nothing to write" in ok("checkout", "main", "--apply", "--yes", "--database=other")


def test_drafts_that_the_default_manager_hides_travel(twins: None) -> None:
    assert Product._base_manager.using("other").get(pk=43).published is False


def test_git_shows_one_short_line_for_one_word(committed: None, ok: Ok, git: Ok) -> None:
    product = Product._base_manager.get(pk=41)
    Product._base_manager.filter(pk=41).update(body=product.body.replace("whole", "short"))
    ok("commit", "-m", "Rest less")
    diff = git("diff", "--unified=0", "HEAD~1", "--", "shop/bakery.product")
    changed = [
        line for line in diff.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert len(changed) == 2
    assert all(len(line) < 60 for line in changed), changed


def test_an_edit_a_swap_and_a_delete_travel(twins: None, ok: Ok) -> None:
    Tag.objects.filter(pk=3).update(slug="tmp")
    Tag.objects.filter(pk=12).update(slug="organic")
    Tag.objects.filter(pk=3).update(slug="vegan")
    Product._base_manager.get(pk=41).delete()
    Category.objects.filter(pk=2).update(name="Dark", parent=None)
    ok("commit", "-m", "Clean up")
    plan = ok("checkout", "main", "--database=other")
    assert "- bakery.product:41  Summer bread" in plan
    assert "~ bakery.tag:3" in plan
    assert raw.snapshot("other") != raw.snapshot("default")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")


def test_rows_made_again_under_another_key_travel(twins: None, ok: Ok) -> None:
    Product._base_manager.get(pk=42).delete()
    Product(pk=99, name="Night loaf", slug="night-loaf", category_id=2, price="6.00").save()
    ok("commit", "-m", "Made again")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert raw.snapshot("other") == raw.snapshot("default")


def test_a_multi_table_child_and_its_parent_go_together(twins: None, ok: Ok) -> None:
    NewsPage.objects.get(pk=5).delete()
    Page.objects.create(pk=6, title="Plain", slug="plain")
    ok("commit", "-m", "No news")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert raw.snapshot("other") == raw.snapshot("default")


def test_an_edit_made_here_is_refused_and_listed(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    Tag.objects.filter(pk=3).update(name="Certified")
    ok("commit", "-m", "Name it")
    before = raw.snapshot("other")
    said = run("checkout", "main", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert "bakery.tag:3" in said.err
    assert "name" in said.err
    for way in ("--branch", "--force"):
        assert way in said.err
    assert raw.snapshot("other") == before


def test_force_keeps_what_it_overwrites(twins: None, ok: Ok, git: Ok) -> None:
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    Tag.objects.filter(pk=3).update(name="Certified")
    ok("commit", "-m", "Name it")
    ok("checkout", "main", "--apply", "--yes", "--force", "--database=other")
    assert Tag.objects.using("other").get(pk=3).name == "Certified"
    (ref,) = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").splitlines()
    assert '"name": "Bio"' in git("show", f"{ref}:shop/bakery.tag/0/0/3.json")


def test_a_capture_is_a_branch_from_the_applied_commit(twins: None, ok: Ok, git: Ok) -> None:
    applied = git("rev-parse", "main")
    Tag.objects.filter(pk=12).update(name="Plants")
    ok("commit", "-m", "Main goes on")
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    ok("commit", "shop", "-m", "Captured", "--branch=captured", "--database=other")
    assert git("rev-parse", "captured^") == applied
    assert git("diff", "--name-only", "captured^", "captured") == "shop/bakery.tag/0/0/3.json"
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert raw.snapshot("other") == raw.snapshot("default")


def test_a_commit_that_would_revert_others_is_refused(
    twins: None, ok: Ok, run: Run, git: Ok
) -> None:
    Tag.objects.filter(pk=12).update(name="Plants")
    ok("commit", "-m", "Main goes on")
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    tip = git("rev-parse", "main")
    said = run("commit", "-m", "Would revert", "--database=other")
    assert said.code == 3
    assert "Main goes on" in said.err
    assert "--branch" in said.err
    assert git("rev-parse", "main") == tip


def test_a_branch_that_moved_in_other_folders_is_no_hindrance(twins: None, ok: Ok) -> None:
    Page.objects.create(pk=6, title="Plain", slug="plain")
    ok("commit", "pages", "-m", "A page")
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    assert "Committed" in ok("commit", "shop", "-m", "A tag", "--database=other")


def test_a_database_never_at_a_commit_is_told_to_check_out_first(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "The shop")
    fill("other")
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    said = run("commit", "-m", "Mine", "--database=other")
    assert said.code == 3
    assert re.search(r"contentgit checkout .*--database other main shop --apply", said.err)
    said = run("checkout", "main", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert "bakery.tag:3" in said.err


def test_equal_rows_are_adopted(databases: tuple[str, str], ok: Ok) -> None:
    fill()
    fill("other")
    ok("init")
    ok("commit", "-m", "The shop")
    assert "nothing to write" in ok("checkout", "main", "--apply", "--yes", "--database=other")
    assert "clean" in ok("status", "--database=other")
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    assert "Committed" in ok("commit", "-m", "Mine", "--database=other")


def test_the_same_commit_under_another_branch_is_written_down(twins: None, ok: Ok) -> None:
    ok("checkout", "-b", "summer")
    said = ok("checkout", "summer", "--apply", "--yes", "--database=other")
    assert "nothing to write" in said
    assert "(summer), clean" in ok("status", "--database=other")
    ok("checkout", "main~0", "--apply", "--yes", "--database=other")
    assert "(summer), clean" in ok("status", "--database=other")


def test_a_delete_that_reaches_outside_the_dump_is_refused(
    twins: None, ok: Ok, run: Run, git: Ok
) -> None:
    Review.objects.using("other").create(pk=1, product_id=41, text="Best of all")
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")
    said = run("checkout", "main", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert (
        "deleting bakery.product:41 also deletes bakery.review:1, outside of the dump" in said.err
    )
    assert "bakery.product:41  Summer bread" in said.err
    assert "bakery.review:1  Best of all" in said.err
    assert "--allow-cascade" in said.err
    assert Review.objects.using("other").count() == 1
    ok("checkout", "main", "--apply", "--yes", "--allow-cascade", "--database=other")
    assert Review.objects.using("other").count() == 0
    assert "clean" in ok("status", "--database=other")
    # The review was in no commit: now it is in one.
    (ref,) = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").splitlines()
    assert "Best of all" in git("show", f"{ref}:outside/bakery.review/0/0/1.json")


def test_a_row_outside_the_filter_is_no_row_of_the_dump(
    twins: None, ok: Ok, run: Run, git: Ok
) -> None:
    ok("commit", "categories:rye", "-m", "Rye only")
    Category.objects.using("other").filter(pk=2).update(slug="dark")
    ok("commit", "shop", "-m", "Dark", "--database=other")
    words = ["checkout", "main", "categories:rye", "--apply", "--yes", "--database=other"]
    said = run(*words)
    assert said.code == 3
    assert "bakery.category:2" in said.err
    ok(*words, "--force")
    assert Category.objects.using("other").get(pk=2).slug == "rye"
    (ref,) = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").splitlines()
    assert '"dark"' in git("show", f"{ref}:outside/bakery.category/0/0/2.json")


def test_deletes_can_be_limited(twins: None, ok: Ok, run: Run) -> None:
    Ingredient.objects.all().delete()
    ok("commit", "-m", "No ingredients")
    for limit in ("1", "5%"):
        said = run(
            "checkout", "main", "--apply", "--yes", f"--max-deletes={limit}", "--database=other"
        )
        assert said.code == 3, said
        assert Ingredient.objects.using("other").count() == 2
    ok("checkout", "main", "--apply", "--yes", "--max-deletes=2", "--database=other")


def test_an_empty_dump_where_there_was_one_is_stopped(twins: None, ok: Ok, run: Run) -> None:
    raw.wipe()
    ok("commit", "-m", "Gone")
    said = run("checkout", "main", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert "--allow-empty" in said.err
    assert Product._base_manager.using("other").count() == 3
    ok("checkout", "main", "--apply", "--yes", "--allow-empty", "--database=other")
    assert Product._base_manager.using("other").count() == 0


def test_arguments_make_a_dump_of_its_own(db: str, ok: Ok, git: Ok, run: Run) -> None:
    fill()
    ok("init")
    ok("commit", "categories:rye", "-m", "Rye only")
    assert git("ls-tree", "--name-only", "main").split() == ["categories@rye", "contentgit.json"]
    files = git("ls-tree", "-r", "--name-only", "main").split()
    assert [name for name in files if "product" in name] == [
        "categories@rye/bakery.product/0/0/42.json",
        "categories@rye/bakery.product/0/0/43.json",
    ]
    # Deleted here since: --force brings it back, and touches nothing outside the filter.
    Product._base_manager.filter(pk=42).update(price="9.99")
    assert run("checkout", "main", "categories:rye", "--apply", "--yes").code == 3
    ok("checkout", "main", "categories:rye", "--apply", "--yes", "--force")
    assert str(Product._base_manager.get(pk=42).price) == "6.20"
    assert Product._base_manager.count() == 3


def test_the_ledger_tells_what_was_applied(twins: None, run: Run) -> None:
    rows = run("log", "--applied", "--json", "--database=other").json["applied"]
    assert {row["dump"] for row in rows} == {"hours", "pages", "shop"}
    assert {row["action"] for row in rows} == {"apply"}
    assert {row["environment"] for row in rows} == {"test"}


def test_a_plan_is_not_applied_and_moves_no_head(twins: None, ok: Ok, git: Ok) -> None:
    ok("branch", "summer")
    before = raw.snapshot("other")
    ok("checkout", "summer", "--database=other")
    assert git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert raw.snapshot("other") == before
    ok("checkout", "summer", "--apply", "--yes", "--database=other")
    assert git("symbolic-ref", "HEAD") == "refs/heads/summer"


def test_without_a_terminal_an_apply_must_be_told_not_to_ask(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    said = run("checkout", "main", "--apply", "--database=other")
    assert said.code == 2
    assert "--no-input" in said.err
    assert Tag.objects.using("other").get(pk=3).name == "Organic"


def test_status_lists_edits_with_titles_and_fields(committed: None, ok: Ok, run: Run) -> None:
    Product._base_manager.filter(pk=42).update(name="Nightly loaf")
    Tag.objects.create(pk=30, name="New", slug="new")
    hours = raw.snapshot()["bakery_opening"]
    said = run("status", "--exit-code")
    assert said.code == 1
    assert "~ bakery.product:42  Nightly loaf  name" in said.out
    assert "+ bakery.tag:30  New" in said.out
    assert hours == raw.snapshot()["bakery_opening"]


def test_diff_between_commits_needs_no_database(committed: None, ok: Ok, run: Run) -> None:
    Product._base_manager.filter(pk=42).update(name="Nightly loaf")
    ok("commit", "-m", "Rename")
    said = run("diff", "HEAD~1", "HEAD", "--json", "--exit-code")
    assert said.code == 1
    (change,) = said.json["changes"]
    assert change["record"] == "bakery.product:42"
    assert change["fields"] == [{"name": "name", "before": "Night loaf", "after": "Nightly loaf"}]
    assert "bakery.product  ~1" in ok("diff", "HEAD~1..HEAD", "--stat")
    assert ok("diff", "HEAD~1", "HEAD", "--", "bakery.tag:3") == ""


def test_show_a_commit_and_a_record(committed: None, ok: Ok, run: Run) -> None:
    assert "The whole shop" in ok("show", "--stat")
    record = run("show", "main", "--json", "--", "bakery.tag:12").json["records"][0]
    assert record["fields"] == {"name": "Vegan", "slug": "vegan"}
    assert run("show", "main", "--", "bakery.tag:999").code == 2


def test_log_follows_dumps(committed: None, ok: Ok, run: Run) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Only the shop")
    subjects = [each["subject"] for each in run("log", "--json", "--", "shop").json["commits"]]
    assert subjects == ["Only the shop", "The whole shop"]
    assert "Only the shop" not in ok("log", "--oneline", "--", "hours")
    trailers = run("log", "-n", "1", "--json").json["commits"][0]["trailers"]
    assert trailers == {"Contentgit-Dump": "shop (+0 ~1 -0)", "Contentgit-Environment": "test"}


def test_branches(committed: None, ok: Ok, run: Run) -> None:
    ok("checkout", "-b", "summer")
    assert ok("branch", "--show-current") == "summer\n"
    assert ok("branch").split() == ["main", "*", "summer"]
    assert run("branch", "-d", "summer").code != 0
    ok("branch", "old", "main")
    ok("branch", "-d", "old")
    assert "old" not in ok("branch")


def test_datasets_lists_rows_and_what_changes_with_every_save(db: str, ok: Ok, run: Run) -> None:
    fill()
    said = ok("datasets")
    assert "bakery.product" in said
    assert "changed" in said
    found = run("datasets", "shop", "--json").json["datasets"]
    assert {m["label"]: m["rows"] for m in found[0]["models"]}["bakery.product"] == 3
    assert {m["label"]: m["hidden"] for m in found[0]["models"]}["bakery.product"] == 1


def test_a_dump_brings_what_it_depends_on(db: str, ok: Ok, git: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "pages", "-m", "Pages and what they need")
    assert git("ls-tree", "--name-only", "main").split() == ["contentgit.json", "pages", "shop"]


def _both(said: Said) -> str:
    return said.out + said.err


def test_the_worktree_follows_and_keeps_a_users_edits(
    committed: None, ok: Ok, git: Ok, repository_path: Path
) -> None:
    own = repository_path / "shop/bakery.tag/0/0/12.json"
    own.write_text(own.read_text().replace("Vegan", "Plants"))
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Bio")
    assert git("status", "--porcelain") == " M shop/bakery.tag/0/0/12.json".strip() or git(
        "status", "--porcelain"
    ).endswith("12.json")
    assert '"Bio"' in (repository_path / "shop/bakery.tag/0/0/3.json").read_text()


CONTENT = [
    "4f4e5e605693394232fdcdd91cf85447c8ec5976",
    "0690b75cafcfeff7fb657aa3220e2fec4f30cfa1",
    "b8a08d6c571937f6b2d6df459ef4549a444705ef",
]
