"""Files that travel with their rows, from one site's storage to another's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings

from tests.gallery.models import Article, Attachment
from tests.verbs.conftest import Run

Ok = Callable[..., str]
Git = Callable[..., str]
OTHER = "--database=other"
LOAF, ROLL = b"a picture of a loaf" * 50, b"a picture of a roll"
FILES = "carry"


def datasets() -> dict[str, Any]:
    models = ("gallery.article", "gallery.attachment")
    specs = [{"model": each, "files": FILES, "delete_missing": True} for each in models]
    return {"news": {"specs": lambda _: specs}}


@pytest.fixture(autouse=True)
def _datasets(db: str) -> Iterator[None]:
    given = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=given):
        yield


@pytest.fixture
def media(tmp_path: Path) -> dict[str, Path]:
    """The folder of each site's files."""
    return {alias: tmp_path / f"media-{alias}" for alias in ("default", "other")}


@pytest.fixture
def at(media: dict[str, Path]) -> Callable[[str], Any]:
    """A site's storage for the body."""

    @contextmanager
    def site(alias: str) -> Iterator[Path]:
        with override_settings(MEDIA_ROOT=str(media[alias])):
            yield media[alias]

    return site


@pytest.fixture
def sites(databases: tuple[str, str], at: Callable[[str], Any], run: Run, ok: Ok) -> Sites:
    return Sites(at, run, ok)


class Sites:
    """Two sites, each with a database and a storage; ``default`` has three articles, committed."""

    def __init__(self, at: Callable[[str], Any], run: Run, ok: Ok) -> None:
        self.at, self._run, self._ok = at, run, ok
        with at("default"):
            add("Loaf", "loaf.jpg", LOAF)
            add("Roll", "roll.jpg", ROLL)
            Article.objects.create(title="Words")
            ok("init")
            ok("commit", "-m", "Articles")

    def ok(self, alias: str, *words: str) -> str:
        with self.at(alias):
            return self._ok(*words, f"--database={alias}")

    def run(self, alias: str, *words: str) -> Any:
        with self.at(alias):
            return self._run(*words, f"--database={alias}")

    def apply(self, alias: str = "other", *words: str) -> str:
        return self.ok(alias, "checkout", "main", "--apply", "--yes", *words)


def add(title: str, name: str, data: bytes, using: str = "default") -> Article:
    article = Article(title=title)
    article.picture.save(name, ContentFile(data), save=False)
    article.save(using=using)
    return article


