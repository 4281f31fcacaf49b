"""Files that travel with rows in a repository where git-lfs keeps them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings

from contentgit.content.pointers import ATTRIBUTE
from tests.gallery.models import Article
from tests.git.plain import git as git_in
from tests.verbs.test_files import LOAF, ROLL, add, files_in, path_of, pictures
from tests.verbs.test_files_read import PNG, pictures_in

SMALL_LIMIT = 500


@pytest.fixture(autouse=True)
def _datasets(db: str) -> Iterator[None]:
    given = {
        "DATASETS": "tests.verbs.test_files.datasets",
        "ENVIRONMENT": "test",
        "FILE_LIMIT": SMALL_LIMIT,
    }
    with override_settings(CONTENTGIT=given):
        yield


class Site:
    """A site with a database, a folder of files and a repository of its own."""

    def __init__(self, run: Callable[..., Any], alias: str, media: Path, repository: Path) -> None:
        self._run, self.alias, self.media, self.repository = run, alias, media, repository

    def run(self, *words: str) -> Any:
        options = [f"--repository={self.repository}"]
        if words[0] not in ("init", "push", "fetch", "pull", "merge", "check", "diff"):
            options.append(f"--database={self.alias}")
        if words[0] == "init":
            options = [str(self.repository)]
        with override_settings(MEDIA_ROOT=str(self.media)):
            return self._run(words[0], *options, *words[1:])

    def ok(self, *words: str) -> str:
        said = self.run(*words)
        assert said.code == 0, f"contentgit {' '.join(words)}\n{said.out}{said.err}"
        return str(said.out)

    def git(self, *words: str) -> str:
        return git_in(self.repository, *words)

    def add(self, title: str, name: str, data: bytes) -> Article:
        with override_settings(MEDIA_ROOT=str(self.media)):
            return add(title, name, data, self.alias)

    @property
    def stored(self) -> set[str]:
        """What git-lfs has, and nothing half written."""
        folder = Path(self.git("rev-parse", "--absolute-git-dir")) / "lfs"
        assert not [*folder.glob("tmp/contentgit-*")]
        return {path.name for path in folder.glob("objects/*/*/*")}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Calls the command line in this process."""
    from contentgit.cli.main import main
    from tests.verbs.conftest import Said

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = main([*words])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def stage(databases: tuple[str, str], call: Callable[..., Any], tmp_path: Path) -> Site:
    """Two articles with pictures, one of them larger than git takes; nothing is committed."""
    site = Site(call, "default", tmp_path / "media-default", tmp_path / "stage")
    site.add("Loaf", "loaf.jpg", LOAF)
    site.add("Roll", "roll.jpg", ROLL)
    return site


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A repository to push to, with git-lfs's transfer by files."""
    git_in(tmp_path, "init", "-q", "--bare", "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def pushed(stage: Site, remote: Path) -> Site:
    """The stage, with its pictures committed and pushed."""
    stage.ok("init", "--lfs")
    stage.ok("commit", "-m", "Pictures")
    stage.git("remote", "add", "origin", remote.as_uri())
    stage.ok("push", "-u", "origin")
    return stage


@pytest.fixture
def production(pushed: Site, call: Callable[..., Any], tmp_path: Path, remote: Path) -> Site:
    """Another machine, with a clone that has no files."""
    git_in(tmp_path, "clone", "-q", remote.as_uri(), "production")
    return Site(call, "other", tmp_path / "media-other", tmp_path / "production")


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pointer_to(data: bytes) -> str:
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{name_of(data)}\nsize {len(data)}"
    )


def test_a_commit_has_pointers_whatever_the_size(stage: Site) -> None:
    said = stage.ok("init", "--lfs")
    assert "git-lfs keeps the files of branch main" in said
    stage.add("Nothing", "empty.txt", b"")
    stage.ok("commit", "-m", "Pictures")
    assert stage.git("show", "main:.gitattributes") == ATTRIBUTE
    assert stage.git("rev-list", "--count", "main") == "2"
    assert stage.git("show", "main:" + path_of(LOAF)) == pointer_to(LOAF)
    assert stage.git("show", "main:" + path_of(ROLL)) == pointer_to(ROLL)
    assert stage.git("show", "main:" + path_of(b"")) == ""
    assert stage.stored == {name_of(LOAF), name_of(ROLL)}
    assert stage.git("lfs", "fsck") == "Git LFS fsck OK"
    stage.ok("check", "main")
    assert len(stage.git("lfs", "ls-files").splitlines()) == 2
    assert stage.git("status", "--porcelain") == ""
    assert ", clean" in stage.ok("status")


