"""Rows that are the same in two databases under different primary keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sites.models import Site
from django.test import override_settings

from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]


def datasets() -> dict[str, Any]:
    return {
        "shop": {
            "specs": lambda _arguments: [
                {"model": "bakery.tag", "identity": "natural", "delete_missing": True},
                {"model": "bakery.category", "identity": ["slug"], "delete_missing": True},
                {"model": "bakery.product", "delete_missing": True},
            ]
        },
        "access": {
            "specs": lambda _arguments: [
                {"model": "auth.group", "delete_missing": True},
                {"model": "sites.site"},
            ]
        },
    }


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_identity.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


def test_keys_are_local_and_references_hold(
    databases: tuple[str, str], ok: Ok, git: Callable[..., str]
) -> None:
    bread = Category.objects.create(pk=1, name="Bread", slug="bread")
    Category.objects.create(pk=2, name="Rye", slug="rye", parent=bread)
    tag = Tag.objects.create(pk=3, name="Vegan", slug="vegan")
    product = Product(pk=41, name="Loaf", slug="loaf", category=bread, price="4.50")
    product.save()
    product.tags.add(tag)
    # The other database has other rows under these keys, and the same ones under others.
    Category.objects.using("other").create(pk=1, name="Cake", slug="cake")
    Category.objects.using("other").create(pk=7, name="Brot", slug="bread")
    Tag.objects.using("other").create(pk=99, name="Vegan", slug="vegan")
    ok("init")
    ok("commit", "shop", "-m", "Shop")
    files = git("ls-tree", "-r", "--name-only", "main").split()
    assert "shop/bakery.category/rye.json" in files
    assert "shop/bakery.tag/vegan.json" in files
    ok("checkout", "main", "shop", "--apply", "--yes", "--force", "--database=other")
    there = {row.slug: row for row in Category.objects.using("other")}
    assert set(there) == {"bread", "rye"}
    assert (there["bread"].pk, there["bread"].name) == (7, "Bread")
    assert there["rye"].parent_id == 7
    loaf = Product._base_manager.using("other").get(pk=41)
    assert loaf.category_id == 7
    assert [row.pk for row in loaf.tags.all()] == [99]
    assert "clean" in ok("status", "--database=other")
    assert "Nothing to commit" in ok("commit", "shop", "-m", "Again", "--database=other")


def test_groups_travel_with_permissions_that_have_other_keys(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    # Other ids for the same permissions, as in any second database.
    change = Permission.objects.using("other").get(codename="change_tag")
    Permission.objects.using("other").filter(pk=change.pk).delete()
    Permission.objects.using("other").create(
        name=change.name, codename=change.codename, content_type_id=change.content_type_id
    )
    group = Group.objects.create(name="Editors & Bakers")
    group.permissions.add(Permission.objects.get(codename="change_tag"))
    Group.objects.using("other").create(name="Old")
    Site.objects.filter(pk=1).update(name="Bakery")
    ok("init")
    ok("commit", "access", "-m", "Access")
    said = run("checkout", "main", "access", "--apply", "--yes", "--database=other")
    assert said.code == 3
    assert "auth.group:%4fld would be deleted" in said.err
    ok("checkout", "main", "access", "--apply", "--yes", "--force", "--database=other")
    (there,) = Group.objects.using("other").all()
    assert there.name == "Editors & Bakers"
    assert [row.codename for row in there.permissions.all()] == ["change_tag"]
    assert Site.objects.using("other").get().name == "Bakery"
    assert "clean" in ok("status", "--database=other")


def test_a_record_under_a_new_natural_key_keeps_its_links(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """To the other database it is another row: the old one goes, with the links that it had."""
    bread = Category.objects.create(pk=1, name="Bread", slug="bread")
    tag = Tag.objects.create(pk=3, name="Vegan", slug="vegan")
    product = Product(pk=41, name="Loaf", slug="loaf", category=bread, price="4.50")
    product.save()
    product.tags.add(tag)
    ok("init")
    ok("commit", "shop", "-m", "Shop")
    ok("checkout", "main", "shop", "--apply", "--yes", "--database=other")
    Tag.objects.filter(pk=3).update(slug="plants-only")
    ok("commit", "shop", "-m", "Another slug")
    ok("checkout", "main", "shop", "--apply", "--yes", "--database=other")
    there = Product._base_manager.using("other").get(pk=41)
    assert [each.slug for each in there.tags.all()] == ["plants-only"]
    assert Product.tags.through._base_manager.using("other").count() == 1
    assert run("status", "shop", "--exit-code", "--database=other").code == 0
    ok("undo", "shop", "--yes", "--database=other")
    assert [each.slug for each in there.tags.all()] == ["vegan"]
    assert run("status", "shop", "--exit-code", "--database=other").code == 0
