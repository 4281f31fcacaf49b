"""Opening, finding and making repositories, and every way in which that fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contentgit.errors import RepositoryError, UnknownNameError, UsageError
from contentgit.git import Repository
from tests.git.conftest import ONE, Commits
from tests.git.plain import files, git


def test_init_makes_an_empty_repository(repository_path: Path, algorithm: str) -> None:
    repository = Repository.init(repository_path / "deep" / "er", branch="trunk")
    assert repository.path == repository_path / "deep" / "er"
    assert repository.worktree == repository.path
    assert repository.git_dir == repository.path / ".git"
    assert not repository.bare
    assert repository.algorithm == algorithm
    assert repository.refs.head_branch() == "trunk"
    assert repository.refs.branches() == []
    assert repository.refs.tip("trunk") is None


def test_init_makes_a_bare_repository(repository_path: Path, algorithm: str) -> None:
    repository = Repository.init(repository_path, bare=True)
    assert repository.bare
    assert repository.worktree is None
    assert repository.git_dir == repository.path == repository_path
    assert repository.algorithm == algorithm
    assert Repository.open(repository_path).bare


def test_init_takes_its_own_repository_as_it_is(repository: Repository, commit: Commits) -> None:
    again = Repository.init(repository.path, branch="other")
    assert again.refs.head_branch() == "main"
    written = commit(repository, {"contentgit.json": b"{}\n"})
    (repository.path / "notes.txt").write_text("mine")
    assert Repository.init(repository.path).refs.tip("main") == written.commit


def test_init_takes_an_empty_clone(tmp_path: Path, repository_path: Path) -> None:
    Repository.init(tmp_path / "origin", bare=True)
    git(tmp_path, "clone", "--quiet", "origin", str(repository_path))
    assert Repository.init(repository_path).refs.head_branch() == "main"


def test_init_refuses_a_folder_with_files(repository_path: Path) -> None:
    repository_path.mkdir()
    (repository_path / "manage.py").write_text("")
    with pytest.raises(RepositoryError) as caught:
        Repository.init(repository_path)
    assert caught.value.message == f"{repository_path} is not empty and not a repository"
    assert caught.value.hint == (
        "content needs a repository of its own: name an empty folder, or one that is not there"
    )
    assert files(repository_path) == {"manage.py": b""}
    assert not (repository_path / ".git").exists()


def test_init_refuses_a_project_without_commits(repository_path: Path) -> None:
    git(repository_path.parent, "init", "--quiet", str(repository_path))
    (repository_path / "manage.py").write_text("")
    with pytest.raises(RepositoryError, match=r"has files and no commit$"):
        Repository.init(repository_path)


def test_init_refuses_a_foreign_repository(repository: Repository, commit: Commits) -> None:
    commit(repository, {"manage.py": b"print()\n"})
    with pytest.raises(RepositoryError) as caught:
        Repository.init(repository.path)
    assert caught.value.message == (
        f"{repository.path} holds other things: no branch has a file contentgit.json"
    )


def test_init_refuses_a_file_and_a_place_below_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "content"):
        with pytest.raises(RepositoryError, match=f"^cannot make a repository at {path}: "):
            Repository.init(path)


def test_init_refuses_bare_where_there_is_a_worktree(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="is there already and is not bare"):
        Repository.init(repository.path, bare=True)


@pytest.mark.parametrize("name", ["--bare", "a b", "a..b", "HEAD", "", "@", "x.lock", "a\nb"])
def test_init_refuses_what_is_no_branch(repository_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Repository.init(repository_path, branch=name)
    assert caught.value.message == f"{name!r} cannot be the name of a branch"
    assert not repository_path.exists()


def test_open_takes_a_worktree_its_git_folder_and_relative_paths(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Repository.open(repository.path / ".git").path == repository.path
    monkeypatch.chdir(repository.path.parent)
    assert Repository.open(Path("content")).path == repository.path
    assert repr(Repository.open(Path("content"))) == f"Repository({str(repository.path)!r})"


def test_open_refuses_where_there_is_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", tmp_path / "$HOME", tmp_path / "--help"):
        with pytest.raises(RepositoryError) as caught:
            Repository.open(path)
        assert caught.value.message == f"there is no git repository at {path}"
        assert caught.value.hint == "contentgit init makes one"


def test_open_does_not_go_up_to_the_project(repository: Repository) -> None:
    (repository.path / "content").mkdir()
    with pytest.raises(RepositoryError, match="there is no git repository at"):
        Repository.open(repository.path / "content")


def test_a_repository_that_vanishes_is_not_replaced_by_the_one_around(
    repository: Repository, commit: Commits
) -> None:
    commit(repository, {ONE: b"outer\n"})
    inner = Repository.init(repository.path / "content")
    (inner.path / ".git").rename(repository.path / "moved")
    with pytest.raises(RepositoryError, match=f"there is no git repository at {inner.path}"):
        inner.refs.resolve("main")
    inner.path.rmdir()
    with pytest.raises(RepositoryError, match=f"there is no git repository at {inner.path}"):
        inner.refs.branches()


def test_discover_finds_the_repository_around(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "a" / "b").mkdir(parents=True)
    assert Repository.discover(repository.path / "a" / "b").path == repository.path
    assert Repository.discover(repository.path).path == repository.path
    bare = Repository.init(tmp_path / "bare", bare=True)
    assert Repository.discover(bare.path / "refs").path == bare.path
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RepositoryError, match=f"there is no git repository at {path}"):
            Repository.discover(path)


def test_a_linked_worktree_is_a_repository(filled: Repository, tmp_path: Path) -> None:
    git(filled.path, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    linked = Repository.open(tmp_path / "linked")
    assert linked.worktree == tmp_path / "linked"
    assert linked.git_dir == filled.git_dir / "worktrees" / "linked"
    assert linked.refs.head_branch() == "side"
    assert filled.refs.head_branch() == "main"
    assert linked.refs.resolve("HEAD") == filled.refs.resolve("main")


def test_a_folder_with_an_odd_name(tmp_path: Path, commit: Commits) -> None:
    path = tmp_path / os.fsdecode(b"a $HOME\n'\"%\xff:b")
    repository = Repository.init(path)
    written = commit(repository, {ONE: b"1\n"})
    assert repository.worktrees.bring_along("main", None, written.commit) == []
    assert repository.git_dir == path / ".git"
    assert Repository.open(path).refs.resolve("main") == written.commit


def test_a_bare_repository_that_git_is_told_to_refuse(
    repository_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Repository.init(repository_path, bare=True)
    (tmp_path / "config").write_text("[safe]\n\tbareRepository = explicit\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    assert Repository.open(repository_path).refs.head_branch() == "main"
    with pytest.raises(RepositoryError, match="cannot use bare repository"):
        Repository.discover(repository_path)


def test_a_repository_of_another_user(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the superuser can give a folder away; git has a switch that plays this.
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RepositoryError) as caught:
        Repository.open(repository.path)
    assert caught.value.message == (
        f"git does not trust the repository {repository.path}: it belongs to another user "
        f"(detected dubious ownership in repository at '{repository.path}')"
    )
    assert caught.value.hint == (
        f"if you trust it: git config --global --add safe.directory {repository.path}"
    )


def test_without_git(repository: Repository, tmp_path: Path) -> None:
    """In a process of its own: GitPython looks for git when it is imported."""
    (tmp_path / "empty").mkdir()
    program = (
        "import sys\nfrom pathlib import Path\nfrom contentgit.errors import RepositoryError\n"
        "from contentgit.git import Repository\n"
        "for way in (Repository.open, Repository.discover, Repository.init):\n"
        "    try:\n        way(Path(sys.argv[1]))\n"
        "    except RepositoryError as error:\n        print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(repository.path)],
        env={**os.environ, "PATH": str(tmp_path / "empty"), "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
    )
    line = (
        "git is not installed | install it (apt install git, brew install git, "
        "https://git-scm.com/downloads) so that 'git --version' works\n"
    )
    assert (done.stdout, done.stderr) == (line * 3, "")


def test_git_that_goes_away(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match=r"^git is not installed$"):
        Repository.open(repository.path)


def test_identity(repository: Repository) -> None:
    assert str(repository.settings.identity()) == "Test Author <author@example.com>"


@pytest.mark.parametrize("lines", ["", "[user]\n\tname = A\n", "[user]\n\temail = a@example.com\n"])
def test_identity_is_never_guessed(
    repository_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: str
) -> None:
    (tmp_path / "config").write_text(lines)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.delenv("EMAIL", raising=False)
    repository = Repository.init(repository_path)
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    for way in (
        repository.settings.identity,
        lambda: repository.writer.commit_tree(tree, [], "message"),
    ):
        with pytest.raises(RepositoryError) as caught:
            way()
        assert caught.value.message == (
            "git does not know who you are, and a commit must say who made it"
        )
        assert caught.value.hint == (
            'git config --global user.name "Your Name"; '
            "git config --global user.email you@example.com"
        )


def test_identity_of_the_environment(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Änne")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "aenne@example.com")
    assert str(repository.settings.identity()) == "Änne <aenne@example.com>"


def test_editor(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_EDITOR", "ed --some 'thing'")
    assert repository.settings.editor() == "ed --some 'thing'"
    monkeypatch.delenv("GIT_EDITOR")
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(RepositoryError, match="erminal is dumb, but EDITOR unset"):
        repository.settings.editor()


def test_the_branch_to_begin_with_is_the_one_that_the_remote_begins_with(
    repository: Repository,
) -> None:
    """Where HEAD's own branch is neither here nor there."""
    folder = repository.path
    tree = git(folder, "mktree")
    commit = git(folder, "commit-tree", "-m", "x", tree)
    for name in ("a", "main", "site"):
        git(folder, "update-ref", f"refs/remotes/origin/{name}", commit)
    git(folder, "symbolic-ref", "HEAD", "refs/heads/other")
    for branch in ("main", "site"):
        with pytest.raises(UnknownNameError) as caught:
            repository.refs.resolve("HEAD")
        assert f"branch {branch} origin/{branch}" in caught.value.hint
        git(folder, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/site")


def test_an_empty_repository_has_no_commit(repository: Repository) -> None:
    with pytest.raises(UnknownNameError) as caught:
        repository.refs.resolve("HEAD")
    assert caught.value.message == "branch 'main' has no commit yet"
    assert (
        caught.value.hint == "the repository has no commit yet: contentgit commit makes the first"
    )


def test_a_head_of_noise(repository: Repository) -> None:
    (repository.git_dir / "HEAD").write_bytes(b"\xff\n")
    with pytest.raises(RepositoryError, match=r"is damaged: .*HEAD names no branch") as caught:
        Repository.open(repository.path)
    subprocess.run(caught.value.hint.partition("  (")[0], shell=True, check=True)
    assert Repository.open(repository.path).refs.head_branch() == "main"
