"""Positions in trees that no library writes, ties and gaps: applied in one order, and no edit afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path as Folder
from typing import Any

import pytest
from django.db import connections
from django.db.models import signals
from django.test.utils import CaptureQueriesContext

from tests.orchard.models import Linked, Nested, Path
from tests.verbs import test_trees as trees
from tests.verbs.conftest import Run
from tests.verbs.test_trees import APPLY, NUMBERED, OTHER, add, begin, move, outline, remove
from tests.verbs.test_trees import _datasets as _datasets

Ok = Callable[..., str]
Git = Callable[..., str]
SITES = ("default", "other")


def assert_clean(ok: Ok, model: Any) -> None:
    """Both sites have applied the branch, in one order, and nothing is an edit of either."""
    for alias in SITES:
        at = f"--database={alias}"
        trees.assert_sound(model, alias)
        assert "clean" in ok("status", at)
        assert "Nothing to commit" in ok("commit", "-m", "Nothing", at)
        assert "position" not in ok("diff", at)
        ok("checkout", "main", "--apply", "--yes", at)
    assert outline(model) == outline(model, "other")


def apply(ok: Ok) -> None:
    ok("checkout", "main", "--apply", "--yes")
    ok(*APPLY)


def file_of(repository_path: Folder, model: Any, name: str) -> Folder:
    row = model._base_manager.get(name=name)
    folder = repository_path / "trees" / model._meta.label_lower
    (found,) = folder.rglob(f"{row.pk}.json")
    return found


@pytest.fixture
def put(git: Git, repository_path: Folder) -> Callable[..., None]:
    """Commits positions as plain git may leave them, by the names of rows."""

    def commit(model: Any, **positions: int) -> None:
        git("checkout", "-q", "main")
        for name, position in positions.items():
            file = file_of(repository_path, model, name)
            text = re.sub('"position": [0-9]+', f'"position": {position}', file.read_text())
            file.write_text(text)
        git("commit", "-qam", "By hand")

    return commit


Put = Callable[..., None]


@pytest.mark.parametrize("model", NUMBERED)
def test_ties_that_plain_git_makes(ok: Ok, databases: list[str], put: Put, model: Any) -> None:
    begin(ok, model)
    add(model, "Medlar", "Pome")
    ok("commit", "-m", "Four")
    put(model, Apple=2, Pear=1, Quince=1, Medlar=1)
    apply(ok)
    assert "Pome(Pear Quince Medlar Apple(" in outline(model)
    assert_clean(ok, model)


@pytest.mark.parametrize("model", [Nested, Linked])
def test_gaps_that_plain_git_makes(ok: Ok, databases: list[str], put: Put, model: Any) -> None:
    begin(ok, model)
    put(model, Apple=4, Pear=30, Quince=9)
    apply(ok)
    assert "Pome(Apple(Boskoop Gala) Quince Pear)" in outline(model)
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_trees_at_one_number(ok: Ok, databases: list[str], put: Put, model: Any) -> None:
    begin(ok, model)
    put(model, Stone=1)
    apply(ok)
    assert outline(model).startswith("Pome(")
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_edits_of_rows_at_one_position(ok: Ok, databases: list[str], put: Put, model: Any) -> None:
    """What else was edited of a row is an edit, and nothing beside it."""
    begin(ok, model)
    put(model, Pear=1, Quince=2)
    apply(ok)
    model._base_manager.filter(name="Pear").update(name="Nashi")
    said = ok("diff")
    assert "Nashi" in said
    assert "position" not in said
    assert "1 record edited" in ok("status")
    ok("commit", "-m", "Nashi")
    ok(*APPLY)
    assert "Pome(Apple(Boskoop Gala) Nashi Quince)" in outline(model, "other")
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_a_row_among_rows_at_one_position_is_moved(
    ok: Ok, databases: list[str], put: Put, model: Any
) -> None:
    begin(ok, model)
    put(model, Apple=1, Pear=1, Quince=1)
    apply(ok)
    move(model, "Apple", "Pear", "right")
    assert "position" in ok("diff")
    ok("commit", "-m", "Moved")
    ok(*APPLY)
    assert "Pome(Pear Apple(Boskoop Gala) Quince)" in outline(model, "other")
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_rows_come_and_go_among_rows_at_one_position(
    ok: Ok, databases: list[str], put: Put, model: Any
) -> None:
    begin(ok, model)
    put(model, Apple=1, Pear=1, Quince=1)
    apply(ok)
    add(model, "Medlar", "Pome")
    remove(model, "Pear")
    ok("commit", "-m", "One more, one less")
    ok(*APPLY)
    assert "Pome(Apple(Boskoop Gala) Quince Medlar)" in outline(model, "other")
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_a_commit_that_adds_to_rows_at_one_position(
    ok: Ok, databases: list[str], put: Put, model: Any
) -> None:
    """What the last apply wrote is no edit that this one would overwrite."""
    begin(ok, model)
    put(model, Apple=1, Pear=1, Quince=2)
    apply(ok)
    add(model, "Medlar", "Pome")
    ok("commit", "-m", "Medlar")
    put(model, Medlar=2, Quince=2, Pear=1)
    apply(ok)
    assert "Pome(Apple(Boskoop Gala) Pear Quince Medlar)" in outline(model)
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
@pytest.mark.parametrize("verb", ["checkout", "update"])
def test_rows_at_one_position_are_merged_into_a_site(
    ok: Ok, databases: list[str], put: Put, model: Any, verb: str
) -> None:
    begin(ok, model)
    put(model, Apple=1, Pear=1, Quince=2)
    apply(ok)
    add(model, "Plum", "Stone", "other")
    model._base_manager.filter(name="Pear").update(name="Nashi")
    ok("commit", "-m", "Nashi")
    ok(
        *(("update",) if verb == "update" else ("checkout", "main", "--apply", "--merge")),
        "--yes",
        OTHER,
    )
    assert outline(model, "other") == "Pome(Apple(Boskoop Gala) Nashi Quince) Stone(Cherry Plum)"
    said = ok("diff", OTHER)
    assert "Plum" in said
    assert "Pear" not in said
    ok("commit", "-m", "Plum", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_an_undo_brings_back_rows_at_one_position(
    ok: Ok, databases: list[str], put: Put, model: Any
) -> None:
    begin(ok, model)
    put(model, Apple=1, Pear=1, Quince=2)
    apply(ok)
    before = trees.numbers(model)
    move(model, "Quince", "Apple", "left")
    ok("commit", "-m", "Quince first")
    ok(*APPLY)
    assert "Pome(Quince Apple" in outline(model, "other")
    ok("undo", "--yes", OTHER)
    assert trees.numbers(model, "other") == before
    assert "clean" in ok("status", OTHER)


@pytest.mark.parametrize("decision", [("--take", "ours"), ("--take", "theirs"), ("--value", "1")])
@pytest.mark.parametrize("model", NUMBERED)
def test_a_resolved_conflict(
    ok: Ok, run: Run, databases: list[str], model: Any, decision: tuple[str, str]
) -> None:
    begin(ok, model)
    move(model, "Apple", "Quince", "right", "other")
    ok("commit", "-m", "Last", "--branch", "theirs", OTHER)
    move(model, "Apple", "Pear", "right")
    add(model, "Medlar", "Pome")
    ok("commit", "-m", "Second")
    assert run("merge", "theirs").code == 3
    apple = model._base_manager.get(name="Apple").pk
    ok("resolve", f"{model._meta.label_lower}:{apple}/position", *decision)
    ok("merge", "--continue")
    apply(ok)
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_a_commit_is_picked_and_reverted(ok: Ok, databases: list[str], model: Any) -> None:
    begin(ok, model)
    add(model, "Fuji", "Apple", "other")
    move(model, "Quince", "Apple", "left", "other")
    ok("commit", "-m", "Quince first", "--branch", "theirs", OTHER)
    add(model, "Plum", "Stone", "other")
    add(model, "Medlar", "Pome", "other")
    move(model, "Medlar", "Apple", "left", "other")
    ok("commit", "-m", "Medlar", "--branch", "more", OTHER)
    remove(model, "Pear")
    ok("commit", "-m", "No pear")
    ok("cherry-pick", "more")
    apply(ok)
    assert "Medlar" in outline(model)
    assert_clean(ok, model)
    ok("revert", "HEAD~1")
    apply(ok)
    assert " Pear " in outline(model)
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_a_record_is_restored_alone(ok: Ok, databases: list[str], model: Any) -> None:
    begin(ok, model)
    label, quince = model._meta.label_lower, model._base_manager.get(name="Quince").pk
    pear = model._base_manager.get(name="Pear").pk
    move(model, "Quince", "Apple", "left")
    remove(model, "Pear")
    ok("commit", "-m", "Quince first, no pear")
    ok("restore", f"{label}:{quince}", f"{label}:{pear}", "--from", "HEAD~1")
    apply(ok)
    assert "Pear" in outline(model)
    assert_clean(ok, model)


@pytest.mark.parametrize("model", NUMBERED)
def test_receivers_that_write_to_the_table(
    ok: Ok, run: Run, databases: list[str], put: Put, model: Any
) -> None:
    """The table is read again, and positions that the apply itself wrote are nobody else's."""

    def touch(instance: Any, using: str, **_: Any) -> None:
        model._base_manager.using(using).filter(name=rename).update(name="Nashi")

    begin(ok, model)
    put(model, Apple=1, Pear=1, Quince=1)
    signals.post_save.connect(touch, sender=model)
    try:
        rename = "Nobody"
        apply(ok)
        put(model, Apple=2)
        model._base_manager.filter(name="Cherry").update(name="Sweet cherry")
        ok("checkout", "main", "--apply", "--yes", "--merge")
        ok("commit", "-m", "Sweet")
        rename = "Gala"
        said = run(*APPLY)
        assert said.code == 3, said
        gala = model._base_manager.get(name="Gala").pk
        assert f"{model._meta.label_lower}:{gala} was changed" in said.err
        assert "receivers or triggers wrote to 1 record" in said.err
        rename = "Nobody"
        apply(ok)
    finally:
        signals.post_save.disconnect(touch, sender=model)
    assert "Pome(Pear Quince Apple(" in outline(model)
    assert_clean(ok, model)


