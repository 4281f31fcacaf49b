"""Rows that make room for records of the commit: which may, and what they get and keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import override_settings

from contentgit.datasets import specs_for_models
from contentgit.git.program import Program
from tests import raw
from tests.bakery.models import Category, Note
from tests.verbs.conftest import Run
from tests.zoo.models import Essay, Piece

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)
UPDATE = ("update", "--yes", OTHER)


def datasets() -> dict[str, Any]:
    """The position of a category is each site's own; it chooses what the second dump has."""
    categories = {"model": "bakery.category", "exclude": ["position"]}
    high = {**categories, "filter": {"position__gte": 5}}
    return {
        "all": {"specs": lambda _: [categories]},
        "high": {"specs": lambda _: [high]},
        "pieces": {"specs": lambda _: specs_for_models([Piece, Essay])},
    }


@pytest.fixture(autouse=True)
def own_datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets"}):
        yield


def note(row: Any) -> None:
    """A note about the row in the other database, which refers to it by its number."""
    kind = ContentType.objects.db_manager("other").get_for_model(type(row))
    Note.objects.using("other").create(content_type=kind, object_id=row.pk, text=str(row.pk))


def refuses_new_keys(run: Run, *words: str) -> None:
    """The call is refused, also with new keys for rows made here, and these are not offered."""
    before = raw.snapshot("other")
    for more in ((), ("--renumber",)):
        refused = run(*words, *more)
        assert refused.code == 3
        assert "gives rows that were made here" not in refused.err
        assert raw.snapshot("other") == before


def test_a_row_stays_that_only_got_a_child(databases: Any, ok: Ok, run: Run) -> None:
    """Both made an essay of a piece that both have: the piece keeps its key, and what refers to it."""
    Piece.objects.create(pk=5, title="Common")
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    note(Piece(pk=5))
    for alias in ("default", "other"):
        essay = Essay(essay_piece_id=5, pk=5, id=5, title="Common", topic=alias)
        essay.save_base(raw=True, using=alias)
    ok("commit", "-m", "An essay")
    refuses_new_keys(run, *UPDATE)


@pytest.mark.parametrize("names", [(), ("high",)])
def test_a_row_stays_that_only_came_to_another_dump(
    databases: Any, ok: Ok, run: Run, names: tuple[str, ...]
) -> None:
    """One dump has always had it, whether that is applied, too, or not."""
    for alias in ("default", "other"):
        Category.objects.using(alias).create(pk=3, name="Common", slug="c", position=1)
        Category.objects.using(alias).create(pk=4, name="High", slug="h", position=7)
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    note(Category(pk=3))
    Category.objects.filter(pk=3).update(position=9, name="Changed")
    Category.objects.using("other").filter(pk=3).update(position=9)
    ok("commit", "-m", "An edit")
    refuses_new_keys(run, *UPDATE, *names)


def left(ok: Ok) -> None:
    """The commit has no category 9 any more; it stays in the other database, with what refers to it."""
    for pk, parent in ((1, None), (9, None), (10, 9)):
        Category.objects.create(pk=pk, name=f"c{pk}", slug=f"c{pk}", parent_id=parent)
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    Category.objects.filter(pk__gte=9).delete()
    ok("commit", "-m", "Gone")
    ok(*UPDATE)
    assert "clean" in ok("status", OTHER)


def test_a_row_that_only_stays_is_no_edit_under_another_key(databases: Any, ok: Ok) -> None:
    left(ok)
    Category.objects.create(pk=9, name="New", slug="new")
    ok("commit", "-m", "New")
    ok(*UPDATE, "--renumber")
    found = Category.objects.using("other").order_by("pk").values_list("pk", "name", "parent_id")
    assert [*found] == [(1, "c1", None), (9, "New", None), (10, "c10", 11), (11, "c9", None)]
    assert "clean" in ok("status", OTHER)
    ok(*APPLY)
    assert "clean" in ok("status", OTHER)


def test_a_row_that_only_stays_makes_room_for_one_that_moves(
    databases: Any, ok: Ok, run: Run
) -> None:
    left(ok)
    Category.objects.create(pk=8, name="Barley", slug="barley")
    ok("commit", "-m", "Barley")
    Category.objects.using("other").create(pk=8, name="Oat", slug="oat", position=42)
    ok("commit", "--branch", "live", "-m", "Oat", OTHER)
    assert run("merge", "live").code == 3
    ok("resolve", "--all", "--renumber", "theirs")
    ok("merge", "--continue")
    assert run(*UPDATE).code == 3
    ok(*UPDATE, "--renumber")
    oat = Category.objects.using("other").get(name="Oat")
    assert oat.position == 42
    assert Category.objects.using("other").get(name="c10").parent.name == "c9"
    assert "clean" in ok("status", OTHER)


def test_there_may_be_no_key_above(databases: Any, ok: Ok, run: Run) -> None:
    Category.objects.create(pk=1, name="Both", slug="both")
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    for pk, name in ((2, "new"), (2**63 - 1, "last")):
        Category.objects.create(pk=pk, name=name, slug=name)
    ok("commit", "-m", "More")
    Category.objects.using("other").create(pk=2, name="mine", slug="mine")
    before = raw.snapshot("other")
    for more in ((), ("--dry-run",)):
        refused = run("update", "--yes", "--renumber", *more, OTHER)
        assert refused.code == 3
        assert "bakery.category:9223372036854775807 is in use" in refused.err
        assert "give bakery.category:9223372036854775807 a lower key" in refused.err
        assert raw.snapshot("other") == before


def test_a_row_does_not_get_the_key_of_one_that_is_gone(databases: Any, ok: Ok) -> None:
    """A note, which Django leaves behind, would be about it."""
    Category.objects.create(name="Both", slug="both")
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    there = Category.objects.using("other")
    mine = there.create(name="Mine", slug="mine")
    Category.objects.create(pk=mine.pk, name="New", slug="new")
    ok("commit", "-m", "New")
    gone = there.create(name="Gone", slug="gone")
    note(gone)
    key = gone.pk
    gone.delete()
    ok(*UPDATE, "--renumber")
    assert there.get(name="Mine").pk > key
    there.create(name="Later", slug="later")


def test_rows_go_back_without_a_process_for_each(
    databases: Any, ok: Ok, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that made room in an undo, all of one commit."""
    Category.objects.create(pk=1, name="Both", slug="both")
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    for alias in ("default", "other"):
        names = [f"{alias}-{number}" for number in range(20)]
        rows = [Category(pk=900 + n, name=name, slug=name) for n, name in enumerate(names)]
        Category.objects.using(alias).bulk_create(rows)
    ok("commit", "-m", "More")
    ok("commit", "--branch", "live", "-m", "More", OTHER)
    assert run("merge", "live").code == 3
    ok("resolve", "--all", "--renumber", "theirs")
    ok("merge", "--continue")
    ok(*APPLY)
    ok("undo", "--yes", OTHER)
    started: list[str] = []
    start, ask = Program.start, Program.ask

    def noted_start(program: Program, verb: str, *arguments: str, **options: Any) -> Any:
        started.append(verb)
        return start(program, verb, *arguments, **options)

    def noted_ask(program: Program, verb: str, *arguments: str, **options: Any) -> Any:
        started.append(verb)
        return ask(program, verb, *arguments, **options)

    monkeypatch.setattr(Program, "start", noted_start)
    monkeypatch.setattr(Program, "ask", noted_ask)
    assert "40 to get another key" in ok("checkout", "main", OTHER)
    assert len(started) < 20, started
