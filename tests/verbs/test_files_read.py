"""What people read of files that travel with rows: differences, conflicts, reports, and what is not there."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings

from tests.gallery.models import Article, Attachment
from tests.verbs.conftest import Run
from tests.verbs.test_files import LOAF, Sites, at, media, sites

__all__ = ["at", "media", "sites"]

Ok = Callable[..., str]
Git = Callable[..., str]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
GIF = b"GIF89a" + b"\0" * 9


@pytest.fixture(autouse=True)
def _datasets(db: str) -> Iterator[None]:
    given = {"DATASETS": "tests.verbs.test_files.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=given):
        yield


def test_a_difference_says_name_size_and_other_bytes(sites: Sites, run: Run, ok: Ok) -> None:
    with sites.at("default") as folder:
        (folder / "news/loaf.jpg").write_bytes(LOAF[::-1])
        Attachment.objects.create(article_id=2, file="news/roll.jpg")
    wanted = "picture: news/loaf.jpg (950 bytes) → news/loaf.jpg (950 bytes, other bytes)"
    assert wanted in sites.ok("default", "diff")
    assert "gallery.attachment:1  news/roll.jpg" in sites.ok("default", "diff")
    sites.ok("default", "commit", "-m", "Reversed")
    assert wanted in ok("diff", "main~1", "main")
    assert wanted in ok("show", "main")
    assert wanted in ok("log", "-p", "-n", "1")
    assert "picture: news/loaf.jpg (950 bytes)" in ok("blame", "gallery.article:1")
    found = json.loads(ok("diff", "main~1", "main", "--json"))
    (field,) = found["changes"][0]["fields"]
    assert field["before"]["$file"] == field["after"]["$file"] == "news/loaf.jpg"
    assert field["before"]["sha256"] != field["after"]["sha256"]
    sites.apply()
    assert wanted in sites.ok("other", "checkout", "main~1")
    blamed = json.loads(ok("blame", "gallery.article:1", "--json"))["fields"]
    assert [each["value"]["size"] for each in blamed if each["name"] == "picture"] == [950]


@pytest.fixture
def contested(sites: Sites) -> Sites:
    """Both sides have another picture under the name of the first."""
    sites.apply()
    for alias, data in (("other", LOAF[::-1]), ("default", LOAF[1:] + b"x")):
        with sites.at(alias) as folder:
            (folder / "news/loaf.jpg").write_bytes(data)
        branch = ["--branch", "theirs"] if alias == "other" else []
        sites.ok(alias, "commit", *branch, "-m", alias)
    return sites


def test_a_conflict_shows_files_that_can_be_told_apart(
    contested: Sites, run: Run, ok: Ok, git: Git
) -> None:
    assert run("merge", "theirs").code == 3
    said = ok("conflicts")
    lines = [line.split() for line in said.splitlines() if "news/loaf.jpg" in line]
    assert [line[:4] for line in lines] == [
        [side, "news/loaf.jpg", "(950", "bytes,"] for side in ("base", "ours", "theirs")
    ]
    assert len({line[4] for line in lines}) == 3
    wanted = json.loads(ok("conflicts", "--json"))["conflicts"][0]["places"][0]["theirs"]
    assert wanted["$file"] == "news/loaf.jpg"
    ok("resolve", "gallery.article:1/picture", "--value", json.dumps(wanted))
    ok("merge", "--continue")
    assert f'"sha256": "{wanted["sha256"]}"' in git("show", "main:news/gallery.article/0/0/1.json")
    assert run("check", "--merges", "--no-code").out.endswith("nothing found\n")


def test_a_value_whose_bytes_nobody_has_is_refused(contested: Sites, run: Run, ok: Ok) -> None:
    assert run("merge", "theirs").code == 3
    unknown = {"$file": "news/loaf.jpg", "sha256": "a" * 64, "size": 3}
    said = run("resolve", "gallery.article:1/picture", "--value", json.dumps(unknown))
    assert said.code == 2
    assert said.err.splitlines()[0] == (
        "error: gallery.article:1/picture: neither side has a file with the bytes of 'news/loaf.jpg'"
    )
    said = run("resolve", "gallery.article:1/picture", "--value", '"news/other.jpg"')
    assert said.code == 2
    assert "neither side has the file 'news/other.jpg' there" in said.err


def test_a_file_of_a_side_is_chosen_by_its_name(sites: Sites, run: Run, ok: Ok, git: Git) -> None:
    sites.apply()
    for alias in ("other", "default"):
        with sites.at(alias):
            article = Article.objects.using(alias).get(title="Loaf")
            article.picture.save(f"{alias}.jpg", ContentFile(alias.encode()), save=False)
            article.save(using=alias)
        sites.ok(alias, "commit", *(["--branch", "theirs"] * (alias == "other")), "-m", alias)
    assert run("merge", "theirs").code == 3
    ok("resolve", "gallery.article:1/picture", "--value", '"news/other.jpg"')
    ok("merge", "--continue")
    shown = git("show", "main:news/gallery.article/0/0/1.json")
    assert f'"sha256": "{hashlib.sha256(b"other").hexdigest()}"' in shown
    assert run("check", "--no-code").out.endswith("nothing found\n")


def test_a_recorded_conflict_is_decided_with_its_file(
    contested: Sites, run: Run, ok: Ok, git: Git
) -> None:
    assert run("merge", "theirs", "--record").code in (0, 3)
    rules = {each["rule"] for each in run("check", "--no-code", "--json").json["findings"]}
    assert rules == {"recorded-conflict"}
    ok("resolve", "gallery.article:1/picture", "--take", "theirs")
    assert run("check", "--no-code", "--merges").out.endswith("nothing found\n")


def test_a_record_by_name_comes_with_its_file(sites: Sites, run: Run, ok: Ok, git: Git) -> None:
    with sites.at("default"):
        for title in ("Loaf", "Roll"):
            Article.objects.get(title=title).picture.save(
                f"new-{title}.jpg", ContentFile(PNG + title.encode())
            )
    sites.ok("default", "commit", "--branch", "new", "-m", "Both")
    ok("cherry-pick", "new", "--", "gallery.article:1")
    assert run("check", "--no-code").out.endswith("nothing found\n")
    ok("restore", "gallery.article:2", "--from", "new")
    assert run("check", "--no-code").out.endswith("nothing found\n")
    ok("restore", "gallery.article:2/picture", "--from", "main~2")
    assert run("check", "--no-code").out.endswith("nothing found\n")


def pictures_in(page: str) -> list[bytes]:
    return [base64.b64decode(part.partition('"')[0]) for part in page.split(";base64,")[1:]]


def test_a_report_shows_pictures_from_the_commit(
    sites: Sites, ok: Ok, media: dict[str, Path], tmp_path: Path
) -> None:
    for data, message in ((PNG, "A"), (GIF, "B")):
        with sites.at("default") as folder:
            (folder / "news/loaf.jpg").write_bytes(data)
        sites.ok("default", "commit", "-m", message)
    (media["default"] / "news/loaf.jpg").write_bytes(b"\xff\xd8\xff later")
    page = ok("diff", "main~1", "main", "--format", "html")
    assert pictures_in(page) == [PNG, GIF]
    assert "news/loaf.jpg (28 bytes)" in ok("diff", "main~1", "main", "--format", "markdown")
    # What the database has now is in no commit.
    page = sites.ok("default", "diff", "--format", "html")
    assert pictures_in(page) == [GIF, b"\xff\xd8\xff later"]
