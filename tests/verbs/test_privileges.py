"""What the user of a database needs: the grants of docs/deploying.md, each to be enough and to be needed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, connection
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Page, Product, Review, Tag
from tests.verbs.conftest import Run, Said
from tests.workshop.models import Slot, Trail

pytestmark = pytest.mark.skipif(
    not connection.settings_dict["USER"], reason="this database has no users"
)

Ok = Callable[..., str]
ROLE = f"{os.environ['CONTENTGIT_TEST_NAME']}_content"  # of the whole server
PAGE = Path(__file__).parents[2] / "docs/deploying.md"
TITLES = {"postgresql": "PostgreSQL", "mysql": "MariaDB and MySQL"}
MODELS = (Category, Tag, Product, Ingredient, Page, NewsPage, Slot, Trail)
TABLES = [*(model._meta.db_table for model in MODELS), Product.tags.through._meta.db_table]
LACKS = "the database user lacks a privilege"


def datasets() -> dict[str, Any]:
    return {"shop": {"specs": lambda args: specs_for_models(MODELS, {"delete_missing": True})}}


@pytest.fixture(autouse=True)
def _project() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def stages() -> list[list[str]]:
    """The page's statements for this database: to look, to commit as well, to apply as well."""
    title = TITLES[connection.vendor]
    section = re.split(
        r"^### ", PAGE.read_text().partition(f"### {title}\n")[2], flags=re.MULTILINE
    )[0]
    blocks = re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    return [list(_here(block.strip().splitlines())) for block in blocks]


def every() -> list[str]:
    return [each for stage in stages() for each in stage]


def _here(statements: Sequence[str]) -> Iterator[str]:
    """The statements with the names of the test's role, database and tables."""
    for each in statements:
        for old, new in (
            (r"\bcontent\b", ROLE),
            (r"\bmysite\b", connection.settings_dict["NAME"]),
            (r"polls_question, polls_choice", ", ".join(TABLES)),
        ):
            each = re.sub(old, new, each)
        if "polls_question" in each:
            yield from (each.replace("polls_question", table) for table in TABLES)
        elif "polls_choice" not in each:
            yield each


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for each in statements:
            cursor.execute(each.replace("%", "%%") if "%" in each else each, [])


def remove() -> None:
    drops = [f"DROP USER {ROLE}@'%'"]
    if connection.vendor == "postgresql":
        drops = [f"DROP OWNED BY {ROLE}", f"DROP ROLE {ROLE}"]
    for each in drops:
        with suppress(Error):
            execute(each)


@pytest.fixture
def shop(db: str, ok: Ok) -> Iterator[None]:
    """A commit ``one``, and a database at a later one, which differs in every way that an apply can write."""
    remove()
    if connection.vendor == "postgresql":  # as a careful administrator has it
        execute(f"REVOKE TEMPORARY ON DATABASE {connection.settings_dict['NAME']} FROM PUBLIC")
    fill()
    slots((1, 2, 3))
    ok("init")
    ok("commit", "-m", "one")
    ok("tag", "one")
    Slot.objects.all().delete()
    slots((2, 3, 1))  # none to spare, so that an apply has to put rows away
    NewsPage.objects.create(pk=9, title="x", slug="x", day="2026-01-01", about_id=41)
    Product._base_manager.get(pk=41).tags.clear()
    Ingredient.objects.filter(pk=8).delete()
    ok("commit", "-m", "two")
    yield
    remove()


def slots(places: Sequence[int]) -> None:
    for key, place in enumerate(places, 1):
        Slot.objects.create(pk=key, name=f"slot {key}", place=place, rank=key)


@contextmanager
def as_content() -> Iterator[None]:
    """Everything meanwhile is done by the role."""
    settings = connection.settings_dict
    before = {name: settings[name] for name in ("USER", "PASSWORD")}
    connection.close()
    settings.update(USER=ROLE, PASSWORD="secret")
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


def look(run: Run) -> list[Said]:
    calls: list[list[str]] = [
        ["status"],
        ["diff"],
        ["log", "--applied"],
        ["gc", "--dry-run"],
        ["checkout", "one"],
        ["datasets"],
    ]
    with as_content():
        return [run(*words) for words in calls]


def commit(run: Run) -> list[Said]:
    Tag.objects.filter(pk=3).update(name="Bio")
    with as_content():
        return [run("commit", "-m", "three")]


def apply(run: Run) -> list[Said]:
    with as_content():
        calls = [["checkout", "one", "--apply", "--yes"], ["undo", "--yes"], ["update", "--yes"]]
        return [run(*words) for words in calls]


def test_who_may_look_can_do_nothing_else(shop: None, run: Run) -> None:
    execute(*stages()[0])
    assert [said.code for said in look(run)] == [0] * 6
    before = raw.snapshot()
    for said in apply(run)[:1]:
        assert (said.code, LACKS in said.err) == (1, True)
    assert raw.snapshot() == before
    assert [(said.code, LACKS in said.err) for said in commit(run)] == [(1, True)]


