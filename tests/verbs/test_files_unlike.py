"""Commits and code, or two branches, of which one has files and the other their names alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gallery.models import Article
from tests.verbs import test_files
from tests.verbs.conftest import Run
from tests.verbs.test_files import Sites, _datasets, at, files_in, media, sites

__all__ = ["_datasets", "at", "media", "sites"]

Ok = Callable[..., str]
Git = Callable[..., str]


@pytest.fixture
def rule(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what the project's specs say of files."""
    return lambda word: monkeypatch.setattr(test_files, "FILES", word)


Rule = Callable[[str], None]


@pytest.fixture
def kept(rule: Rule, databases: tuple[str, str], at: object, run: Run, ok: Ok) -> Sites:
    """Two sites of which the commit has names alone; the code carries files now."""
    rule("keep")
    made = Sites(at, run, ok)  # type: ignore[arg-type]
    rule("carry")
    return made


def test_a_commit_of_names_becomes_one_of_files(kept: Sites, ok: Ok, git: Git) -> None:
    said = kept.ok("default", "diff")
    assert 'picture: "news/loaf.jpg" → news/loaf.jpg (950 bytes)' in said
    kept.ok("default", "commit", "-m", "With files")
    assert len(git("ls-tree", "-r", "--name-only", "main", "files").splitlines()) == 2
    assert ", clean" in kept.ok("default", "status")
    kept.apply()
    assert ", clean" in kept.ok("other", "status")


def test_a_commit_of_names_is_not_applied_by_code_that_carries(
    kept: Sites, media: dict[str, Path]
) -> None:
    said = kept.run("other", "checkout", "main", "--apply", "--yes")
    assert said.code == 3
    lines = said.err.splitlines()
    assert lines[0].startswith("refused: commit ")
    assert lines[0].endswith("has names in news in place of files, which this code carries")
    assert "gallery.article.picture" in said.err
    assert 'or write "files": "keep" in their specs' in said.err


def test_a_commit_of_files_is_not_applied_by_code_that_keeps(sites: Sites, rule: Rule) -> None:
    rule("keep")
    said = sites.run("other", "checkout", "main", "--apply", "--yes")
    assert said.code == 3
    assert "has files in news; this code would take their names alone" in said.err
    assert "gallery.article.picture" in said.err
    assert 'write "files": "carry" in their specs, as where the commit was made' in said.err
    said = sites.run("default", "commit", "-m", "Names")
    assert said.code == 3
    assert "has files in news; this code would write their names alone" in said.err
    assert "--drop-fields  (commits names alone)" in said.err
    sites.ok("default", "commit", "--drop-fields", "-m", "Names")


def test_branches_of_which_one_has_files_are_not_merged(
    kept: Sites, run: Run, ok: Ok, rule: Rule
) -> None:
    rule("keep")
    kept.apply()
    Article.objects.using("other").filter(title="Loaf").update(title="The loaf")
    kept.ok("other", "commit", "--branch", "names", "-m", "A title")
    rule("carry")
    kept.ok("default", "commit", "-m", "With files")
    said = run("merge", "names")
    assert said.code == 3
    assert "both sides have news, but one of them has names in place of files" in said.err
    assert "gallery.article.picture has files in ours alone" in said.err
    kept.ok("other", "commit", "--branch", "both", "-m", "With files, too")
    ok("merge", "both")
    assert run("check", "--no-code").out.endswith("nothing found\n")


def test_a_name_alone_is_applied_where_the_file_is(
    sites: Sites, media: dict[str, Path], git: Git
) -> None:
    """A laptop without files names one that the site has."""
    sites.apply()
    (media["default"] / "news/loaf.jpg").rename(media["default"] / "news/other.jpg")
    with sites.at("other") as folder:
        (folder / "news/fresh.jpg").write_bytes(b"fresh")
        Article.objects.create(title="Fresh", picture="news/fresh.jpg")
    sites.ok("default", "commit", "-m", "A name")
    sites.apply()
    assert Article.objects.using("other").get(title="Fresh").picture == "news/fresh.jpg"
    assert ", clean" in sites.ok("other", "status")
    Article.objects.using("other").filter(title="Roll").update(title="The roll")
    sites.ok("other", "commit", "-m", "Another row")
    record = "main:news/gallery.article/0/0/4.json"
    assert '"picture": "news/fresh.jpg"' in git("show", record)
    Article.objects.using("other").filter(title="Fresh").update(title="Fresher")
    assert "gallery.article:4  Fresher  picture, title" in sites.ok("other", "status")
    sites.ok("other", "commit", "-m", "It is known")
    assert '"$file": "news/fresh.jpg"' in git("show", record)
    sites.apply("default")
    assert files_in(media["default"])["news/fresh.jpg"] == b"fresh"
    assert ", clean" in sites.ok("default", "status")


def test_the_name_of_a_file_that_is_known_here_may_come_alone(
    sites: Sites, media: dict[str, Path]
) -> None:
    """A copy of the site's database without its files, committed before the site itself."""
    sites.apply()
    Article.objects.using("other").create(pk=4, title="Fresh", picture="news/fresh.jpg")
    (media["other"] / "news/fresh.jpg").write_bytes(b"fresh")
    Article.objects.create(pk=4, title="Fresh", picture="news/fresh.jpg")
    sites.ok("default", "commit", "-m", "A name")
    sites.apply("other", "--force")
    assert Article.objects.using("other").get(pk=4).picture == "news/fresh.jpg"
    assert ", clean" in sites.ok("other", "status")
    assert (media["other"] / "news/fresh.jpg").read_bytes() == b"fresh"