def test_no_size_is_too_large_for_a_dry_run(stage: Site) -> None:
    stage.ok("init", "--lfs")
    stage.ok("commit", "--dry-run")


def test_a_bare_repository_has_pointers(stage: Site) -> None:
    stage.ok("init", "--lfs", "--bare")
    stage.ok("commit", "-m", "Pictures")
    assert stage.git("show", "main:" + path_of(LOAF)) == pointer_to(LOAF)
    assert stage.stored == {name_of(LOAF), name_of(ROLL)}


def test_an_apply_fetches_what_it_brings(production: Site) -> None:
    production.ok("check", "main")
    assert production.stored == set()
    production.ok("checkout", "main", "--apply", "--yes")
    assert files_in(production.media) == {"news/loaf.jpg": LOAF, "news/roll.jpg": ROLL}
    assert production.stored == {name_of(LOAF), name_of(ROLL)}
    assert ", clean" in production.ok("status")
    assert production.git("status", "--porcelain") == ""


def test_only_what_is_asked_for_is_fetched(production: Site, pushed: Site, remote: Path) -> None:
    production.ok("checkout", "main", "--apply", "--yes")
    Article.objects.filter(title="Loaf").delete()
    pushed.add("Fresh", "fresh.jpg", b"fresh")
    pushed.ok("commit", "-m", "Fresh")
    pushed.add("Last", "last.jpg", b"last")
    pushed.ok("commit", "-m", "Last")
    Article.objects.filter(title="Fresh").delete()
    pushed.ok("commit", "-m", "Not so fresh")
    pushed.ok("push")
    production.ok("pull")
    before = {name_of(LOAF), name_of(ROLL)}
    assert production.stored == before
    said = production.ok("checkout", "main")
    assert production.stored == before, said
    production.ok("checkout", "main", "--apply", "--yes")
    assert production.stored == {*before, name_of(b"last")}
    assert files_in(production.media) == {"news/roll.jpg": ROLL, "news/last.jpg": b"last"}
    production.ok("undo", "--yes")
    assert files_in(production.media) == {"news/loaf.jpg": LOAF, "news/roll.jpg": ROLL}


def test_an_undo_fetches_what_is_not_here_any_more(production: Site) -> None:
    production.ok("checkout", "main", "--apply", "--yes")
    Article.objects.using("other").filter(title="Loaf").delete()
    production.ok("commit", "-m", "No loaf")
    production.ok("push")
    production.ok("checkout", "main~1", "--apply", "--yes")
    production.ok("checkout", "main", "--apply", "--yes")
    shutil.rmtree(production.repository / ".git/lfs/objects")  # as git lfs prune does
    production.ok("undo", "--yes")
    assert (production.media / "news/loaf.jpg").read_bytes() == LOAF


def test_what_was_overwritten_is_kept_by_git_itself(production: Site, pushed: Site) -> None:
    production.ok("checkout", "main", "--apply", "--yes")
    own = b"their own, which is in no commit" * 100
    with override_settings(MEDIA_ROOT=str(production.media)):
        article = Article.objects.using("other").get(title="Loaf")
        article.picture.save("own.jpg", ContentFile(own), save=False)
        article.save(using="other")
    Article.objects.filter(title="Loaf").update(title="The loaf")
    pushed.ok("commit", "-m", "A title")
    pushed.ok("push")
    production.ok("pull")
    production.ok("checkout", "main", "--apply", "--yes", "--force")
    backup = production.git("for-each-ref", "--format=%(refname)", "refs/contentgit/backup")
    assert production.git("show", f"{backup}:{path_of(own)}").encode() == own
    shutil.rmtree(production.repository / ".git/lfs")  # git lfs prune knows nothing of backups
    production.ok("undo", "--yes")
    assert (production.media / pictures("other")["Loaf"]).read_bytes() == own
    production.ok("commit", "-m", "Theirs", "--branch", "theirs")
    assert production.git("show", "theirs:" + path_of(own)) == pointer_to(own)
    assert production.stored >= {name_of(own)}


