"""Files that are named and not in the storage: a line of each verb that people read anyway."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import Storage
from django.test import override_settings

from contentgit import storages
from contentgit.storages import absent
from tests.gallery.models import Article, Attachment
from tests.verbs import test_files
from tests.verbs.conftest import Run
from tests.verbs.test_files import Sites, _datasets, at, media, sites

__all__ = ["_datasets", "at", "media", "sites"]

Ok = Callable[..., str]


@pytest.fixture
def kept(
    monkeypatch: pytest.MonkeyPatch, databases: tuple[str, str], at: object, run: Run, ok: Ok
) -> Sites:
    """Two sites of which the commit has names alone."""
    monkeypatch.setattr(test_files, "FILES", "keep")
    return Sites(at, run, ok)  # type: ignore[arg-type]


def test_an_apply_says_which_files_that_stay_are_not_there(
    kept: Sites, media: dict[str, Path]
) -> None:
    (media["other"] / "news").mkdir(parents=True)
    (media["other"] / "news/roll.jpg").write_bytes(b"any")
    line = f"1 file of gallery.article.picture is not in {media['other']}: news/loaf.jpg"
    assert line in kept.ok("other", "checkout", "main")
    found = json.loads(kept.ok("other", "checkout", "main", "--json"))["files"]["absent"]
    assert found == [
        {
            "field": "gallery.article.picture",
            "storage": str(media["other"]),
            "names": ["news/loaf.jpg"],
            "whole": True,
        }
    ]
    assert line in kept.apply()
    assert "not in" not in kept.ok("other", "checkout", "main")  # writes nothing
    assert "not in" not in kept.ok("default", "status")


def test_check_says_which_files_that_stay_are_not_there(
    kept: Sites, media: dict[str, Path], run: Run
) -> None:
    for number in range(5):
        Attachment.objects.create(article_id=1, file=f"news/{number}.pdf")
    Attachment.objects.create(article_id=1, file="../../etc/passwd")
    kept.ok("default", "commit", "-m", "Attachments")
    names = "news/0.pdf, news/1.pdf, news/2.pdf and 2 more"
    with kept.at("default"):
        found = run("check", "--json").json["findings"]
    assert [(each["rule"], each["level"], each["message"]) for each in found] == [
        (
            "not-in-storage",
            "note",
            f"5 files of gallery.attachment.file are not in {media['default']}: " + names,
        )
    ]


def test_status_and_commit_say_which_files_the_rows_lack(
    sites: Sites, media: dict[str, Path]
) -> None:
    assert "not in the storage" not in sites.ok("default", "status")
    (media["default"] / "news/loaf.jpg").unlink()
    line = "  1 file that rows name is not in the storage: news/loaf.jpg\n"
    assert line in sites.ok("default", "status")
    assert json.loads(sites.ok("default", "status", "--json"))["lacking_files"] == ["news/loaf.jpg"]
    Article.objects.filter(title="Loaf").update(title="The loaf")
    assert line in sites.ok("default", "commit", "-m", "A title")
    Article.objects.create(title="More", picture="news/more.jpg")
    said = sites.ok("default", "commit", "-m", "More", "--dry-run")
    assert "2 files that rows name are not in the storage: news/loaf.jpg, news/more.jpg" in said


def test_a_storage_that_cannot_be_made_stops_nothing(kept: Sites) -> None:
    with override_settings(STORAGES={"default": {"BACKEND": "no.such.Storage"}}):
        assert "3 to create" in kept.ok("other", "checkout", "main")


class Slow(Storage):
    """Answers for one file, and is then silent."""

    def exists(self, name: str) -> bool:
        if name != "a":
            time.sleep(60)
        return False


class Down(Storage):
    def exists(self, name: str) -> bool:
        raise OSError("no route to host")


def test_a_storage_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "_PATIENCE", 0.3)
    start = time.monotonic()
    found = absent(Slow(), ["a", "b", "c"])
    assert time.monotonic() - start < 10
    assert (found.names, found.whole) == (("a",), False)
    assert absent(Down(), ["a", "b"]) == ((), False)
