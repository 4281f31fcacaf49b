"""Rows of no dataset come and go at random, records are edited on two sides: the branch loses nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from tests.bakery.content import fill
from tests.bakery.models import Category, NewsPage, Product, Tag

Ok = Callable[..., str]
SEEDS = int(os.environ.get("CONTENTGIT_TEST_SEEDS") or "4")
SPECS: list[dict[str, Any]] = []
APPLY = ("--apply", "--yes", "--database=other")
RULES = ["null", "skip", {"key": "bakery.product:summer-bread"}]


def datasets() -> dict[str, Any]:
    return {"shop": {"specs": lambda _arguments: SPECS}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    names = {"bakery.product": ["slug"], "bakery.category": ["slug"], "bakery.tag": ["slug"]}
    setting = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test", "IDENTITIES": names}
    with override_settings(CONTENTGIT=setting):
        yield


def references(using: str) -> dict[int, str | None]:
    return dict(NewsPage.objects.using(using).values_list("pk", "about__slug"))


def titles(using: str) -> dict[int, str]:
    return dict(NewsPage.objects.using(using).values_list("pk", "title"))


def product(pk: int, slug: str, using: str) -> None:
    category = Category.objects.using(using).get(slug="bread")
    Product(pk=pk, name=slug, slug=slug, category=category, price=1, body="").save(using=using)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_of_the_branch_is_lost(databases: tuple[str, str], ok: Ok, seed: int) -> None:
    rng = random.Random(seed)
    rule = rng.choice(RULES)
    SPECS[:] = [
        {"model": "bakery.page", "delete_missing": True},
        {"model": "bakery.newspage", "delete_missing": True, "missing": {"about": rule}},
    ]
    fill()
    Category.objects.using("other").create(pk=1, name="Bread", slug="bread")
    product(70, "summer-bread", "other")
    slugs = ["summer-bread", "night-loaf", "secret-loaf"]
    ids = dict(Product._base_manager.values_list("slug", "pk"))
    ok("init")
    ok("commit", "-m", "First")
    ok("checkout", "main", *APPLY)
    for step in range(12):
        what = rng.randrange(5)
        pk = rng.choice([*titles("default")])
        if what == 0:
            day, slug = "2026-04-01", f"s{step}"
            about = ids[rng.choice(slugs)]
            NewsPage.objects.create(pk=100 + step, title="T", slug=slug, day=day, about_id=about)
        elif what == 1:
            NewsPage.objects.filter(pk=pk).update(title=f"A{step}")
        elif what == 2:
            NewsPage.objects.filter(pk=pk).update(about=ids[rng.choice(slugs)])
        elif what == 3:
            slug = rng.choice(slugs[1:])
            there = Product._base_manager.using("other")
            if there.filter(slug=slug).exists():
                # Only a row that nothing refers to.
                if slug not in references("other").values():
                    there.filter(slug=slug).delete()
            else:
                product(80 + step, slug, "other")
        before = references("default")
        ok("commit", "-m", f"Step {step}")
        ok("checkout", "main", *APPLY)
        here, there_ = references("default"), references("other")
        assert here == before
        known = {*Product._base_manager.using("other").values_list("slug", flat=True)}
        for each, slug in here.items():
            if slug in known or slug is None:
                assert there_[each] == slug
            elif rule == "null":
                assert there_[each] is None
            elif rule != "skip":
                assert there_[each] == "summer-bread"
        assert "clean" in ok("status", "--database=other")
        if there_ and rng.random() < 0.5:
            mine = rng.choice([*there_])
            current = titles("other")[mine] == titles("default")[mine]
            if current and (rule != "skip" or there_[mine] == here[mine]):
                NewsPage.objects.using("other").filter(pk=mine).update(title=f"B{step}")
                assert "1 updated" in ok("commit", "-m", "Mine", "--database=other")
                assert "clean" in ok("status", "--database=other")
        ok("update", "--yes")
        assert references("default") == here
        clean = ok("commit", "--dry-run", "--database=other")
        assert "Nothing to commit" in clean
    assert Tag.objects.using("other").count() == 0
