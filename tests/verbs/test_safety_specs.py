"""The target's code differs from the code that committed, or lets the target differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import NOT_PROVIDED
from django.test import override_settings

from contentgit.db import ledger
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, Product, Tag
from tests.verbs.conftest import Run
from tests.workshop.models import Place

Ok = Callable[..., str]
DATASETS: dict[str, list[dict[str, Any]]] = {}


def datasets() -> dict[str, Any]:
    return {name: {"specs": lambda _arguments, name=name: DATASETS[name]} for name in DATASETS}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    DATASETS.clear()
    with override_settings(CONTENTGIT=setting):
        yield


def spec(name: str, **keys: Any) -> dict[str, Any]:
    return {"model": f"bakery.{name}", "delete_missing": True, **keys}


SHOP = [spec("category"), spec("tag"), spec("product"), spec("ingredient")]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")


@pytest.fixture
def shop(databases: tuple[str, str], ok: Ok) -> None:
    DATASETS["shop"] = SHOP
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")


def clean(ok: Ok, alias: str = "other") -> None:
    """status says so, and a commit would write nothing."""
    out = ok("status", f"--database={alias}")
    assert "clean" in out, out
    out = ok("commit", "--dry-run", f"--database={alias}")
    assert "Nothing to commit" in out, out


def test_a_record_that_the_filter_excludes(shop: None, ok: Ok, run: Run) -> None:
    ok(*APPLY)
    Product._base_manager.filter(pk=41).update(published=False)
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "-m", "Hide")
    DATASETS["shop"] = [*SHOP[:2], spec("product", filter={"published": True}), SHOP[3]]
    before = raw.snapshot("other")
    rows = ledger.history("other")
    assert run(*APPLY).code == 3
    assert raw.snapshot("other") == before
    assert ledger.history("other") == rows


def test_a_field_that_the_applied_commit_did_not_have(shop: None, ok: Ok, run: Run) -> None:
    """Its values here were written since its column came, and stand in no commit."""
    DATASETS["shop"] = [*SHOP[:2], spec("product", exclude=["body", "photo"]), SHOP[3]]
    ok("commit", "-m", "As of before the migration", "--drop-fields")
    ok(*APPLY)
    DATASETS["shop"] = SHOP
    Product._base_manager.filter(pk=41).update(body="Theirs", photo="theirs.jpg")
    ok("commit", "-m", "As of after it")
    Product._base_manager.using("other").filter(pk=41).update(body="Mine")
    Product._base_manager.using("other").filter(pk=42).update(body="<p>Mine, too</p>")
    said = run(*APPLY)
    assert said.code == 3, said
    assert "bakery.product:41" in said.err
    assert Product._base_manager.using("other").get(pk=41).body == "Mine"
    ok(*APPLY, "--force")
    assert raw.snapshot("other", "bakery_product") == raw.snapshot("default", "bakery_product")


def test_what_an_apply_ignored_is_not_taken_out_by_the_next_commit(
    shop: None, ok: Ok, run: Run, git: Ok
) -> None:
    """The target's older code has no such field: a commit of it must not drop what others wrote."""
    older = [*SHOP[:2], spec("product"), spec("ingredient")]
    ok(*APPLY)
    text = git("show", "main:shop/bakery.ingredient/0/0/7.json")
    changed = text.replace('\n  "name"', '\n  "kcal": 250,\n\n  "name"') + "\n"
    path = git("rev-parse", "--show-toplevel") + "/shop/bakery.ingredient/0/0/7.json"
    with open(path, "w") as file:
        file.write(changed)
    git("commit", "-q", "-a", "-m", "A new field")
    DATASETS["shop"] = older
    assert run(*APPLY).code == 3
    ok(*APPLY, "--ignore-unknown-fields")
    clean(ok)
    Ingredient.objects.using("other").filter(pk=7).update(grams=401)
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    for name in ("Bio", "Ecological"):
        Tag.objects.using("other").filter(pk=3).update(name=name)
        ok("commit", "-m", name, "--database=other")
        clean(ok)
        kept = git("show", "main:shop/bakery.ingredient/0/0/7.json")
        assert kept + "\n" == changed.replace("400", "401")


def test_rows_whose_delete_has_no_licence(shop: None, ok: Ok, run: Run, git: Ok) -> None:
    """They stay here, and a commit from here must not bring them back for everybody."""
    ok(*APPLY)
    DATASETS["shop"] = [*SHOP[:3], spec("ingredient", delete_missing=False)]
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "No salt")
    ok(*APPLY)
    assert Ingredient.objects.using("other").filter(pk=8).exists()
    clean(ok)
    for name in ("Bio", "Ecological"):
        Tag.objects.using("other").filter(pk=3).update(name=name)
        ok("commit", "-m", name, "--database=other")
        clean(ok)
        assert git("ls-tree", "-r", "--name-only", "main", "shop/bakery.ingredient/").split() == [
            "shop/bakery.ingredient/0/0/7.json"
        ]
        assert "nothing to write" in ok(*APPLY)
        clean(ok)
    # Edited here it is content of this database again.
    Ingredient.objects.using("other").filter(pk=8).update(grams=9)
    assert "bakery.ingredient:8" in ok("status", "--database=other")
    ok("commit", "-m", "Salt", "--database=other")
    assert '"grams": 9' in git("show", "main:shop/bakery.ingredient/0/0/8.json")


