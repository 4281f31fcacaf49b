"""The project's own code writes rows of the dumps while an apply runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.db.models import F
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from contentgit.datasets import validate
from contentgit.db import ledger
from contentgit.signals import pre_apply
from tests import raw
from tests.bakery.models import Category, Ingredient, NewsPage, Product, Tag
from tests.verbs.conftest import Run
from tests.workshop.models import Trail

Ok = Callable[..., str]
SPECS: list[dict[str, Any]] = []
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")


def datasets() -> dict[str, Any]:
    return {"d": {"specs": lambda _: SPECS}}


def given(*labels: str, **keys: dict[str, Any]) -> None:
    """The specs of the models; keys of one of them under its name."""
    SPECS[:] = [
        {"model": label, "delete_missing": True, **keys.get(label.partition(".")[2], {})}
        for label in labels
    ]


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        yield


@contextmanager
def listening(receive: Any, *signals: Any, sender: Any = Tag) -> Iterator[None]:
    with ExitStack() as stack:
        for each in signals:
            each.connect(receive, sender=sender, weak=False)
            stack.callback(each.disconnect, receive, sender=sender)
        yield


def record_trail(signal: Any, instance: Tag, using: str, **_: Any) -> None:
    """A history table, as packages keep it."""
    kind = "+" if signal is post_save else "-"
    count = Trail.objects.using(using).count()
    Trail.objects.using(using).create(tag=instance.pk, text=f"{kind} {instance.name} {count}")


def commit(ok: Ok, message: str) -> None:
    ok("commit", "-m", message)


@pytest.fixture
def tags(databases: tuple[str, str], ok: Ok) -> None:
    """Two tags and their history, committed; the other database is empty."""
    given("bakery.tag", "workshop.trail")
    with listening(record_trail, post_save, post_delete):
        for number in (1, 2):
            Tag.objects.create(pk=number, name=f"t{number}", slug=f"t{number}")
    ok("init")
    commit(ok, "Two tags")


def trails(using: str) -> list[tuple[int, int, str]]:
    return list(Trail.objects.using(using).order_by("pk").values_list("pk", "tag", "text"))


def state() -> Any:
    return raw.snapshot("other"), ledger.history("other")


def clean(ok: Ok) -> None:
    assert "clean" in ok("status", "--database=other")
    assert trails("other") == trails("default")


REFUSED = [
    "tests.verbs.test_receivers.record_trail (post_save of bakery.tag) wrote to table workshop_trail",
    '"write_last": True into the spec of workshop.trail',
    '"signals": False into the spec of bakery.tag',
]


def test_rows_that_a_receiver_adds_are_refused_and_named(tags: None, ok: Ok, run: Run) -> None:
    ok(*APPLY)
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Edit")
    before = state()
    with listening(record_trail, post_save):
        said = run(*APPLY)
    assert said.code == 3, said.err
    for text in ("workshop.trail:3 was created", *REFUSED):
        assert text in said.err
    assert state() == before
    ok(*APPLY)
    clean(ok)


def test_a_row_that_collides_with_what_a_receiver_wrote_names_it(
    tags: None, ok: Ok, run: Run
) -> None:
    def earlier(instance: Tag, using: str, **_: Any) -> None:
        Trail.objects.using(using).create(pk=2, tag=instance.pk, text="mine")

    before = state()
    with listening(earlier, post_save):
        Tag.objects.filter(pk=2).delete()
        commit(ok, "One tag")
        said = run(*APPLY)
    assert said.code == 1, said.err
    assert ".earlier (post_save of bakery.tag) wrote to table workshop_trail" in said.err
    assert '"write_last": True into the spec of workshop.trail' in said.err
    assert state() == before


def test_a_receiver_that_collides_itself_is_named(tags: None, run: Run) -> None:
    """On PostgreSQL its rows get keys that the apply has just written."""

    def later(instance: Tag, using: str, **_: Any) -> None:
        Trail.objects.using(using).create(pk=1, tag=instance.pk, text="mine")
        Trail.objects.using(using).create(pk=1, tag=instance.pk, text="again")

    before = state()
    with listening(later, post_save):
        said = run(*APPLY)
    assert said.code == 1
    assert "a receiver of post_save of bakery.tag with primary key 1 raised" in said.err
    assert ".later (post_save of bakery.tag) wrote to table workshop_trail" in said.err
    assert '"write_last": True into the spec of workshop.trail' in said.err
    assert state() == before


def test_rows_where_the_plan_writes_nothing_are_refused(tags: None, ok: Ok, run: Run) -> None:
    ok(*APPLY)
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Edit")
    before = state()

    def change(using: str, **_: Any) -> None:
        Trail.objects.using(using).filter(pk=1).update(text="changed")
        Trail.objects.using(using).filter(pk=2).delete()

    with listening(change, post_save):
        said = run(*APPLY)
    assert said.code == 3
    assert "workshop.trail:1 was changed" in said.err
    assert "workshop.trail:2 was deleted" in said.err
    assert state() == before


def test_what_a_receiver_writes_again_is_what_the_commit_says(tags: None, ok: Ok) -> None:
    """A receiver may write as it likes where the row ends as it should be."""
    ok(*APPLY)
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Edit")

    def touch(using: str, **_: Any) -> None:
        Trail.objects.using(using).filter(pk=1).update(tag=1)

    with listening(touch, post_save):
        ok(*APPLY)
    clean(ok)


def test_a_row_that_a_receiver_makes_again_is_refused(tags: None, ok: Ok, run: Run) -> None:
    ok(*APPLY)
    Tag.objects.filter(pk=1).delete()
    commit(ok, "One tag")
    before = state()

    def revive(instance: Tag, using: str, **_: Any) -> None:
        Tag.objects.using(using).create(pk=1, name=instance.name, slug=instance.slug)

    with listening(revive, post_delete):
        said = run(*APPLY)
    assert said.code == 3, said.err
    assert "bakery.tag:1 was created" in said.err
    assert state() == before


def test_a_row_that_stays_and_loses_a_reference_is_no_edit(
    databases: tuple[str, str], ok: Ok
) -> None:
    given("bakery.category", "bakery.tag", "bakery.product", "bakery.page", "bakery.newspage")
    for spec in SPECS[3:]:
        spec["delete_missing"] = False
    category = Category.objects.create(pk=1, name="c", slug="c")
    product = Product.objects.create(pk=1, name="p", slug="p", category=category, price=1)
    page = NewsPage.objects.create(title="n", slug="n", day=date(2020, 1, 1), about=product)
    ok("init")
    commit(ok, "A page")
    ok(*APPLY)
    page.delete()
    product.delete()
    commit(ok, "Neither")

    def touch(using: str, **_: Any) -> None:
        NewsPage.objects.using(using).update(body=F("body"))

    with listening(touch, post_delete, sender=Product):
        ok(*APPLY, "--allow-cascade")
    assert [each.about for each in NewsPage.objects.using("other")] == [None]
    assert "clean" in ok("status", "--database=other")
    assert "Nothing to commit" in ok("commit", "-m", "Nothing", "--database=other")
    ok("undo", "--yes", "--database=other")
    assert [each.about_id for each in NewsPage.objects.using("other")] == [1]
    assert "clean" in ok("status", "--database=other")


def test_a_row_that_stays_and_loses_a_link_is_no_edit(databases: tuple[str, str], ok: Ok) -> None:
    given("bakery.category", "bakery.tag", "bakery.product")
    for spec in (SPECS[0], SPECS[2]):
        spec["delete_missing"] = False
    category = Category.objects.create(pk=1, name="c", slug="c")
    product = Product.objects.create(pk=1, name="p", slug="p", category=category, price=1)
    tag = Tag.objects.create(pk=1, name="t", slug="t")
    Tag.objects.create(pk=2, name="stays", slug="stays")
    product.tags.add(tag)
    ok("init")
    commit(ok, "A product")
    ok(*APPLY)
    product.delete()
    category.delete()
    tag.delete()
    commit(ok, "Neither")
    ok(*APPLY, "--allow-cascade")
    assert not Product.objects.using("other").get().tags.exists()
    assert "clean" in ok("status", "--database=other")
    assert "Nothing to commit" in ok("commit", "-m", "Nothing", "--database=other")


def test_models_written_last_are_what_the_commit_says(tags: None, ok: Ok) -> None:
    given("bakery.tag", "workshop.trail", trail={"write_last": True})
    with listening(record_trail, post_save, post_delete):
        ok(*APPLY)
        clean(ok)
        Tag.objects.get(pk=1).delete()
        tag = Tag.objects.get(pk=2)
        tag.name = "new"
        tag.save()
        Tag.objects.create(pk=3, name="t3", slug="t3")
        Trail.objects.filter(pk=1).delete()
        commit(ok, "Everything")
        ok(*APPLY)
        clean(ok)
        ok("undo", "--yes", "--database=other")
    assert [pk for pk, _, _ in trails("other")] == [1, 2]
    assert "clean" in ok("status", "--database=other")


def test_an_undo_brings_back_what_is_no_content_of_models_written_last(tags: None, ok: Ok) -> None:
    """Such rows come back from beside the dumps, and receivers write to their table all the same."""
    trail = {"write_last": True, "exclude": ["about"]}
    given("bakery.category", "bakery.tag", "workshop.trail", trail=trail)
    Category.objects.create(pk=1, name="Bread", slug="bread")
    commit(ok, "A category")
    ok(*APPLY)
    Trail.objects.using("other").update(about=1)
    Trail.objects.filter(pk=1).delete()
    Category.objects.all().delete()
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Delete")
    with listening(record_trail, post_save, post_delete):
        ok(*APPLY, "--allow-empty", "--allow-cascade")
        clean(ok)
        ok("undo", "--yes", "--database=other")
    rows = Trail.objects.using("other").order_by("pk").values_list("pk", "about")
    assert list(rows) == [(1, 1), (2, 1)]
    assert "clean" in ok("status", "--database=other")


def test_an_undo_calls_no_receivers_of_a_model_without_signals(tags: None, ok: Ok) -> None:
    trail = {"signals": False, "exclude": ["about"]}
    given("bakery.category", "bakery.tag", "workshop.trail", trail=trail)
    ok(*APPLY)
    Trail.objects.filter(pk=1).delete()
    commit(ok, "Delete")
    called: list[Any] = []
    with listening(lambda **more: called.append(more), post_save, post_delete, sender=Trail):
        ok(*APPLY)
        ok("undo", "--yes", "--database=other")
    assert not called
    assert "clean" in ok("status", "--database=other")


def test_unique_values_that_receivers_took_are_taken_back(tags: None, ok: Ok) -> None:
    given("bakery.tag", "workshop.trail", trail={"write_last": True})
    ok(*APPLY)
    Trail.objects.filter(pk=1).update(text="a")
    Trail.objects.filter(pk=2).update(text="b")
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Edit")

    def takes(using: str, **_: Any) -> None:
        rows = Trail.objects.using(using)
        rows.filter(pk=1).update(text="b")
        rows.filter(pk=2).update(text="a")
        rows.create(pk=77, tag=7, text="c")

    with listening(takes, post_save):
        ok(*APPLY)
    clean(ok)


def test_models_written_last_without_any_receiver(tags: None, ok: Ok) -> None:
    given("bakery.tag", "workshop.trail", trail={"write_last": True})
    ok(*APPLY)
    clean(ok)
    Trail.objects.all().delete()
    Tag.objects.all().delete()
    commit(ok, "Nothing")
    ok(*APPLY, "--allow-empty")
    clean(ok)


SLUG = {"identity": ["slug"]}
LAST = {"write_last": True}


def test_rows_refer_to_rows_written_last(databases: tuple[str, str], ok: Ok) -> None:
    """Required references are given once the row is there, whatever names it."""
    labels = ("category", "product", "ingredient", "page", "newspage")
    specs = {"product": SLUG | LAST, "page": SLUG | LAST, "newspage": LAST}
    given(*(f"bakery.{each}" for each in labels), **specs)
    bread = Category.objects.create(name="Bread", slug="bread")
    rye = Product.objects.create(name="Rye", slug="rye", category=bread, price=1)
    Ingredient.objects.create(product=rye, name="Rye")
    NewsPage.objects.create(title="New", slug="new", day=date(2026, 1, 1), about=rye)
    ok("init")
    commit(ok, "Everything")

    def bake(instance: Category, using: str, **_: Any) -> None:
        rows = Product.objects.using(using)
        rows.create(name="Own", slug="own", category_id=instance.pk, price=2)

    with listening(bake, post_save, sender=Category):
        ok(*APPLY)
    assert "clean" in ok("status", "--database=other")
    assert Ingredient.objects.using("other").get().product.slug == "rye"


def test_no_key_is_made_of_what_is_written_last(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """What the system checks call an error (E040) cannot be applied."""
    given("bakery.page", "bakery.newspage", page=SLUG | LAST)
    NewsPage.objects.create(title="New", slug="new", day=date(2026, 1, 1))
    ok("init")
    commit(ok, "A page")
    assert datasets_problems() == ["contentgit.E040"]
    assert run(*APPLY).code == 1
    given("bakery.page", "bakery.newspage", page=SLUG | LAST, newspage=LAST)
    assert datasets_problems() == []
    ok(*APPLY)


def datasets_problems() -> list[str]:
    return [each.id for each in validate(f"{__name__}.datasets") if each.is_error]


def test_receivers_of_a_model_without_signals_are_not_called(tags: None, ok: Ok) -> None:
    given("bakery.tag", "workshop.trail", tag={"signals": False})
    called: list[Any] = []
    with listening(lambda **more: called.append(more), post_save, post_delete, pre_save):
        ok(*APPLY)
        Tag.objects.filter(pk=1).delete()
        commit(ok, "Delete")
        called.clear()
        ok(*APPLY)
    assert not called
    clean(ok)


def test_receivers_of_links_write_too(tags: None, ok: Ok, run: Run) -> None:
    labels = ("bakery.category", "bakery.tag", "bakery.product", "workshop.trail")
    given(*labels)
    bread = Category.objects.create(pk=1, name="Bread", slug="bread")
    product = Product.objects.create(pk=1, name="Rye", slug="rye", category=bread, price=1)
    product.tags.add(1)
    commit(ok, "A product")

    def linked(using: str, action: str, **_: Any) -> None:
        rows = Trail.objects.using(using)
        rows.create(pk=900 + rows.count(), tag=9, text=f"linked {action}")

    before = state()
    with listening(linked, m2m_changed, sender=Product.tags.through):
        said = run(*APPLY)
        assert said.code == 3
        assert "(m2m_changed of bakery.product) wrote to table workshop_trail" in said.err
        assert state() == before
        given(*labels, trail={"write_last": True})
        ok(*APPLY)
        clean(ok)
        given(*labels, product={"signals": False})
        product.tags.clear()
        commit(ok, "No tag")
        ok(*APPLY)
        clean(ok)


def test_an_apply_that_breaks_after_receivers_wrote_leaves_all_as_before(
    tags: None, ok: Ok, run: Run
) -> None:
    given("bakery.tag", "workshop.trail", trail={"write_last": True})
    before = state()

    def breaks(**_: Any) -> None:
        raise LookupError("enough")

    with listening(record_trail, post_save), listening(breaks, post_save, sender=Trail):
        said = run(*APPLY)
    assert said.code == 1
    assert "enough" in said.err
    assert state() == before


def test_pre_apply_may_not_write_rows_of_the_dumps(tags: None, run: Run) -> None:
    def writes(using: str, **_: Any) -> None:
        Trail.objects.using(using).create(tag=1, text="from pre_apply")

    before = state()
    pre_apply.connect(writes)
    try:
        said = run(*APPLY)
    finally:
        pre_apply.disconnect(writes)
    assert said.code == 3
    assert "writes (pre_apply) wrote to table workshop_trail" in said.err
    assert state() == before


def test_sql_of_which_nothing_is_known_is_looked_after(tags: None, ok: Ok, run: Run) -> None:
    def writes(using: str, **_: Any) -> None:
        with connections[using].cursor() as cursor:
            cursor.execute("/* mine */ UPDATE workshop_trail SET text = 'x' WHERE id = 1")

    ok(*APPLY)
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Edit")
    with listening(writes, post_save):
        said = run(*APPLY)
    assert said.code == 3
    assert "workshop.trail:1 was changed" in said.err


TRIGGERS = {
    "sqlite": [
        """CREATE TRIGGER trail AFTER UPDATE ON bakery_tag
        BEGIN INSERT INTO workshop_trail (tag, text) VALUES (NEW.id, 'by trigger'); END"""
    ],
    "postgresql": [
        """CREATE FUNCTION trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO workshop_trail (tag, text) VALUES (NEW.id, 'by trigger'); RETURN NEW; END $$""",
        "CREATE TRIGGER trail AFTER UPDATE ON bakery_tag FOR EACH ROW EXECUTE FUNCTION trail()",
    ],
    "mysql": [
        """CREATE TRIGGER trail AFTER UPDATE ON bakery_tag FOR EACH ROW
        INSERT INTO workshop_trail (tag, text) VALUES (NEW.id, 'by trigger')"""
    ],
}
DROP = {"postgresql": ["DROP TRIGGER trail ON bakery_tag", "DROP FUNCTION trail()"]}


@contextmanager
def trigger() -> Iterator[None]:
    connection = connections["other"]
    with connection.cursor() as cursor:
        for sql in TRIGGERS[connection.vendor]:
            cursor.execute(sql)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for sql in DROP.get(connection.vendor, ["DROP TRIGGER trail"]):
                cursor.execute(sql)


def test_triggers_write_too(tags: None, ok: Ok, run: Run) -> None:
    ok(*APPLY)
    Tag.objects.filter(pk=1).update(name="new")
    commit(ok, "Edit")
    before = state()
    with trigger():
        said = run(*APPLY)
        assert said.code == 3, said.err
        assert "workshop.trail:3 was created" in said.err
        assert "trigger trail of table bakery_tag" in said.err
        assert '"write_last": True into the spec of workshop.trail' in said.err
        assert '"signals"' not in said.err
        assert state() == before
        for key in range(3, 9):
            Trail.objects.create(pk=key, tag=1, text=f"by hand {key}")
        commit(ok, "The keys that the trigger takes")
        said = run(*APPLY)
        assert said.code == 1, said.err
        assert "trigger trail of table bakery_tag" in said.err
        assert state() == before
        given("bakery.tag", "workshop.trail", trail={"write_last": True})
        ok(*APPLY)
        clean(ok)


def test_only_what_may_have_been_written_is_read_again(tags: None, ok: Ok) -> None:
    def reads(table: str, *receivers: Any) -> int:
        """How often all rows of the table were read."""
        Tag.objects.filter(pk=1).update(name=f"new {next(numbers)}")
        commit(ok, "Edit")
        with ExitStack() as stack:
            for receive in receivers:
                stack.enter_context(listening(receive, post_save))
            made = stack.enter_context(CaptureQueriesContext(connections["other"]))
            ok(*APPLY)
        head = f"FROM {connections['other'].ops.quote_name(table)}"
        found = [each["sql"] for each in made.captured_queries]
        return sum(head in sql and "WHERE" not in sql for sql in found)

    def rewrites(using: str, **_: Any) -> None:
        Trail.objects.using(using).filter(pk=1).update(tag=1)

    def looks(using: str, **_: Any) -> None:
        list(Trail.objects.using(using).filter(pk=1))

    ok(*APPLY)
    numbers = count()
    trail, tag = reads("workshop_trail"), reads("bakery_tag")
    assert reads("workshop_trail", looks) == trail
    assert reads("workshop_trail", rewrites) == trail + 1
    assert reads("bakery_tag", rewrites) == tag


def test_the_recipe_for_histories_has_every_model() -> None:
    page = Path(__file__).parents[2] / "docs/packages.md"
    (recipe,) = re.findall(r"(?s)```python\n# app/datasets\.py\n(.*?)```", page.read_text())
    names: dict[str, Any] = {}
    exec(recipe.replace('"app"', '"bakery"').replace('"Historical"', '"Tag"'), names)
    last = {spec["model"]: spec.get("write_last", False) for spec in names["specs"]("")}
    models = apps.get_app_config("bakery").get_models()
    assert last == {each._meta.label_lower: each.__name__ == "Tag" for each in models}
