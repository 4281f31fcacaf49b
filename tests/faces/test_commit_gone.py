"""The commit that a database is at is not in the repository: said by every verb, with a way on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.models import Tag
from tests.faces.test_anchors import collect
from tests.verbs.conftest import Run

Ok = Callable[..., str]
ADOPT = "contentgit checkout --repository {} main shop --apply --adopt"


@pytest.fixture
def first(committed: None, ok: Ok, git: Ok) -> str:
    """A database at a commit that git has collected; its branch is at the commit before."""
    first = git("rev-parse", "main")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Nuts")
    gone = git("rev-parse", "main")
    git("reset", "-q", "--hard", first)
    for name in git("for-each-ref", "--format=%(refname)", "refs/contentgit").split():
        git("update-ref", "-d", name)
    collect(git)
    assert subprocess.run(["git", "cat-file", "-e", gone], cwd=_top(git), check=False).returncode
    return first


def _top(git: Ok) -> str:
    return git("rev-parse", "--show-toplevel")


def at(dump: str = "shop") -> str:
    row = AppliedCommit.objects.filter(dump=dump, state="done").order_by("-id").first()
    assert row is not None
    return str(row.commit)


def test_status_says_what_happened(first: str, run: Run, repository_path: Path) -> None:
    said = run("status")
    assert said.code == 0
    assert f"shop  at {at()[:10]} (main), which is not in the repository\n" in said.out
    assert "  edits since then cannot be found without the commit\n" in said.out
    assert f"pages  at {first[:10]} (main), clean" in said.out
    way = f"contentgit checkout --repository {repository_path} main --apply --adopt"
    assert way in said.out
    found = {each["dump"]: each for each in run("status", "--json").json["dumps"]}
    assert (found["shop"]["missing"], found["shop"]["twin"]) == (True, None)
    assert (found["pages"]["missing"], found["pages"]["twin"]) == (False, None)
    # A watch must not take it for clean.
    assert run("status", "--exit-code").code == 1
    assert run("status", "hours", "--exit-code").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["commit", "-m", "More"],
        ["checkout", "main"],
        ["checkout", "main", "--apply", "--yes"],
        ["checkout", "main", "--apply", "--yes", "--force"],
        ["update", "--yes"],
        ["diff"],
    ],
)
def test_every_verb_names_the_way_on(
    words: list[str], first: str, run: Run, repository_path: Path
) -> None:
    Tag.objects.filter(pk=77).update(name="Walnuts")
    before, commit = raw.snapshot("default"), at()
    said = run(*words)
    assert said.code == 1
    assert "Traceback" not in said.err
    assert (
        f"database 'default' is at commit {commit[:10]} in shop, which is not in the repository "
        f"{repository_path}" in said.err
    )
    assert ADOPT.format(repository_path) in said.err
    assert f"fetch OTHER +{commit}:refs/contentgit/applied/test/default/shop" in said.err
    assert not said.out
    assert (raw.snapshot("default"), at()) == (before, commit)


def test_the_error_has_the_commit_as_data(first: str, run: Run) -> None:
    said = run("diff", "--json")
    assert (said.code, said.json["data"]) == (1, {"dump": "shop", "commit": at()})
    assert "--apply --adopt" in said.json["hint"]


def test_what_needs_no_applied_commit_works(first: str, ok: Ok, git: Ok) -> None:
    commit = at()
    assert commit[:10] in ok("log", "--applied")
    assert "bakery.tag:77" in ok("diff", "main", "--", "shop")
    ok("branch", "summer")
    assert "main is up to date with summer" in ok("merge", "summer")
    assert at() == commit


def test_adopt_begins_anew(first: str, run: Run, ok: Ok) -> None:
    refused = run("checkout", "main", "--apply", "--yes", "--adopt")
    assert refused.code == 3
    assert "bakery.tag:77" in refused.err
    assert "--apply --adopt --merge" in refused.err
    assert "--apply --adopt --force" in refused.err
    plan = run("checkout", "main", "--adopt")
    assert (plan.code, "bakery.tag:77" in plan.err) == (3, True)
    Tag.objects.filter(pk=77).delete()
    ok("checkout", "main", "--apply", "--yes", "--adopt")
    assert at() == first
    assert "shop  at" in ok("status", "--exit-code")


def test_adopt_overwrites_with_a_backup_that_undo_knows(first: str, ok: Ok) -> None:
    before = raw.snapshot("default")
    said = ok("checkout", "main", "--apply", "--yes", "--adopt", "--force")
    assert "is kept in refs/contentgit/backup/test/" in said
    assert (at(), Tag.objects.filter(pk=77).exists()) == (first, False)
    ok("undo", "--yes")
    assert raw.snapshot("default") == before


def test_adopt_merges(first: str, ok: Ok) -> None:
    ok("checkout", "main", "--apply", "--yes", "--adopt", "--merge")
    assert (at(), Tag.objects.filter(pk=77).exists()) == (first, True)
    assert "+ bakery.tag:77" in ok("status")
    ok("commit", "-m", "Nuts again")
    ok("status", "--exit-code")


def test_edits_become_a_branch(first: str, ok: Ok, git: Ok) -> None:
    Tag.objects.filter(pk=77).update(name="Walnuts")
    ok("commit", "shop", "--branch", "here", "-m", "What the database has")
    assert at() == git("rev-parse", "here")
    assert '"Walnuts"' in git("show", "here:shop/bakery.tag/0/0/77.json")
    ok("status", "--exit-code")


def test_a_branch_of_dumps_of_which_one_is_gone_names_that(first: str, run: Run, ok: Ok) -> None:
    Tag.objects.filter(pk=77).update(name="Walnuts")
    refused = run("commit", "--branch", "here", "-m", "All of it")
    assert refused.code == 2
    assert "the commit that shop is at is not in the repository" in refused.err
    assert " shop --branch here  (commits that alone)" in refused.err
    ok("commit", "shop", "--branch", "here", "-m", "Of the shop")


def test_adopt_changes_nothing_where_the_commit_is_there(committed: None, run: Run, ok: Ok) -> None:
    """It is no --force: a deletion that is in no commit stays drift."""
    Tag.objects.filter(pk=12).update(name="Edited")
    refused = run("checkout", "main", "--apply", "--yes", "--adopt")
    assert (refused.code, "bakery.tag:12" in refused.err) == (3, True)


def test_a_commit_with_the_same_content_stands_in(first: str, run: Run, ok: Ok, git: Ok) -> None:
    """History was rewritten, its content not: what was edited is known, and no flag is needed."""
    Tag.objects.filter(pk=77).delete()
    ok("checkout", "main", "--apply", "--yes", "--adopt")
    for name in git("for-each-ref", "--format=%(refname)", "refs/contentgit").split():
        git("update-ref", "-d", name)
    git("commit", "-q", "--amend", "-m", "Reworded")
    collect(git)
    said = ok("status", "--exit-code")
    assert f"shop  at {first[:10]} (main), which is not in the repository, clean" in said
    assert "  branch main has the same content: contentgit checkout" in said
    assert "--adopt" not in said
    Tag.objects.filter(pk=12).update(name="Edited")
    assert "~ bakery.tag:12" in ok("status")
    refused = run("checkout", "main", "--apply", "--yes")
    assert (refused.code, "bakery.tag:12" in refused.err) == (3, True)
    ok("update", "--yes")
    assert at() == git("rev-parse", "main")
    assert "not in the repository" not in ok("status")
    assert "~ bakery.tag:12" in ok("status")


def test_the_commit_is_fetched_as_the_hint_says(
    committed: None, run: Run, ok: Ok, git: Ok, repository_path: Path, tmp_path: Path
) -> None:
    """The hint's command brings the commit from a clone that has it, and keeps it."""
    other = tmp_path / "other"
    shutil.copytree(repository_path, other)
    git("remote", "add", "origin", str(other))
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Nuts", f"--repository={other}")
    said = run("diff").err
    assert f"contentgit fetch --repository {repository_path} --all" in said
    (line,) = [each for each in said.splitlines() if "fetch origin +" in each]
    subprocess.run(line.partition("  ")[0].removeprefix("hint: ").split(), check=True)
    collect(git)
    assert "not in the repository" not in ok("status")


