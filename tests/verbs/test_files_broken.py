"""Files that travel with their rows, where something breaks: nothing is lost, and what is too much goes."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.db.models.signals import post_save
from django.test import override_settings

from contentgit.models import StoredFile
from tests.gallery.models import Article
from tests.gallery.storage import Watched
from tests.verbs.test_files import LOAF, ROLL, Sites, at, datasets, files_in, media, pictures, sites

__all__ = ["at", "datasets", "media", "sites"]

STORAGES = {"default": {"BACKEND": "tests.gallery.storage.Watched"}}
NEW = {"news/new-loaf.jpg": b"new loaf", "news/third.jpg": b"third"}
OLD = {"news/loaf.jpg": LOAF, "news/roll.jpg": ROLL}
Hook = Callable[[str, str], object]


@pytest.fixture(autouse=True)
def _watched(db: str) -> Iterator[None]:
    given = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=given, STORAGES=STORAGES):
        yield
    Watched.hook = staticmethod(lambda _what, _name: None)


def on(number: int, event: str, act: Callable[[], object]) -> Hook:
    """A hook that acts at the ``number``-th event of this name."""
    left = number

    def hook(what: str, _name: str) -> None:
        nonlocal left
        left -= what == event
        if what == event and not left:
            act()

    return hook


def full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def down() -> None:
    raise ConnectionError("the server does not answer")


@pytest.fixture
def ready(sites: Sites) -> Sites:
    """The other site is behind: a picture was replaced, an article was added, one was deleted."""
    sites.apply()
    with sites.at("default"):
        Article.objects.get(title="Loaf").picture.save("new-loaf.jpg", ContentFile(b"new loaf"))
        Article.objects.get(title="Roll").delete()
        article = Article(title="Third")
        article.picture.save("third.jpg", ContentFile(b"third"))
    sites.ok("default", "commit", "-m", "New pictures")
    return sites


def assert_whole(alias: str, folder: Path) -> None:
    """Every row has its file, as one of the two commits has it."""
    there, named = files_in(folder), pictures(alias)
    known = {**OLD, **NEW}
    for name in filter(None, named.values()):
        assert there[name] == known[name]
    assert set(named) in ({"Loaf", "Roll", "Words"}, {"Loaf", "Third", "Words"})


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("fault", [full, down])
def test_a_storage_that_takes_no_file(
    ready: Sites, media: dict[str, Path], number: int, fault: Callable[[], None]
) -> None:
    Watched.hook = staticmethod(on(number, "save", fault))
    said = ready.run("other", "checkout", "main", "--apply", "--yes")
    assert said.code == 1
    assert str(media["other"]) in said.err
    assert len(said.err.splitlines()) == 2
    assert pictures("other") == {"Loaf": "news/loaf.jpg", "Roll": "news/roll.jpg", "Words": ""}
    assert files_in(media["other"]) == OLD
    ready.apply()
    assert files_in(media["other"]) == NEW
    assert not StoredFile.objects.using("other").exists()


def test_a_file_that_cannot_be_removed_is_removed_by_the_next_apply(
    ready: Sites, media: dict[str, Path]
) -> None:
    Watched.hook = staticmethod(on(1, "delete", down))
    said = ready.run("other", "checkout", "main", "--apply", "--yes")
    assert said.code == 0
    assert "does not answer" in said.err
    assert "contentgit files --prune" in said.err
    assert pictures("other")["Loaf"] == "news/new-loaf.jpg"
    assert len(files_in(media["other"])) > len(NEW)
    ready.apply()
    assert files_in(media["other"]) == NEW
    assert not StoredFile.objects.using("other").exists()


def test_a_receiver_that_raises_leaves_no_file(ready: Sites, media: dict[str, Path]) -> None:
    def refuse(**_: Any) -> None:
        raise ValueError("not today")

    post_save.connect(refuse, sender=Article)
    try:
        said = ready.run("other", "checkout", "main", "--apply", "--yes")
    finally:
        post_save.disconnect(refuse, sender=Article)
    assert said.code == 1
    assert files_in(media["other"]) == OLD
    assert not StoredFile.objects.using("other").exists()
    ready.apply()
    assert files_in(media["other"]) == NEW


def killed(call: Callable[[], object]) -> None:
    """Runs the call in a process of its own, which is killed meanwhile."""
    connections.close_all()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            call()
        finally:
            os._exit(7)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ran to its end"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("event", "number"),
    [
        *(("save", n) for n in (1, 2)),
        *(("saved", n) for n in (1, 2)),
        ("row", 1),
        *(("delete", n) for n in (1, 2)),
        *(("deleted", n) for n in (1, 2)),
    ],
)
def test_a_killed_apply_leaves_every_row_its_file(
    ready: Sites, media: dict[str, Path], event: str, number: int
) -> None:
    def apply() -> None:
        if event == "row":
            post_save.connect(lambda **_: die(), sender=Article, weak=False)
        else:
            Watched.hook = staticmethod(on(number, event, die))
        ready.run("other", "checkout", "main", "--apply", "--yes")

    killed(apply)
    assert_whole("other", media["other"])
    ready.apply()
    assert files_in(media["other"]) == NEW
    assert not StoredFile.objects.using("other").exists()
    ready.ok("other", "undo", "--yes")
    assert files_in(media["other"]) == OLD
    assert pictures("other")["Roll"] == "news/roll.jpg"
    assert ", clean" in ready.ok("other", "status")


def test_files_that_a_killed_apply_brought_are_listed_and_removed(
    ready: Sites, media: dict[str, Path]
) -> None:
    def apply() -> None:
        Watched.hook = staticmethod(on(2, "saved", die))
        ready.run("other", "checkout", "main", "--apply", "--yes")

    killed(apply)
    assert len(files_in(media["other"])) == 4
    assert "Would remove news/third.jpg" in ready.ok("other", "files")
    assert len(files_in(media["other"])) == 4
    assert ready.run("other", "files", "--prune", "--dry-run", "--json").json["files"]
    assert "Removed news/third.jpg" in ready.ok("other", "files", "--prune")
    assert files_in(media["other"]) == OLD
    assert "No file to remove" in ready.ok("other", "files")


def test_a_plan_counts_its_files(ready: Sites) -> None:
    plan = ready.ok("other", "checkout", "main")
    assert "2 files to bring (13 bytes)" in plan
    assert "2 files to remove (969 bytes)" in plan
    files = ready.run("other", "checkout", "main", "--json").json["files"]
    assert {each["name"] for each in files["bring"]} == NEW.keys()
    assert {each["name"] for each in files["remove"]} == OLD.keys()
    assert "2 files brought (13 bytes), 2 files removed" in ready.apply()


def test_a_file_that_somebody_writes_over_meanwhile_is_an_edit(
    ready: Sites, media: dict[str, Path]
) -> None:
    def overwrite(what: str, _name: str) -> None:
        if what == "save":
            (media["other"] / "news/roll.jpg").write_bytes(b"somebody's")

    Watched.hook = staticmethod(overwrite)
    said = ready.run("other", "checkout", "main", "--apply", "--yes")
    assert said.code == 3
    assert "gallery.article:2 would be deleted: picture edited here" in said.err
    assert files_in(media["other"]) == {**OLD, "news/roll.jpg": b"somebody's"}


def test_a_file_that_somebody_wrote_over_is_not_removed(
    ready: Sites, media: dict[str, Path]
) -> None:
    Watched.hook = staticmethod(on(1, "delete", down))
    ready.apply()
    left = [each for each in OLD if each in files_in(media["other"])]
    (media["other"] / left[0]).write_bytes(b"somebody's")
    ready.ok("other", "files", "--prune")
    assert files_in(media["other"]) == {**NEW, left[0]: b"somebody's"}
    assert "No file to remove" in ready.ok("other", "files")


def test_a_commit_refuses_a_file_that_changes_while_it_is_read(
    sites: Sites, media: dict[str, Path]
) -> None:
    path, count = media["default"] / "news/loaf.jpg", 0

    def change(what: str, name: str) -> None:
        nonlocal count
        if what == "open" and "loaf" in name:
            count += 1
            path.write_bytes(b"changed %d" % count * count)

    path.write_bytes(b"another loaf")
    Watched.hook = staticmethod(change)
    said = sites.run("default", "commit", "-m", "Changing")
    assert said.code == 1
    assert "changed while it was read" in said.err
    Watched.hook = staticmethod(lambda _what, _name: None)
    sites.ok("default", "commit", "-m", "Changed")


def test_a_storage_that_is_down_stops_a_commit_in_two_lines(
    sites: Sites, media: dict[str, Path]
) -> None:
    Watched.hook = staticmethod(on(1, "size", down))
    said = sites.run("default", "status")
    assert said.code == 1
    assert "does not answer" in said.err
    assert len(said.err.splitlines()) == 2


def test_a_large_file_is_refused_with_the_way_on(sites: Sites) -> None:
    given = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test", "FILE_LIMIT": 1000}
    with sites.at("default"):
        Article.objects.get(title="Loaf").picture.save("large.jpg", ContentFile(b"x" * 1001))
    with override_settings(CONTENTGIT=given):
        said = sites.run("default", "commit", "-m", "Large")
        assert said.code == 3
        assert "gallery.article:1: picture: news/large.jpg has 1,001 bytes" in said.err
        assert "FILE_LIMIT" in said.err
        assert sites.run("default", "commit", "-m", "Large", "--dry-run").code == 3
