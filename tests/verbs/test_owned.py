"""``delete_missing: "owned"``: an apply deletes only rows that were applied or committed here before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests import raw
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)
HOW: dict[str, Any] = {}
OWNED = {"delete_missing": "owned"}


def datasets() -> dict[str, Any]:
    """Tags, categories and products, whose deletes need a licence."""
    specs = [{"model": f"bakery.{name}", **HOW} for name in ("category", "tag", "product")]
    return {"shop": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True, params=["pk", "uuid"])
def _settings(request: pytest.FixtureRequest) -> Iterator[None]:
    HOW.clear()
    HOW.update(OWNED, identity=request.param)
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def tag(slug: str, using: str = "default", pk: int | None = None) -> Tag:
    return Tag.objects.using(using).create(pk=pk, name=slug, slug=slug)


def tags(using: str = "other") -> list[str]:
    return sorted(Tag.objects.using(using).values_list("slug", flat=True))


def begin(ok: Ok) -> None:
    """Three tags in both databases, and one that only the other has."""
    for slug in ("rye", "oat", "bran"):
        tag(slug)
    ok("init")
    ok("commit", "-m", "Three tags")
    ok(*APPLY)
    tag("own", "other", 50)


def without(ok: Ok, *slugs: str) -> None:
    Tag.objects.filter(slug__in=slugs).delete()
    ok("commit", "-m", "Fewer")


def test_only_what_was_applied_here_is_deleted(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    begin(ok)
    without(ok, "rye")
    plan = run("checkout", "main", OTHER, "--json").json
    assert [step["action"] for step in plan["steps"]] == ["delete"]
    assert plan["problems"] == []
    assert "deleted" in ok(*APPLY)
    assert tags() == ["bran", "oat", "own"]
    after = raw.snapshot("other")
    assert "+ bakery.tag:" in ok("status", OTHER)  # still an edit of this database
    ok(*APPLY)
    assert raw.snapshot("other") == after


def test_the_plan_says_why_a_row_stays(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    without(ok, "rye")
    shown = ok("checkout", "main", OTHER)
    assert "no commit applied or made here before had it (delete_missing: 'owned')" in shown


def test_a_first_apply_deletes_and_refuses_nothing(databases: tuple[str, str], ok: Ok) -> None:
    tag("rye")
    ok("init")
    ok("commit", "-m", "One tag")
    tag("own", "other", 50)
    ok(*APPLY)
    assert tags() == ["own", "rye"]


def test_a_commit_takes_the_row_and_then_it_is_owned(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    ok("commit", "-m", "Own", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert tags("default") == ["bran", "oat", "own", "rye"]
    without(ok, "own")
    ok(*APPLY)
    assert tags() == ["bran", "oat", "rye"]


def test_force_deletes_no_row_that_was_never_held(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    begin(ok)
    Tag.objects.using("other").filter(slug="rye").update(name="Edited")
    without(ok, "rye")
    said = run(*APPLY)
    assert said.code == 3
    assert "own" not in said.err
    ok(*APPLY, "--force")
    assert tags() == ["bran", "oat", "own"]


def test_a_row_that_an_earlier_commit_had(databases: tuple[str, str], run: Run, ok: Ok) -> None:
    """Under its key, made by hand since an apply has deleted that row: it is another one, and stays."""
    begin(ok)
    pk = Tag.objects.using("other").get(slug="rye").pk
    without(ok, "rye")
    ok(*APPLY)
    tag("here", "other", pk)
    without(ok, "oat")
    ok(*APPLY)
    assert tags() == ["bran", "here", "own"]
    ok(*APPLY, "--force")
    ok("undo", "--yes", OTHER)
    ok(*APPLY, "--force")
    assert tags() == ["bran", "here", "own"]
    ok("commit", "-m", "Here", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    without(ok, "here")
    ok(*APPLY)
    assert tags() == ["bran", "own"]


def test_a_row_that_stayed_for_want_of_a_licence(databases: tuple[str, str], ok: Ok) -> None:
    """Commits that lack it were applied since, and it was here all the time."""
    begin(ok)
    HOW["delete_missing"] = False
    without(ok, "rye")
    ok(*APPLY)
    without(ok, "oat")
    ok(*APPLY)
    assert tags() == ["bran", "oat", "own", "rye"]
    HOW["delete_missing"] = "owned"
    without(ok, "bran")
    ok(*APPLY, "--allow-empty", "--force")
    assert tags() == ["own"]


def test_an_undo_brings_rows_back_and_takes_only_its_own(
    databases: tuple[str, str], ok: Ok
) -> None:
    begin(ok)
    before = raw.snapshot("other")
    without(ok, "rye")
    tag("new")
    ok("commit", "-m", "New")
    ok(*APPLY)
    assert tags() == ["bran", "new", "oat", "own"]
    ok("undo", "--yes", OTHER)
    assert raw.snapshot("other") == before


def test_a_merge_and_an_update(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    without(ok, "rye")
    ok(*APPLY, "--merge")
    assert tags() == ["bran", "oat", "own"]
    without(ok, "oat")
    ok("update", "--yes", OTHER)
    assert tags() == ["bran", "own"]


def test_an_update_takes_no_row_that_only_the_merge_base_had(
    databases: tuple[str, str], ok: Ok, git: Ok
) -> None:
    """The other database was never at the commit that had the tag."""
    if HOW["identity"] == "uuid":
        pytest.skip("rows with one key in two databases are two rows there")
    begin(ok)
    ok("branch", "live")
    without(ok, "rye")
    ok("checkout", "main", "--apply", "--yes")
    ok("checkout", "live", "--apply", "--yes", OTHER)
    first = git("rev-parse", "live")
    Tag.objects.using("other").filter(slug="rye").delete()
    ok("commit", "-m", "Without", "--branch", "own", OTHER)
    from contentgit.models import AppliedCommit

    AppliedCommit.objects.using("other").filter(commit=first).delete()
    pk = 1
    tag("rye", "other", pk)
    git("symbolic-ref", "HEAD", "refs/heads/main")
    ok("update", "--yes", OTHER)
    assert "rye" in tags()


def test_limits_and_plan_files(databases: tuple[str, str], run: Run, ok: Ok, tmp_path: Any) -> None:
    begin(ok)
    without(ok, "rye", "oat")
    assert run(*APPLY, "--max-deletes", "1").code == 3
    file = str(tmp_path / "plan")
    ok("checkout", "main", OTHER, "--plan-out", file)
    tag("more", "other", 60)  # no part of the plan
    ok("checkout", "--apply", "--plan", file, OTHER)
    assert tags() == ["bran", "more", "own"]


def test_specs_of_one_model_that_differ(databases: tuple[str, str], ok: Ok) -> None:
    begin(ok)
    rows = {"owned": {"slug__startswith": "o"}, True: {"slug__startswith": "r"}}
    specs = [
        {"model": "bakery.tag", "identity": HOW["identity"], "filter": f, "delete_missing": how}
        for how, f in {**rows, False: {"slug": "bran"}}.items()
    ]
    found = {"shop": {"specs": lambda _arguments: specs}}
    with override_settings(
        CONTENTGIT={"DATASETS": f"{__name__}.other_datasets", "ENVIRONMENT": "test"}
    ):
        OTHERS.clear()
        OTHERS.update(found)
        ok("commit", "-m", "By letters", "--drop-fields")
        ok(*APPLY, "--ignore-unknown-models")
        without(ok, "rye", "oat")
        ok(*APPLY)
    assert tags() == ["bran", "own"]


OTHERS: dict[str, Any] = {}


def other_datasets() -> dict[str, Any]:
    return OTHERS


def test_cascades_into_rows_that_were_never_held(
    databases: tuple[str, str], run: Run, ok: Ok
) -> None:
    Category.objects.create(name="Bread", slug="bread")
    ok("init")
    ok("commit", "-m", "Bread")
    ok(*APPLY)
    bread = Category.objects.using("other").get()
    Category.objects.using("other").create(pk=70, name="Rolls", slug="rolls", parent=bread)
    Product.objects.using("other").create(pk=70, name="P", slug="p", category=bread, price=1)
    Category.objects.all().delete()
    ok("commit", "-m", "Nothing")
    said = run(*APPLY, "--allow-empty")
    assert said.code == 3
    assert "cannot be deleted" in said.err
    assert "also deletes" in said.err
    Product.objects.using("other").all().delete()
    ok(*APPLY, "--allow-empty", "--allow-cascade")
    assert not Category.objects.using("other").exists()


def test_what_is_shown_and_recorded(db: str, run: Run, ok: Ok, git: Ok) -> None:
    ok("init")
    tag("rye")
    ok("commit", "-m", "One")
    assert "delete_missing of rows that were applied or committed here" in ok("datasets")
    (dump,) = run("datasets", "--json").json["datasets"]
    assert {model["delete_missing"] for model in dump["models"]} == {"owned"}
    recorded = json.loads(git("show", "main:shop/dataset.json"))
    assert {spec["delete_missing"] for spec in recorded["specs"]} == {"owned"}


def test_the_ledger_is_not_asked_for_each_row(databases: tuple[str, str], ok: Ok) -> None:
    counts = []
    begin(ok)
    for number in (2, 40):
        for n in range(number):
            tag(f"t{number}-{n}", pk=1000 * number + n)
            tag(f"u{number}-{n}", "other", 1000 * number + 500 + n)
        ok("commit", "-m", "More")
        ok(*APPLY)
        without(ok, *[f"t{number}-{n}" for n in range(number)])
        with CaptureQueriesContext(connections["other"]) as seen:
            ok("checkout", "main", OTHER)
        counts.append(sum("contentgit_ledger" in query["sql"] for query in seen))
    assert counts[0] == counts[1]
