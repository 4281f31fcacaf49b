"""The connection is lost at any moment: old state or new state, and the next call works.

The server ends the session just before the n-th statement (or commit) of a call; n goes up until the
call is through. ``CONTENTGIT_TEST_EVERY=1`` takes each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.verbs.conftest import Run, Said

Ok = Callable[..., str]
EVERY = int(os.environ.get("CONTENTGIT_TEST_EVERY") or "13")


class Losing:
    """Ends the alias's session from outside, before its ``step``-th statement or commit."""

    def __init__(self, alias: str, step: int) -> None:
        self.connection: Any = connections[alias]
        self.left = step
        self.lost = False

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.lost = True
            END[self.connection.vendor](self.connection)

    def statement(self, execute: Any, *words: Any) -> Any:
        self.count()
        return execute(*words)


def _by_server(statement: str, number: Callable[[Any], int]) -> Callable[[Any], None]:
    def end(connection: Any) -> None:
        another = connection.copy()
        with another.cursor() as cursor:
            cursor.execute(statement, [number(connection.connection)])
        another.close()

    return end


def _interrupt(connection: Any) -> None:
    """Nothing can be lost of a file, but a statement that fails may take the transaction along."""
    left = [1]

    def once() -> int:
        return left.pop() if left else 0

    connection.connection.set_progress_handler(once, 1)


END: dict[str, Callable[[Any], None]] = {
    "sqlite": _interrupt,
    "postgresql": _by_server("SELECT pg_terminate_backend(%s)", lambda c: int(c.info.backend_pid)),
    "mysql": _by_server("KILL %s", lambda c: int(c.thread_id())),
}


@contextmanager
def losing(alias: str, step: int) -> Iterator[Losing]:
    connection: Any = connections[alias]
    connection.close()
    connection.ensure_connection()
    found = Losing(alias, step)
    commit = connection._commit

    def counted() -> None:
        found.count()
        commit()

    connection._commit = counted
    try:
        with connection.execute_wrapper(found.statement):
            yield found
    finally:
        del connection._commit
        connection.close()


def every_step(alias: str, call: Callable[[], Said]) -> Iterator[Said]:
    """What each call said that lost its connection, until one does not."""
    step = 1
    while True:
        with losing(alias, step) as found:
            said = call()
        if not found.lost:
            break
        yield said
        step += EVERY
    assert said.code == 0, said
    assert step > 20, "the call has hardly any statements: are they counted?"


def check_words(said: Said, alias: str) -> None:
    if said.code == 0:
        return  # it was lost when all was done
    assert (said.code, said.out) == (1, "")
    error, *hints = said.err.splitlines()
    assert error.startswith("error: ")
    assert f"database '{alias}'" in error
    if connections[alias].vendor == "sqlite":
        assert (error.endswith(": interrupted"), hints) == (True, [])
        return
    assert ": the connection was lost: " in error
    assert hints == ["hint: the database has all of it or nothing; run the command again"]


def edit() -> None:
    Tag.objects.filter(pk=3).update(slug="tmp")
    Tag.objects.filter(pk=12).update(slug="organic")
    Tag.objects.filter(pk=3).update(slug="vegan")
    Product._base_manager.get(pk=41).delete()
    Category.objects.create(pk=9, name="Cake", slug="cake")


def applied(run: Run, alias: str) -> set[str]:
    rows = run("status", "--json", f"--database={alias}").json["dumps"]
    return {row["applied"]["commit"] for row in rows if row["applied"]}


def test_an_apply_that_loses_its_connection(
    databases: tuple[str, str], run: Run, ok: Ok, git: Ok
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    before, old = raw.snapshot("other"), git("rev-parse", "main")
    edit()
    ok("commit", "-m", "After")
    after, new = raw.snapshot("default"), git("rev-parse", "main")
    words = ("checkout", "main", "--apply", "--yes", "--database=other")
    for said in every_step("other", lambda: run(*words)):
        check_words(said, "other")
        now = raw.snapshot("other")
        assert now in (before, after)
        assert applied(run, "other") == {old if now == before else new}
        if now == after:
            ok("checkout", old, "--apply", "--yes", "--database=other")
    assert raw.snapshot("other") == after
    assert "clean" in ok("status", "--database=other")


def test_a_commit_that_loses_its_connection(db: str, run: Run, ok: Ok, git: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    old = git("rev-parse", "main")
    edit()
    for said in every_step("default", lambda: run("commit", "-m", "After")):
        check_words(said, "default")
        tip = git("rev-parse", "main")
        assert tip == old or git("rev-parse", f"{tip}^") == old
        assert applied(run, "default") == {tip}
        if tip != old:
            assert "clean" in ok("status")
            git("reset", "-q", "--hard", old)
            from contentgit.models import AppliedCommit

            AppliedCommit.objects.exclude(commit=old).delete()
    assert git("rev-list", "--count", f"{old}..main") == "1"
    assert "Nothing to commit" in ok("commit", "-m", "Next")
    assert git("fsck", "--no-dangling") == ""
