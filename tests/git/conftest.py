"""Real repositories in temporary folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from contentgit.git import Repository, Signature
from tests.git.plain import git

DATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANNA = Signature("Anna", "anna@example.com")
ONE, TWO, THREE = "pages/a.b/0/0/1.json", "pages/a.b/0/0/2.json", "tags/a.c/x.json"


class Written(NamedTuple):
    """A commit and its tree; not ``changed`` where the tree was the parent's and no commit was made."""

    commit: str
    tree: str
    changed: bool


Commits = Callable[..., Written]


@pytest.fixture(params=["sha1", "sha256"])
def algorithm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of git's hash algorithms, one after the other."""
    monkeypatch.setenv("GIT_DEFAULT_HASH", request.param)
    return str(request.param)


@pytest.fixture
def repository(repository_path: Path) -> Repository:
    """An empty repository with a worktree."""
    return Repository.init(repository_path)


@pytest.fixture
def commit() -> Commits:
    """Commits changes (path to bytes, None deletes) on a branch and moves it, without its worktree."""

    def commit(
        repository: Repository, changes: dict[str, bytes | None], branch: str = "main"
    ) -> Written:
        tip = repository.refs.tip(branch)
        tree = repository.writer.write_tree(tip, changes.items())
        if tip and tree == repository.trees.root(tip):
            return Written(tip, tree, changed=False)
        parents = [tip] if tip else []
        new = repository.writer.commit_tree(
            tree, parents, "Change things\n", author=ANNA, committer=ANNA, date=DATE
        )
        repository.refs.move(f"refs/heads/{branch}", new, tip, "test")
        return Written(new, tree, changed=True)

    return commit


@pytest.fixture
def filled(repository: Repository, commit: Commits) -> Repository:
    """A repository whose branch main has three files, all in the worktree."""
    written = commit(repository, {ONE: b"one\n", TWO: b"two\n", THREE: b"three\n"})
    assert repository.worktrees.bring_along("main", None, written.commit) == []
    assert git(repository.path, "status", "--porcelain") == ""
    return repository


@pytest.fixture
def hook_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The environment of a git hook of another repository, which must stay as it is."""
    other = tmp_path / "hooked"
    git(tmp_path, "init", "--quiet", "-b", "main", str(other))
    (other / "code.py").write_text("print()\n")
    git(other, "add", "code.py")
    git(other, "commit", "--quiet", "-m", "code")
    before = [git(other, "rev-parse", "HEAD"), git(other, "status", "--porcelain")]
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(other / ".git"))
        patch.setenv("GIT_WORK_TREE", str(other))
        patch.setenv("GIT_COMMON_DIR", str(other / ".git"))
        patch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
        patch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git" / "objects"))
        patch.setenv("GIT_PREFIX", "")
        patch.setenv("GIT_AUTHOR_DATE", "@1 +0000")
        patch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare'='true'")
        yield other
    assert [git(other, "rev-parse", "HEAD"), git(other, "status", "--porcelain")] == before
    assert git(other, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert git(other, "count-objects").startswith("3 objects,")