def test_what_the_server_lacks_is_said_and_nothing_changes(production: Site, remote: Path) -> None:
    shutil.rmtree(remote / "lfs")
    said = production.run("checkout", "main", "--apply", "--yes")
    assert said.code == 1
    assert "2 files of git-lfs are not here: git-lfs cannot bring files from origin" in said.err
    assert f"news/loaf.jpg: {len(LOAF):,} bytes" in said.err
    assert "git lfs push --all origin" in said.err
    assert files_in(production.media) == {}
    assert not Article.objects.using("other").exists()


def test_without_a_remote_it_is_said(production: Site) -> None:
    production.git("remote", "remove", "origin")
    said = production.run("checkout", "main", "--apply", "--yes")
    assert said.code == 1
    assert "2 files of git-lfs are not here: the repository" in said.err
    assert "has no remote" in said.err


def test_a_damaged_store_is_not_believed(production: Site, pushed: Site) -> None:
    digest = name_of(LOAF)
    place = f"lfs/objects/{digest[:2]}/{digest[2:4]}/{digest}"
    pushed.media.joinpath("news/loaf.jpg").unlink()
    (pushed.repository / ".git" / place).write_bytes(b"x" * len(LOAF))
    said = pushed.run("checkout", "main", "--apply", "--yes", "--database=other")
    assert said.code == 1
    assert "the repository has other bytes than those of 'news/loaf.jpg'" in said.err


def test_a_repository_of_plain_files_goes_over(stage: Site, remote: Path) -> None:
    stage.ok("init")
    said = stage.run("commit", "-m", "Pictures")
    assert said.code == 3
    assert stage.run("commit", "-m", "Pictures", "--dry-run").code == 3
    assert "files of more than 500 bytes do not belong in git" in said.err
    assert "--lfs  (has git-lfs keep all files)" in said.err
    Article.objects.filter(title="Loaf").delete()
    stage.ok("commit", "-m", "A roll")
    assert stage.git("show", "main:" + path_of(ROLL)) == ROLL.decode()
    assert "; 1 file went there from git" in stage.ok("init", "--lfs")
    assert stage.git("log", "-1", "--format=%s") == "Keep files in git-lfs"
    assert stage.git("show", "main:" + path_of(ROLL)) == pointer_to(ROLL)
    assert stage.git("status", "--porcelain") == ""
    assert ", clean" in stage.ok("status")
    stage.add("Loaf", "loaf2.jpg", LOAF)
    stage.ok("commit", "-m", "A loaf")
    assert stage.git("show", "main:" + path_of(LOAF)) == pointer_to(LOAF)
    assert stage.stored == {name_of(LOAF), name_of(ROLL)}
    tip = stage.git("rev-parse", "main")
    stage.ok("init", "--lfs")
    assert stage.git("rev-parse", "main") == tip
    stage.ok("checkout", "main~2", "--apply", "--yes")
    stage.ok("checkout", "main", "--apply", "--yes")


def test_a_merge_takes_plain_files_over(stage: Site) -> None:
    stage.ok("init")
    Article.objects.filter(title="Loaf").delete()
    stage.ok("commit", "-m", "A roll")
    stage.git("branch", "side")
    stage.ok("init", "--lfs")
    stage.git("symbolic-ref", "HEAD", "refs/heads/side")
    stage.git("reset", "-q", "--hard")
    stage.ok("checkout", "side", "--apply", "--yes")
    stage.add("Bun", "bun.jpg", b"a bun")
    stage.ok("commit", "-m", "A bun")
    assert stage.git("show", "side:" + path_of(b"a bun")) == "a bun"
    stage.ok("checkout", "main", "--apply", "--yes")
    stage.ok("merge", "side")
    assert stage.git("show", "main:" + path_of(b"a bun")) == pointer_to(b"a bun")
    assert stage.git("show", "main:" + path_of(ROLL)) == pointer_to(ROLL)
    assert stage.stored == {name_of(b"a bun"), name_of(ROLL)}
    stage.ok("check", "--merges", "main~1..main")
    stage.ok("checkout", "main", "--apply", "--yes")
    assert ", clean" in stage.ok("status")


