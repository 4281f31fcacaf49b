"""What ``--force`` overwrites and deletes is in the backup, and comes back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from contentgit import config
from contentgit.db import ledger
from contentgit.errors import RefusedError
from contentgit.plan import Licences
from contentgit.workingcopy.checkout import apply
from contentgit.workingcopy.planning import plan
from contentgit.workingcopy.project import Operator, Project
from contentgit.workingcopy.request import Request
from tests import raw
from tests.bakery.models import Category, Ingredient, NewsPage, Product, Review, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("--apply", "--yes", "--database=other")


def datasets() -> dict[str, Any]:
    names = ("category", "tag", "product", "ingredient", "page", "newspage", "opening")
    specs: list[dict[str, Any]] = [
        {"model": f"bakery.{name}", "delete_missing": True} for name in names
    ]
    specs[3]["exclude"] = ["grams"]
    return {"shop": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def edit() -> None:
    """Every kind of edit in the other database."""
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    Tag.objects.using("other").create(pk=30, name="Own", slug="own")
    Category.objects.using("other").create(pk=9, name="Own", slug="own")
    Product(pk=50, name="Own", slug="own", category_id=9, price="1").save(using="other")
    Product._base_manager.using("other").get(pk=50).tags.set([3, 30])
    Product._base_manager.using("other").get(pk=41).tags.set([30])
    Product._base_manager.using("other").filter(pk=42).update(body="x" * 300 + "\r\n")
    Ingredient.objects.using("other").create(pk=60, product_id=50, name="Love", grams=77)
    Ingredient.objects.using("other").filter(pk=8).delete()
    NewsPage.objects.using("other").filter(pk=5).update(about=50)
    Review.objects.using("other").create(pk=1, product_id=50, text="Outside")


def test_all_of_it_is_in_the_backup(twins: None, ok: Ok, git: Ok) -> None:
    committed = raw.snapshot("default")
    edit()
    edited = raw.snapshot("other")
    ok("checkout", "main", *APPLY, "--force", "--allow-cascade")
    now = raw.snapshot("other")
    now.pop("bakery_ingredient")
    committed.pop("bakery_ingredient")
    assert now == committed
    assert "clean" in ok("status", "--database=other")
    (ref,) = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").splitlines()
    assert git("rev-parse", f"{ref}^") == git("rev-parse", "main")
    assert '"text": "Outside"' in git("show", f"{ref}:outside/bakery.review/0/0/1.json")
    # A field that is no content went with its row.
    assert '"grams": 77' in git("show", f"{ref}:outside/bakery.ingredient/0/0/60.json")
    ok("checkout", ref, *APPLY)
    Ingredient.objects.using("other").filter(pk=60).update(grams=77)
    Review.objects.using("other").create(pk=1, product_id=50, text="Outside")
    assert raw.snapshot("other") == edited


def test_a_plan_that_was_agreed_to_is_the_one_that_runs(
    twins: None, ok: Ok, repository_path: Path
) -> None:
    def project() -> Project:
        operator = Operator("tester", datetime.now(UTC))
        return Project(config.read(), "other", operator, repository_path=repository_path)

    Tag.objects.filter(pk=3).update(name="Certified")
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Certified")
    licences = Licences(force=True)
    shown = project()
    with shown.backend.snapshot():
        digest = plan(shown, Request("checkout", "main", licences=licences)).digest
    Tag.objects.using("other").filter(pk=3).update(name="Later")
    before, rows = raw.snapshot("other"), ledger.history("other")
    with pytest.raises(RefusedError, match="since the plan was shown"):
        apply(project(), Request("checkout", "main", licences=licences), digest=digest)
    assert raw.snapshot("other") == before
    assert ledger.history("other") == rows
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    Tag.objects.filter(pk=12).update(name="Plants")
    ok("commit", "-m", "Plants")
    with pytest.raises(RefusedError, match="since the plan was shown"):
        apply(project(), Request("checkout", "main", licences=licences), digest=digest)


def test_a_backup_that_cannot_be_made_stops_the_apply(
    twins: None, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    before = raw.snapshot("other")
    (repository_path / ".git/refs/contentgit/backup").write_text("in the way of a folder\n")
    said = run("checkout", "main", *APPLY, "--force")
    assert said.code == 1, said
    assert raw.snapshot("other") == before


def test_a_backup_is_a_revision(twins: None, ok: Ok, git: Ok) -> None:
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("checkout", "main", "--apply", "--yes", "--force")
    backup = git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup")
    assert 'name: "Bio" → "Organic"' in ok("diff", backup, "main")
    ok("restore", "bakery.tag:3", "--from", backup)
    assert '"name": "Bio"' in git("show", "main:shop/bakery.tag/0/0/3.json")
