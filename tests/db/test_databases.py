"""The tests' own databases: clean, quick, and one file, schema or server each."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.db import connections

from tests.bakery.models import Category, Product, Tag


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_clean(databases: tuple[str, str], turn: int) -> None:
    for alias in databases:
        assert Site.objects.using(alias).get().domain == "example.com"
        assert not Category._base_manager.using(alias).exists()
        assert ContentType.objects.using(alias).filter(model="note").exists()

        category = Category.objects.using(alias).create(name="Bread", slug="bread")
        product = Product.objects.using(alias).create(
            name="Rye", slug="rye", category=category, price=3
        )
        product.tags.add(Tag.objects.using(alias).create(name="Dark", slug="dark"))
        Site.objects.using(alias).update(domain=alias)
        Site.objects.using(alias).create(domain=f"{alias}.example.com", name="Two")
        ContentType.objects.using(alias).filter(model="note").delete()

        assert (category.pk, product.pk) == (1, 1)
        assert Site.objects.using(alias).count() == 2


@pytest.mark.parametrize("turn", [1, 2])
def test_keys_start_again_when_the_rows_are_gone(db: str, turn: int) -> None:
    category = Category.objects.create(name="Bread", slug="bread")
    assert category.pk == 1
    category.delete()


def test_the_databases_differ(databases: tuple[str, str]) -> None:
    Category.objects.using("default").create(name="Bread", slug="bread")
    assert not Category.objects.using("other").exists()
    assert (
        connections["default"].settings_dict["NAME"] != connections["other"].settings_dict["NAME"]
    )
