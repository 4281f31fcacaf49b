"""The commit that a database is at stays in the repository, whatever becomes of its branch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from tests.bakery.models import Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
OTHER = "--database=other"
PLACE = "refs/contentgit/applied/test"


def odd_names() -> dict[str, Any]:
    def specs(_arguments: str) -> list[dict[str, Any]]:
        return [{"model": "bakery.tag"}]

    return {"a..b.lock": {"specs": specs}, "@": {"specs": specs}, "Ä {": {"specs": specs}}


@pytest.fixture
def refs(git: Ok) -> Callable[[], dict[str, str]]:
    """The refs of applied commits, by what follows the environment."""

    def call() -> dict[str, str]:
        lines = git("for-each-ref", "--format=%(refname) %(objectname)", PLACE).splitlines()
        return {name.removeprefix(f"{PLACE}/"): each for name, each in map(str.split, lines)}

    return call


def collect(git: Ok) -> None:
    git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    git("gc", "-q", "--prune=now")


def test_an_applied_commit_outlives_its_branch(twins: None, ok: Ok, run: Run, git: Ok) -> None:
    ok("checkout", "-b", "summer")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "-m", "Nuts")
    commit = git("rev-parse", "summer")
    ok("checkout", "summer", "shop", "--apply", "--yes", OTHER)
    ok("checkout", "main", "--apply", "--yes", "--force")
    git("switch", "-q", "main")
    ok("branch", "-D", "summer")
    collect(git)
    said = ok("status", OTHER)
    assert f"shop  at {commit[:10]} (summer), clean" in said
    Tag.objects.using("other").filter(pk=77).update(name="Walnuts")
    assert "~ bakery.tag:77  Walnuts  name" in ok("status", OTHER)
    refused = run("checkout", "main", "shop", "--apply", "--yes", OTHER)
    assert refused.code == 3
    assert "bakery.tag:77" in refused.err
    # Nothing else needs it any more.
    ok("checkout", "main", "shop", "--apply", "--yes", "--force", OTHER)
    for name in git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").split():
        git("update-ref", "-d", name)
    collect(git)
    assert run("show", commit).code == 2


def test_the_refs_follow_applies_and_commits(
    twins: None, ok: Ok, git: Ok, refs: Callable[[], dict[str, str]]
) -> None:
    first = git("rev-parse", "main")
    everywhere = [f"{using}/{name}" for using in ("default", "other") for name in DUMPS]
    assert refs() == dict.fromkeys(everywhere, first)
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Nuts")
    second = git("rev-parse", "main")
    assert refs() == {**dict.fromkeys(everywhere, first), "default/shop": second}
    ok("checkout", "main", OTHER)
    assert refs()["other/shop"] == first
    ok("checkout", "main", "--apply", "--yes", OTHER)
    expected = {f"other/{name}": second for name in DUMPS}
    assert refs() == {**dict.fromkeys(everywhere, first), "default/shop": second, **expected}


DUMPS = ("hours", "pages", "shop")


def test_what_could_not_be_moved_is_no_failure_and_is_moved_by_the_next_call(
    twins: None, ok: Ok, git: Ok, refs: Callable[[], dict[str, str]], repository_path: Path
) -> None:
    first = git("rev-parse", "main")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    lock = repository_path / ".git" / PLACE / "default/shop.lock"
    lock.touch()
    ok("commit", "-m", "Nuts")
    second = git("rev-parse", "main")
    assert (refs()["default/shop"], refs()["default/hours"]) == (first, second)
    # No call fails at a lock that a killed git left here, so it has to be named.
    assert f"rm {lock}  (removes its lock, if no git runs there)" in ok("status")
    lock.unlink()
    assert "Nothing to commit" in ok("commit", "hours", "-m", "Again")
    assert refs()["default/shop"] == second


def test_a_commit_that_the_repository_lacks_is_left_out(
    twins: None, ok: Ok, git: Ok, refs: Callable[[], dict[str, str]]
) -> None:
    from contentgit.models import AppliedCommit

    AppliedCommit.objects.using("other").filter(dump="pages").update(commit="1" * 40)
    before = refs()
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "-m", "Nuts")
    ok("checkout", "main", "hours", "--apply", "--yes", OTHER)
    assert refs()["other/pages"] == before["other/pages"]
    assert refs()["other/hours"] == git("rev-parse", "main")


def test_any_name_can_stand_in_a_ref(
    db: str, ok: Ok, git: Ok, refs: Callable[[], dict[str, str]]
) -> None:
    setting = {"DATASETS": f"{__name__}.odd_names", "ENVIRONMENT": "test"}
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("init")
    with override_settings(CONTENTGIT=setting):
        ok("commit", "-m", "Nuts")
    assert set(refs()) == {
        "default/a%2e%2eb%2elock",
        "default/%40",
        "default/%c3%84%20%7b",
    }