def positions(model: Any, alias: str) -> dict[str, int]:
    """Where rows stand below their parents, by name."""
    numbering = trees.numbering_of(model)
    assert numbering is not None
    linked = ("parent_id",) if numbering.linked else ()
    rows = model._base_manager.using(alias).values_list("pk", "name", *numbering.columns, *linked)
    end = 2 + len(numbering.columns)
    marks = {pk: tuple(more[: end - 2]) for pk, _, *more in rows}
    parents = {row[0]: row[end] for row in rows} if linked else {}
    places = numbering.places(marks, parents)
    return {name: places[pk].position for pk, name, *_ in rows}


@pytest.mark.parametrize("model", NUMBERED)
def test_rows_outside_of_a_dump(ok: Ok, run: Run, databases: list[str], model: Any) -> None:
    """They stand among those of the dump, at positions that these have in the commit."""
    names = ["Pome", "Apple", "Pear", "Quince", "Medlar", "Stone"]
    begin(ok, model, filter={"name__in": names}, identity="uuid")
    for name in ("Here", "There"):
        add(model, name, "Pome", "other")
    move(model, "Here", "Apple", "left", "other")
    move(model, "Apple", "Quince", "left")
    add(model, "Medlar", "Pome")
    ok("commit", "-m", "Medlar")
    plan, said = (run("checkout", "main", OTHER, *more) for more in (("--json",), ()))
    was = positions(model, "other")
    ok(*APPLY)
    steps = {step["title"] for step in plan.json["steps"]}
    now = positions(model, "other")
    wanted = {
        name: (was[name], now[name])
        for name in was
        if name in now and was[name] != now[name] and name not in steps
    }
    found = {row["title"]: (row["before"], row["after"]) for row in plan.json["shifted"]}
    assert found == wanted
    assert wanted or model is Path  # where gaps may have room for all
    for name, (before, after) in wanted.items():
        assert f" {name!r} moves along in its tree: position {before} becomes {after}" in said.out
    at = "Pome({}) Stone"
    told = outline(model, "other").replace("(Boskoop Gala)", "").replace("(Cherry)", "")
    kept = " ".join(name for name in told[5:-7].split() if name not in ("Here", "There"))
    assert at.format(kept) == "Pome(Pear Apple Quince Medlar) Stone"
    trees.assert_sound(model, "other")
    assert "clean" in ok("status", OTHER)
    before = trees.numbers(model, "other")
    ok(*APPLY)
    assert trees.numbers(model, "other") == before
    model._base_manager.using("other").filter(name="Quince").update(name="Pear")
    assert "position" not in ok("diff", OTHER)


def test_rows_of_a_dump_are_asked_for_at_once(ok: Ok, databases: list[str], put: Put) -> None:
    """Not below one parent after the other."""
    begin(ok, Nested, filter={"name__gt": ""})
    made = []
    for moved in ({"Pear": 9}, {"Gala": 9}):
        put(Nested, **moved)
        ok("checkout", "main", "--apply", "--yes")
        with CaptureQueriesContext(connections["default"]) as queries:
            assert "clean" in ok("status")
        made.append(len(queries))
    assert made[0] == made[1]


@pytest.mark.parametrize("model", NUMBERED)
def test_a_copy_of_a_tree_is_applied_again(ok: Ok, databases: list[str], model: Any) -> None:
    begin(ok, model, identity="uuid")
    copy = ("checkout", "main", "trees", "--apply", "--as-new", "--yes")
    for alias in SITES:
        ok(*copy, f"--database={alias}")
        twice = model._base_manager.using(alias).count()
        assert twice == 16
        before = trees.numbers(model, alias)
        trees.assert_sound(model, alias)
        ok(*copy, f"--database={alias}")
        assert trees.numbers(model, alias) == before
