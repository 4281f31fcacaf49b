"""What datasets want to run after an apply that changed them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from contentgit.plan.steps import Action, Plan
from contentgit.signals import post_apply
from tests import raw
from tests.bakery import datasets as bakery
from tests.bakery.models import Opening, Page, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")
CALLS: list[Any] = []
AFTER: dict[str, list[Any]] = {}


def datasets() -> dict[str, Any]:
    found = bakery.datasets()
    return {name: {**found[name], "after_apply": AFTER.get(name)} for name in found}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    CALLS.clear()
    AFTER.clear()
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def refresh(*, using: str, dumps: tuple[str, ...], plan: Plan) -> None:
    there = Tag.objects.using(using).filter(slug="nuts").exists()
    assert not connections[using].in_atomic_block
    CALLS.append(("refresh", using, dumps, plan.counts[Action.CREATE], there))


def clear() -> None:
    CALLS.append("clear")


def everything(**more: Any) -> None:
    CALLS.append(sorted(more))


def fail(using: str) -> None:
    raise ZeroDivisionError("no flour")


class Index:
    """Called as an object, and not hashable."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Index)

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, dumps: tuple[str, ...], quick: bool = False) -> None:
        CALLS.append(("index", dumps, quick))


def nuts(ok: Ok, **pages: str) -> None:
    """A commit that changes the shop, and those pages."""
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    for slug, title in pages.items():
        Page.objects.create(slug=slug, title=title)
    ok("commit", "-m", "Nuts")


def test_each_runs_once_and_in_order(twins: None, ok: Ok) -> None:
    AFTER["shop"] = [refresh, Index()]
    AFTER["pages"] = [clear, refresh, Index(), functools.partial(clear)]
    AFTER["hours"] = [everything]
    nuts(ok, about="About us")
    ok(*APPLY)
    assert CALLS == [
        ("refresh", "other", ("shop", "pages"), 2, True),
        ("index", ("shop", "pages"), False),
        "clear",
        "clear",
    ]


def test_only_datasets_that_changed_run_anything(twins: None, ok: Ok) -> None:
    AFTER["shop"], AFTER["hours"] = [clear], [everything]
    ok("checkout", "main", "--database=other")
    ok(*APPLY)
    assert CALLS == []
    Opening.objects.all().delete()
    ok("commit", "-m", "Closed")
    assert CALLS == []
    ok(*APPLY, "--allow-empty")
    assert CALLS == [["dumps", "plan", "using"]]


def test_a_command_gets_the_arguments_that_are_written(twins: None, ok: Ok, run: Run) -> None:
    AFTER["shop"] = [["check", "--tag", "caches"], ("check", "--list-tags")]
    nuts(ok)
    said = run(*APPLY, "--json")
    assert (said.code, said.json["failures"]) == (0, [])
    # What a command prints is not the call's own result.
    assert "System check identified no issues" in said.err
    assert "models" in said.err.splitlines()


def test_what_fails_undoes_nothing_and_stops_nothing(twins: None, ok: Ok, run: Run) -> None:
    AFTER["shop"] = [fail, ["check", "--tag", "nowhere"], Index(), clear]
    nuts(ok)

    def told(**more: Any) -> None:
        CALLS.append("post_apply")

    post_apply.connect(told)
    try:
        said = run(*APPLY)
    finally:
        post_apply.disconnect(told)
    assert said.code == 1
    assert said.out.startswith("Applied ")
    assert said.err == (
        "error: applied, but 2 project hooks failed afterwards\n"
        "  tests.faces.test_after_apply.fail: ZeroDivisionError: no flour\n"
        '  check --tag nowhere: CommandError: There is no system check with the "nowhere" tag.\n'
        "hint: nothing was undone; fix the hook, then do by hand what it did not do\n"
    )
    assert CALLS == [("index", ("shop",), False), "clear", "post_apply"]
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")


@pytest.mark.parametrize(("code", "exit_code"), [(None, 0), (0, 0), (2, 1)])
def test_leaving_with_a_code_is_failing_with_that_code(
    code: int | None, exit_code: int, twins: None, ok: Ok, run: Run
) -> None:
    def leave() -> None:
        raise SystemExit(code)

    AFTER["shop"] = [leave]
    nuts(ok)
    assert run(*APPLY).code == exit_code


def test_the_repository_never_says_what_runs(committed: None, ok: Ok, git: Ok) -> None:
    before = git("show", "main:shop/dataset.json")
    AFTER["shop"] = [clear, "check"]
    assert "Nothing to commit" in ok("commit", "-m", "Again")
    assert git("show", "main:shop/dataset.json") == before
    assert "after_apply" not in before


def test_an_apply_in_python_runs_them_too(twins: None, ok: Ok, run: Run, git: Ok) -> None:
    AFTER["shop"] = [clear]
    nuts(ok)
    path = git("rev-parse", "--show-toplevel")
    call_command("contentgit", *APPLY, f"--repository={path}")
    assert CALLS == ["clear"]
