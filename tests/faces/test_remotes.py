"""``fetch``, ``pull``, ``push`` and ``checkout --pull`` between real repositories."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contentgit.content.canonical import decode, encode
from contentgit.content.records import Record
from contentgit.git import Moved, Repository, Talk
from contentgit.git.remotes import without_password
from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.git.plain import git as plain
from tests.verbs.conftest import Run

Ok = Callable[..., str]


@pytest.fixture
def origin(tmp_path: Path, repository_path: Path, ok: Ok) -> Path:
    """A bare repository, of which the test's is a clone with the branch main, pushed."""
    bare = tmp_path / "origin.git"
    plain(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(bare))
    ok("init")
    plain(repository_path, "remote", "add", "origin", f"file://{bare}")
    ok("push", "-u")
    return bare


@pytest.fixture
def colleague(tmp_path: Path, origin: Path) -> Path:
    """Another clone."""
    folder = tmp_path / "colleague"
    plain(tmp_path, "clone", "--quiet", str(origin), str(folder))
    return folder


def work(folder: Path, name: str = "notes.txt", *, push: bool = True) -> str:
    """A commit in a clone."""
    (folder / name).write_text(name)
    plain(folder, "add", name)
    plain(folder, "commit", "--quiet", "-m", f"Write {name}")
    if push:
        plain(folder, "push", "--quiet", "origin", "HEAD")
    return plain(folder, "rev-parse", "HEAD")


def test_push_says_what_moved(origin: Path, ok: Ok, git: Ok, repository_path: Path) -> None:
    assert git("config", "branch.main.remote") == "origin"
    assert git("config", "branch.main.merge") == "refs/heads/main"
    assert ok("push") == f"file://{origin} is up to date\n"
    new = work(repository_path, push=False)
    assert ok("push") == f"To file://{origin}\n ~ main  updated\n"
    assert plain(origin, "rev-parse", "main") == new
    ok("branch", "summer")
    git("tag", "v1")
    assert ok("push", "origin", "summer", "--tags") == (
        f"To file://{origin}\n + summer  new\n + v1  new\n"
    )
    assert ok("push", "--delete", "summer") == f"To file://{origin}\n - summer  deleted\n"
    assert plain(origin, "for-each-ref", "--format=%(refname)") == "refs/heads/main\nrefs/tags/v1"


def test_push_sends_a_tag(origin: Path, ok: Ok, run: Run, git: Ok) -> None:
    ok("tag", "v1")
    said = ok("push", "-u", "origin", "v1")
    assert said.splitlines()[1].startswith(" + v1")
    assert plain(origin, "rev-parse", "v1") == git("rev-parse", "main")
    assert "branch.v1" not in git("config", "--list", "--local")
    said = run("push", "origin", "v2")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: there is no branch or tag 'v2'")


def test_push_never_overwrites(
    origin: Path, colleague: Path, run: Run, repository_path: Path
) -> None:
    theirs = work(colleague)
    work(repository_path, "mine.txt", push=False)
    said = run("push")
    assert said.code == 3
    assert said.err == (
        "refused: origin has commits that are not here; nothing was overwritten\n"
        "  main: [rejected] (fetch first)\n"
        "hint: contentgit pull --repository "
        f"{repository_path}  brings them; then push again\n"
    )
    for words in (["--force"], ["origin", "+main"], ["origin", "main:other"]):
        assert run("push", *words).code == 3
    plain(repository_path, "config", "remote.origin.mirror", "true")
    assert run("push").code == 3
    assert plain(origin, "rev-parse", "main") == theirs


def test_the_other_side_s_hook_and_one_s_own_are_heard(
    origin: Path, run: Run, repository_path: Path
) -> None:
    work(repository_path, push=False)
    own, theirs = repository_path / ".git/hooks/pre-push", origin / "hooks/pre-receive"
    for hook in (own, theirs):
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'not on Fridays' >&2\nexit 1\n")
        hook.chmod(0o755)
    said = run("push")
    assert (said.code, said.err) == (
        3,
        (
            "refused: the hook pre-push of this repository refused the push\n  not on Fridays\n"
            "hint: what it says is in the lines above\n"
        ),
    )
    own.unlink()
    said = run("push")
    assert said.code == 3
    assert "  remote: not on Fridays\n" in said.err


