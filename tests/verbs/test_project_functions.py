"""Functions of the project that give values: they are asked in an apply, where a row needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from tests.verbs.conftest import Run
from tests.workshop.models import CALLS, FAILING, GIVES, Desk, Pen, spare

Ok = Callable[..., str]
SPECS: list[dict[str, Any]] = []
FORCE = ("checkout", "main", "--apply", "--force", "--allow-cascade", "--yes")
FUNCTIONS = "tests.workshop.models"


def datasets() -> dict[str, Any]:
    return {"d": {"specs": lambda _arguments: SPECS}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    setting = {"DATASETS": "tests.verbs.test_project_functions.datasets"}
    with override_settings(CONTENTGIT=setting):
        yield
    SPECS.clear()
    FAILING.clear()
    GIVES.clear()


def begin(ok: Ok, **pens: Any) -> None:
    """Two desks in a commit, and a third which a pen lies on."""
    SPECS.append({"model": "workshop.desk", "delete_missing": True})
    if pens:
        SPECS.append({"model": "workshop.pen", "delete_missing": True, **pens})
    for pk, name in ((1, "first"), (2, "second")):
        Desk.objects.create(pk=pk, name=name)
    ok("init")
    ok("commit", "d", "-m", "Desks")
    Desk.objects.create(pk=3, name="third")
    pen(3)
    CALLS.clear()


def pen(desk: int) -> None:
    Pen.objects.create(desk_id=desk, other_id=desk, third_id=desk, sum_id=desk)


def desks() -> list[str]:
    return list(Desk.objects.order_by("pk").values_list("name", flat=True))


def test_a_plan_calls_nothing(db: str, ok: Ok, run: Run) -> None:
    begin(ok)
    assert "clears" in run("checkout", "main").err + run("checkout", "main").out
    for words in (("--force",), ("--force", "--allow-cascade")):
        run("checkout", "main", *words)
    ok("status")
    assert run("checkout", "main", "--apply", "--force", "--yes").code == 3
    assert (CALLS, desks()) == ([], ["first", "second", "third"])


def test_rows_that_lose_a_reference_are_given_what_the_functions_say(db: str, ok: Ok) -> None:
    Desk.objects.create(pk=9, name="spare")
    begin(ok)
    pen(3)
    pen(2)
    CALLS.clear()
    ok(*FORCE)
    given = list(Pen.objects.order_by("pk").values_list("desk", "other", "third", "sum"))
    assert given == [(9, 1, 1, 1), (9, 1, 1, 1), (2, 2, 2, 2)]
    assert sorted(CALLS) == ["first", "spare"]  # once each
    assert "clean" in ok("status")
    ok("undo", "--yes")
    assert list(Pen.objects.order_by("pk").values_list("desk", flat=True)) == [3, 3, 2]


def test_a_function_that_raises_ends_the_apply(db: str, ok: Ok, run: Run) -> None:
    begin(ok)
    FAILING.add("spare")
    said = run(*FORCE)
    assert said.code == 1
    assert said.err.splitlines() == [
        f"error: workshop.pen: desk is to be set: {FUNCTIONS}.spare raised LookupError: no desk is left",
        "hint: nothing has changed; correct what the field is set to, or keep the row it refers to",
    ]
    assert desks() == ["first", "second", "third"]
    assert Pen.objects.get().desk_id == 3
    assert "edited since" in ok("status")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (4711, "workshop.desk:4711, which does not exist"),
        (3, "workshop.desk:3, which this apply deletes"),
        (None, "None, which the field does not take"),
        (Desk(name="new"), "a workshop.desk that is not saved"),
        ("third", "no reference: 'third' is not an integer"),
    ],
)
def test_what_is_no_row_is_named_with_the_function(
    db: str, ok: Ok, run: Run, given: object, words: str
) -> None:
    begin(ok)
    GIVES["spare"] = given
    said = run(*FORCE)
    assert said.code == 1
    assert said.err.splitlines()[0] == (
        f"error: workshop.pen: desk is to be set, and {FUNCTIONS}.spare gives {words}"
    )
    assert said.err.splitlines()[1].startswith("hint: nothing has changed; ")
    assert (desks(), Pen.objects.get().desk_id) == (["first", "second", "third"], 3)


def test_a_row_that_the_commit_brings_can_be_given(db: str, ok: Ok) -> None:
    Desk.objects.create(pk=8, name="later")
    begin(ok)
    Desk.objects.filter(pk=8).delete()
    GIVES["spare"] = 8
    ok(*FORCE)
    assert Pen.objects.get().desk_id == 8


def test_a_function_that_writes_into_the_dump_is_named(db: str, ok: Ok, run: Run) -> None:
    """Afterwards the dump would not be what the commit says; its row can be made before, and kept."""
    begin(ok)
    said = run(*FORCE)
    assert said.code == 3
    assert said.err.splitlines() == [
        (
            "refused: a function of on_delete wrote to 1 record of the dumps during the apply, so "
            "they would differ from the commit; nothing has changed"
        ),
        "  workshop.desk:77 was created",
        f"  {FUNCTIONS}.spare (on_delete) wrote to table workshop_desk",
        (
            f"hint: call {FUNCTIONS}.spare in a shell of this database, so that what it makes is there; "
            "then apply with --merge, which keeps it"
        ),
        "hint: or first set what refers to the records to be deleted to others",
    ]
    assert (desks(), Pen.objects.get().desk_id) == (["first", "second", "third"], 3)


def test_a_row_that_the_function_made_before_is_kept_by_a_merge(db: str, ok: Ok) -> None:
    begin(ok)
    ok("commit", "d", "-m", "Three desks")
    ok("revert", "HEAD")
    spare()
    ok("checkout", "main", "--apply", "--merge", "--allow-cascade", "--yes")
    assert (desks(), Pen.objects.get().desk_id) == (["first", "second", "spare"], 77)


def test_nothing_is_asked_where_no_row_loses_a_reference(db: str, ok: Ok) -> None:
    begin(ok)
    Pen.objects.all().delete()
    ok(*FORCE)
    assert (CALLS, desks()) == ([], ["first", "second"])


def test_a_default_that_raises_ends_the_apply(db: str, ok: Ok, run: Run) -> None:
    """The column is no content: a new row gets the model's default, which is asked for each."""
    begin(ok, exclude=["colour"])
    ok("commit", "d", "-m", "A pen")
    Pen.objects.all().delete()
    FAILING.add("ink")
    CALLS.clear()
    run("checkout", "main")
    assert CALLS == []
    said = run("checkout", "main", "--apply", "--force", "--yes")
    assert said.code == 1
    assert said.err.splitlines() == [
        f"error: workshop.pen:1: colour is to get its default: {FUNCTIONS}.ink raised LookupError: no ink",
        "hint: nothing has changed; correct the default",
    ]
    assert desks() == ["first", "second", "third"]
    assert not Pen.objects.exists()
    FAILING.clear()
    ok("checkout", "main", "--apply", "--force", "--yes")
    assert Pen.objects.get().colour == "blue"