def test_a_shallow_clone_names_what_brings_the_rest(
    committed: None, run: Run, ok: Ok, git: Ok, repository_path: Path, tmp_path: Path
) -> None:
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Nuts")
    ok("checkout", "main~1", "--apply", "--yes")
    shallow = tmp_path / "shallow"
    url = f"file://{repository_path}"
    subprocess.run(["git", "clone", "-q", "--depth=1", url, shallow], check=True)
    here = f"--repository={shallow}"
    said = run("status", here)
    assert said.code == 0
    assert f"git -C {shallow} fetch --unshallow  (this clone is shallow" in said.out
    assert "--adopt" not in said.out
    for words in (["diff"], ["commit", "shop", "--branch=x", "-m", "x"], ["checkout", "main"]):
        refused = run(words[0], here, *words[1:])
        assert refused.code == 1
        assert "fetch --unshallow" in refused.err
        assert "--adopt" not in refused.err
    subprocess.run(["git", "-C", shallow, "fetch", "-q", "--unshallow"], check=True)
    assert "not in the repository" not in run("status", here).out


def test_an_undo_names_where_its_commit_is_fetched_from(
    first: str, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    gone = at()
    ok("checkout", "main", "--apply", "--yes", "--adopt", "--force")
    for name in git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup").split():
        git("update-ref", "-d", name)
    collect(git)
    before = raw.snapshot("default")
    said = run("undo", "--yes")
    assert (said.code, "which is not in the repository" in said.err) == (1, True)
    assert "fetch OTHER +" in said.err
    assert ":refs/contentgit/backup/test/" in said.err
    assert "contentgit checkout --repository" in said.err
    assert raw.snapshot("default") == before
    assert at() != gone


def test_status_names_a_commit_of_several_dumps_once(first: str, run: Run) -> None:
    AppliedCommit.objects.update(commit="1" * 40, tree="2" * 40)
    out = run("status").out
    assert out.count("which is not in the repository") == 3
    assert (out.count("fetch OTHER +"), out.count("--apply --adopt")) == (1, 1)


@pytest.fixture(params=["a new repository", "no refs"])
def blank(
    request: pytest.FixtureRequest, committed: None, run: Run, git: Ok, repository_path: Path
) -> None:
    """A database at a commit of a repository that was lost, or that lost all its refs."""
    if request.param == "no refs":
        for name in git("for-each-ref", "--format=%(refname)").split():
            git("update-ref", "-d", name)
        collect(git)
    else:
        shutil.rmtree(repository_path)
        run("init")


@pytest.mark.parametrize("verb", ["status", "diff"])
def test_where_the_branch_has_nothing_it_begins_anew_with_the_database(
    verb: str, blank: None, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    before = raw.snapshot("default")
    said = run(verb)
    way = f"contentgit commit --repository {repository_path}"
    assert way in said.out + said.err
    assert "REV" not in said.out + said.err
    assert "git -C" not in said.out or "diff HEAD" not in said.out
    ok("commit", "-m", "Anew")
    assert {at(dump) for dump in ("shop", "pages", "hours")} == {git("rev-parse", "main")}
    git("reset", "-q", "--hard")
    ok("status", "--exit-code")
    ok("check")
    Tag.objects.filter(pk=12).update(name="Edited")
    ok("commit", "-m", "On it goes")
    assert run("undo", "--yes").code == 2  # nothing was applied
    ok("checkout", "main~1", "--apply", "--yes")
    assert raw.snapshot("default") == before


def test_a_commit_that_has_no_dump_any_more(committed: None, run: Run, ok: Ok, git: Ok) -> None:
    git("rm", "-q", "-r", "shop", "pages", "hours")
    git("commit", "-q", "-m", "Nothing is left")
    said = run("checkout", "main", "--apply")
    assert (said.code, "nothing was committed yet" in said.err) == (2, False)
    assert "--branch NEW  (makes a branch" in said.err


def test_show_of_a_record_that_is_not_there(committed: None, run: Run) -> None:
    said = run("show", "main", "--", "bakery.tag:999")
    assert (said.code, "main has no record bakery.tag:999" in said.err) == (2, True)


def test_where_head_is_detached_a_branch_of_its_own_is_named(
    first: str, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    git("checkout", "-q", "--detach", first)
    git("branch", "-q", "-D", "main")
    said = run("status").out
    way = f"contentgit commit --repository {repository_path} shop --branch NEW"
    assert way in said
    ok("commit", "shop", "--branch", "NEW", "-m", "Anew")


def test_where_the_branch_has_it_no_more_a_branch_of_its_own_gets_it(
    first: str, run: Run, ok: Ok, git: Ok
) -> None:
    """Somebody took the dump out on purpose: a commit on top would bring it back unseen."""
    git("rm", "-r", "-q", "shop")
    git("commit", "-q", "-m", "No shop any more")
    tip = git("rev-parse", "main")
    assert "shop --branch NEW  (starts again on a new branch" in run("status").out
    refused = run("commit", "shop", "-m", "Back again")
    assert refused.code == 1
    assert "shop --branch NEW  (starts again" in refused.err
    assert git("rev-parse", "main") == tip
    ok("commit", "shop", "--branch", "own", "-m", "What the database has")
    assert at() == git("rev-parse", "own")
    ok("status", "--exit-code", "shop")


def test_a_branch_that_never_had_it_is_behind_a_database_whose_commit_is_there(
    committed: None, run: Run, ok: Ok, git: Ok
) -> None:
    Tag.objects.filter(pk=12).update(name="Edited")
    git("checkout", "-q", "-b", "empty", "main~1")
    refused = run("commit", "-m", "On the empty branch")
    assert (refused.code, "branch empty is behind database" in refused.err) == (3, True)
