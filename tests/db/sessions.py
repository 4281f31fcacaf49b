"""Other people at the same database: other connections, and other processes that can be killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connections

ROOT = Path(__file__).parents[2]

APPLY = """
import sys
import django
django.setup()
from contentgit.db.backends import backend
from tests.bakery.models import Tag
using = sys.argv[1]
with backend(using).exclusive():
    Tag.objects.using(using).create(name="unfinished", slug="unfinished")
    print("writing", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def another_apply(using: str = "default") -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of an apply; it commits when its input ends."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", APPLY, using],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def another_connection(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """``work`` is under way on a connection of its own, and done behind the block."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(30)
    assert not thread.is_alive()
    assert not errors, errors


def do_not_wait(using: str) -> None:
    """SQLite waits for other writers; a test that knows these will not end need not."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 100")
