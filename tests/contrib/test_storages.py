"""Files that travel with their rows between two buckets of a server that speaks S3."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings

from contentgit.models import StoredFile
from tests.gallery.models import Article
from tests.verbs.conftest import Run, beginnings, ok, run
from tests.verbs.test_files import LOAF, ROLL, Sites, datasets, pictures
from tests.verbs.test_files_broken import die, killed

pytest.importorskip("storages", reason="django-storages is not installed")
pytest.importorskip("moto", reason="moto is not installed")

__all__ = ["beginnings", "datasets", "ok", "run"]

OLD = {"news/loaf.jpg": LOAF, "news/roll.jpg": ROLL}
NEW = {"news/new-loaf.jpg": b"new loaf", "news/third.jpg": b"third"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server, which forgets all at its end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def storages(server: str, bucket: str) -> dict[str, Any]:
    options = {
        "bucket_name": bucket,
        "endpoint_url": server,
        "access_key": "key",
        "secret_key": "secret",
        "region_name": "us-east-1",
    }
    return {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}


@pytest.fixture
def buckets(server: str) -> Iterator[Any]:
    """A client of the server, with an empty bucket for each site."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=server,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    for bucket in ("default", "other"):
        client.create_bucket(Bucket=bucket)
    yield client
    for bucket in ("default", "other"):
        for name in contents(client, bucket):
            client.delete_object(Bucket=bucket, Key=name)
        client.delete_bucket(Bucket=bucket)


def contents(client: Any, bucket: str) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket=bucket).get("Contents", ())
    names = [each["Key"] for each in listed]
    return {name: client.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}


@pytest.fixture
def sites(
    databases: tuple[str, str], server: str, buckets: Any, run: Run, ok: Callable[..., str]
) -> Iterator[Sites]:
    @contextmanager
    def at(alias: str) -> Iterator[None]:
        with override_settings(STORAGES=storages(server, alias)):
            yield

    given = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=given):
        made: Callable[[str], AbstractContextManager[Any]] = at
        yield Sites(made, run, ok)


@pytest.fixture
def ready(sites: Sites) -> Sites:
    """The other site is behind: a picture was replaced, an article was added, one was deleted."""
    sites.apply()
    with sites.at("default"):
        Article.objects.get(title="Loaf").picture.save("new-loaf.jpg", ContentFile(b"new loaf"))
        Article.objects.get(title="Roll").delete()
        Article(title="Third").picture.save("third.jpg", ContentFile(b"third"))
    sites.ok("default", "commit", "-m", "New pictures")
    return sites


def test_files_move_between_buckets(ready: Sites, buckets: Any) -> None:
    assert contents(buckets, "other") == OLD
    said = ready.apply()
    assert "2 files brought" in said
    assert "2 files removed" in said
    assert contents(buckets, "other") == NEW
    assert ", clean" in ready.ok("other", "status")
    ready.ok("other", "undo", "--yes")
    assert contents(buckets, "other") == OLD
    assert not StoredFile.objects.using("other").exists()


def test_an_object_that_is_overwritten_under_its_name_is_a_change(
    sites: Sites, buckets: Any
) -> None:
    sites.apply()
    buckets.put_object(Bucket="default", Key="news/loaf.jpg", Body=b"another loaf")
    assert "gallery.article:1" in sites.ok("default", "status")
    sites.ok("default", "commit", "-m", "Another loaf")
    sites.apply()
    name = pictures("other")["Loaf"]
    assert contents(buckets, "other")[name] == b"another loaf"
    assert "news/loaf.jpg" not in contents(buckets, "other")
    assert ", clean" in sites.ok("other", "status")


def test_a_server_that_is_gone_is_said_in_two_lines(sites: Sites) -> None:
    with override_settings(STORAGES=storages("http://127.0.0.1:9", "other")):
        said = sites._run("checkout", "main", "--apply", "--yes", "--database=other")
    assert said.code == 1
    assert "S3Storage" in said.err
    assert len(said.err.splitlines()) == 2
    sites.apply()


@pytest.mark.parametrize("step", ["put_object", "delete_object"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_killed_apply_leaves_every_row_its_object(
    ready: Sites, buckets: Any, step: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storages.backends.s3 import S3Storage

    method = {"put_object": "_save", "delete_object": "delete"}[step]

    def apply() -> None:
        kept, left = getattr(S3Storage, method), number

        def act(*arguments: Any) -> Any:
            nonlocal left
            found = kept(*arguments)
            left -= 1
            if not left:
                die()
            return found

        setattr(S3Storage, method, act)
        ready.run("other", "checkout", "main", "--apply", "--yes")

    killed(apply)
    there, known = contents(buckets, "other"), {**OLD, **NEW}
    for name in filter(None, pictures("other").values()):
        assert there[name] == known[name]
    ready.apply()
    assert contents(buckets, "other") == NEW
    assert not StoredFile.objects.using("other").exists()
