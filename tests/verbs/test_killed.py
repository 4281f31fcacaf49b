"""Killed at any moment: database, ledger and branch agree, and the next call works.

A child process is killed (SIGKILL) just before its n-th step, a step being a statement sent to the
database or a git process started; n goes up until the child lives. The suite takes every seventh step,
and every twenty-ninth where a server must notice first that its client is gone;
``CONTENTGIT_TEST_EVERY=1`` takes each.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
EVERY = int(
    os.environ.get("CONTENTGIT_TEST_EVERY")
    or ("7" if connections["default"].vendor == "sqlite" else "29")
)


def run_until(step: int, call: Callable[[], object]) -> bool:
    """Runs ``call`` in a child that is killed before its ``step``-th step; whether it lived."""
    connections.close_all()  # a child must not share the parent's connections
    child = os.fork()
    if not child:
        try:
            _count_down(step)
            call()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def _count_down(step: int) -> None:
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Any, *words: Any) -> Any:
        count()
        return execute(*words)

    for connection in connections.all():
        connection.execute_wrappers.append(statement)
    sys.addaudithook(lambda event, _arguments: count() if event == "subprocess.Popen" else None)


def every_step(call: Callable[[], object]) -> Iterator[int]:
    """Gives the number of each step before which the call was killed, until it lives."""
    step = 1
    while not run_until(step, call):
        yield step
        step += EVERY
    assert step > 20, "the call has hardly any steps: is it counted?"


def edit() -> None:
    Tag.objects.filter(pk=3).update(slug="tmp")
    Tag.objects.filter(pk=12).update(slug="organic")
    Tag.objects.filter(pk=3).update(slug="vegan")
    Product._base_manager.get(pk=41).delete()
    Category.objects.create(pk=9, name="Cake", slug="cake")


@pytest.fixture
def main() -> Callable[[list[str]], int]:
    from contentgit.cli.main import main

    return main


def applied(run: Run, alias: str) -> set[str]:
    rows = run("status", "--json", f"--database={alias}").json["dumps"]
    return {row["applied"]["commit"] for row in rows if row["applied"]}


def test_a_killed_commit_has_happened_or_not(
    db: str, run: Run, ok: Ok, git: Ok, main: Callable[[list[str]], int], repository_path: Any
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    old = git("rev-parse", "main")
    edit()
    words = ["commit", f"--repository={repository_path}", "-m", "Killed"]
    for _step in every_step(lambda: main(words)):
        tip = git("rev-parse", "main")
        assert tip == old or git("rev-parse", f"{tip}^") == old
        # Whatever the ledger says, it is what the branch has.
        assert applied(run, "default") <= {old, tip}
        if tip == old:
            assert "bakery.tag:3" in ok("status")
        else:
            assert "clean" in ok("status")
            # The files are the branch's too: a git commit -a would revert nothing.
            assert git("status", "--porcelain") == ""
            assert "Nothing to commit" in ok("commit", "-m", "Next")
            _back_to(git, old, ok)
    assert git("rev-list", "--count", f"{old}..main") == "1"
    assert "Nothing to commit" in ok("commit", "-m", "Next")
    assert git("fsck", "--no-dangling") == ""
    assert git("status", "--porcelain") == ""


def _back_to(git: Ok, old: str, ok: Ok) -> None:
    """As before the kill: the branch and the ledger at the old commit."""
    from contentgit.models import AppliedCommit

    git("reset", "-q", "--hard", old)
    AppliedCommit.objects.exclude(commit=old).delete()


def test_a_killed_apply_has_happened_or_not(
    databases: tuple[str, str],
    run: Run,
    ok: Ok,
    git: Ok,
    main: Callable[[list[str]], int],
    repository_path: Any,
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    old = git("rev-parse", "main")
    ok("checkout", "-b", "summer")
    edit()
    ok("commit", "-m", "After")
    ok("checkout", "main", "--database=other")
    before, after = raw.snapshot("other"), raw.snapshot("default")
    words = ["checkout", f"--repository={repository_path}", "summer", "--apply", "--yes"]
    for _step in every_step(lambda: main([*words, "--database=other"])):
        now = raw.snapshot("other")
        assert now in (before, after)
        assert applied(run, "other") == {old if now == before else git("rev-parse", "summer")}
        assert "clean" in ok("status", "--database=other")
        if now == after:
            break
    ok("checkout", "summer", "--apply", "--yes", "--database=other")
    assert raw.snapshot("other") == after
    assert "clean" in ok("status", "--database=other")


@pytest.mark.parametrize("verb", ["update", "undo"])
def test_a_killed_merge_or_undo_has_happened_or_not(
    verb: str,
    databases: tuple[str, str],
    run: Run,
    ok: Ok,
    git: Ok,
    main: Callable[[list[str]], int],
    repository_path: Any,
) -> None:
    other = "--database=other"
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    ok("checkout", "main", "--apply", "--yes", other)
    old = git("rev-parse", "main")
    edit()
    ok("commit", "-m", "After")
    new = git("rev-parse", "main")
    Category.objects.using("other").filter(pk=1).update(name="Edited here")
    own = raw.snapshot("other")
    ok("update", "--yes", other)
    merged = raw.snapshot("other")
    before, after, was, will = (
        (own, merged, old, new) if verb == "update" else (merged, own, new, old)
    )
    if verb == "update":
        ok("undo", "--yes", other)
    words = [verb, f"--repository={repository_path}", "--yes", other]
    for _step in every_step(lambda: main(words)):
        now = raw.snapshot("other")
        assert now in (before, after)
        assert applied(run, "other") == {was if now == before else will}
        assert "bakery.category:1" in ok("status", other)
        if now == after:
            break
    if raw.snapshot("other") == before:
        ok(*words[:1], *words[2:])
    assert raw.snapshot("other") == after
    assert applied(run, "other") == {will}
    assert git("rev-parse", "main") == new