def test_fetch_moves_remote_branches_alone(
    origin: Path, colleague: Path, run: Run, ok: Ok, git: Ok
) -> None:
    before = git("rev-parse", "main")
    first = work(colleague)
    plain(colleague, "switch", "--quiet", "-c", "summer")
    second = work(colleague, "summer.txt")
    plain(colleague, "tag", "v1", "main")
    plain(colleague, "push", "--quiet", "origin", "v1")
    assert ok("fetch") == (
        f"From file://{origin}\n ~ origin/main  {before[:10]}..{first[:10]}\n"
        f" + origin/summer  new {second[:10]}\n + v1  new {first[:10]}\n"
    )
    assert ok("fetch") == "origin: nothing new\n"
    assert git("rev-parse", "main") == before
    plain(colleague, "reset", "--quiet", "--hard", "HEAD~1")
    third = work(colleague, "other.txt", push=False)
    plain(colleague, "push", "--quiet", "--force", "origin", "summer")
    forced = f"{second[:10]}..{third[:10]}, by force: commits are gone there"
    assert forced in ok("fetch")
    plain(colleague, "push", "--quiet", "origin", "--delete", "summer")
    found = run("fetch", "--all", "--prune", "--json").json["fetched"]
    assert [(each["ref"], each["moved"]) for each in found[0]["moves"]] == [
        ("refs/remotes/origin/summer", "deleted")
    ]
    said = run("fetch", "--all", "origin")
    assert (said.code, said.err) == (2, "error: fetch takes --all or 'origin', not both\n")


def test_pull_goes_forward_with_the_worktree(
    origin: Path, colleague: Path, ok: Ok, git: Ok, repository_path: Path
) -> None:
    before, new = git("rev-parse", "main"), work(colleague)
    *_, went, database = ok("pull").splitlines()
    assert went == f"Branch main was fast-forwarded from {before[:10]} to {new[:10]}"
    assert database == (
        "The database has not changed. To apply the branch: contentgit checkout "
        f"--repository {repository_path} main --apply"
    )
    assert git("rev-parse", "main") == new
    assert (repository_path / "notes.txt").exists()
    assert git("status", "--porcelain") == ""
    assert ok("pull") == "Branch main is up to date with origin/main\n"
    work(repository_path, "mine.txt", push=False)
    assert ok("pull", "origin", "main") == "Branch main is up to date with origin/main\n"


def test_a_pull_names_the_files_whose_edits_stay(
    origin: Path, colleague: Path, ok: Ok, git: Ok, repository_path: Path
) -> None:
    work(colleague)
    ok("pull")
    (colleague / "notes.txt").write_text("theirs")
    git("-C", str(colleague), "commit", "-q", "-a", "-m", "Theirs")
    git("-C", str(colleague), "push", "-q", "origin", "main")
    (repository_path / "notes.txt").write_text("mine")
    assert ok("pull").splitlines()[-3:-1] == [
        f"left alone in {repository_path}, because of edits there: notes.txt",
        "  these files are older than the branch; committing them with git there would revert it",
    ]
    assert (repository_path / "notes.txt").read_text() == "mine"


def test_a_pull_of_what_has_parted(
    origin: Path, colleague: Path, run: Run, git: Ok, repository_path: Path
) -> None:
    theirs, ours = work(colleague), work(repository_path, "mine.txt", push=False)
    said = run("pull", "--ff-only")
    assert said.code == 3
    assert "branch main and origin/main have diverged" in said.err
    assert "merge" in said.err
    assert git("rev-parse", "main", "origin/main") == f"{ours}\n{theirs}"