def test_a_file_that_is_a_pointer_itself_is_a_file(stage: Site, call: Callable[..., Any]) -> None:
    text = f"{pointer_to(LOAF)}\n".encode()
    stage.ok("init")
    Article.objects.filter(title="Loaf").delete()
    stage.add("Pointer", "pointer.txt", text)
    stage.ok("commit", "-m", "A pointer")
    other = Site(call, "other", stage.media.with_name("media-other"), stage.repository)
    other.ok("checkout", "main", "--apply", "--yes")
    assert (other.media / "news/pointer.txt").read_bytes() == text


def test_materialized_files_are_no_edits(production: Site, pushed: Site) -> None:
    production.git("lfs", "install", "--local")
    production.git("lfs", "pull")
    assert (production.repository / path_of(LOAF)).read_bytes() == LOAF
    Article.objects.filter(title="Loaf").delete()
    pushed.add("Fresh", "fresh.jpg", b"fresh")
    pushed.ok("commit", "-m", "Fresh")
    pushed.ok("push")
    production.ok("pull")
    assert not (production.repository / path_of(LOAF)).exists()
    assert (production.repository / path_of(b"fresh")).read_text().startswith("version ")
    assert production.git("status", "--porcelain") == ""
    production.git("lfs", "pull")
    assert (production.repository / path_of(b"fresh")).read_bytes() == b"fresh"
    assert production.git("status", "--porcelain") == ""


def test_a_report_shows_pictures_that_are_here(production: Site, pushed: Site) -> None:
    pushed.add("Cake", "cake.png", PNG)
    pushed.ok("commit", "-m", "Cake")
    pushed.ok("push")
    production.ok("pull")
    words = ("diff", "main~1", "main", "--format", "html")
    assert pictures_in(pushed.ok(*words)) == [PNG]
    page = production.ok(*words)
    assert pictures_in(page) == []
    assert "news/cake.png" in page
    assert production.stored == set()


def test_a_plain_push_sends_files_too(pushed: Site, remote: Path) -> None:
    pushed.add("Fresh", "fresh.jpg", b"fresh")
    pushed.ok("commit", "-m", "Fresh")
    pushed.git("push", "-q", "origin", "main")
    assert [*remote.glob(f"lfs/objects/*/*/{name_of(b'fresh')}")]


def test_a_tag_is_pushed_with_its_files(pushed: Site, remote: Path) -> None:
    pushed.add("Fresh", "fresh.jpg", b"fresh")
    pushed.ok("commit", "-m", "Fresh")
    pushed.git("tag", "-a", "-m", "One", "one")
    pushed.git("tag", "blob", "main:" + path_of(ROLL))
    pushed.ok("push", "origin", "--tags")
    assert [*remote.glob(f"lfs/objects/*/*/{name_of(b'fresh')}")]


def test_a_worktree_of_its_own_shares_the_store(pushed: Site, call: Callable[..., Any]) -> None:
    pushed.git("worktree", "add", "-q", "-b", "linked", "../linked")
    linked = Site(call, "default", pushed.media, pushed.repository.with_name("linked"))
    linked.ok("checkout", "linked", "--apply", "--yes")
    linked.add("Fresh", "fresh.jpg", b"fresh")
    linked.ok("commit", "-m", "Fresh")
    assert name_of(b"fresh") in pushed.stored
    assert linked.git("status", "--porcelain") == ""


def test_without_git_lfs_init_says_so(
    stage: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    program = shutil.which("git")
    assert program
    (tmp_path / "bin/git").symlink_to(program)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "bin"))
        said = stage.run("init", "--lfs")
        assert said.code == 1
        assert "git-lfs is not installed" in said.err
        assert "apt install git-lfs" in said.err
    stage.ok("init", "--lfs")
    stage.ok("commit", "-m", "Pictures")