def path_of(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"files/{digest[:2]}/{digest[2:]}"


def test_a_commit_has_the_files_that_its_records_name(sites: Sites, git: Git) -> None:
    assert git("show", "main:" + path_of(LOAF)).encode() == LOAF
    shown = git("show", "main:news/gallery.article/0/0/1.json")
    digest = hashlib.sha256(LOAF).hexdigest()
    assert (
        '"picture": {\n'
        '    "$file": "news/loaf.jpg",\n'
        f'    "sha256": "{digest}",\n'
        f'    "size": {len(LOAF)}\n'
        "  }" in shown
    )
    assert '"sheet": ""' in shown
    assert '"picture": ""' in git("show", "main:news/gallery.article/0/0/3.json")
    assert len(git("ls-tree", "-r", "--name-only", "main", "files").splitlines()) == 2
    assert ", clean" in sites.ok("default", "status")


def test_a_file_that_changes_under_its_name_is_a_change(sites: Sites, git: Git) -> None:
    with sites.at("default") as folder:
        (folder / "news/loaf.jpg").write_bytes(ROLL)
    assert "gallery.article:1" in sites.ok("default", "status")
    sites.ok("default", "commit", "-m", "A roll")
    names = git("ls-tree", "-r", "--name-only", "main", "files").splitlines()
    assert names == [path_of(ROLL)]


def pictures(alias: str) -> dict[str, str]:
    return dict(Article.objects.using(alias).values_list("title", "picture"))


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_apply_brings_the_files_of_new_rows(sites: Sites, media: dict[str, Path]) -> None:
    sites.apply()
    assert files_in(media["other"]) == {"news/loaf.jpg": LOAF, "news/roll.jpg": ROLL}
    assert pictures("other") == {"Loaf": "news/loaf.jpg", "Roll": "news/roll.jpg", "Words": ""}
    assert ", clean" in sites.ok("other", "status")
    assert "Nothing to do" in sites.ok("other", "checkout", "main")


def test_a_replaced_file_comes_before_the_row_and_the_old_one_goes_after(
    sites: Sites, media: dict[str, Path]
) -> None:
    sites.apply()
    before = files_in(media["other"])
    with sites.at("default"):
        article = Article.objects.get(title="Loaf")
        article.picture.save("fresh.jpg", ContentFile(b"fresh"), save=True)
        Article.objects.get(title="Roll").delete()
    sites.ok("default", "commit", "-m", "Fresh")
    sites.apply()
    assert files_in(media["other"]) == {"news/fresh.jpg": b"fresh"}
    assert pictures("other") == {"Loaf": "news/fresh.jpg", "Words": ""}
    sites.ok("other", "undo", "--yes")
    assert files_in(media["other"]) == before
    assert pictures("other")["Roll"] == "news/roll.jpg"
    assert ", clean" in sites.ok("other", "status")


def test_a_name_that_other_bytes_have_is_not_overwritten(
    sites: Sites, media: dict[str, Path]
) -> None:
    (media["other"] / "news").mkdir(parents=True)
    (media["other"] / "news/loaf.jpg").write_bytes(b"somebody's")
    sites.apply()
    assert (media["other"] / "news/loaf.jpg").read_bytes() == b"somebody's"
    name = pictures("other")["Loaf"]
    assert name.startswith("news/loaf_")
    assert (media["other"] / name).read_bytes() == LOAF
    assert ", clean" in sites.ok("other", "status")
    assert "Nothing to do" in sites.ok("other", "checkout", "main")


def test_a_row_that_goes_leaves_the_alternative_name_to_the_others(
    sites: Sites, media: dict[str, Path]
) -> None:
    Article.objects.create(title="Twin", picture="news/loaf.jpg")
    sites.ok("default", "commit", "-m", "A twin")
    (media["other"] / "news").mkdir(parents=True)
    (media["other"] / "news/loaf.jpg").write_bytes(b"somebody's")
    sites.apply()
    assert pictures("other")["Loaf"] == pictures("other")["Twin"] != "news/loaf.jpg"
    Article.objects.get(title="Twin").delete()
    sites.ok("default", "commit", "-m", "No twin")
    sites.apply()
    assert (media["other"] / pictures("other")["Loaf"]).read_bytes() == LOAF
    assert ", clean" in sites.ok("other", "status")


def test_a_file_that_changed_under_its_name_is_brought_beside_the_old_one(
    sites: Sites, media: dict[str, Path]
) -> None:
    sites.apply()
    (media["default"] / "news/loaf.jpg").write_bytes(b"another loaf")
    sites.ok("default", "commit", "-m", "Another loaf")
    sites.apply()
    name = pictures("other")["Loaf"]
    assert (media["other"] / name).read_bytes() == b"another loaf"
    assert sorted(files_in(media["other"])) == sorted([name, "news/roll.jpg"])
    assert ", clean" in sites.ok("other", "status")
    sites.ok("other", "undo", "--yes")
    assert (media["other"] / pictures("other")["Loaf"]).read_bytes() == LOAF
    assert ", clean" in sites.ok("other", "status")


def test_one_file_of_many_rows_is_stored_once_and_stays_as_long_as_one_names_it(
    sites: Sites, media: dict[str, Path], git: Git
) -> None:
    Attachment.objects.create(article_id=1, file="news/loaf.jpg")
    Attachment.objects.create(article_id=2, file="news/loaf.jpg")
    sites.ok("default", "commit", "-m", "Attached")
    sites.apply()
    assert len(git("ls-tree", "-r", "--name-only", "main", "files").splitlines()) == 2
    Attachment.objects.filter(article_id=1).delete()
    Article.objects.filter(pk=1).update(picture="")
    sites.ok("default", "commit", "-m", "One left")
    sites.apply()
    assert files_in(media["other"]) == {"news/loaf.jpg": LOAF, "news/roll.jpg": ROLL}
    assert path_of(LOAF) in git("ls-tree", "-r", "--name-only", "main", "files")
    Attachment.objects.all().delete()
    sites.ok("default", "commit", "-m", "None left")
    sites.apply()
    assert files_in(media["other"]) == {"news/roll.jpg": ROLL}
    assert path_of(LOAF) not in git("ls-tree", "-r", "--name-only", "main", "files")


def test_a_site_without_its_files_has_no_edits(sites: Sites, media: dict[str, Path]) -> None:
    sites.apply()
    (media["other"] / "news/loaf.jpg").unlink()
    assert ", clean" in sites.ok("other", "status")
    Article.objects.using("other").filter(title="Loaf").update(title="The loaf")
    sites.ok("other", "commit", "-m", "A title")
    sites.apply("default")
    assert Article.objects.get(pk=1).title == "The loaf"
    assert (media["default"] / "news/loaf.jpg").read_bytes() == LOAF


def test_an_edit_that_is_overwritten_is_backed_up_with_its_file(
    sites: Sites, media: dict[str, Path]
) -> None:
    sites.apply()
    with sites.at("other"):
        article = Article.objects.using("other").get(title="Loaf")
        article.picture.save("own.jpg", ContentFile(b"their own"), save=False)
        article.save(using="other")
    Article.objects.filter(pk=1).update(title="The loaf")
    sites.ok("default", "commit", "-m", "A title")
    said = sites.run("other", "checkout", "main", "--apply", "--yes")
    assert said.code == 3
    assert "edited in this database" in said.err
    sites.apply("other", "--force")
    assert pictures("other")["The loaf"] == "news/loaf.jpg"
    # No commit that was applied has it.
    assert files_in(media["other"])["news/own.jpg"] == b"their own"
    sites.ok("other", "undo", "--yes")
    assert (media["other"] / pictures("other")["Loaf"]).read_bytes() == b"their own"


def tree_files(git: Git, revision: str) -> set[str]:
    return set(git("ls-tree", "-r", "--name-only", revision, "files").splitlines())


def paths_of(*contents: bytes) -> set[str]:
    return {path_of(each) for each in contents}


@pytest.fixture
def parted(sites: Sites) -> Sites:
    """Both sites replaced the picture of an article each; the other's is on a branch."""
    sites.apply()
    with sites.at("other"):
        article = Article.objects.using("other").get(title="Roll")
        article.picture.save("new-roll.jpg", ContentFile(b"new roll"), save=False)
        article.save(using="other")
    sites.ok("other", "commit", "--branch", "theirs", "-m", "A new roll")
    with sites.at("default"):
        Article.objects.get(title="Loaf").picture.save("new-loaf.jpg", ContentFile(b"new loaf"))
    sites.ok("default", "commit", "-m", "A new loaf")
    return sites


def test_a_merge_has_the_files_of_both_sides(
    parted: Sites, ok: Ok, git: Git, media: dict[str, Path]
) -> None:
    ok("merge", "theirs")
    assert tree_files(git, "main") == paths_of(b"new roll", b"new loaf")
    parted.apply()
    parted.apply("default")
    wanted = {"news/new-roll.jpg": b"new roll", "news/new-loaf.jpg": b"new loaf"}
    # Django leaves a file that an editor replaces.
    assert files_in(media["other"]) == {**wanted, "news/roll.jpg": ROLL}
    assert files_in(media["default"]) == {**wanted, "news/loaf.jpg": LOAF}


def test_a_file_that_one_side_lets_go_and_the_other_names_anew_stays(
    sites: Sites, ok: Ok, git: Git
) -> None:
    sites.apply()
    Article.objects.using("other").get(title="Loaf").delete(using="other")
    sites.ok("other", "commit", "--branch", "theirs", "-m", "No loaf")
    Attachment.objects.create(article_id=2, file="news/loaf.jpg")
    sites.ok("default", "commit", "-m", "The loaf is attached")
    ok("merge", "theirs")
    assert tree_files(git, "main") == paths_of(LOAF, ROLL)


def test_two_pictures_of_one_article_are_a_conflict(
    sites: Sites, run: Run, ok: Ok, git: Git
) -> None:
    sites.apply()
    for alias, data in (("other", b"theirs"), ("default", b"ours")):
        with sites.at(alias):
            article = Article.objects.using(alias).get(title="Loaf")
            article.picture.save("loaf.jpg", ContentFile(data), save=False)
            article.save(using=alias)
    sites.ok("other", "commit", "--branch", "theirs", "-m", "Theirs")
    sites.ok("default", "commit", "-m", "Ours")
    said = run("merge", "theirs")
    assert said.code == 3
    ok("resolve", "gallery.article:1", "--take", "theirs")
    ok("merge", "--continue")
    assert tree_files(git, "main") == paths_of(b"theirs", ROLL)


def test_picked_reverted_and_restored_records_have_their_files(
    parted: Sites, ok: Ok, git: Git
) -> None:
    ok("cherry-pick", "theirs")
    assert tree_files(git, "main") == paths_of(b"new roll", b"new loaf")
    ok("revert", "main")
    assert tree_files(git, "main") == paths_of(ROLL, b"new loaf")
    ok("restore", "gallery.article:1", "--from", "main~3")
    assert tree_files(git, "main") == paths_of(ROLL, LOAF)


def test_an_update_merges_files_into_a_database(parted: Sites, media: dict[str, Path]) -> None:
    parted.ok("other", "update", "--yes")
    others = {"news/new-roll.jpg": b"new roll", "news/roll.jpg": ROLL}
    assert files_in(media["other"]) == {"news/new-loaf.jpg": b"new loaf", **others}
    parted.ok("other", "undo", "--yes")
    assert files_in(media["other"]) == {"news/loaf.jpg": LOAF, **others}


def test_a_storage_that_lets_uploads_write_over_files_loses_none(
    sites: Sites, media: dict[str, Path]
) -> None:
    (media["other"] / "news").mkdir(parents=True)
    (media["other"] / "news/loaf.jpg").write_bytes(b"somebody's")
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    with override_settings(STORAGES={"default": {**backend, "OPTIONS": {"allow_overwrite": True}}}):
        sites.apply()
        assert (media["other"] / "news/loaf.jpg").read_bytes() == b"somebody's"
        assert (media["other"] / pictures("other")["Loaf"]).read_bytes() == LOAF
        assert ", clean" in sites.ok("other", "status")
