"""A plan in a file: what was read is what is run, or nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from tests import raw
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"


@pytest.fixture
def plan(twins: None, ok: Ok, tmp_path: Path) -> Path:
    """The plan of an update and a delete in the other database."""
    Product._base_manager.filter(pk=42).update(name="Day loaf")
    Product._base_manager.get(pk=43).delete()
    ok("commit", "-m", "By day")
    path = tmp_path / "tonight.plan"
    said = ok("checkout", "main", f"--plan-out={path}", OTHER)
    assert "1 to update, 1 to delete" in said
    assert f"--apply --plan {path}" in said
    return path


def run_it(run: Run, plan: Path, *words: str) -> Any:
    return run("checkout", "--apply", f"--plan={plan}", OTHER, *words)


def test_a_plan_is_run_as_it_was_read(plan: Path, run: Run) -> None:
    said = run_it(run, plan)
    assert said.code == 0, said
    assert "1 updated, 1 deleted" in said.out
    assert Product._base_manager.using("other").get(pk=42).name == "Day loaf"
    again = run_it(run, plan)
    assert again.code == 3
    assert "shop is at commit" in again.err


def test_a_plan_holds_no_content(plan: Path) -> None:
    document = json.loads(plan.read_text())
    assert "Day loaf" not in plan.read_text()
    assert [line.split()[:2] for line in document["steps"]] == [
        ["bakery.product:43", "delete"],
        ["bakery.product:42", "update"],
    ]


def _edit_planned() -> None:
    Product._base_manager.using("other").filter(pk=42).update(price="1.00")


def _edit_deleted() -> None:
    Product._base_manager.using("other").filter(pk=43).update(price="1.00")


def _add_row() -> None:
    Tag.objects.using("other").create(pk=901, name="New", slug="new")


def _rename_here() -> None:
    Category.objects.using("other").filter(pk=1).update(name="Edited")


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (_edit_planned, "bakery.product:42 has changed since the plan to update it was made"),
        (_edit_deleted, "bakery.product:43 has changed since the plan to delete it was made"),
        (_add_row, "bakery.tag:901: the plan is to delete it, and was not"),
        (_rename_here, "bakery.category:1: the plan is to update it, and was not"),
    ],
)
def test_rows_that_moved_are_named(
    edit: Callable[[], None], told: str, plan: Path, run: Run
) -> None:
    edit()
    before = raw.snapshot("other")
    said = run_it(run, plan)
    assert said.code == 3
    assert told in said.err
    assert "--plan-out" in said.err
    assert raw.snapshot("other") == before


def test_a_branch_that_moved_is_named(plan: Path, run: Run, ok: Ok) -> None:
    Tag.objects.create(pk=901, name="New", slug="new")
    ok("commit", "-m", "One more")
    before = raw.snapshot("other")
    said = run_it(run, plan)
    assert said.code == 3
    assert "main is commit" in said.err
    assert "bakery.tag:901: the plan is to create it, and was not" in said.err
    assert raw.snapshot("other") == before


def test_an_edit_that_the_plan_does_not_touch_is_no_obstacle(
    databases: tuple[str, str], plan: Path, run: Run, ok: Ok, tmp_path: Path
) -> None:
    merging = tmp_path / "merging.plan"
    Tag.objects.using("other").create(pk=901, name="New", slug="new")
    ok("update", "--dry-run", f"--plan-out={merging}", OTHER)
    Tag.objects.using("other").create(pk=902, name="Newer", slug="newer")
    said = run_it(run, merging)
    assert said.code == 0, said
    assert Tag.objects.using("other").filter(pk__in=[901, 902]).count() == 2


def test_a_plan_of_an_undo(plan: Path, run: Run, ok: Ok, tmp_path: Path) -> None:
    before = raw.snapshot("other")
    assert run_it(run, plan).code == 0
    back = tmp_path / "back.plan"
    ok("undo", "--dry-run", f"--plan-out={back}", OTHER)
    assert run_it(run, back).code == 0
    assert raw.snapshot("other") == before
    assert run_it(run, back).code in (2, 3)
    assert raw.snapshot("other") == before


def test_another_database_is_refused(plan: Path, run: Run) -> None:
    said = run("checkout", "--apply", f"--plan={plan}")
    assert said.code == 3
    assert "it was made for database other (test), this is default (test)" in said.err


def test_another_environment_is_refused(plan: Path, run: Run) -> None:
    """Two deployments that hold the same may well call their databases the same."""
    before = raw.snapshot("other")
    with override_settings(CONTENTGIT={**settings.CONTENTGIT, "ENVIRONMENT": "production"}):
        said = run_it(run, plan)
    assert said.code == 3
    assert "database other (test), this is other (production)" in said.err
    assert raw.snapshot("other") == before


def test_a_refused_plan_is_not_written(plan: Path, run: Run, tmp_path: Path) -> None:
    _edit_planned()
    refused = tmp_path / "refused.plan"
    assert run("checkout", "main", f"--plan-out={refused}", OTHER).code == 3
    assert not refused.exists()


def _without(name: str) -> Callable[[Any], Any]:
    return lambda document: {key: each for key, each in document.items() if key != name}


def _with(**more: Any) -> Callable[[Any], Any]:
    return lambda document: {**document, **more}


def _asking(**more: Any) -> Callable[[Any], Any]:
    return lambda document: {**document, "request": {**document["request"], **more}}


SPOILT: list[Callable[[Any], Any]] = [
    *map(_without, ("kind", "format", "request", "digest", "dumps", "steps", "commit")),
    _with(format=2),
    _with(digest=3),
    _with(dumps=[1]),
    _with(dumps={"shop": 3}),
    _with(steps=["delete"]),
    _with(steps="delete all"),
    _with(steps=[1]),
    _asking(verb="format-disk"),
    _asking(take="mine"),
    _asking(names="shop"[:0] or None),
    _asking(licences={"force": "yes"}),
    _asking(licences={"farce": True}),
    _asking(more=1),
    lambda _document: [],
]


def test_a_file_that_is_no_plan_is_refused(plan: Path, run: Run) -> None:
    document = json.loads(plan.read_text())
    before = raw.snapshot("other")
    for spoil in SPOILT:
        plan.write_text(json.dumps(spoil(document)))
        said = run_it(run, plan)
        assert said.code == 2, said
        assert "is not a plan" in said.err
    assert raw.snapshot("other") == before


def test_files_that_cannot_be_read_or_written(plan: Path, run: Run, tmp_path: Path) -> None:
    assert "cannot read the plan" in run_it(run, tmp_path / "nothing").err
    said = run("checkout", "main", f"--plan-out={tmp_path}/no/folder", OTHER)
    assert said.code == 2
    assert "cannot write the plan" in said.err
    plan.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in run_it(run, plan).err


@pytest.mark.parametrize(
    "words",
    [
        ("checkout", "--plan=x"),
        ("checkout", "main", "--apply", "--plan=x"),
        ("checkout", "--apply", "--plan=x", "--force"),
        ("checkout", "main", "--apply", "--plan-out=x"),
        ("update", "--plan-out=x"),
    ],
)
def test_words_that_do_not_go_together(words: tuple[str, ...], plan: Path, run: Run) -> None:
    assert run(*words, OTHER).code == 2