def test_references_that_the_database_may_lack(shop: None, ok: Ok, git: Ok) -> None:
    loose = [spec("category"), spec("product", ignore_missing_m2m=["tags"])]
    DATASETS["loose"] = loose
    ok("commit", "loose", "-m", "Loose")
    words = ("checkout", "main", "loose", "--apply", "--yes", "--database=other")
    ok(*words)
    assert Tag.objects.using("other").count() == 0
    Product._base_manager.using("other").filter(pk=43).update(price="9.00")
    Tag.objects.using("other").create(pk=99, name="Mine", slug="mine")
    Product._base_manager.using("other").get(pk=43).tags.add(99)
    ok("commit", "loose", "-m", "Dearer", "--database=other")
    changed = git("diff", "--name-only", "main~1", "main")
    assert changed == "loose/bakery.product/0/0/43.json"
    text = git("show", f"main:{changed}")
    for key in (3, 12, 20, 99):
        assert f'"bakery.tag:{key}"' in text
    out = ok("status", "loose", "--database=other")
    assert "clean" in out
    assert "nothing to write" in ok(*words)
    DATASETS.pop("shop")
    clean(ok)


def _price_default(value: object) -> None:
    field = Product._meta.get_field("price")
    field.default = value
    field.__dict__.pop("_get_default", None)  # Django remembers what it made of the old one


def test_excluded_fields(shop: None, ok: Ok) -> None:
    DATASETS["shop"] = [*SHOP[:2], spec("product", exclude=["price", "changed"]), SHOP[3]]
    _price_default(1)
    try:
        ok("commit", "-m", "Without prices", "--drop-fields")
        ok(*APPLY)
        assert {str(p.price) for p in Product._base_manager.using("other")} == {"1.00"}
        Product._base_manager.using("other").update(price="7.77")
        Product._base_manager.filter(pk=41).update(name="Autumn bread")
        ok("commit", "-m", "Autumn")
        ok(*APPLY)
        clean(ok)
    finally:
        _price_default(NOT_PROVIDED)
    assert {str(p.price) for p in Product._base_manager.using("other")} == {"7.77"}
    assert Product._base_manager.using("other").get(pk=41).name == "Autumn bread"


def test_fields_that_no_record_can_hold(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    """A commit without them would look complete, and an apply would empty them."""
    DATASETS["places"] = [{"model": "workshop.place", "delete_missing": True}]
    here, other = Place.objects.using("default"), Place.objects.using("other")
    here.create(pk=1, name="Mill", shape="here")
    other.create(pk=1, name="Old mill", shape="there")
    ok("init")
    for arguments in (("commit", "-m", "Places"), ("status",), APPLY):
        said = run(*arguments)
        assert said.code == 2, said
        assert "no record can hold field 'shape' of workshop.place" in said.err
        assert "'exclude': ['shape']" in said.err
    DATASETS["places"] = [{"model": "workshop.place", "delete_missing": True, "exclude": ["shape"]}]
    ok("commit", "-m", "Places")
    ok(*APPLY, "--force")
    assert list(other.values_list("name", "shape")) == [("Mill", "there")]
    here.create(pk=2, name="Inn", shape="here")
    here.filter(pk=1).update(name="New mill")
    ok("commit", "-m", "One more")
    said = run(*APPLY)
    assert said.code == 1, said
    assert "no row can be created: field 'shape' is excluded" in said.err
    assert list(other.values_list("name", "shape")) == [("Mill", "there")]


def test_a_record_in_two_dumps_of_which_one_is_older(shop: None, ok: Ok, run: Run) -> None:
    """The commit says two things of one record: neither is written."""
    DATASETS["tags"] = [spec("tag")]
    ok("commit", "-m", "Both")
    ok(*APPLY)
    Tag.objects.filter(pk=3).update(name="Bio")
    ok("commit", "shop", "-m", "One of them")
    before = raw.snapshot("other")
    said = run(*APPLY)
    assert said.code == 3, said
    assert "bakery.tag:3" in said.err
    assert raw.snapshot("other") == before
    ok("commit", "-m", "The other, too")
    ok(*APPLY)
    assert Tag.objects.using("other").get(pk=3).name == "Bio"
    clean(ok)


def test_a_record_moves_between_two_dumps(shop: None, ok: Ok) -> None:
    DATASETS.clear()
    DATASETS["bread"] = [spec("category", filter={"position": 0})]
    DATASETS["cake"] = [spec("category", filter={"position": 1})]
    Category.objects.filter(pk=2).update(parent=None)
    Category.objects.create(pk=8, name="Cake", slug="cake", position=1)
    ok("commit", "-m", "Two dumps")
    words = ("checkout", "main", "--apply", "--yes", "--database=other")
    ok(*words)
    Category.objects.filter(pk=2).update(position=1, name="Rye cake")
    ok("commit", "-m", "Moved")
    ok(*words)
    assert Category.objects.using("other").get(pk=2).name == "Rye cake"
    clean(ok)
    Category.objects.using("other").filter(pk=2).update(position=0)
    ok("commit", "-m", "Back", "--database=other")
    ok("checkout", "main", "--apply", "--yes")
    assert Category.objects.get(pk=2).position == 0
    clean(ok, "default")
