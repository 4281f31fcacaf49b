"""git-lfs: its store is read and written without it, and it transfers what is asked for."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contentgit.content.pointers import ATTRIBUTE, pointer
from contentgit.content.records import CarriedFile
from contentgit.errors import ContentgitError, RefusedError, RepositoryError
from contentgit.git import Repository, Wanted
from tests.git.conftest import Commits
from tests.git.plain import git

ONE, TWO, EMPTY = b"one picture" * 1000, b"another picture", b""


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def path_of(data: bytes) -> str:
    return f"files/{name_of(data)[:2]}/{name_of(data)[2:]}"


def pointer_to(data: bytes) -> bytes:
    return pointer(CarriedFile("", name_of(data), len(data)))


def stored(repository: Repository) -> set[str]:
    """What git-lfs has, and nothing half written."""
    folder = repository.git_dir / "lfs"
    assert not [*folder.glob("tmp/contentgit-*")]
    return {path.name for path in folder.glob("objects/*/*/*")}


@pytest.fixture
def pushed(filled: Repository, commit: Commits, tmp_path: Path) -> str:
    """The URL of a repository with two files in git-lfs, which ``filled`` has committed and pushed."""
    filled.lfs.install()
    filled.lfs.store({name_of(each): [each] for each in (ONE, TWO)})
    changes: dict[str, bytes | None] = {path_of(each): pointer_to(each) for each in (ONE, TWO)}
    commit(filled, {".gitattributes": f"{ATTRIBUTE}\n".encode(), **changes})
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    url = (tmp_path / "remote.git").as_uri()
    git(filled.path, "remote", "add", "origin", url)
    push(filled)
    return url


def push(repository: Repository) -> None:
    repository.lfs.push("origin", ["refs/heads/main"])
    repository.remotes.push("origin", ["main"], files_sent=True)


def clone(url: str, path: Path, *words: str) -> Repository:
    git(path.parent, "clone", "-q", *words, url, str(path))
    return Repository.open(path)


def wanted(repository: Repository, *files: bytes) -> dict[str, Wanted]:
    found = {}
    for data in files:
        blob = repository.trees.entry(repository.refs.resolve("HEAD"), path_of(data))
        assert blob
        found[name_of(data)] = Wanted(len(data), blob)
    return found


def test_a_file_is_stored_as_git_lfs_does(repository: Repository) -> None:
    kept = repository.lfs.store({name_of(ONE): iter([ONE[:10], ONE[10:]]), name_of(TWO): [TWO]})
    assert kept == {name_of(ONE): len(ONE), name_of(TWO): len(TWO)}
    assert stored(repository) == {name_of(ONE), name_of(TWO)}
    assert repository.lfs.has(name_of(ONE), len(ONE))
    assert not repository.lfs.has(name_of(ONE), len(ONE) + 1)
    assert not repository.lfs.has(name_of(b"?"), 1)
    with repository.lfs.reading(name_of(ONE)) as pieces:
        assert b"".join(pieces) == ONE
    (repository.path / "one").write_bytes(ONE)
    assert git(repository.path, "lfs", "pointer", "--file=one").encode() + b"\n" == pointer_to(ONE)


def test_the_store_is_where_the_configuration_says(repository: Repository, tmp_path: Path) -> None:
    git(repository.path, "config", "lfs.storage", str(tmp_path / "store"))
    repository.lfs.store({name_of(ONE): [ONE]})
    digest = name_of(ONE)
    where = tmp_path / "store/objects" / digest[:2] / digest[2:4] / digest
    assert where.read_bytes() == ONE


def test_what_is_not_what_it_is_called_is_not_stored(repository: Repository) -> None:
    assert repository.lfs.store({name_of(ONE): [TWO]}) == {}
    assert stored(repository) == set()


def test_a_file_that_breaks_off_is_not_stored(repository: Repository) -> None:
    def broken() -> Iterator[bytes]:
        yield ONE[:100]
        raise KeyError("the storage is gone")

    with pytest.raises(KeyError):
        repository.lfs.store({name_of(ONE): broken()})
    assert stored(repository) == set()


def test_a_process_that_is_killed_leaves_no_half_of_a_file(repository: Repository) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom contentgit.git import Repository\n"
        "def pieces():\n    yield b'one'\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "Repository.open(Path(sys.argv[1])).lfs.store({sys.argv[2]: pieces()})\n"
    )
    words = [sys.executable, "-c", code, str(repository.path), name_of(ONE)]
    assert subprocess.run(words).returncode == -signal.SIGKILL
    folder = repository.git_dir / "lfs"
    assert [path.name[:10] for path in folder.rglob("*") if path.is_file()] == ["contentgit"]
    assert not repository.lfs.has(name_of(ONE), len(ONE))
    repository.lfs.store({name_of(ONE): [ONE]})
    assert repository.lfs.has(name_of(ONE), len(ONE))


def test_a_store_that_cannot_be_written_says_so(repository: Repository) -> None:
    (repository.git_dir / "lfs").write_bytes(b"in the way")
    with pytest.raises(RepositoryError, match=r"cannot write to .*lfs: Not a directory"):
        repository.lfs.store({name_of(ONE): [ONE]})


def test_a_name_never_leads_out_of_the_store(repository: Repository) -> None:
    with pytest.raises(ContentgitError, match="is not a commit id"):
        repository.lfs.has("../" * 21 + "a", 1)


def test_a_push_sends_the_files_first(pushed: str, filled: Repository, tmp_path: Path) -> None:
    assert stored(Repository.open(tmp_path / "remote.git")) == {name_of(ONE), name_of(TWO)}
    assert git(filled.path, "lfs", "fsck") == "Git LFS fsck OK"


def test_a_push_without_its_files_moves_no_branch(
    pushed: str, filled: Repository, commit: Commits, tmp_path: Path
) -> None:
    tip = git(tmp_path / "remote.git", "rev-parse", "main")
    data = b"never stored"
    commit(filled, {path_of(data): pointer_to(data)})
    with pytest.raises(RepositoryError) as error:
        push(filled)
    assert error.value.message.startswith("git-lfs cannot send files to origin (file://")
    assert name_of(data) in " ".join(error.value.items)
    assert git(tmp_path / "remote.git", "rev-parse", "main") == tip


@pytest.mark.parametrize("words", [(), ("--bare",)])
def test_a_fetch_brings_what_is_asked_for(pushed: str, tmp_path: Path, words: list[str]) -> None:
    repository = clone(pushed, tmp_path / "clone", *words)
    git(repository.path, "config", "lfs.fetchexclude", "*")
    told: list[tuple[int, int]] = []
    repository.lfs.fetch("origin", wanted(repository, TWO), lambda *count: told.append(count))
    assert stored(repository) == {name_of(TWO)}
    assert told[-1] == (1, 1)


def test_what_the_server_lacks_is_said(pushed: str, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "remote.git/lfs")
    repository = clone(pushed, tmp_path / "clone")
    with pytest.raises(RepositoryError) as error:
        repository.lfs.fetch("origin", wanted(repository, TWO))
    assert "git-lfs cannot bring files from origin (file://" in error.value.message
    assert "remote missing object" in error.value.message
    assert error.value.items == (name_of(TWO),)
    assert "git lfs push --all origin" in error.value.hint


def test_a_remote_that_is_away_is_said(pushed: str, tmp_path: Path) -> None:
    repository = clone(pushed, tmp_path / "clone")
    git(repository.path, "remote", "set-url", "origin", "http://anna:secret@127.0.0.1:9/x.git")
    with pytest.raises(RepositoryError, match="connection refused") as error:
        repository.lfs.fetch("origin", wanted(repository, TWO))
    assert "secret" not in str(error.value) + error.value.hint


def test_a_commit_names_no_server(
    pushed: str, filled: Repository, commit: Commits, tmp_path: Path
) -> None:
    lines = "[lfs]\n\turl = http://127.0.0.1:9/u\n\tpushurl = http://127.0.0.1:9/p\n"
    lines += "\tallowincompletepush = true\n\tskipdownloaderrors = true\n"
    data = b"a third picture"
    filled.lfs.store({name_of(data): [data]})
    commit(filled, {".lfsconfig": lines.encode(), path_of(data): pointer_to(data)})
    with pytest.raises(RefusedError, match=r"a commit has a file \.lfsconfig") as error:
        push(filled)
    assert "config lfs.url URL" in error.value.hint
    git(filled.path, "config", "lfs.url", pushed)
    push(filled)
    repository = clone(pushed, tmp_path / "clone", "--bare")
    with pytest.raises(RefusedError):
        repository.lfs.fetch("origin", wanted(repository, data))
    git(repository.path, "config", "lfs.url", pushed)
    repository.lfs.fetch("origin", wanted(repository, data))
    assert stored(repository) == {name_of(data)}
    lost = b"never stored"
    commit(filled, {path_of(lost): pointer_to(lost)})
    with pytest.raises(RepositoryError, match="cannot send files"):
        push(filled)


def test_a_worktree_that_follows_its_branch_downloads_nothing(
    pushed: str, filled: Repository, commit: Commits, tmp_path: Path
) -> None:
    git(tmp_path, "lfs", "install", "--skip-repo")
    try:
        repository = clone(pushed, tmp_path / "clone", "--no-checkout")
        tip = repository.refs.tip("main")
        assert tip
        git(repository.path, "update-ref", "refs/heads/new", tip)
        git(repository.path, "symbolic-ref", "HEAD", "refs/heads/new")
        assert repository.worktrees.bring_along("new", None, tip) == []
        assert (repository.path / path_of(ONE)).read_bytes() == pointer_to(ONE)
        assert git(repository.path, "status", "--porcelain") == ""
        assert stored(repository) == set()
        git(repository.path, "lfs", "pull")
        assert (repository.path / path_of(ONE)).read_bytes() == ONE
        git(repository.path, "reset", "-q")  # looks at all files anew
        assert git(repository.path, "status", "--porcelain") == ""
        gone = commit(repository, {path_of(ONE): None}, branch="new")
        assert repository.worktrees.bring_along("new", tip, gone.commit) == []
        assert not (repository.path / path_of(ONE)).exists()
        assert git(repository.path, "status", "--porcelain") == ""
    finally:
        git(tmp_path, "lfs", "uninstall", "--skip-repo")


def test_hooks_of_the_user_stay(repository: Repository) -> None:
    assert repository.lfs.install()
    assert repository.lfs.install()
    hook = repository.git_dir / "hooks/pre-push"
    assert "git lfs pre-push" in hook.read_text()
    hook.write_text("#!/bin/sh\nexit 0\n")
    assert not repository.lfs.install()
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"


def test_without_git_lfs_its_name_is_said(
    filled: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    git_program = shutil.which("git")
    assert git_program
    (bin_folder / "git").symlink_to(git_program)
    monkeypatch.setenv("PATH", str(bin_folder))
    for call in (filled.lfs.install, lambda: filled.lfs.store({name_of(ONE): [ONE]})):
        with pytest.raises(RepositoryError, match="git-lfs is not installed") as error:
            call()
        assert "apt install git-lfs" in error.value.hint