def test_a_commit_reads_no_other_tables(shop: None, run: Run) -> None:
    whole = "SELECT ON ALL TABLES IN SCHEMA public", "SELECT, TRIGGER ON "
    some = [each for each in stages()[0] if not any(part in each for part in whole)]
    to = ROLE if connection.vendor == "postgresql" else f"'{ROLE}'@'%'"
    read = [f"GRANT SELECT ON {table} TO {to}" for table in (*TABLES, "contentgit_ledger")]
    execute(*some, *read, *stages()[1])
    assert [said.code for said in commit(run)] == [0]


def test_who_may_commit_cannot_apply(shop: None, run: Run) -> None:
    execute(*stages()[0], *stages()[1])
    assert [said.code for said in look(run) + commit(run)] == [0] * 7
    before = raw.snapshot()
    said = apply(run)[0]
    assert (said.code, LACKS in said.err) == (1, True)
    assert raw.snapshot() == before


def test_a_ledger_that_cannot_be_updated(shop: None, run: Run, git: Ok) -> None:
    """The commit is made when this comes to light, and the message does not deny it."""
    grants = [each.replace("INSERT, UPDATE, DELETE", "INSERT, DELETE") for each in stages()[1]]
    assert grants != stages()[1]
    execute(*stages()[0], *grants)
    before = git("rev-parse", "main")
    (said,) = commit(run)
    tip = git("rev-parse", "main")
    assert (said.code, tip != before, LACKS in said.err) == (1, True, True), said
    assert f"commit {tip[:10]} is on branch main, but the ledger of " in said.err
    assert "nothing has changed" not in said.err
    assert run("status").code == 0
    assert run("commit", "-m", "four").code == 0


def test_who_may_apply_can_do_everything(shop: None, run: Run) -> None:
    execute(*every())
    wrong = [said.err for said in look(run) + apply(run) + commit(run) if said.code]
    assert wrong == []


def needed() -> list[str]:
    """Grants that a verb is refused without, in few words."""
    if connection.vendor == "postgresql":
        return ["SELECT ON ALL TABLES", "INSERT", "UPDATE ON ALL SEQUENCES", "TEMPORARY"]
    return ["SELECT, TRIGGER", "INSERT", "CREATE TEMPORARY"]


@pytest.mark.parametrize("place", range(4))
def test_no_grant_can_be_left_out(shop: None, run: Run, place: int) -> None:
    if place >= len(needed()):
        return
    left = [each for each in every() if needed()[place] not in each]
    assert len(left) < len(every())
    execute(*left)
    before = raw.snapshot()
    said = apply(run)[0]
    assert (said.code, LACKS in said.err) == (1, True), said
    assert raw.snapshot() == before


def test_use_of_a_sequence_is_not_enough(shop: None, run: Run) -> None:
    if connection.vendor != "postgresql":
        return
    grants = [each.replace("SELECT, UPDATE ON ALL SEQ", "USAGE ON ALL SEQ") for each in every()]
    execute(*grants)
    assert "permission denied for sequence" in apply(run)[0].err


def test_rows_outside_need_as_much_where_a_delete_reaches_them(
    shop: None, run: Run, ok: Ok
) -> None:
    Product._base_manager.create(pk=50, name="new", slug="new", category_id=1, price=2)
    ok("commit", "-m", "three")
    Review.objects.create(pk=1, product_id=50, text="hm")
    execute(*every())
    words = ["checkout", "one", "--apply", "--yes", "--allow-cascade"]
    with as_content():
        said = run(*words)
    assert (said.code, "bakery_review" in said.err, LACKS in said.err) == (1, True, True)
    execute(*(each for each in grants_for("bakery_review")))
    with as_content():
        assert [run(*words).code, run("undo", "--yes").code] == [0, 0]
    assert Review.objects.count() == 1


def grants_for(table: str) -> Iterator[str]:
    for each in stages()[2]:
        if TABLES[0] in each:
            yield each.replace(", ".join(TABLES), table).replace(TABLES[0], table)


@contextmanager
def trigger() -> Iterator[None]:
    """Whoever updates a product writes a row of the dump."""
    execute(
        "CREATE TRIGGER trail AFTER UPDATE ON bakery_product FOR EACH ROW"
        " INSERT INTO workshop_trail (tag, text) VALUES (1, UUID())"
    )
    try:
        yield
    finally:
        execute("DROP TRIGGER trail")


def apply_beside_a_trigger(run: Run, grants: Sequence[str]) -> Said:
    Product._base_manager.filter(pk=42).update(name="edited")
    execute(*grants)
    with trigger(), as_content():
        return run("checkout", "main", "--apply", "--yes", "--force")


def test_what_a_trigger_writes_is_noticed_with_the_privilege_for_it(shop: None, run: Run) -> None:
    if connection.vendor != "mysql":
        return  # elsewhere everybody sees triggers
    said = apply_beside_a_trigger(run, every())
    assert (said.code, "trigger trail of table bakery_product" in said.err) == (3, True)


def test_a_trigger_whose_body_is_hidden_may_write_anything(shop: None, run: Run) -> None:
    if connection.vendor != "mysql":
        return
    grants = [each.replace("SELECT, TRIGGER", "SELECT") for each in every()]
    said = apply_beside_a_trigger(run, grants)
    assert (said.code, "trigger trail of table bakery_product" in said.err) == (3, True)