@pytest.fixture
def two_editors(databases: object, origin: Path, colleague: Path, ok: Ok) -> Path:
    """Both clones have the bakery, and the first has an edit of its own that is not pushed."""
    fill()
    ok("commit", "-m", "All")
    ok("push")
    plain(colleague, "pull", "--quiet")
    Tag.objects.filter(pk=3).update(name="Ours")
    ok("commit", "-m", "Ours")
    return colleague


def rename(folder: Path, number: int, name: str) -> None:
    (path,) = folder.glob(f"**/bakery.tag/**/{number}.json")
    record = decode(path.read_bytes())
    path.write_bytes(encode(Record(record.key, {**record.fields, "name": name})))
    plain(folder, "commit", "--quiet", "-a", "-m", name)
    plain(folder, "push", "--quiet", "origin", "HEAD")


def test_a_pull_merges_what_has_parted(two_editors: Path, ok: Ok, run: Run, git: Ok) -> None:
    ours = git("rev-parse", "main")
    rename(two_editors, 12, "Theirs")
    theirs = plain(two_editors, "rev-parse", "HEAD")
    assert run("pull", "--ff-only").code == 3
    said = ok("pull")
    assert "Merged origin/main into branch main, which is at " in said
    assert git("rev-parse", "main^1", "main^2") == f"{ours}\n{theirs}"
    assert git("status", "--porcelain") == ""
    ok("push")


def test_conflicts_of_a_pull_are_those_of_a_merge(
    two_editors: Path, ok: Ok, run: Run, git: Ok
) -> None:
    before = git("rev-parse", "main")
    rename(two_editors, 3, "Theirs")
    assert run("pull").code == 3
    assert git("rev-parse", "main") == before
    assert "bakery.tag:3/name" in ok("conflicts")
    assert run("pull").code == 3  # one is under way
    ok("resolve", "bakery.tag:3", "--take", "theirs")
    ok("merge", "--continue")
    ok("push")


@pytest.mark.parametrize("cloned", [["--bare"], ["--mirror"]])
def test_a_bare_clone_pulls_and_keeps_its_own_branches(
    cloned: list[str], origin: Path, colleague: Path, tmp_path: Path, ok: Ok, run: Run
) -> None:
    """git itself would fetch nothing into the one, and overwrite main in the other."""
    bare = tmp_path / "host.git"
    plain(tmp_path, "clone", "--quiet", *cloned, str(origin), str(bare))
    kept = plain(bare, "rev-parse", "main")
    plain(bare, "update-ref", "refs/contentgit/backup/x", kept)
    new = work(colleague)
    from contentgit.cli.main import main

    assert main(["fetch", "--prune", f"--repository={bare}"]) == 0
    assert plain(bare, "rev-parse", "main", "refs/contentgit/backup/x") == f"{kept}\n{kept}"
    assert main(["pull", f"--repository={bare}"]) == 0
    assert plain(bare, "rev-parse", "main") == new


def test_what_git_says_when_it_fails(
    origin: Path, run: Run, git: Ok, ok: Ok, repository_path: Path
) -> None:
    said = run("fetch", "nowhere")
    assert (said.code, said.err) == (
        2,
        "error: there is no remote 'nowhere'\nhint: remotes: origin\n",
    )
    git("branch", "prod")
    for verb in ("push", "pull"):
        said = run(verb, "prod")
        assert (said.code, said.err.splitlines()[0]) == (
            2,
            "error: there is no remote 'prod'; it is the name of a branch",
        )
        assert said.err.splitlines()[1].startswith(f"hint: contentgit {verb} ")
        assert said.err.endswith(" origin prod\n")
    assert run("fetch", "--upload-pack=touch hacked").code == 2
    assert run("pull", "origin", "nowhere").code == 2
    git("remote", "set-url", "origin", "/nowhere/at/all")
    said = run("fetch")
    assert said.code == 1
    assert said.err.startswith("error: there is no repository at origin (/nowhere/at/all): ")
    git("remote", "set-url", "origin", "https://anna:secret@localhost:1/x.git")
    for verb in ("fetch", "pull", "push"):
        said = run(verb)
        assert said.code == 1
        assert "origin (https://…@localhost:1/x.git) cannot be reached" in said.err
        assert "secret" not in said.err
        assert len(said.err.splitlines()) == 2
    git("remote", "remove", "origin")
    said = run("fetch")
    assert "has no remote" in said.err
    assert f"hint: git -C {repository_path} remote add origin URL\n" in said.err


