"""Records that refer to each other in circles come back, whatever they are named by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model
from django.test import override_settings

from tests.fronts.models import (
    Album,
    Atlas,
    Chain,
    Chest,
    Cover,
    Door,
    Drawer,
    Grant,
    Lid,
    Loop,
    Map,
    Page,
    Photo,
    Section,
    Shop,
    Shortcut,
    Sticker,
    Volume,
)
from tests.verbs.conftest import Run

Ok = Callable[..., str]
SPECS: list[dict[str, Any]] = []


def datasets() -> dict[str, Any]:
    return {"d": {"specs": lambda _arguments: SPECS}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": "tests.verbs.test_circles.datasets"}):
        yield
    SPECS.clear()


def specs(*models: type[Model], **identity: Any) -> None:
    for model in models:
        label = model._meta.label_lower
        named = {"identity": identity[model.__name__]} if model.__name__ in identity else {}
        SPECS.append({"model": label, "delete_missing": True, **named})


def rows(*models: type[Model]) -> dict[str, list[Any]]:
    """What the rows say by their slugs, as primary keys need not come back."""
    found = {}
    for model in models:
        names = [
            f"{each.name}__slug" if each.is_relation and each.related_model in models else each.name
            for each in model._meta.concrete_fields
            if each.name != "id" and each.related_model is not ContentType
        ]
        found[model.__name__] = sorted(model._base_manager.values_list(*names))
    return found


def wipe(*models: type[Model]) -> None:
    whole = transaction.atomic()
    with whole, connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def come_back(ok: Ok, *models: type[Model]) -> None:
    """Commit, lose everything, apply: the rows are what they were."""
    before = rows(*models)
    ok("init")
    ok("commit", "d", "-m", "As it was")
    with transaction.atomic():
        wipe(*models)
    ok("checkout", "main", "--apply", "--force", "--yes")
    assert rows(*models) == before
    assert "clean" in ok("status")
    connection.check_constraints()


SLUGS = ["slug"]
WITHIN = ["section", "slug"]


@pytest.mark.parametrize("named", ["pk", "slug", "within", "through", "section"])
@pytest.mark.parametrize(
    "models",
    [(Section, Page, Shortcut), (Album, Photo), (Chest, Drawer), (Volume, Cover), (Atlas, Map)],
    ids=lambda models: models[0].__name__,
)
def test_sections_with_a_front_page(
    db: str, ok: Ok, models: tuple[type[Any], ...], named: str
) -> None:
    section, page, *others = models
    identity = {
        "pk": {},
        "slug": {section.__name__: SLUGS, page.__name__: SLUGS},
        "within": {section.__name__: SLUGS, page.__name__: WITHIN},
        "through": {page.__name__: WITHIN},
        "section": {section.__name__: SLUGS},
    }
    specs(*models, **identity[named])
    section.objects.create(slug="gone").delete()  # so that keys do not start with 1
    for slug in "ab":
        made = section.objects.create(slug=slug)
        made.front = page.objects.create(slug=f"p{slug}", section=made)
        made.save()
        for other in others:
            other.objects.create(section=made)
    come_back(ok, *models)


@pytest.mark.parametrize("slugs", [True, False])
@pytest.mark.parametrize(
    "models", [(Volume, Cover), (Atlas, Map)], ids=lambda each: each[0].__name__
)
def test_a_row_named_by_the_row_that_its_primary_key_refers_to(
    db: str, ok: Ok, models: tuple[type[Any], ...], slugs: bool
) -> None:
    """Whether that row itself is named so (one key for both) or not."""
    section, page = models
    identity: dict[str, Any] = {page.__name__: ["section__slug"]}
    specs(*models, **identity, **({section.__name__: SLUGS} if slugs else {}))
    section.objects.create(slug="gone").delete()
    for slug in "ab":
        made = section.objects.create(slug=slug)
        made.front = page.objects.create(slug=f"p{slug}", section=made)
        made.save()
    come_back(ok, *models)


@pytest.mark.parametrize("there", [False, True])
def test_a_check_holds_while_a_reference_waits(db: str, ok: Ok, there: bool) -> None:
    """The shop is open and has no door yet, whether it is created or was closed before."""
    specs(Shop, Door, Shop=SLUGS, Door=SLUGS)
    shop = Shop.objects.create(slug="a")
    ok("init")
    ok("commit", "d", "-m", "Closed")
    shop.front, shop.open = Door.objects.create(slug="b", section=shop), True
    shop.save()
    before = rows(Shop, Door)
    ok("commit", "d", "-m", "Open")
    if there:
        ok("checkout", "main~1", "--apply", "--yes")
    else:
        wipe(Shop, Door)
    ok("checkout", "main", "--apply", "--force", "--yes")
    assert rows(Shop, Door) == before
    assert "clean" in ok("status")


def in_circles(model: Any, *rows: dict[str, Any]) -> None:
    with transaction.atomic(), connection.constraint_checks_disabled():
        for row in rows:
            model(**row).save(force_insert=True)


@pytest.mark.parametrize("identity", ["pk", SLUGS])
def test_rows_that_refer_to_themselves_and_to_each_other(db: str, ok: Ok, identity: Any) -> None:
    specs(Loop, Loop=identity)
    in_circles(
        Loop,
        {"pk": 7, "slug": "a", "next_id": 7, "named_id": "a", "twin_id": 7},
        {"pk": 8, "slug": "b", "next_id": 9, "named_id": "c", "twin_id": 9},
        {"pk": 9, "slug": "c", "next_id": 8, "named_id": "b", "twin_id": 8},
        {"pk": 10, "slug": "d", "next_id": 7, "named_id": "a", "twin_id": 10},
    )
    come_back(ok, Loop)


def test_a_circle_in_which_empty_references_might_collide(db: str, ok: Ok) -> None:
    specs(Chain, Chain=SLUGS)
    in_circles(
        Chain,
        {"pk": 7, "slug": "a", "next_id": 8},
        {"pk": 8, "slug": "b", "next_id": 7},
        {"pk": 9, "slug": "c", "next_id": None},
    )
    come_back(ok, Chain)


@pytest.mark.parametrize("identity", ["pk", SLUGS])
def test_generic_references_in_circles(db: str, ok: Ok, identity: Any) -> None:
    specs(Sticker, Sticker=identity)
    about = ContentType.objects.get_for_model(Sticker)
    for pk, other in ((7, 8), (8, 7), (9, 9)):
        Sticker.objects.create(pk=pk, slug=f"s{pk}", content_type=about, object_id=other)
    before = [each.about.slug for each in Sticker.objects.order_by("slug")]
    specs_before = list(SPECS)
    assert specs_before
    ok("init")
    ok("commit", "d", "-m", "As it was")
    Sticker.objects.all().delete()
    ok("checkout", "main", "--apply", "--force", "--yes")
    assert [each.about.slug for each in Sticker.objects.order_by("slug")] == before
    assert "clean" in ok("status")


def test_a_generic_reference_names_its_record(db: str, ok: Ok, run: Run) -> None:
    """Wherever the row that it leads to lies, and whatever its primary key is."""
    specs(Section, Grant, Section=SLUGS, Grant=["who", "about"])
    for slug in "ab":
        Grant.objects.create(who="ann", about=Section.objects.create(slug=slug))
    ok("init")
    ok("commit", "d", "-m", "Grants")
    Section.objects.all().delete()
    Grant.objects.all().delete()
    Section.objects.create(slug="gone").delete()
    last = Section.objects.create(slug="b")  # under another primary key
    Grant.objects.create(who="ann", about=last, level=7)
    ok("checkout", "main", "--apply", "--force", "--yes")
    found = [(each.about.slug, each.level) for each in Grant.objects.all()]
    assert sorted(found) == [("a", 0), ("b", 0)]
    assert "clean" in ok("status")
    assert run("check").code == 0
    Grant.objects.filter(object_id=str(last.pk)).update(object_id="4711")
    said = run("status")
    assert (said.code, "Traceback" in said.err) == (1, False)
    assert "has no key: who, about must not be NULL or lead nowhere" in said.err


def test_a_one_to_one_key_without_constraint(db: str, ok: Ok, run: Run) -> None:
    """Its target need not be there."""
    specs(Section, Lid)
    Lid.objects.create(section_id=7, colour="red")
    come_back(ok, Lid)
    assert run("check").code == 0


def test_a_local_one_to_one_key_without_constraint_needs_its_target(
    db: str, ok: Ok, run: Run
) -> None:
    specs(Section, Lid, Section=SLUGS)
    made = Section.objects.create(slug="a")
    Lid.objects.create(section=made, colour="red")
    come_back(ok, Section, Lid)