def test_a_repository_whose_branch_is_at_the_remote_only(
    origin: Path, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    ok("push", "origin", "main")
    tip = git("rev-parse", "main")
    shutil.rmtree(repository_path)
    subprocess.run(["git", "init", "-q", "-b", "main", repository_path], check=True)
    git("remote", "add", "origin", str(origin))
    ok("fetch")
    said = run("log")
    assert said.err.splitlines()[0] == "error: branch 'main' has no commit yet"
    hint = said.err.splitlines()[1].removeprefix("hint: contentgit ").partition("  (")[0]
    assert "origin/main" in ok(*hint.replace(f" --repository {repository_path}", "").split())
    assert git("rev-parse", "main") == tip


def test_a_branch_that_only_the_remote_has(origin: Path, ok: Ok, run: Run, git: Ok) -> None:
    ok("branch", "summer")
    ok("push", "origin", "summer")
    git("branch", "-D", "summer")
    ok("fetch")
    said = run("show", "summer")
    assert "branch" in said.err
    assert "summer origin/summer  (creates the branch" in said.err


def test_passwords_are_never_shown() -> None:
    assert without_password("a https://u:p@ss@h/x b") == "a https://…@h/x b"
    assert without_password("https://token@h/x ssh://git@h/x") == "https://…@h/x ssh://git@h/x"
    assert without_password("ssh://git:pw@h/x git@h:x") == "ssh://…@h/x git@h:x"
    assert without_password("HTTPS://u:p@h/x a-2://u:p@h/x") == "HTTPS://…@h/x a-2://…@h/x"


def test_a_fetch_that_dies_midway_loses_nothing(
    origin: Path, colleague: Path, tmp_path: Path, run: Run, ok: Ok, git: Ok
) -> None:
    before = git("for-each-ref")
    new = work(colleague)
    blob = plain(colleague, "rev-parse", "HEAD:notes.txt")
    lost = origin / "objects" / blob[:2] / blob[2:]
    lost.rename(tmp_path / "lost")
    assert run("pull").code == 1
    assert git("for-each-ref") == before
    (tmp_path / "lost").rename(lost)
    ok("pull")
    assert git("rev-parse", "main") == new


def test_progress_is_told_line_by_line(
    origin: Path, colleague: Path, repository_path: Path
) -> None:
    work(colleague)
    lines: list[str] = []
    (move,) = Repository.open(repository_path).remotes.fetch("origin", Talk(progress=lines.append))
    assert move.moved is Moved.UPDATED
    assert any("Counting objects" in line or "Enumerating" in line for line in lines)


def test_a_host_pulls_and_applies(
    databases: object, origin: Path, tmp_path: Path, ok: Ok, git: Ok
) -> None:
    from contentgit.cli.main import main

    host = tmp_path / "host.git"
    plain(tmp_path, "clone", "--quiet", "--bare", str(origin), str(host))
    fill()
    ok("commit", "-m", "All")
    ok("push")
    words = ["checkout", "main", "--apply", "--pull", "--no-input", "--database=other"]
    assert main([*words, f"--repository={host}"]) == 0
    assert plain(host, "rev-parse", "main") == git("rev-parse", "main")
    assert Tag.objects.using("other").count() == Tag.objects.count()


def test_a_host_whose_branch_has_parted_applies_nothing(
    databases: object, origin: Path, colleague: Path, run: Run, repository_path: Path
) -> None:
    work(colleague)
    work(repository_path, "mine.txt", push=False)
    said = run("checkout", "main", "--apply", "--pull", "--no-input")
    assert said.code == 3
    assert "have diverged" in said.err
    assert run("checkout", "main~1", "--pull").code == 2
    assert run("checkout", "-b", "x", "--pull").code == 2
    assert run("checkout", "--apply", "--plan", "x", "--pull").code == 2
